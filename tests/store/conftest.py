"""Every store test runs on both: SQLite (its folder has a space and a percent sign in its name) and PostgreSQL."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from onboarding.store import Store, create_store, open_store, sqlite_url

SERVER_BINARIES = "/usr/lib/postgresql"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The socket folder of a private PostgreSQL server. Its absence is a failure, never a skip."""
    binaries = max(Path(SERVER_BINARIES).glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    assert binaries is not None, "PostgreSQL's server programs are missing: apt-get install postgresql"
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is at most 107 bytes
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")
    as_nobody = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else []
    data = folder / "data"
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=50"
    control = [*as_nobody, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-s"]
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "avtale", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*as_nobody, *initdb], check=True, capture_output=True, cwd="/")
    subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, cwd="/")
    try:
        yield str(folder)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd="/")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has not been set up yet."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "a folder 100%" / "avtale.sqlite")
    else:
        with _database(request.getfixturevalue("postgresql"), template="template1") as url:
            yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store in `environment: test`, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "avtale.sqlite"
    create_store(sqlite_url(path), environment="test").close()
    return path


@pytest.fixture(scope="session")
def migrated_database(postgresql: str) -> Iterator[str]:
    """The name of a PostgreSQL store in `environment: test`, to be copied."""
    with _database(postgresql, template="template1") as url:
        create_store(url, environment="test").close()
        yield urlsplit(url).path[1:]


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh store in `environment: test`."""
    if request.param == "sqlite":
        path = tmp_path / "a folder 100%" / "avtale.sqlite"
        path.parent.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield sqlite_url(path)
    else:
        template = request.getfixturevalue("migrated_database")
        with _database(request.getfixturevalue("postgresql"), template=template) as url:
            yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A fresh store in `environment: test`."""
    opened = open_store(store_url, environment="test")
    yield opened
    opened.close()


@contextmanager
def _database(folder: str, *, template: str) -> Iterator[str]:
    name = f"t{secrets.token_hex(8)}"
    with psycopg.connect(f"host={folder} user=avtale dbname=postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield f"postgresql://avtale@/{name}?host={quote(folder)}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
