"""When the queue as a whole stands still, read from the history: it holds after a restart and for `run --once`, too.

Without it, each pass would try one more message: a wrong password every five seconds, until the account is locked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Final

from outbox.backoff import STEPS, server_pause
from outbox.history import History, HistoryEntry
from outbox.outcome import stops_the_queue

LOOK_BACK: Final = len(STEPS)
"""Entries that decide: more in a row make no longer pause."""


@dataclass(frozen=True, kw_only=True)
class Standstill:
    """The last attempt said something of the server, and not of its message."""

    reason: str
    """What it said: one of `Reason`."""
    until: datetime
    """When the next message may be tried."""


def find_standstill(newest_first: Sequence[HistoryEntry]) -> Standstill | None:
    """Whether the queue stands still, by the last LOOK_BACK attempts and requeueings of all messages.

    A person's `outbox retry`, of whatever message, ends it: they have mended the cause.
    """
    streak = tuple(takewhile(_was_stopped, newest_first))
    if not streak:
        return None
    last = streak[0]
    assert last.reason is not None
    return Standstill(reason=last.reason, until=last.at + server_pause(last.reason, len(streak)))


def _was_stopped(entry: HistoryEntry) -> bool:
    return entry.kind is History.ATTEMPT and stops_the_queue(entry.phase, entry.reason)
