"""Any bytes may be a file's name; people and our own folders get a safe form of it."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from intake.names import (
    MAX_DISPLAY_NAME,
    MAX_FILE_NAME,
    NOTE_SUFFIX,
    display_name,
    done_name,
    ignored_as,
    name_in_slot,
    slot_of,
)

FILE_NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name and b"\0" not in name)


def test_what_turns_text_around_or_breaks_lines_is_not_shown() -> None:
    assert display_name("avtale\u202efdp.exe\n\x1b[31m.pdf".encode()) == "avtalefdp.exe[31m.pdf"
    assert display_name(b"../../../etc/cron.d/x.pdf") == "x.pdf"
    assert display_name(b"\n\x00") == "_"
    assert display_name(b"avtale \xe6\xf8\xe5.pdf") == "avtale \ufffd\ufffd\ufffd.pdf"
    assert display_name("A\u030a.pdf".encode()) == "Å.pdf"


@given(name=FILE_NAMES)
@example(name="\u0958".encode() * 80)
@example(name=b"x" * 250 + b".pdf")
def test_a_shown_name_is_short_normal_and_without_control_characters(name: bytes) -> None:
    shown = display_name(name)
    assert 1 <= len(shown) <= MAX_DISPLAY_NAME
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)


def test_a_long_shown_name_keeps_its_ending() -> None:
    assert display_name(b"x" * 250 + b".pdf").endswith("x….pdf")


@given(name=FILE_NAMES)
def test_a_slot_gives_the_bytes_back_and_is_plain_text(name: bytes) -> None:
    assert name_in_slot(slot_of(name)) == name
    assert slot_of(name).isascii()
    assert "/" not in slot_of(name)


@example(name=b"x" * 255, receipt_id=17, attempt=0)
@example(name=b"x" * 251 + b".pdf", receipt_id=10**9, attempt=99)
@given(name=FILE_NAMES, receipt_id=st.integers(1, 10**9), attempt=st.integers(0, 99))
def test_a_finished_file_and_its_note_have_names_that_fit(name: bytes, receipt_id: int, attempt: int) -> None:
    finished = done_name(receipt_id, name, attempt)
    assert len(finished + NOTE_SUFFIX) + 1 <= MAX_FILE_NAME  # one more for the dot of a draft
    assert finished.startswith(b"%06d_" % receipt_id)


def test_a_finished_name_keeps_the_name_and_its_ending() -> None:
    assert done_name(17, b"avtale.pdf") == b"000017_avtale.pdf"
    assert done_name(17, b"avtale.pdf", 1) == b"000017_1_avtale.pdf"
    assert done_name(17, b"x" * 251 + b".pdf").endswith(b"x.pdf")


def test_names_of_files_in_the_making_are_passed_over() -> None:
    for name in (b"a.pdf.part", b"A.PDF.TMP", b"a.filepart", b"~$avtale.docx", b"a.crdownload", b"snarvei.lnk"):
        assert ignored_as(name) == "temporary", name
    assert ignored_as(b".avtale.pdf.x7y") == "hidden"
    assert ignored_as(b"ferdig") == ignored_as(b"karantene") == "own_folder"
    for name in (b"avtale.pdf", b"ferdig.pdf", b"tmp", b"part", b"\xff\xfe", b"avtale~$.pdf", b"x.tmp.pdf"):
        assert ignored_as(name) is None, name
