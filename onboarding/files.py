"""Files that a person asked for, written where they said, or a clear refusal; and files of ours that must last.

They hold names and addresses: files and new folders are for their owner alone.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from agreements.errors import ConfigurationError, TemporaryError
from agreements.file_kinds import odd_kind

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class OddFileError(OSError):
    """What should be a file is something else: `kind` is a word of `terms.kind`. Reading it might never end.

    As an OSError its `strerror` is the same word, which `terms.reason` has, too.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(errno.EINVAL, kind)


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """An ordinary file, open for reading. Raises OddFileError for anything else, and OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not hold us up
    try:
        kind = odd_kind(os.fstat(descriptor).st_mode)
        if kind is not None:
            raise OddFileError(kind)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder with those above it. Raises ConfigurationError("cannot_write")."""
    with _told(folder):
        _make(folder)


def write_file(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a file, with the folders above it; whole or not at all. With `replace=False` a file that is there stays.

    Raises ConfigurationError("cannot_write") or TemporaryError("disk_full").
    """
    with _told(path):
        _make(path.parent)
        if _is_ours_or_new(path):
            _write_beside(path, data, replace=replace)
        else:
            _write_into(path, data)


def write_durably(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk when it is there. Raises as `write_file`; the folder must be there."""
    with _told(path):
        _write_beside(path, data, replace=True, sync=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the folder's names on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_ours_or_new(path: Path) -> bool:
    """False for a pipe, and for another user's file: what is written there stays theirs."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()


def _write_into(path: Path, data: bytes) -> None:
    """What is there takes the bytes. A pipe that nobody reads is an error (ENXIO), or we should wait for ever."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as stream:
        os.set_blocking(descriptor, True)
        stream.write(data)


def _write_beside(path: Path, data: bytes, *, replace: bool, sync: bool = False) -> None:
    """Into a hidden file first: a disk that fills up must not leave half a document under its name."""
    draft = path.with_name(f".{secrets.token_hex(8)}.ny")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            if sync:
                stream.flush()
                os.fsync(descriptor)
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    """One by one: parents that `mkdir` makes by itself get no mode."""
    for place in reversed([folder, *folder.parents]):
        if not place.is_dir():
            place.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise TemporaryError("disk_full", place=str(path)) from error
        raise ConfigurationError("cannot_write", path=str(path), reason=error.strerror or "") from error
