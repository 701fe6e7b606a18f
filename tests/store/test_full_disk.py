"""A disk without room, as SQLite tells of it: nothing that a person could take for a fault of the program."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from agreements.errors import ConfigurationError, TemporaryError
from onboarding.store import create_store, open_store, sqlite_url
from onboarding.store.tables import meta

STATVFS = os.statvfs


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """The kernel refuses every byte after that, for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_database_that_can_not_be_written_to_is_a_temporary_fault(tmp_path: Path) -> None:
    store = create_store(sqlite_url(tmp_path / "avtale.sqlite"), environment="test")
    with pytest.raises(TemporaryError) as refused, no_file_grows_beyond(1), store.begin() as connection:
        connection.execute(meta.insert().values(key="big", value="x" * 100_000))
    assert (refused.value.code, refused.value.exit_code) == ("database_io", 8)
    with store.begin() as connection:  # nothing of it is left, and it goes on
        connection.execute(meta.insert().values(key="big", value="y"))
    store.close()


@pytest.mark.parametrize("full", [True, False], ids=["full", "not full"])
def test_a_log_that_can_not_be_made_is_a_temporary_fault_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    path = tmp_path / "avtale.sqlite"
    create_store(sqlite_url(path), environment="test").close()
    (tmp_path / "avtale.sqlite-wal").mkdir()

    def disk(place: Path) -> SimpleNamespace:
        real = STATVFS(place)
        return SimpleNamespace(f_bavail=0 if full else 10**6, f_frsize=4096, f_files=9, f_favail=real.f_favail or 9)

    monkeypatch.setattr("onboarding.store.faults.os.statvfs", disk)
    with pytest.raises(TemporaryError if full else ConfigurationError) as refused:
        open_store(sqlite_url(path), environment="test")
    assert refused.value.code == ("database_io" if full else "database_no_access")
