"""Finishing: the file goes to its place once, over nothing, and whatever changed meanwhile is left to be taken anew."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from intake.receipts import SourceOutcome
from intake.sources.folder import Done, Entry, Finished, FolderSource
from tests.intake.deliveries import PDF, a_receipt, drop, scan_quiet


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ready(source: FolderSource) -> Entry:
    (entry,) = scan_quiet(source).ready
    return entry


def test_a_received_file_goes_to_ferdig(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    finished = source.finish(a_receipt(ready(source)), Done.DONE)
    assert finished == Finished(outcome=SourceOutcome.MOVED, place="ferdig/000017_avtale.pdf")
    assert (inbox / "ferdig" / "000017_avtale.pdf").read_bytes() == PDF
    assert listed(inbox) == [".avtalemottak", "ferdig"]


def test_a_quarantined_file_gets_a_note_beside_it(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    source.finish(a_receipt(ready(source)), Done.QUARANTINE, note="Filen er ikke en PDF. Send den på nytt.\n")
    note = inbox / "karantene" / "000017_avtale.pdf.grunn.txt"
    assert note.read_text(encoding="utf-8") == "Filen er ikke en PDF. Send den på nytt.\n"
    assert listed(note.parent) == ["000017_avtale.pdf", "000017_avtale.pdf.grunn.txt"]


def test_finishing_twice_is_finishing_once(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    receipt = a_receipt(ready(source))
    first = source.finish(receipt, Done.QUARANTINE, note="en")
    (inbox / "karantene" / "000017_avtale.pdf.grunn.txt").unlink()  # as if killed before the note was there
    assert source.finish(receipt, Done.QUARANTINE, note="en") == first
    assert len(listed(inbox / "karantene")) == 2


def test_nothing_that_lies_there_is_overwritten(source: FolderSource, inbox: Path) -> None:
    (inbox / "ferdig").mkdir()
    drop(inbox / "ferdig", "000017_avtale.pdf", b"another database's seventeen")
    drop(inbox)
    finished = source.finish(a_receipt(ready(source)), Done.DONE)
    assert finished.place == "ferdig/000017_1_avtale.pdf"
    assert (inbox / "ferdig" / "000017_avtale.pdf").read_bytes() == b"another database's seventeen"


def test_a_file_that_changed_is_left_to_be_taken_anew(source: FolderSource, inbox: Path) -> None:
    path = drop(inbox)
    entry = ready(source)
    path.write_bytes(PDF + b"more")
    assert source.finish(a_receipt(entry), Done.DONE) == Finished(outcome=SourceOutcome.CHANGED)
    (changed,) = scan_quiet(source, 10.0).ready
    assert changed.key != entry.key
    assert changed.slot == entry.slot


def test_a_file_that_somebody_took_away_is_gone(source: FolderSource, inbox: Path) -> None:
    path = drop(inbox)
    entry = ready(source)
    path.unlink()
    assert source.finish(a_receipt(entry), Done.DONE) == Finished(outcome=SourceOutcome.GONE)


def test_a_file_written_to_while_it_is_moved_is_put_back(
    source: FolderSource, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(inbox)
    receipt = a_receipt(ready(source))
    rename = os.rename

    def write_and_rename(old: bytes, new: bytes, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if path.exists():
            path.write_bytes(PDF + b"the second half")
        rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr("intake.sources.folder.finishing.os.rename", write_and_rename)
    assert source.finish(receipt, Done.DONE) == Finished(outcome=SourceOutcome.CHANGED)
    assert path.read_bytes() == PDF + b"the second half"
    assert listed(inbox / "ferdig") == []


def test_a_late_file_whose_name_is_taken_is_put_back_under_another(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    source.finish(a_receipt(ready(source)), Done.DONE)
    drop(inbox, data=b"the next one of that name")
    with (inbox / "ferdig" / "000017_avtale.pdf").open("ab") as writer:
        writer.write(b"the second half")
    names = {entry.name for entry in scan_quiet(source, 10.0).ready}
    assert names == {b"avtale.pdf", b"000017_avtale.pdf"}


def test_a_file_moved_back_by_somebody_is_finished_again(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    entry = ready(source)
    source.finish(a_receipt(entry), Done.DONE)
    (inbox / "ferdig" / "000017_avtale.pdf").rename(inbox / "avtale.pdf")
    (again,) = scan_quiet(source, 10.0).ready
    assert again.key == entry.key
    assert source.finish(a_receipt(again), Done.DONE).outcome is SourceOutcome.MOVED
    assert listed(inbox) == [".avtalemottak", "ferdig"]


def test_a_link_is_moved_as_it_is(source: FolderSource, inbox: Path) -> None:
    outside = drop(inbox.parent, "outside.pdf")
    (inbox / "lenke.pdf").symlink_to(outside)
    (refused,) = scan_quiet(source).refused
    source.finish(a_receipt(refused.entry), Done.QUARANTINE, note="Lenke")
    moved = inbox / "karantene" / "000017_lenke.pdf"
    assert moved.is_symlink()
    assert outside.read_bytes() == PDF


def test_a_fifo_and_a_hard_link_are_moved_as_they_are(source: FolderSource, inbox: Path) -> None:
    os.mkfifo(inbox / "fifo.pdf")
    (inbox / "hard.pdf").hardlink_to(drop(inbox.parent, "outside.pdf"))
    for number, refused in enumerate(scan_quiet(source).refused, start=1):
        assert source.finish(a_receipt(refused.entry, number), Done.QUARANTINE).outcome is SourceOutcome.MOVED
    assert listed(inbox) == [".avtalemottak", "karantene"]


def test_ferdig_that_leads_somewhere_else_is_not_followed(source: FolderSource, inbox: Path) -> None:
    (inbox.parent / "elsewhere").mkdir()
    (inbox / "ferdig").symlink_to(inbox.parent / "elsewhere")
    drop(inbox)
    finished = source.finish(a_receipt(ready(source)), Done.DONE)
    assert finished.outcome is SourceOutcome.LEFT
    assert finished.reason in {"ELOOP", "ENOTDIR"}
    assert (inbox / "avtale.pdf").exists()
    assert listed(inbox.parent / "elsewhere") == []


def test_a_file_named_ferdig_in_its_place_leaves_the_delivery_where_it_is(source: FolderSource, inbox: Path) -> None:
    drop(inbox)
    entry = ready(source)
    drop(inbox, "ferdig", b"")
    assert source.finish(a_receipt(entry), Done.DONE).outcome is SourceOutcome.LEFT


@pytest.mark.parametrize("name", [b"avtale\n2.pdf", b"\xff\xfe\xe6.pdf", b"x" * 251 + b".pdf", b"y" * 255])
def test_any_name_can_be_finished_with_its_note(source: FolderSource, inbox: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(inbox) + b"/" + name)).write_bytes(PDF)
    finished = source.finish(a_receipt(ready(source)), Done.QUARANTINE, note="Les dette")
    assert finished.outcome is SourceOutcome.MOVED
    assert finished.place is not None
    assert finished.place.isprintable()
    assert len(listed(inbox / "karantene")) == 2


FULL_SHARE = """
import os, subprocess, sys
from pathlib import Path
from agreements.errors import TemporaryError
from intake.sources.folder import Done, FolderSource
from tests.intake.deliveries import a_receipt
inbox = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "small", str(inbox)], check=True)
(inbox / "ferdig").mkdir()
(inbox / "karantene").mkdir()
(inbox / "avtale.pdf").write_bytes(b"x" * 4096)
source = FolderSource(source_id="s", path=inbox, vendor_id=None, quiet=0)
(entry,) = source.scan(0).ready
fill = os.open(inbox / ".fill", os.O_CREAT | os.O_WRONLY)
try:
    while True:
        os.write(fill, bytes(4096))
except OSError:
    pass
try:
    source.finish(a_receipt(entry), Done.QUARANTINE, note="Les dette")
except TemporaryError as error:
    print(error.code, error.params["reason"])
os.ftruncate(fill, 0)
print(source.finish(a_receipt(entry), Done.QUARANTINE, note="Les dette").outcome)
print(sorted(os.listdir(inbox / "karantene")))
"""


def test_a_note_on_a_full_share_is_written_when_there_is_room_again(inbox: Path) -> None:
    command = ["unshare", "-rm", sys.executable, "-c", FULL_SHARE, str(inbox)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "folder_not_writable_now ENOSPC",
        "moved",
        "['000017_avtale.pdf', '000017_avtale.pdf.grunn.txt']",
    ]
