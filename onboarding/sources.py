"""Steps 1 and 6 of the pipeline: what lies in the watched folders is received, and put away when it is decided.

Per file, in this order: bytes among the originals, receipt committed, verdict committed, file moved. A crash repeats
the step
it interrupted; the receipt's key keeps it from counting twice.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from agreements.errors import AvtaleError, GateError, NotFoundError, TemporaryError
from agreements.language import Language
from agreements.parties import Actor
from agreements.texts import finding_action, finding_message, text
from intake.ledger import (
    close_withdrawn,
    earlier_in_slot,
    get_receipt,
    known_keys,
    mark_decided,
    mark_finished,
    receipts_to_finish,
    record_receipt,
    reopen,
)
from intake.names import UNTOLD, display_name
from intake.receipts import FINAL_STATES, Delivery, Outcome, Receipt, ReceiptState, SourceOutcome
from intake.sources.folder import (
    Done,
    Doorbell,
    Entry,
    FolderScan,
    FolderSource,
    FolderState,
    Refused,
    Stranger,
    Taken,
    is_same_file,
)
from intake.superseding import SUPERSEDE_WINDOW, find_superseded
from onboarding.files import OddFileError, open_file
from onboarding.pipeline import judge_receipt
from onboarding.receiving import receive_delivery
from onboarding.record import EventKind
from onboarding.settings import WatchedFolder
from onboarding.store import Store
from onboarding.store.events import NewEvent, append_event
from onboarding.store.judgements import JudgementStatus, find_judgement_of
from onboarding.store.meta import list_meta, put_meta
from onboarding.waiting import WaitingNotes
from onboarding.watching import SCAN_SECONDS, WatchPlan, watch_plan
from onboarding.workspace import Workspace

logger = logging.getLogger(__name__)

_MARK_PREFIX: Final = "folder:"
"""In `meta`: by what each watched folder is known, by its path."""
_STRANGERS: Final[Mapping[str | None, str]] = {
    Stranger.MISSING: "folder_mark_missing",
    Stranger.ANOTHER: "folder_another",
}
GROUP: Final = 20
"""Receipts written by one transaction (facts/mail-and-folders.md §8): its sync costs as much as a file's own."""
MANUAL = "manual"
"""The source of what a person adds by hand (`avtale intake add`)."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What one look at all folders came to."""

    received: int
    folders: Mapping[str, AvtaleError | None]
    """Per folder what is wrong with it, None where nothing is."""
    look_again_in: float | None
    """Seconds until a file that waits may be ready; None when nothing waits."""
    ignored: Mapping[str, Mapping[str, int]]
    """Per folder how many names were passed over, by reason (`hidden`, `temporary`, `folder`); none, no entry."""
    waiting_since: Mapping[str, datetime]
    """Per folder since when the oldest file has been waiting for its end or its marker; none, no entry."""

    @property
    def unavailable(self) -> tuple[str, ...]:
        """Folders that could not be looked into."""
        return tuple(folder for folder, problem in self.folders.items() if problem is not None)

    @property
    def problems(self) -> tuple[AvtaleError, ...]:
        """What is wrong with those."""
        return tuple(problem for problem in self.folders.values() if problem is not None)


@dataclass(kw_only=True)
class _Watched:
    """One folder, and what the last look into it came to."""

    settings: WatchedFolder
    vendor_id: str
    plan: WatchPlan
    source: FolderSource
    waiting: WaitingNotes
    mark: str | None
    """By what the folder is known (`FolderScan.mark`), as the database holds it."""
    next_look: float = 0.0
    """Of the monotonic clock: before that, nothing can have become ready unheard."""
    problem: AvtaleError | None = None
    ignored: Mapping[str, int] = field(default_factory=dict)
    something_waits: bool = False
    """Whether a file may be ready by `next_look`."""


