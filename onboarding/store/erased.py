"""Originals that were erased: each with the event that tells of it. Rows that are only added, and once finished."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from onboarding.store.tables import erased_originals


def record_erased(connection: sa.Connection, rules: Mapping[str, str], *, event_seq: int) -> None:
    """Record that these contents are erased, by which rule; one that had come again goes again."""
    for sha256, rule in rules.items():
        row = {"sha256": sha256, "rule": rule, "event_seq": event_seq, "unlinked": 0}
        connection.execute(erased_originals.insert().values(**row))


def list_unfinished(connection: sa.Connection) -> tuple[str, ...]:
    """What is recorded and may lie on disk still."""
    query = sa.select(erased_originals.c.sha256).where(erased_originals.c.unlinked == 0).distinct()
    return tuple(connection.execute(query).scalars())


def mark_erased(connection: sa.Connection, contents: Collection[str]) -> None:
    """Their files are gone."""
    for sha256 in contents:
        connection.execute(erased_originals.update().where(erased_originals.c.sha256 == sha256).values(unlinked=1))
