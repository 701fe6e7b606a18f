"""The doorbell shortens the wait. A real observer on real folders."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.sources.folder import Done, Doorbell, Entry, FolderSource
from intake.stability import FAST_QUIET_SECONDS
from tests.intake.deliveries import PDF, a_receipt, drop

DEADLINE = 10.0
PATIENT = 3600.0  # a quiet time that no test waits for: what is taken before was taken the fast way


@pytest.fixture
def rung_source(inbox: Path, doorbell: Doorbell) -> FolderSource:
    source = FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=PATIENT, doorbell=doorbell)
    assert source.scan(time.monotonic()).bell
    return source


def wait_for_bell(doorbell: Doorbell) -> None:
    assert doorbell.rung.wait(DEADLINE), "the bell did not ring"
    doorbell.rung.clear()


def take_when_ready(source: FolderSource, doorbell: Doorbell) -> Entry:
    """The loop of the roof: wait for the bell or for the time a scan names, clear it, scan."""
    deadline = time.monotonic() + DEADLINE
    wait = DEADLINE
    while time.monotonic() < deadline:
        doorbell.rung.wait(min(wait, DEADLINE))
        doorbell.rung.clear()
        scan = source.scan(time.monotonic())
        if scan.ready:
            return scan.ready[0]
        wait = DEADLINE if scan.look_again_in is None else scan.look_again_in
    raise AssertionError("nothing became ready")


def write_at_once(inbox: Path) -> None:
    drop(inbox)


def move_in(inbox: Path) -> None:
    drop(inbox.parent).rename(inbox / "avtale.pdf")


def rename_within(inbox: Path) -> None:
    drop(inbox, "avtale.pdf.tmp").rename(inbox / "avtale.pdf")


@pytest.mark.parametrize("arrive", [write_at_once, move_in, rename_within])
def test_a_complete_file_is_ready_long_before_its_quiet_time(
    rung_source: FolderSource, doorbell: Doorbell, inbox: Path, arrive: Callable[[Path], None]
) -> None:
    started = time.monotonic()
    arrive(inbox)
    entry = take_when_ready(rung_source, doorbell)
    assert entry.name == b"avtale.pdf"
    assert time.monotonic() - started >= FAST_QUIET_SECONDS


def test_a_file_without_a_proper_end_has_to_wait_although_it_was_closed(
    rung_source: FolderSource, doorbell: Doorbell, inbox: Path
) -> None:
    drop(inbox, data=PDF[:-6] + bytes(4096))
    wait_for_bell(doorbell)
    now = time.monotonic()
    rung_source.scan(now)
    scan = rung_source.scan(now + 1.0)
    assert scan.ready == ()
    assert scan.look_again_in is not None
    assert scan.look_again_in > 3000


def test_a_file_that_is_still_open_has_no_fast_way(rung_source: FolderSource, doorbell: Doorbell, inbox: Path) -> None:
    with (inbox / "avtale.pdf").open("wb") as file:
        file.write(PDF)
        file.flush()
        drop(inbox, "annen.pdf")  # its closing is reported after the writing: then both were heard of
        assert take_when_ready(rung_source, doorbell).name == b"annen.pdf"
        scan = rung_source.scan(time.monotonic() + 60)
        assert [entry.name for entry in scan.ready] == [b"annen.pdf"]
    assert {take_when_ready(rung_source, doorbell).name} <= {b"annen.pdf", b"avtale.pdf"}
    later = rung_source.scan(time.monotonic() + 60)
    assert b"avtale.pdf" in {entry.name for entry in later.ready}


def test_a_file_that_came_before_the_bell_was_hung_is_seen_by_the_scan(inbox: Path, doorbell: Doorbell) -> None:
    drop(inbox)
    source = FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=2.0, doorbell=doorbell)
    source.scan(0.0)
    assert len(source.scan(2.0).ready) == 1


def test_reading_and_finishing_files_does_not_ring(rung_source: FolderSource, doorbell: Doorbell, inbox: Path) -> None:
    drop(inbox)
    entry = take_when_ready(rung_source, doorbell)
    doorbell.rung.clear()
    (inbox / "avtale.pdf").read_bytes()
    rung_source.finish(a_receipt(entry), Done.DONE, note=None)
    assert not doorbell.rung.wait(0.3)


def test_moving_a_file_out_does_not_hold_the_next_one_back(
    rung_source: FolderSource, doorbell: Doorbell, inbox: Path
) -> None:
    waits = []
    for number in range(5):  # the best of five: a busy machine may be slow, watchdog's pairing of moves always is
        drop(inbox)
        entry = take_when_ready(rung_source, doorbell)
        doorbell.rung.clear()
        rung_source.finish(a_receipt(entry, number), Done.DONE)
        started = time.monotonic()
        drop(inbox, "neste.pdf")
        wait_for_bell(doorbell)
        waits.append(time.monotonic() - started)
        (inbox / "neste.pdf").unlink()
        if waits[-1] < 0.4:
            break
    assert min(waits) < 0.4  # 0.5 s with the pairing


def test_a_folder_that_was_removed_and_made_again_rings_again(
    rung_source: FolderSource, doorbell: Doorbell, inbox: Path
) -> None:
    shutil.rmtree(inbox)
    wait_for_bell(doorbell)
    assert rung_source.scan(time.monotonic()).problem == "ENOENT"
    inbox.mkdir()
    (inbox / ".avtalemottak-ny").touch()
    assert rung_source.scan(time.monotonic()).bell
    drop(inbox)
    assert take_when_ready(rung_source, doorbell).name == b"avtale.pdf"


def test_a_folder_that_was_replaced_by_another_rings_again(
    rung_source: FolderSource, doorbell: Doorbell, inbox: Path
) -> None:
    inbox.rename(inbox.parent / "gammel")
    inbox.mkdir()
    (inbox / ".avtalemottak-ny").touch()
    assert rung_source.scan(time.monotonic()).bell
    drop(inbox)
    assert take_when_ready(rung_source, doorbell).name == b"avtale.pdf"


def test_a_name_that_is_no_text_rings_too(rung_source: FolderSource, doorbell: Doorbell, inbox: Path) -> None:
    with open(os.fsencode(inbox) + b"/\xff\n.pdf", "wb") as file:  # noqa: PTH123 - a path of bytes
        file.write(PDF)
    assert take_when_ready(rung_source, doorbell).name == b"\xff\n.pdf"


def test_without_an_observer_folders_are_scanned_only(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_instance_left() -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr("intake.sources.folder.doorbell.Observer", no_instance_left)
    with Doorbell() as doorbell:
        source = FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=2.0, doorbell=doorbell)
        drop(inbox)
        assert not source.scan(0.0).bell
        assert len(source.scan(2.0).ready) == 1


def test_a_bell_for_a_folder_that_is_not_there_is_no_bell(doorbell: Doorbell, tmp_path: Path) -> None:
    assert doorbell.hang(tmp_path / "ingen") is None
