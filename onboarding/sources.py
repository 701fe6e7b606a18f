"""Steps 1 and 6 of the pipeline: what lies in the watched folders is received, and put away when it is decided.

Per file, in this order: bytes among the originals, receipt committed, verdict committed, file moved. A crash repeats
the step
it interrupted; the receipt's key keeps it from counting twice.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

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
from intake.names import OWN_FOLDER, display_name
from intake.receipts import FINAL_STATES, Delivery, Outcome, Receipt, ReceiptState, SourceOutcome
from intake.sources.folder import (
    Done,
    Doorbell,
    FolderSource,
    FolderState,
    Refused,
    Taken,
    is_same_file,
)
from intake.superseding import SUPERSEDE_WINDOW, find_superseded
from onboarding.files import OddFileError, open_file
from onboarding.pipeline import judge_receipt
from onboarding.record import EventKind
from onboarding.store.events import NewEvent, append_event
from onboarding.store.judgements import JudgementStatus, find_judgement_of
from onboarding.workspace import Workspace

logger = logging.getLogger(__name__)

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

    @property
    def unavailable(self) -> tuple[str, ...]:
        """Folders that could not be looked into."""
        return tuple(folder for folder, problem in self.folders.items() if problem is not None)

    @property
    def problems(self) -> tuple[AvtaleError, ...]:
        """What is wrong with those."""
        return tuple(problem for problem in self.folders.values() if problem is not None)


@dataclass(kw_only=True)
class _Tally:
    """What a look has come to so far. What was received counts, even where a later file failed."""

    received: int = 0
    waits: list[float] = field(default_factory=list)
    ignored: dict[str, Mapping[str, int]] = field(default_factory=dict)


class Folders:
    """All watched folders of the configuration. Used by one thread, under the run lock."""

    def __init__(self, workspace: Workspace, doorbell: Doorbell | None) -> None:
        self._workspace = workspace
        self._sources = [
            FolderSource(
                source_id=str(folder.path),
                path=folder.path,
                vendor_id=vendor.id,
                quiet=folder.quiet_seconds,
                doorbell=None if folder.mode == "scan" else doorbell,
            )
            for vendor in workspace.settings.vendors
            for folder in vendor.folders
        ]

    def look(self) -> Looked:
        """Receive whatever is ready in every folder. One folder's fault does not stop the others."""
        tally, problems = _Tally(), dict[str, AvtaleError | None]()
        for source in self._sources:
            problems[source.source_id] = None
            try:
                self._look_into(source, tally)
            except AvtaleError as error:
                logger.warning("folder not received from now", extra={"error": error.code})
                problems[source.source_id] = error
        return Looked(
            received=tally.received,
            folders=problems,
            look_again_in=min(tally.waits, default=None),
            ignored=tally.ignored,
        )

    def finish(self) -> None:
        """Put away every file whose receipt is decided."""
        for source in self._sources:
            with self._workspace.store.read() as connection:
                due = receipts_to_finish(connection, source.source_id)
            for receipt in due:
                try:
                    self._finish(source, receipt)
                except TemporaryError as error:
                    logger.warning("file not put away yet", extra={"receipt": receipt.id, "error": error.code})

    def _look_into(self, source: FolderSource, tally: _Tally) -> None:
        with self._workspace.store.read() as connection:
            known = known_keys(connection, source.source_id)
        scan = source.scan(time.monotonic(), known=known)
        if scan.state is FolderState.UNAVAILABLE:
            raise TemporaryError("folder_unavailable", path=source.source_id, problem=scan.problem or "")
        passed_over = {reason: count for reason, count in sorted(scan.ignored.items()) if reason != OWN_FOLDER}
        if passed_over:
            tally.ignored[source.source_id] = passed_over
        for refused in scan.refused:
            self._refuse(source, refused)
        for entry in scan.ready:
            taken = source.take(entry, self._workspace.blobs)
            if isinstance(taken, Refused):
                self._refuse(source, taken)
            elif taken is not None:
                self._receive(source, taken)
                tally.received += 1
        with self._workspace.store.begin() as connection:
            close_withdrawn(connection, source.source_id, scan.present_keys, now=self._workspace.clock())
        if scan.look_again_in is not None:
            tally.waits.append(scan.look_again_in)

    def _receive(self, source: FolderSource, taken: Taken) -> None:
        now = self._workspace.clock()
        with self._workspace.store.read() as connection:
            earlier = earlier_in_slot(connection, taken.delivery(), since=now - SUPERSEDE_WINDOW)
        superseded = find_superseded(
            taken.delivery(),
            earlier,
            read_bytes=lambda: self._workspace.blobs.read(taken.sha256),
            is_same_file=is_same_file,
        )
        with self._workspace.store.begin() as connection:
            receipt = record_receipt(connection, taken.delivery(supersedes=superseded), now=now)
        logger.info("receipt stored", extra={"receipt": receipt.id})
        if receipt.finished_at is not None:  # it was put back after we were done with it
            self._finish(source, receipt)

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
        receipt = record_receipt(connection, delivery, now=now)
    return _judge_by_hand(workspace, receipt, now)


def retry_receipt(workspace: Workspace, identity: int, actor: Actor) -> Receipt:
    """Judge a document once more: one in quarantine, or one whose judgement still waits for a person.

    For when something else has changed: a trusted issuer was added, a limit raised. Raises NotFoundError, and GateError
    for what has been decided.
    """
    now = workspace.clock()
    with workspace.store.begin() as connection:
        receipt = get_receipt(connection, identity)
        judgement = find_judgement_of(connection, receipt.sha256) if receipt.sha256 else None
        waits = judgement is not None and judgement.status is JudgementStatus.OPEN
        if receipt.state is not ReceiptState.QUARANTINED and not waits:
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
    return _judge_by_hand(workspace, receipt, now)


def _judge_by_hand(workspace: Workspace, receipt: Receipt, now: datetime) -> Receipt:
    if receipt.state is ReceiptState.STORED:
        judge_receipt(workspace, receipt)
    with workspace.store.begin() as connection:
        if receipt.source == MANUAL:
            mark_finished(connection, receipt.id, SourceOutcome.LEFT, now=now)
        return get_receipt(connection, receipt.id)


def _note(receipt: Receipt, language: Language) -> str:
    """The text laid beside a file in quarantine: what happened, what to do, where to ask."""
    heading = "note.heading" if receipt.sha256 else "note.heading_unread"
    lines = [text(heading, language, receipt=receipt.id)]
    if receipt.reason is not None:
        lines += [finding_message(receipt.reason, language), finding_action(receipt.reason, language)]
    return "\n\n".join(lines) + "\n"
