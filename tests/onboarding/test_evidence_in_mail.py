"""What comes in about mail that went out: believed as far as it proves something, told where it does not, once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.canonical import JsonValue
from agreements.case import AgreementState
from agreements.findings import INT_BOUNCE, INT_BOUNCE_UNMATCHED, INT_ONLY_TEXT, INT_OWN_COPY, Finding
from agreements.language import Language
from agreements.mail import AGREEMENT_HEADER, OWN_HEADER, mark_of
from intake.receipts import Receipt, ReceiptState
from intake.sources.mailbox import Problem
from onboarding.alarm_watch import look_for_alarms
from onboarding.intake_view import receipt_details
from onboarding.looking import REST_SECONDS, Looker, search_places, settler_of
from onboarding.message_view import message_answer
from onboarding.sandbox import Sandbox
from outbox.attempts import claim_due, record_outcome
from outbox.evidence import Action, Evidence, Report, record_report
from outbox.messages import Message, settle
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.settle_pass import settle_due
from outbox.settling import COPY_WAIT
from outbox.states import State
from tests.intake.imap_faults import FakeImap, say
from tests.intake.mails import multipart, raw
from tests.onboarding.installation import KARI, Installation, Template, opened_copy
from tests.onboarding.mailed import ADDRESS, letter
from tests.outbox.mail_servers import CLOSE, FaultyServer

TO = "digipost@localhost"


@dataclass(kw_only=True)
class Desk:
    """An installation with a mailbox whose server the test fills by hand."""

    installation: Installation
    imap: FakeImap

    def forward(self) -> Message:
        """Have the customer's return approved, and one attempt made."""
        self.installation.drop("avtale.pdf", self.installation.template.honest)
        self.installation.run()
        return self.message

    @property
    def message(self) -> Message:
        [message] = [each for each in self.installation.messages() if each.purpose == "forward"]
        return message

    @property
    def agreement(self) -> AgreementState:
        return self.installation.case(self.installation.template.by_one).agreement_state

    def frozen(self) -> bytes:
        """The forward's bytes."""
        return self.installation.workspace.blobs.read(self.message.sha256)

    def comes(self, data: bytes) -> Receipt:
        """A mail arrives and is dealt with."""
        before = {receipt.id for receipt in self.installation.receipts()}
        uid = 1000 + len(before)
        self.imap.mails[uid] = data
        self.installation.run()
        [receipt] = [one for one in self.installation.receipts() if one.id not in before and one.parent is None]
        return receipt

    def kinds(self) -> list[str]:
        return self.installation.kinds(self.installation.template.by_one)

    def alarms(self) -> list[tuple[str, str]]:
        return [(alarm.code.value, alarm.part) for alarm in look_for_alarms(self.installation.workspace, stuck=())]


Open = Callable[..., Desk]


@pytest.fixture
def opened(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Open]:
    secret = tmp_path / "passord"
    secret.write_text("passord")
    secret.chmod(0o600)
    with ExitStack() as stack:

        def open_it(*, loses_replies: bool = False, **mailbox: Any) -> Desk:
            imap = stack.enter_context(FakeImap())
            smtp = stack.enter_context(FaultyServer(dot=CLOSE)) if loses_replies else None

            def change(document: dict[str, Any]) -> None:
                entry = {"id": "avtaler", "address": ADDRESS, "host": "127.0.0.1", "port": imap.port, "tls": "none"}
                document["mailboxes"] = [entry | {"username": "avtaler", "password_file": str(secret)} | mailbox]
                document["smtp"] |= {"from": ADDRESS, "copy_to": ADDRESS}
                if smtp is not None:
                    document["smtp"]["port"] = smtp.port

            copied = opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change)
            return Desk(installation=stack.enter_context(copied), imap=imap)

        yield open_it


def report(message: Message, *, action: str = "failed", recipient: str = TO, **told: str) -> bytes:
    """A mail system's report, known by the envelope id unless told otherwise."""
    fields = {"envelope": message.envelope_id, "status": "5.1.1" if action == "failed" else "2.0.0"} | told
    envelope = f"Original-Envelope-Id: {fields['envelope']}\r\n" if fields["envelope"] else ""
    groups = (
        f"{envelope}Reporting-MTA: dns; relay.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {fields['status']}\r\n"
        f"Diagnostic-Code: smtp; 550 no such user\r\n"
    )
    returned = f"Message-ID: {fields.get('message_id', '<x@example.com>')}\r\n".encode()
    return multipart(
        raw("Content-Type: text/plain", body=fields.get("text", "Hei").encode()),
        raw("Content-Type: message/delivery-status", body=groups.encode()),
        raw("Content-Type: text/rfc822-headers", body=returned),
        kind="report; report-type=delivery-status",
        headers=("Return-Path: <>", "Auto-Submitted: auto-replied"),
    )


