"""Every store test runs on both: SQLite (its folder has a space and a percent sign in its name) and PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from onboarding.store import Store, create_store, sqlite_url

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
        yield sqlite_url(tmp_path / "a folder 100%25" / "avtale.sqlite")
        return
    folder = request.getfixturevalue("postgresql")
    name = f"t{abs(hash(request.node.nodeid)):x}"
    server = f"host={folder} user=avtale dbname=postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield f"postgresql://avtale@/{name}?host={quote(folder)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def store(empty_url: str) -> Iterator[Store]:
    """A fresh store in `environment: test`."""
    opened = create_store(empty_url, environment="test")
    yield opened
    opened.close()
