"""The record: any tampering is found at the first bad place."""

import pytest
import sqlalchemy as sa

from onboarding.store import Store
from onboarding.store.events import GENESIS, append_event, count_events, head_hash, list_events, verify_chain
from onboarding.store.tables import events
from onboarding.store.triggers import create_triggers
from tests.store.examples import happened


@pytest.fixture
def record(store: Store) -> Store:
    """Five events."""
    with store.begin() as connection:
        assert [append_event(connection, happened(f"test.event{n}")) for n in range(1, 6)] == [1, 2, 3, 4, 5]
    return store


def test_an_untouched_record_holds(record: Store) -> None:
    with record.read() as connection:
        assert verify_chain(connection) is None
        assert [event.seq for event in list_events(connection)] == [1, 2, 3, 4, 5]


def test_an_empty_record_holds(store: Store) -> None:
    with store.read() as connection:
        assert verify_chain(connection) is None
        assert (count_events(connection), head_hash(connection)) == (0, GENESIS)


def test_the_head_stands_for_the_whole_record(record: Store) -> None:
    with record.read() as connection:
        assert count_events(connection) == 5
        assert head_hash(connection) == list_events(connection)[-1].hash


@pytest.mark.parametrize(
    ("tampering", "found_at"),
    [
        ("UPDATE events SET actor = 'somebody' WHERE seq = 3", 3),
        ("UPDATE events SET os_user = 'somebody' WHERE seq = 1", 1),
        ("UPDATE events SET data = '{\"a\":1}' WHERE seq = 5", 5),
        ("UPDATE events SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 2", 2),
        ("UPDATE events SET case_number = 'DA-2026-000042-J' WHERE seq = 4", 4),
        ("UPDATE events SET hash = prev_hash WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 3", 3),
    ],
)
def test_tampering_behind_the_triggers_is_found(record: Store, tampering: str, found_at: int) -> None:
    with record.begin() as connection:
        on = " ON events" if connection.dialect.name == "postgresql" else ""
        for trigger in ("events_no_update", "events_no_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")
        connection.exec_driver_sql(tampering)
        create_triggers(connection)
    with record.read() as connection:
        assert verify_chain(connection) == found_at


def test_the_first_event_begins_the_chain_and_each_names_the_one_before(record: Store) -> None:
    with record.read() as connection:
        rows = connection.execute(sa.select(events).order_by(events.c.seq)).all()
    assert [row.prev_hash for row in rows] == [GENESIS, *(row.hash for row in rows[:-1])]
    assert len({row.hash for row in rows}) == 5