class Folders:
    """All watched folders of the configuration. Used by one thread, under the run lock."""

    def __init__(self, workspace: Workspace, doorbell: Doorbell | None) -> None:
        self._workspace = workspace
        self._doorbell = doorbell
        marks = read_marks(workspace.store)
        self._watched = [
            self._watch(folder, vendor.id, marks.get(str(folder.path)))
            for vendor in workspace.settings.vendors
            for folder in vendor.folders
        ]

    def look(self, go_on: Callable[[], bool] = lambda: True) -> Looked:
        """Receive whatever is ready in every folder that is due. One folder's fault does not stop the others.

        `go_on` is asked before every file.
        """
        self._watched = [self._as_planned_now(watched) for watched in self._watched]
        received = sum(self._look_if_due(watched, go_on) for watched in self._watched)
        now = time.monotonic()
        return Looked(
            received=received,
            folders={watched.source.source_id: watched.problem for watched in self._watched},
            look_again_in=min(
                (max(0.0, each.next_look - now) for each in self._watched if each.something_waits), default=None
            ),
            ignored={each.source.source_id: each.ignored for each in self._watched if each.ignored},
            waiting_since={
                each.source.source_id: each.waiting.oldest for each in self._watched if each.waiting.oldest is not None
            },
        )

    def finish(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Put away every file whose receipt is decided. `go_on` is asked before every file."""
        for source in (watched.source for watched in self._watched):
            with self._workspace.store.read() as connection:
                due = receipts_to_finish(connection, source.source_id)
            for receipt in due:
                if not go_on():
                    return
                try:
                    self._finish(source, receipt)
                except TemporaryError as error:
                    logger.warning("file not put away yet", extra={"receipt": receipt.id, "error": error.code})

    def _watch(self, settings: WatchedFolder, vendor_id: str, mark: str | None) -> _Watched:
        plan = watch_plan(settings)
        source = FolderSource(
            source_id=str(settings.path),
            path=settings.path,
            vendor_id=vendor_id,
            quiet=plan.quiet_seconds,
            doorbell=self._doorbell if plan.events else None,
            marker=os.fsencode(settings.done_marker) if settings.done_marker else None,
            mark=mark,
        )
        waiting = WaitingNotes(self._workspace, source.source_id)
        return _Watched(settings=settings, vendor_id=vendor_id, plan=plan, source=source, waiting=waiting, mark=mark)

    def _as_planned_now(self, watched: _Watched) -> _Watched:
        """Watched otherwise once a share is mounted there, or another file system."""
        if watch_plan(watched.settings) == watched.plan:
            return watched
        watched.source.close()
        return self._watch(watched.settings, watched.vendor_id, watched.mark)

    def _look_if_due(self, watched: _Watched, go_on: Callable[[], bool]) -> int:
        """How many files were received. A folder that rings, or costs nothing to look into, is always due."""
        now = time.monotonic()
        if now < watched.next_look and watched.plan.scan_seconds > SCAN_SECONDS:
            return 0
        watched.next_look, watched.problem = now + watched.plan.scan_seconds, None
        received: list[Receipt] = []
        try:
            self._look_into(watched, now, go_on, received)
        except AvtaleError as error:
            logger.warning("folder not received from now", extra={"error": error.code})
            watched.problem = error
        return len(received)

    def _look_into(self, watched: _Watched, now: float, go_on: Callable[[], bool], received: list[Receipt]) -> None:
        """Receive what is ready. What was received counts, even where a later file fails."""
        source = watched.source
        with self._workspace.store.read() as connection:
            known = known_keys(connection, source.source_id)
        scan = source.scan(now, known=known)
        if scan.state is FolderState.UNAVAILABLE:
            raise TemporaryError(stranger_code(scan.problem), path=source.source_id, problem=scan.problem or "")
        self._remember(watched, scan, now)
        for refused in scan.refused:
            self._refuse(source, refused)
        for start in range(0, len(scan.ready), GROUP):
            if not go_on():
                return
            self._take(source, scan.ready[start : start + GROUP], go_on, received)
        with self._workspace.store.begin() as connection:
            close_withdrawn(connection, source.source_id, scan.present_keys, now=self._workspace.clock())

    def _remember(self, watched: _Watched, scan: FolderScan, now: float) -> None:
        """Keep what the scan told; its mark durably, before anything is received from a folder of that mark."""
        if scan.mark is not None and scan.mark != watched.mark:
            with self._workspace.store.begin() as connection:
                put_meta(connection, _MARK_PREFIX + watched.source.source_id, scan.mark)
            watched.mark = scan.mark
        watched.ignored = {reason: count for reason, count in sorted(scan.ignored.items()) if reason not in UNTOLD}
        watched.something_waits = scan.look_again_in is not None
        if scan.look_again_in is not None:
            watched.next_look = min(watched.next_look, now + scan.look_again_in)
        clock = self._workspace.clock()
        watched.waiting.seen(
            {each.entry.name: clock - timedelta(seconds=now - each.first_seen) for each in scan.waiting}
        )

    def _take(
        self, source: FolderSource, entries: Sequence[Entry], go_on: Callable[[], bool], received: list[Receipt]
    ) -> None:
        """Receive some files: the bytes of each are durable before one transaction writes down all of them."""
        stored: list[Taken] = []
        try:
            for entry in entries:
                if not go_on():
                    break
                taken = source.take(entry, self._workspace.blobs)
                if isinstance(taken, Refused):
                    self._refuse(source, taken)
                elif taken is not None:
                    stored.append(taken)
        finally:  # a full disk must not cost the receipts of what was stored before
            received += self._receive(source, stored)

    def _receive(self, source: FolderSource, stored: Sequence[Taken]) -> list[Receipt]:
        if not stored:
            return []
        now = self._workspace.clock()
        deliveries = [taken.delivery(supersedes=self._superseded(taken, now)) for taken in stored]
        with self._workspace.store.begin() as connection:
            receipts = [receive_delivery(connection, delivery, now=now) for delivery in deliveries]
        for receipt in receipts:
            logger.info("receipt stored", extra={"receipt": receipt.id})
            if receipt.finished_at is not None:  # it was put back after we were done with it
                self._finish(source, receipt)
        return receipts

    def _superseded(self, taken: Taken, now: datetime) -> int | None:
        with self._workspace.store.read() as connection:
            earlier = earlier_in_slot(connection, taken.delivery(), since=now - SUPERSEDE_WINDOW)
        return find_superseded(
            taken.delivery(),
            earlier,
            read_bytes=lambda: self._workspace.blobs.read(taken.sha256),
            is_same_file=is_same_file,
        )

    def _refuse(self, source: FolderSource, refused: Refused) -> None:
        """What can't be read yet stays `seen`; what never will be is decided unread."""
        now = self._workspace.clock()
        with self._workspace.store.begin() as connection:
            receipt = record_receipt(connection, refused.entry.delivery(), now=now, reason=refused.finding)
            if not refused.try_again and receipt.state not in FINAL_STATES:
                outcome = Outcome(state=ReceiptState.QUARANTINED, reason=refused.finding)
                receipt = mark_decided(connection, receipt.id, outcome, now=now)
        if receipt.finished_at is not None and not refused.try_again:  # somebody moved it back
            self._finish(source, receipt)

    def _finish(self, source: FolderSource, receipt: Receipt) -> None:
        quarantined = receipt.state is ReceiptState.QUARANTINED
        note = _note(receipt, self._workspace.settings.language) if quarantined else None
        finished = source.finish(receipt, Done.QUARANTINE if quarantined else Done.DONE, note=note)
        with self._workspace.store.begin() as connection:
            mark_finished(connection, receipt.id, finished.outcome, now=self._workspace.clock())


def read_marks(store: Store) -> Mapping[str, str]:
    """By what each watched folder is known (`FolderScan.mark`), by its path."""
    with store.read() as connection:
        rows = list_meta(connection, _MARK_PREFIX)
    return {key.removeprefix(_MARK_PREFIX): mark for key, mark in rows.items()}


def stranger_code(problem: str | None) -> str:
    """The code of the error for a folder that can't be looked into."""
    return _STRANGERS.get(problem, "folder_unavailable")


@contextmanager
def watched_folders(workspace: Workspace) -> Iterator[tuple[Folders, Doorbell]]:
    """The folders with a doorbell that rings when one changes."""
    with Doorbell() as doorbell:
        yield Folders(workspace, doorbell), doorbell


def add_file(workspace: Workspace, path: Path, vendor: str | None, actor: Actor) -> Receipt:
    """Receive a file that a person names, and judge it. The file itself is left alone. Raises NotFoundError."""
    if vendor is not None:
        workspace.vendor(vendor)
    try:
        with open_file(path) as stream:
            sha256, size = workspace.blobs.put_stream(stream)
    except OddFileError as error:
        raise NotFoundError("not_a_file", path=str(path)) from error
    except OSError as error:
        raise NotFoundError("file_not_found", path=str(path)) from error
    now = workspace.clock()
    delivery = Delivery(
        source=MANUAL,
        source_key=f"{now.timestamp()}/{sha256}",
        slot=actor.user,
        vendor_id=vendor,
        display_name=display_name(os.fsencode(path.name)),
        size=size,
        sha256=sha256,
    )
    with workspace.store.begin() as connection:
        receipt = receive_delivery(connection, delivery, now=now)
    logger.info("receipt stored", extra={"receipt": receipt.id})
    return _judge_by_hand(workspace, receipt)


def retry_receipt(workspace: Workspace, identity: int, actor: Actor) -> Receipt:
    """Judge a document once more: one in quarantine, one that could not be judged yet, or one that waits for a person.

    For when something else has changed: a trusted issuer was added, a limit raised. Raises NotFoundError, and GateError
    for what has been decided.
    """
    now = workspace.clock()
    with workspace.store.begin() as connection:
        receipt = get_receipt(connection, identity)
        judgement = find_judgement_of(connection, receipt.sha256) if receipt.sha256 else None
        waits = judgement is not None and judgement.status is JudgementStatus.OPEN
        undone = receipt.state in {ReceiptState.QUARANTINED, ReceiptState.STORED}
        if not undone and not waits:
            raise GateError("retry_refused", unmet=("judgement_not_open",), receipt=identity)
        receipt = reopen(connection, identity)
        event = NewEvent(
            kind=EventKind.RETURN_RETRIED,
            actor=actor,
            at=now,
            case_number=str(judgement.case) if judgement and judgement.case else None,
            data={"receipt": identity, "sha256": receipt.sha256},
        )
        append_event(connection, event)
    return _judge_by_hand(workspace, receipt)


def finish_added(workspace: Workspace) -> None:
    """Be done with what was added by hand and is decided: no source waits for it, the file stays where it is.

    Whoever decided it: `avtale run` may be first, and whoever added it may have been killed.
    """
    with workspace.store.read() as connection:
        due = receipts_to_finish(connection, MANUAL)
    if not due:
        return
    with workspace.store.begin() as connection:
        for receipt in due:
            mark_finished(connection, receipt.id, SourceOutcome.LEFT, now=workspace.clock())


def _judge_by_hand(workspace: Workspace, receipt: Receipt) -> Receipt:
    if receipt.state is ReceiptState.STORED:
        judge_receipt(workspace, receipt)
    finish_added(workspace)
    with workspace.store.read() as connection:
        return get_receipt(connection, receipt.id)


def _note(receipt: Receipt, language: Language) -> str:
    """The text laid beside a file in quarantine: what happened, what to do, where to ask."""
    heading = "note.heading" if receipt.sha256 else "note.heading_unread"
    lines = [text(heading, language, receipt=receipt.id)]
    if receipt.reason is not None:
        lines += [finding_message(receipt.reason, language), finding_action(receipt.reason, language)]
    return "\n\n".join(lines) + "\n"
