"""Small facts about the installation itself, by key: its environment, and how its parts were when they last worked."""

from collections.abc import Mapping

import sqlalchemy as sa

from onboarding.store.tables import meta


def put_meta(connection: sa.Connection, key: str, value: str) -> None:
    """Write a value, over an earlier one. Not for `environment`, which is stamped once."""
    changed = connection.execute(meta.update().where(meta.c.key == key).values(value=value).returning(meta.c.key))
    if changed.scalar_one_or_none() is None:
        connection.execute(meta.insert().values(key=key, value=value))


def drop_meta(connection: sa.Connection, key: str) -> None:
    """Take a value away; one that is not there is no fault."""
    connection.execute(meta.delete().where(meta.c.key == key))


def list_meta(connection: sa.Connection, prefix: str) -> Mapping[str, str]:
    """All values whose key begins with the prefix, by key."""
    query = sa.select(meta).where(meta.c.key.startswith(prefix, autoescape=True)).order_by(meta.c.key)
    return {row.key: row.value for row in connection.execute(query)}
