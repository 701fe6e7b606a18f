"""Originals: whole, unaltered, private, or a clear error."""

import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreements.errors import IntegrityError, NotFoundError
from agreements.ports import Blobs
from onboarding.blobs import CHUNK_BYTES, TEMPORARY_MAX_AGE, FileBlobs

PDF = b"%PDF-1.7 " + bytes(range(256)) * 4
GONE = "0" * 64


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "originals with space")


def _files(blobs: FileBlobs) -> list[Path]:
    return sorted(path for path in blobs._root.rglob("*") if path.is_file())


def test_bytes_come_back_under_their_hash(blobs: FileBlobs) -> None:
    port: Blobs = blobs
    sha256 = port.put(PDF)
    assert sha256 == hashlib.sha256(PDF).hexdigest()
    assert port.read(sha256) == PDF
    assert [path.relative_to(blobs._root) for path in _files(blobs)] == [Path(sha256[:2]) / sha256]


def test_storing_again_keeps_the_file_and_notes_when(blobs: FileBlobs) -> None:
    blobs.put(PDF)
    before = [(path, path.stat().st_ino) for path in _files(blobs)]
    for path, _ in before:
        os.utime(path, (0, 0))
    assert blobs.put_stream(BytesIO(PDF)) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
    assert [(path, path.stat().st_ino) for path in _files(blobs)] == before
    assert all(path.stat().st_mtime > 0 for path, _ in before), "whoever erases must see that it came again"


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_kept(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    blobs = FileBlobs(tmp_path_factory.getbasetemp() / "any")
    assert blobs.read(blobs.put(data)) == data


def test_a_stream_larger_than_the_memory_for_it_is_copied_whole(blobs: FileBlobs) -> None:
    data = os.urandom(1000) * (3 * CHUNK_BYTES // 1000)
    sha256, size = blobs.put_stream(BytesIO(data))
    assert size == len(data)
    assert blobs.read(sha256) == data


def test_files_and_folders_are_the_owners_alone(blobs: FileBlobs) -> None:
    blobs.put(PDF)
    for path in (blobs._root, *blobs._root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_altered_bytes_are_found_at_every_way_of_reading(blobs: FileBlobs) -> None:
    sha256 = blobs.put(PDF)
    _files(blobs)[0].write_bytes(PDF[:-1] + b"!")
    for way in (lambda: blobs.read(sha256), lambda: blobs.open(sha256), lambda: blobs.put(PDF)):
        with pytest.raises(IntegrityError) as broken:
            way()
        assert broken.value.code == "blob_corrupt"
    assert list((blobs._root / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", [GONE, "../../etc/passwd", "", "A" * 64, GONE + "\n"])
def test_what_is_not_there_is_said_to_be_missing(blobs: FileBlobs, name: str) -> None:
    for way in (blobs.read, blobs.open):
        with pytest.raises(NotFoundError):
            way(name)


def test_a_link_in_the_place_of_a_file_is_not_followed(blobs: FileBlobs, tmp_path: Path) -> None:
    sha256 = blobs.put(PDF)
    path = _files(blobs)[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError):
        blobs.read(sha256)


def test_a_descriptor_reads_from_the_start(blobs: FileBlobs) -> None:
    with os.fdopen(blobs.open(blobs.put(PDF)), "rb") as file:
        assert file.read() == PDF


def test_an_error_of_the_stream_passes_through_and_leaves_nothing(blobs: FileBlobs) -> None:
    class Breaking(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError(28, "not our disk")
            return super().read(size)

    with pytest.raises(OSError, match="not our disk"):
        blobs.put_stream(Breaking(b"x" * (CHUNK_BYTES + 1)))
    assert _files(blobs) == []


def test_only_old_temporary_files_are_swept(blobs: FileBlobs) -> None:
    now = datetime.now(UTC)
    old, young = blobs._root / "tmp" / "old", blobs._root / "tmp" / "young"
    for path in (old, young):
        path.touch()
    before = (now - TEMPORARY_MAX_AGE - timedelta(minutes=1)).timestamp()
    os.utime(old, (before, before))
    sha256 = blobs.put(PDF)
    assert blobs.sweep(now) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert blobs.read(sha256) == PDF


WRITER = """
import os, sys
from pathlib import Path
from onboarding.blobs import FileBlobs
blobs = FileBlobs(Path(sys.argv[1]))
while True:
    print(blobs.put(os.urandom(3_000_000)), flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_no_wrong_file_and_all_it_confirmed(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    for after in (0.0, 0.005, 0.01, 0.015):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            confirmed = [writer.stdout.readline().strip()]
            time.sleep(after)  # not to wait for anything: to be killed at another moment each time
            os.kill(writer.pid, signal.SIGKILL)
            confirmed += [line.strip() for line in writer.stdout if line.endswith("\n")]
        stored = [path for path in _files(blobs) if path.parent.name != "tmp"]
        assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in stored)
        assert {*confirmed} <= {path.name for path in stored}
    assert blobs.sweep(datetime.now(UTC) + TEMPORARY_MAX_AGE + timedelta(minutes=1)) >= 0
    assert list((tmp_path / "tmp").iterdir()) == []


FULL = """
import sys
from pathlib import Path
from agreements.errors import TemporaryError
from onboarding.blobs import FileBlobs
blobs = FileBlobs(Path(sys.argv[1]))
small = blobs.put(b"small")
try:
    blobs.put(bytes(2_000_000))
except TemporaryError as error:
    print(error.code, len(list(Path(sys.argv[1], "tmp").iterdir())), blobs.read(small).decode())
"""


CLOSED = """
import sys
from pathlib import Path
from agreements.errors import ConfigurationError
from onboarding.blobs import FileBlobs
try:
    FileBlobs(Path(sys.argv[1]) / "blobs")
except ConfigurationError as error:
    print(error.code)
"""


def _run_on_mount(options: str, place: Path, program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program with an own file system at `place`, as root or in a user name space."""
    script = f'mount -t tmpfs -o {options} none "$1" && exec "{sys.executable}" -c "$2" "$1"'
    unshare = ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", script, "sh", str(place), program]
    return subprocess.run(unshare, capture_output=True, text=True, check=False)


def test_a_full_disk_is_a_temporary_fault_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    done = _run_on_mount("size=1m", tmp_path, FULL)
    assert done.stdout.split() == ["disk_full", "0", "small"], done.stderr


def test_a_read_only_file_system_is_a_configuration_fault(tmp_path: Path) -> None:
    done = _run_on_mount("size=1m,ro", tmp_path, CLOSED)
    assert done.stdout.split() == ["blobs_no_access"], done.stderr
