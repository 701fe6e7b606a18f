"""Step 2, second half: an approved agreement becomes one message to Digipost (docs/adr/0022).

`prepare_forward` makes and stores the frozen bytes, before any transaction; the caller enqueues the message in the
transaction that approves. `record_outcome` runs in the transaction that records what the mail server said, and moves
the case with it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case, move_agreement
from agreements.catalogue import Values
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.parameters import Parameters
from agreements.parties import Actor
from agreements.signers import signing_right
from onboarding.correspondence.writing import Written, compose_letter
from onboarding.forward_files import Check, ForwardFiles, forward_files, signed_name
from onboarding.guard import letter_holds, treat
from onboarding.outgoing import freeze_letter
from onboarding.purposes import Purpose
from onboarding.record import EventKind
from onboarding.redirection import subject_prefix
from onboarding.rendering import private_fonts
from onboarding.settings import VendorSettings
from onboarding.steps.configuration import Basis, agreed_summary, summary_approval
from onboarding.steps.setup import begin_setup
from onboarding.store.cases import find_case_of, move_case
from onboarding.store.events import NewEvent, append_event, head_hash
from onboarding.workspace import Workspace
from outbox.compose import Letter, compose
from outbox.holds import TOO_LARGE, Hold
from outbox.messages import Connection, Message, NewMessage, enqueue
from outbox.outcome import Outcome, Result
from outbox.recipients import Resolved, resolve_recipient

logger = logging.getLogger(__name__)

FORWARD = Purpose.FORWARD
"""The purpose of the messages to Digipost."""
MAX_FORWARD_BYTES: Final = 15 * 10**6
"""Of the whole message as it leaves; facts/domain.md §7(d): mail servers at the far end refuse 10 to 15 MB and more."""
_LANGUAGE = Language.NB
"""Digipost's sales desk reads Norwegian, whatever language the agreement is in."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who approved, when, whether a person did, and what lay before them."""

    by: tuple[str, ...]
    """Names: those of the users whom it took, or the program's own."""
    at: datetime
    manual: bool
    check: Check
    parameters: Parameters | None = None
    """What was read of the agreed values; None where nothing was."""


@dataclass(frozen=True, kw_only=True)
class _Forward:
    """One agreement on its way, with everything its message is made of."""

    case: Case
    agreement: Agreement
    vendor: VendorSettings
    document: str
    approval: Approval
    resolved: Resolved

    @property
    def values(self) -> Values:
        """As issued, and as the customer filled in."""
        read = self.approval.parameters
        return {**({} if read is None else read.by_field), **self.agreement.values}

    @property
    def key(self) -> str:
        """One forward for each agreement version, however often it is approved."""
        return f"{FORWARD}:{self.agreement.number}"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A forward that is ready, for the transaction that approves."""

    message: NewMessage
    permission: Mapping[str, JsonValue] | None
    """By which word it may leave although identity numbers are in it; None where none are, or it is held."""

    def write(self, connection: Connection, *, actor: Actor, now: datetime) -> None:
        """Into the outbox, and the permission into the case's record."""
        if self.permission is not None:
            case, data = self.message.case_number, {"agreement": self.message.agreement, **self.permission}
            event = NewEvent(kind=EventKind.IDENTITY_PERMITTED, actor=actor, at=now, case_number=case, data=data)
            append_event(connection, event)
        enqueue(connection, self.message, now=now)


