"""A watched folder: the scan is the truth, the doorbell (watchdog, only here) just says "look now".

The way of a file, and what is durable after each step:

1. `scan` finds it and waits until it looks finished. Nothing is durable; nothing is touched.
2. `take` copies it to the originals. The bytes are durable; the file is untouched.
3. The caller commits the receipt, and later its outcome. The receipt is durable; the file is untouched.
4. `finish` moves the file to `ferdig/` or `karantene/`, and the caller commits that.

A crash in between repeats the step: keys make receipts unique, and `finish` recognises a file that it moved before.
When a scan hands over an entry whose receipt is decided already (somebody moved the file back, or a share came back),
the caller only calls `finish` again.

Not promised: that a writer which pauses longer than the quiet time is waited for (see `LateWatch` and `superseding`).
"""

import logging
import os
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from io import BufferedReader
from pathlib import Path
from typing import Final

from agreements.errors import TemporaryError
from agreements.findings import INT_NO_ACCESS, INT_NOT_REGULAR, INT_TOO_LARGE
from agreements.ports import Blobs
from intake.names import DONE_FOLDER, DONE_MARKER, QUARANTINE_FOLDER, display_name
from intake.receipts import Receipt, SourceOutcome
from intake.sources.folder.doorbell import Doorbell, Hook
from intake.sources.folder.entries import Entry, Finished, FolderScan, FolderState, Refused, Taken
from intake.sources.folder.files import (
    CannotMoveError,
    LimitedReader,
    SourceReadError,
    errno_name,
    odd_entry,
    open_file,
    open_folder,
    state_of,
)
from intake.sources.folder.finishing import LateWatch, Move, move_finished, move_marker, write_note
from intake.sources.folder.looking import Look
from intake.sources.folder.sentinel import Stranger, adopt, clear_acceptance, examine, is_accepted
from intake.stability import DEFAULT_QUIET_SECONDS, Observation

logger = logging.getLogger(__name__)

MAX_STORED_BYTES: Final = 256 * 2**20  # ten times the largest PDF that can be forwarded: more is refused unread
COPY_BYTES: Final = 2**20


class Done(StrEnum):
    """Where a finished file goes, inside the watched folder."""

    DONE = DONE_FOLDER.decode()
    QUARANTINE = QUARANTINE_FOLDER.decode()


