"""Opening the store: one database per environment, migrated to head, or a clear refusal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from agreements.errors import ConfigurationError
from onboarding.store.engines import build_engine, parse_url, read_only, sqlite_path
from onboarding.store.faults import translated_faults
from onboarding.store.locks import Lock, take_lock
from onboarding.store.migrating import current_revision, migrate_to_head
from onboarding.store.migrations import HEAD
from onboarding.store.tables import meta


class Store:
    """An open database. Use from any thread; every transaction has its own connection."""

    def __init__(self, url: URL) -> None:
        self.place = url.render_as_string(hide_password=True)
        self._file = sqlite_path(url)
        self._writer = build_engine(url)
        self._reader = read_only(self._writer)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A write transaction: committed at the end, rolled back by any exception.

        Never send, wait or open another one inside: on SQLite it holds the only write lock. Raises TemporaryError when
        the database is busy, full or unreachable; nothing is written then.
        """
        with translated_faults(self.place, self._file), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read-only transaction over one snapshot. It neither waits for writers nor holds them up."""
        with translated_faults(self.place, self._file), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()


def create_store(url: str, *, environment: str) -> Store:
    """Make the database, or bring an older one to head, stamp it with its environment and open it.

    All in one transaction. Raises ConfigurationError when it belongs to another environment or a newer program.
    """
    parsed = parse_url(url)
    _make_file(sqlite_path(parsed))
    store = Store(parsed)
    with _closed_on_error(store), store.begin() as connection:
        take_lock(connection, Lock.MIGRATION)
        found = current_revision(connection)
        if found is not None:
            _check_environment(connection, environment)
        if found != HEAD:
            _migrate(connection, found)
        if found is None:
            connection.execute(meta.insert().values(key="environment", value=environment))
    return store


def open_store(url: str, *, environment: str) -> Store:
    """Open a database that `create_store` made.

    Raises ConfigurationError if it is missing, not at head, or another environment's.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is not None and not path.is_file():  # SQLite would make an empty one
        raise ConfigurationError("database_missing", place=str(path))
    store = Store(parsed)
    with _closed_on_error(store), store.read() as connection:
        found = current_revision(connection)
        if found != HEAD:
            raise ConfigurationError("database_not_migrated", found=found or "-", expected=HEAD)
        _check_environment(connection, environment)
    return store


def is_current(url: str) -> bool:
    """True if the database is there and of this version. Raises TemporaryError when it can't be reached."""
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is not None and not path.is_file():
        return False
    store = Store(parsed)
    with _closed_on_error(store), store.read() as connection:
        found = current_revision(connection)
    store.close()
    return found == HEAD


@contextmanager
def _closed_on_error(store: Store) -> Iterator[None]:
    try:
        yield
    except BaseException:
        store.close()
        raise


def _make_file(path: Path | None) -> None:
    """The SQLite file, readable by its owner alone; SQLite gives its journal the same mode."""
    if path is None:
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigurationError("database_no_access", place=str(path)) from error


def _migrate(connection: sa.Connection, found: str | None) -> None:
    if found is not None and found > HEAD:  # revisions are numbered in order
        raise ConfigurationError("database_not_migrated", found=found, expected=HEAD)
    migrate_to_head(connection)


def _check_environment(connection: sa.Connection, environment: str) -> None:
    stamped = connection.execute(sa.select(meta.c.value).where(meta.c.key == "environment")).scalar_one_or_none()
    if stamped != environment:
        raise ConfigurationError("environment_mismatch", stamped=stamped or "-", configured=environment)
