"""Signed checkpoints of the record: up to this event, this was its hash. Rows that are only added."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agreements.times import format_utc, parse_utc
from onboarding.store.tables import checkpoints


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A place in the record, as it was signed."""

    seq: int
    hash: str
    made_at: datetime
    document: str
    """The signed JSON."""


def insert_checkpoint(connection: sa.Connection, checkpoint: Checkpoint) -> None:
    """Add one; there is one for each place."""
    row = {
        "seq": checkpoint.seq,
        "hash": checkpoint.hash,
        "made_at": format_utc(checkpoint.made_at),
        "document": checkpoint.document,
    }
    connection.execute(checkpoints.insert().values(**row))


def last_checkpoint(connection: sa.Connection) -> Checkpoint | None:
    """The newest one, or None."""
    row = connection.execute(sa.select(checkpoints).order_by(checkpoints.c.seq.desc()).limit(1)).mappings().first()
    return None if row is None else _checkpoint(row)


def list_checkpoints(connection: sa.Connection) -> tuple[Checkpoint, ...]:
    """All of them, oldest first."""
    return tuple(map(_checkpoint, connection.execute(sa.select(checkpoints).order_by(checkpoints.c.seq)).mappings()))


def _checkpoint(row: sa.RowMapping) -> Checkpoint:
    return Checkpoint(seq=row["seq"], hash=row["hash"], made_at=parse_utc(row["made_at"]), document=row["document"])
