"""Step 2, second half: an approved agreement becomes one message to Digipost.

`prepare_forward` makes and stores the frozen bytes, before any transaction; the caller enqueues the message in the
transaction
that approves. `record_outcome` runs in the transaction that records what the mail server said, and moves the case with
it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case, move_agreement
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.mail import AGREEMENT_HEADER
from agreements.parties import Actor, Vendor
from onboarding.correspondence.purposes import Purpose
from onboarding.outgoing import freeze_letter
from onboarding.record import EventKind
from onboarding.redirection import subject_prefix
from onboarding.rendering import private_fonts
from onboarding.steps.configuration import Basis, agreed_summary, summary_approval
from onboarding.store.cases import find_case_of, move_case
from onboarding.store.events import NewEvent, append_event, head_hash
from onboarding.workspace import Workspace
from outbox.compose import Attachment, Letter, message_id_for
from outbox.holds import Hold
from outbox.messages import Connection, Message, NewMessage
from outbox.outcome import Outcome, Result
from outbox.recipients import Resolved, resolve_recipient

FORWARD = Purpose.FORWARD
"""The purpose of the messages to Digipost."""
_LANGUAGE = Language.NB
"""Digipost's sales desk reads Norwegian, whatever language the agreement is in."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who approved, when, and whether a person did."""

    by: Actor
    by_name: str
    at: datetime
    manual: bool


@dataclass(frozen=True, kw_only=True)
class _Forward:
    """One agreement on its way, with everything its message is made of."""

    agreement: Agreement
    vendor: Vendor
    document: str
    approval: Approval
    resolved: Resolved

    @property
    def key(self) -> str:
        """One forward for each agreement version, however often it is approved."""
        return f"{FORWARD}:{self.agreement.number}"


def prepare_forward(
    workspace: Workspace,
    case: Case,
    agreement: Agreement,
    *,
    document: str,
    approval: Approval,
    holds: tuple[Hold, ...],
) -> NewMessage:
    """Build the message with the signed PDF byte-identical, store its bytes, and return the row to enqueue.

    `document`: SHA-256 of the return. Raises ConfigurationError when the recipient is not allowed, or an example would
    leave.
    """
    settings = workspace.settings
    if agreement.example_terms and settings.environment == "production":
        raise ConfigurationError("example_not_forwarded", agreement=str(agreement.number))
    forward = _Forward(
        agreement=agreement,
        vendor=workspace.vendor(case.vendor_id).party(),
        document=document,
        approval=approval,
        resolved=resolve_recipient(
            settings.forward.to, settings.forward.allow, settings.environment, settings.forward.test_to
        ),
    )
    frozen = freeze_letter(workspace, _letter(workspace, forward), purpose=FORWARD, key=forward.key)
    return replace(frozen, case_number=str(case.number), agreement=str(agreement.number), holds=holds)


def _letter(workspace: Workspace, forward: _Forward) -> Letter:
    sender = workspace.settings.smtp.from_
    subject, body = _words(workspace, forward)
    return Letter(
        sender=sender,
        sender_name=forward.vendor.name,
        recipient=forward.resolved.recipient,
        reply_to=None if forward.resolved.redirected else forward.vendor.contact_email,
        subject=subject,
        body=body,
        date=forward.approval.at,
        message_id=message_id_for(forward.key, sender=sender, now=forward.approval.at),
        attachments=_attachments(workspace, forward),
        headers=((AGREEMENT_HEADER, str(forward.agreement.number)),),
    )


def _words(workspace: Workspace, forward: _Forward) -> tuple[str, str]:
    """Subject and body."""
    from renderers.letters import ForwardLetter, render_forward

    with workspace.store.read() as connection:
        head = head_hash(connection)
    letter = ForwardLetter(
        case_number=str(forward.agreement.number.case),
        agreement_number=str(forward.agreement.number),
        values=forward.agreement.values,
        vendor=forward.vendor,
        document_sha256=forward.document,
        approved_by=forward.approval.by_name,
        approved_on=norwegian_day(forward.approval.at),
        manual=forward.approval.manual,
        audit_head=head,
        subject_prefix=subject_prefix(workspace.settings, forward.resolved, _LANGUAGE),
    )
    return render_forward(letter, _LANGUAGE)


def _attachments(workspace: Workspace, forward: _Forward) -> tuple[Attachment, ...]:
    """The signed agreement byte for byte, then what Digipost is to set up."""
    private_fonts()
    from renderers.summary import SummaryFormat, render_summary

    approval = forward.approval
    approved = summary_approval(by=approval.by_name, at=approval.at, manual=approval.manual)
    summary = agreed_summary(workspace, forward.agreement, Basis(document=forward.document, approval=approved))
    number = forward.agreement.number
    files = (
        (f"Avtale-{number}-signert.pdf", workspace.blobs.read(forward.document)),
        (f"Konfigurasjonsoversikt-{number.case}.pdf", render_summary(summary, _LANGUAGE, SummaryFormat.PDF)),
    )
    return tuple(Attachment(name=name, media_type="application/pdf", data=data) for name, data in files)


_EVENTS = {
    Result.RETRY: EventKind.MESSAGE_RETRY,
    Result.BLOCKED: EventKind.MESSAGE_BLOCKED,
    Result.UNKNOWN: EventKind.MESSAGE_UNKNOWN,
}


def record_outcome(connection: Connection, message: Message, outcome: Outcome, *, actor: Actor, now: datetime) -> None:
    """Write into the case what the mail server said; sent makes the agreement `forwarded`."""
    data: dict[str, JsonValue] = {
        "message": message.id,
        "phase": outcome.phase.value,
        "reply": outcome.reply,
        "reason": outcome.reason,
    }
    if outcome.result is Result.SENT:
        record_forwarded(connection, message, actor=actor, now=now, data=data)
    else:
        event = NewEvent(kind=_EVENTS[outcome.result], actor=actor, at=now, case_number=message.case_number, data=data)
        append_event(connection, event)


def record_forwarded(
    connection: Connection, message: Message, *, actor: Actor, now: datetime, data: dict[str, JsonValue]
) -> None:
    """The agreement has been taken by the mail server, or a person has settled that it was. Other mail is no event."""
    if message.purpose != FORWARD:
        return
    event = NewEvent(
        kind=EventKind.AGREEMENT_FORWARDED, actor=actor, at=now, case_number=message.case_number, data=data
    )
    case = find_case_of(connection, message.case_number)
    if case is None or case.agreement_state is not AgreementState.APPROVED:
        append_event(connection, event)
        return
    move_case(connection, move_agreement(case, AgreementState.FORWARDED, now=now), event=event)
