"""One `avtale run` for each database at a time. The operating system gives the lock back when the process dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agreements.errors import TemporaryError


@contextmanager
def run_lock(data_dir: Path) -> Iterator[None]:
    """Hold the lock. Raises TemporaryError("already_running") while another process has it."""
    path = data_dir / "run.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TemporaryError("already_running", path=str(path)) from error
        yield
    finally:
        os.close(descriptor)
