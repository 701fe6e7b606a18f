"""What others tell about a message after it was handed over: our own copy came, a mail system reported.

What is told while an attempt is still under way is kept in the history, and applied when its outcome is recorded: mail
can be quicker than a commit. Told twice, it counts once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from agreements.times import format_utc
from outbox.history import History, NewEntry, add_entry, list_history
from outbox.rows import Connection, Message, find, messages, move_row
from outbox.states import State


class Evidence(StrEnum):
    """By what an unknown outcome is settled. Texts for people: `outbox_evidence.<evidence>`."""

    COPY = "copy"
    """Our own copy came: accepted for one recipient is accepted for both, by one reply to one final dot."""
    SENT_FOLDER = "sent_folder"
    REPORT = "report"
    ANSWER = "answer"
    """Somebody answered it: its Message-ID is not to be guessed."""
    ABSENCE = "absence"
    """It lay in none of the places in time: taken for "did not leave", where the policy says so."""
    REPLY = "reply"
    """The server's reply was kept, though it could not be written into the case then."""
    PERSON = "person"


class Action(StrEnum):
    """What a mail system says it did (RFC 3464 2.3.3)."""

    DELIVERED = "delivered"
    RELAYED = "relayed"
    """Handed on to a system that sends no reports of its own."""
    EXPANDED = "expanded"
    """Delivered to a list of recipients, and told of no further."""
    DELAYED = "delayed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a delivery status notification says of the message's recipient."""

    action: Action
    text: str
    """Status and diagnostic, as they are kept: `5.1.1 550 no such user`."""
    known: bool = True
    """Whether it names what only the mail itself says. False: anybody could have written it, and the message says so
    to whoever looks at it.
    """


ANYBODYS_REPORT: Final = "anybodys_report"
"""Why a message counts as failed that only a report without a mark of ours says so of."""
_TARGETS: Final = {
    Action.DELIVERED: State.DELIVERED,
    Action.RELAYED: State.DELIVERED,
    Action.EXPANDED: State.DELIVERED,
    Action.FAILED: State.FAILED_LATER,
}
_FROM: Final = {
    State.DELIVERED: (State.UNKNOWN, State.SENT),
    State.FAILED_LATER: (State.UNKNOWN, State.SENT, State.DELIVERED),
}


def record_copy_seen(conn: Connection, message_id: int, *, now: datetime) -> Message | None:
    """Our own copy of the message has come: an `unknown` one was sent.

    Returns the message if that settled it, else None.
    """
    message = find(conn, message_id)
    entry = NewEntry(kind=History.COPY_SEEN, at=now, reason=Evidence.COPY.value)
    if message is None or _is_told(conn, message, entry):
        return None
    if message.state is not State.UNKNOWN or left_before(conn, message):
        add_entry(conn, message.id, entry, attempt=message.attempts, state=message.state)
        return None
    return _settled(conn, message, entry, Evidence.COPY)


def record_copy_lost(conn: Connection, message_id: int, *, known: bool, now: datetime) -> Message | None:
    """A mail system has told that our own copy did not arrive: so it had the mail, and the message left.

    `known`: told by one who knows what only the mail itself says. Returns the message if that settled it, else None.
    """
    message = find(conn, message_id)
    entry = NewEntry(kind=History.COPY_LOST, at=now)
    if message is None or _is_told(conn, message, entry):
        return None
    if known and message.state is State.UNKNOWN and not left_before(conn, message):
        return _settled(conn, message, entry, Evidence.REPORT)
    add_entry(conn, message.id, entry, attempt=message.attempts, state=message.state)
    return None


def record_report(conn: Connection, message_id: int, report: Report, *, now: datetime) -> Message | None:
    """A mail system has told what became of the message. Returns it if that moved it, else None."""
    message = find(conn, message_id)
    reported = NewEntry(kind=History.REPORT, at=now, reply=report.text, reason=report.action.value)
    if message is None or _is_told(conn, message, reported):
        return None
    moved = _moved(conn, message, reported, report.action, reason=None if report.known else ANYBODYS_REPORT)
    if moved is not None:
        return moved
    add_entry(conn, message.id, reported, attempt=message.attempts, state=message.state)
    return None


