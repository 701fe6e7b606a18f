"""Writes what can't be written by hand and stay true: docs/{commands,findings,errors}.md, and the JSON schemas.

`make docs` runs it. `tests/docs` fails while a page is not what this would write.
"""

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from agreements import errors
from agreements.catalogue import load_catalogue
from agreements.configuration_schema import configuration_schema
from agreements.findings import all_codes
from agreements.language import Language
from agreements.orgnumber import OrgNumberError
from agreements.schema import agreement_schema
from agreements.texts import flat_texts, text
from onboarding.cli import root
from onboarding.command import TextGroup

HOUSE = Path(__file__).parents[1]
_PACKAGES = ("agreements", "intake", "signatures", "renderers", "outbox", "onboarding")
_NOTICE = "<!-- Written by `make docs` from the program's own texts. Change those, not this page. -->"
_EN = Language.EN
_COMMANDS = """\
Every command understands `--json`: one object on standard output (`validate --json`: one line for each file). `--by`
and `--lang` may stand before or after a command's name. Exit codes: [errors.md](errors.md)."""
_FINDINGS = """\
What the program notices about something received. `SIG`: the signatures. `PRV`: is it what was issued. `WHO`: who
signed. `CAS`: the case. `INT`: intake. Words in braces are filled in.

* `reject`: can't be approved by anyone. `review`: waits for a person. `info`: is shown and changes nothing.
* All findings are kept; the strictest decides the verdict: `rejected`, `needs_review` or `approved`.
* A code never changes its meaning. `avtale codes` lists them in bokmål, nynorsk and English."""
_ERRORS_INTRODUCED = """\
With `--json` an error stands in `errors` as `{code, message, hint}`. The exit code is given where the error ends the
command; the others are parts of another answer (a line of the configuration, a row of an import, a check of
`doctor`)."""


def pages() -> dict[str, str]:
    """Every page by its path under `docs/`."""
    return {
        "commands.md": commands_page(),
        "findings.md": findings_page(),
        "errors.md": errors_page(),
        "schemas/agreement-v1.schema.json": _json(agreement_schema(load_catalogue())),
        "schemas/config-v1.schema.json": _json(configuration_schema(load_catalogue())),
    }


# --- commands --------------------------------------------------------------------------------------------------------


