"""Moving a finished file to `ferdig/` or `karantene/`, and back if it turns out that somebody still writes it.

Every function may be repeated after a crash between any two of its steps.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from intake.names import MAX_FILE_NAME, NOTE_SUFFIX
from intake.receipts import SourceOutcome
from intake.sources.folder.entries import parse_key
from intake.sources.folder.files import (
    find_finished,
    find_state,
    free_name,
    moving,
    open_folder,
    open_own_folder,
    same_content,
    sync_folder,
    write_new,
)
from intake.stability import FileState

LATE_WATCH_SECONDS: Final = 600.0  # facts/mail-and-folders.md §7, maks_vent: how long a slow writer may pause unnoticed


@dataclass(frozen=True, kw_only=True)
class Move:
    """A finished file: from which name to which, and as what it was moved."""

    outcome: SourceOutcome
    name: bytes
    into: bytes
    done: bytes | None
    """Its name in the sub-folder; None when it is not there."""
    state: FileState


def move_finished(path: bytes, key: str, *, receipt_id: int, into: bytes) -> Move:
    """Rename the file of this key into a sub-folder, never over anything. Raises CannotMoveError, OSError."""
    name, state = parse_key(key)

    def result(outcome: SourceOutcome, done: bytes | None = None) -> Move:
        return Move(outcome=outcome, name=name, into=into, done=done, state=state)

    with moving(), open_folder(path) as root:
        there = find_state(root, name)
        if there != state:
            done = _find_moved_before(root, into, receipt_id=receipt_id, name=name, state=state)
            if done is not None:
                return result(SourceOutcome.MOVED, done)
            return result(SourceOutcome.GONE if there is None else SourceOutcome.CHANGED)
        with open_own_folder(root, into) as folder:
            done = free_name(folder, receipt_id, name)
            os.rename(name, done, src_dir_fd=root, dst_dir_fd=folder)
            if _put_back_if_changed(root, folder, done=done, name=name, state=state):
                return result(SourceOutcome.CHANGED)
            sync_folder(folder)
            sync_folder(root)
    return result(SourceOutcome.MOVED, done)


def _find_moved_before(root: int, into: bytes, *, receipt_id: int, name: bytes, state: FileState) -> bytes | None:
    try:
        with open_folder(into, within=root) as folder:
            return find_finished(folder, receipt_id, name, state)
    except FileNotFoundError:
        return None


def _put_back_if_changed(root: int, folder: int, *, done: bytes, name: bytes, state: FileState) -> bool:
    """Undo the move of a file that was written to since it was judged: what it is now is a delivery of its own."""
    there = find_state(folder, done)
    if there is None or same_content(there, state):
        return False
    back = name if find_state(root, name) is None else done
    os.rename(done, back, src_dir_fd=folder, dst_dir_fd=root)
    sync_folder(root)
    sync_folder(folder)
    return True


def write_note(path: bytes, move: Move, text: str) -> None:
    """Lay a note beside a file in quarantine: `<name>.grunn.txt`, UTF-8. Raises CannotMoveError, OSError."""
    if move.done is None:
        return
    with moving(), open_folder(path) as root, open_own_folder(root, move.into) as folder:
        write_new(folder, move.done + NOTE_SUFFIX, b"." + move.done + NOTE_SUFFIX, text.encode())


def move_marker(path: bytes, move: Move, marker: bytes) -> None:
    """Move the marker of a file after it. Raises CannotMoveError, OSError.

    It stays when the name is in use again: by then it may be the next file's.
    """
    if move.done is None or len(move.name + marker) > MAX_FILE_NAME:
        return
    with moving(), open_folder(path) as root, open_own_folder(root, move.into) as folder:
        if find_state(root, move.name) is not None or find_state(folder, move.done + marker) is not None:
            return
        with suppress(FileNotFoundError):
            os.rename(move.name + marker, move.done + marker, src_dir_fd=root, dst_dir_fd=folder)
            sync_folder(root)


@dataclass
class LateWatch:
    """Files moved lately. One that still grows was not finished by its writer: it is put back, to be taken anew.

    Kept in memory only: a writer that pauses beyond the quiet time while the program is started anew is not noticed,
    and the rest of what it writes stays in `ferdig/` or `karantene/` beside the stored first part.
    """

    _moves: list[tuple[Move, float | None]] = field(default_factory=list)

    def add(self, move: Move) -> None:
        """Watch a file that was just moved."""
        self._moves.append((move, None))

    def put_back_changed(self, root: int, *, now: float) -> int:
        """Put back what changed since it was moved; returns how many. Raises OSError."""
        watched, self._moves = self._moves, []
        count = 0
        for move, until in watched:
            deadline = now + LATE_WATCH_SECONDS if until is None else until
            if self._put_back(root, move):
                count += 1
            elif now < deadline:
                self._moves.append((move, deadline))
        return count

    @staticmethod
    def _put_back(root: int, move: Move) -> bool:
        try:
            with open_folder(move.into, within=root) as folder:
                return _put_back_if_changed(root, folder, done=move.done or b"", name=move.name, state=move.state)
        except FileNotFoundError:
            return False