# --- copies -----------------------------------------------------------------------------------------------------------


def test_every_mail_carries_our_mark_and_goes_to_the_copys_mailbox_too(opened: Open) -> None:
    desk = opened()
    message = desk.forward()
    assert f"{OWN_HEADER}: {message.envelope_id}\r\n".encode() in desk.frozen()
    assert message.envelope_id == mark_of(message.message_id)
    [envelope] = desk.installation.mailbox.envelopes
    assert envelope.rcpt_tos == [TO, ADDRESS]


def test_a_copy_that_a_relay_gave_another_message_id_is_known_by_our_mark(opened: Open) -> None:
    desk = opened(loses_replies=True)
    message = desk.forward()
    assert message.state is State.UNKNOWN
    receipt = desk.comes(desk.frozen().replace(message.message_id.encode(), b"<relay-17@example.com>"))
    assert (desk.message.state, desk.message.evidence) == (State.SENT, Evidence.COPY)
    assert desk.agreement is AgreementState.FORWARDED
    assert (receipt.reason, receipt.state) == (INT_OWN_COPY(), ReceiptState.NOT_AGREEMENT)
    assert len(desk.installation.judgements()) == 1


def test_a_document_that_we_did_not_send_is_judged_though_the_mail_is_ours_in_all_else(opened: Open) -> None:
    desk = opened()
    message = desk.forward()
    headers = {OWN_HEADER.replace("-", "_"): message.envelope_id, "Message_ID": message.message_id}
    template = desk.installation.template
    other = template.signed("to be hidden", template.by_two.pdf, template.pki.person(KARI))
    receipt = desk.comes(letter("Avtale", ("avtale.pdf", other), **headers))
    assert receipt.state is ReceiptState.RECEIVED
    assert desk.installation.judgement(other) is not None


def test_a_copy_in_a_watched_folder_proves_nothing(opened: Open) -> None:
    desk = opened(loses_replies=True)
    desk.forward()
    desk.installation.drop("kopi.eml", desk.frozen())
    desk.installation.run()
    assert desk.message.state is State.UNKNOWN


def test_a_strangers_mail_under_our_header_is_read_as_any_other(opened: Open) -> None:
    desk = opened()
    message = desk.forward()
    forged = letter("Hei", **{OWN_HEADER.replace("-", "_"): message.envelope_id[::-1], "Message_ID": "<x@example.com>"})
    receipt = desk.comes(forged)
    assert (receipt.reason, receipt.state) == (INT_ONLY_TEXT(), ReceiptState.NOT_AGREEMENT)
    other = letter("Hei", **{AGREEMENT_HEADER.replace("-", "_"): message.agreement or "", "Message_ID": "<y@x.no>"})
    assert desk.comes(other).reason == INT_ONLY_TEXT()


# --- reports ----------------------------------------------------------------------------------------------------------


def test_a_report_is_told_once_however_often_it_comes(opened: Open) -> None:
    desk = opened()
    message = desk.forward()
    for text in ("Hei", "Hei", "Hallo"):
        receipt = desk.comes(report(message, text=text))
        assert (receipt.reason, receipt.state) == (INT_BOUNCE(), ReceiptState.NOT_AGREEMENT)
    assert (desk.message.state, desk.agreement) == (State.FAILED_LATER, AgreementState.APPROVED)
    assert desk.kinds().count("message.failed_later") == 1


def test_a_report_of_our_copy_says_nothing_of_the_forward_and_is_told_until_a_copy_comes(opened: Open) -> None:
    desk = opened()
    message = desk.forward()
    desk.comes(report(message, recipient=ADDRESS))
    assert (desk.message.state, desk.agreement) == (State.SENT, AgreementState.FORWARDED)
    assert desk.alarms() == [("copy_lost", "outbox")]
    desk.comes(desk.frozen())
    assert desk.alarms() == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"action": "failed", "envelope": "x"}, INT_BOUNCE_UNMATCHED()),
        ({"action": "delayed", "envelope": ""}, INT_BOUNCE_UNMATCHED()),
        ({"action": "delivered", "envelope": "x"}, INT_BOUNCE()),
    ],
)
def test_a_report_on_nothing_of_ours_is_for_a_person_unless_all_is_well(
    opened: Open, data: dict[str, str], reason: Finding
) -> None:
    desk = opened()
    message = desk.forward()
    receipt = desk.comes(report(message, **data))
    quiet = reason == INT_BOUNCE()
    assert (receipt.reason, receipt.state) == (
        reason,
        ReceiptState.NOT_AGREEMENT if quiet else ReceiptState.QUARANTINED,
    )
    assert (desk.message.state, desk.agreement) == (State.SENT, AgreementState.FORWARDED)


