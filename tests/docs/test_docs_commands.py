"""Every `avtale …` line that a reader would copy is one that the program understands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agreements.language import Language
from agreements.texts import flat_texts
from onboarding.cli import root
from tests.docs.reference import PAGES, name, shell_lines, spans
from tools.write_reference import walk_commands

WRITTEN = {"docs/commands.md"}
"""Names commands with `[OPTIONS]` in their place; what it says is compared with the program itself."""
PLACES = {"CASE": "DA-2026-000042-J", "SAK": "DA-2026-000042-J", "ID": "1", "N": "310000000", "D": "2026-11-23"}
PLACES["NYSAK"] = PLACES["SAK"]
COMMANDS = {full: command for full, command, _ in walk_commands()}


def parse(words: list[str]) -> None:
    """Parse a command line as the program would, and run nothing. Raises click.UsageError."""
    context = root.make_context("avtale", [PLACES.get(word, word) for word in words])
    command: click.Command = root
    while isinstance(command, click.Group):
        found, sub, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert sub is not None
        command, context = sub, sub.make_context(found, rest, parent=context)


def refusal(words: list[str]) -> str | None:
    try:
        parse(words)
    except click.exceptions.Exit:
        return None
    except click.UsageError as error:
        return f"avtale {shlex.join(words)}: {error.format_message()}"
    return None


def mentioned(texts: Iterator[str]) -> Iterator[list[str]]:
    """Commands named in running text: their words, without places left open."""
    for text in texts:
        if text == "avtale" or text.startswith("avtale "):
            yield [word for word in re.sub(r"[…{}\[\]]", " ", text).split()[1:] if word != "COMMAND"]


def unknown(words: list[str]) -> str | None:
    """Why a command named in running text is none: its name or an option does not exist."""
    known = "avtale"
    for word in words:
        if f"{known} {word}" not in COMMANDS:
            break
        known += f" {word}"
    command = COMMANDS[known]
    named_options = [word for word in words if word.startswith("--")]
    if isinstance(command, click.Group) and len(words) > known.count(" ") and not named_options:
        return f"avtale {' '.join(words)}: no such command"
    options = {opt for each in (root, command) for param in each.params for opt in param.opts} | {"--help"}
    lacking = [word for word in named_options if word not in options]
    return f"{known}: no {lacking}" if lacking else None


@pytest.mark.parametrize("page", [page for page in PAGES if name(page) not in WRITTEN], ids=name)
def test_every_command_line_of_the_documentation_is_understood(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [refused for words in shell_lines(text) if (refused := refusal(words)) is not None] == []
    assert [why for words in mentioned(iter(sorted(spans(text)))) if (why := unknown(words)) is not None] == []


@pytest.mark.parametrize("language", list(Language))
def test_every_command_that_a_text_sends_people_to_exists(language: Language) -> None:
    texts = flat_texts(language)
    wrong = {
        f"{key}: {why}"
        for key, text in texts.items()
        for words in mentioned(iter(sorted(spans(text))))
        if (why := unknown(words)) is not None
    }
    assert sorted(wrong) == []


def test_the_rule_knows_a_command_that_does_not_exist() -> None:
    assert unknown(["case", "burn", "CASE"]) is not None
    assert unknown(["review", "approve", "ID", "--force"]) is not None
    assert unknown(["review", "approve", "ID", "--reason"]) is None
    assert refusal(["intake", "show", "ID"]) is None
    assert refusal(["intake", "show", "DA-2026-000042-J"]) is not None
    assert refusal(["review", "approve", "ID"]) is not None
