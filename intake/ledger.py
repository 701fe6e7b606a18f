"""The ledger: one row per delivery, one row per content. Everything that ever came in stands here, with what became
of it.

Promises (each function works inside the caller's transaction and commits nothing):

* the same (source, key) never gives two receipts, and the same bytes never give two verdicts (G2);
* a receipt leaves `seen` or `stored` only for a final state, with a reason; the counters add up (G6);
* a receipt that names a SHA-256 is written only after its bytes were stored: the caller stores first (G1).

Times are text (`agreements.times`), reasons are one finding as canonical JSON.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agreements.errors import NotFoundError, TemporaryError
from agreements.findings import INT_WITHDRAWN, Finding
from agreements.times import format_utc
from intake.ledger_rows import clues_text, document_of, reason_text, receipt_of
from intake.receipts import (
    FINAL_STATES,
    Delivery,
    Document,
    DocumentState,
    Outcome,
    Receipt,
    ReceiptState,
    SourceOutcome,
)

metadata = sa.MetaData()


class AlreadyJudgedError(TemporaryError):
    """Another run gave a content its verdict first. That one stands, and every receipt of the content has it."""

    def __init__(self, sha256: str, outcome: Outcome) -> None:
        super().__init__("document_already_judged", sha256=sha256)
        self.outcome = outcome


receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_key", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("vendor_id", sa.Text),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("supersedes", sa.Integer),
    sa.Column("seen_at", sa.Text, nullable=False),
    sa.Column("stored_at", sa.Text),
    sa.Column("decided_at", sa.Text),
    sa.Column("finished_at", sa.Text),
    sa.Column("source_outcome", sa.Text),
    sa.Column("parent", sa.Integer),
    sa.UniqueConstraint("source", "source_key", name="receipts_source_key"),
    sa.Index("receipts_slot", "source", "slot"),
    sa.Index("receipts_sha256", "sha256"),
    sa.Index("receipts_state", "state"),
    sa.Index("receipts_parent", "parent"),
    sqlite_autoincrement=True,  # an id is never given twice: it stands in the names of moved files
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("case_number", sa.Text),
    sa.Column("agreement", sa.Text),
    sa.Column("clues", sa.Text),
    sa.Column("first_receipt", sa.Integer, nullable=False),
    sa.Column("judged_at", sa.Text),
    sa.Index("documents_state", "state"),
)

MAX_LISTED = 1000  # rows of one answer; a longer list is asked for page by page


def record_receipt(conn: sa.Connection, delivery: Delivery, *, now: datetime, reason: Finding | None = None) -> Receipt:
    """Write a delivery down, once; `sha256` set means that its bytes are durably stored.

    `reason`: why its bytes could not be read yet; kept with a receipt in `seen`.

    Telling it again changes nothing, except that a receipt in `seen` becomes `stored` when its bytes come. Bytes that
    already have their verdict give a receipt with that verdict. Other bytes under a known key (a file whose time
    stamp was set back), or bytes for one that was decided unread, are a delivery of their own: their key gets their
    digest added.
    """
    moment = format_utc(now)
    receipt = _find_by_key(conn, delivery.source, delivery.source_key)
    if receipt is None:
        _insert_new(conn, receipts, _new_row(delivery, moment, reason))
        receipt = _get_by_key(conn, delivery)
    if delivery.sha256 is None:
        return receipt
    if receipt.state is ReceiptState.SEEN:
        receipt = _store(conn, receipt, delivery, moment)
    if receipt.sha256 != delivery.sha256:
        own_key = f"{delivery.source_key}/{delivery.sha256}"
        return record_receipt(conn, replace(delivery, source_key=own_key), now=now)
    return _join_document(conn, receipt, delivery.sha256, now=now)


def _store(conn: sa.Connection, receipt: Receipt, delivery: Delivery, moment: str) -> Receipt:
    """The receipt with the bytes that came at last."""
    values = {"sha256": delivery.sha256, "size": delivery.size, "stored_at": moment, "reason": None}
    conn.execute(
        sa.update(receipts)
        .where(receipts.c.id == receipt.id, receipts.c.state == ReceiptState.SEEN)
        .values(state=ReceiptState.STORED, **values)
    )
    return _get_by_key(conn, delivery)


def _new_row(delivery: Delivery, moment: str, reason: Finding | None) -> dict[str, object]:
    stored = delivery.sha256 is not None
    return {
        "source": delivery.source,
        "source_key": delivery.source_key,
        "slot": delivery.slot,
        "vendor_id": delivery.vendor_id,
        "display_name": delivery.display_name,
        "sha256": delivery.sha256,
        "size": delivery.size,
        "state": ReceiptState.STORED if stored else ReceiptState.SEEN,
        "reason": None if stored else reason_text(reason),
        "supersedes": delivery.supersedes,
        "seen_at": moment,
        "stored_at": moment if stored else None,
        "parent": delivery.parent,
        # What lies in another delivery is done with at its source when that is.
        "finished_at": None if delivery.parent is None else moment,
        "source_outcome": None if delivery.parent is None else SourceOutcome.INSIDE,
    }


def _join_document(conn: sa.Connection, receipt: Receipt, sha256: str, *, now: datetime) -> Receipt:
    """Tie a stored receipt to its content, and give it the content's verdict if there is one."""
    if receipt.state is not ReceiptState.STORED:
        return receipt
    row = {"sha256": sha256, "size": receipt.size, "state": DocumentState.PENDING, "first_receipt": receipt.id}
    _insert_new(conn, documents, row)
    # Locked (PostgreSQL; SQLite has one writer): a verdict is given either before this, and read here, or after it, and
    # finds the receipt.
    conn.execute(sa.select(documents.c.sha256).where(documents.c.sha256 == sha256).with_for_update())
    document = find_document(conn, sha256)
    if document is None or document.outcome is None:
        return receipt
    return mark_decided(conn, receipt.id, document.outcome, now=now)


