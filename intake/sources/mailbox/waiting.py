"""Waiting for mail, and for a server that does not answer: IDLE in slices, and longer and longer pauses.

`watch` is a mailbox's loop. Mail is found by its search, never by what the server announces: a wait that ends too early
or too late costs time, not mail (G7).
"""

import time
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Final

from agreements.errors import TemporaryError
from intake.sources.mailbox.account import Timeouts
from intake.sources.mailbox.client import PULSE_SECONDS, SafeClient
from intake.sources.mailbox.problems import MailboxUnavailable, Problem

if TYPE_CHECKING:
    from intake.sources.mailbox.source import MailboxSource

NOISE_SECONDS: Final = 1.0  # after announcements that are no mail: a talkative server must not keep us busy
ROUND_SECONDS: Final = 0.1  # between two rounds, whatever the server announces
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 300.0
JITTER: Final = 0.2  # so that many mailboxes stopped by one server do not come back in one burst
_LOCKS_OUT: Final = frozenset({Problem.AUTH_FAILED})
"""Trying again soon may lock the account: the longest pause at once."""


def await_news(client: SafeClient, timeouts: Timeouts, *, stop: Event, nudged: Event | None) -> None:
    """Return when mail was announced, an event is set, or the slice is over. Raises what a dead connection raises."""

    def is_interrupted() -> bool:
        return stop.is_set() or (nudged is not None and nudged.is_set())

    until = time.monotonic() + timeouts.idle
    while not client.has_news() and not is_interrupted() and (left := until - time.monotonic()) > 0:
        if client.has_capability("IDLE"):
            client.ask_for_news()  # some servers (pymap) do not tell in IDLE what came just before it
            if client.has_news():
                return
            heard = client.start_idle() or client.wait_readable(left, is_interrupted)
            if stop.is_set():
                return  # a frozen server must not keep us: no DONE
            client.stop_idle()
        else:
            _pause(min(left, timeouts.poll), is_interrupted)
            heard = False
            if not stop.is_set():
                client.ask_for_news()
        if heard and not client.has_news():
            _pause(NOISE_SECONDS, is_interrupted)


def _pause(seconds: float, is_interrupted: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not is_interrupted() and (left := until - time.monotonic()) > 0:
        Event().wait(min(left, PULSE_SECONDS))


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
    source: "MailboxSource",
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
