"""From a document's values to what is issued: the PDF, and its field map as a return's reading will see the pages.

One document is rendered in this process. Many are rendered by a few warm processes of their own, for the layout holds
the interpreter; they get values and give back bytes, and touch neither database nor originals. A worker that dies costs
the documents it held, and they are told of; one whose program dies ends with it.
"""

import logging
import os
import signal
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeVar

from agreements.errors import AvtaleError, TemporaryError, as_told
from agreements.fieldmap import FieldMap
from onboarding.limited import run_limited
from onboarding.rendering import collect_garbage_seldom, load_layout
from onboarding.sandbox.confinement import end_with_parent

if TYPE_CHECKING:
    from renderers.agreement import AgreementDocument, RenderedAgreement

logger = logging.getLogger(__name__)

MAX_WORKERS: Final = 4  # beyond, the one process that stores is what everybody waits for
DOCUMENTS_PER_WORKER: Final = 300  # WeasyPrint grows by 0.3 MB for each (facts/rendering.md 1)
_AHEAD: Final = 2  # documents handed out per worker: one at work, one to begin with at once
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """A rendered agreement that is stored nowhere yet."""

    pdf: bytes
    pages: int
    template_version: str
    control_code: str
    field_map: FieldMap


def press(document: "AgreementDocument") -> Pressed:
    """Render one agreement, and read its pages. Pure. Raises as `renderers.form_agreement.render`.

    With a vendor's own template files it is made in a child within limits; ConfigurationError `template_hides` if
    something that is signed can't be read, `template_over_limit`.
    """
    load_layout()
    from intake.reading.pages import READER, read_pages
    from renderers.form_agreement import render

    rendered = run_limited(_render_proved, document) if document.overrides.files else render(document)
    return Pressed(
        pdf=rendered.pdf,
        pages=rendered.pages,
        template_version=rendered.template_version,
        control_code=rendered.control_code,
        field_map=FieldMap(
            values=rendered.values, fields=rendered.fields, pages=read_pages(rendered.pdf), reader=READER
        ),
    )


def _render_proved(document: "AgreementDocument") -> "RenderedAgreement":
    from intake.reading.legible import measure_legibility
    from renderers.agreement import render_agreement
    from renderers.visibility import prove_visible

    rendered = render_agreement(document)
    prove_visible(rendered, measure_legibility)
    return rendered


def press_all(
    documents: "Iterable[tuple[Key, AgreementDocument]]", *, workers: int
) -> Generator[tuple[Key, Pressed | AvtaleError]]:
    """Render many agreements, in any order: each document's key with what came of it, as soon as it is there.

    `workers`: how many processes; with 0 all is done here, which is quicker for one document alone. `documents` is
    drawn from only as workers have room. Workers are replaced in shifts, before they have grown large; not by
    `max_tasks_per_child`, with which Python 3.11 stands still for good once a pool is fed ahead of its workers.
    """
    documents = iter(documents)
    if workers == 0:
        yield from ((key, _outcome(partial(press, document))) for key, document in documents)
    while (first := next(documents, None)) is not None:
        shift = islice(documents, workers * DOCUMENTS_PER_WORKER - 1)
        yield from _press_shift(chain([first], shift), workers)


def usable_workers() -> int:
    """How many documents are best rendered at once on this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_WORKERS)


def _press_shift(
    documents: "Iterable[tuple[Key, AgreementDocument]]", workers: int
) -> Generator[tuple[Key, Pressed | AvtaleError]]:
    running: dict[Future[Pressed], Key] = {}
    with _pool(workers) as pool:
        for key, document in documents:
            try:
                running[_submit(pool, document)] = key
            except BrokenProcessPool:  # the next shift goes on with the rest
                yield key, _lost()
                break
            if len(running) >= workers * _AHEAD:
                yield from _finished(running)
        while running:
            yield from _finished(running)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    context = get_context("spawn")  # a fork of a process with threads, or with Pango in it, may stand still
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_make_ready, initargs=(os.getpid(),))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _make_ready(parent: int) -> None:
    """In the worker: end with the program, and be ready before the first document comes."""
    end_with_parent(parent)
    collect_garbage_seldom()
    load_layout()


def _submit(pool: ProcessPoolExecutor, document: "AgreementDocument") -> Future[Pressed]:
    """Hand out a document, which may start a worker.

    With the keyboard's interrupt held back meanwhile: a worker inherits that for good, and only this process decides
    when to stop.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(press, document)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _finished(running: dict[Future[Pressed], Key]) -> Iterator[tuple[Key, Pressed | AvtaleError]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        yield running.pop(future), _outcome(future.result)


def _outcome(result: Callable[[], Pressed]) -> Pressed | AvtaleError:
    try:
        return result()
    except BrokenProcessPool:
        return _lost()
    except Exception as error:  # noqa: BLE001 - one document's fault must not stop the others
        if not isinstance(error, AvtaleError):  # those are told to whoever asked
            logger.warning("agreement not rendered", extra={"error": type(error).__name__})
        return as_told(error)


def _lost() -> TemporaryError:
    return TemporaryError("render_worker_lost")
