"""A letter that the program writes by itself goes into the outbox, and into the case's record, in one transaction."""

from datetime import datetime

from agreements.parties import Actor
from onboarding.record import EventKind
from onboarding.store.events import NewEvent, append_event
from outbox.messages import Connection, NewMessage, enqueue


def enqueue_letter(connection: Connection, message: NewMessage, *, actor: Actor, now: datetime) -> int | None:
    """Enqueue it and record that; the message's row, or None where its key has been used: nothing is written then."""
    row = enqueue(connection, message, now=now)
    if row is None:
        return None
    event = NewEvent(
        kind=EventKind.LETTER_QUEUED,
        actor=actor,
        at=now,
        case_number=message.case_number,
        data={"purpose": message.purpose, "message": row, "agreement": message.agreement},
    )
    append_event(connection, event)
    return row
