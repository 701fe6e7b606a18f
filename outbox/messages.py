"""The outgoing messages: one row each, written and moved on the caller's connection.

Enqueueing in the caller's transaction is what makes "approved" and "will be forwarded" one fact. Every change is a
compare-and-set on the state (and, for an attempt, on its number), so that of two hands on one row only one moves it.
Nothing here sends and nothing commits.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agreements.errors import GateError, NotFoundError, UsageError
from agreements.times import format_utc, parse_utc
from outbox.addresses import check_address
from outbox.backoff import next_attempt
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.states import MOVES, State

Connection: TypeAlias = sa.Connection
Begin: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]
"""Opens a write transaction: committed when the block ends, rolled back when it raises."""

metadata = sa.MetaData()

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("case_number", sa.Text),
    sa.Column("agreement", sa.Text),
    sa.Column("idempotency_key", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("envelope_id", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("backoff_step", sa.Integer, nullable=False),
    sa.Column("queued_at", sa.Text, nullable=False),
    sa.Column("next_attempt_at", sa.Text, nullable=False),
    sa.Column("phase", sa.Text),
    sa.Column("reply", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.UniqueConstraint("idempotency_key", name="uq_messages_idempotency_key"),
    sa.UniqueConstraint("message_id", name="uq_messages_message_id"),
    sa.Index("ix_messages_due", "state", "next_attempt_at"),
    sa.Index("ix_messages_case_number", "case_number"),
)


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """A message to enqueue. Its bytes are already stored and will not change."""

    purpose: str
    """What it is for, as a code (`forward`)."""
    idempotency_key: str
    """One per intent (`forward:DA-2026-000042-J.1`): enqueued once, however often the caller runs."""
    message_id: str
    """The Message-ID header of the frozen bytes, with its angle brackets."""
    sender: str
    recipient: str
    """The envelope's addresses, plain."""
    sha256: str
    size: int
    """Of the frozen RFC 5322 bytes."""
    case_number: str | None = None
    agreement: str | None = None
    hold: str | None = None
    """A code that says why a person must release it first; None: it is due at once."""
    draft: bool = False
    """Kept only: never due, and nobody can release it."""

    def __post_init__(self) -> None:
        check_address(self.sender)
        check_address(self.recipient)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it stands."""

    id: int
    purpose: str
    case_number: str | None
    agreement: str | None
    idempotency_key: str
    message_id: str
    envelope_id: str
    """What a delivery report will be asked to quote (RFC 3461 4.4)."""
    sender: str
    recipient: str
    sha256: str
    size: int
    state: State
    attempts: int
    """Attempts begun, ever."""
    backoff_step: int
    """Attempts that failed since `queued_at`."""
    queued_at: datetime
    """When it last came into the queue by enqueue or by a person: the five days count from here."""
    next_attempt_at: datetime
    phase: Phase | None
    reply: str | None
    reason: str | None
    """Why it is not sent: one of `Reason`, or the code it was held with."""
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None


# --- in -------------------------------------------------------------------------------------------------------------


def enqueue(conn: Connection, message: NewMessage, *, now: datetime) -> int | None:
    """Write a message, `queued`, `held` or `draft`, in the caller's transaction. Returns its id.

    A second enqueue with the same idempotency key is nothing and returns None, whatever else differs. Raises UsageError
    `message_id_taken` when another message has the Message-ID: nothing was written, and it must not pass for enqueued.
    """
    moment = format_utc(now)
    row = {
        "purpose": message.purpose,
        "case_number": message.case_number,
        "agreement": message.agreement,
        "idempotency_key": message.idempotency_key,
        "message_id": message.message_id,
        "envelope_id": _envelope_id(message.message_id),
        "sender": message.sender,
        "recipient": message.recipient,
        "sha256": message.sha256,
        "size": message.size,
        "state": _first_state(message).value,
        "reason": message.hold,
        "attempts": 0,
        "backoff_step": 0,
        **dict.fromkeys(("queued_at", "next_attempt_at", "created_at", "updated_at"), moment),
    }
    insert = postgresql.insert(messages) if conn.dialect.name == "postgresql" else sqlite.insert(messages)
    # Any conflict and not only the key's: on PostgreSQL two at once may meet at the Message-ID first.
    written = conn.execute(insert.values(row).on_conflict_do_nothing().returning(messages.c.id)).scalar_one_or_none()
    if written is None and not _is_enqueued(conn, message.idempotency_key):
        raise UsageError("message_id_taken", message_id=message.message_id)
    return written


def _first_state(message: NewMessage) -> State:
    if message.draft:
        return State.DRAFT
    return State.HELD if message.hold else State.QUEUED


def _is_enqueued(conn: Connection, idempotency_key: str) -> bool:
    query = sa.select(messages.c.id).where(messages.c.idempotency_key == idempotency_key)
    return conn.execute(query).one_or_none() is not None


def _envelope_id(message_id: str) -> str:
    """Derived, so that a report is matched by either; an ENVID is xtext of at most 100 characters (RFC 3461 4.4)."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]


