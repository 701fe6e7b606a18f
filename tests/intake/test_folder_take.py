"""Taking a file: identical bytes, an untouched source, and nothing followed out of the folder."""

import errno
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from agreements.errors import TemporaryError
from agreements.findings import INT_NO_ACCESS, INT_NOT_REGULAR, INT_TOO_LARGE
from agreements.ports import Blobs
from intake.sources.folder import Done, Entry, FolderSource, Refused, Taken
from intake.sources.folder import source as source_module
from intake.sources.folder.files import LimitedReader, SourceReadError
from tests.intake.conftest import FolderBlobs
from tests.intake.deliveries import PDF, a_receipt, drop, scan_quiet


class DisturbedBlobs(FolderBlobs):
    """Lets something happen to the source in the middle of the copying."""

    def __init__(self, root: Path, source: Path, data: bytes) -> None:
        super().__init__(root)
        self._source, self._data = source, data

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        first = stream.read(10)
        with self._source.open("ab") as file:
            file.write(self._data)
        return super().put_stream(io.BytesIO(first + stream.read()))


def ready(source: FolderSource) -> Entry:
    (entry,) = scan_quiet(source).ready
    return entry


def test_the_bytes_are_stored_and_the_file_is_untouched(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    data = os.urandom(3 * 2**20 + 1)
    path = drop(inbox, data=data)
    before = path.stat()
    taken = source.take(ready(source), blobs)
    assert isinstance(taken, Taken)
    assert (taken.sha256, taken.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert blobs.read(taken.sha256) == data
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    delivery = taken.delivery(supersedes=3)
    assert (delivery.sha256, delivery.source, delivery.vendor_id) == (taken.sha256, "fjord/inn", "fjord")
    assert (delivery.source_key, delivery.display_name, delivery.supersedes) == (taken.key, taken.display_name, 3)


def test_an_empty_file_is_taken_as_it_is(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    drop(inbox, data=b"")
    taken = source.take(ready(source), blobs)
    assert isinstance(taken, Taken)
    assert (taken.sha256, taken.size) == (hashlib.sha256().hexdigest(), 0)


def test_a_file_that_changed_since_the_scan_waits(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    path = drop(inbox)
    entry = ready(source)
    path.write_bytes(PDF + b"more")
    assert source.take(entry, blobs) is None


@pytest.mark.parametrize("more", [b"x", b"x" * 5_000_000])
def test_a_file_that_grows_while_it_is_read_waits(
    source: FolderSource, inbox: Path, tmp_path: Path, more: bytes
) -> None:
    path = drop(inbox)
    entry = ready(source)
    (tmp_path / "originals").mkdir()
    assert source.take(entry, DisturbedBlobs(tmp_path / "originals", path, more)) is None
    (stored,) = (tmp_path / "originals").iterdir()
    assert stored.stat().st_size == len(PDF)  # what grew meanwhile was not read on and on


def test_a_file_that_went_away_is_nothing(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    path = drop(inbox)
    entry = ready(source)
    path.unlink()
    assert source.take(entry, blobs) is None
    inbox.rename(inbox.parent / "borte")
    assert source.take(entry, blobs) is None


def test_a_link_put_in_the_files_place_is_not_followed(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    path = drop(inbox)
    entry = ready(source)
    path.rename(inbox.parent / "outside.pdf")
    path.symlink_to(inbox.parent / "outside.pdf")
    refused = source.take(entry, blobs)
    assert isinstance(refused, Refused)
    assert (refused.finding, refused.try_again) == (INT_NO_ACCESS(reason="ELOOP"), True)


def test_a_fifo_put_in_the_files_place_does_not_hold_us_up(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    path = drop(inbox)
    entry = ready(source)
    path.unlink()
    os.mkfifo(path)
    assert source.take(entry, blobs) is None


def test_a_second_name_given_to_the_file_meanwhile_is_refused(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    path = drop(inbox)
    entry = ready(source)
    (inbox.parent / "second.pdf").hardlink_to(path)
    refused = source.take(entry, blobs)
    assert isinstance(refused, Refused)
    assert (refused.finding, refused.try_again) == (INT_NOT_REGULAR(kind="hard_link"), False)


def test_a_file_beyond_all_measure_is_refused_unread(source: FolderSource, inbox: Path, blobs: Blobs) -> None:
    size = source_module.MAX_STORED_BYTES + 1
    with (inbox / "avtale.pdf").open("wb") as file:
        file.seek(size - 1)  # takes no room on the disk
        file.write(b"\n")
    refused = source.take(ready(source), blobs)
    assert isinstance(refused, Refused)
    assert refused.finding == INT_TOO_LARGE(size=size, limit=source_module.MAX_STORED_BYTES)
    assert not refused.try_again


def test_a_name_that_climbs_out_of_the_folder_reaches_nothing_that_is_taken(
    source: FolderSource, inbox: Path, blobs: Blobs
) -> None:
    """No scan makes such an entry; if one did, its state would still have to be right."""
    drop(inbox.parent, "outside.pdf")
    entry = replace(_some_entry(source, inbox), name=b"../outside.pdf")
    assert source.take(entry, blobs) is None


def _some_entry(source: FolderSource, inbox: Path) -> Entry:
    drop(inbox, data=b"inside")
    return ready(source)


def test_a_fault_while_reading_is_told_from_a_fault_while_storing(inbox: Path) -> None:
    with LimitedReader(os.open(inbox, os.O_RDONLY), 10) as reader, pytest.raises(SourceReadError) as raised:
        reader.read(1)  # a folder can't be read as a file
    assert raised.value.reason == "EISDIR"


class NoAccessBlobs(FolderBlobs):
    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        raise PermissionError(errno.EACCES, "the originals are closed to us")


def test_a_fault_of_the_originals_is_never_taken_for_one_of_the_file(
    source: FolderSource, inbox: Path, tmp_path: Path
) -> None:
    drop(inbox)
    with pytest.raises(PermissionError):
        source.take(ready(source), NoAccessBlobs(tmp_path))


FULL_DISK = """
import subprocess, sys
from pathlib import Path
from agreements.errors import TemporaryError
from intake.sources.folder import FolderSource
from tests.intake.conftest import FolderBlobs
base = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", str(base / "originals")], check=True)
source = FolderSource(source_id="s", path=base / "inn", vendor_id=None, quiet=0)
(entry,) = source.scan(0).ready
try:
    source.take(entry, FolderBlobs(base / "originals"))
except (TemporaryError, OSError) as error:
    print(type(error).__name__, getattr(error, "errno", None))
(again,) = source.scan(1).ready
print(again == entry)
"""


def test_a_full_disk_leaves_the_file_where_it_is_to_be_taken_later(inbox: Path, blobs: Blobs) -> None:
    """The originals on a file system of 1 MB, in a mount namespace of its own."""
    data = os.urandom(2 * 2**20)
    path = drop(inbox, data=data)
    command = ["unshare", "-rm", sys.executable, "-c", FULL_DISK, str(inbox.parent)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["OSError", str(errno.ENOSPC), "True"]
    assert path.read_bytes() == data


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from intake.sources.folder import Done, FolderSource, Taken
from tests.intake.conftest import FolderBlobs
from tests.intake.deliveries import a_receipt
if os.getuid() == 0:  # modes mean nothing to root; the interpreter may lie where only root may look, so not before
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
base = Path(sys.argv[1])
source = FolderSource(source_id="s", path=base / "inn", vendor_id=None, quiet=0)
scan = source.scan(0)
if scan.problem:
    print(scan.state, scan.problem)
    raise SystemExit
(entry,) = scan.ready
taken = source.take(entry, FolderBlobs(base / "originals"))
if not isinstance(taken, Taken):
    print(taken.finding.code, taken.finding.params["reason"], taken.try_again)
    raise SystemExit
finished = source.finish(a_receipt(entry), Done.QUARANTINE, note="Les dette")
print(finished.outcome, finished.reason)
"""


def as_nobody(base: Path) -> list[str]:
    """What a user without rights (65534) sees."""
    command = [sys.executable, "-c", UNPRIVILEGED, str(base)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.fixture
def open_base() -> Iterator[Path]:
    """A folder open to everybody, as is the way to it; pytest closes the way to its own folders now and again."""
    base = Path(tempfile.mkdtemp())
    base.chmod(0o777)
    for name in ("inn", "originals"):
        (base / name).mkdir()
        (base / name).chmod(0o777)
    yield base
    shutil.rmtree(base)


def test_a_file_that_must_not_be_read_stays_and_is_tried_again(open_base: Path) -> None:
    inbox = open_base / "inn"
    path = drop(inbox)
    path.chmod(0)
    assert as_nobody(open_base) == ["INT-007", "EACCES", "True"]
    path.chmod(0o644)
    assert as_nobody(open_base) == ["moved", "None"]


def test_a_file_in_a_read_only_folder_is_taken_and_left(open_base: Path) -> None:
    inbox = open_base / "inn"
    path = drop(inbox)
    path.chmod(0o644)
    inbox.chmod(0o555)
    assert as_nobody(open_base) == ["left", "EACCES"]
    assert path.read_bytes() == PDF
    (stored,) = (open_base / "originals").iterdir()
    assert stored.read_bytes() == PDF


def test_a_folder_that_must_not_be_listed_is_unavailable(open_base: Path) -> None:
    inbox = open_base / "inn"
    drop(inbox)
    inbox.chmod(0o111)
    assert as_nobody(open_base) == ["unavailable", "EACCES"]


def test_finishing_in_a_folder_that_went_away_is_tried_again_later(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    entry = ready(source)
    inbox.rename(inbox.parent / "away")
    with pytest.raises(TemporaryError, match="folder_not_writable_now"):
        source.finish(a_receipt(entry), Done.DONE)
