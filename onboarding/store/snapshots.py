"""What registers said of an organisation, and when: rows that are only added; answers stand among the originals."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agreements.orgnumber import OrgNumber
from agreements.times import format_utc, parse_utc
from onboarding.store.tables import snapshots


@dataclass(frozen=True, kw_only=True)
class StoredSnapshot:
    """One look-up. The three answers by their SHA-256; None for one that did not come."""

    org_number: OrgNumber
    at: datetime
    outcome: str
    status: int | None
    """Of the answer about the organisation (HTTP)."""
    entity: str | None = None
    signature: str | None = None
    prokura: str | None = None


def insert_snapshot(connection: sa.Connection, snapshot: StoredSnapshot) -> None:
    """Add a look-up in the caller's transaction."""
    row = {
        "org_number": snapshot.org_number.digits,
        "fetched_at": format_utc(snapshot.at),
        "outcome": snapshot.outcome,
        "status": snapshot.status,
        "entity_sha256": snapshot.entity,
        "signature_sha256": snapshot.signature,
        "prokura_sha256": snapshot.prokura,
    }
    connection.execute(snapshots.insert().values(**row))


def find_snapshot(connection: sa.Connection, org_number: OrgNumber, *, before: datetime) -> StoredSnapshot | None:
    """The last look-up that answered anything, up to a moment; None if there is none."""
    query = (
        sa.select(snapshots)
        .where(
            snapshots.c.org_number == org_number.digits,
            snapshots.c.fetched_at <= format_utc(before),
            snapshots.c.outcome.in_(("answered", "unknown")),
        )
        .order_by(snapshots.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return StoredSnapshot(
        org_number=org_number,
        at=parse_utc(row["fetched_at"]),
        outcome=row["outcome"],
        status=row["status"],
        entity=row["entity_sha256"],
        signature=row["signature_sha256"],
        prokura=row["prokura_sha256"],
    )