def explain_receipt(conn: sa.Connection, receipt_id: int, reason: Finding) -> Receipt:
    """Give a received receipt a reason of its own: what is odd about this delivery of a content that has its verdict.

    Raises NotFoundError.
    """
    conn.execute(
        sa.update(receipts)
        .where(receipts.c.id == receipt_id, receipts.c.state == ReceiptState.RECEIVED)
        .values(reason=reason_text(reason))
    )
    return get_receipt(conn, receipt_id)


def mark_decided(conn: sa.Connection, receipt_id: int, outcome: Outcome, *, now: datetime) -> Receipt:
    """Give one receipt its final state: for what was refused unread. Contents are decided by `mark_judged`.

    Deciding the same again is nothing. Raises NotFoundError, and TemporaryError if it was decided otherwise meanwhile.
    """
    changed = conn.execute(
        sa.update(receipts)
        .where(receipts.c.id == receipt_id, receipts.c.state.not_in(FINAL_STATES))
        .values(_outcome_values(outcome, now))
        .returning(receipts)
    ).one_or_none()
    if changed is not None:
        return receipt_of(changed)
    receipt = get_receipt(conn, receipt_id)
    if (receipt.state, receipt.reason) != (outcome.state, outcome.reason):
        raise TemporaryError("receipt_already_decided", receipt=receipt_id, state=receipt.state)
    return receipt


def mark_judged(conn: sa.Connection, sha256: str, outcome: Outcome, *, now: datetime) -> tuple[Receipt, ...]:
    """Give a content its one verdict, and with it every receipt that waits for it; returns those receipts.

    Raises NotFoundError for an unknown content and AlreadyJudgedError when it has its verdict already (another worker
    was first).
    """
    changed = conn.execute(
        sa.update(documents)
        .where(documents.c.sha256 == sha256, documents.c.state == DocumentState.PENDING)
        .values(
            state=DocumentState.JUDGED,
            outcome=outcome.state,
            reason=reason_text(outcome.reason),
            case_number=outcome.case_number,
            agreement=outcome.agreement,
            clues=clues_text(outcome.clues),
            judged_at=format_utc(now),
        )
        .returning(documents.c.sha256)
    ).one_or_none()
    if changed is None:
        document = find_document(conn, sha256)
        if document is None or document.outcome is None:
            raise NotFoundError("document_unknown", sha256=sha256)
        raise AlreadyJudgedError(sha256, document.outcome)
    rows = conn.execute(
        sa.update(receipts)
        .where(receipts.c.sha256 == sha256, receipts.c.state == ReceiptState.STORED)
        .values(_outcome_values(outcome, now))
        .returning(receipts)
    )
    return tuple(sorted((receipt_of(row) for row in rows), key=lambda receipt: receipt.id))


