"""What the database refuses, whoever asks."""

import sqlite3

import pytest
import sqlalchemy as sa

from agreements.case import LaunchPlan
from agreements.configuration import Setting
from agreements.plan import PlanDecision, Schedule
from onboarding.store import Store
from onboarding.store.engines import parse_url
from onboarding.store.events import append_event, verify_chain
from onboarding.store.issued import insert_agreement
from onboarding.store.plans import StoredPlan, insert_plan
from onboarding.store.settings import StoredSetting, insert_settings
from onboarding.store.triggers import TRIGGER_NAMES
from tests.store.examples import KARI, NOW, add_case, an_agreement, happened

REFUSED = [
    "UPDATE events SET kind = 'x' WHERE seq = 1",
    "UPDATE events SET seq = 9 WHERE seq = 1",
    "DELETE FROM events WHERE seq = 1",
    "DELETE FROM events",
    "INSERT INTO events SELECT * FROM events WHERE seq = 1",
    "INSERT INTO events SELECT 7, at, case_number, kind, actor, os_user, data, hash, hash FROM events WHERE seq = 2",
    "INSERT INTO events SELECT 3, at, case_number, kind, actor, os_user, data, 'x', hash FROM events WHERE seq = 2",
    "DELETE FROM cases",
    "DELETE FROM agreements",
    "UPDATE agreements SET sha256 = 'x'",
    "UPDATE agreements SET field_values = '{}', state = 'void'",
    "UPDATE agreements SET version = 2",
    "UPDATE agreements SET signers = '[]'",
    "UPDATE agreements SET field_map_sha256 = 'x'",
    "UPDATE agreements SET open_fields = '[]'",
    "UPDATE agreements SET adopted = 1",
    "UPDATE settings SET value = '1'",
    "UPDATE settings SET id = 9",
    "DELETE FROM settings",
    "INSERT INTO settings SELECT * FROM settings",
    "UPDATE plans SET decision = '{}'",
    "DELETE FROM plans",
    "INSERT INTO plans SELECT * FROM plans",
    "UPDATE meta SET value = 'production'",
    "DELETE FROM meta",
]
REFUSED_ON_SQLITE = [
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 1",
    "REPLACE INTO events SELECT * FROM events WHERE seq = 2",
    "UPDATE OR REPLACE events SET seq = 2 WHERE seq = 1",
    "REPLACE INTO agreements SELECT * FROM agreements",
    "REPLACE INTO settings SELECT * FROM settings",
    "REPLACE INTO plans SELECT * FROM plans",
    "REPLACE INTO cases SELECT * FROM cases",
    "REPLACE INTO meta VALUES ('environment', 'production')",
    "UPDATE OR REPLACE agreements SET rowid = 2 WHERE rowid = 1",
    "UPDATE OR REPLACE cases SET serial = 2 WHERE serial = 1",
]
REFUSED_ON_POSTGRESQL = [
    "TRUNCATE events",
    "TRUNCATE agreements",
    "TRUNCATE cases CASCADE",
    "TRUNCATE settings",
    "TRUNCATE plans",
    "TRUNCATE meta",
    "INSERT INTO events SELECT * FROM events WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET kind = 'x'",
]


@pytest.fixture
def filled(store: Store) -> Store:
    """Two cases, two events, two agreements, a setting, a plan."""
    with store.begin() as connection:
        case = add_case(connection)
        add_case(connection, org=1)
        insert_agreement(connection, an_agreement(case))
        insert_agreement(connection, an_agreement(case, version=2, sha256="cd" * 32))
        setting = Setting(field_id="setup.sender_id", value=497013, by="kari", at=NOW, reason="Fra Digipost")
        insert_settings(connection, [StoredSetting(case=case.number, version=2, setting=setting)], actor=KARI)
        decision = PlanDecision(plan=LaunchPlan.DIRECT)
        plan = StoredPlan(decision=decision, schedule=Schedule(), decided_by="kari", decided_at=NOW)
        insert_plan(connection, case.number, plan, actor=KARI)
    return store


def test_what_may_never_happen_is_refused_and_leaves_everything_as_it_was(filled: Store) -> None:
    with filled.read() as connection:
        dialect = connection.dialect.name
        before = _everything(connection)
    for statement in REFUSED + (REFUSED_ON_SQLITE if dialect == "sqlite" else REFUSED_ON_POSTGRESQL):
        with pytest.raises(sa.exc.DBAPIError), filled.begin() as connection:  # noqa: PT012 - the second line tells which
            connection.exec_driver_sql(statement)
            pytest.fail(f"went through: {statement}")
    with filled.read() as connection:
        assert _everything(connection) == before


def test_the_state_of_an_agreement_and_a_case_still_change(filled: Store) -> None:
    with filled.begin() as connection:
        connection.exec_driver_sql("UPDATE agreements SET state = 'void'")
        connection.exec_driver_sql("UPDATE cases SET held = 1")


def test_the_record_goes_on_after_a_refusal(filled: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError), filled.begin() as connection:
        connection.exec_driver_sql("DELETE FROM events")
    with filled.begin() as connection:
        assert append_event(connection, happened()) == 3
        assert verify_chain(connection) is None


def test_another_program_without_our_pragmas_can_not_replace_an_event(filled: Store, store_url: str) -> None:
    path = parse_url(store_url).database
    if not store_url.startswith("sqlite"):
        return
    with sqlite3.connect(path or "") as other, pytest.raises(sqlite3.IntegrityError, match="events_follow"):
        other.execute("REPLACE INTO events SELECT * FROM events WHERE seq = 1")
    other.close()


def test_every_trigger_stands_at_head(store: Store) -> None:
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE '%%_no_truncate'",
    }
    with store.read() as connection:
        found = connection.exec_driver_sql(queries[connection.dialect.name]).scalars().all()
    assert set(found) == TRIGGER_NAMES
    assert len(found) == len(TRIGGER_NAMES)


def _everything(connection: sa.Connection) -> list[list[tuple[object, ...]]]:
    tables = ("meta", "cases", "agreements", "settings", "events")
    return [
        [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1, 2")] for name in tables
    ]
