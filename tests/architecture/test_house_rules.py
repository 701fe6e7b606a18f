"""Rules of the house that no linter knows: where the world comes in, and where words for people stand."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, dotted_names, imported_names, modules, string_literals, where

# The clock, the environment and the working folder come in here and are handed on as arguments.
WORLD = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.time|os\.environ|os\.getenv|os\.getcwd|Path\.cwd|Path\.home)$"
)
WORLD_IMPORTS = re.compile(r"^(os\.(environ|getenv|getcwd)|time\.time)$")
SPEAKS = re.compile(r"^(print|sys\.stdout(\.\w+)*)$")
# A word with one of them in it. A letter alone is a table of letters, not a text.
NORWEGIAN_WORD = re.compile(r"\w[\u00e6\u00f8\u00e5\u00c6\u00d8\u00c5]|[\u00e6\u00f8\u00e5\u00c6\u00d8\u00c5]\w")

COMMAND_LINE = ("onboarding/cli.py", "onboarding/command.py", "onboarding/answers.py", "onboarding/commands")
# What a call of the program begins with: its options, the clock, where its configuration lies.
ENTRANCES = ("onboarding/cli.py", "onboarding/call.py", "onboarding/settings")


def _is_under(path: Path, places: tuple[str, ...]) -> bool:
    return any(path.relative_to(ROOT).is_relative_to(place) for place in places)


def test_clock_environment_and_working_folder_come_in_through_the_command_line_and_the_settings_only() -> None:
    leaks = [
        f"{where(path, line)} {name}"
        for path in modules()
        if not _is_under(path, ENTRANCES)
        for line, name in dotted_names(path)
        if WORLD.search(name)
    ]
    leaks += [
        f"{where(path, line)} {name}"
        for path in modules()
        if not _is_under(path, ENTRANCES)
        for line, name in imported_names(path)
        if WORLD_IMPORTS.match(name)
    ]
    assert leaks == []


def test_only_the_command_line_speaks_to_the_terminal() -> None:
    voices = [
        f"{where(path, line)} {name}"
        for path in modules()
        if not _is_under(path, COMMAND_LINE)
        for line, name in dotted_names(path)
        if SPEAKS.match(name)
    ]
    assert voices == []


def test_every_letter_is_frozen_by_the_one_function_that_adds_our_own_copy() -> None:
    freezing = [
        where(path, line)
        for path in modules()
        if not _is_under(path, ("outbox", "onboarding/outgoing.py"))
        for line, name in imported_names(path)
        if name.startswith("outbox.freezing")
    ]
    assert freezing == []


def test_words_for_people_stand_in_the_catalogues_and_templates_never_in_the_code() -> None:
    prose = [
        f"{where(path, line)} {text}"
        for path in modules()
        for line, text in string_literals(path)
        if NORWEGIAN_WORD.search(text)
    ]
    assert prose == []


@pytest.mark.parametrize(
    "name", ["datetime.now", "datetime.datetime.now", "dt.date.today", "os.environ", "time.time", "pathlib.Path.cwd"]
)
def test_the_rule_knows_the_ways_the_world_comes_in(name: str) -> None:
    assert WORLD.search(name)


@pytest.mark.parametrize(
    "name", ["clock.now", "datetime.timedelta", "time.monotonic", "case.today", "times.format_utc"]
)
def test_the_rule_lets_ordinary_names_be(name: str) -> None:
    assert not WORLD.search(name)