def prepare_forward(
    workspace: Workspace,
    case: Case,
    agreement: Agreement,
    *,
    document: str,
    approval: Approval,
    holds: tuple[Hold, ...],
) -> Prepared:
    """Build the message with the signed PDF byte-identical, store its bytes, and return the row to enqueue.

    `document`: SHA-256 of the return; `holds`: the identity numbers found in it. One that is too large leaves out what
    need not be in it, and is held for a person if that is not enough. Raises ConfigurationError when the recipient is
    not allowed, or an example would leave.
    """
    settings = workspace.settings
    if agreement.example_terms and settings.environment == "production":
        raise ConfigurationError("example_not_forwarded", agreement=str(agreement.number))
    forward = _Forward(
        case=case,
        agreement=agreement,
        vendor=workspace.vendor(case.vendor_id),
        document=document,
        approval=approval,
        resolved=resolve_recipient(
            settings.forward.to, settings.forward.allow, settings.environment, settings.forward.test_to
        ),
    )
    files = _files(workspace, forward)
    letter = _fitting(compose_letter(workspace, _written(workspace, forward, files), now=approval.at), files)
    found = (*holds, *letter_holds(letter, searched=signed_name(agreement.number)))
    report = approval.check.report
    service = None if report is None else report.service
    treatment = treat(settings, agreement, found, service=service, now=approval.at)
    frozen = freeze_letter(workspace, letter, purpose=FORWARD, key=forward.key, encrypt_to=treatment.certificate)
    holds = treatment.holds
    if frozen.size > MAX_FORWARD_BYTES:
        logger.warning("forward too large", extra={"size": frozen.size, "limit": MAX_FORWARD_BYTES})
        holds = (*holds, Hold(kind=TOO_LARGE, masked=f"{frozen.size / 10**6:.1f} MB"))
    message = replace(frozen, case_number=str(case.number), agreement=str(agreement.number), holds=holds)
    return Prepared(message=message, permission=treatment.permission)


def _fitting(whole: Letter, files: ForwardFiles) -> Letter:
    """With everything that is wanted, or, where that is too much, with what must be in it."""
    if not files.wanted or len(compose(whole)) <= MAX_FORWARD_BYTES:
        return whole
    logger.warning("forward without its extra attachments", extra={"left_out": len(files.wanted)})
    return replace(whole, attachments=files.needed)


def _written(workspace: Workspace, forward: _Forward, files: ForwardFiles) -> Written:
    subject, body = _words(workspace, forward)
    return Written(
        purpose=FORWARD,
        key=forward.key,
        vendor=forward.vendor,
        case=forward.case.number,
        agreement=forward.agreement.number,
        resolved=forward.resolved,
        subject=subject,
        body=body,
        attachments=(*files.needed, *files.wanted),
    )


def _words(workspace: Workspace, forward: _Forward) -> tuple[str, str]:
    """Subject and body."""
    from renderers.letters import ForwardLetter, render_forward

    approval = forward.approval
    with workspace.store.read() as connection:
        head = head_hash(connection)
    letter = ForwardLetter(
        case_number=str(forward.agreement.number.case),
        agreement_number=str(forward.agreement.number),
        values=forward.values,
        adopted=forward.agreement.adopted,
        vendor=forward.vendor.party(),
        plan=forward.case.plan,
        document_sha256=forward.document,
        findings=approval.check.decision.findings,
        right=signing_right(approval.check.report, approval.check.expected),
        approved_by=approval.by,
        approved_on=norwegian_day(approval.at),
        manual=approval.manual,
        audit_head=head,
        subject_prefix=subject_prefix(workspace.settings, forward.resolved, _LANGUAGE),
    )
    return render_forward(letter, _LANGUAGE)


def _files(workspace: Workspace, forward: _Forward) -> ForwardFiles:
    private_fonts()
    approval = forward.approval
    approved = summary_approval(by=", ".join(approval.by), at=approval.at, manual=approval.manual)
    basis = Basis(document=forward.document, approval=approved, parameters=approval.parameters)
    summary = agreed_summary(workspace, forward.agreement, basis)
    return forward_files(
        forward.agreement.number,
        signed=workspace.blobs.read(forward.document),
        summary=summary,
        check=approval.check,
        wanted=workspace.settings.forward.attach,
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
    moved = move_case(connection, move_agreement(case, AgreementState.FORWARDED, now=now), event=event)
    begin_setup(connection, moved, actor=actor, now=now)