def walk_commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command and group with its full name, depth first, as `avtale --help` lists them."""
    yield from _walk("avtale", root, click.Context(root, info_name="avtale"))


def _walk(
    name: str, command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context.meta["avtale.lang"] = _EN.value
    yield name, command, context
    if isinstance(command, TextGroup):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None  # it was just listed
            yield from _walk(f"{name} {child}", found, click.Context(found, info_name=child, parent=context))


def commands_page() -> str:
    """The command tree: what each command does, its arguments and options."""
    parts = [
        "# Commands",
        _NOTICE,
        _COMMANDS,
        _table(
            ("command", "does"),
            [
                (f"[`{name}`](#{name.replace(' ', '-')})", _help(command).partition("\n")[0])
                for name, command, _ in walk_commands()
                if not isinstance(command, TextGroup)
            ],
        ),
    ]
    for name, command, context in walk_commands():
        options = [
            param for param in command.get_params(context) if isinstance(param, click.Option) and not param.hidden
        ]
        parts += [
            f"## {name}",
            "```text\n" + " ".join([name, *command.collect_usage_pieces(context)]) + "\n```",
            _help(command),
            _table(("option", "means"), [_option(option, context) for option in options]),
        ]
    return _joined(parts)


def _help(command: click.Command) -> str:
    return text(f"cli.{getattr(command, 'path', 'root')}.help", _EN).strip()


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None  # hidden ones were left out
    return f"`{record[0]}`", record[1]


# --- findings --------------------------------------------------------------------------------------------------------


def findings_page() -> str:
    """Every finding code with severity and texts."""
    texts = flat_texts(_EN)
    rows = [
        (
            f"`{code.code}`",
            code.severity.value,
            texts[f"findings.{code.code}.message"],
            texts[f"findings.{code.code}.action"],
        )
        for code in all_codes()
    ]
    return _joined(
        [
            "# Findings",
            _NOTICE,
            _FINDINGS,
            _table(("code", "severity", "what happened", "what to do"), rows),
        ]
    )


# --- errors ----------------------------------------------------------------------------------------------------------

_EXITS = (
    (0, "All is well. `validate`: approved."),
    (1, "Internal error: a fault of the program. `demo`: a return ended otherwise than expected."),
    (2, "Usage: the call does not make sense as it stands. `import`: at least one row was refused."),
    (3, "Configuration or environment is not fit for the work. `doctor`: at least one fault."),
    (4, "Not found: no such case, receipt, message or file."),
    (5, "`validate`: rejected."),
    (6, "`validate`: needs review."),
    (7, "A gate is not satisfied: a rule of the process stands in the way. The answer lists all of them."),
    (8, "Temporary failure: try again. `run --once`: a folder could not be opened, or messages are still queued."),
    (9, "Integrity is broken: an original, or the record, is not what was stored."),
    (130, "Interrupted from the keyboard."),
)


def errors_page() -> str:
    """Exit codes, every error with its texts, gates, and why messages did not leave."""
    exits = exit_codes()
    texts = flat_texts(_EN)
    return _joined(
        [
            "# Exit codes and errors",
            _NOTICE,
            _table(("exit code", "means"), [(f"`{code}`", means) for code, means in _EXITS]),
            "Several files in one `validate`: the worst of 0 < 6 < 5 < 4 < 8 < 1.",
            "## Errors",
            _ERRORS_INTRODUCED,
            _table(
                ("code", "exit", "what happened", "what to do"),
                [
                    (
                        f"`{code}`",
                        ", ".join(str(number) for number in sorted(exits[code])),
                        texts[f"errors.{code}.message"],
                        texts[f"errors.{code}.hint"],
                    )
                    for code in _codes(texts, "errors")
                ],
            ),
            "## Gates",
            "Exit code 7 lists each gate that is not satisfied.",
            _table(("gate", "means"), [(f"`{code}`", texts[f"gates.{code}"]) for code in _codes(texts, "gates")]),
            "## Why a message did not leave",
            "The reason stands in `avtale outbox show ID --json`, beside the mail server's own reply.",
            _table(
                ("reason", "what happened", "what to do"),
                [
                    (f"`{code}`", texts[f"outbox_reasons.{code}.message"], texts[f"outbox_reasons.{code}.action"])
                    for code in _codes(texts, "outbox_reasons")
                ],
            ),
        ]
    )


def exit_codes() -> dict[str, set[int]]:
    """Error code -> the exit codes it is raised with, read from the program's source."""
    found: dict[str, set[int]] = defaultdict(set)
    for kind, code in [*_raised(), *_RAISED_INDIRECTLY]:
        if kind in _ERRORS:
            found[code].add(_ERRORS[kind])
    return found


_ERRORS = {
    kind.__name__: kind.exit_code
    for kind in (*vars(errors).values(), OrgNumberError)
    if isinstance(kind, type) and issubclass(kind, errors.AvtaleError)
}
_RAISED_INDIRECTLY = (
    ("AvtaleError", "internal"),
    ("ConfigurationError", "settings_invalid"),
    ("GateError", "case_not_editable"),
    ("GateError", "case_not_issuable"),
    ("GateError", "case_step_refused"),
    ("UsageError", "header_form"),
    ("UsageError", "message_id_form"),
)
"""Raised through a helper or a class of its own, where the source does not show class and code side by side."""


def _raised() -> Iterator[tuple[str, str]]:
    """`SomeError("code", …)`, and `(SomeError, "code")` in tables."""
    for path in sorted(path for package in _PACKAGES for path in (HOUSE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            kind, code = _pair(node)
            if isinstance(kind, ast.Name) and isinstance(code, ast.Constant):
                yield kind.id, str(code.value)


def _pair(node: ast.AST) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(node, ast.Call) and node.args:
        return node.func, node.args[0]
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        return node.elts[0], node.elts[1]
    return None, None


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


# --- Markdown --------------------------------------------------------------------------------------------------------


def _codes(texts: dict[str, str], section: str) -> list[str]:
    return sorted({key.split(".")[1] for key in texts if key.startswith(f"{section}.")})


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join([_row(headings), "|" + "---|" * len(headings), *(_row(row) for row in rows)])


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    """Write the pages into `docs/`."""
    for name, page in pages().items():
        path = HOUSE / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8")
        sys.stderr.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
