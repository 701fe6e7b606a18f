"""Writing deliveries down, with the wall between vendors kept.

Bytes that have their verdict give it to every receipt of them, whichever channel they came by; a receipt from another
vendor's channel than the case's must say so.
"""

from collections.abc import Iterator
from datetime import datetime

from agreements.case import Case
from agreements.findings import CAS_OTHER_VENDOR
from intake.ledger import explain_receipt, find_document, record_receipt
from intake.openings import find_opening
from intake.receipts import Delivery, Receipt, ReceiptState
from onboarding.store.cases import find_case_of
from outbox.messages import Connection


def receive_delivery(connection: Connection, delivery: Delivery, *, now: datetime) -> Receipt:
    """Write a stored delivery down (`intake.ledger.record_receipt`), kept apart where it is decided already."""
    return keep_apart(connection, record_receipt(connection, delivery, now=now))


def keep_apart(connection: Connection, receipt: Receipt) -> Receipt:
    """Have a received receipt say so where its document belongs to another vendor than its channel (CAS-005).

    The document's verdict stands: it was made once, and nothing is sent again. Belongs in the transaction that decides
    the receipt.
    """
    if receipt.state is not ReceiptState.RECEIVED or receipt.vendor_id is None or receipt.sha256 is None:
        return receipt
    for case in _cases(connection, receipt.sha256):
        if case.vendor_id != receipt.vendor_id:
            return explain_receipt(connection, receipt.id, CAS_OTHER_VENDOR(case=str(case.number)))
    return receipt


def _cases(connection: Connection, sha256: str) -> Iterator[Case]:
    """The cases that a content was held to belong to: a document's, or those of the documents in a mail or archive."""
    opening = find_opening(connection, sha256)
    parts = () if opening is None else (candidate.sha256 for candidate in opening.candidates)
    for content in (sha256, *parts):
        document = find_document(connection, content)
        outcome = None if document is None else document.outcome
        case = None if outcome is None else find_case_of(connection, outcome.case_number)
        if case is not None:
            yield case
