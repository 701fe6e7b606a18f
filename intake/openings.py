"""What was found in the deliveries that are not documents themselves: mails, archives, signed packages. One row per
content, beside the ledger: what a mail says of where it belongs is asked for again when its documents are judged.

Works inside the caller's transaction. The texts are strangers': for matching and for a person to read, never for a log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agreements.findings import Finding
from agreements.times import format_utc
from intake.ledger import metadata
from intake.unpacking.values import Candidate, MailReading, Other, Unpacking

openings = sa.Table(
    "openings",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("opened_at", sa.Text, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a delivery said and held."""

    mail: MailReading | None
    findings: tuple[Finding, ...]
    candidates: tuple[Candidate, ...] = ()
    """The documents; each has a receipt of its own."""
    others: tuple[Other, ...] = ()
    """What lay beside them."""


def save_opening(conn: sa.Connection, sha256: str, unpacking: Unpacking, *, now: datetime) -> None:
    """Keep what was found in a content (hex digest). Finding it again is nothing."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row: Mapping[str, Any] = {"sha256": sha256, "content": unpacking.model_dump_json(), "opened_at": format_utc(now)}
    conn.execute(insert(openings).values(**row).on_conflict_do_nothing())


def find_opening(conn: sa.Connection, sha256: str) -> Opening | None:
    """What was found in a content, or None if it was never opened."""
    row = conn.execute(sa.select(openings.c.content).where(openings.c.sha256 == sha256)).one_or_none()
    if row is None:
        return None
    unpacking = Unpacking.model_validate_json(row.content)
    return Opening(
        mail=unpacking.mail,
        findings=unpacking.findings,
        candidates=unpacking.candidates,
        others=unpacking.others,
    )
