"""Attempts: a due row is claimed, and what became of it is written. On the caller's connection; nothing here sends."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agreements.times import format_utc
from outbox.backoff import next_attempt
from outbox.evidence import apply_waiting_evidence
from outbox.history import History, NewEntry, add_entry, outcome_entry
from outbox.outcome import Outcome, Reason, Result
from outbox.rows import Connection, Message, as_message, messages, move_row
from outbox.states import State


def next_due(conn: Connection, now: datetime) -> Message | None:
    """The message that has been due longest, locked for the transaction. None when nothing is due."""
    due = (
        sa.select(messages)
        .where(messages.c.state == State.QUEUED.value, messages.c.next_attempt_at <= format_utc(now))
        .order_by(messages.c.next_attempt_at, messages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = conn.execute(due).one_or_none()
    return None if row is None else as_message(row)


def claim(conn: Connection, due: Message, now: datetime) -> Message:
    """Begin an attempt: `queued` to `sending`.

    The claim must be committed before the first byte is sent: it is what a crash leaves behind as a question. `due` was
    locked by `next_due` in the same transaction, so nobody else has moved it.
    """
    claimed = (
        sa.update(messages)
        .where(messages.c.id == due.id, messages.c.state == State.QUEUED.value)
        .values(state=State.SENDING.value, attempts=messages.c.attempts + 1, updated_at=format_utc(now))
        .returning(messages)
    )
    return as_message(conn.execute(claimed).one())


def claim_due(conn: Connection, now: datetime) -> Message | None:
    """Begin an attempt at the message that has been due longest. None when nothing is due."""
    due = next_due(conn, now)
    return None if due is None else claim(conn, due, now)


def put_off(conn: Connection, due: Message, *, until: datetime, reason: str, now: datetime) -> None:
    """Not now: the message stays `queued` and is due again `until` then. No attempt is counted."""
    moved = (
        sa.update(messages)
        .where(messages.c.id == due.id, messages.c.state == State.QUEUED.value)
        .values(next_attempt_at=format_utc(until), updated_at=format_utc(now))
    )
    if conn.execute(moved).rowcount:
        entry = NewEntry(kind=History.PUT_OFF, at=now, reason=reason)
        add_entry(conn, due.id, entry, attempt=due.attempts, state=State.QUEUED)


def record_outcome(conn: Connection, claimed: Message, outcome: Outcome, *, now: datetime) -> Message:
    """Write what became of the attempt that `claim_due` began, and return the message as it now stands.

    A retry goes back to the queue with its next time, or to `gave_up` after five days. What was reported of the attempt
    before its outcome was known is applied now. Raises GateError `message_state` when the row is no longer in that
    attempt: someone settled it meanwhile.
    """
    target, values = _consequence(claimed, outcome.result, now)
    reason = None if outcome.reason is None else outcome.reason.value
    values |= {"phase": outcome.phase.value, "reply": outcome.reply, "reason": reason}
    entry = outcome_entry(outcome, now)
    message = move_row(conn, claimed.id, (State.SENDING,), target, entry=entry, values=values, attempt=claimed.attempts)
    return apply_waiting_evidence(conn, message, now=now)


def _consequence(claimed: Message, result: Result, now: datetime) -> tuple[State, dict[str, Any]]:
    match result:
        case Result.SENT:
            return State.SENT, {"sent_at": format_utc(now)}
        case Result.BLOCKED:
            return State.BLOCKED, {}
        case Result.UNKNOWN:
            return State.UNKNOWN, _unknown_since(now)
        case Result.RETRY:
            return _put_back(claimed, now)


def _unknown_since(now: datetime) -> dict[str, Any]:
    return dict.fromkeys(("unknown_at", "next_attempt_at"), format_utc(now))


def _put_back(claimed: Message, now: datetime) -> tuple[State, dict[str, Any]]:
    step = claimed.backoff_step
    due = next_attempt(message_id=claimed.message_id, step=step, queued_at=claimed.queued_at, now=now)
    if due is None:
        return State.GAVE_UP, {"backoff_step": step + 1}
    return State.QUEUED, {"backoff_step": step + 1, "next_attempt_at": format_utc(due)}


def recover_interrupted(conn: Connection, now: datetime) -> tuple[Message, ...]:
    """Turn every `sending` row into `unknown`, and return them as they stand: the program stopped before it knew.

    Only for the one process that may send, while it does not send: a row of a living attempt would be called unknown.
    """
    interrupted = conn.execute(
        sa.select(messages.c.id).where(messages.c.state == State.SENDING.value).order_by(messages.c.id)
    ).scalars()
    return tuple(_interrupted(conn, row, now) for row in interrupted.all())


def _interrupted(conn: Connection, row: int, now: datetime) -> Message:
    values = {"reason": Reason.INTERRUPTED.value, "phase": None, "reply": None, **_unknown_since(now)}
    entry = NewEntry(kind=History.INTERRUPTED, at=now, reason=Reason.INTERRUPTED.value)
    message = move_row(conn, row, (State.SENDING,), State.UNKNOWN, entry=entry, values=values)
    return apply_waiting_evidence(conn, message, now=now)
