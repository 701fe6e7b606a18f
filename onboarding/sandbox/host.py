"""The program's side of the sandbox: a pool of zygotes, one per worker, each started when first needed."""

import json
import logging
import os
import queue
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agreements.canonical import JsonValue, canonical_json
from agreements.errors import ConfigurationError
from onboarding.sandbox.confinement import Limits
from onboarding.sandbox.wire import ConnectionGone, receive_frame, send_frame

logger = logging.getLogger(__name__)

START_SECONDS = 60  # importing everything takes about 1 s; a loaded machine gets time
GRACE_SECONDS = 10  # beyond a job's wall time: the zygote itself hangs, and is killed
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from onboarding.sandbox.zygote import main; main(int(sys.argv[2]), sys.argv[3:])"
)


class Limit(StrEnum):
    """Which limit a job broke; `crash`: it ended without an answer."""

    MEMORY = "memory"
    CPU = "cpu"
    WALL = "wall"
    OUTPUT = "output"
    CRASH = "crash"


@dataclass(frozen=True, kw_only=True)
class SandboxResult:
    """What became of a job: a value, a broken limit, or the function's own exception."""

    value: JsonValue = None
    limit: Limit | None = None
    error: str | None = None
    """Type name of the exception. Never its message: that may hold what stands in the document."""
    where: str | None = None
    """File and line the exception came from."""

    @property
    def ok(self) -> bool:
        """True if the function returned; `value` is what it returned."""
        return self.limit is None and self.error is None


class Sandbox:
    """Runs functions over received bytes in confined children. Use from any thread; at most `workers` jobs at a time.

    `preload`: modules imported once, before the first job; what a child imports itself it imports every time.
    """

    def __init__(self, limits: Limits | None = None, *, preload: tuple[str, ...] = (), workers: int = 1) -> None:
        self._limits = limits or Limits()
        self._zygotes: queue.LifoQueue[_Zygote] = queue.LifoQueue()  # the last used one is warm
        self._all = tuple(_Zygote(preload) for _ in range(workers))
        for zygote in reversed(self._all):
            self._zygotes.put(zygote)

    def run(
        self,
        function: str,
        *,
        files: Mapping[str, int | Path],
        arguments: JsonValue = None,
        limits: Limits | None = None,
        output: int | None = None,
    ) -> SandboxResult:
        """Run `module:function` as `function(files: Mapping[str, bytes], arguments) -> JSON` in a child.

        `files`: regular files, as descriptors open for reading (they stay open, their offset is not moved) or as
        paths, opened here. `limits`: other ones than the sandbox's for this job. `output`: an empty file, as a
        descriptor open for writing, for what is too large for the answer; the function is then called with a third
        argument, `write(bytes)`, and `limits.file_bytes` bounds what it writes. Waits for a free worker. Whatever the
        child does is in the result; raises OSError for a path that can't be opened, ConfigurationError if no zygote
        can be started.
        """
        request = {"function": function, "files": list(files), "limits": asdict(limits or self._limits)}
        body = canonical_json(arguments).encode()
        with ExitStack() as opened:
            descriptors = [opened.enter_context(_opened(file)) for file in files.values()]
            descriptors += [] if output is None else [output]
            with self._free_zygote() as zygote:
                return zygote.run(request, body, descriptors)

    @property
    def network_isolated(self) -> bool:
        """True if children can't reach any network: an empty name space, or the system-call filter.

        Starts a zygote to find out.
        """
        with self._free_zygote() as zygote:
            return bool(zygote.started()["network_isolated"])

    @property
    def filtered(self) -> bool:
        """True if the system-call filter holds: no new processes, no changes to files."""
        with self._free_zygote() as zygote:
            return bool(zygote.started()["filtered"])

    def close(self) -> None:
        """Stop every zygote. To be called when no other thread runs a job any more."""
        for zygote in self._all:
            zygote.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _free_zygote(self) -> Iterator["_Zygote"]:
        zygote = self._zygotes.get()
        try:
            yield zygote
        except BaseException:
            zygote.stop()  # an interrupted exchange leaves an answer behind that would be the next job's
            raise
        finally:
            self._zygotes.put(zygote)


class _Zygote:
    """One zygote process; used by one thread at a time."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._preload = preload
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._hello: dict[str, Any] = {}

    def run(self, request: dict[str, Any], arguments: bytes, files: list[int]) -> SandboxResult:
        """One job. A zygote that died is replaced, and the job tried once more: it may have died of something else."""
        for _attempt in range(2):
            try:
                self.started()
                return self._exchange(request, arguments, files)
            except ConnectionGone:
                logger.warning("sandbox process died and is replaced")
                self.stop()
            except TimeoutError:
                logger.warning("sandbox process hung and is replaced")
                self.stop()
                return SandboxResult(limit=Limit.WALL)
        return SandboxResult(limit=Limit.CRASH)

    def started(self) -> dict[str, Any]:
        """What the zygote said of itself when it was ready. Starts it if it does not run."""
        if self._process is None:
            self._start()
        return self._hello

    def stop(self) -> None:
        """End the process: it kills its child when its socket closes; what hangs is killed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            try:
                self._process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _start(self) -> None:
        """Start by exec, with an environment of its own: no secrets of ours, no way to steer its imports."""
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).parents[2])
        command = [sys.executable, "-I", "-c", _BOOT, root, str(theirs.fileno()), *self._preload]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the program, which then closes the socket
            )
        self._connection = ours
        ours.settimeout(START_SECONDS)
        try:
            self._hello = receive_frame(ours)[0]
        except (ConnectionGone, TimeoutError) as error:
            self.stop()
            raise ConfigurationError("sandbox_unavailable", fault=type(error).__name__) from error
        if "failed" in self._hello:
            self.stop()
            raise ConfigurationError("sandbox_unavailable", fault=self._hello["failed"])

    def _exchange(self, request: dict[str, Any], arguments: bytes, files: list[int]) -> SandboxResult:
        connection = self._connection
        if connection is None:
            raise ConnectionGone
        connection.settimeout(request["limits"]["wall_seconds"] + GRACE_SECONDS)
        send_frame(connection, request, arguments, files)
        header, answer, _files = receive_frame(connection)
        return SandboxResult(limit=Limit(header["limit"])) if "limit" in header else _read_answer(answer)


def _read_answer(answer: bytes) -> SandboxResult:
    """A child's answer; one that is not what our own code writes counts as a crash."""
    with suppress(ValueError, RecursionError, TypeError, KeyError):
        data = json.loads(answer)
        if "value" in data:
            return SandboxResult(value=data["value"])
        if "limit" in data:
            return SandboxResult(limit=Limit(data["limit"]))
        return SandboxResult(error=str(data["error"])[:80], where=str(data["where"])[:80])
    return SandboxResult(limit=Limit.CRASH)


@contextmanager
def _opened(file: int | Path) -> Iterator[int]:
    if isinstance(file, int):
        yield file
        return
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # never waits for a pipe's other end
    try:
        yield descriptor
    finally:
        os.close(descriptor)
