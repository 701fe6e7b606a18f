"""What follows for its case when it becomes known what happened to a message after it was handed over."""

from datetime import datetime

from agreements.canonical import JsonValue
from agreements.case import AgreementState, move_undelivered
from agreements.parties import Actor
from onboarding.forwarding import FORWARD, record_forwarded
from onboarding.record import EventKind
from onboarding.store.cases import find_case_of, move_case
from onboarding.store.events import NewEvent, append_event
from outbox.messages import Connection, Message
from outbox.outcome import Outcome, Result
from outbox.states import LEFT, State

_EXPECTED = {Result.SENT: State.SENT, Result.UNKNOWN: State.UNKNOWN}


def record_told_before(
    connection: Connection, message: Message, outcome: Outcome, *, actor: Actor, now: datetime
) -> None:
    """Record what was told of an attempt before its outcome was: the message stands further on than that alone says."""
    expected = _EXPECTED.get(outcome.result)
    if expected is not None and message.state is not expected:
        record_moved(connection, message, before=expected, actor=actor, now=now)


def record_moved(connection: Connection, message: Message, *, before: State, actor: Actor, now: datetime) -> None:
    """Write into the case where evidence or a person has moved a message from `before`, in the transaction that did.

    A forward that left makes the agreement `forwarded`; one that came back makes it `approved` again, so that the case
    waits for the vendor, and set-up and launch stay closed. Of other mail's arrival nothing is an event.
    """
    data: dict[str, JsonValue] = {"message": message.id}
    if before not in LEFT and message.state in LEFT:
        settled = {**data, "sent": True, "evidence": message.evidence}
        _append(connection, EventKind.MESSAGE_SETTLED, message, settled, actor=actor, now=now)
        record_forwarded(connection, message, actor=actor, now=now, data={**data, "settled": True})
    if message.state is State.QUEUED:
        settled = {**data, "sent": False}
        _append(connection, EventKind.MESSAGE_SETTLED, message, settled, actor=actor, now=now)
    if message.state is State.DELIVERED and message.purpose == FORWARD:
        _append(connection, EventKind.MESSAGE_DELIVERED, message, data, actor=actor, now=now)
    if message.state is State.FAILED_LATER:
        _record_failed(connection, message, actor=actor, now=now)


def _record_failed(connection: Connection, message: Message, *, actor: Actor, now: datetime) -> None:
    """A mail system's words may quote an address: that of Digipost's desk may stand in the record, a person's not."""
    is_forward = message.purpose == FORWARD
    data: dict[str, JsonValue] = {"message": message.id, "reply": message.reply if is_forward else None}
    event = _event(EventKind.MESSAGE_FAILED_LATER, message, data, actor=actor, now=now)
    case = find_case_of(connection, message.case_number)
    concerns = case is not None and case.in_force is not None and str(case.in_force) == message.agreement
    if is_forward and case is not None and concerns and case.open and case.agreement_state is AgreementState.FORWARDED:
        move_case(connection, move_undelivered(case, now=now), event=event)
    else:
        append_event(connection, event)


def _append(
    connection: Connection,
    kind: EventKind,
    message: Message,
    data: dict[str, JsonValue],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    append_event(connection, _event(kind, message, data, actor=actor, now=now))


def _event(kind: EventKind, message: Message, data: dict[str, JsonValue], *, actor: Actor, now: datetime) -> NewEvent:
    return NewEvent(kind=kind, actor=actor, at=now, case_number=message.case_number, data=data)
