"""The message to Digipost as it really leaves: what is in it, what it proves, and what if it can't be made."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agreements.case import AgreementState
from agreements.errors import ConfigurationError, GateError
from agreements.language import Language
from agreements.parties import Actor
from intake.receipts import ReceiptState
from onboarding import forwarding
from onboarding.case_view import case_timeline
from onboarding.delivery import release_message
from onboarding.review import approve_return
from onboarding.sandbox import Sandbox
from onboarding.status import status_answer
from onboarding.steps.agreement import issue_agreement, void_agreement_in_force
from onboarding.store.events import Event, _hash, list_events, verify_chain
from onboarding.store.judgements import JudgementStatus
from onboarding.store.tables import cases, events
from onboarding.validation import Request, as_json, validate_file
from outbox.holds import TOO_LARGE
from outbox.rows import messages
from outbox.states import State
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import (
    KARI,
    NILS,
    OLA,
    Change,
    Installation,
    Template,
    attached,
    codes,
    opened_copy,
    sha256_of,
    sign_return,
)
from tests.onboarding.mailed import ADDRESS, watching
from tests.onboarding.test_review import SECOND_USER, scanned


@contextmanager
def office_with(template: Template, sandbox: Sandbox, folder: Path, change: Change) -> Iterator[Installation]:
    with opened_copy(template, folder / "avtale", sandbox=sandbox, change=change) as opened:
        yield opened


def wanting(*files: str) -> Change:
    return lambda document: document["forward"].update(attach=list(files))


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def line(mail: EmailMessage, beginning: str) -> str:
    (found,) = (row for row in body(mail).splitlines() if row.startswith(beginning))
    return found


def names(mail: EmailMessage) -> list[str]:
    return [str(part.get_filename()) for part in mail.iter_attachments()]


def forward(installation: Installation) -> EmailMessage:
    """The mail of the honest return, as it arrived."""
    installation.receive(installation.template.honest)
    (mail,) = installation.mails()
    return mail


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_the_signed_agreement_leaves_byte_for_byte_with_its_summary_and_nothing_else(
    installation: Installation,
) -> None:
    mail = forward(installation)
    number = installation.template.by_one.agreement.number
    assert names(mail) == [f"Avtale-{number}-signert.pdf", f"Konfigurasjonsoversikt-{number.case}.pdf"]
    assert all(name.isascii() for name in names(mail))
    assert attached(mail)[0] == installation.template.honest
    assert line(mail, "SHA-256").endswith(sha256_of(installation.template.honest))
    assert attached(mail)[1].startswith(b"%PDF-")
    assert mail["X-Agreement-ID"] == str(number)
    assert mail["Auto-Submitted"] == "auto-generated"


def test_what_is_wanted_beside_goes_too_and_names_no_person(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with office_with(template, sandbox, tmp_path, wanting("report", "json")) as office:
        stranger = sign_return(template.by_one.pdf, office.pki.person(NILS))
        judgement = office.receive(stranger)
        approve_return(office.workspace, judgement.id, office.actor, "har fullmakt")
        office.run()
        (mail,) = office.mails()
        number = template.by_one.agreement.number
        assert names(mail)[2:] == [f"Signaturkontroll-{number}.json", f"Konfigurasjon-{number.case}.json"]
        check, configuration = (json.loads(data) for data in attached(mail)[2:])
        assert (check["schema"], check["sha256"]) == ("avtale/validation/v1", sha256_of(stranger))
        assert check["verdict"] == "needs_review"
        assert {"WHO-002", "WHO-003"} <= {finding["code"] for finding in check["findings"]}
        assert all(finding["message"] for finding in check["findings"])
        assert [signature["signer"]["name"] for signature in check["signatures"]] == [None]
        assert check["signatures"][0]["signer"]["issuer"]
        for said in (json.dumps(check, ensure_ascii=False), body(mail)):
            assert NILS not in said
        assert configuration["schema"] == "avtale/config/v1"
        assert configuration["signed_sha256"] == sha256_of(stranger)


def test_the_check_has_every_key_that_validate_prints(template: Template, sandbox: Sandbox, tmp_path: Path) -> None:
    with office_with(template, sandbox, tmp_path, wanting("report")) as office:
        mail = forward(office)
        file = tmp_path / "signert.pdf"
        file.write_bytes(template.honest)
        request = Request(trust=office.workspace.trust, at=office.clock(), issued=None, expected=None, max_bytes=2**25)
        printed = json.loads(as_json(validate_file(sandbox, file, request), Language.NB))
    check = json.loads(attached(mail)[2])
    assert check.keys() == printed.keys()
    assert check["signatures"][0].keys() == printed["signatures"][0].keys()
    assert check["findings"][0].keys() == printed["findings"][0].keys()


@pytest.mark.parametrize("wrong", [["pdf"], ["report", 1], "report"])
def test_nothing_else_can_be_wanted(template: Template, sandbox: Sandbox, tmp_path: Path, wrong: Any) -> None:
    with (
        pytest.raises(ConfigurationError),
        office_with(template, sandbox, tmp_path, lambda document: document["forward"].update(attach=wrong)),
    ):
        pass


# --- the line of verdict ----------------------------------------------------------------------------------------------


def test_the_machines_approval_tells_a_clean_check_and_whose_word_the_right_to_sign_is(
    installation: Installation,
) -> None:
    said = line(forward(installation), "Signaturkontroll")
    assert said.startswith("Signaturkontroll: ingen funn. Signaturrett: oppgitt, men ikke bekreftet. ")
    assert "Avtalen er godkjent av avtalemottak " in said


def test_a_stored_power_of_attorney_confirms_the_right(template: Template, sandbox: Sandbox, tmp_path: Path) -> None:
    power = tmp_path / "fullmakt.pdf"
    power.write_bytes(b"%PDF-1.7 fullmakt")
    customer = template.by_one.agreement.values["customer.orgnr"]

    def confirmed(document: dict[str, Any]) -> None:
        document["authorities"] = [{"org_number": customer, "name": KARI, "file": str(power), "expires": None}]

    with office_with(template, sandbox, tmp_path, confirmed) as office:
        assert "Signaturrett: bekreftet. " in line(forward(office), "Signaturkontroll")


def test_a_scan_names_both_who_approved_it_and_claims_no_check(installation: Installation) -> None:
    identity = scanned(installation)
    for actor in (installation.actor, SECOND_USER):
        approve_return(installation.workspace, identity, actor, "sett på den")
    installation.run()
    (mail,) = installation.mails()
    said = line(mail, "Signaturkontroll")
    assert said.startswith("Signaturkontroll: ikke mulig, skannet underskrift. Signaturrett: uavklart. ")
    assert f"manuelt godkjent av {KARI}, {OLA} " in said


# --- where answers go -------------------------------------------------------------------------------------------------


def test_without_a_mailbox_a_redirected_mail_names_nobody_to_answer(installation: Installation) -> None:
    mail = forward(installation)
    assert mail["Reply-To"] is None
    assert str(mail["Subject"]).startswith("[TEST] ")


def test_a_mailbox_without_plus_addresses_is_answered_by_its_own_name(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with FakeImap() as server, watching(server, template, sandbox, tmp_path) as office:
        assert forward(office)["Reply-To"] == ADDRESS


# --- what it proves ---------------------------------------------------------------------------------------------------


def record(installation: Installation) -> tuple[Event, ...]:
    with installation.workspace.store.read() as connection:
        return list_events(connection)


def test_the_head_in_the_mail_is_the_last_link_before_the_approval_which_names_the_mail(
    installation: Installation,
) -> None:
    mail = forward(installation)
    head = line(mail, "Siste ledd").rsplit(" ", 1)[1]
    chain = record(installation)
    (named,) = (event for event in chain if event.hash == head)
    approval = chain[named.seq]  # the next: sequence numbers begin at one
    assert approval.kind == "agreement.approved"
    (message,) = installation.messages()
    assert json.loads(approval.data)["mail"] == message.sha256
    shown = case_timeline(installation.workspace, str(installation.template.by_one.agreement.number.case), Language.NB)
    assert isinstance(shown.data, list)
    assert approval.hash in [row["hash"] for row in shown.data if isinstance(row, dict)]


def test_whoever_rewrites_the_record_before_the_mail_can_not_have_its_head_in_the_chain(
    installation: Installation,
) -> None:
    """Even with the triggers gone and every hash made anew."""
    head = line(forward(installation), "Siste ledd").rsplit(" ", 1)[1]
    with installation.workspace.store.begin() as connection:
        for name in ("events_no_update", "events_no_delete", "events_follow"):
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        previous = "0" * 64
        for row in [dict(row) for row in connection.execute(sa.select(events).order_by(events.c.seq)).mappings()]:
            row |= {"prev_hash": previous, "actor": "somebody-else" if row["seq"] == 1 else row["actor"]}
            previous = _hash(row)
            values = {"prev_hash": row["prev_hash"], "actor": row["actor"], "hash": previous}
            connection.execute(events.update().where(events.c.seq == row["seq"]).values(values))
    with installation.workspace.store.read() as connection:
        assert verify_chain(connection) is None  # by itself it holds
    assert head not in {event.hash for event in record(installation)}


# --- size -------------------------------------------------------------------------------------------------------------


def test_what_need_not_be_in_it_is_left_out_of_a_message_that_would_be_too_large(
    template: Template, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office_with(template, sandbox, tmp_path, wanting("report", "json")) as office:
        room = 2 * len(template.honest) + 150_000  # for both PDFs in base64
        monkeypatch.setattr(forwarding, "MAX_FORWARD_BYTES", room)
        monkeypatch.setattr("onboarding.forward_files.check_json", lambda *_: b" " * room)
        mail = forward(office)
        assert len(names(mail)) == 2
        (message,) = office.messages()
        assert message.state is State.SENT


def test_a_message_that_is_too_large_all_the_same_waits_for_a_person_and_can_be_let_go(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "MAX_FORWARD_BYTES", 10_000)
    installation.receive(installation.template.honest)
    (message,) = installation.messages()
    assert (message.state, message.reason) == (State.HELD, TOO_LARGE)
    assert [hold.kind for hold in message.holds] == [TOO_LARGE]
    assert message.holds[0].masked.endswith(" MB")
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.APPROVED
    release_message(installation.workspace, message.id, "Digipost tar imot", Actor(user="kari", os_user="kari"))
    installation.run()
    assert attached(installation.mails()[0])[0] == installation.template.honest


def test_what_must_not_leave_is_taken_back_with_the_agreement_and_a_new_version_follows(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = installation.template.by_one.agreement.number
    with monkeypatch.context() as patched:
        patched.setattr(forwarding, "MAX_FORWARD_BYTES", 10_000)
        installation.receive(installation.template.honest)
    void_agreement_in_force(installation.workspace, number.case, "for stor", installation.actor)
    (message,) = installation.messages()
    assert (message.state, message.reason) == (State.WITHDRAWN, "agreement_voided")
    again = installation.receive(sign_return(installation.template.by_one.pdf, installation.pki.person(KARI)), "b.pdf")
    assert "CAS-001" in codes(again)
    issue = issue_agreement(installation.workspace, str(number.case), installation.actor)
    signed = sign_return(issue.pdf, installation.pki.person(KARI))
    installation.receive(signed, "ny.pdf")
    (mail,) = installation.mails()
    assert attached(mail)[0] == signed


def test_an_approved_agreement_whose_mail_has_left_or_may_have_can_not_be_voided(installation: Installation) -> None:
    number = installation.template.by_one.agreement.number
    forward(installation)
    with pytest.raises(GateError):
        void_agreement_in_force(installation.workspace, number.case, "angrer", installation.actor)
    with installation.workspace.store.begin() as connection:
        connection.execute(messages.update().values(state=State.UNKNOWN.value))
        connection.execute(cases.update().values(agreement_state=AgreementState.APPROVED.value))
    with pytest.raises(GateError) as refused:
        void_agreement_in_force(installation.workspace, number.case, "angrer", installation.actor)
    assert refused.value.unmet == ("forward_may_have_left",)
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.APPROVED


@pytest.mark.parametrize("known", [True, False])
def test_a_forward_that_came_back_is_no_dead_end_unless_anybody_may_have_said_so(
    installation: Installation, known: bool
) -> None:
    number = installation.template.by_one.agreement.number
    forward(installation)
    reason = None if known else "anybodys_report"
    with installation.workspace.store.begin() as connection:
        connection.execute(messages.update().values(state=State.FAILED_LATER.value, reason=reason))
        connection.execute(cases.update().values(agreement_state=AgreementState.APPROVED.value))
    if known:
        void_agreement_in_force(installation.workspace, number.case, "feil adresse", installation.actor)
        issue_agreement(installation.workspace, str(number.case), installation.actor)
        assert [message.reason for message in installation.forwards()] == ["voided_after_failure"]
    else:
        with pytest.raises(GateError):
            void_agreement_in_force(installation.workspace, number.case, "feil adresse", installation.actor)


# --- when it can't be made --------------------------------------------------------------------------------------------


def test_a_return_whose_forward_can_not_be_made_is_not_approved_stays_due_and_is_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ConfigurationError("render_failed", reason="no fonts")

    with monkeypatch.context() as patched:
        patched.setattr("renderers.summary.render_summary", broken)
        installation.drop("avtale.pdf", installation.template.honest)
        done = installation.run()
    assert [error.code for error in done.failed] == ["render_failed"]
    (receipt,) = installation.receipts()
    assert receipt.state is ReceiptState.STORED
    assert installation.judgements() == ()
    assert installation.messages() == ()
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.ISSUED
    status = status_answer(installation.workspace, Language.NB).data
    assert isinstance(status, dict)
    health = status["health"]
    assert isinstance(health, list)
    assert {"judging": "render_failed"} in [{row["part"]: row["problem"]} for row in health if isinstance(row, dict)]
    installation.run()
    (judgement,) = installation.judgements()
    assert judgement.status is JudgementStatus.APPROVED
    assert len(installation.mails()) == 1
