"""A store of the outbox's own (SQLite, BEGIN IMMEDIATE), originals in a folder, throwaway TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from outbox.messages import Begin, metadata
from tests.outbox.mail_servers import ThrowawayTls, throwaway_tls
from tests.outbox.outbox_kit import FolderBlobs, beginning, sqlite_engine


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def engine(database: Path) -> Iterator[sa.Engine]:
    engine = sqlite_engine(database)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def begin(engine: sa.Engine) -> Begin:
    return beginning(engine)


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    folder = tmp_path / "blobs"
    folder.mkdir()
    return FolderBlobs(folder)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ThrowawayTls:
    return throwaway_tls(tmp_path_factory.mktemp("tls"))
