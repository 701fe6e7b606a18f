"""A word to the service manager: ready, alive, stopping (man 3 sd_notify). Does nothing where there is none."""

import logging
import socket
import time
from typing import Final

logger = logging.getLogger(__name__)

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


class ServiceManager:
    """Tells the service manager how we are. Never raises: a deaf manager is no reason to stop working."""

    def __init__(self, address: str | None = None, watchdog_seconds: float | None = None) -> None:
        """What the environment tells. `address`: a path, or with a leading `@` a name in Linux' abstract space.
        `watchdog_seconds`: silent for so long, we are killed.
        """
        self._address = address
        self._watchdog = watchdog_seconds
        self._fed = float("-inf")

    def ready(self) -> None:
        """The work has begun."""
        self._tell(READY)

    def alive(self) -> None:
        """Every part answers. May be called often: told at half the watchdog's time (man 3 sd_watchdog_enabled)."""
        now = time.monotonic()
        if self._watchdog is not None and now - self._fed >= self._watchdog / 2:
            self._fed = now
            self._tell(ALIVE)

    def stopping(self) -> None:
        """The work is being ended."""
        self._tell(STOPPING)

    def _tell(self, word: str) -> None:
        if self._address is None:
            return
        target = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(1)
                channel.sendto(word.encode(), target)
        except OSError as error:
            logger.warning("service manager not told", extra={"word": word, "error": type(error).__name__})
