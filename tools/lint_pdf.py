"""Checks PDFs against the rules of PDF/A-3a and PDF/UA-1 that this project knows (`renderers.pdf_rules`).

    .venv/bin/python -m tools.lint_pdf FILE.pdf …     these files
    .venv/bin/python -m tools.lint_pdf --rules        the rules by number, as docs/pdf-rules.md lists them
    make lint-pdf                                     sample agreements in three languages, rendered for the purpose

Prints each breach; exit 1 if there is one. It says against how many rules it checked, and no more: veraPDF has more.
"""

import os
import sys
import tempfile
from pathlib import Path

from renderers import fontconfig_file
from renderers.pdf_rules import RULES, check_pdf


def main(arguments: list[str]) -> int:
    """Check the files named, or samples; the exit code."""
    if arguments == ["--rules"]:
        sys.stdout.write(rules_table())
        return 0
    if arguments:
        return _check([Path(argument) for argument in arguments])
    with tempfile.TemporaryDirectory() as folder:
        return _check(_samples(Path(folder)))


def rules_table() -> str:
    """The rules as a table in Markdown, by number."""
    rows = [f"| {rule.number} | {rule.says} |\n" for rule in sorted(RULES, key=lambda rule: _order(rule.number))]
    return "| veraPDF's number | What must be so |\n|---|---|\n" + "".join(rows)


def _order(number: str) -> tuple[str, list[int]]:
    standard, _, clause = number.rpartition(" ")
    return standard, [int(part) for part in clause.replace("-", ".").split(".")]


def _check(paths: list[Path]) -> int:
    breaches = 0
    for path in paths:
        for breach in check_pdf(path.read_bytes()):
            breaches += 1
            sys.stdout.write(f"{path.name}: {breach.rule.number}: {breach.rule.says} Not so: {breach.detail}\n")
    sys.stdout.write(f"{len(paths)} files checked against {len(RULES)} rules: {breaches} breaches\n")
    return 1 if breaches else 0


def _samples(folder: Path) -> list[Path]:
    """Agreements as they are issued: the shortest and the fullest, in each language, and one with form fields."""
    os.environ["FONTCONFIG_FILE"] = str(fontconfig_file())
    from agreements.language import Language
    from tests.renderers.pdf_samples import form_page
    from tests.renderers.samples import rendered

    issued = {
        f"{language.value}-{'full' if full else 'short'}.pdf": rendered(language, full=full).pdf
        for language in Language
        for full in (False, True)
    }
    paths = []
    for name, pdf in (issued | {"form.pdf": form_page()}).items():
        (folder / name).write_bytes(pdf)
        paths.append(folder / name)
    return paths


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
