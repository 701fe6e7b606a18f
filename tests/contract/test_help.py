"""The help: every command, three languages, and nothing heavy loaded for it."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from agreements.texts import has_text
from onboarding.cli import root, run_cli
from onboarding.command import TextGroup

OF_THIS_ISSUE = {
    *("init", "doctor", "demo", "import", "validate", "run", "status", "codes", "audit verify", "template list"),
    *(f"case {name}" for name in ("new", "list", "show", "timeline", "note", "set", "signer", "hold", "resume")),
    *(f"agreement {name}" for name in ("issue", "preview", "void")),
    *(f"intake {name}" for name in ("list", "show", "add", "retry")),
    *(f"review {name}" for name in ("list", "show", "approve", "reject")),
    *(f"outbox {name}" for name in ("list", "show", "retry", "settle", "release")),
    *(f"config {name}" for name in ("show", "export")),
}
HEAVY = ("pydantic", "sqlalchemy", "alembic", "pyhanko", "weasyprint", "pikepdf", "pypdfium2", "watchdog", "holidays")


def commands(group: TextGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, groups too."""
    for name in group.table:
        found = group.get_command(click.Context(group), name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, TextGroup):
            yield from commands(found, (*path, name))


ALL = dict(commands(root))
LEAVES = [path for path, found in ALL.items() if not isinstance(found, TextGroup)]


def test_every_command_of_this_issue_is_there() -> None:
    assert {" ".join(path) for path in LEAVES} >= OF_THIS_ISSUE


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does_in_three_languages(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert has_text(f"cli.{'.'.join(path)}.help")
    said = {}
    for language in ("nb", "nn", "en"):
        assert run_cli(["--lang", language, *path, "--help"]) == 0
        said[language] = capsys.readouterr().out
        assert run_cli([*path, "--lang", language, "--help"]) == 0 or isinstance(ALL[path], TextGroup)
        assert capsys.readouterr().out in {said[language], ""}
    assert said["nb"] != said["en"] != said["nn"]
    assert all("avtale " + " ".join(path) in text for text in said.values())


@pytest.mark.parametrize(
    "path", [path for path, found in ALL.items() if not isinstance(found, TextGroup)], ids=" ".join
)
def test_every_option_says_what_it_is_for_and_every_command_speaks_json(path: tuple[str, ...]) -> None:
    options = [param for param in ALL[path].params if isinstance(param, click.Option) and not param.hidden]
    assert "--json" in {name for option in options for name in option.opts}
    assert [option.name for option in options if not has_text(f"cli.options.{option.name}")] == []


def test_the_first_page_lists_every_command_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for language in ("nb", "nn", "en"):
        assert run_cli(["--lang", language, "--help"]) == 0
        said[language] = capsys.readouterr().out
        assert all(f"  {name} " in said[language] for name in root.table)
    assert len(set(said.values())) == 3


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--lang", "en", "case", "new", "--help"], ["ukjent"], ["--version"]]
)
def test_help_is_light(arguments: list[str]) -> None:
    code = (
        "import sys; from onboarding.cli import run_cli\n"
        f"run_cli({arguments!r})\n"
        f"print('loaded', sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "loaded []"
