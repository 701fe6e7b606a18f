"""Work that must happen one after the other: on SQLite every write transaction does; PostgreSQL takes a named lock."""

from enum import IntEnum

import sqlalchemy as sa

_NAMESPACE = 0x4156  # "AV": keeps our lock numbers apart from others' in the same PostgreSQL database


class Lock(IntEnum):
    """What is serialised. Take them in this order, or PostgreSQL may find a deadlock (which is a TemporaryError)."""

    MIGRATION = 1
    SERIALS = 2
    EVENTS = 3


def take_lock(connection: sa.Connection, lock: Lock) -> None:
    """Wait for the lock and hold it until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_NAMESPACE, lock.value)))
