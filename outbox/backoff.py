"""When to try again: 1, 2, 5, 15, 30 and 60 minutes, then hourly, each ± 20 %, for five days."""

import hashlib
from datetime import datetime, timedelta

STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
JITTER = 0.2  # so that many messages stopped by one fault do not come back in one burst
GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321 4.5.4.1: "generally needs to be at least 4-5 days"


def next_attempt(*, message_id: str, step: int, queued_at: datetime, now: datetime) -> datetime | None:
    """When a message that failed for the (step + 1)-th time since `queued_at` is due again; None: give up.

    The jitter comes from the Message-ID and the step, so that the same failure always gets the same time.
    """
    due = now + STEPS[min(step, len(STEPS) - 1)] * _jitter(message_id, step)
    return due if due <= queued_at + GIVE_UP_AFTER else None


def _jitter(message_id: str, step: int) -> float:
    digest = hashlib.sha256(f"{message_id} {step}".encode()).digest()
    return 1 - JITTER + 2 * JITTER * int.from_bytes(digest[:4]) / 0xFFFFFFFF
