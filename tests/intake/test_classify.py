"""What the first bytes say, before a parser sees them."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.findings import INT_CONTAINER, INT_EMPTY, INT_NOT_PDF, INT_TOO_LARGE, Finding
from intake.classify import HEAD_BYTES, classify

LIMIT = 25 * 2**20


def look(data: bytes) -> Finding | None:
    return classify(data[:HEAD_BYTES], len(data), max_bytes=LIMIT)


def a_zip(*names: str, mimetype: str | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x" * 3000)
    return file.getvalue()


def der(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content


def a_p7m() -> bytes:
    """The beginning of an opaque signed message (RFC 5652) around a PDF."""
    data, signed_data = (bytes.fromhex(f"06092a864886f70d01070{last}") for last in (1, 2))
    inner = der(0x30, data + der(0xA0, der(0x04, b"%PDF-1.7" * 200)))
    return der(0x30, signed_data + der(0xA0, der(0x30, b"\x02\x01\x01\x31\x00" + inner)))


def test_an_empty_file_is_empty() -> None:
    assert look(b"") == INT_EMPTY()


def test_a_file_of_30_mb_is_too_large_and_both_numbers_are_told() -> None:
    assert classify(b"%PDF-1.7", 30 * 2**20, max_bytes=LIMIT) == INT_TOO_LARGE(size=30 * 2**20, limit=LIMIT)
    assert classify(b"%PDF-1.7", LIMIT, max_bytes=LIMIT) is None


@pytest.mark.parametrize("before", [0, 1, HEAD_BYTES - 5])
def test_a_pdf_header_counts_within_the_first_1024_bytes(before: int) -> None:
    assert look(b"\n" * before + b"%PDF-1.7\n" + b"x" * 2000) is None


def test_a_pdf_header_further_in_does_not_count() -> None:
    assert look(b"\n" * HEAD_BYTES + b"%PDF-1.7") == INT_NOT_PDF()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (a_zip("avtale.pdf"), "zip"),
        (a_zip("avtale.pdf", mimetype="application/vnd.etsi.asic-e+zip"), "asice"),
        (b'<?xml version="1.0"?><SDOList xmlns="http://www.npt.no/seid/xmlskema/SDO_v1.0">', "sdo"),
        (b"Rar!\x1a\x07\x01\x00", "rar"),
        (b"7z\xbc\xaf\x27\x1c\x00", "7z"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x78\x9f\x3e\x22\x01", "winmail.dat"),
    ],
)
def test_a_container_is_named(data: bytes, kind: str) -> None:
    assert look(data) == INT_CONTAINER(kind=kind)


def test_a_pdf_that_shows_inside_a_container_does_not_make_it_a_pdf() -> None:
    assert b"%PDF-" in a_p7m()[:HEAD_BYTES]
    assert look(a_p7m()) == INT_CONTAINER(kind="p7m")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("avtale.pdf", "%PDF-1.7")
    assert look(stored.getvalue()) == INT_CONTAINER(kind="zip")


@pytest.mark.parametrize(
    "data",
    [
        a_zip("[Content_Types].xml", "word/document.xml"),
        a_zip("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
        b"\x89PNG\r\n\x1a\n",
        b"Hei, her er avtalen",
        b"0 er et tall",
    ],
)
def test_an_office_document_or_anything_else_is_no_pdf(data: bytes) -> None:
    assert look(data) == INT_NOT_PDF()


@given(data=st.binary(max_size=2000))
def test_every_content_gets_an_answer(data: bytes) -> None:
    finding = look(data)
    if finding is None:
        assert b"%PDF-" in data[:HEAD_BYTES]
