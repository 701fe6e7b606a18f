"""What alarms are to know of mail that was to leave, or did: read from the outbox's rows and their history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from onboarding.alarms import MailPicture, Trouble
from outbox.history import History, list_history, list_latest
from outbox.messages import Connection, Message
from outbox.settle_pass import EARLIER_COPY
from outbox.settling import WAIT_AT_MOST, Policy
from outbox.states import State

_TOLD_AT_ONCE: Final = frozenset({State.BLOCKED, State.FAILED_LATER})
"""Have an alarm of their own."""


def read_mail_picture(connection: Connection, stuck: Mapping[State, Sequence[Message]]) -> MailPicture:
    """What is wrong. `stuck`: the messages that wait for a person, by state."""
    blocked = [Trouble(since=one.updated_at, problem=one.reason) for one in stuck[State.BLOCKED]]
    unsearchable = [trouble for one in stuck[State.UNKNOWN] if (trouble := _unsearchable(connection, one))]
    about_copies = list_latest(connection, (History.COPY_LOST, History.COPY_SEEN), at_most=1)
    return MailPicture(
        blocked=min(blocked, key=_since, default=None),
        failed_later={one.id: one.updated_at for one in stuck[State.FAILED_LATER]},
        unsearchable=min(unsearchable, key=_since, default=None),
        copy_lost=next((entry.at for entry in about_copies if entry.kind is History.COPY_LOST), None),
    )


def waits_since(message: Message, policy: Policy, now: datetime) -> datetime | None:
    """Since when a message has been waiting for a person; None where another alarm tells it, or nobody is asked yet."""
    if message.state in _TOLD_AT_ONCE:
        return None
    if message.unknown_at is None:
        return message.updated_at
    asked_at = message.unknown_at + WAIT_AT_MOST if policy is Policy.WAIT else message.unknown_at
    return asked_at if asked_at <= now else None


def _unsearchable(connection: Connection, message: Message) -> Trouble | None:
    """Why the last look for a message came to nothing, if it was a place that could not be looked into."""
    looks = [entry for entry in list_history(connection, message.id) if entry.kind is History.LOOKED]
    if not looks or looks[-1].reason in (None, EARLIER_COPY):
        return None
    return Trouble(since=message.unknown_at or message.updated_at, problem=looks[-1].reason)


def _since(trouble: Trouble) -> datetime:
    return trouble.since
