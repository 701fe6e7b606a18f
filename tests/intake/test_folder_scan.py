"""What a look into a watched folder sees, and what it waits for."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from agreements.findings import INT_NOT_REGULAR
from intake.sources.folder import Done, Doorbell, FolderSource, FolderState
from tests.intake.deliveries import PDF, QUIET, a_receipt, drop, scan_quiet


def names(entries: object) -> list[bytes]:
    return [getattr(entry, "entry", entry).name for entry in entries]  # type: ignore[attr-defined]


def test_a_file_is_ready_when_it_has_looked_the_same_for_the_quiet_time(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    first = source.scan(0.0)
    assert (names(first.ready), names(first.waiting), first.look_again_in) == ([], [b"avtale.pdf"], QUIET)
    almost = source.scan(1.5)
    assert (names(almost.ready), almost.look_again_in) == ([], 0.5)
    assert names(source.scan(2.0).ready) == [b"avtale.pdf"]


def test_a_file_in_two_halves_is_not_taken_as_its_first_half(source: FolderSource, inbox: Path) -> None:
    path = drop(inbox, data=PDF[:100])
    source.scan(0.0)
    source.scan(1.9)
    with path.open("ab") as file:
        file.write(PDF[100:])
    assert source.scan(2.0).ready == ()
    assert source.scan(3.9).ready == ()
    (entry,) = source.scan(4.0).ready
    assert entry.state.size == len(PDF)


def test_a_pdf_that_is_cut_off_is_ready_after_the_quiet_time_all_the_same(source: FolderSource, inbox: Path) -> None:
    drop(inbox, data=PDF[:50])
    assert names(scan_quiet(source).ready) == [b"avtale.pdf"]


def test_a_file_whose_space_is_reserved_waits_for_its_bytes_but_not_for_ever(source: FolderSource, inbox: Path) -> None:
    path = drop(inbox, data=PDF[:50] + bytes(len(PDF) - 50))
    status = path.stat()
    waiting = scan_quiet(source)
    assert (waiting.ready, waiting.look_again_in) == ((), 598.0)
    path.write_bytes(PDF)  # the same size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # and a server that tells no time
    assert names(source.scan(60.0).ready) == [b"avtale.pdf"]
    path.write_bytes(PDF[:50] + bytes(len(PDF) - 50))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert source.scan(599.0).ready == ()
    assert names(source.scan(600.0).ready) == [b"avtale.pdf"]


def test_an_empty_file_is_ready_after_the_quiet_time(source: FolderSource, inbox: Path) -> None:
    drop(inbox, data=b"")
    assert names(scan_quiet(source).ready) == [b"avtale.pdf"]


def test_the_oldest_is_handed_over_first(source: FolderSource, inbox: Path) -> None:
    for name, age in (("a", 10), ("b", 30), ("c", 20)):
        os.utime(drop(inbox, name), (1_000_000 - age, 1_000_000 - age))
    assert names(scan_quiet(source).ready) == [b"b", b"c", b"a"]


def test_known_keys_are_counted_and_not_handed_over(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    (entry,) = scan_quiet(source).ready
    scan = source.scan(9.0, known=frozenset({entry.key}))
    assert (scan.ready, scan.waiting, scan.known) == ((), (), 1)
    assert scan.present_keys == {entry.key}


def test_every_name_that_is_passed_over_is_counted(source: FolderSource, inbox: Path) -> None:
    for name in ("a.pdf.part", "~$b.docx", ".hidden", "c.lnk"):
        drop(inbox, name)
    for name in ("._a.pdf", ".DS_Store", "Thumbs.db", "desktop.ini", ".avtalemottak-ny", "d.pdf.ferdig"):
        drop(inbox, name)
    for name in ("ferdig", "karantene", "undermappe", "@eaDir"):
        (inbox / name).mkdir()
        drop(inbox / name)
    scan = scan_quiet(source)
    assert (scan.ready, scan.refused, scan.waiting) == ((), (), ())
    assert scan.ignored == {
        "temporary": 3,
        "hidden": 1,
        "own_folder": 3,
        "folder": 1,
        "system": 5,
        "marker": 1,
    }


def test_what_is_no_plain_file_is_refused_and_named_for_what_it_is(source: FolderSource, inbox: Path) -> None:
    outside = drop(inbox.parent, "outside.pdf")
    (inbox / "link.pdf").symlink_to(outside)
    (inbox / "folder-link").symlink_to(inbox.parent)
    (inbox / "hard.pdf").hardlink_to(outside)
    os.mkfifo(inbox / "fifo.pdf")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox / "socket.pdf"))
        scan = scan_quiet(source)
    assert scan.ready == ()
    assert {refused.entry.name: refused.finding for refused in scan.refused} == {
        b"link.pdf": INT_NOT_REGULAR(kind="symbolic_link"),
        b"folder-link": INT_NOT_REGULAR(kind="symbolic_link"),
        b"hard.pdf": INT_NOT_REGULAR(kind="hard_link"),
        b"fifo.pdf": INT_NOT_REGULAR(kind="fifo"),
        b"socket.pdf": INT_NOT_REGULAR(kind="socket"),
    }
    assert not any(refused.try_again for refused in scan.refused)


def test_a_delivery_by_link_and_unlink_is_not_refused_half_way(source: FolderSource, inbox: Path) -> None:
    temporary = drop(inbox, "avtale.pdf.tmp")
    (inbox / "avtale.pdf").hardlink_to(temporary)
    assert source.scan(0.0).refused == ()
    temporary.unlink()
    assert names(source.scan(2.0).ready) == [b"avtale.pdf"]


@pytest.mark.parametrize(
    "name", [b"avtale\n2.pdf", b"\xff\xfe\xe6.pdf", "avtale\u202efdp.exe".encode(), b" ", b"x" * 251 + b".pdf", b"%2F"]
)
def test_any_name_is_handed_over_with_a_key_that_is_plain_text(source: FolderSource, inbox: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(inbox) + b"/" + name)).write_bytes(PDF)
    (entry,) = scan_quiet(source).ready
    assert entry.name == name
    assert entry.key.isascii()
    assert entry.key.isprintable()
    assert entry.display_name.isprintable()


def test_ten_thousand_files_are_seen_in_one_look(source: FolderSource, inbox: Path) -> None:
    for number in range(10_000):
        (inbox / f"{number}.pdf").touch()
    assert len(scan_quiet(source).ready) == 10_000


def test_a_folder_that_is_not_there_is_not_an_empty_folder(source: FolderSource, inbox: Path) -> None:
    assert source.scan(0.0).state is FolderState.AVAILABLE
    away = inbox.rename(inbox.parent / "borte")
    missing = source.scan(1.0)
    assert (missing.state, missing.problem) == (FolderState.UNAVAILABLE, "ENOENT")
    away.rename(inbox)
    drop(inbox)
    assert names(scan_quiet(source, 2.0).ready) == [b"avtale.pdf"]


def test_a_file_in_place_of_the_folder_is_not_a_folder(source: FolderSource, inbox: Path) -> None:
    inbox.rmdir()
    inbox.touch()
    assert source.scan(0.0).problem == "ENOTDIR"


def test_a_slow_writer_whose_file_was_moved_gets_it_back_and_it_is_a_new_delivery(
    source: FolderSource, inbox: Path
) -> None:
    with (inbox / "avtale.pdf").open("wb") as writer:
        writer.write(PDF[:100])
        writer.flush()
        (half,) = scan_quiet(source).ready
        finished = source.finish(a_receipt(half), Done.QUARANTINE, note="halv")
        assert finished.place == "karantene/000017_avtale.pdf"
        writer.write(PDF[100:])
    source.scan(10.0)
    (whole,) = source.scan(12.0).ready
    assert (whole.slot, whole.state.size) == (half.slot, len(PDF))
    assert whole.key != half.key
    assert not (inbox / "karantene" / "000017_avtale.pdf").exists()


def test_a_moved_file_is_watched_for_ten_minutes_only(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    (entry,) = scan_quiet(source).ready
    source.finish(a_receipt(entry), Done.DONE)
    source.scan(10.0)
    source.scan(611.0)
    done = inbox / "ferdig" / "000017_avtale.pdf"
    done.write_bytes(b"changed by its owner")
    source.scan(612.0)
    assert done.exists()


def test_the_folder_may_be_given_as_a_link(tmp_path: Path, inbox: Path) -> None:
    (tmp_path / "lenke").symlink_to(inbox)
    drop(inbox)
    source = FolderSource(source_id="s", path=tmp_path / "lenke", vendor_id=None)
    assert names(scan_quiet(source).ready) == [b"avtale.pdf"]


def test_without_a_doorbell_a_scan_says_so(source: FolderSource, inbox: Path, doorbell: Doorbell) -> None:
    assert not source.scan(0.0).bell
    with_bell = FolderSource(source_id="s", path=inbox, vendor_id=None, doorbell=doorbell)
    assert with_bell.scan(0.0).bell
    shutil.rmtree(inbox)
    assert with_bell.scan(1.0).state is FolderState.UNAVAILABLE
