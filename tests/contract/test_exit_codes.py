"""Each exit code, by a real situation, with an error that says what to do."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agreements.casenumber import CaseNumber
from onboarding.jobs.lock import run_lock
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation, change_config, synthetic_org_number
from tests.outbox.mail_servers import closed_port

PATIENCE = 60.0  # seconds for a whole process, on a busy machine


def test_0_is_well(avtale: CommandLine) -> None:
    assert avtale.json("status").exit_code == 0
    assert avtale("--version").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("finnes-ikke",),
        ("case", "new"),
        ("case", "show"),
        ("case", "list", "--step", "ukjent"),
        ("case", "show", "DA-2026-000001-X-Y"),
        ("case", "new", "--org-number", "123456789", "--name", "X", "--vendor", "fjord"),
        ("agreement", "issue"),
        ("validate",),
        ("intake", "show", "ikke-et-tall"),
        ("case", "set", "DA-2026-000001-Z", "uten-likhetstegn"),
        ("outbox", "settle", "1", "--sent", "--resend"),
    ],
    ids=" ".join,
)
def test_2_is_a_call_that_makes_no_sense_told_as_json_too(avtale: CommandLine, arguments: tuple[str, ...]) -> None:
    [first, *_] = avtale.json(*arguments, exit_code=2).json["errors"]
    people = avtale(*arguments)
    assert (people.exit_code, people.out) == (2, "")
    assert first["message"] in people.err


def test_3_is_a_configuration_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    avtale = CommandLine(config=tmp_path / "borte.yaml", capsys=capsys)
    assert avtale.json("status", exit_code=3).codes[0] == "settings_missing"


def test_3_is_a_typing_error_in_the_configuration_with_its_line(
    avtale: CommandLine, installation: Installation
) -> None:
    text = installation.config.read_text(encoding="utf-8").replace("signer_policy:", "signer_polisy:")
    installation.config.write_text(text, encoding="utf-8")
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if "signer_polisy" in line)
    said = json.dumps(avtale.json("status", exit_code=3).json["errors"])
    assert "signer_polisy" in said
    assert str(line) in said


def test_3_is_a_user_nobody_knows(avtale: CommandLine, installation: Installation) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    for command in (("case", "note", number, "-"), ("case", "hold", number, "--reason", "-")):
        assert avtale.json("--by", "ukjent", *command, exit_code=3).codes == ["unknown_user"]
        assert avtale.json(*command, "--by", "ukjent", exit_code=3).codes == ["unknown_user"]


def test_3_is_an_operating_system_user_who_is_nobody_here(avtale: CommandLine, installation: Installation) -> None:
    def others_only(document: dict[str, list[dict[str, str]]]) -> None:
        document["users"] = document["users"][1:]

    change_config(installation.config, others_only)
    number = str(installation.template.by_one.agreement.number.case)
    assert avtale.json("case", "note", number, "-", exit_code=3).codes == ["no_user"]
    assert avtale.json("case", "note", number, "-", "--by", "ola").exit_code == 0
    assert avtale.json("case", "show", number).exit_code == 0  # reading takes no user


def test_3_is_a_database_of_another_environment(avtale: CommandLine, installation: Installation) -> None:
    change_config(installation.config, lambda document: document.update(environment="demo"))
    assert avtale.json("status", exit_code=3).codes == ["environment_mismatch"]


def test_3_is_a_database_that_was_never_made(avtale: CommandLine, installation: Installation) -> None:
    change_config(installation.config, lambda document: document.update(database="sqlite:///data/annen.sqlite"))
    assert avtale.json("status", exit_code=3).codes == ["database_missing"]
    assert not (installation.folder / "data/annen.sqlite").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("case", "show", str(CaseNumber(2026, 99))),
        ("intake", "show", "99"),
        ("intake", "add", "borte.pdf"),
        ("review", "show", "99"),
        ("review", "approve", "99", "--reason", "-"),
        ("outbox", "show", "99"),
        ("outbox", "retry", "99"),
        ("validate", "borte.pdf", "--issued", "borte.pdf"),
        ("import", "borte.csv"),
    ],
    ids=" ".join,
)
def test_4_is_not_found(avtale: CommandLine, arguments: tuple[str, ...]) -> None:
    reply = avtale.json(*arguments, exit_code=4)
    assert reply.json["errors"][0]["hint"]


def test_4_is_a_vendor_that_the_configuration_does_not_have(avtale: CommandLine) -> None:
    new = ("case", "new", "--org-number", synthetic_org_number(60), "--name", "X", "--vendor", "ukjent")
    assert avtale.json(*new, exit_code=4).codes == ["vendor_not_found"]


def test_7_is_a_rule_of_the_process_with_every_gate_that_is_closed(
    avtale: CommandLine, installation: Installation
) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    reply = avtale.json("case", "set", number, "launch.monthly_volume=1", exit_code=7)
    assert reply.codes == ["case_not_editable", "agreement_issued"]
    assert avtale.json("config", "show", str(installation.enquire().number), exit_code=7).codes[0]


def test_8_is_try_again_while_another_run_is_at_work(avtale: CommandLine, installation: Installation) -> None:
    with run_lock(installation.workspace.settings.data_dir):
        for arguments in (("run",), ("run", "--once")):
            assert avtale.json(*arguments, exit_code=8).codes == ["already_running"]


def test_8_is_a_mail_that_could_not_leave_yet(avtale: CommandLine, installation: Installation) -> None:
    installation.drop("avtale.pdf", installation.template.honest)
    with closed_port() as port:
        change_config(installation.config, lambda document: document["smtp"].update(port=port))
        reply = avtale.json("run", "--once", exit_code=8)
    assert (reply.data["judged"], reply.data["attempted"], reply.data["queued"]) == (1, 1, 1)


def test_9_is_a_record_that_was_tampered_with(avtale: CommandLine, installation: Installation) -> None:
    installation.receive(installation.template.honest, "første.pdf")
    with sqlite3.connect(installation.folder / "data/avtale.sqlite") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("DELETE FROM events WHERE seq = 3")
    database.close()
    assert avtale.json("audit", "verify", exit_code=9).codes == ["audit_broken"]


def test_9_is_an_issued_agreement_whose_bytes_were_changed(avtale: CommandLine, installation: Installation) -> None:
    sha256 = installation.template.by_one.agreement.sha256
    original = installation.folder / "data/originals" / sha256[:2] / sha256
    original.chmod(0o600)
    original.write_bytes(original.read_bytes() + b"\n")
    installation.drop("avtale.pdf", installation.template.honest)
    assert avtale.json("run", "--once", exit_code=9).codes == ["blob_corrupt"]
    assert installation.messages() == ()


def test_nothing_asks_when_nobody_can_answer(installation: Installation) -> None:
    """Whatever is missing: an answer, not a question."""
    for arguments in (["init", str(installation.folder)], ["review", "approve", "1"], ["case", "new"]):
        command = [sys.executable, "-m", "onboarding.cli", "--config", str(installation.config), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode in {2, 3}
        assert done.stdout == b""


def test_the_configuration_is_found_by_option_by_variable_and_in_the_working_directory(
    capsys: pytest.CaptureFixture[str],
    installation: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bare = CommandLine(config=None, capsys=capsys)
    monkeypatch.delenv("AVTALE_CONFIG", raising=False)
    empty = tmp_path / "tom"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert bare.json("status", exit_code=3).codes[0] == "settings_missing"
    monkeypatch.setenv("AVTALE_CONFIG", str(installation.config))
    assert bare.json("status").exit_code == 0
    monkeypatch.delenv("AVTALE_CONFIG")
    monkeypatch.chdir(installation.folder)
    assert bare.json("status").exit_code == 0
    shutil.rmtree(empty)


def test_1_is_a_fault_of_ours_told_without_a_traceback_or_what_it_was_about(
    avtale: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("Kari Nordmann")

    monkeypatch.setattr("onboarding.status.status_answer", fail)
    [error] = avtale.json("status", exit_code=1).json["errors"]
    assert error["code"] == "internal"
    people = avtale("status")
    assert (people.exit_code, people.out) == (1, "")
    assert "KeyError" in people.err
    assert "Nordmann" not in people.err + str(error)
    assert "Traceback" not in people.err


def test_an_interrupted_command_ends_as_shells_expect(avtale: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("onboarding.status.status_answer", interrupt)
    assert avtale("status").exit_code == 130


def test_a_result_that_can_not_be_written_out_is_a_passing_fault_told_in_words() -> None:
    for arguments in (["codes"], ["codes", "--json"]):
        with Path("/dev/full").open("wb") as full:
            command = [sys.executable, "-m", "onboarding.cli", *arguments]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=PATIENCE)
        assert done.returncode == 8
        assert b"Traceback" not in done.stderr
        assert "stdout" in done.stderr.decode()
