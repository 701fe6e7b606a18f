"""The loops of `avtale run`, each in a thread of its own, and who looks after them.

A loop never ends by itself. One that does, whatever the reason, takes the process down: a service manager starts it
again, whereas a process without one of its loops would be blind and look well. One that is silent for longer than its
limit is told of; nothing can wake a thread that hangs in the kernel, so the service manager's watchdog goes unfed.

At the end every loop finishes the item in hand. What takes longer than STOP_SECONDS is left as a crash would leave it,
which every step survives: a message under way becomes `unknown`.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from agreements.errors import AvtaleError

logger = logging.getLogger(__name__)

STOP_SECONDS: Final = 10.0  # the limit; service managers and people wait no longer before they kill
LOOK_SECONDS: Final = 1.0  # how soon a dead loop is noticed

GoOn: TypeAlias = Callable[[], bool]
"""To be called between two items: says that the loop lives, and hears whether to go on."""


def always() -> bool:
    """Go on to the end."""
    return True


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One loop."""

    name: str
    """As in `status`: the part it is."""
    work: Callable[[GoOn], None]
    """Works until it hears that it is not to go on."""
    wake: Callable[[], None]
    """Ends its waiting for something to do, at once; called from another thread."""
    silent_seconds: float
    """Longest time between two calls of `GoOn`: the slowest item it may meet, and then some."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the supervisor sees."""

    dead: tuple[str, ...] = ()
    """Loops that have ended."""
    silent: tuple[str, ...] = ()
    """Loops that have said nothing for longer than they may."""

    @property
    def well(self) -> bool:
        """Every loop lives and answers."""
        return not self.dead and not self.silent


def supervise(loops: Sequence[Loop], stop: threading.Event, attend: Callable[[Watched], None]) -> None:
    """Run the loops until `stop` is set; call `attend` about once a second, and once more for a loop that died.

    Returns within STOP_SECONDS of that. Raises AvtaleError `loop_died` when one ended unasked, whatever `attend` does.
    """
    running = [_Running(loop, stop) for loop in loops]
    for each in running:
        each.thread.start()
    dead: tuple[_Running, ...] = ()
    try:
        while not dead and not stop.wait(LOOK_SECONDS):
            dead = tuple(each for each in running if not each.thread.is_alive())
            attend(_seen(running))
    finally:
        stop.set()
        _end(running)
    if dead and not all(each.was_asked for each in dead):
        raise AvtaleError("loop_died", part=dead[0].loop.name, error=dead[0].fault)


class _Running:
    """A loop in its thread, which does not hold up the end of the process."""

    def __init__(self, loop: Loop, stop: threading.Event) -> None:
        self.loop = loop
        self.fault = "-"
        self.was_asked = False
        self._stop = stop
        self._last = time.monotonic()
        self.thread = threading.Thread(target=self._run, name=loop.name, daemon=True)

    def is_silent(self) -> bool:
        return time.monotonic() - self._last > self.loop.silent_seconds

    def _go_on(self) -> bool:
        self._last = time.monotonic()
        return not self._stop.is_set()

    def _run(self) -> None:
        try:
            self.loop.work(self._go_on)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the process must end, and say so
            self.fault = type(error).__name__
            logger.critical("loop died", extra={"part": self.loop.name, "error": self.fault})
        else:
            self.was_asked = self._stop.is_set()


def _seen(running: Sequence[_Running]) -> Watched:
    alive = [each for each in running if each.thread.is_alive()]
    return Watched(
        dead=tuple(each.loop.name for each in running if each not in alive),
        silent=tuple(each.loop.name for each in alive if each.is_silent()),
    )


def _end(running: Sequence[_Running]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    for each in running:
        each.loop.wake()
    for each in running:
        each.thread.join(max(0.0, deadline - time.monotonic()))
        if each.thread.is_alive():
            logger.warning("a loop was left behind", extra={"part": each.loop.name})
