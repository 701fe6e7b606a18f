"""Running the engine's coroutines without an event loop's machinery.

They are coroutines for the sake of fetching, which never happens here (`signatures.engine`): nothing is ever waited
for but other steps of the same computation. So the loop they run in needs no sockets, no selector and no threads, which
in a freshly forked child take longer to set up than much of the judging.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Nothing:
    """Stands where the loop would ask the system what has arrived."""

    def select(self, timeout: float | None) -> tuple[()]:
        if timeout is None:
            raise RuntimeError("judging waits for something that never comes")
        return ()


class _Loop(asyncio.BaseEventLoop):
    """What BaseEventLoop leaves to those that know a system, for one that knows none (Python 3.11 to 3.13)."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Nothing()

    def _process_events(self, events: tuple[()]) -> None:
        """Nothing has arrived."""

    def _write_to_self(self) -> None:
        """No other thread has to be woken from waiting."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end. Raises what it raises, and RuntimeError if it waits for anything outside itself."""
    loop = _Loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
