"""The migrations and the tables are the same thing, said twice."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from agreements.agreement import SigningRoute
from agreements.case import Step
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.duties import hand_over
from intake import ledger, openings
from onboarding.store import Store, create_store, migrations, open_store, sqlite_url
from onboarding.store.cases import list_cases
from onboarding.store.engines import build_engine, parse_url, sqlite_path
from onboarding.store.issued import find_agreement, insert_agreement
from onboarding.store.migrating import migrate_to_head
from onboarding.store.tables import metadata
from onboarding.store.triggers import TRIGGER_NAMES
from outbox import messages

METADATAS = [metadata, ledger.metadata, messages.metadata]
assert openings.openings.metadata is ledger.metadata  # they are the ledger's


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
        assert (
            set(found.scalars())
            == wanted
            == {
                *(
                    "agreed_methods",
                    "attestations",
                    "clear_signals",
                    "configurations",
                    "erased_originals",
                    "judgements",
                    "method_results",
                ),
                *("plans", "receipts", "register_snapshots", "settings"),
            }
        )
    made.close()


def test_an_older_database_keeps_its_agreements_and_comes_out_like_a_new_one(empty_url: str, tmp_path: Path) -> None:
    _make_first_shape(empty_url)
    with closing(create_store(empty_url, environment="test")) as migrated, migrated.begin() as connection:
        found = find_agreement(connection, AgreementNumber(CaseNumber(2026, 1), 1))
        assert found is not None
        assert (found.sha256, found.route, found.open_fields) == ("ab" * 32, SigningRoute.SERVICE, ())
        assert (found.control_code, found.field_map_sha256, found.adopted) == ("", None, False)
        insert_agreement(connection, replace(found, number=AgreementNumber(found.number.case, 2), control_code="X"))
        if connection.dialect.name == "sqlite":
            fresh = create_store(sqlite_url(tmp_path / "fresh.sqlite"), environment="test")
            with closing(fresh), fresh.read() as other:
                assert _triggers(connection) == _triggers(other)
    with closing(open_store(empty_url, environment="test")) as opened:
        for column in ("route", "open_fields", "control_code", "field_map_sha256", "adopted"):
            with pytest.raises(sa.exc.DBAPIError), opened.begin() as connection:
                connection.exec_driver_sql(f"UPDATE agreements SET {column} = 'x'")


STOOD: list[tuple[str, str, dict[str, int]]] = [
    ("enquiry", "draft", {}),
    ("enquiry", "draft", {"unconfirmed": 1}),
    ("agreement", "sent", {}),
    ("agreement", "sent", {"held": 1}),
    ("agreement", "returned", {}),
    ("agreement", "approved", {}),
    ("agreement", "forwarded", {}),
    ("agreement", "acknowledged", {}),
    ("agreement", "returned_by_digipost", {}),
    ("setup", "acknowledged", {}),
    ("setup", "approved", {}),
    ("verification", "acknowledged", {}),
    ("launched", "acknowledged", {}),
    ("closed", "draft", {}),
]


def test_cases_that_stood_in_an_older_database_have_the_turn_that_the_rules_give_them(empty_url: str) -> None:
    _make_first_shape(empty_url)
    engine = build_engine(parse_url(empty_url))
    with engine.begin() as connection:
        for serial, (step, state, flags) in enumerate(STOOD, start=2):
            own = {"case_number": str(CaseNumber(2026, serial)), "serial": serial, "org_number": f"31000{serial:04}"}
            row = {**FIRST_CASE, **own, "step": step, "agreement_state": state, "agreement_version": 0, **flags}
            places = ", ".join(f":{column}" for column in row)
            connection.execute(sa.text(f"INSERT INTO cases ({', '.join(row)}) VALUES ({places})"), row)
    engine.dispose()
    with closing(create_store(empty_url, environment="test")) as migrated, migrated.read() as connection:
        cases = list_cases(connection)
        assert len(cases) == len(STOOD) + 1
        for case in cases:
            assert case == hand_over(replace(case, turn=None)), case.number
        assert cases[0].issued_on == date(2026, 1, 1)
        assert {case.clock is not None for case in cases if case.step is Step.SETUP} == {True}


AT = "2026-01-01T00:00:00.000000Z"
FIRST_CASE: dict[str, str | int] = {
    "case_number": str(CaseNumber(2026, 1)),
    "year": 2026,
    "serial": 1,
    "vendor_id": "fjord",
    "language": "nb",
    "org_number": "310000000",
    "customer_name": "A AS",
    "step": "agreement",
    "held": 0,
    "unconfirmed": 0,
    "plan": "open",
    "agreement_version": 1,
    "agreement_state": "issued",
    "field_values": "{}",
    "signers": "[]",
    "revision": 1,
    "created_at": AT,
    "updated_at": AT,
}
FIRST_AGREEMENT: dict[str, str | int] = {
    "case_number": str(CaseNumber(2026, 1)),
    "version": 1,
    "sha256": "ab" * 32,
    "size": 5,
    "pages": 3,
    "template_version": "standard",
    "language": "nb",
    "example_terms": 0,
    "field_values": "{}",
    "signers": "[]",
    "state": "issued",
    "issued_at": AT,
    "issued_by": "kari",
}


def _make_first_shape(url: str) -> None:
    """A database as the first version left it, with one issued agreement."""
    first = import_module("onboarding.store.migrations.versions.0001_first")
    parsed = parse_url(url)
    if (path := sqlite_path(parsed)) is not None:
        path.parent.mkdir(parents=True)
    engine = build_engine(parsed)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            first.upgrade()
        context.stamp(ScriptDirectory(str(Path(migrations.__file__).parent)), "0001")
        rows: dict[str, dict[str, str | int]] = {
            "meta": {"key": "environment", "value": "test"},
            "cases": FIRST_CASE,
            "agreements": FIRST_AGREEMENT,
        }
        for table, row in rows.items():
            places = ", ".join(f":{column}" for column in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"), row)
    engine.dispose()


def _triggers(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {row.name: row.sql for row in rows}
