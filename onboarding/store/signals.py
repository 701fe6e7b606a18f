"""Clear signals as they were made; the last one of a case is what must lie on disk."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agreements.casenumber import CaseNumber, parse_case_number
from agreements.times import format_utc
from onboarding.store.tables import clear_signals


@dataclass(frozen=True, kw_only=True)
class StoredSignal:
    """A signed document, and where it belongs."""

    id: int
    case: CaseNumber
    document: str


def insert_signal(connection: sa.Connection, case: CaseNumber, document: str, *, now: datetime) -> None:
    """Add a signal; it takes the place of the one before, as soon as it is written out."""
    row = {"case_number": str(case), "document": document, "made_at": format_utc(now), "written": 0}
    connection.execute(clear_signals.insert().values(**row))


def find_signal(connection: sa.Connection, case: CaseNumber) -> StoredSignal | None:
    """The last signal of a case, or None."""
    query = sa.select(clear_signals).where(clear_signals.c.case_number == str(case))
    row = connection.execute(query.order_by(clear_signals.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _signal(row)


def signals_to_write(connection: sa.Connection) -> tuple[StoredSignal, ...]:
    """Those that do not lie on disk yet, oldest first."""
    query = sa.select(clear_signals).where(clear_signals.c.written == 0).order_by(clear_signals.c.id)
    return tuple(map(_signal, connection.execute(query).mappings()))


def mark_written(connection: sa.Connection, signal: StoredSignal) -> None:
    """It lies on disk."""
    connection.execute(clear_signals.update().where(clear_signals.c.id == signal.id).values(written=1))


def _signal(row: sa.RowMapping) -> StoredSignal:
    return StoredSignal(id=row["id"], case=parse_case_number(row["case_number"]), document=row["document"])
