"""Step 2, second half: an approved agreement becomes one message to Digipost.

`prepare_forward` makes and stores the frozen bytes, before any transaction; the caller enqueues the message in the transaction
that approves. `record_outcome` runs in the transaction that records what the mail server said, and moves the case with it.
"""

from dataclasses import dataclass
from datetime import datetime

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.case import AgreementState, Case, move_agreement
from agreements.canonical import JsonValue
from agreements.casenumber import parse_case_number
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.parties import Actor
from agreements.summary import SummaryApproval
from agreements.texts import text
from onboarding.record import EventKind
from onboarding.rendering import private_fonts
from onboarding.steps.configuration import Basis, agreed_summary
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent, append_event, head_hash
from onboarding.workspace import Workspace
from outbox.compose import Attachment, Letter, compose, message_id_for
from outbox.messages import Connection, Message, NewMessage
from outbox.outcome import Outcome, Result
from outbox.recipients import Resolved, resolve_recipient

FORWARD = "forward"
"""The purpose of the messages to Digipost."""
NATIONAL_ID = "national_id"
"""Why a message is held: the PDF carries a national identity number, which must not leave by plain mail unnoticed."""
_LANGUAGE = Language.NB
"""Digipost's sales desk reads Norwegian, whatever language the agreement is in."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who approved, when, and whether a person did."""

    by: Actor
    by_name: str
    at: datetime
    manual: bool


def prepare_forward(
    workspace: Workspace, case: Case, agreement: Agreement, *, document: str, approval: Approval, hold: str | None
) -> NewMessage:
    """Build the message with the signed PDF byte-identical, store its bytes, and return the row to enqueue.

    `document`: SHA-256 of the return. Raises ConfigurationError when the recipient is not allowed, or an example would leave.
    """
    settings = workspace.settings
    if agreement.example_terms and settings.environment == "production":
        raise ConfigurationError("example_not_forwarded", agreement=str(agreement.number))
    resolved = resolve_recipient(
        settings.forward.to, settings.forward.allow, settings.environment, settings.forward.test_to
    )
    key = f"{FORWARD}:{agreement.number}"
    message_id = message_id_for(key, sender=settings.smtp.from_, now=approval.at)
    letter = _letter(workspace, case, agreement, document, approval, resolved, message_id)
    data = compose(letter)
    return NewMessage(
        purpose=FORWARD,
        idempotency_key=key,
        message_id=message_id,
        sender=settings.smtp.from_,
        recipient=resolved.recipient,
        sha256=workspace.blobs.put(data),
        size=len(data),
        case_number=str(case.number),
        agreement=str(agreement.number),
        hold=hold,
    )


def _letter(
    workspace: Workspace,
    case: Case,
    agreement: Agreement,
    document: str,
    approval: Approval,
    resolved: Resolved,
    message_id: str,
) -> Letter:
    private_fonts()
    from renderers.letters import ForwardLetter, render_forward
    from renderers.summary import SummaryFormat, render_summary

    vendor = workspace.vendor(case.vendor_id).party()
    with workspace.store.read() as connection:
        head = head_hash(connection)
    subject, body = render_forward(
        ForwardLetter(
            case_number=str(case.number),
            agreement_number=str(agreement.number),
            values=agreement.values,
            vendor=vendor,
            document_sha256=document,
            approved_by=approval.by_name,
            approved_on=norwegian_day(approval.at),
            manual=approval.manual,
            audit_head=head,
            subject_prefix=text(f"mail.prefix.{workspace.settings.environment}", _LANGUAGE)
            if resolved.redirected
            else "",
        ),
        _LANGUAGE,
    )
    summary = agreed_summary(
        workspace,
        agreement,
        Basis(document=document, approval=SummaryApproval(by=approval.by_name, at=approval.at, manual=approval.manual)),
    )
    return Letter(
        sender=workspace.settings.smtp.from_,
        sender_name=vendor.name,
        recipient=resolved.recipient,
        reply_to=vendor.contact_email if not resolved.redirected else None,
        subject=subject,
        body=body,
        date=approval.at,
        message_id=message_id,
        attachments=(
            Attachment(
                name=f"Avtale-{agreement.number}-signert.pdf",
                media_type="application/pdf",
                data=workspace.blobs.read(document),
            ),
            Attachment(
                name=f"Konfigurasjonsoversikt-{case.number}.pdf",
                media_type="application/pdf",
                data=render_summary(summary, _LANGUAGE, SummaryFormat.PDF),
            ),
        ),
        headers=(("X-Agreement-ID", str(agreement.number)),),
    )


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
    """The agreement has been taken by the mail server, or a person has settled that it was."""
    event = NewEvent(
        kind=EventKind.AGREEMENT_FORWARDED, actor=actor, at=now, case_number=message.case_number, data=data
    )
    case = None if message.case_number is None else find_case(connection, parse_case_number(message.case_number))
    if case is None or case.agreement_state is not AgreementState.APPROVED:
        append_event(connection, event)
        return
    move_case(connection, move_agreement(case, AgreementState.FORWARDED, now=now), event=event)
