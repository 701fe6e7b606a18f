"""Opening a store: set up once, one environment, the right revision, and no half-made ones."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from agreements.errors import ConfigurationError, IntegrityError, TemporaryError
from onboarding.store import Store, create_store, open_store, sqlite_url
from onboarding.store.engines import parse_url
from onboarding.store.tables import meta


def test_a_store_opens_again_under_the_environment_it_was_made_for(empty_url: str) -> None:
    create_store(empty_url, environment="demo").close()
    store = open_store(empty_url, environment="demo")
    with store.read() as connection:
        assert connection.execute(sa.select(meta.c.value)).scalars().all() == ["demo"]
    store.close()


@pytest.mark.parametrize("opener", [open_store, create_store])
def test_a_store_refuses_another_environment(empty_url: str, opener: Callable[..., Store]) -> None:
    create_store(empty_url, environment="test").close()
    with pytest.raises(ConfigurationError) as refused:
        opener(empty_url, environment="production")
    assert refused.value.code == "environment_mismatch"
    assert refused.value.params == {"stamped": "test", "configured": "production"}


def test_creating_a_store_twice_keeps_what_is_in_it(store: Store, store_url: str) -> None:
    with store.begin() as connection:
        connection.execute(meta.insert().values(key="kept", value="yes"))
    again = create_store(store_url, environment="test")
    with again.read() as connection:
        assert connection.execute(sa.select(meta.c.value).where(meta.c.key == "kept")).scalar_one() == "yes"
    again.close()


def test_a_database_that_was_never_set_up_is_refused(empty_url: str) -> None:
    path = parse_url(empty_url).database
    if empty_url.startswith("sqlite"):
        assert path is not None
        Path(path).parent.mkdir()
        Path(path).touch()
    with pytest.raises(ConfigurationError) as refused:
        open_store(empty_url, environment="test")
    assert refused.value.code == "database_not_migrated"


@pytest.mark.parametrize("opener", [open_store, create_store])
def test_a_database_of_a_newer_program_is_refused(store: Store, store_url: str, opener: Callable[..., Store]) -> None:
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError) as refused:
        opener(store_url, environment="test")
    assert refused.value.code == "database_not_migrated"


def test_a_missing_file_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "not there.sqlite"
    with pytest.raises(ConfigurationError) as refused:
        open_store(sqlite_url(path), environment="test")
    assert refused.value.code == "database_missing"
    assert not path.exists()


def test_a_new_file_and_its_journal_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "avtale.sqlite"
    store = create_store(sqlite_url(path), environment="test")
    with store.begin() as connection:
        connection.execute(meta.insert().values(key="a", value="b"))
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    store.close()
    assert modes == {"avtale.sqlite": 0o600, "avtale.sqlite-wal": 0o600, "avtale.sqlite-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://h/x",
        "not a url",
        "sqlite:///a.sqlite?mode=ro",
        "postgresql+psycopg2://h/x",
    ],
)
def test_a_database_that_could_lose_work_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_store(url, environment="test")
    assert refused.value.code == "database_url"


def test_every_sqlite_connection_is_durable_and_guarded(tmp_path: Path) -> None:
    store = create_store(sqlite_url(tmp_path / "a.sqlite"), environment="test")
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "busy_timeout": 30_000,
    }
    with store.begin() as first, store.read() as second:
        for connection in (first, second):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}
            assert found == wanted
    store.close()


def test_a_file_that_is_no_database_is_an_integrity_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"%PDF-1.7 surely not a database" * 100)
    with pytest.raises(IntegrityError) as refused:
        open_store(sqlite_url(path), environment="test")
    assert refused.value.code == "database_corrupt"


def test_a_server_that_is_away_is_a_temporary_fault_and_no_password_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError) as refused:
        open_store(f"postgresql://avtale:hemmelig@/x?host={tmp_path}", environment="test")
    assert refused.value.code == "database_unreachable"
    assert "hemmelig" not in str(refused.value)


def test_a_database_the_server_lacks_is_told_as_unreachable(postgresql: str) -> None:
    with pytest.raises(TemporaryError) as refused:
        open_store(f"postgresql://avtale@/nowhere?host={postgresql}", environment="test")
    assert refused.value.code == "database_unreachable"


def test_reading_can_not_write_and_writing_still_can_afterwards(store: Store) -> None:
    with pytest.raises((sa.exc.DBAPIError, ConfigurationError)), store.read() as connection:
        connection.execute(meta.insert().values(key="a", value="b"))
    with store.begin() as connection:
        connection.execute(meta.insert().values(key="a", value="b"))


def test_an_error_inside_a_transaction_undoes_all_of_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as connection:  # noqa: PT012 - the write, then the fault
        connection.execute(meta.insert().values(key="a", value="b"))
        raise ZeroDivisionError
    with store.read() as connection:
        assert connection.execute(sa.select(meta.c.key)).scalars().all() == ["environment"]


def test_a_reader_sees_one_snapshot_while_others_write(store: Store) -> None:
    count = sa.select(sa.func.count()).select_from(meta)
    with store.read() as reader:
        assert reader.execute(count).scalar_one() == 1
        with store.begin() as writer:
            writer.execute(meta.insert().values(key="a", value="b"))
        assert reader.execute(count).scalar_one() == 1
    with store.read() as reader:
        assert reader.execute(count).scalar_one() == 2


def test_statement_parameters_never_stand_in_an_error(store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refused, store.begin() as connection:
        connection.execute(meta.insert().values(key="environment", value="Kari Nordmann"))
    assert "Kari" not in str(refused.value)
