"""Whoever mails a document is told that it has come (docs/adr/0026).

Told is only an address that stands on the case, only what a program may answer, and a sender once a day at most. The
answer is written in the transaction that decides the mail, so that a crash repeats both or neither; its key names the
receipt, so that nothing is told of twice. What was not taken in as a return is a person's to answer (`ready_replies`).
"""

import hashlib
import logging
from datetime import datetime
from typing import Final

from agreements.case import Case
from agreements.errors import ConfigurationError, NotFoundError, UsageError
from agreements.parties import Actor
from agreements.times import format_utc, parse_utc
from intake.ledger import find_document
from intake.receipts import Receipt, ReceiptState
from intake.replies import bar_to_answer, reply_key
from intake.unpacking import MailReading
from onboarding.correspondence.addressing import resolve_address, stands_on_case
from onboarding.correspondence.letters import enqueue_letter
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.store.cases import find_case_of
from onboarding.store.judgements import JudgementStatus, find_judgement_of
from onboarding.store.meta import list_meta, put_meta
from onboarding.workspace import Workspace
from outbox.compose import Answered
from outbox.messages import Connection, NewMessage
from outbox.recipients import Resolved

logger = logging.getLogger(__name__)

_ANSWERED: Final = "answered:"
"""In `meta`: when a sender last got an automatic answer; by a hash, for the answer needs nobody's name."""


def write_receipt(workspace: Workspace, mail: MailReading, documents: tuple[Receipt, ...]) -> NewMessage | None:
    """The answer to a mail with documents, its bytes stored; None where nobody is told.

    `documents`: those of the mail, decided. It is about the first that came for the first time, else about the first.
    An answer that can't be written is logged: the mail is decided all the same.
    """
    if mail.bar_to_reply is not None or not documents:
        return None
    try:
        return _write(workspace, mail, documents)
    except (ConfigurationError, NotFoundError, UsageError) as error:
        logger.warning("receipt letter not written", extra={"receipt": documents[0].id, "error": error.code})
        return None


def enqueue_receipt(
    connection: Connection, mail: MailReading, answer: NewMessage, *, actor: Actor, now: datetime
) -> bool:
    """Enqueue the answer, unless the sender had an automatic one within the last day; whether it was enqueued.

    Belongs in the transaction that decides the mail.
    """
    key = _ANSWERED + hashlib.sha256(reply_key(mail.sender).encode()).hexdigest()
    last = list_meta(connection, key).get(key)
    if bar_to_answer(mail, last_answer=None if last is None else parse_utc(last), now=now) is not None:
        return False
    if enqueue_letter(connection, answer, actor=actor, now=now) is None:
        return False
    put_meta(connection, key, format_utc(now))
    return True


def _write(workspace: Workspace, mail: MailReading, documents: tuple[Receipt, ...]) -> NewMessage | None:
    with workspace.store.read() as connection:
        for document in sorted(documents, key=lambda document: _came_before(connection, document)):
            case = _case_of(connection, document)
            if case is not None and stands_on_case(workspace, connection, case, mail.sender):
                written = _written(workspace, connection, case, document, mail)
                return make_message(workspace, written, now=workspace.clock())
    return None


def _case_of(connection: Connection, document: Receipt) -> Case | None:
    """The case of a document that was taken in as a return, unless another vendor's way brought it."""
    if document.state is not ReceiptState.RECEIVED or document.sha256 is None:
        return None
    content = find_document(connection, document.sha256)
    case = None if content is None or content.outcome is None else find_case_of(connection, content.outcome.case_number)
    if case is not None and case.unconfirmed:  # its address is anybody's word
        return None
    is_anothers = case is not None and document.vendor_id not in (None, case.vendor_id)
    return None if is_anothers else case


def _came_before(connection: Connection, document: Receipt) -> bool:
    content = None if document.sha256 is None else find_document(connection, document.sha256)
    return content is not None and content.first_receipt != document.id


def _written(workspace: Workspace, connection: Connection, case: Case, document: Receipt, mail: MailReading) -> Written:
    resolved = resolve_address(workspace.settings, mail.sender)
    subject, body = _words(workspace, connection, case, document, resolved)
    return Written(
        purpose=Purpose.RECEIPT,
        key=f"{Purpose.RECEIPT}:{document.id}",
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        resolved=resolved,
        subject=subject,
        body=body,
        answered=Answered(message_id=mail.message_id, references=mail.references, automatic=True),
    )


def _words(
    workspace: Workspace, connection: Connection, case: Case, document: Receipt, resolved: Resolved
) -> tuple[str, str]:
    """Subject and body."""
    private_fonts()
    from renderers.letters import ReceiptLetter, render_receipt

    assert document.sha256 is not None
    judgement = find_judgement_of(connection, document.sha256)
    status = None if judgement is None else judgement.status
    letter = ReceiptLetter(
        about=about(workspace, case, resolved, case.language),
        received_at=document.seen_at,
        sha256=document.sha256,
        needs_person=status is JudgementStatus.OPEN,
        again=_came_before(connection, document),
        approved_before=status is JudgementStatus.CLOSED,
    )
    return render_receipt(letter, case.language)
