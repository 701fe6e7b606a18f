"""`avtale plan show` and `decide`: what they answer, their exit codes, and that every no is a sentence."""

from pathlib import Path

import pytest

from agreements.casenumber import CaseNumber
from agreements.language import Language
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation

DECIDERS = ("--vendor-by", "Åse Tjønneland", "--digipost-by", "Dag Postmann", "--customer-by", "Kari Nordmann")


@pytest.fixture
def number(installation: Installation) -> str:
    return str(installation.template.by_one.agreement.number.case)


def test_nothing_is_decided_until_somebody_decides_it(avtale: CommandLine, number: str) -> None:
    shown = avtale.json("plan", "show", number).data
    assert (shown["plan"], shown["voices"], shown["recruitment"]) == ("open", [], None)
    assert avtale.json("case", "show", number).data["plan"] == "open"


def test_a_decision_is_answered_and_shown(avtale: CommandLine, number: str, tmp_path: Path) -> None:
    schedule = tmp_path / "plan.yaml"
    schedule.write_text("milestones: [{title: Klart til prøve, owner: vendor, due: 2027-01-08}]", encoding="utf-8")
    when = ("--planned", "--start", "2027-01-04", "--no-recruitment", "--schedule", str(schedule))
    done = avtale.json("plan", "decide", number, *when, *DECIDERS).data
    assert (done["plan"], done["step"]) == ("planned", "agreement")
    shown = avtale.json("plan", "show", number, "--out", str(tmp_path / "ut")).data
    assert [voice["name"] for voice in shown["voices"]] == ["Åse Tjønneland", "Dag Postmann", "Kari Nordmann"]
    assert shown["schedule"]["milestones"][0]["due"] == "2027-01-08"
    assert [Path(name).suffix for name in shown["files"]] == [".pdf", ".ics", ".yaml"]
    assert all(Path(name).is_file() for name in shown["files"])
    told = avtale("case", "timeline", number).out
    assert "med lanseringsplan" in told
    assert "Tjønneland" not in told


def test_exit_codes(avtale: CommandLine, installation: Installation, number: str, tmp_path: Path) -> None:
    decide = ("plan", "decide", number)
    assert avtale.json(*decide, *DECIDERS, exit_code=2).codes == ["plan_choice"]
    assert avtale.json(*decide, "--direct", "--planned", exit_code=2).codes == ["plan_choice"]
    missing = avtale.json(*decide, "--direct", exit_code=2).codes
    assert missing == ["values_refused", *["value_missing"] * 4]
    both = ("--recruitment", "brev", "--no-recruitment")
    assert avtale.json(*decide, "--direct", *DECIDERS, *both, exit_code=2).codes == ["plan_recruitment_choice"]
    assert avtale.json(*decide, "--direct", *DECIDERS, "--note", " ", exit_code=2).codes
    absent = ("--schedule", str(tmp_path / "finnes-ikke.yaml"))
    assert avtale.json(*decide, "--planned", *absent, *DECIDERS, exit_code=4).codes == ["file_not_found"]
    assert avtale.json("plan", "show", str(CaseNumber(2026, 999999)), exit_code=4).codes == ["case_not_found"]
    watched = ("--out", str(installation.inbox / "ut"))
    assert avtale.json("plan", "show", number, *watched, exit_code=2).codes == ["out_in_watched"]
    assert avtale("case", "hold", number, "--reason", "venter").exit_code == 0
    held = avtale.json(*decide, "--direct", "--no-recruitment", *DECIDERS, exit_code=7).codes
    assert held == ["plan_refused", "case_held"]


@pytest.mark.parametrize("language", list(Language))
def test_every_no_says_what_to_do(avtale: CommandLine, number: str, language: Language) -> None:
    refused = avtale("--lang", language.value, "plan", "decide", number, "--planned")
    assert refused.exit_code == 2
    assert "--digipost-by" in refused.err
    assert "--start" in refused.err