def test_what_a_mail_system_writes_in_words_is_for_a_person_with_the_message_it_answers(opened: Open) -> None:
    desk = opened()
    message = desk.forward()
    notice = letter("Undeliverable", sender="mailer-daemon@example.com", In_Reply_To=message.message_id)
    receipt = desk.comes(notice)
    assert (receipt.reason, receipt.state) == (INT_BOUNCE_UNMATCHED(), ReceiptState.QUARANTINED)
    assert shown(desk, receipt)["message"] == message.id
    assert desk.message.state is State.SENT


def shown(desk: Desk, receipt: Receipt) -> dict[str, JsonValue]:
    data = receipt_details(desk.installation.workspace, receipt.id, Language.NB).data
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("language", list(Language))
def test_the_report_and_the_message_point_at_each_other_in_words(opened: Open, language: Language) -> None:
    desk = opened()
    message = desk.forward()
    receipt = desk.comes(report(message))
    assert shown(desk, receipt)["message"] == message.id
    lines = "\n".join(receipt_details(desk.installation.workspace, receipt.id, language).lines)
    assert f"avtale outbox show {message.id}" in lines
    said = "\n".join(message_answer(desk.installation.workspace, message.id, language).lines)
    assert "5.1.1 550 no such user" in said
    assert "avtale outbox retry" in said
    assert "failed" not in said.partition("Subject:")[0]  # no code where people read


def test_a_report_that_is_quicker_than_our_commit_is_not_covered_by_sent(opened: Open) -> None:
    desk = opened()

    def report_now() -> None:
        message = desk.message
        assert message.state is State.SENDING
        failed = Report(action=Action.FAILED, text="5.1.1 550 no such user")
        with desk.installation.workspace.store.begin() as connection:
            assert record_report(connection, message.id, failed, now=desk.installation.clock()) is None

    desk.installation.mailbox.on_data = report_now
    assert desk.forward().state is State.FAILED_LATER
    assert desk.agreement is AgreementState.APPROVED
    assert desk.kinds()[-2:] == ["agreement.forwarded", "message.failed_later"]


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(Language))
def test_where_a_message_was_looked_for_is_told_in_words(opened: Open, language: Language) -> None:
    desk = opened(loses_replies=True, sent_folder="Sendt")
    message = desk.forward()
    desk.imap.script["UID SEARCH"] = say(b"* SEARCH", b"TAG OK done")
    desk.imap.script["EXAMINE"] = say(b"* 0 EXISTS", b"* OK [UIDVALIDITY 7] valid", b"TAG OK done")
    desk.installation.clock.ahead += COPY_WAIT
    settle_due(settler_of(desk.installation.workspace))
    said = "\n".join(message_answer(desk.installation.workspace, message.id, language).lines)
    assert "avtaler/Sendt: " in said
    assert "not_found" not in said


def test_a_place_that_could_not_be_reached_rests_before_it_is_asked_again(opened: Open) -> None:
    desk = opened(loses_replies=True)
    message = desk.forward()
    desk.imap.script["UID SEARCH"] = say(b"TAG NO [UNAVAILABLE] later")
    seconds = [0.0]
    looker = Looker(search_places(desk.installation.workspace.settings), lambda: seconds[0])
    before = desk.imap.connections
    for at in (0.0, REST_SECONDS - 1, REST_SECONDS + 1):
        seconds[0] = at
        assert looker.look(message).unreached == Problem.BUSY.value
    assert desk.imap.connections - before == 2


def test_what_went_without_a_copy_is_not_missed_among_the_copies(opened: Open) -> None:
    desk = opened(loses_replies=True)
    message = desk.forward()
    before = desk.imap.connections
    looked = Looker(search_places(desk.installation.workspace.settings)).look(replace(message, copy_to=None))
    assert (looked.found, looked.unreached, looked.where) == (None, None, "")
    assert desk.imap.connections == before


def test_a_reply_that_was_kept_is_written_into_the_case_by_the_next_look(opened: Open) -> None:
    desk = opened(loses_replies=True)
    message = desk.forward()
    not_recorded = Outcome(
        result=Result.UNKNOWN, phase=Phase.AFTER_DOT, reply="250 2.0.0 queued as F1", reason=Reason.NOT_RECORDED
    )
    workspace = desk.installation.workspace
    with workspace.store.begin() as connection:
        settle(connection, message.id, sent=False, now=desk.installation.clock())
        claimed = claim_due(connection, desk.installation.clock() + timedelta(seconds=1))
        assert claimed is not None
        record_outcome(connection, claimed, not_recorded, now=desk.installation.clock())
    settle_due(settler_of(workspace))
    assert (desk.message.state, desk.message.evidence, desk.agreement) == (
        State.SENT,
        Evidence.REPLY,
        AgreementState.FORWARDED,
    )