def reopen(conn: sa.Connection, receipt_id: int) -> Receipt:
    """Have a stored content judged once more (`avtale intake retry`): its receipts are `stored` again and it is due.

    The source is not touched again. Raises NotFoundError for an unknown receipt or one without bytes.
    """
    receipt = get_receipt(conn, receipt_id)
    if receipt.sha256 is None:
        raise NotFoundError("receipt_without_bytes", receipt=receipt_id)
    conn.execute(
        sa.update(documents)
        .where(documents.c.sha256 == receipt.sha256)
        .values(
            **dict.fromkeys(("outcome", "reason", "case_number", "agreement", "clues", "judged_at")),
            state=DocumentState.PENDING,
        )
    )
    conn.execute(
        sa.update(receipts)
        .where(receipts.c.sha256 == receipt.sha256)
        .values(state=ReceiptState.STORED, reason=None, decided_at=None)
    )
    return get_receipt(conn, receipt_id)


def mark_finished(conn: sa.Connection, receipt_id: int, outcome: SourceOutcome, *, now: datetime) -> Receipt:
    """Note that the source was dealt with. Noting it again keeps the first time and takes the later outcome."""
    row = conn.execute(
        sa.update(receipts)
        .where(receipts.c.id == receipt_id, receipts.c.state.in_(FINAL_STATES))
        .values(source_outcome=outcome, finished_at=sa.func.coalesce(receipts.c.finished_at, format_utc(now)))
        .returning(receipts)
    ).one_or_none()
    if row is not None:
        return receipt_of(row)
    raise TemporaryError("receipt_not_decided", receipt=get_receipt(conn, receipt_id).id)


def close_withdrawn(
    conn: sa.Connection, source: str, present_keys: Collection[str], *, now: datetime
) -> tuple[Receipt, ...]:
    """Close what was seen but never readable and is not there any more, or only as something else; returns those
    receipts.

    Call it only with the keys of a complete scan of an available source.
    """
    query = sa.select(receipts.c.id, receipts.c.source_key).where(
        receipts.c.source == source, receipts.c.state == ReceiptState.SEEN
    )
    gone = [row.id for row in conn.execute(query) if row.source_key not in present_keys]
    outcome = Outcome(state=ReceiptState.NOT_AGREEMENT, reason=INT_WITHDRAWN())
    for receipt_id in gone:
        mark_decided(conn, receipt_id, outcome, now=now)
    return tuple(mark_finished(conn, receipt_id, SourceOutcome.GONE, now=now) for receipt_id in gone)


def known_keys(conn: sa.Connection, source: str) -> frozenset[str]:
    """Keys that a scan need not hand over again: already stored or refused, and still lying at the source."""
    waiting = sa.and_(receipts.c.finished_at.is_(None), receipts.c.state != ReceiptState.SEEN)
    left = receipts.c.source_outcome == SourceOutcome.LEFT
    query = sa.select(receipts.c.source_key).where(receipts.c.source == source, sa.or_(waiting, left))
    return frozenset(conn.execute(query).scalars())


def receipts_to_judge(conn: sa.Connection, *, limit: int = MAX_LISTED) -> tuple[Receipt, ...]:
    """Per content without a verdict the receipt that came first, oldest first."""
    first = (
        sa.select(sa.func.min(receipts.c.id))
        .join(documents, documents.c.sha256 == receipts.c.sha256)
        .where(documents.c.state == DocumentState.PENDING, receipts.c.state == ReceiptState.STORED)
        .group_by(receipts.c.sha256)
    )
    return _select(conn, sa.select(receipts).where(receipts.c.id.in_(first)), limit)


def receipts_to_finish(conn: sa.Connection, source: str, *, limit: int = MAX_LISTED) -> tuple[Receipt, ...]:
    """Decided receipts of a source whose delivery still lies where it was found, oldest first."""
    due = (receipts.c.source == source, receipts.c.state.in_(FINAL_STATES), receipts.c.finished_at.is_(None))
    return _select(conn, sa.select(receipts).where(*due), limit)


def receipts_inside(conn: sa.Connection, parent: int) -> tuple[Receipt, ...]:
    """The receipts of what was taken out of a delivery, in order."""
    return _select(conn, sa.select(receipts).where(receipts.c.parent == parent), MAX_LISTED)


def find_successor(conn: sa.Connection, receipt_id: int) -> Receipt | None:
    """The latest receipt that replaces this one, or None."""
    query = sa.select(receipts).where(receipts.c.supersedes == receipt_id)
    return next(reversed(_select(conn, query, MAX_LISTED)), None)


def receipts_of(conn: sa.Connection, sha256: str) -> tuple[Receipt, ...]:
    """Every receipt of one content, oldest first."""
    return _select(conn, sa.select(receipts).where(receipts.c.sha256 == sha256), MAX_LISTED)