def left_before(conn: Connection, message: Message) -> bool:
    """Whether an earlier attempt is known to have left, as of one that failed further on and was sent again.

    Its copy lies where the last attempt's would, with the same Message-ID: it then proves nothing of the last one.
    """
    left = {State.SENT, State.DELIVERED, State.FAILED_LATER}
    return any(entry.attempt < message.attempts and entry.state in left for entry in list_history(conn, message.id))


def apply_waiting_evidence(conn: Connection, message: Message, *, now: datetime) -> Message:
    """The message after what was told of its last attempt before that attempt's outcome was known."""
    for told in list_history(conn, message.id):
        if told.attempt != message.attempts or told.state is not State.SENDING:
            continue
        if told.kind is History.COPY_SEEN and message.state is State.UNKNOWN and not left_before(conn, message):
            entry = NewEntry(kind=History.SETTLED, at=now, reason=Evidence.COPY.value)
            message = _settled(conn, message, entry, Evidence.COPY)
        elif told.kind is History.REPORT and told.reason is not None:
            entry = NewEntry(kind=History.SETTLED, at=now, reply=told.reply, reason=told.reason)
            message = _moved(conn, message, entry, Action(told.reason)) or message
    return message


def look_again(
    conn: Connection, message: Message, *, at: datetime, unreached: str | None, now: datetime, where: str = ""
) -> None:
    """An `unknown` message was looked for and not found: the next look is due `at`.

    `unreached`: a code that says why a place could not be looked into; None if all could. `where`: each place with what
    came of it, as codes.
    """
    changed = (
        sa.update(messages)
        .where(messages.c.id == message.id, messages.c.state == State.UNKNOWN.value)
        .values(next_attempt_at=format_utc(at), updated_at=format_utc(now))
    )
    if conn.execute(changed).rowcount:
        entry = NewEntry(kind=History.LOOKED, at=now, reply=where or None, reason=unreached)
        add_entry(conn, message.id, entry, attempt=message.attempts, state=State.UNKNOWN)


def _is_told(conn: Connection, message: Message, entry: NewEntry) -> bool:
    """Whether this very thing was told of the same attempt before."""
    told = {(old.kind, old.attempt, old.reply, old.reason) for old in list_history(conn, message.id)}
    return (entry.kind, message.attempts, entry.reply, entry.reason) in told


def _moved(
    conn: Connection, message: Message, entry: NewEntry, action: Action, *, reason: str | None = None
) -> Message | None:
    """The message after what a mail system did with it, or None where that moves it nowhere. To delay a mail, one must
    have it.
    """
    if action is Action.DELAYED and message.state is State.UNKNOWN:
        return _settled(conn, message, entry, Evidence.REPORT)
    target = _TARGETS.get(action)
    if target is None or message.state not in _FROM[target]:
        return None
    return _reported(conn, message, entry, target, reason)


def _settled(conn: Connection, message: Message, entry: NewEntry, evidence: Evidence) -> Message:
    return move_row(conn, message.id, (State.UNKNOWN,), State.SENT, entry=entry, values=_sent(message, evidence, entry))


def _reported(conn: Connection, message: Message, entry: NewEntry, target: State, reason: str | None) -> Message:
    values = _sent(message, Evidence.REPORT, entry) if message.state is State.UNKNOWN else {}
    if target is State.FAILED_LATER:
        values |= {"reply": entry.reply, "reason": reason}
    return move_row(conn, message.id, (message.state,), target, entry=entry, values=values)


def _sent(message: Message, evidence: Evidence, entry: NewEntry) -> dict[str, Any]:
    """That it left is known from now on; when it left, only since when nobody knew."""
    return {
        "sent_at": format_utc(message.unknown_at or entry.at),
        "evidence": evidence.value,
        "reason": None,
        "unknown_at": None,
    }
