"""What a database says, in the program's own errors: faults of the surroundings only, not a broken rule of ours."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from agreements.errors import AvtaleError, ConfigurationError, IntegrityError, TemporaryError

FULL_BYTES: Final = 2**16  # SQLite makes its index of the log 32 KiB at a time (sqlite.org/walformat.html)
_SQLITE_FAULTS: dict[int, tuple[type[AvtaleError], str]] = {
    sqlite3.SQLITE_BUSY: (TemporaryError, "database_busy"),
    sqlite3.SQLITE_LOCKED: (TemporaryError, "database_busy"),
    sqlite3.SQLITE_FULL: (TemporaryError, "disk_full"),
    sqlite3.SQLITE_IOERR: (TemporaryError, "database_io"),  # what a full disk gives where a file is mapped, not written
    sqlite3.SQLITE_READONLY: (ConfigurationError, "database_no_access"),
    sqlite3.SQLITE_CANTOPEN: (ConfigurationError, "database_no_access"),
    sqlite3.SQLITE_CORRUPT: (IntegrityError, "database_corrupt"),
    sqlite3.SQLITE_NOTADB: (IntegrityError, "database_corrupt"),
}
# SQLSTATE, PostgreSQL documentation, appendix A. A refused connection has none: libpq only tells it in words.
_POSTGRESQL_FAULTS: dict[str, tuple[type[AvtaleError], str]] = {
    "40001": (TemporaryError, "database_busy"),  # serialisation failure
    "40P01": (TemporaryError, "database_busy"),  # deadlock
    "55P03": (TemporaryError, "database_busy"),  # lock time-out
    "53100": (TemporaryError, "disk_full"),
    "53300": (TemporaryError, "database_busy"),  # too many connections
    "42501": (ConfigurationError, "database_no_access"),
}


@contextmanager
def translated_faults(place: str, file: Path | None = None) -> Iterator[None]:
    """Raise our error for a database that is busy, full, unreachable, closed to us or corrupt.

    `place` names it, without secrets; `file` is where SQLite keeps it.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        fault = _sqlite_fault(error.orig, file) if isinstance(error.orig, sqlite3.Error) else _postgresql_fault(error)
        if fault is None:
            raise
        kind, code = fault
        raise kind(code, place=place) from error


def _sqlite_fault(error: sqlite3.Error, file: Path | None) -> tuple[type[AvtaleError], str] | None:
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:
        return None
    code = extended & 0xFF  # the low byte is the primary code
    if code == sqlite3.SQLITE_CANTOPEN and _has_no_room(file):
        code = sqlite3.SQLITE_IOERR  # it could not make its log beside the database
    return _SQLITE_FAULTS.get(code)


def _has_no_room(file: Path | None) -> bool:
    """Whether the database is there and its disk is full."""
    if file is None or not file.is_file():
        return False
    disk = os.statvfs(file)
    return disk.f_bavail * disk.f_frsize < FULL_BYTES or (disk.f_files > 0 and disk.f_favail == 0)


def _postgresql_fault(error: sa.exc.DBAPIError) -> tuple[type[AvtaleError], str] | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRESQL_FAULTS:
        return _POSTGRESQL_FAULTS[state]
    lost = error.connection_invalidated or (isinstance(error, sa.exc.OperationalError) and state is None)
    return (TemporaryError, "database_unreachable") if lost else None
