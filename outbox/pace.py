"""How many messages may leave in a minute."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=1)
PER_MINUTE: Final = 25
"""Microsoft 365 takes 30 a minute from one account (its page on SMTP submission); some room below it."""
MAX_PER_MINUTE: Final = 600
"""More is no pace any more: a whole pass every ten seconds."""


class Pace:
    """At most `per_minute` in any sixty seconds; None: no limit.

    A sliding window and not a token bucket: a full bucket plus its refill would let almost twice the limit through in
    the first minute, and providers count what came within sixty seconds.
    """

    def __init__(self, per_minute: int | None = PER_MINUTE, *, before: Iterable[datetime] = ()) -> None:
        """`before`: when messages left lately, by an earlier process; a restart must not begin a new window."""
        if per_minute is not None and per_minute < 1:
            raise ValueError("per_minute must be at least 1")
        self._per_minute = per_minute
        self._used: deque[datetime] = deque(sorted(before) if per_minute is not None else ())

    def free_at(self, now: datetime) -> datetime:
        """When the next message may leave: `now`, or later."""
        while self._used and self._used[0] + WINDOW <= now:
            self._used.popleft()
        if self._per_minute is None or len(self._used) < self._per_minute:
            return now
        return self._used[len(self._used) - self._per_minute] + WINDOW

    def use(self, now: datetime) -> None:
        """Counts one message that leaves at `now`."""
        if self._per_minute is not None:
            self._used.append(now)
