"""What the bytes alone tell, and that hostile files are stopped before any parser sees them."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.signature_report import Indication, RevocationPolicy
from signatures.judge import judge
from signatures.prescan import MAX_REVISIONS, MAX_SIGNATURES, MAX_XREF_ENTRIES, _xref_marks, encoded_size, prescan
from signatures.trust import Trust
from tests.signatures.papers import RECEIVED, make_agreement

NOBODY = Trust.from_der([], revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False)


def ranged(text: bytes, gap: bytes = b"<3003020101>", before: bytes = b"/Contents ") -> bytes:
    return b"%PDF-1.7\n/ByteRange [" + text + b"]" + before + gap + b"\n%%EOF\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"1 2 3", "byte-range-not-four-integers"),
        (b"0 1 0 R 3", "byte-range-not-four-integers"),
        (b"5 1 9 3", "byte-range-not-from-start"),
        (b"0 9 5 3", "byte-range-outside-file"),
        (b"0 1 9 999999", "byte-range-outside-file"),
        (b"0 4 9 10", "gap-not-hex-string"),
    ],
)
def test_a_byte_range_that_is_not_exactly_right_is_named(text: bytes, fault: str) -> None:
    assert [item.fault for item in prescan(ranged(text)).ranges] == [fault]


@pytest.mark.parametrize(
    ("gap", "before", "fault"),
    [
        (b"<3003020101>", b"/Contents ", None),
        (b"<30030201010000>", b"/Contents", None),
        (b"<30030201010001>", b"/Contents", "padding-not-zero"),
        (b"<3003020101>", b"/Content", "gap-not-contents"),
        (b"<3009020101>", b"/Contents", "padding-not-zero"),
        (b"(3003020101)", b"/Contents", "gap-not-hex-string"),
    ],
)
def test_the_gap_holds_one_signature_and_zeros(gap: bytes, before: bytes, fault: str | None) -> None:
    width = 40
    start = len(b"%PDF-1.7\n/ByteRange [") + width + 1 + len(before)
    pdf = ranged(f"0 {start} {start + len(gap)} 3".encode().ljust(width), gap, before)
    assert [item.fault for item in prescan(pdf).ranges] == [fault]


@pytest.mark.parametrize(
    ("tail", "count"), [(b"", 0), (b"\n", 0), (b"\r\n", 0), (b"\r", 0), (b"\n\n", 1), (b"x", 1), (b"\r\n123", 3)]
)
def test_one_line_end_may_follow_the_end(tail: bytes, count: int) -> None:
    assert prescan(b"%PDF-1.7\n%%EOF" + tail).trailing_bytes == count


OPEN = b"\x30\x80"
END = b"\x00\x00"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"", None),
        (b"\x30", None),
        (b"\x30\x03", 5),
        (b"\x30\x82\x01\x00", 260),
        (b"\x30\x82\x01", None),
        (b"\x30\x85\x00\x00\x00\x00\x01", 8),
        (b"\x30\xff\x00", None),
        (b"\x3f\x81\x01\x02", 6),
        (b"\x3f\x81", None),
        (OPEN, None),
        (OPEN + END, 4),
        (OPEN + b"\x02\x01\x00" + END + b"rest", 7),
        (OPEN + OPEN + END + b"\x05\x00" + END, 10),
        (OPEN + OPEN + END, None),
        (OPEN + b"\x02\x03\x00\x00\x00" + END, 9),
        (OPEN + b"\x00\x01\x00" + END, None),
        (OPEN + b"\x04\x80" + END + END, None),
        (OPEN * 20_000, None),
    ],
)
def test_a_value_ends_where_its_length_or_its_end_mark_says(data: bytes, size: int | None) -> None:
    assert encoded_size(data) == size


@given(
    parts=st.lists(st.sampled_from([b"", b"\x02\x01\x00", OPEN + b"\x05\x00" + END, b"\x30\x00"])),
    head=st.sampled_from(["least", "open", "long"]),
    rest=st.binary(max_size=5),
)
def test_whatever_the_encoding_only_zeros_may_follow_the_end(parts: list[bytes], head: str, rest: bytes) -> None:
    inner = b"".join(parts)
    long = b"\x30\x84" + len(inner).to_bytes(4, "big")
    least = bytes([0x30, len(inner)]) if len(inner) < 0x80 else long
    value = {"least": least + inner, "open": OPEN + inner + END, "long": long + inner}[head]
    gap = b"<" + (value + rest).hex().encode() + b">"
    start = len(b"%PDF-1.7\n/ByteRange [") + 40 + len(b"]/Contents")
    pdf = ranged(f"0 {start} {start + len(gap)} 3".encode().ljust(40), gap, b"/Contents")
    assert [item.fault for item in prescan(pdf).ranges] == ["padding-not-zero" if rest.strip(b"\x00") else None]


HOSTILE = {
    "entries of no width": b"1 0 obj <</Type/XRef/W[0 0 0]/Index[0 1000000000]/Size 5/Root 2 0 R>> stream",
    "entries of great width": b"1 0 obj <</Type/XRef/W[9 900 9]/Size 5/Root 2 0 R>> stream",
    "a huge index": b"1 0 obj <</Type/XRef/W[1 2 1]/Index[0 1000000000]/Size 5>> stream",
    "an index of odd length": b"1 0 obj <</Type/XRef/W[1 2 1]/Index[0 5 7]/Size 5>> stream",
    "a huge size": b"1 0 obj <</Type/XRef/W[1 2 1]/Size 99999999999999999>> stream",
    "one in a byte range": b"/ByteRange [ 1 0 obj <</Type/XRef/W[0 0 0]/Index[0 1000000000]/Size 5>> stream ]",
    "a huge table": b"xref\n0 99999999\n",
    "many revisions": b"startxref\n5\n%%EOF\n" * (MAX_REVISIONS + 1),
    "many packed tables": b"/Type/XRef " * 20_000,
    "many packed tables with all that they may say": b"1 0 obj<</Type/XRef/W[1 2 1]/Index[0 1]/Size 9>>stream " * 5_000,
    "many ranges without an end": b"/ByteRange [" * 300_000,
    "many signatures": b"/ByteRange [0 1 2 3]" * (MAX_SIGNATURES + 1),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_work_without_bounds_is_refused_before_it_begins(body: bytes) -> None:
    start = time.perf_counter()
    report = judge(b"%PDF-1.7\n" + body + b"\nstartxref\n9\n%%EOF\n", trust=NOBODY, at=RECEIVED)
    assert time.perf_counter() - start < 1  # measured 2026-11: at most 0.1; some of these took 9 s
    assert report.indication is Indication.TOTAL_FAILED
    assert report.findings[0].code == "SIG-021"


def test_an_embedded_files_size_is_not_taken_for_the_tables(agreement: bytes) -> None:
    assert (
        prescan(agreement.replace(b"%%EOF", b"% <</Type/EmbeddedFile/Params<</Size 9999999>>>>\n%%EOF")).exceeded == ()
    )


@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"", "INT-001"),
        (b"hello", "INT-003"),
        (b"\x00" * 5000, "INT-003"),
        (b"%PDF-1.7\nnothing here", "INT-004"),
        (make_agreement()[:600], "INT-004"),
    ],
)
def test_what_is_no_pdf_is_said_to_be_none(pdf: bytes, code: str) -> None:
    report = judge(pdf, trust=NOBODY, at=RECEIVED, issued=make_agreement())
    assert report.findings[0].code == code
    assert (report.indication, report.sub_indication) == (Indication.TOTAL_FAILED, "FORMAT_FAILURE")
    assert report.provenance is not None


@given(st.binary(max_size=2000))
def test_the_scan_never_raises(data: bytes) -> None:
    prescan(b"%PDF-1.7 /ByteRange [" + data)
    encoded_size(b"\x30\x80" + data)
    prescan(data)


def test_the_scan_of_six_megabytes_is_quick(tmp_path: Path) -> None:
    pdf = make_agreement() + b"stream " + bytes(range(256)) * 25_000
    start = time.perf_counter()
    prescan(pdf)
    assert time.perf_counter() - start < 1


PIECES = st.lists(
    st.sampled_from([b"xref", b"start", b"startxref", b" ", b"\n", b"7", b"0 99999999", b"y", b"%%EOF", b"/"])
)


@given(pieces=PIECES)
def test_tables_and_pointers_to_them_are_told_apart_in_one_pass(pieces: list[bytes]) -> None:
    pdf = b"".join(pieces)
    pointers = len(re.findall(rb"startxref\s*\d", pdf))
    announced = [int(count) for count in re.findall(rb"\bxref\s+\d+\s+(\d+)", pdf)]
    assert _xref_marks(pdf) == (pointers, all(count <= MAX_XREF_ENTRIES for count in announced))
