"""What a database says, in the program's own errors: faults of the surroundings only, not a broken rule of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from agreements.errors import AvtaleError, ConfigurationError, IntegrityError, TemporaryError

_SQLITE_FAULTS: dict[int, tuple[type[AvtaleError], str]] = {
    sqlite3.SQLITE_BUSY: (TemporaryError, "database_busy"),
    sqlite3.SQLITE_LOCKED: (TemporaryError, "database_busy"),
    sqlite3.SQLITE_FULL: (TemporaryError, "disk_full"),
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
def translated_faults(place: str) -> Iterator[None]:
    """Raise our error for a database that is busy, full, unreachable, closed to us or corrupt.

    `place` names it, without secrets.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        fault = _sqlite_fault(error.orig) if isinstance(error.orig, sqlite3.Error) else _postgresql_fault(error)
        if fault is None:
            raise
        kind, code = fault
        raise kind(code, place=place) from error


def _sqlite_fault(error: sqlite3.Error) -> tuple[type[AvtaleError], str] | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _SQLITE_FAULTS.get(code & 0xFF)  # the low byte is the primary code


def _postgresql_fault(error: sa.exc.DBAPIError) -> tuple[type[AvtaleError], str] | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRESQL_FAULTS:
        return _POSTGRESQL_FAULTS[state]
    lost = error.connection_invalidated or (isinstance(error, sa.exc.OperationalError) and state is None)
    return (TemporaryError, "database_unreachable") if lost else None
