"""An unmounted share is not an empty folder, however often the program was started anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from intake.sources.folder import FolderSource, FolderState, Stranger, is_stranger
from intake.sources.folder.filesystem import Mount, find_mount
from tests.intake.deliveries import drop

FILE, WORD = ".avtalemottak", ".avtalemottak-ny"


def started(inbox: Path, mark: str | None = None) -> FolderSource:
    """The folder as a program that was just started sees it; `mark`: what it remembers."""
    return FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=0, mark=mark)


def marked(inbox: Path) -> str:
    mark = started(inbox).scan(0).mark
    assert mark is not None
    return mark


def test_the_first_look_marks_the_folder_and_later_ones_know_it(inbox: Path) -> None:
    mark = marked(inbox)
    assert mark == f"file {(inbox / FILE).read_text().strip()}"
    drop(inbox)
    again = started(inbox, mark).scan(0)
    assert (again.state, again.mark, len(again.ready)) == (FolderState.AVAILABLE, mark, 1)


def test_killed_before_the_mark_is_remembered_the_next_start_takes_the_one_that_lies_there(inbox: Path) -> None:
    assert marked(inbox) == marked(inbox)


@pytest.mark.parametrize("content", [None, b"", b"file of somebody's\n"])
def test_a_folder_without_its_mark_is_not_looked_into(inbox: Path, content: bytes | None) -> None:
    mark = marked(inbox)
    (inbox / FILE).unlink()
    if content is not None:
        drop(inbox, FILE, content)
    drop(inbox)
    scan = started(inbox, mark).scan(0)
    assert (scan.state, scan.problem, scan.ready) == (FolderState.UNAVAILABLE, Stranger.MISSING, ())


def test_a_folder_with_the_mark_of_another_is_not_looked_into(inbox: Path, tmp_path: Path) -> None:
    mark = marked(inbox)
    (tmp_path / "annen").mkdir()
    other = marked(tmp_path / "annen")
    assert other != mark
    (tmp_path / "annen").rename(tmp_path / "flyttet")
    inbox.rename(tmp_path / "annen")
    scan = started(tmp_path / "annen", other).scan(0)
    assert (scan.state, scan.problem) == (FolderState.UNAVAILABLE, Stranger.ANOTHER)


def test_the_folder_is_taken_up_again_by_itself_when_it_is_back(inbox: Path) -> None:
    source = started(inbox, marked(inbox))
    away = inbox.rename(inbox.parent / "borte")
    inbox.mkdir()
    assert source.scan(0).problem is Stranger.MISSING
    inbox.rmdir()  # nothing was written into what was not ours
    away.rename(inbox)
    assert source.scan(1).state is FolderState.AVAILABLE


@pytest.mark.parametrize("killed", [False, True])
def test_a_persons_word_makes_another_folder_the_right_one(inbox: Path, killed: bool) -> None:
    mark = marked(inbox)
    (inbox / FILE).unlink()
    drop(inbox, WORD, b"")
    assert is_stranger(inbox, mark) is None
    source = started(inbox, mark)
    new = source.scan(0)
    assert (new.state, new.mark != mark) == (FolderState.AVAILABLE, True)
    if killed:  # before the new mark was remembered
        source = started(inbox, mark)
        assert source.scan(0).mark == new.mark
    assert (inbox / WORD).exists()
    source.scan(1)
    assert not (inbox / WORD).exists()
    assert started(inbox, new.mark).scan(0).state is FolderState.AVAILABLE
    assert started(inbox, mark).scan(0).problem is Stranger.ANOTHER


def test_asking_changes_nothing(inbox: Path) -> None:
    assert is_stranger(inbox, None) is None
    assert is_stranger(inbox, "file abc") is Stranger.MISSING
    assert list(inbox.iterdir()) == []


MOUNTS = """
import subprocess, sys
from pathlib import Path
from intake.sources.folder import FolderSource
inbox, options = Path(sys.argv[1]), sys.argv[2]
mount = ["mount", "-t", "tmpfs", "-o", options, "share", str(inbox)]
source = lambda mark=None: FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=0, mark=mark)
def tell(scan):
    print(scan.state, scan.problem, len(scan.ready))
    return scan.mark
subprocess.run(mount, check=True)
if options == "size=1m":
    (inbox / "avtale.pdf").write_bytes(b"x")
running = source()
mark = tell(running.scan(0))
print(mark.split()[0])
subprocess.run(["umount", str(inbox)], check=True)
(inbox / "avtale.pdf").write_bytes(b"of the disk below")
tell(running.scan(1))
tell(source(mark).scan(0))
subprocess.run(mount, check=True)
tell(running.scan(2))
"""


def mounting(inbox: Path, options: str) -> list[str]:
    """In a mount namespace of its own, where everybody may mount."""
    command = ["unshare", "-rm", sys.executable, "-c", MOUNTS, str(inbox), options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_share_that_was_unmounted_is_missed_by_the_running_program_and_by_the_next(inbox: Path) -> None:
    missing = "unavailable sentinel_missing 0"
    assert mounting(inbox, "size=1m") == ["available None 1", "file", missing, missing, missing]  # a new, empty tmpfs


def test_a_share_that_can_not_be_written_to_is_known_by_its_mount(inbox: Path) -> None:
    another = "unavailable another_folder 0"
    assert mounting(inbox, "ro") == ["available None 0", "place", another, another, "available None 0"]


MOUNTINFO = rb"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
28 27 0:25 / /srv/avtaler rw shared:2 master:1 - nfs4 server:/export\040en rw
29 27 0:26 /inn /srv/avtaler/Fjord\040AS rw - fuse.sshfs kari@server: rw
30 27 0:27 / /srv/dekket rw - cifs //server/a rw
31 27 0:28 / /srv/dekket rw - ext4 /dev/vdb rw
cut off
"""


@pytest.mark.parametrize(
    ("path", "filesystem", "source", "local"),
    [
        (b"/srv/inn", "ext4", "/dev/vda", True),
        (b"/srv/avtaler", "nfs4", "server:/export en", False),
        (b"/srv/avtaler/inn", "nfs4", "server:/export en", False),
        (b"/srv/avtaler2", "ext4", "/dev/vda", True),
        (b"/srv/avtaler/Fjord AS/inn", "fuse.sshfs", "kari@server:", False),
        (b"/srv/dekket/inn", "ext4", "/dev/vdb", True),
    ],
)
def test_the_mount_of_a_folder_is_the_deepest_and_the_last(
    path: bytes, filesystem: str, source: str, local: bool
) -> None:
    mount = find_mount(path, MOUNTINFO)
    assert mount == Mount(filesystem=filesystem, source=source)
    assert mount.is_local is local


def test_a_system_that_tells_nothing_has_no_mounts() -> None:
    assert find_mount(b"/srv", b"") is None
