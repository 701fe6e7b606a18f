"""When to try again, a message and the mail server as a whole. Published in docs/operations.md.

A message that did not leave: after 1, 2, 5, 15, 30 and 60 minutes, then hourly, each ± 20 %, for five days.
The server, after an attempt that says something of it and not of the message (`outcome.stops_the_queue`): nothing is
tried for 1, 2 and then always 5 minutes. Where each attempt is one more refused log-in, which gets an account locked:
1, 2, 5, 15, 30 and 60 minutes, then hourly.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from outbox.outcome import Reason

STEPS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
JITTER: Final = 0.2  # so that many messages stopped by one fault do not come back in one burst
GIVE_UP_AFTER: Final = timedelta(days=5)  # RFC 5321 4.5.4.1: "generally needs to be at least 4-5 days"
SERVER_STEPS: Final = STEPS[:3]  # a server that is back must not be left alone for an hour
_LOCKS_ACCOUNTS: Final = frozenset({Reason.AUTH_REFUSED, Reason.TOKEN_FAILED})


def next_attempt(*, message_id: str, step: int, queued_at: datetime, now: datetime) -> datetime | None:
    """When a message that failed for the (step + 1)-th time since `queued_at` is due again; None: give up.

    The jitter comes from the Message-ID and the step, so that the same failure always gets the same time.
    """
    due = now + STEPS[min(step, len(STEPS) - 1)] * _jitter(message_id, step)
    return due if due <= queued_at + GIVE_UP_AFTER else None


def server_pause(reason: str, times: int) -> timedelta:
    """How long nothing is tried after so many attempts in a row (at least one) that ended for the server's sake.

    `reason`: of the last one.
    """
    steps = STEPS if reason in _LOCKS_ACCOUNTS else SERVER_STEPS
    return steps[min(times, len(steps)) - 1]


def _jitter(message_id: str, step: int) -> float:
    digest = hashlib.sha256(f"{message_id} {step}".encode()).digest()
    return 1 - JITTER + 2 * JITTER * int.from_bytes(digest[:4]) / 0xFFFFFFFF
