"""`avtale verify` and `avtale launch` as a person calls them: answers, exit codes, and no way around the gate."""

import json
from pathlib import Path

import pytest

from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation

NOBODY = "DA-2026-000042-J"


@pytest.fixture
def number(installation: Installation) -> str:
    return str(installation.template.by_one.agreement.number.case)


def test_an_unmet_gate_answers_7_before_the_user_is_looked_up(avtale: CommandLine, number: str) -> None:
    done = avtale("launch", "approve", number, "--by", "ingen", "--json")
    assert done.exit_code == 7
    errors = json.loads(done.out)["errors"]
    assert errors[0]["code"] == "launch_refused"
    assert {"vendor_not_attested", "digipost_not_attested", "no_method_agreed"} <= {e["code"] for e in errors}
    assert all(error["message"] for error in errors)


def test_check_tells_what_is_missing_and_exits_7(avtale: CommandLine, number: str) -> None:
    done = avtale("launch", "check", number, "--json")
    answer = json.loads(done.out)
    assert (done.exit_code, answer["ok"], answer["data"]["ready"]) == (7, False, False)
    assert "digipost_not_attested" in answer["data"]["unmet"]
    for language in ("nb", "nn", "en"):
        told = avtale("--lang", language, "launch", "check", number)
        assert told.exit_code == 7
        assert "Digipost" in told.err


@pytest.mark.parametrize("command", ["check", "approve"])
def test_there_is_no_force(avtale: CommandLine, command: str) -> None:
    assert "force" not in avtale("launch", command, "--help").out
    assert avtale("launch", command, NOBODY, "--force").exit_code == 2


def test_a_case_there_is_not_is_4(avtale: CommandLine, tmp_path: Path) -> None:
    evidence = tmp_path / "x.txt"
    evidence.write_text("x")
    agree = ("--methods", "V1", "--vendor-by", "Siri", "--digipost-by", "Per", "--evidence", str(evidence))
    for words in (
        ("verify", "show", NOBODY),
        ("verify", "agree", NOBODY, *agree),
        ("verify", "record", NOBODY, "--method", "V1", "--result", "passed", "--by", "Siri", "--evidence", "sett"),
        ("verify", "attest", NOBODY, "--party", "vendor", "--by", "Siri", "--evidence", str(evidence)),
        ("launch", "check", NOBODY),
        ("launch", "approve", NOBODY),
        ("case", "cancel", NOBODY, "--reason", "x"),
        ("case", "export", NOBODY, "--out", str(tmp_path / "ut")),
    ):
        assert avtale(*words).exit_code == 4, words


def test_verify_show_tells_the_code_and_what_is_missing_in_each_language(avtale: CommandLine, number: str) -> None:
    data = json.loads(avtale("verify", "show", number, "--json").out)["data"]
    assert data["code"].startswith(number)
    assert data["code"].endswith(data["configuration_sha256"][:8].upper())
    assert data["verified"] is False
    for language in ("nb", "nn", "en"):
        told = avtale("--lang", language, "verify", "show", number)
        assert told.exit_code == 0
        assert data["code"] in told.out


def test_the_record_is_written_as_a_pdf(avtale: CommandLine, number: str, tmp_path: Path) -> None:
    done = avtale("verify", "show", number, "--out", str(tmp_path / "ut"), "--json")
    (file,) = json.loads(done.out)["data"]["files"]
    assert Path(file).read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("methods", ["V7", "V9", "", "V1,V7"])
def test_only_offered_methods_can_be_agreed_on(avtale: CommandLine, number: str, methods: str, tmp_path: Path) -> None:
    evidence = tmp_path / "x.txt"
    evidence.write_text("x")
    words = ("--vendor-by", "Siri", "--digipost-by", "Per", "--evidence", str(evidence))
    assert avtale("verify", "agree", number, "--methods", methods, *words).exit_code == 2


def test_a_file_or_a_receipt_and_only_digipost_by_receipt(avtale: CommandLine, number: str) -> None:
    attest = ("verify", "attest", number, "--by", "Siri", "--party")
    assert avtale(*attest, "vendor").exit_code == 2
    assert avtale(*attest, "vendor", "--receipt", "1").exit_code == 2
    assert avtale(*attest, "digipost", "--receipt", "4711").exit_code == 4


def test_a_case_is_cancelled_by_its_command_and_closed_only_with_how(avtale: CommandLine, number: str) -> None:
    assert avtale("case", "close", number, "--reason", "x").exit_code == 2
    done = avtale("case", "close", number, "--launched-outside", "--reason", "de sender alt", "--json")
    data = json.loads(done.out)["data"]
    assert (done.exit_code, data["step"], data["closing"]) == (0, "closed", "launched_outside")
    assert avtale("case", "cancel", number, "--reason", "x").exit_code == 7
    status = json.loads(avtale("status", "--json").out)["data"]
    assert (status["launched_outside"], status["cases"]["launched"]) == (1, 0)
