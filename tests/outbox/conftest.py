"""A store of the outbox's own (SQLite, BEGIN IMMEDIATE), originals in a folder, throwaway TLS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from outbox.messages import Begin, Message, enqueue, list_messages, metadata
from outbox.pace import Pace
from outbox.sending import Sender
from outbox.smtp import SmtpServer
from outbox.states import State
from tests.outbox.mail_servers import ThrowawayTls, throwaway_tls
from tests.outbox.outbox_kit import NOON, Case, FolderBlobs, Hands, beginning, frozen, sqlite_engine


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


@pytest.fixture
def put(begin: Begin, blobs: FolderBlobs) -> Any:
    def put(key: str = "forward:A", *, now: Any = NOON) -> tuple[int, bytes]:
        message, data = frozen(blobs, key)
        with begin() as conn:
            row = enqueue(conn, message, now=now)
        assert row is not None
        return row, data

    return put


@pytest.fixture
def states(begin: Begin) -> Any:
    def states() -> list[State]:
        with begin() as conn:
            return [message.state for message in list_messages(conn)]

    return states


@pytest.fixture
def one(begin: Begin) -> Any:
    def one() -> Message:
        with begin() as conn:
            (message,) = list_messages(conn)
        return message

    return one


@pytest.fixture
def sender(begin: Begin, blobs: FolderBlobs) -> Sender:
    nowhere = SmtpServer(host="127.0.0.1", port=1, tls="none")
    return Sender(begin=begin, blobs=blobs, server=nowhere, clock=Hands(), on_outcome=Case(), pace=Pace(None))
