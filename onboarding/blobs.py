"""Received and issued bytes, each stored once under its own SHA-256, on a local or shared file system.

What `put` returned survives a power cut: written to a temporary file, synced, renamed to its final name (`ab/abcd…`),
and the folder synced. A file with a final name is therefore always whole. Bytes never change; their hash is checked at
every read. Residual risk: somebody with the operator's rights can delete a file, which the next read reports.
"""

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from agreements.errors import ConfigurationError, IntegrityError, NotFoundError, TemporaryError

CHUNK_BYTES = 2**20  # what is held in memory while copying
TEMPORARY_MAX_AGE = timedelta(hours=24)  # no copy takes that long: what is older was left by a killed process
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}


class FileBlobs:
    """`agreements.ports.Blobs` in a folder. Use from any thread and any number of processes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / "tmp"
        self._synced_folders: set[Path] = set()
        with self._translated_faults():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)  # by itself: parents that mkdir makes get no mode
            self._temporary.mkdir(mode=0o700, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Store bytes durably and return their SHA-256 in hex. Raises TemporaryError("disk_full")."""
        return self.put_stream(BytesIO(data))[0]

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        """Store all that `stream` gives; return (SHA-256 in hex, number of bytes).

        Raises TemporaryError("disk_full"), and IntegrityError if other bytes stand under that hash. An exception of the
        stream passes through; nothing is stored then.
        """
        temporary = self._temporary / secrets.token_hex(16)
        with self._translated_faults():
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            try:
                sha256, size = self._copy(stream, descriptor)
            finally:
                os.close(descriptor)
            self._publish(temporary, sha256)
        finally:
            with suppress(FileNotFoundError):  # renamed: the usual case
                temporary.unlink()
        return sha256, size

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises IntegrityError if they no longer match their hash, NotFoundError if they are gone."""
        with os.fdopen(self._open(sha256), "rb") as file:
            data = file.read()
        _require_same(hashlib.sha256(data).hexdigest(), sha256)
        return data

    def read_head(self, sha256: str, size: int) -> bytes:
        """The first bytes, at most `size`; their hash is not checked, so only for choosing how to go on."""
        with os.fdopen(self._open(sha256), "rb") as file:
            return file.read(size)

    @property
    def work_dir(self) -> Path:
        """Where temporary files may stand: on the same disk as the originals, swept at start-up."""
        return self._temporary

    def open(self, sha256: str) -> int:
        """A descriptor to read the bytes from, at their start, their hash checked. The caller closes it.

        For handing on to the sandbox. Raises like `read`.
        """
        descriptor = self._open(sha256)
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                _require_same(hashlib.file_digest(file, "sha256").hexdigest(), sha256)
            os.lseek(descriptor, 0, os.SEEK_SET)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def holds(self, sha256: str) -> bool:
        """Whether it is there; its hash is not checked."""
        return self._path(sha256).exists()

    def erase(self, sha256: str, *, stored_before: datetime) -> bool:
        """Remove an original for good; False if it is not there, or was stored (again) at or after that moment."""
        path = self._path(sha256)
        with suppress(FileNotFoundError):
            if path.stat().st_mtime >= stored_before.timestamp():
                return False
            path.unlink()
            _sync_folder(path.parent)
            return True
        return False

    def sweep(self, now: datetime) -> int:
        """Remove temporary files that a killed process left, and return how many. Call at start-up."""
        oldest = (now - TEMPORARY_MAX_AGE).timestamp()
        swept = 0
        for path in self._temporary.iterdir():
            with suppress(FileNotFoundError):  # another process was quicker
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    swept += 1
        return swept

    def _copy(self, stream: BinaryIO, descriptor: int) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            with self._translated_faults():
                _write_all(descriptor, chunk)
        with self._translated_faults():
            os.fsync(descriptor)
        return digest.hexdigest(), size

    def _publish(self, temporary: Path, sha256: str) -> None:
        target = self._path(sha256)
        with self._translated_faults():
            self._make_folder(target.parent)
            if target.exists():
                os.close(self.open(sha256))  # there already: held to its hash, and kept
                os.utime(target)  # whoever erases can tell that it was stored again
            else:
                temporary.rename(target)
            _sync_folder(target.parent)

    def _make_folder(self, folder: Path) -> None:
        """The folder, itself durable; synced once by every process, as another may have died just after making it."""
        if folder not in self._synced_folders:
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self._root)
            self._synced_folders.add(folder)

    def _open(self, sha256: str) -> int:
        try:
            with self._translated_faults():
                return os.open(self._path(sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFoundError("blob_missing", sha256=sha256) from error
        except OSError as error:
            if error.errno == errno.ELOOP:  # a symbolic link stands in its place
                raise IntegrityError("blob_corrupt", sha256=sha256) from error
            raise

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise NotFoundError("blob_missing", sha256=sha256)
        return self._root / sha256[:2] / sha256

    @contextmanager
    def _translated_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise TemporaryError("disk_full", place=str(self._root)) from error
            if error.errno in _NO_ACCESS:
                raise ConfigurationError("blobs_no_access", place=str(self._root)) from error
            raise


def _require_same(found: str, sha256: str) -> None:
    if found != sha256:
        raise IntegrityError("blob_corrupt", sha256=sha256)


def _write_all(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