def earlier_in_slot(conn: sa.Connection, delivery: Delivery, *, since: datetime) -> tuple[Receipt, ...]:
    """What came to the same slot since then under another key and was stored, newest first."""
    query = sa.select(receipts).where(
        receipts.c.source == delivery.source,
        receipts.c.slot == delivery.slot,
        receipts.c.source_key != delivery.source_key,
        receipts.c.sha256.is_not(None),
        receipts.c.seen_at >= format_utc(since),
    )
    return tuple(reversed(_select(conn, query, MAX_LISTED)))


def list_receipts(
    conn: sa.Connection, state: ReceiptState | None = None, *, after: int = 0, limit: int = MAX_LISTED
) -> tuple[Receipt, ...]:
    """Receipts with an id above `after`, in order of id; all states or one."""
    query = sa.select(receipts).where(receipts.c.id > after)
    return _select(conn, query if state is None else query.where(receipts.c.state == state), limit)


def all_receipts(conn: sa.Connection) -> Iterator[Receipt]:
    """Every receipt, in order of id; so many at a time."""
    after = 0
    while page := list_receipts(conn, after=after):
        yield from page
        after = page[-1].id


def packages(conn: sa.Connection) -> frozenset[int]:
    """The receipts that others were taken out of."""
    query = sa.select(receipts.c.parent).where(receipts.c.parent.is_not(None)).distinct()
    return frozenset(conn.execute(query).scalars())


def find_receipt(conn: sa.Connection, receipt_id: int) -> Receipt | None:
    """The receipt with this id, or None."""
    row = conn.execute(sa.select(receipts).where(receipts.c.id == receipt_id)).one_or_none()
    return None if row is None else receipt_of(row)


def get_receipt(conn: sa.Connection, receipt_id: int) -> Receipt:
    """The receipt with this id. Raises NotFoundError."""
    receipt = find_receipt(conn, receipt_id)
    if receipt is None:
        raise NotFoundError("receipt_unknown", receipt=receipt_id)
    return receipt


def find_document(conn: sa.Connection, sha256: str) -> Document | None:
    """The content with this digest (hex), or None."""
    row = conn.execute(sa.select(documents).where(documents.c.sha256 == sha256)).one_or_none()
    return None if row is None else document_of(row)


def count_receipts(conn: sa.Connection) -> Mapping[ReceiptState, int]:
    """How many receipts stand in each state; every state is there, and the sum is all that was ever seen."""
    rows = conn.execute(sa.select(receipts.c.state, sa.func.count()).group_by(receipts.c.state))
    return dict.fromkeys(ReceiptState, 0) | {ReceiptState(state): count for state, count in rows}


def count_seen(conn: sa.Connection) -> int:
    """How many deliveries were ever seen, whatever state they stand in."""
    return conn.execute(sa.select(sa.func.count()).select_from(receipts)).scalar_one()


def find_oldest_unfinished(conn: sa.Connection) -> Receipt | None:
    """The oldest receipt that still waits for bytes, for a verdict or for its source to be dealt with."""
    found = _select(conn, sa.select(receipts).where(receipts.c.finished_at.is_(None)), 1)
    return found[0] if found else None


def _insert_new(conn: sa.Connection, table: sa.Table, row: Mapping[str, object]) -> None:
    """Insert, unless a row with the same key is there already (another worker was first)."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    conn.execute(insert(table).values(**row).on_conflict_do_nothing())


def _find_by_key(conn: sa.Connection, source: str, source_key: str) -> Receipt | None:
    query = sa.select(receipts).where(receipts.c.source == source, receipts.c.source_key == source_key)
    row = conn.execute(query).one_or_none()
    return None if row is None else receipt_of(row)


def _get_by_key(conn: sa.Connection, delivery: Delivery) -> Receipt:
    receipt = _find_by_key(conn, delivery.source, delivery.source_key)
    if receipt is None:
        raise NotFoundError("receipt_unknown", receipt=delivery.source)
    return receipt


def _select(conn: sa.Connection, query: sa.Select[Any], limit: int) -> tuple[Receipt, ...]:
    return tuple(receipt_of(row) for row in conn.execute(query.order_by(receipts.c.id).limit(limit)))


def _outcome_values(outcome: Outcome, now: datetime) -> dict[str, object]:
    return {"state": outcome.state, "reason": reason_text(outcome.reason), "decided_at": format_utc(now)}
