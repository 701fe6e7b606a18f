"""What is printed for people: words for codes, counts of everything, and nothing that steers a terminal."""

import json
import os
import stat
import time
from pathlib import Path

import pytest

from agreements.canonical import JsonValue
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import print_answer, talk
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation

HOSTILE = "Kari\x1b[2J\x9b2J\r\nGodkjent\u202e\u2028 Nordmann"
DAY = 24 * 3600


def steering(said: str) -> list[str]:
    """Characters that a terminal or a reader could be led astray by."""
    return [character for character in said.replace("\n", "") if not character.isprintable()]


def test_a_name_from_a_certificate_can_not_break_a_line_or_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], installation: Installation
) -> None:
    call = Call(clock=installation.workspace.clock, config=installation.config, by=None)
    errors = [{"code": "x", "message": HOSTILE, "hint": HOSTILE}]
    print_answer(Answer(data=None, lines=["first", f"a {HOSTILE}"], errors=errors), call)
    talk(call, HOSTILE)
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), len(said.err.splitlines())) == (2, 2)
    assert "Kari" in said.out
    assert steering(said.out + said.err) == []


@pytest.mark.parametrize("arguments", [("case", "show", HOSTILE), (HOSTILE,), ("case", "list", "--step", HOSTILE)])
def test_an_error_can_not_either(reading: CommandLine, arguments: tuple[str, ...]) -> None:
    assert steering(reading(*arguments).err) == []


def test_a_timeline_has_words_for_verdicts(reading: CommandLine, lived_in: Installation) -> None:
    told = reading("--lang", "nb", "case", "timeline", str(lived_in.template.by_two.agreement.number.case)).out
    assert "til vurdering" in told
    assert "needs_review" not in told


def test_a_message_in_another_state_is_told_in_words(reading: CommandLine, lived_in: Installation) -> None:
    refused = reading("--lang", "nb", "outbox", "retry", str(lived_in.messages()[0].id))
    assert refused.exit_code == 7
    assert "«sendt»" in refused.err
    assert "gave_up" not in refused.err


def test_a_list_of_receipts_has_what_became_of_each(reading: CommandLine) -> None:
    listed = reading.json("intake", "list").data
    assert [item["verdict"] for item in listed if item["judgement"]] == ["approved", "needs_review"]
    shown = [reading.json("intake", "show", str(item["id"])).data for item in listed]
    assert all(item.items() <= details.items() for item, details in zip(listed, shown, strict=True))


def test_messages_that_need_a_person_are_counted(avtale: CommandLine, installation: Installation) -> None:
    installation.drop("avtale.pdf", installation.template.honest)
    assert avtale.json("run", "--once").data["needs_person"] == 0
    with installation.workspace.store.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET state = 'unknown'")
    said = avtale("--lang", "en", "run", "--once").out
    assert "Messages that need a person: 1." in said
    assert avtale.json("run", "--once").data["needs_person"] == 1


def test_what_is_passed_over_in_a_folder_is_told(avtale: CommandLine, installation: Installation) -> None:
    inbox, now = installation.inbox, time.time()
    for name in (".skjult.pdf", "avtale.pdf.part", "avtale.tmp"):
        (inbox / name).write_bytes(b"%PDF")
    (inbox / "under").mkdir()
    counts: dict[str, JsonValue] = {"folder": 1, "hidden": 1, "temporary": 2}
    assert avtale.json("run", "--once").data["ignored"] == {str(inbox): counts}
    assert "2 with a temporary name" in avtale("--lang", "en", "run", "--once").out
    [health] = [part for part in avtale.json("status").data["health"] if part["part"] == f"folder {inbox}"]
    assert (health["problem"], health["ignored"]) == (None, counts)
    assert "2 with a temporary name" in avtale("--lang", "en", "status").out

    def overlooked() -> list[str]:
        said = avtale("doctor", "--json").json
        return [check["message"] for check in said["data"] if check["code"] == "doctor_overlooked"]

    assert overlooked() == []  # they may be in the making
    for name in ("avtale.tmp", "under"):
        os.utime(inbox / name, (now - 2 * DAY, now - 2 * DAY))
    [told] = overlooked()
    assert "avtale.tmp, under" in told
    assert ".skjult.pdf" not in told


def test_what_is_written_for_a_person_is_for_that_person_alone(
    avtale: CommandLine, installation: Installation, tmp_path: Path
) -> None:
    issue = installation.issue("Kari Nordmann")
    number = str(issue.agreement.number.case)
    out = tmp_path / "ny" / "mappe"
    earlier = out / "side.html"
    assert avtale("config", "export", number, "--out", str(out), "--format", "json").exit_code == 0
    earlier.write_text("open to all")
    earlier.chmod(0o644)
    installation.receive(installation.template.honest)
    judgement = installation.judgements()[0].id
    assert avtale("review", "show", str(judgement), "--html", str(earlier)).exit_code == 0
    fresh = installation.enquire("Kari Nordmann", customer="Prøve to AS")
    for place in ([], ["--out", str(out)]):
        assert avtale("agreement", "preview", str(fresh.number), "--out", str(out)).exit_code == 0
        assert avtale("agreement", "issue", number, *place).exit_code in {0, 7}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (out, out.parent)} == {0o700}
    issued = installation.folder / "data" / "issued"
    assert stat.S_IMODE(issued.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in issued.iterdir()} <= {0o600}
    assert json.loads(next(out.glob("*.json")).read_text(encoding="utf-8"))
