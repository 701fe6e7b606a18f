"""The roof's side: start the fetching process for what a judgement missed, within a wall limit, and remember failures.

What it could not fetch is no error of the program: revocation stays unknown then, which is for a person (SIG-013).
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from pydantic import ValidationError

from onboarding.fetching.child import Line, Order
from onboarding.fetching.hosts import find_target, parse_host
from onboarding.files import make_folder
from signatures.sources import RevocationSource

WALL_SECONDS: Final = 20.0  # ours: all that one document may wait for
REMEMBERED_SECONDS: Final = 600.0  # ours: a dead host holds up one document in ten minutes, not each
BOOT: Final = (
    "import sys; sys.path.append(sys.argv[1]); from onboarding.fetching.child import serve; "
    "serve(int(sys.argv[2]), sys.stdin.buffer, sys.stdout.buffer)"
)

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Fetcher:
    """Fills `folder` from the `hosts` of the configuration.

    `boot` and `seconds` are the process's program and its wall limit: another is for tests, which hand it over in code.
    """

    hosts: tuple[str, ...]
    folder: Path
    boot: str = BOOT
    seconds: float = WALL_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _tried: dict[str, float] = field(default_factory=dict)
    """Hosts that failed, and sources that were asked: when."""
    _lock: Lock = field(default_factory=Lock)

    def fetch(self, sources: Sequence[RevocationSource], now: datetime) -> bool:
        """Whether anything new lies in the folder. Takes `seconds` at most, and never raises for what a host does.

        Raises ConfigurationError or TemporaryError if the folder can't be made.
        """
        with self._lock:
            asked = tuple(source for source in sources if self._is_worth_asking(source))
            if not asked:
                return False
            make_folder(self.folder)
            self._remember(source.certificate for source in asked)
            order = Order(hosts=self._live_hosts(), folder=self.folder, now=now, sources=asked)
            return self._run(order)

    def _is_worth_asking(self, source: RevocationSource) -> bool:
        """It names a host that may be asked, and was not asked for just now."""
        hosts = tuple(host for text in self._live_hosts() if (host := parse_host(text)) is not None)
        urls = (*source.crl_urls, *source.ocsp_urls)
        return not self._is_remembered(source.certificate) and any(find_target(url, hosts) for url in urls)

    def _live_hosts(self) -> tuple[str, ...]:
        named = ((text, parse_host(text)) for text in self.hosts)
        return tuple(text for text, host in named if host is not None and not self._is_remembered(host.name))

    def _is_remembered(self, key: str) -> bool:
        tried = self._tried.get(key)
        return tried is not None and self.monotonic() - tried < REMEMBERED_SECONDS

    def _remember(self, keys: Iterable[str]) -> None:
        self._tried = {key: tried for key, tried in self._tried.items() if self._is_remembered(key)}
        self._tried.update(dict.fromkeys(keys, self.monotonic()))

    def _run(self, order: Order) -> bool:
        lines = _read_lines(_answer(self.boot, order.model_dump_json().encode(), self.seconds))
        told = [line for line in lines if line.outcome is not None]
        for line in told:
            logger.info("revocation data asked for", extra={"host": line.host, "outcome": line.outcome})
        self._remember(line.host for line in told if line.of_host)
        if lines and lines[-1].outcome is None:  # it was ended while it waited for this one
            logger.warning("fetching revocation data took too long", extra={"host": lines[-1].host})
            self._remember([lines[-1].host])
        return any(line.written for line in told)


def _answer(boot: str, order: bytes, seconds: float) -> bytes:
    """What the process wrote until it ended, or was ended. It gets no environment, so no secret and no proxy."""
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", boot, root, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the program
    )
    with process:
        try:
            return process.communicate(order, timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            _kill(process)
            return process.communicate()[0]
        finally:
            _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)


def _read_lines(answer: bytes) -> list[Line]:
    """The report's lines; the last one may be cut off."""
    lines = []
    for text in answer.splitlines():
        with suppress(ValidationError):
            lines.append(Line.model_validate_json(text))
    return lines
