"""The same document once more: whoever mailed it is told, as a draft of a letter (docs/adr/0021).

Told is only an address that stands on the case, only what a program may answer, and a sender once a day at most. The
draft is written in the transaction that decides the mail, so that a crash repeats both or neither; its key names the
receipt, so that no receipt is told of twice.
"""

import hashlib
import logging
from dataclasses import replace
from datetime import datetime
from typing import Final

from agreements.agreement import agreement_values
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.catalogue import FieldType, Values, load_catalogue
from agreements.errors import ConfigurationError, NotFoundError, UsageError
from agreements.parties import Customer
from agreements.times import format_utc, parse_utc
from intake.ledger import find_document
from intake.receipts import Receipt, ReceiptState
from intake.replies import bar_to_answer, reply_key
from intake.unpacking import MailReading
from onboarding.redirection import subject_prefix
from onboarding.rendering import private_fonts
from onboarding.store.cases import find_case_of
from onboarding.store.issued import list_agreements
from onboarding.store.judgements import JudgementStatus, find_judgement_of
from onboarding.store.meta import list_meta, put_meta
from onboarding.workspace import Workspace
from outbox.compose import Letter, message_id_for
from outbox.freezing import freeze
from outbox.messages import Connection, NewMessage, enqueue
from outbox.recipients import resolve_recipient

logger = logging.getLogger(__name__)

PURPOSE: Final = "receipt"
_ANSWERED: Final = "answered:"
"""In `meta`: when a sender last got an automatic answer; by a hash, for the answer needs nobody's name."""


def draft_notice(workspace: Workspace, mail: MailReading, documents: tuple[Receipt, ...]) -> NewMessage | None:
    """The letter about the first document in a mail that had come before, its bytes stored; None where nobody is told.

    `documents`: those of the mail, decided. A letter that can't be written is logged: the mail is decided all the same.
    """
    if mail.bar_to_reply is not None:
        return None
    try:
        return _draft(workspace, mail, documents)
    except (ConfigurationError, NotFoundError, UsageError) as error:
        logger.warning("receipt letter not drafted", extra={"receipt": documents[0].id, "error": error.code})
        return None


def _draft(workspace: Workspace, mail: MailReading, documents: tuple[Receipt, ...]) -> NewMessage | None:
    with workspace.store.read() as connection:
        for document in documents:
            case = _case_of_duplicate(connection, document)
            if case is not None and _stands_on_case(workspace, connection, case, mail.sender):
                assert document.sha256 is not None
                judgement = find_judgement_of(connection, document.sha256)
                waits = judgement is not None and judgement.status is JudgementStatus.OPEN
                return _notice(workspace, case, document, mail, needs_person=waits)
    return None


def enqueue_notice(connection: Connection, mail: MailReading, notice: NewMessage, *, now: datetime) -> bool:
    """Write the draft, unless the sender had an automatic answer within the last day; whether it was written.

    Belongs in the transaction that decides the mail.
    """
    key = _ANSWERED + hashlib.sha256(reply_key(mail.sender).encode()).hexdigest()
    last = list_meta(connection, key).get(key)
    if bar_to_answer(mail, last_answer=None if last is None else parse_utc(last), now=now) is not None:
        return False
    if enqueue(connection, notice, now=now) is None:
        return False
    put_meta(connection, key, format_utc(now))
    return True


def _case_of_duplicate(connection: Connection, document: Receipt) -> Case | None:
    """The case of a document that had come before this receipt of it, and was taken in."""
    if document.state is not ReceiptState.RECEIVED or document.sha256 is None:
        return None
    content = find_document(connection, document.sha256)
    if content is None or content.first_receipt == document.id or content.outcome is None:
        return None
    case = find_case_of(connection, content.outcome.case_number)
    is_anothers = case is not None and document.vendor_id not in (None, case.vendor_id)
    return None if is_anothers else case


def _stands_on_case(workspace: Workspace, connection: Connection, case: Case, sender: str) -> bool:
    """Whether the address is one of those that the case, or a version issued for it, names."""
    vendor = workspace.vendor(case.vendor_id)
    now = agreement_values(
        load_catalogue(),
        case_values=case.values,
        vendor=vendor.party(),
        profile=vendor.service_profile,
        signers=case.signers,
    )
    issued = (agreement.values for agreement in list_agreements(connection, case.number))
    named = {address for values in (now, *issued) for address in _addresses(values)}
    return bool(sender) and sender.casefold() in named


def _addresses(values: Values) -> set[str]:
    fields = (field.id for field in load_catalogue().fields if field.type is FieldType.EMAIL)
    found: list[JsonValue] = [values.get(field) for field in fields]
    return {address.casefold() for address in found if isinstance(address, str)}


def _notice(
    workspace: Workspace, case: Case, document: Receipt, mail: MailReading, *, needs_person: bool
) -> NewMessage:
    settings, now = workspace.settings, workspace.clock()
    resolved = resolve_recipient(mail.sender, (mail.sender,), settings.environment, settings.forward.test_to)
    prefix = subject_prefix(settings, resolved, case.language)
    subject, body = _words(workspace, case, document, prefix=prefix, needs_person=needs_person)
    key = f"{PURPOSE}:{document.id}"
    letter = Letter(
        sender=settings.smtp.from_,
        sender_name=workspace.vendor(case.vendor_id).name,
        recipient=resolved.recipient,
        subject=subject,
        body=body,
        date=now,
        message_id=message_id_for(key, sender=settings.smtp.from_, now=now),
    )
    frozen = freeze(letter, workspace.blobs, purpose=PURPOSE, key=key)
    return replace(frozen, case_number=str(case.number))


def _words(workspace: Workspace, case: Case, document: Receipt, *, prefix: str, needs_person: bool) -> tuple[str, str]:
    """Subject and body."""
    private_fonts()
    from renderers.letters import Correspondence, ReceiptLetter, render_receipt

    assert document.sha256 is not None
    about = Correspondence(
        case_number=str(case.number),
        customer=Customer(org_number=case.org_number, name=case.customer_name),
        vendor=workspace.vendor(case.vendor_id).party(),
        subject_prefix=prefix,
    )
    letter = ReceiptLetter(
        about=about,
        received_at=document.seen_at,
        sha256=document.sha256,
        needs_person=needs_person,
        again=True,
    )
    return render_receipt(letter, case.language)
