"""What happened to each message, one row for each thing, in the transaction in which it happened.

The row of a message says where it stands; its history says how it came there: every attempt with the server's reply,
every report, every look for a copy, every decision. Nothing in it is ever changed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from agreements.times import format_utc, parse_utc
from outbox.outcome import Outcome, Phase
from outbox.states import State

metadata = sa.MetaData()

message_history = sa.Table(
    "message_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("message", sa.Integer, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("phase", sa.Text),
    sa.Column("reply", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Index("ix_message_history_message", "message", "kind"),
)


class History(StrEnum):
    """What can happen to a message. Texts for people: `message_history.<kind>`."""

    ENQUEUED = "enqueued"
    ATTEMPT = "attempt"
    """Tried; phase, reply and reason tell how far it came."""
    INTERRUPTED = "interrupted"
    """The program had stopped while it was sending."""
    PUT_OFF = "put_off"
    """Due, but not now; the reason says why."""
    COPY_SEEN = "copy_seen"
    """Our own copy of it has come."""
    COPY_LOST = "copy_lost"
    """A mail system has told that our own copy of it did not arrive."""
    REPORT = "report"
    """A mail system has told what became of it: action, status and diagnostic in the reply."""
    LOOKED = "looked"
    """Looked for, and not found; the reason says where there was no looking."""
    SETTLED = "settled"
    """An unknown outcome became known; the reason says by which evidence."""
    RELEASED = "released"
    REQUEUED = "requeued"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """Something that happens to a message now."""

    kind: History
    at: datetime
    phase: Phase | None = None
    reply: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """Something that happened to a message."""

    at: datetime
    kind: History
    attempt: int
    """Attempts begun by then."""
    state: State
    """Where the message stood afterwards."""
    phase: Phase | None
    reply: str | None
    reason: str | None


def outcome_entry(outcome: Outcome, at: datetime) -> NewEntry:
    """The entry of an attempt."""
    reason = None if outcome.reason is None else outcome.reason.value
    return NewEntry(kind=History.ATTEMPT, at=at, phase=outcome.phase, reply=outcome.reply, reason=reason)


def add_entry(conn: sa.Connection, message: int, entry: NewEntry, *, attempt: int, state: State) -> None:
    """Write an entry on the caller's connection. `attempt` and `state`: of the message after it."""
    row = {
        "message": message,
        "at": format_utc(entry.at),
        "kind": entry.kind.value,
        "attempt": attempt,
        "state": state.value,
        "phase": None if entry.phase is None else entry.phase.value,
        "reply": entry.reply,
        "reason": entry.reason,
    }
    conn.execute(message_history.insert().values(row))


def list_history(conn: sa.Connection, message: int) -> tuple[HistoryEntry, ...]:
    """The history of one message, oldest first."""
    query = sa.select(message_history).where(message_history.c.message == message).order_by(message_history.c.id)
    return tuple(_entry(row) for row in conn.execute(query))


def list_latest(conn: sa.Connection, kinds: Collection[History], *, at_most: int) -> tuple[HistoryEntry, ...]:
    """What happened last to any message, of these kinds, newest first; attempts that did not reach for the network
    are left out.
    """
    heard = message_history.c.phase.is_distinct_from(Phase.PREPARE.value)
    query = sa.select(message_history).where(message_history.c.kind.in_([kind.value for kind in kinds]), heard)
    return tuple(_entry(row) for row in conn.execute(query.order_by(message_history.c.id.desc()).limit(at_most)))


def _entry(row: sa.Row[Any]) -> HistoryEntry:
    return HistoryEntry(
        at=parse_utc(row.at),
        kind=History(row.kind),
        attempt=row.attempt,
        state=State(row.state),
        phase=None if row.phase is None else Phase(row.phase),
        reply=row.reply,
        reason=row.reason,
    )
