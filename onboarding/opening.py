"""Step 1b of the pipeline: a delivery that is no document itself (a mail, an archive) is taken apart.

1. a sandbox child takes it apart; the documents' bytes are among the originals
2. one transaction: what the delivery said, and a receipt for each document in it
3. every document is judged like one that was dropped in a folder, in transactions of its own
4. one transaction: the delivery's own outcome, which is the best of its documents'; what it tells about mail of ours
   (`evidence.py`); what Digipost's people write, filed on its case (`digipost_answers.py`); an enquiry, as a case that
   nobody has confirmed (`enquiry_mail.py`); and the answer to whoever
   mailed documents                                                                (`correspondence/receipts.py`)

A crash repeats it: documents keep their receipts by their keys, and those that were judged keep their verdicts.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from agreements.findings import (
    INT_BOUNCE,
    INT_BOUNCE_UNMATCHED,
    INT_DIGIPOST_NO_CASE,
    INT_ONLY_TEXT,
    INT_OWN_COPY,
    INT_TOO_LARGE,
    Finding,
    Severity,
)
from intake.ledger import get_receipt, mark_judged
from intake.matching import Match, weigh
from intake.openings import save_opening
from intake.receipts import Delivery, Outcome, Receipt, ReceiptState
from intake.unpacking import Candidate, MailKind, Unpacking
from intake.unpacking.limits import MAX_RAW_BYTES
from intake.unpacking.reasons import reason_without_document
from intake.unpacking.sniffing import SNIFFED_BYTES, Shape, shape_of
from onboarding.clues import clues_of_delivery, vendors_of
from onboarding.correspondence.receipts import enqueue_receipt, write_receipt
from onboarding.digipost_answers import DigipostAnswer, file_answer, find_answer, lost_answer
from onboarding.enquiry_mail import MailEnquiry, file_enquiry, find_enquiry
from onboarding.evidence import find_copied, must_be_read, record_evidence, sent_documents
from onboarding.receiving import keep_apart, receive_delivery
from onboarding.store.issued import is_issued
from onboarding.unpack import unpack_delivery
from onboarding.workspace import Workspace
from outbox.messages import Connection

logger = logging.getLogger(__name__)

_OPENED: Final = frozenset({Shape.MAIL, Shape.ZIP, Shape.CMS, Shape.TNEF})


def holds_documents(workspace: Workspace, receipt: Receipt) -> bool:
    """Whether a stored delivery must be taken apart: it is a mail, or an archive by its first bytes."""
    assert receipt.sha256 is not None
    return _is_mail(workspace, receipt) or shape_of(workspace.blobs.read_head(receipt.sha256, SNIFFED_BYTES)) in _OPENED


def open_delivery(workspace: Workspace, receipt: Receipt, judge: Callable[[Workspace, Receipt], Outcome]) -> Outcome:
    """Take a delivery apart and have its documents judged by `judge`. Raises what that raises: then it stays due."""
    unpacking = _unpack(workspace, receipt)
    documents = _record(workspace, receipt, unpacking)
    for document in documents:
        if document.state is ReceiptState.STORED:
            judge(workspace, document)
    return _decide(workspace, receipt, unpacking, documents)


def _is_mail(workspace: Workspace, receipt: Receipt) -> bool:
    """What a mailbox handed over is a mail, whatever it looks like; what was taken out of one is not."""
    return receipt.parent is None and receipt.source in {mailbox.id for mailbox in workspace.settings.mailboxes}


def _unpack(workspace: Workspace, receipt: Receipt) -> Unpacking:
    assert receipt.sha256 is not None
    if receipt.size > MAX_RAW_BYTES:
        return Unpacking(findings=(INT_TOO_LARGE(size=receipt.size, limit=MAX_RAW_BYTES),))
    descriptor = workspace.blobs.open(receipt.sha256)
    try:
        unpacking = unpack_delivery(
            workspace.sandbox,
            workspace.blobs,
            descriptor,
            name=None if _is_mail(workspace, receipt) else receipt.display_name,
            work_dir=workspace.blobs.work_dir,
        )
    finally:
        os.close(descriptor)
    return _without_ours(workspace, unpacking)


def _without_ours(workspace: Workspace, unpacking: Unpacking) -> Unpacking:
    """Leave out what we sent ourselves: copies of our own mail, and our unsigned agreement beside the signed one."""
    if _is_own_copy(workspace, unpacking):
        return unpacking.model_copy(update={"candidates": (), "findings": ()})
    with workspace.store.read() as connection:
        signed = tuple(c for c in unpacking.candidates if not is_issued(connection, size=c.size, sha256=c.sha256))
    return unpacking.model_copy(update={"candidates": signed}) if signed else unpacking


def _is_own_copy(workspace: Workspace, unpacking: Unpacking) -> bool:
    """A mail with our header that is known as a copy of one of ours, and carries nothing that we did not send."""
    mail = unpacking.mail
    if mail is None or mail.kind is not MailKind.OWN_COPY:
        return False
    with workspace.store.read() as connection:
        message = find_copied(connection, mail)
    return message is not None and {c.sha256 for c in unpacking.candidates} <= sent_documents(workspace, message)


def _record(workspace: Workspace, receipt: Receipt, unpacking: Unpacking) -> tuple[Receipt, ...]:
    now = workspace.clock()
    assert receipt.sha256 is not None
    with workspace.store.begin() as connection:
        save_opening(connection, receipt.sha256, unpacking, now=now)
        return tuple(
            receive_delivery(connection, _delivery(receipt, candidate), now=now) for candidate in unpacking.candidates
        )


def _delivery(receipt: Receipt, candidate: Candidate) -> Delivery:
    key = f"{receipt.source_key}#{candidate.sha256}"
    return Delivery(
        source=receipt.source,
        source_key=key,
        slot=key,  # nothing supersedes by its place inside a mail
        vendor_id=receipt.vendor_id,
        display_name=candidate.name,
        size=candidate.size,
        sha256=candidate.sha256,
        parent=receipt.id,
    )


def _decide(workspace: Workspace, receipt: Receipt, unpacking: Unpacking, documents: tuple[Receipt, ...]) -> Outcome:
    now = workspace.clock()
    assert receipt.sha256 is not None
    with workspace.store.read() as connection:
        judged = tuple(get_receipt(connection, document.id) for document in documents)
    match = _match(workspace, receipt, unpacking)
    answer = None if unpacking.mail is None else find_answer(workspace, receipt, unpacking.mail, match)
    enquiry = None if answer is not None else find_enquiry(workspace, receipt, unpacking, match)
    outcome = _outcome(workspace, unpacking, judged, match, answer)
    told = None if unpacking.mail is None else write_receipt(workspace, unpacking.mail, judged)
    with workspace.store.begin() as connection:
        if enquiry is not None:
            outcome = _enquired(workspace, connection, enquiry, outcome, now)
        for decided in mark_judged(connection, receipt.sha256, outcome, now=now):
            keep_apart(connection, decided)
        if unpacking.mail is not None:
            record_evidence(workspace, connection, receipt, unpacking.mail)
        if answer is not None:
            file_answer(connection, answer, actor=workspace.system, now=now)
        if told is not None and unpacking.mail is not None:
            enqueue_receipt(connection, unpacking.mail, told, actor=workspace.system, now=now)
    logger.info(
        "delivery opened", extra={"receipt": receipt.id, "documents": len(judged), "state": outcome.state.value}
    )
    return outcome


def _enquired(
    workspace: Workspace, connection: Connection, enquiry: MailEnquiry | Finding, outcome: Outcome, now: datetime
) -> Outcome:
    """What becomes of a mail that is an enquiry, or looks like one."""
    if outcome.reason != INT_ONLY_TEXT() and outcome.reason != INT_DIGIPOST_NO_CASE():
        return outcome
    reason = enquiry
    if isinstance(enquiry, MailEnquiry):
        reason = file_enquiry(workspace, connection, enquiry, actor=workspace.system, now=now)
    assert isinstance(reason, Finding)
    state = ReceiptState.RECEIVED if reason.severity is Severity.INFO else ReceiptState.QUARANTINED
    case = reason.params.get("case")
    return replace(outcome, state=state, reason=reason, case_number=None if case is None else str(case))


def _match(workspace: Workspace, receipt: Receipt, unpacking: Unpacking) -> Match:
    clues = clues_of_delivery(workspace, receipt, unpacking)
    return weigh(clues, delivered_by=receipt.vendor_id, vendors=vendors_of(workspace, clues))


def _outcome(
    workspace: Workspace,
    unpacking: Unpacking,
    documents: tuple[Receipt, ...],
    match: Match,
    answer: DigipostAnswer | None,
) -> Outcome:
    """Received if any document was; else what became of the first one; without documents, why there are none."""
    if any(document.state is ReceiptState.RECEIVED for document in documents):
        return Outcome(state=ReceiptState.RECEIVED)
    if documents:
        return Outcome(state=documents[0].state, reason=documents[0].reason)
    reason = _reason(workspace, unpacking, answer)
    case = None if answer is None else str(answer.case)
    state = ReceiptState.RECEIVED if answer is not None and reason == answer.reason else _state(reason)
    return Outcome(state=state, reason=reason, case_number=case, clues=match.clues)


def _reason(workspace: Workspace, unpacking: Unpacking, answer: DigipostAnswer | None) -> Finding:
    """What was found on the way weighs more than whose answer it is: a person must look."""
    reason = _without_document(workspace, unpacking)
    if unpacking.mail is None or reason.severity is not Severity.INFO:
        return reason
    if answer is not None:
        return answer.reason
    return lost_answer(workspace.settings, unpacking.mail) or reason


def _without_document(workspace: Workspace, unpacking: Unpacking) -> Finding:
    """Why there is no document. A header of ours in a stranger's mail, and a report that fits no mail of ours and does
    not say that all is well, are for a person.
    """
    if _is_own_copy(workspace, unpacking):
        return INT_OWN_COPY()
    reason = reason_without_document(unpacking)
    if reason == INT_OWN_COPY():
        return INT_ONLY_TEXT()
    if reason == INT_BOUNCE() and unpacking.mail is not None:
        with workspace.store.read() as connection:
            return INT_BOUNCE_UNMATCHED() if must_be_read(connection, unpacking.mail) else reason
    return reason


def _state(reason: Finding) -> ReceiptState:
    return ReceiptState.NOT_AGREEMENT if reason.severity is Severity.INFO else ReceiptState.QUARANTINED
