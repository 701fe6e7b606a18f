"""Marker files: the sender's own word that a file is complete."""

from pathlib import Path

from intake.receipts import SourceOutcome
from intake.sources.folder import Done, FolderSource
from intake.sources.folder.entries import Finished
from tests.intake.deliveries import PDF, a_receipt, drop, scan_quiet


def strict(inbox: Path) -> FolderSource:
    """A folder where nothing is taken without its marker."""
    return FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=2, marker=b".klar")


def test_a_file_with_its_marker_is_taken_at_once(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    assert source.scan(0.0).ready == ()
    drop(inbox, "avtale.pdf.ferdig", b"")
    scan = source.scan(0.1)
    assert [entry.name for entry in scan.ready] == [b"avtale.pdf"]
    assert scan.ignored == {"own_folder": 1}  # the marker of a file that is there is nothing to be told of


def test_a_file_without_a_marker_is_taken_after_the_quiet_time_where_none_is_needed(
    source: FolderSource, inbox: Path
) -> None:
    drop(inbox)
    assert len(scan_quiet(source).ready) == 1


def test_where_markers_are_needed_a_file_waits_for_its_own_however_long(inbox: Path) -> None:
    source = strict(inbox)
    drop(inbox)
    drop(inbox, "avtale.pdf.ferdig", b"")  # another folder's habit
    source.scan(0.0)
    later = source.scan(100_000.0)
    assert {waiting.entry.name for waiting in later.waiting} == {b"avtale.pdf", b"avtale.pdf.ferdig"}
    assert (later.ready, later.look_again_in, later.waiting[0].first_seen) == ((), None, 0.0)
    drop(inbox, "avtale.pdf.klar", b"")
    assert [entry.name for entry in source.scan(100_001.0).ready] == [b"avtale.pdf"]


def test_the_marker_goes_with_its_file_and_marks_no_later_one(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    drop(inbox, "avtale.pdf.ferdig", b"sum of something")
    (entry,) = source.scan(0.0).ready
    finished = source.finish(a_receipt(entry), Done.DONE)
    assert finished == Finished(outcome=SourceOutcome.MOVED, place="ferdig/000017_avtale.pdf")
    assert (inbox / "ferdig" / "000017_avtale.pdf.ferdig").read_bytes() == b"sum of something"
    drop(inbox, data=PDF[:50])  # the next one, in the making
    assert source.scan(1.0).ready == ()


def test_finishing_again_after_a_kill_takes_the_marker_along(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    drop(inbox, "avtale.pdf.ferdig", b"")
    (entry,) = source.scan(0.0).ready
    (inbox / "ferdig").mkdir()
    (inbox / "avtale.pdf").rename(inbox / "ferdig" / "000017_avtale.pdf")  # killed between the two renames
    assert source.finish(a_receipt(entry), Done.DONE).outcome is SourceOutcome.MOVED
    assert (inbox / "ferdig" / "000017_avtale.pdf.ferdig").exists()
    assert not (inbox / "avtale.pdf.ferdig").exists()


def test_the_marker_of_a_file_that_came_meanwhile_is_left(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    (entry,) = scan_quiet(source).ready
    (inbox / "ferdig").mkdir()
    (inbox / "avtale.pdf").rename(inbox / "ferdig" / "000017_avtale.pdf")
    drop(inbox, data=PDF + b"%next\n")
    drop(inbox, "avtale.pdf.ferdig", b"")
    source.finish(a_receipt(entry), Done.DONE)
    assert (inbox / "avtale.pdf.ferdig").exists()
    assert [entry.state.size for entry in source.scan(9.0).ready] == [len(PDF) + 6]


def test_a_marked_name_that_is_no_plain_file_is_refused_all_the_same(source: FolderSource, inbox: Path) -> None:
    (inbox / "avtale.pdf").symlink_to(drop(inbox.parent, "outside.pdf"))
    drop(inbox, "avtale.pdf.ferdig", b"")
    scan = source.scan(0.0)
    assert (scan.ready, len(scan.refused)) == ((), 1)
