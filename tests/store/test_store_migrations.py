"""The migrations and the tables are the same thing, said twice."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from intake import openings
from onboarding.store import Store, create_store, migrations, sqlite_url
from onboarding.store.migrating import migrate_to_head
from onboarding.store.tables import metadata
from onboarding.store.triggers import TRIGGER_NAMES
from outbox import messages

METADATAS = [metadata, openings.metadata, messages.metadata]  # openings share the ledger's


def test_the_head_the_program_names_is_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_heads() == [migrations.HEAD]


def test_a_database_at_head_has_exactly_the_tables_the_code_knows(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        differences = compare_metadata(context, METADATAS)  # type: ignore[arg-type]
    assert differences == []


def test_keys_and_indexes_are_the_same_on_both_databases(store: Store) -> None:
    with store.read() as connection:
        found = sa.inspect(connection)
        for table in (table for known in METADATAS for table in known.tables.values()):
            assert _keys_found(found, table.name) == _keys_known(table)


def _keys_known(table: sa.Table) -> tuple[object, ...]:
    foreign = {(key.column.table.name, key.parent.name) for key in table.foreign_keys}
    return [column.name for column in table.primary_key], {index.name for index in table.indexes}, foreign


def _keys_found(found: sa.Inspector, table: str) -> tuple[object, ...]:
    unique = {constraint["name"] for constraint in found.get_unique_constraints(table)}
    indexes = {index["name"] for index in found.get_indexes(table)} - unique
    foreign = {(key["referred_table"], *key["constrained_columns"]) for key in found.get_foreign_keys(table)}
    return found.get_pk_constraint(table)["constrained_columns"], indexes, foreign


def test_migrating_again_changes_nothing_and_brings_lost_triggers_back(store: Store) -> None:
    with store.begin() as connection:
        on = " ON events" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER events_no_delete{on}")
        migrate_to_head(connection)
    with store.read() as connection:
        catalogue = "sqlite_master WHERE type = 'trigger' AND name" if not on else "pg_trigger WHERE tgname"
        query = f"SELECT count(*) FROM {catalogue} = 'events_no_delete'"
        assert connection.exec_driver_sql(query).scalar_one() == 1
    assert "events_no_delete" in TRIGGER_NAMES


def test_ids_that_must_never_come_back_never_do(tmp_path: Path) -> None:
    made = create_store(sqlite_url(tmp_path / "made.sqlite"), environment="test")
    wanted = {
        table.name for known in METADATAS for table in known.tables.values() if table.kwargs["sqlite_autoincrement"]
    }
    with made.read() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
        assert set(found.scalars()) == wanted == {"judgements", "receipts"}
    made.close()