# --- looking --------------------------------------------------------------------------------------------------------


def find(conn: Connection, message_id: int) -> Message | None:
    """The message with this row id."""
    row = conn.execute(sa.select(messages).where(messages.c.id == message_id)).one_or_none()
    return None if row is None else _message(row)


def find_by_message_id(conn: Connection, message_id: str) -> Message | None:
    """The message that was given this Message-ID (with its angle brackets), or None."""
    row = conn.execute(sa.select(messages).where(messages.c.message_id == message_id).limit(1)).one_or_none()
    return None if row is None else _message(row)


def list_messages(
    conn: Connection, state: State | None = None, *, case_number: str | None = None
) -> tuple[Message, ...]:
    """Messages in the order they were enqueued, all of them or those of one state, one case."""
    query = sa.select(messages).order_by(messages.c.id)
    if state is not None:
        query = query.where(messages.c.state == state.value)
    if case_number is not None:
        query = query.where(messages.c.case_number == case_number)
    return tuple(_message(row) for row in conn.execute(query))


# --- sending --------------------------------------------------------------------------------------------------------


def claim_due(conn: Connection, now: datetime) -> Message | None:
    """Take the message that has been due longest: `queued` to `sending`. None when nothing is due.

    The claim must be committed before the first byte is sent: it is what a crash leaves behind as a question.
    """
    due = (
        sa.select(messages.c.id)
        .where(messages.c.state == State.QUEUED.value, messages.c.next_attempt_at <= format_utc(now))
        .order_by(messages.c.next_attempt_at, messages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = (
        sa.update(messages)
        .where(messages.c.id == due, messages.c.state == State.QUEUED.value)
        .values(state=State.SENDING.value, attempts=messages.c.attempts + 1, updated_at=format_utc(now))
        .returning(messages)
    )
    row = conn.execute(claimed).one_or_none()
    return None if row is None else _message(row)


def record_outcome(conn: Connection, claimed: Message, outcome: Outcome, *, now: datetime) -> Message:
    """Write what became of the attempt that `claim_due` began, and return the message as it now stands.

    A retry goes back to the queue with its next time, or to `gave_up` after five days. Raises GateError
    `message_state` when the row is no longer in that attempt: someone settled it meanwhile.
    """
    target, values = _consequence(claimed, outcome.result, now)
    reason = None if outcome.reason is None else outcome.reason.value
    values |= {"phase": outcome.phase.value, "reply": outcome.reply, "reason": reason}
    return _move(conn, claimed.id, (State.SENDING,), target, now=now, attempt=claimed.attempts, values=values)


def _consequence(claimed: Message, result: Result, now: datetime) -> tuple[State, dict[str, Any]]:
    match result:
        case Result.SENT:
            return State.SENT, {"sent_at": format_utc(now)}
        case Result.BLOCKED:
            return State.BLOCKED, {}
        case Result.UNKNOWN:
            return State.UNKNOWN, {}
        case Result.RETRY:
            return _put_back(claimed, now)


def _put_back(claimed: Message, now: datetime) -> tuple[State, dict[str, Any]]:
    step = claimed.backoff_step
    due = next_attempt(message_id=claimed.message_id, step=step, queued_at=claimed.queued_at, now=now)
    if due is None:
        return State.GAVE_UP, {"backoff_step": step + 1}
    return State.QUEUED, {"backoff_step": step + 1, "next_attempt_at": format_utc(due)}


def recover_interrupted(conn: Connection, now: datetime) -> tuple[Message, ...]:
    """Turn every `sending` row into `unknown`, and return them: the program stopped before it knew.

    Only for the one process that may send, while it does not send: a row of a living attempt would be called unknown.
    """
    interrupted = conn.execute(
        sa.update(messages)
        .where(messages.c.state == State.SENDING.value)
        .values(
            state=State.UNKNOWN.value,
            reason=Reason.INTERRUPTED.value,
            phase=None,
            reply=None,
            updated_at=format_utc(now),
        )
        .returning(messages)
    )
    return tuple(sorted((_message(row) for row in interrupted), key=lambda message: message.id))


# --- a person decides -----------------------------------------------------------------------------------------------


def settle(conn: Connection, message_id: int, *, sent: bool, now: datetime) -> Message:
    """Settle an `unknown` message: it left (`sent`), or it is to be sent again, byte for byte the same.

    Raises GateError `message_state` when it is not `unknown`, NotFoundError `message_not_found`.
    """
    if not sent:
        return _requeue(conn, message_id, (State.UNKNOWN,), now)
    values = {"sent_at": format_utc(now), "reason": Reason.SETTLED_BY_PERSON.value}
    return _move(conn, message_id, (State.UNKNOWN,), State.SENT, now=now, values=values)


def release(conn: Connection, message_id: int, *, now: datetime) -> Message:
    """Let a `held` message go: it is due at once. Raises as `settle`."""
    return _requeue(conn, message_id, (State.HELD,), now)


def retry(conn: Connection, message_id: int, *, now: datetime) -> Message:
    """Queue a `blocked` or `gave_up` message again, with five new days. Raises as `settle`."""
    return _requeue(conn, message_id, (State.BLOCKED, State.GAVE_UP), now)


def _requeue(conn: Connection, message_id: int, expected: tuple[State, ...], now: datetime) -> Message:
    moment = format_utc(now)
    values = {"queued_at": moment, "next_attempt_at": moment, "backoff_step": 0}
    return _move(conn, message_id, expected, State.QUEUED, now=now, values=values)


# --- the one door to a row's state ----------------------------------------------------------------------------------


def _move(
    conn: Connection,
    message_id: int,
    expected: tuple[State, ...],
    target: State,
    *,
    now: datetime,
    values: dict[str, Any],
    attempt: int | None = None,
) -> Message:
    if any(target not in MOVES[state] for state in expected):
        raise ValueError(f"no move from {expected} to {target}")
    change = (
        sa.update(messages)
        .where(messages.c.id == message_id, messages.c.state.in_([state.value for state in expected]))
        .values(**values, state=target.value, updated_at=format_utc(now))
        .returning(messages)
    )
    if attempt is not None:
        change = change.where(messages.c.attempts == attempt)
    row = conn.execute(change).one_or_none()
    if row is None:
        raise _refusal(conn, message_id, expected)
    return _message(row)


def _refusal(conn: Connection, message_id: int, expected: tuple[State, ...]) -> GateError | NotFoundError:
    message = find(conn, message_id)
    if message is None:
        return NotFoundError("message_not_found", id=message_id)
    return GateError(
        "message_state", id=message_id, message_state=message.state.value, message_states=", ".join(expected)
    )


def _message(row: sa.Row[Any]) -> Message:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name for the row as a mapping
    for name in ("queued_at", "next_attempt_at", "created_at", "updated_at"):
        values[name] = parse_utc(values[name])
    values["sent_at"] = None if values["sent_at"] is None else parse_utc(values["sent_at"])
    values["phase"] = None if values["phase"] is None else Phase(values["phase"])
    values["state"] = State(values["state"])
    return Message(**values)
