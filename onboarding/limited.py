"""A document with a vendor's own files is made in a child of its own, within limits of time and memory.

Jinja's sandbox keeps a template from reaching out, not from counting to a thousand millions; a stylesheet or a drawing
can do the same to the layout. So all of it, and the proof of the pages, runs in one process that may be killed. It
stays warm for the next document, and ends with its program. It is not the received PDFs' sandbox, for Pango starts
threads, which that sandbox's children may not; what a template reaches is held by Jinja's sandbox, and what is fetched
by `renderers.layout`.
"""

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from agreements.errors import AvtaleError, ConfigurationError, as_told
from onboarding.rendering import collect_garbage_seldom, load_layout
from onboarding.sandbox.confinement import end_with_parent

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from renderers.agreement import AgreementDocument
    from renderers.overrides import Overrides

T = TypeVar("T")
SECONDS: Final = 60.0
"""Wall time for one agreement, its proof included: 2 to 4 s on a quiet machine, and a busy one gets time."""
MEMORY_BYTES: Final = 2 * 2**30
"""Address space of the child: an agreement takes 0.4 GB of it, most of that the program and its libraries."""
OVER_LIMIT: Final = "template_over_limit"
DOCUMENTS: Final = 300  # then another child: the layout library grows by each (facts/rendering.md 1)
_STDERR: Final = 2  # its file descriptor (POSIX)
_OUT_OF_MEMORY: Final = "out of memory"


def run_limited(
    work: "Callable[[AgreementDocument], T]", document: "AgreementDocument", *, seconds: float = SECONDS
) -> T:
    """What `work`, a function of a module, makes of a document; its AvtaleError is raised here.

    Raises ConfigurationError `template_over_limit` if it takes more time or memory than it may, or its process dies;
    `template_not_laid_out` or `template_broke_layout` for what a vendor's own files brought about on the page.
    """
    outcome = _CHILD.run(work, document, seconds)
    if outcome is None:
        raise ConfigurationError(
            OVER_LIMIT,
            template=document.overrides.name,
            seconds=int(seconds),
            megabytes=MEMORY_BYTES // 2**20,
        )
    if isinstance(outcome, AvtaleError):
        raise outcome
    answer: T = outcome.value
    return answer


@dataclass(frozen=True)
class _Answer:
    value: Any


class _Child:
    """The one process, started when first needed; one document at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._documents = 0

    def run(
        self, work: "Callable[[AgreementDocument], Any]", document: "AgreementDocument", seconds: float
    ) -> _Answer | AvtaleError | None:
        """None if it broke a limit; the process is gone then, and the next document gets another."""
        with self._lock:
            try:
                connection = self._started()
                connection.send((work, document))
                outcome = connection.recv() if connection.poll(seconds) else _OUT_OF_MEMORY
            except (EOFError, OSError):  # it ended: a library that gets no memory ends the process it is in
                outcome = _OUT_OF_MEMORY
            except BaseException:
                self.stop()  # what it answers later would be taken for the next document's
                raise
            if outcome == _OUT_OF_MEMORY:
                self.stop()
                return None
            assert isinstance(outcome, _Answer | AvtaleError)
            return outcome

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _started(self) -> Connection:
        self._documents += 1
        running = self._process is not None and self._process.is_alive() and self._documents <= DOCUMENTS
        if self._connection is not None and running:
            return self._connection
        self.stop()
        self._documents = 1
        context = get_context("spawn")  # as `onboarding.press`, and for the same reason
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which is for the program, not for this
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        return self._connection


def _serve(connection: Connection, parent: int) -> None:
    """In the child: one document after another, until the program closes its end or dies."""
    end_with_parent(parent)
    _be_silent()
    unfit = _get_ready()
    while True:
        try:
            work, document = connection.recv()
        except EOFError:
            return
        connection.send(unfit or _outcome(work, document))


def _be_silent() -> None:
    """The layout's libraries write what they think of a stylesheet to the terminal, by themselves."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of a file
        os.dup2(nowhere.fileno(), _STDERR)


def _get_ready() -> AvtaleError | None:
    """Limit this process. What keeps it from laying out pages at all is every document's answer."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    collect_garbage_seldom()
    try:
        load_layout()
    except Exception as error:  # noqa: BLE001 - Pango is missing, or out of memory already
        return as_told(error)
    return None


def _outcome(work: "Callable[[AgreementDocument], Any]", document: "AgreementDocument") -> object:
    try:
        return _Answer(work(document))
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - a vendor's files may bring about anything
        return _OUT_OF_MEMORY if isinstance(error.__cause__, MemoryError) else _as_told(error, document.overrides)


def _as_told(error: Exception, overrides: "Overrides") -> AvtaleError:
    """With a vendor's own files at work, the fault is looked for in them: ours alone lay out every lint sample."""
    told, files = as_told(error), ", ".join(name for name, _ in overrides.files)
    if not files:
        return told
    if told.code == "render_failed":
        reason = told.params["reason"]
        return ConfigurationError("template_not_laid_out", template=overrides.name, files=files, reason=reason)
    if isinstance(error, AvtaleError):
        return error
    return ConfigurationError(
        "template_broke_layout", template=overrides.name, files=files, reason=type(error).__name__
    )


_CHILD: Final = _Child()
