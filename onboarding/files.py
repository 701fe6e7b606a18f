"""Files that a person asked for: written where they said, or a clear refusal."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agreements.errors import ConfigurationError, TemporaryError


def make_folder(folder: Path) -> None:
    """Make a folder with those above it. Raises ConfigurationError("cannot_write")."""
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_file(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a file, with the folders above it. With `replace=False` a file that is there stays.

    Raises ConfigurationError("cannot_write") or TemporaryError("disk_full").
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb" if replace else "xb") as stream:
            stream.write(data)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise TemporaryError("disk_full", place=str(path)) from error
        raise ConfigurationError("cannot_write", path=str(path), reason=error.strerror or "") from error
