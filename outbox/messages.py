"""The outgoing messages: one row each, written and moved on the caller's connection.

Enqueueing in the caller's transaction is what makes "approved" and "will be forwarded" one fact. Rows and the door to
their state stand in `rows`, attempts in `attempts`, what others tell in `evidence`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agreements.errors import UsageError
from agreements.mail import mark_of
from agreements.times import format_utc
from outbox.evidence import Evidence, left_before
from outbox.history import History, NewEntry, add_entry, metadata
from outbox.rows import Begin, Connection, Message, NewMessage, as_message, find, holds_text, messages, move_row
from outbox.states import WITHDRAWABLE, State

__all__ = [
    "Begin",
    "Connection",
    "Message",
    "NewMessage",
    "count_messages",
    "enqueue",
    "find",
    "find_by_envelope_id",
    "find_by_message_id",
    "list_messages",
    "metadata",
    "release",
    "retry",
    "settle",
    "withdraw",
    "withdraw_all",
]


# --- in -------------------------------------------------------------------------------------------------------------


def enqueue(conn: Connection, message: NewMessage, *, now: datetime) -> int | None:
    """Write a message, `queued` or `held`, in the caller's transaction. Returns its id.

    A second enqueue with the same idempotency key is nothing and returns None, whatever else differs. Raises UsageError
    `message_id_taken` when another message has the Message-ID: nothing was written, and it must not pass for enqueued.
    """
    moment, state = format_utc(now), State.HELD if message.holds else State.QUEUED
    reason = message.holds[0].kind if message.holds else None
    row = {
        "purpose": message.purpose,
        "case_number": message.case_number,
        "agreement": message.agreement,
        "idempotency_key": message.idempotency_key,
        "message_id": message.message_id,
        "envelope_id": mark_of(message.message_id),
        "sender": message.sender,
        "recipient": message.recipient,
        "copy_to": message.copy_to,
        "holds": holds_text(message.holds),
        "sha256": message.sha256,
        "size": message.size,
        "state": state.value,
        "reason": reason,
        "attempts": 0,
        "backoff_step": 0,
        **dict.fromkeys(("queued_at", "next_attempt_at", "created_at", "updated_at"), moment),
    }
    insert = postgresql.insert(messages) if conn.dialect.name == "postgresql" else sqlite.insert(messages)
    # Any conflict and not only the key's: on PostgreSQL two at once may meet at the Message-ID first.
    written = conn.execute(insert.values(row).on_conflict_do_nothing().returning(messages.c.id)).scalar_one_or_none()
    if written is None and not _is_enqueued(conn, message.idempotency_key):
        raise UsageError("message_id_taken", message_id=message.message_id)
    if written is not None:
        entry = NewEntry(kind=History.ENQUEUED, at=now, reason=reason)
        add_entry(conn, written, entry, attempt=0, state=state)
    return written


def _is_enqueued(conn: Connection, idempotency_key: str) -> bool:
    query = sa.select(messages.c.id).where(messages.c.idempotency_key == idempotency_key)
    return conn.execute(query).one_or_none() is not None


# --- looking --------------------------------------------------------------------------------------------------------


def find_by_message_id(conn: Connection, message_id: str) -> Message | None:
    """The message that was given this Message-ID (with its angle brackets), or None."""
    row = conn.execute(sa.select(messages).where(messages.c.message_id == message_id).limit(1)).one_or_none()
    return None if row is None else as_message(row)


def find_by_envelope_id(conn: Connection, envelope_id: str) -> Message | None:
    """The message that was sent with this envelope id, or None."""
    row = conn.execute(sa.select(messages).where(messages.c.envelope_id == envelope_id).limit(1)).one_or_none()
    return None if row is None else as_message(row)


def list_messages(
    conn: Connection, state: State | None = None, *, case_number: str | None = None
) -> tuple[Message, ...]:
    """Messages in the order they were enqueued, all of them or those of one state, one case."""
    query = sa.select(messages).order_by(messages.c.id)
    if state is not None:
        query = query.where(messages.c.state == state.value)
    if case_number is not None:
        query = query.where(messages.c.case_number == case_number)
    return tuple(as_message(row) for row in conn.execute(query))


def count_messages(conn: Connection) -> Mapping[State, int]:
    """How many messages are in each state, those without any too."""
    query = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)
    found = {State(state): count for state, count in conn.execute(query)}
    return {state: found.get(state, 0) for state in State}


# --- somebody decides -----------------------------------------------------------------------------------------------


def settle(
    conn: Connection, message_id: int, *, sent: bool, now: datetime, evidence: Evidence = Evidence.PERSON
) -> Message:
    """Settle an `unknown` message: it left (`sent`), or it is to be sent again, byte for byte the same.

    A `failed_later` one likewise, by a person: the recipient has it after all, or is to get it once more. Raises
    GateError `message_state` when it is neither, NotFoundError `message_not_found`.
    """
    entry = NewEntry(kind=History.SETTLED, at=now, reason=evidence.value)
    by_person = evidence is Evidence.PERSON  # what a mail system reported weighs more than a copy that was found
    expected = (State.UNKNOWN, State.FAILED_LATER) if by_person else (State.UNKNOWN,)
    if not sent:
        return _requeue(conn, message_id, expected, entry)
    values = {"sent_at": format_utc(now), "evidence": evidence.value, "reason": None, "unknown_at": None}
    return move_row(conn, message_id, expected, State.SENT, entry=entry, values=values)


def release(conn: Connection, message_id: int, *, now: datetime) -> Message:
    """Let a `held` message go: it is due at once. Raises as `settle`."""
    return _requeue(conn, message_id, (State.HELD,), NewEntry(kind=History.RELEASED, at=now))


def retry(conn: Connection, message_id: int, *, now: datetime) -> Message:
    """Queue a `blocked`, `gave_up` or `failed_later` message again, with five new days; a `queued` one is due now.

    Whoever asks has mended the cause: it ends a standstill of the whole queue. Raises as `settle`.
    """
    entry = NewEntry(kind=History.REQUEUED, at=now)
    return _requeue(conn, message_id, (State.QUEUED, State.BLOCKED, State.GAVE_UP, State.FAILED_LATER), entry)


def withdraw(conn: Connection, message_id: int, *, reason: str, now: datetime) -> Message:
    """Take back a message that has not left, or that failed further on. `reason`: a code. Raises as `settle`."""
    entry = NewEntry(kind=History.WITHDRAWN, at=now, reason=reason)
    expected = (*WITHDRAWABLE, State.FAILED_LATER)
    return move_row(
        conn, message_id, expected, State.WITHDRAWN, entry=entry, values={"reason": reason, "sent_at": None}
    )


def withdraw_all(
    conn: Connection, *, case_number: str, purposes: Collection[str], reason: str, now: datetime
) -> tuple[Message, ...]:
    """Take back a case's messages of these purposes that have not left; returns them.

    One that is under way at this moment leaves: nobody can call it back; nor is one called back that left before and
    failed further on.
    """
    waiting = sa.select(messages.c.id).where(
        messages.c.case_number == case_number,
        messages.c.purpose.in_(list(purposes)),
        messages.c.state.in_([state.value for state in WITHDRAWABLE]),
    )
    rows = conn.execute(waiting.order_by(messages.c.id).with_for_update()).scalars().all()
    never_left = (row for row in rows if (message := find(conn, row)) and not left_before(conn, message))
    return tuple(withdraw(conn, row, reason=reason, now=now) for row in never_left)


def _requeue(conn: Connection, message_id: int, expected: tuple[State, ...], entry: NewEntry) -> Message:
    moment = format_utc(entry.at)
    values = {
        "queued_at": moment,
        "next_attempt_at": moment,
        "backoff_step": 0,
        **dict.fromkeys(("sent_at", "unknown_at", "evidence")),
    }
    return move_row(conn, message_id, expected, State.QUEUED, entry=entry, values=values)
