"""`avtale run`: plain loops that find what is due. One receives and judges, one sends; the main thread watches them.

Every round is safe to repeat, and no fault of the work ends a loop: it is logged, told in `status`, and tried again.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from agreements.errors import AvtaleError
from onboarding.alarm_watch import look_for_alarms
from onboarding.auditing import make_checkpoint
from onboarding.clear_signal import write_signals
from onboarding.correspondence.due import write_due
from onboarding.delivery import sender_of
from onboarding.health import HealthNotes
from onboarding.jobs.lock import run_lock
from onboarding.jobs.mail import finish_mail, mail_loop, part_of, receive_mail
from onboarding.jobs.notify import ServiceManager
from onboarding.jobs.noting import note, noting
from onboarding.jobs.supervising import GoOn, Loop, Watched, always, supervise
from onboarding.looking import settler_of
from onboarding.mail_intake import mailboxes_of
from onboarding.pipeline import JudgingPass, judge_due
from onboarding.sources import Folders, Looked, finish_added, watched_folders
from onboarding.watching import SCAN_SECONDS
from onboarding.workspace import Workspace
from outbox.sending import deliver_due
from outbox.settle_pass import settle_due

logger = logging.getLogger(__name__)

SEND_SECONDS: Final = 5.0  # how often the outbox is looked at unasked; back-off is minutes
ALARM_SECONDS: Final = 10.0  # how often alarms are looked for; the shortest delay of one is minutes
LETTER_SECONDS: Final = 60.0  # how often letters that are due are looked for; they are due by days
MAX_ONCE_SECONDS: Final = 60.0  # `--once` waits this long for files that are still being written, no longer
INTAKE_SILENT_SECONDS: Final = 300.0  # one document: ten times its own limits (`limits.validation_seconds`), and a disk
OUTBOX_SILENT_SECONDS: Final = 3600.0  # one mail: six answers of 5 minutes, its body, and 10 minutes for the last one
INTAKE, OUTBOX, SETTLING, LETTERS, SIGNALS, RECORD = "intake", "outbox", "settling", "letters", "signals", "record"
"""The parts that `status` tells of, beside folders, mailboxes and judging."""
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
    """Folders and mailboxes that could not be looked into."""
    ignored: Mapping[str, Mapping[str, int]]
    """Per folder how many names were passed over in the last look, by reason."""


def run_once(workspace: Workspace) -> Round:
    """Do everything that is due and return. Raises TemporaryError when another `run` is at work."""
    deadline, since = time.monotonic() + MAX_ONCE_SECONDS, workspace.clock()
    received = judged = 0
    with run_lock(workspace.settings.data_dir), watched_folders(workspace) as (folders, _):
        workspace.blobs.sweep(workspace.clock())
        sender, settler = sender_of(workspace), settler_of(workspace)
        mailboxes = mailboxes_of(workspace)
        mailed, unreached = receive_mail(mailboxes)
        received += mailed
        while True:
            looked, judging = _receive(workspace, folders, always)
            received, judged = received + looked.received, judged + judging.done
            if looked.look_again_in is None or time.monotonic() + looked.look_again_in > deadline:
                break
            time.sleep(looked.look_again_in)
        unreached |= finish_mail([mailbox for mailbox in mailboxes if mailbox.id not in unreached])
        notes = HealthNotes(workspace)
        _note_round(notes, looked, judging)
        for mailbox in mailboxes:
            problem = unreached.get(mailbox.id)
            note(notes, part_of(mailbox), problem.code if problem else None)
        _look_for_alarms(workspace, Watched())
        settle_due(settler)  # first: what is to be sent again then leaves in this pass
        _guarded(notes, SIGNALS, lambda: write_signals(workspace))
        _guarded(notes, RECORD, lambda: make_checkpoint(workspace))
        _write_letters(workspace, notes, since)
        sent = deliver_due(sender)
        settle_due(settler)  # what an earlier process left under way is unknown only now
        note(notes, INTAKE, None)
        note(notes, SETTLING, None)
        note(notes, OUTBOX, sent.stopped)
    return Round(
        received=received,
        judged=judged,
        failed=(*looked.problems, *unreached.values(), *judging.failed),
        attempted=sent.attempted,
        unavailable=(*looked.unavailable, *unreached),
        ignored=looked.ignored,
    )


def run_until(
    workspace: Workspace, stop: threading.Event, started: Callable[[], None], manager: ServiceManager
) -> None:
    """Work until `stop` is set, and at most STOP_SECONDS longer.

    `started` is called when the lock is held and the folders are watched; `manager` is told of it, and fed while every
    loop answers. Raises AvtaleError `loop_died`.
    """
    with run_lock(workspace.settings.data_dir), watched_folders(workspace) as (folders, doorbell):
        workspace.blobs.sweep(workspace.clock())
        due = threading.Event()
        mailboxes = mailboxes_of(workspace)

        def judged() -> None:
            due.set()
            for mailbox in mailboxes:
                mailbox.nudged.set()

        loops = (
            Loop(
                name=INTAKE,
                work=lambda go_on: _receive_until(workspace, folders, go_on, rung=doorbell.rung, judged=judged),
                wake=doorbell.rung.set,
                silent_seconds=INTAKE_SILENT_SECONDS,
            ),
            Loop(
                name=OUTBOX,
                work=lambda go_on: _send_until(workspace, go_on, due),
                wake=due.set,
                silent_seconds=OUTBOX_SILENT_SECONDS,
            ),
            *(mail_loop(workspace, mailbox, stop, rung=doorbell.rung) for mailbox in mailboxes),
        )
        started()
        manager.ready()
        try:
            supervise(loops, stop, _Attendant(workspace, manager).attend)
        finally:
            manager.stopping()


class _Attendant:
    """What is done about what the supervisor sees: the watchdog fed, silence told, alarms looked for."""

    def __init__(self, workspace: Workspace, manager: ServiceManager) -> None:
        self._workspace = workspace
        self._manager = manager
        self._notes = HealthNotes(workspace)
        self._before = Watched()
        self._looked = float("-inf")

    def attend(self, watched: Watched) -> None:
        """Called about once a second."""
        if watched.well:
            self._manager.alive()
        for part in {*watched.silent} - {*self._before.silent}:
            logger.error("a loop does not answer", extra={"part": part})
        for part in {*self._before.silent} - {*watched.silent} - {*watched.dead}:
            logger.info("a loop answers again", extra={"part": part})
            note(self._notes, part, None)
        for part in watched.silent:
            note(self._notes, part, "loop_silent")
        for part in watched.dead:
            note(self._notes, part, "loop_died")
        if watched != self._before or time.monotonic() - self._looked >= ALARM_SECONDS:
            self._looked = time.monotonic()
            _look_for_alarms(self._workspace, watched)
        self._before = watched


def _receive_until(
    workspace: Workspace, folders: Folders, go_on: GoOn, *, rung: threading.Event, judged: Callable[[], None]
) -> None:
    notes = HealthNotes(workspace)
    while go_on():
        rung.clear()
        done = _guarded(notes, INTAKE, lambda: _receive(workspace, folders, go_on))
        wait = SCAN_SECONDS
        if done is not None:
            looked, judging = done
            _note_round(notes, looked, judging)
            if looked.look_again_in is not None:
                wait = min(wait, looked.look_again_in)
            if judging.done:
                judged()
        if go_on():
            rung.wait(wait)


def _receive(workspace: Workspace, folders: Folders, go_on: GoOn) -> tuple[Looked, JudgingPass]:
    looked = folders.look(go_on)
    judging = judge_due(workspace, go_on)
    folders.finish(go_on)
    finish_added(workspace)
    return looked, judging


def _send_until(workspace: Workspace, go_on: GoOn, due: threading.Event) -> None:
    notes, sender, settler = HealthNotes(workspace), sender_of(workspace), settler_of(workspace)
    since, written = workspace.clock(), float("-inf")
    while go_on():
        due.clear()
        _guarded(notes, SETTLING, lambda: settle_due(settler, go_on=go_on))
        _guarded(notes, SIGNALS, lambda: write_signals(workspace))
        _guarded(notes, RECORD, lambda: make_checkpoint(workspace))
        if time.monotonic() - written >= LETTER_SECONDS:
            written = time.monotonic()
            _write_letters(workspace, notes, since)
        done = _guarded(notes, OUTBOX, lambda: deliver_due(sender, go_on=go_on), problem_of=lambda done: done.stopped)
        if done is not None and done.attempted:
            written = float("-inf")  # what has left may call for a letter
        if go_on():
            due.wait(SEND_SECONDS)


def _write_letters(workspace: Workspace, notes: HealthNotes, since: datetime) -> None:
    """What keeps a letter from being written is noted where `status` sees it, and never keeps mail from leaving."""

    def problem(failed: tuple[AvtaleError, ...]) -> str | None:
        return failed[0].code if failed else None

    _guarded(notes, LETTERS, lambda: write_due(workspace, since=since), problem_of=problem)


def _guarded(
    notes: HealthNotes,
    part: str,
    work: Callable[[], _Result],
    *,
    problem_of: Callable[[_Result], str | None] = lambda _done: None,
) -> _Result | None:
    """One round of a loop that must not die; None if it failed. What failed is noted where `status` sees it.

    `problem_of`: the code of what a round that did not fail could not do.
    """
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - the loop outlives every fault; the next round tries again
        problem = error.code if isinstance(error, AvtaleError) else type(error).__name__
        logger.warning("round failed", extra={"part": part, "error": problem})
        note(notes, part, problem)
        return None
    note(notes, part, problem_of(result))
    return result


def _note_round(notes: HealthNotes, looked: Looked, judging: JudgingPass) -> None:
    for folder, problem in looked.folders.items():
        with noting(f"folder {folder}"):
            notes.note(
                f"folder {folder}",
                problem.code if problem else None,
                ignored=looked.ignored.get(folder, {}),
                waiting_since=looked.waiting_since.get(folder),
            )
    note(notes, "judging", judging.failed[0].code if judging.failed else None)


def _look_for_alarms(workspace: Workspace, watched: Watched) -> None:
    with noting("alarms"):
        look_for_alarms(workspace, stuck=(*watched.dead, *watched.silent))
