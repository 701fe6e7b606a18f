"""`avtale run`: a plain loop that finds what is due. Two threads: one receives and judges, one sends.

Every round is safe to repeat, and no fault ends the loop: it is logged, told in `status`, and tried again.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agreements.errors import AvtaleError
from onboarding.delivery import sender_of
from onboarding.health import NOTHING_IGNORED, HealthNotes
from onboarding.jobs.lock import run_lock
from onboarding.pipeline import JudgingPass, judge_due
from onboarding.sources import Folders, Looked, watched_folders
from onboarding.workspace import Workspace
from outbox.sending import deliver_due

logger = logging.getLogger(__name__)

SCAN_SECONDS = 2.0  # G7: a file without an event is found within this and the quiet time (facts/mail-and-folders.md §7)
SEND_SECONDS = 5.0  # how often the outbox is looked at unasked; back-off is minutes
MAX_ONCE_SECONDS = 60.0  # `--once` waits this long for files that are still being written, no longer
INTAKE, OUTBOX = "intake", "outbox"
"""The two parts that `status` tells of, beside folders and judging."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Round:
    """What `run --once` did."""

    received: int
    judged: int
    failed: tuple[AvtaleError, ...]
    """What kept folders from being looked into and documents from being judged; they stay due."""
    attempted: int
    """Messages tried."""
    unavailable: tuple[str, ...]
    """Folders that could not be looked into."""
    ignored: Mapping[str, Mapping[str, int]]
    """Per folder how many names were passed over in the last look, by reason."""


def run_once(workspace: Workspace) -> Round:
    """Do everything that is due and return. Raises TemporaryError when another `run` is at work."""
    deadline = time.monotonic() + MAX_ONCE_SECONDS
    received = judged = 0
    with run_lock(workspace.settings.data_dir), watched_folders(workspace) as (folders, _):
        workspace.blobs.sweep(workspace.clock())
        sender = sender_of(workspace)
        while True:
            looked, judging = _receive(workspace, folders)
            received, judged = received + looked.received, judged + judging.done
            if looked.look_again_in is None or time.monotonic() > deadline:
                break
            time.sleep(looked.look_again_in)
        sent = deliver_due(sender)
        notes = HealthNotes(workspace)
        _note_round(notes, looked, judging)
        for part in (INTAKE, OUTBOX):
            _note(notes, part, None)
    return Round(
        received=received,
        judged=judged,
        failed=(*looked.problems, *judging.failed),
        attempted=sent.attempted,
        unavailable=looked.unavailable,
        ignored=looked.ignored,
    )


def run_until(workspace: Workspace, stop: threading.Event, started: Callable[[], None]) -> None:
    """Work until `stop` is set. `started` is called when the lock is held and the folders are watched."""
    with run_lock(workspace.settings.data_dir), watched_folders(workspace) as (folders, doorbell):
        workspace.blobs.sweep(workspace.clock())
        due = threading.Event()
        sending = threading.Thread(target=_send_until, args=(workspace, stop, due), name="outbox")
        sending.start()
        started()
        try:
            _receive_until(workspace, folders, stop, rung=doorbell.rung, due=due)
        finally:
            stop.set()
            due.set()
            sending.join()


def _receive_until(
    workspace: Workspace, folders: Folders, stop: threading.Event, *, rung: threading.Event, due: threading.Event
) -> None:
    notes = HealthNotes(workspace)
    while not stop.is_set():
        rung.clear()
        done = _guarded(notes, INTAKE, lambda: _receive(workspace, folders))
        wait = SCAN_SECONDS
        if done is not None:
            looked, judging = done
            _note_round(notes, looked, judging)
            wait = min(wait, looked.look_again_in or wait)
            if judging.done:
                due.set()
        rung.wait(wait)


def _receive(workspace: Workspace, folders: Folders) -> tuple[Looked, JudgingPass]:
    looked = folders.look()
    judging = judge_due(workspace)
    folders.finish()
    return looked, judging


def _send_until(workspace: Workspace, stop: threading.Event, due: threading.Event) -> None:
    notes, sender = HealthNotes(workspace), sender_of(workspace)
    while not stop.is_set():
        due.clear()
        _guarded(notes, OUTBOX, lambda: deliver_due(sender))
        due.wait(SEND_SECONDS)


def _guarded(notes: HealthNotes, part: str, work: Callable[[], _Result]) -> _Result | None:
    """One round of a loop that must not die; None if it failed. What failed is noted where `status` sees it."""
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - the loop outlives every fault; the next round tries again
        problem = error.code if isinstance(error, AvtaleError) else type(error).__name__
        logger.warning("round failed", extra={"part": part, "error": problem})
        _note(notes, part, problem)
        return None
    _note(notes, part, None)
    return result


def _note_round(notes: HealthNotes, looked: Looked, judging: JudgingPass) -> None:
    for folder, problem in looked.folders.items():
        _note(notes, f"folder {folder}", problem.code if problem else None, looked.ignored.get(folder, {}))
    _note(notes, "judging", judging.failed[0].code if judging.failed else None)


def _note(notes: HealthNotes, part: str, problem: str | None, ignored: Mapping[str, int] = NOTHING_IGNORED) -> None:
    try:
        notes.note(part, problem, ignored)
    except Exception as error:  # noqa: BLE001 - the database itself may be what failed
        logger.warning("health not noted", extra={"part": part, "error": type(error).__name__})
