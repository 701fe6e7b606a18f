"""Every command of this issue: what it answers with `--json`, and what it says to a person."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from agreements.errors import TemporaryError
from agreements.findings import all_codes
from onboarding.settings import current_os_user
from tests.contract.command_line import CommandLine, assert_answer
from tests.onboarding.installation import (
    KARI,
    NILS,
    OLA,
    Installation,
    change_config,
    sign_return,
    synthetic_org_number,
)

ISSUED_KEYS = {
    *("case", "result", "agreement", "file", "handout", "sha256", "template_version"),
    *("language", "route", "open", "pages", "unreachable", "replaces", "errors"),
}
LISTS = {
    ("case", "list"): {"case", "customer", "step", "agreement_state", "waiting_for", "updated_at"},
    ("intake", "list"): {"id", "name", "state", "reason", "sha256", "seen_at"},
    ("review", "list"): {"id", "agreement", "verdict", "status", "findings", "judged_at"},
    ("outbox", "list"): {"id", "agreement", "recipient", "state", "reply", "sent_at"},
    ("template", "list"): {"name", "version"},
    ("codes",): {"code", "severity", "message", "action"},
    ("doctor",): {"check", "level", "code", "message", "hint"},
}


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_command_that_lists_answers_with_a_list(reading: CommandLine, command: tuple[str, ...]) -> None:
    reply = reading(*command, "--json")
    assert_answer(reply)
    assert reply.data
    assert all(LISTS[command] <= entry.keys() for entry in reply.data)


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_is_a_table_for_people_in_the_language_they_ask_for(
    reading: CommandLine, command: tuple[str, ...]
) -> None:
    shown = {language: reading("--lang", language, *command).out for language in ("nb", "nn", "en")}
    assert all(len(text.splitlines()) > 2 for text in shown.values())
    assert shown["nb"] != shown["en"]


def test_a_list_with_nothing_in_it_is_empty_and_says_so(avtale: CommandLine) -> None:
    assert [avtale.json(*command).data for command in (("review", "list"), ("outbox", "list"))] == [[], []]
    assert len(avtale("review", "list").out.splitlines()) == 1


def test_lists_are_narrowed_by_state_step_and_who_has_the_ball(reading: CommandLine) -> None:
    for command, state, count in (
        ("intake", "quarantined", 1),
        ("intake", "received", 2),
        ("intake", "stored", 0),
        ("outbox", "sent", 2),
        ("outbox", "queued", 0),
    ):
        listed = reading.json(command, "list", "--state", state).data
        assert [entry["state"] for entry in listed] == [state] * count
    waiting = {
        party: len(reading.json("case", "list", "--waiting-for", party).data)
        for party in ("customer", "vendor", "digipost")
    }
    assert waiting == {"customer": 0, "vendor": 1, "digipost": 1}
    assert reading.json("case", "list", "--step", "enquiry").data == []
    assert len(reading.json("case", "list", "--step", "agreement").data) == 2


def test_a_case_is_shown_with_its_values_signers_versions_returns_and_messages(
    reading: CommandLine, lived_in: Installation
) -> None:
    number = str(lived_in.template.by_one.agreement.number.case)
    shown = reading.json("case", "show", number.lower()).data
    assert (shown["case"], shown["agreement_state"]) == (number, "forwarded")
    assert [signer["name"] for signer in shown["signers"]] == [KARI]
    assert [entry["agreement"] for entry in shown["agreements"]] == [f"{number}.1"]
    assert [entry["verdict"] for entry in shown["returns"]] == ["approved"]
    assert [(entry["purpose"], entry["state"]) for entry in shown["messages"]] == [
        ("forward", "sent"),
        ("next_step", "sent"),
    ]
    assert "Kari Nordmann" in reading("case", "show", number).out


def test_a_timeline_tells_who_did_what_when(reading: CommandLine, lived_in: Installation) -> None:
    number = str(lived_in.template.by_one.agreement.number.case)
    events = reading.json("case", "timeline", number).data
    kinds = [event["kind"] for event in events]
    assert kinds == [
        "case.created",
        "agreement.issued",
        "agreement.approved",
        "agreement.forwarded",
        "letter.queued",
    ]
    assert {event["os_user"] for event in events} == {current_os_user()}
    assert [event["actor"] for event in events][2:] == ["system"] * 3
    told = reading("case", "timeline", number).out
    assert len(told.splitlines()) == 7 + 4  # whose story it is, and what comes next
    assert "beskjed om neste steg" in told


def test_status_counts_everything_once_and_the_sums_agree(reading: CommandLine) -> None:
    data = reading.json("status").data
    assert sum(data["cases"].values()) == sum(data["waiting_for"].values()) == 2
    assert (data["receipts"]["received"], data["receipts"]["quarantined"]) == (2, 1)
    assert (data["reviews"], data["messages"]["sent"], data["messages_waiting_for_a_person"]) == (1, 2, 0)
    assert data["oldest_waiting"]
    assert data["seen"] == {"total": 3, "received": 2, "quarantined": 1, "not_agreement": 0, "open": 0}
    assert (data["oldest_unhandled"], data["alarms"]) == (None, [])
    assert reading("status").out


def test_everything_that_was_seen_is_counted_and_the_oldest_that_is_left_is_named(
    avtale: CommandLine, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TemporaryError("disk_full", place="-")

    installation.drop("tekst.txt", b"hei")
    (installation.inbox / "lenke.pdf").symlink_to("nowhere")
    installation.run()
    monkeypatch.setattr("onboarding.pipeline.judge_receipt", broken)
    for name in ("en.pdf", "to.pdf"):
        installation.drop(name, installation.template.honest + name.encode())
    installation.run()
    data = avtale.json("status").data
    assert data["seen"] == {"total": 4, "received": 0, "quarantined": 2, "not_agreement": 0, "open": 2}
    oldest = data["oldest_unhandled"]
    assert (oldest["receipt"], oldest["state"], oldest["source"]) == (3, "stored", str(installation.inbox))
    assert 0 <= oldest["age_seconds"] < 120
    said = avtale("--lang", "en", "status").out
    assert "Seen in all: 4 = received 0 + quarantined 2 + not an agreement 0 + open 2" in said
    assert "Oldest that is not done with: receipt 3" in said


def test_a_receipt_tells_what_became_of_it(reading: CommandLine) -> None:
    by_name = {entry["name"]: entry["id"] for entry in reading.json("intake", "list").data}
    approved = reading.json("intake", "show", str(by_name["godkjent.pdf"])).data
    assert (approved["state"], approved["verdict"], approved["source_outcome"]) == ("received", "approved", "moved")
    text = reading.json("intake", "show", str(by_name["tekst.txt"])).data
    assert (text["state"], text["reason"]["code"], text["verdict"]) == ("quarantined", "INT-003", None)
    assert text["reason"]["action"] in reading("intake", "show", str(by_name["tekst.txt"])).out


def test_a_review_shows_every_finding_with_what_to_do_and_every_signature(reading: CommandLine, tmp_path: Path) -> None:
    [waiting] = reading.json("review", "list").data
    page = tmp_path / "retur.html"
    shown = reading.json("review", "show", str(waiting["id"]), "--html", page).data
    assert {"WHO-002", "WHO-003"} <= {finding["code"] for finding in shown["findings"]}
    assert [signature["signer"]["name"] for signature in shown["signatures"]] == [NILS]
    assert (shown["approvals"], shown["approvals_needed"]) == ([], 1)
    assert all(finding["code"] in page.read_text(encoding="utf-8") for finding in shown["findings"])
    people = reading("review", "show", str(waiting["id"])).out
    assert all(finding["action"] in people for finding in shown["findings"])


def test_codes_lists_every_finding_with_its_texts_in_three_languages(reading: CommandLine) -> None:
    data = reading.json("codes").data
    assert [entry["code"] for entry in data] == [code.code for code in all_codes()]
    for part in ("message", "action"):
        assert all(entry[f"{part}_{language}"] for entry in data for language in ("nb", "nn", "en"))


def test_the_configuration_is_shown_and_exported(reading: CommandLine, lived_in: Installation, tmp_path: Path) -> None:
    number = str(lived_in.template.by_one.agreement.number.case)
    shown = reading.json("config", "show", number).data
    beside = [shown.pop(name) for name in ("history", "clock", "work")]  # the rest is the canonical structure
    assert beside[:2] == [[], None]
    assert {item["item"] for item in beside[2] if item["done"] is None} >= {"setup.sender_id", "task.log_in"}
    assert (shown["case"], shown["approval"]["by"]) == (number, "avtalemottak")
    assert len(reading("config", "show", number).out.splitlines()) > 10
    files = reading.json("config", "export", number, "--out", tmp_path).data["files"]
    assert [Path(file).suffix for file in files] == [".json", ".yaml", ".pdf"]
    assert json.loads(Path(files[0]).read_bytes()) == shown
    assert shown.items() <= yaml.safe_load(Path(files[1]).read_bytes()).items()  # beside Digipost's own names
    [page] = reading.json("config", "export", number, "--out", tmp_path, "--format", "html").data["files"]
    assert Path(page).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_record_is_verified(reading: CommandLine, lived_in: Installation) -> None:
    data = reading.json("audit", "verify").data
    assert data["events"] == len(lived_in.kinds())
    assert data["head"] in reading("audit", "verify").out


# --- commands that change something -----------------------------------------------------------------------------------


def test_a_case_is_made_filled_signed_for_and_issued_from_the_command_line(
    avtale: CommandLine, installation: Installation, tmp_path: Path
) -> None:
    made = avtale.json(
        *("case", "new", "--org-number", synthetic_org_number(50), "--name", "Ny AS", "--vendor", "fjord"),
        *("--set", "launch.monthly_volume=10"),
    )
    number = made.data["case"]
    assert (made.data["step"], made.data["agreement"]) == ("enquiry", None)
    refused = avtale.json("agreement", "issue", number, exit_code=7)
    assert "signer_missing" in refused.codes
    signer = ("--name", KARI, "--basis", "signature_right", "--birth-date", "1975-03-14")
    avtale.json("case", "signer", number, *signer, "--email", "kari@example.org", "--phone", "22 86 55 00")
    assert avtale.json("case", "show", number).data["signers"] == [
        {"name": KARI, "basis": "signature_right", "email": "kari@example.org", "phone": "+4722865500"}
    ]
    missing = avtale.json("agreement", "issue", number, exit_code=3)
    fields = {error["hint"] for error in missing.json["errors"] if error["code"] == "value_missing"}
    assert {"customer.business_address", "contact.contract.email"} <= fields
    people = avtale("agreement", "issue", number)
    assert all(field in people.err for field in fields)
    example = typed_example(installation)
    assert fields <= example.keys()
    avtale.json("case", "set", number, *(f"{field}={value}" for field, value in example.items()))
    preview = avtale.json("agreement", "preview", number, "--out", tmp_path).data
    assert Path(preview["file"]).read_bytes().startswith(b"%PDF-")
    [issued] = avtale.json("agreement", "issue", number, "--out", tmp_path / "ut").data
    assert issued.keys() == ISSUED_KEYS
    assert (issued["unreachable"], issued["replaces"]) == ([], None)
    assert (issued["result"], issued["errors"]) == ("issued", [])
    pdf = Path(issued["file"]).read_bytes()
    honest = sign_return(pdf, installation.pki.person(KARI))
    (tmp_path / "retur.pdf").write_bytes(honest)
    added = avtale.json("intake", "add", tmp_path / "retur.pdf", "--vendor", "fjord").data
    assert (added["verdict"], added["case"]) == ("approved", number)
    assert (tmp_path / "retur.pdf").read_bytes() == honest
    done = avtale.json("run", "--once").data
    assert (done["attempted"], done["queued"]) == (1, 0)
    assert len(installation.mails()) == 1
    assert avtale.json("case", "show", number).data["agreement_state"] == "forwarded"


def typed_example(installation: Installation) -> dict[str, str]:
    """The first customer of the example file, as a person typed it, less what `case new` and `case signer` take."""
    text = (installation.folder / "eksempel-kunder.csv").read_text(encoding="utf-8-sig")
    row = next(csv.DictReader(text.splitlines(), delimiter=";"))
    elsewhere = ("customer.orgnr", "customer.name", "signer")
    return {field: value for field, value in row.items() if value and not field.startswith(elsewhere)}


def test_all_waiting_agreements_are_issued_and_one_that_fails_stops_no_other(
    avtale: CommandLine, installation: Installation, tmp_path: Path
) -> None:
    first, without_signer, second = (installation.enquire(*names) for names in ((KARI,), (), (OLA,)))
    reply = avtale.json("agreement", "issue", "--all", "--out", tmp_path, exit_code=7)
    results = {row["case"]: row["result"] for row in reply.data}
    assert list(results.items()) == [
        (str(first.number), "issued"),
        (str(without_signer.number), "failed"),
        (str(second.number), "issued"),
    ]
    assert {path.name for path in tmp_path.glob("*.pdf")} == {f"Avtale-{case.number}.1.pdf" for case in (first, second)}
    assert reply.data[1].keys() == {"case", "result", "errors"}
    assert "signer_missing" in [error["code"] for error in reply.data[1]["errors"]]
    assert "signer_missing" in reply.codes
    again = avtale("agreement", "issue", "--all", "--out", tmp_path)
    assert (again.exit_code, again.out) == (7, "")
    assert str(without_signer.number) in again.err


def test_a_case_named_twice_is_issued_once(avtale: CommandLine, installation: Installation, tmp_path: Path) -> None:
    number = str(installation.enquire(KARI).number)
    [issued] = avtale.json("agreement", "issue", number, number.lower(), "--out", tmp_path).data
    assert issued["agreement"] == f"{number}.1"


def test_an_agreement_is_sent_once_and_what_would_go_is_shown_before(
    avtale: CommandLine, installation: Installation
) -> None:
    issued = installation.template.by_one.agreement
    number = str(issued.number.case)
    stored = sorted((installation.folder / "data/originals").rglob("*"))
    [looked] = avtale.json("agreement", "send", number.lower(), "--dry-run").data
    assert (looked["result"], looked["message"], looked["agreement"]) == ("would_send", None, str(issued.number))
    assert looked["recipient"] == issued.values["contact.contract.email"]
    assert looked["redirected_to"] == installation.workspace.settings.forward.test_to
    assert looked["attachment"] == {
        "name": f"Avtale-{issued.number}.pdf",
        "size": issued.size,
        "sha256": issued.sha256,
    }
    assert installation.messages() == ()
    assert sorted((installation.folder / "data/originals").rglob("*")) == stored
    [sent] = avtale.json("agreement", "send", number, number).data
    assert (sent["result"], sent["subject"]) == ("queued", looked["subject"])
    assert avtale.json("case", "show", number).data["agreement_state"] == "sent"
    assert avtale.json("run", "--once").data["attempted"] == 1
    assert avtale.json("outbox", "show", str(sent["message"])).data["state"] == "sent"
    again = avtale.json("agreement", "send", number, exit_code=7)
    assert again.codes == ["agreement_sent_before", "agreement_sent"]
    assert f"avtale outbox show {sent['message']}" in avtale("agreement", "send", number).err


def test_all_that_wait_are_sent_and_one_that_can_not_be_stops_no_other(
    avtale: CommandLine, installation: Installation
) -> None:
    first, second = (
        str(issue.agreement.number.case) for issue in (installation.template.by_one, installation.template.by_two)
    )
    not_issued = str(installation.enquire(KARI).number)
    dry = avtale.json("agreement", "send", "--all", "--dry-run").data
    assert [(row["case"], row["result"]) for row in dry] == [(first, "would_send"), (second, "would_send")]
    reply = avtale.json("agreement", "send", first, not_issued, second, exit_code=7)
    assert [row["result"] for row in reply.data] == ["queued", "failed", "queued"]
    assert reply.codes == ["agreement_not_sent", "agreement_not_issued"]
    assert avtale.json("agreement", "send", "--all").data == []
    avtale.json("agreement", "send", exit_code=2)
    avtale.json("agreement", "send", first, "--all", exit_code=2)


def test_people_are_told_to_whom_what_would_go_and_where_it_goes_in_test(
    avtale: CommandLine, installation: Installation
) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    told = avtale("agreement", "send", number, "--dry-run")
    recipient = str(installation.template.by_one.agreement.values["contact.contract.email"])
    assert all(said in told.out for said in (recipient, "digipost@localhost", f"Avtale-{number}.1.pdf", "[TEST]"))
    sent = avtale("--lang", "en", "agreement", "send", number)
    assert "was put into the outbox" in sent.out


def test_a_rejection_says_whom_it_tells_or_why_nobody(avtale: CommandLine, installation: Installation) -> None:
    judgement = installation.receive(installation.template.by_one.pdf)
    reply = avtale.json("review", "reject", str(judgement.id), "--reason", "usignert")
    (message,) = installation.messages()
    assert (reply.data["told"], reply.data["untold"], message.purpose) == (message.id, None, "rejection")
    other = installation.receive(installation.template.by_two.pdf, "to.pdf")
    told = avtale("review", "reject", str(other.id), "--reason", "usignert")
    assert f"melding {message.id + 1} i utboksen" in told.out


def test_notes_holds_and_voids_stand_in_the_timeline_with_their_reasons(
    avtale: CommandLine, installation: Installation
) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    avtale.json("case", "note", number, "ringte dem")
    assert avtale.json("case", "hold", number, "--reason", "venter på styret").data["held"] is True
    assert avtale.json("case", "resume", number, "--reason", "styret har svart").data["held"] is False
    assert avtale.json("agreement", "void", number, "--reason", "feil pris").data == {
        "agreement": f"{number}.1",
        "state": "void",
    }
    told = avtale("case", "timeline", number).out
    assert all(word in told for word in ("ringte dem", "venter på styret", "styret har svart", "feil pris"))


def test_a_return_is_approved_by_a_user_and_another_one_rejected(
    avtale: CommandLine, installation: Installation
) -> None:
    stranger = sign_return(installation.template.by_one.pdf, installation.pki.person(NILS))
    first = installation.receive(installation.template.by_two.pdf, "a.pdf")
    second = installation.receive(stranger, "b.pdf")
    rejected = avtale.json("review", "reject", str(first.id), "--by", "ola", "--reason", "usignert").data
    assert (rejected["status"], rejected["decided_by"], rejected["os_user"]) == ("rejected", "ola", current_os_user())
    approved = avtale.json("review", "approve", str(second.id), "--by", "ola", "--reason", "fullmakt sett").data
    assert (approved["status"], approved["approvals"], approved["approvals_needed"]) == ("approved", 1, 1)
    assert approved["reason"] == "fullmakt sett"
    again = avtale.json("review", "approve", str(second.id), "--reason", "en gang til", exit_code=7)
    assert "judgement_not_open" in again.codes


def test_a_message_is_shown_tried_again_and_settled_by_a_person(
    avtale: CommandLine, installation: Installation
) -> None:
    installation.mailbox.answers["RCPT"] = "550 5.1.1 no such mailbox"
    installation.receive(installation.template.honest)
    [message] = avtale.json("outbox", "list", "--state", "blocked").data
    identity = str(message["id"])
    assert avtale.json("outbox", "show", identity).data["reply"] == "550 5.1.1 no such mailbox"
    assert avtale.json("outbox", "settle", identity, "--sent", exit_code=7).codes == ["message_state"]
    assert avtale.json("outbox", "settle", identity, exit_code=2).codes == ["settle_one_of"]
    assert avtale.json("outbox", "release", identity, "--reason", "-", exit_code=7).codes == ["message_state"]
    assert avtale.json("outbox", "release", identity, "--reason", "  ", exit_code=2).codes == ["reason_empty"]
    numbered = avtale.json("outbox", "release", identity, "--reason", "Kari 15819010029 sier ok", exit_code=2)
    assert numbered.codes == ["reason_national_id"]
    assert "15819010029" not in numbered.out
    installation.mailbox.answers.clear()
    assert avtale.json("outbox", "retry", identity).data["state"] == "queued"
    assert avtale.json("run", "--once").data["attempted"] == 1
    assert avtale.json("outbox", "show", identity).data["state"] == "sent"


def test_a_file_in_quarantine_is_judged_once_more_when_asked(avtale: CommandLine, installation: Installation) -> None:
    small = {"limits": {"pdf_bytes": 2**10, "validation_seconds": 10, "validation_bytes": 2**30}}
    change_config(installation.config, lambda document: document.update(small))
    installation.drop("avtale.pdf", installation.template.honest)
    assert avtale.json("run", "--once").data["judged"] == 1
    [receipt] = avtale.json("intake", "list", "--state", "quarantined").data
    assert receipt["reason"]["code"] == "INT-002"
    small["limits"]["pdf_bytes"] = 25 * 2**20
    change_config(installation.config, lambda document: document.update(small))
    assert avtale.json("intake", "retry", str(receipt["id"])).data["verdict"] == "approved"
    assert avtale.json("intake", "retry", str(receipt["id"]), exit_code=7).codes[0] == "retry_refused"
    avtale.json("run", "--once")
    assert len(installation.mails()) == 1


def test_init_makes_an_installation_that_its_own_commands_accept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "ny"
    made = CommandLine(config=None, capsys=capsys).json("init", folder).data
    assert made.keys() == {"folder", "config", "example", "user"}
    avtale = CommandLine(config=Path(made["config"]), capsys=capsys)
    assert avtale.json("case", "list").data == []
    imported = avtale.json("import", made["example"]).data
    assert [row["result"] for row in imported] == ["created"] * 3
    assert [row["result"] for row in avtale.json("import", made["example"], "--dry-run").data] == ["exists"] * 3
    assert len(avtale.json("agreement", "issue", "--all", "--out", tmp_path).data) == 3
    again = CommandLine(config=None, capsys=capsys).json("init", folder, exit_code=3)
    assert again.codes == ["init_exists"]


def test_doctor_names_what_is_not_fit_and_exits_3(avtale: CommandLine, installation: Installation) -> None:
    installation.inbox.rmdir()
    reply = avtale.json("doctor", exit_code=3)
    assert "doctor_folder_missing" in reply.codes
    people = avtale("doctor")
    assert str(installation.inbox) in people.out + people.err