class FolderSource:
    """One watched folder of one vendor. Used by one thread; on one host at a time (the roof holds the lock)."""

    def __init__(
        self,
        *,
        source_id: str,
        path: Path,
        vendor_id: str | None,
        quiet: float = DEFAULT_QUIET_SECONDS,
        doorbell: Doorbell | None = None,
        marker: bytes | None = None,
        mark: str | None = None,
    ) -> None:
        """`quiet`: seconds a file must look the same before it is taken. No `doorbell`: only scans find anything.

        `marker`: the ending of the marker without which no file is taken; None: `.ferdig` counts, and none is needed.
        `mark`: by what the folder was known before (`FolderScan.mark`).
        """
        self.source_id = source_id
        self.vendor_id = vendor_id
        self._path = path
        self._root = os.fsencode(path)
        self._quiet = quiet
        self._doorbell = doorbell
        self._marker = marker or DONE_MARKER
        self._needs_marker = marker is not None
        self._mark = mark
        self._hook: Hook | None = None
        self._identity: tuple[int, int] | None = None
        self._seen: dict[bytes, Observation] = {}
        self._late = LateWatch()

    # --- scan -----------------------------------------------------------------------------------------------------

    def scan(self, now: float, *, known: frozenset[str] = frozenset()) -> FolderScan:
        """Look into the folder. Never raises for what it finds there.

        `now`: seconds of a monotonic clock, the same for every scan. `known`: keys not to be handed over again
        (`ledger.known_keys`). Clear the doorbell before, not after.
        """
        try:
            with open_folder(self._root) as root:
                problem = self._check_place(root)
                if problem is not None:
                    return FolderScan(state=FolderState.UNAVAILABLE, problem=problem)
                self._late.put_back_changed(root, now=now)
                closed = self._hook.closed_names() if self._hook else frozenset()
                look = Look(
                    source=self.source_id,
                    vendor_id=self.vendor_id,
                    root=root,
                    now=now,
                    quiet=self._quiet,
                    known=known,
                    closed=closed,
                    before=self._seen,
                    marker=self._marker,
                    needs_marker=self._needs_marker,
                )
                look.at_everything()
        except OSError as error:
            return FolderScan(state=FolderState.UNAVAILABLE, problem=errno_name(error))
        if self._hook is not None:
            self._hook.forget(closed - look.seen.keys())
        self._seen = look.seen
        return replace(look.result(bell=self._hook is not None), mark=self._mark)

    def _check_place(self, root: int) -> Stranger | None:
        """Whether this is the folder we know; hangs the doorbell anew when it was replaced."""
        stranger = examine(root, self._path, self._mark)
        if stranger is not None and not is_accepted(root):
            return stranger
        if stranger is not None or self._mark is None:
            self._mark = adopt(root, self._path)
        else:
            clear_acceptance(root)
        status = os.fstat(root)
        identity = (status.st_dev, status.st_ino)
        if self._identity != identity or (self._hook is not None and self._hook.dead):
            self._rehang()
        self._identity = identity
        return None

    def _rehang(self) -> None:
        self.close()
        if self._doorbell is not None:
            self._hook = self._doorbell.hang(self._path)

    def close(self) -> None:
        """Stop listening."""
        if self._doorbell is not None and self._hook is not None:
            self._doorbell.take_down(self._hook)
        self._hook = None

    # --- take -----------------------------------------------------------------------------------------------------

    def take(self, entry: Entry, blobs: Blobs) -> Taken | Refused | None:
        """Store a copy of the file's bytes; the file stays untouched.

        None: it is gone or has changed, the next scan tells. Refused: its bytes can't be had. Raises what storing
        raises (TemporaryError when the disk is full); then nothing is lost, and the next scan hands the entry over
        again.
        """
        with ExitStack() as opened:
            try:
                root = opened.enter_context(open_folder(self._root))
                descriptor = opened.enter_context(open_file(root, entry.name))
            except FileNotFoundError:
                return None
            except OSError as error:  # a link put in its place (ELOOP) comes here too, and is refused by the next scan
                return Refused(entry=entry, finding=INT_NO_ACCESS(reason=errno_name(error)), try_again=True)
            status = os.fstat(descriptor)
            if state_of(status) != entry.state:
                return None
            kind = odd_entry(status)
            if kind is not None:
                return Refused(entry=entry, finding=INT_NOT_REGULAR(kind=kind), try_again=False)
            if entry.state.size > MAX_STORED_BYTES:
                finding = INT_TOO_LARGE(size=entry.state.size, limit=MAX_STORED_BYTES)
                return Refused(entry=entry, finding=finding, try_again=False)
            return self._copy(entry, descriptor, blobs)

    @staticmethod
    def _copy(entry: Entry, descriptor: int, blobs: Blobs) -> Taken | Refused | None:
        reader = BufferedReader(LimitedReader(descriptor, entry.state.size), buffer_size=COPY_BYTES)
        try:
            sha256, size = blobs.put_stream(reader)
        except SourceReadError as error:
            return Refused(entry=entry, finding=INT_NO_ACCESS(reason=error.reason), try_again=True)
        if size != entry.state.size or state_of(os.fstat(descriptor)) != entry.state:
            return None  # written to while we read: what was stored is a copy of nothing
        return Taken(entry=entry, sha256=sha256, size=size)

    # --- finish ---------------------------------------------------------------------------------------------------

    def finish(self, receipt: Receipt, into: Done, *, note: str | None = None) -> Finished:
        """Move a decided receipt's file to its place in the folder; `note` is laid beside it as text.

        May be repeated. A folder that can't be changed gives LEFT with the reason. Raises TemporaryError when the
        folder is not there or its disk is full: try again later.
        """
        try:
            move = move_finished(self._root, receipt.source_key, receipt_id=receipt.id, into=os.fsencode(into.value))
            if move.outcome is not SourceOutcome.MOVED or move.done is None:
                return Finished(outcome=move.outcome)
            self._late.add(move)
            self._add_note(move, note)
            move_marker(self._root, move, self._marker)
        except CannotMoveError as error:
            return Finished(outcome=SourceOutcome.LEFT, reason=error.reason)
        except OSError as error:
            reason = errno_name(error)
            raise TemporaryError("folder_not_writable_now", source=self.source_id, reason=reason) from error
        return Finished(outcome=SourceOutcome.MOVED, place=f"{into.value}/{display_name(move.done)}")

    def _add_note(self, move: Move, note: str | None) -> None:
        if note is None:
            return
        try:
            write_note(self._root, move, note)
        except CannotMoveError as error:  # the file could be moved, so this is odd, but it has its reason in the ledger
            logger.warning("a note could not be written", extra={"source": self.source_id, "reason": error.reason})
