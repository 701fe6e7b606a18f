"""File operations inside one watched folder, by descriptor: no name is ever resolved outside it, no link ever
followed.
"""

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from agreements.file_kinds import odd_kind
from intake.names import done_name
from intake.stability import TAIL_BYTES, FileState

# What means "this can't be changed (or read) by us", as opposed to a fault that passes.
FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_CANT_MOVE: Final = FORBIDDEN | {errno.EXDEV, errno.ENOTDIR, errno.ELOOP, errno.EEXIST}
_OPEN_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a fifo must not hold us up
_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MAX_NAME_ATTEMPTS: Final = 100  # other names tried when one is taken; only another database's files can take ours


class CannotMoveError(Exception):
    """The folder does not let us move its files; `reason` is the name of the errno."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class SourceReadError(Exception):
    """Reading the source failed (and not storing what was read); `reason` is the name of the errno."""

    def __init__(self, error: OSError) -> None:
        self.reason = errno_name(error)
        super().__init__(self.reason)


def errno_name(error: OSError) -> str:
    """`EACCES` and the like: says what happened without naming anything of anybody's."""
    return errno.errorcode.get(error.errno or 0, "EIO")


def state_of(status: os.stat_result) -> FileState:
    """The part of a status that changes when the content does."""
    return FileState(size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


def odd_entry(status: os.stat_result) -> str | None:
    """What makes this no plain file of this folder alone (`symbolic_link`, `hard_link`, `fifo`, …), or None."""
    kind = odd_kind(status.st_mode)
    return "hard_link" if kind is None and status.st_nlink > 1 else kind


@contextmanager
def open_folder(path: bytes | str, *, within: int | None = None) -> Iterator[int]:
    """A descriptor of a folder. With `within` the name is looked up there and must not be a link. Raises OSError."""
    flags = _OPEN_FOLDER if within is None else _OPEN_FOLDER | os.O_NOFOLLOW
    descriptor = os.open(path, flags, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def open_file(folder: int, name: bytes) -> Iterator[int]:
    """A descriptor for reading one entry. A link is refused (ELOOP), a fifo does not block. Raises OSError."""
    descriptor = os.open(name, _OPEN_FILE, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_tail(folder: int, name: bytes) -> bytes:
    """The last bytes of a file (at most TAIL_BYTES), empty if it can't be read."""
    try:
        with open_file(folder, name) as descriptor:
            size = os.fstat(descriptor).st_size
            return os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    except OSError:
        return b""


class LimitedReader(io.RawIOBase):
    """Reads a descriptor up to a number of bytes, so that a growing file can't keep us. Does not close it."""

    def __init__(self, descriptor: int, limit: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._left = limit

    def readable(self) -> bool:
        """Always: it is made of a descriptor open for reading."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: WriteableBuffer
        """Fill the buffer. Raises SourceReadError where the operating system raises OSError."""
        view = memoryview(buffer)[: self._left]
        try:
            count = os.readv(self._descriptor, [view]) if view else 0
        except OSError as error:
            raise SourceReadError(error) from error
        self._left -= count
        return count


def sync_folder(descriptor: int) -> None:
    """Make renames durable. File systems that can't (EINVAL: some shares) are left to their own ways."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def find_state(folder: int, name: bytes) -> FileState | None:
    """What lies under a name now, or None for nothing."""
    try:
        return state_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return None


def same_content(first: FileState, second: FileState) -> bool:
    """Equal size and time of change; the inode is left out, since some shares give another one after a rename."""
    return (first.size, first.mtime_ns) == (second.size, second.mtime_ns)


@contextmanager
def open_own_folder(root: int, name: bytes) -> Iterator[int]:
    """A descriptor of our own sub-folder, made when missing. Raises OSError, also when the name is a link."""
    try:
        os.mkdir(name, dir_fd=root)
    except FileExistsError:
        pass
    else:
        sync_folder(root)
    with open_folder(name, within=root) as descriptor:
        yield descriptor


def write_new(folder: int, name: bytes, draft: bytes, content: bytes) -> None:
    """A small file, durable and whole or not there at all; it takes the place of one of that name. Raises OSError."""
    if find_state(folder, draft) is not None:
        os.unlink(draft, dir_fd=folder)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    sync_folder(folder)


@contextmanager
def moving() -> Iterator[None]:
    """Turn "not allowed to" into CannotMoveError; what may pass (full disk, input/output error) stays an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in _CANT_MOVE:
            raise CannotMoveError(errno_name(error)) from error
        raise


def find_finished(folder: int, receipt_id: int, name: bytes, state: FileState) -> bytes | None:
    """The name under which this very file was moved here before, or None."""
    for attempt in range(_MAX_NAME_ATTEMPTS):
        candidate = done_name(receipt_id, name, attempt)
        there = find_state(folder, candidate)
        if there is None:
            return None
        if same_content(there, state):
            return candidate
    return None


def free_name(folder: int, receipt_id: int, name: bytes) -> bytes:
    """A name for a finished file that nothing has yet. Raises CannotMoveError when all are taken."""
    for attempt in range(_MAX_NAME_ATTEMPTS):
        candidate = done_name(receipt_id, name, attempt)
        if find_state(folder, candidate) is None:
            return candidate
    raise CannotMoveError("EEXIST")
