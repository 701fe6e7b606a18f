"""One engine per database, set up so that callers never see which one it is.

SQLite: WAL with `synchronous=FULL` (a commit survives a power cut), every write transaction begins IMMEDIATE (no lock
is upgraded half-way), 30 s busy time-out, foreign keys on, recursive triggers on (REPLACE fires the delete triggers
only then). PostgreSQL: read committed for writes, repeatable read for reads, 30 s lock time-out.
Statement parameters are hidden from error messages and logs: they are people's data.
"""

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from agreements.errors import ConfigurationError

BUSY_SECONDS = 30  # facts/engine.md: a writer waits this long for the one before it
CONNECT_SECONDS = 10  # PostgreSQL: a server that does not answer by then is reported as unreachable
_READ_ONLY = "avtale_read_only"


def parse_url(text: str) -> URL:
    """Parse `sqlite:///path` (percent-encoded) or `postgresql://…`. Raises ConfigurationError for any other."""
    try:
        url = make_url(text)
    except sa.exc.ArgumentError as error:
        raise ConfigurationError("database_url") from error
    if url.drivername in {"postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in {"sqlite", "sqlite+pysqlite"} and url.database not in {None, "", ":memory:"} and not url.query:
        return url
    raise ConfigurationError("database_url")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file; any path will do, with spaces and percent signs too."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database, None for PostgreSQL."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def build_engine(url: URL) -> sa.Engine:
    """An engine for write transactions. Opens nothing yet."""
    if sqlite_path(url) is not None:
        return _sqlite_engine(url)
    options = f"-c lock_timeout={BUSY_SECONDS}s -c synchronous_commit=on -c client_encoding=UTF8"
    return sa.create_engine(
        url,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": options},
        pool_pre_ping=True,
        hide_parameters=True,
    )


def read_only(engine: sa.Engine) -> sa.Engine:
    """The same engine for transactions that can't write and see one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READ_ONLY: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_connection)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare_connection(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    reading = bool(connection.get_execution_options().get(_READ_ONLY))
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
