"""Real folders, a real content-addressed store, and the ledger on both databases."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa

from agreements.ports import Blobs
from intake.ledger import metadata
from intake.sources.folder import Doorbell, FolderSource
from tests.intake.deliveries import QUIET
from tests.store.conftest import postgresql  # noqa: F401 - the private PostgreSQL server, a fixture


class FolderBlobs:
    """Originals in one folder, synced; the room's own smallest keeper of `agreements.ports.Blobs`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        temporary, digest, size = self.root / f"new-{os.getpid()}", hashlib.sha256(), 0
        with temporary.open("wb") as file:
            while chunk := stream.read(65_536):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, self.root / digest.hexdigest())  # noqa: PTH104 - seen by the crash driver as a system call
        return digest.hexdigest(), size

    def put(self, data: bytes) -> str:
        return self.put_stream(io.BytesIO(data))[0]

    def read(self, sha256: str) -> bytes:
        return (self.root / sha256).read_bytes()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    (tmp_path / "originals").mkdir()
    return FolderBlobs(tmp_path / "originals")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inn").mkdir()
    return tmp_path / "inn"


@pytest.fixture
def source(inbox: Path) -> FolderSource:
    """A watched folder that is only scanned; the tests say what time it is."""
    return FolderSource(source_id="fjord/inn", path=inbox, vendor_id="fjord", quiet=QUIET)


@pytest.fixture
def doorbell() -> Iterator[Doorbell]:
    with Doorbell() as bell:
        yield bell


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    """One transaction on an empty ledger."""
    if request.param == "sqlite":
        url = sa.URL.create("sqlite", database=str(tmp_path / "ledger.sqlite"))
    else:
        url = _new_database(request.getfixturevalue("postgresql"), f"i{abs(hash(request.node.nodeid)):x}")
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    with engine.begin() as opened:
        yield opened
    engine.dispose()


def _new_database(folder: str, name: str) -> sa.URL:
    with psycopg.connect(f"host={folder} user=avtale dbname=postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
    return sa.make_url(f"postgresql+psycopg://avtale@/{name}?host={quote(folder)}")
