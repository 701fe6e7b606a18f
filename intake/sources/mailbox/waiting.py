"""Waiting for mail: IDLE in slices, or asking now and then.

Mail is found by searching, never by what the server announces: a wait that ends too early or too late costs time, not
mail (G7).
"""

import time
from collections.abc import Callable
from threading import Event
from typing import Final

from intake.sources.mailbox.account import Timeouts
from intake.sources.mailbox.client import PULSE_SECONDS, SafeClient

NOISE_SECONDS: Final = 1.0  # after announcements that are no mail: a talkative server must not keep us busy


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
