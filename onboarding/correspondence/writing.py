"""From a letter's words to a message: sender, Reply-To, threading and redirection, alike for all of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from agreements.case import Case
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.language import Language
from agreements.mail import AGREEMENT_HEADER
from agreements.parties import Customer
from onboarding.outgoing import freeze_letter
from onboarding.purposes import Purpose
from onboarding.redirection import subject_prefix
from onboarding.return_address import reply_address
from onboarding.settings import VendorSettings
from onboarding.workspace import Workspace
from outbox.compose import Answered, Attachment, Letter, message_id_for
from outbox.holds import Hold
from outbox.messages import NewMessage
from outbox.recipients import Resolved

if TYPE_CHECKING:  # the templates' engine is loaded by whoever writes a letter
    from renderers.letters import Correspondence


@dataclass(frozen=True, kw_only=True)
class Written:
    """A letter in its words."""

    purpose: Purpose
    key: str
    """One per intent, as `NewMessage.idempotency_key`."""
    vendor: VendorSettings
    """Who writes it."""
    case: CaseNumber | None
    """Which case it is about; None for one about several."""
    resolved: Resolved
    subject: str
    body: str
    agreement: AgreementNumber | None = None
    attachments: tuple[Attachment, ...] = ()
    answered: Answered | None = None
    """The mail that this one belongs behind."""
    holds: tuple[Hold, ...] = ()


def about(workspace: Workspace, case: Case, resolved: Resolved, language: Language) -> "Correspondence":
    """Whose case a letter is about, with the mark of a redirected one."""
    from renderers.letters import Correspondence

    return Correspondence(
        case_number=str(case.number),
        customer=Customer(org_number=case.org_number, name=case.customer_name),
        vendor=workspace.vendor(case.vendor_id).party(),
        subject_prefix=subject_prefix(workspace.settings, resolved, language),
    )


def make_message(workspace: Workspace, written: Written, *, now: datetime) -> NewMessage:
    """The row to enqueue; its bytes are stored. Raises UsageError for what can't stand in a message."""
    letter = compose_letter(workspace, written, now=now)
    frozen = freeze_letter(workspace, letter, purpose=written.purpose.value, key=written.key)
    agreement = None if written.agreement is None else str(written.agreement)
    return replace(
        frozen,
        case_number=None if written.case is None else str(written.case),
        agreement=agreement,
        holds=written.holds,
    )


def compose_letter(workspace: Workspace, written: Written, *, now: datetime) -> Letter:
    """The letter as it will be frozen."""
    sender = workspace.settings.smtp.from_
    return Letter(
        sender=sender,
        sender_name=written.vendor.name,
        recipient=written.resolved.recipient,
        reply_to=_reply_to(workspace, written),
        subject=written.subject,
        body=written.body,
        date=now,
        message_id=message_id_for(written.key, sender=sender, now=now),
        attachments=written.attachments,
        headers=((AGREEMENT_HEADER, str(written.agreement)),) if written.attachments else (),
        answered=written.answered,
    )


def _reply_to(workspace: Workspace, written: Written) -> str | None:
    """The case's own address, or the mailbox; in test and demo never a person's."""
    address = reply_address(workspace, written.vendor, written.case)
    return None if written.resolved.redirected and address == written.vendor.contact.email else address
