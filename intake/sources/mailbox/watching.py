"""A mailbox's loop: rounds, waits, and longer and longer pauses when the server does not serve."""

from collections.abc import Callable
from threading import Event
from typing import Final

from agreements.errors import TemporaryError
from intake.sources.mailbox.problems import MailboxUnavailable, Problem
from intake.sources.mailbox.source import MailboxSource

ROUND_SECONDS: Final = 0.1  # between two rounds, whatever the server announces
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 300.0
JITTER: Final = 0.2  # so that many mailboxes stopped by one server do not come back in one burst
_LOCKS_OUT: Final = frozenset({Problem.AUTH_FAILED, Problem.TOKEN_REFUSED})
"""Trying again soon may lock the account: the longest pause at once."""


class Backoff:
    """Pauses between tries: 1 s, doubling to 5 minutes, each ± 20 %."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        """`jitter` gives numbers from 0 to 1 (`random.random`)."""
        self._jitter = jitter
        self._next = FIRST_PAUSE

    def reset(self) -> None:
        """It went well."""
        self._next = FIRST_PAUSE

    def after(self, error: TemporaryError) -> float:
        """Seconds to wait after one more failure."""
        refused = isinstance(error, MailboxUnavailable) and error.problem in _LOCKS_OUT
        pause = LONGEST_PAUSE if refused else self._next
        self._next = min(self._next * 2, LONGEST_PAUSE)
        return pause * (1 - JITTER + 2 * JITTER * self._jitter())


def watch(
    source: MailboxSource,
    work: Callable[[], bool],
    *,
    stop: Event,
    backoff: Backoff,
    nudged: Event | None = None,
) -> None:
    """Work on a mailbox until `stop` is set.

    `work` does one round: it scans, takes, commits and finishes, and says whether there is more to do at once. It
    raises MailboxUnavailable (or another TemporaryError) when it can't: then it is called again after a pause. It
    clears `nudged`, with which others end the wait (there is something to finish). Any other error ends the loop.

    A wait or a pause ends within a second of `stop`; a command in hand is finished, or given up after its time-out
    (`Timeouts`; `MailboxSource.interrupt` ends it at once).
    """
    try:
        while not stop.is_set():
            try:
                if not work():
                    source.wait(stop, nudged=nudged)
                backoff.reset()
                stop.wait(ROUND_SECONDS)
            except TemporaryError as error:
                stop.wait(backoff.after(error))
    finally:
        source.close()
