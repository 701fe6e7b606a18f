"""The outbox's tables, its rows as values, and the one door through which a row changes its state.

A change is a compare-and-set on the state (and, for an attempt, on its number), so that of two hands on one row only
one moves it; what happened is written into the message's history in the same transaction. Nothing here sends and
nothing commits.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from agreements.canonical import canonical_json
from agreements.errors import GateError, NotFoundError
from agreements.times import format_utc, parse_utc
from outbox.addresses import check_address
from outbox.history import NewEntry, add_entry, metadata
from outbox.holds import Hold
from outbox.outcome import Phase
from outbox.states import MOVES, State

Connection: TypeAlias = sa.Connection
Begin: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]
"""Opens a write transaction: committed when the block ends, rolled back when it raises."""

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
    sa.Column("copy_to", sa.Text),
    sa.Column("holds", sa.Text, nullable=False),
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
    sa.Column("unknown_at", sa.Text),
    sa.Column("evidence", sa.Text),
    sa.UniqueConstraint("idempotency_key", name="uq_messages_idempotency_key"),
    sa.UniqueConstraint("message_id", name="uq_messages_message_id"),
    sa.Index("ix_messages_due", "state", "next_attempt_at"),
    sa.Index("ix_messages_case_number", "case_number"),
    sa.Index("ix_messages_envelope_id", "envelope_id"),
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
    copy_to: str | None = None
    """A second recipient of the very same transaction: where we can look whether it left."""
    holds: tuple[Hold, ...] = ()
    """Why a person must release it first; none: it is due at once."""

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient, *([] if self.copy_to is None else [self.copy_to])):
            check_address(address)


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
    copy_to: str | None
    holds: tuple[Hold, ...]
    """What it was held for when it was enqueued; stays when it is released."""
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
    """When it is due; for an `unknown` one, when it is looked for the next time."""
    phase: Phase | None
    reply: str | None
    reason: str | None
    """Why it is not sent: one of `Reason`, the kind of its first hold, or why it was withdrawn."""
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    unknown_at: datetime | None
    """Since when nobody knows what became of its last attempt."""
    evidence: str | None
    """By what an unknown outcome was settled: one of `Evidence`."""


def move_row(
    conn: Connection,
    message_id: int,
    expected: tuple[State, ...],
    target: State,
    *,
    entry: NewEntry,
    values: dict[str, Any] | None = None,
    attempt: int | None = None,
) -> Message:
    """Move a row from one of the expected states, and write the entry into its history.

    `attempt`: only if this is still its last attempt. Raises GateError `message_state` when the row is elsewhere,
    NotFoundError `message_not_found`.
    """
    if any(target not in MOVES[state] for state in expected):
        raise ValueError(f"no move from {expected} to {target}")
    change = (
        sa.update(messages)
        .where(messages.c.id == message_id, messages.c.state.in_([state.value for state in expected]))
        .values(**(values or {}), state=target.value, updated_at=format_utc(entry.at))
        .returning(messages)
    )
    if attempt is not None:
        change = change.where(messages.c.attempts == attempt)
    row = conn.execute(change).one_or_none()
    if row is None:
        raise _refusal(conn, message_id, expected)
    message = as_message(row)
    add_entry(conn, message.id, entry, attempt=message.attempts, state=target)
    return message


def find(conn: Connection, message_id: int) -> Message | None:
    """The message with this row id."""
    row = conn.execute(sa.select(messages).where(messages.c.id == message_id)).one_or_none()
    return None if row is None else as_message(row)


def _refusal(conn: Connection, message_id: int, expected: tuple[State, ...]) -> GateError | NotFoundError:
    message = find(conn, message_id)
    if message is None:
        return NotFoundError("message_not_found", id=message_id)
    return GateError(
        "message_state", id=message_id, message_state=message.state.value, message_states=", ".join(expected)
    )


def holds_text(holds: tuple[Hold, ...]) -> str:
    """The holds as the row keeps them."""
    return canonical_json([asdict(hold) for hold in holds])


def as_message(row: sa.Row[Any]) -> Message:
    """A row as a value."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name for the row as a mapping
    for name in ("queued_at", "next_attempt_at", "created_at", "updated_at"):
        values[name] = parse_utc(values[name])
    for name in ("sent_at", "unknown_at"):
        values[name] = None if values[name] is None else parse_utc(values[name])
    values["phase"] = None if values["phase"] is None else Phase(values["phase"])
    values["state"] = State(values["state"])
    values["holds"] = tuple(Hold(**hold) for hold in json.loads(values["holds"]))
    return Message(**values)
