"""Bombs and broken builds: each costs little, is told, and hides nothing that lies beside it."""

import struct
import time
import zipfile
from collections.abc import Callable
from random import Random

import pytest

from agreements.findings import INT_BROKEN_PACKAGE, INT_LOCKED_PACKAGE, INT_UNPACK_LIMIT
from agreements.language import Language
from agreements.texts import finding_message
from intake.unpacking import Unpacking, limits, tray, unpack
from intake.unpacking.tray import MAX_FINDINGS
from tests.intake.mails import (
    PDF,
    a_zip,
    der,
    endless,
    letter,
    locked,
    multipart,
    part,
    raw,
    signed_streamed,
    tnef,
    tnef_file,
    tnef_message,
)

PDF_TYPE = "Content-Type: application/pdf"
SLOW = 5.0  # seconds of the processor: far above what any takes here, far below what quadratic work would
ZEROS = bytes(10_000_000)


def opened(data: bytes, *, mail: bool = True) -> Unpacking:
    """The mail taken apart, in time."""
    start = time.process_time()
    unpacking = unpack(data, mail=mail).unpacking
    assert time.process_time() - start < SLOW
    return unpacking


def limit_told(data: bytes) -> set[str]:
    codes = [finding for finding in opened(data).findings if finding.code == "INT-017"]
    assert all(finding == INT_UNPACK_LIMIT(**finding.params) for finding in codes)
    return {str(finding.params["limit"]) for finding in codes}


def nested(levels: int, innermost: bytes, kind: str = "multipart") -> bytes:
    for level in range(levels):
        if kind == "multipart":
            innermost = multipart(innermost, boundary=f"level-{level}")
        else:
            innermost = raw("Subject: x", "Content-Type: message/rfc822", body=innermost)
    return innermost


@pytest.mark.parametrize("kind", ["multipart", "message"])
def test_parts_in_parts_are_followed_to_the_depth_allowed_and_no_further(kind: str) -> None:
    pdf = part(PDF, PDF_TYPE)
    inside = opened(nested(limits.MAX_DEPTH, pdf, kind))
    assert (len(inside.candidates), inside.findings) == (1, ())
    assert limit_told(nested(limits.MAX_DEPTH + 1, pdf, kind)) == {"depth"}
    assert limit_told(nested(1000, pdf, kind)) == {"depth"}


def test_two_hundred_parts_are_looked_at() -> None:
    text = raw(PDF_TYPE, body=b"%PDF-")
    pdf = part(PDF, PDF_TYPE)
    assert len(opened(multipart(*[text] * (limits.MAX_PARTS - 1), pdf)).candidates) == 2
    assert limit_told(multipart(*[text] * limits.MAX_PARTS, pdf)) == {"parts"}
    assert limit_told(multipart(*[b""] * 100_000)) == {"parts"}


def test_fifty_documents_are_kept() -> None:
    many = [part(PDF + bytes([number]), PDF_TYPE) for number in range(limits.MAX_PDFS + 1)]
    assert len(opened(multipart(*many[:-1])).candidates) == limits.MAX_PDFS
    assert opened(multipart(*many[:-1])).findings == ()
    assert len(opened(multipart(*many)).candidates) == limits.MAX_PDFS
    assert limit_told(multipart(*many)) == {"pdfs"}


def test_a_header_that_says_how_the_mail_is_built_and_is_too_long_is_told() -> None:
    long = "Content-Type: multipart/mixed; " + "x" * limits.MAX_HEADER_BYTES
    assert limit_told(raw(long)) == {"header"}


def test_long_headers_that_say_nothing_of_the_build_cost_nothing_and_hide_nothing() -> None:
    mail = opened(b"X-Spam: " + b"x" * 100_000 + b"\r\nTo: " + b"a@example.org, " * 5000 + b"\r\n" + letter(pdf=PDF))
    assert (len(mail.candidates), mail.findings) == (1, ())
    assert mail.mail is not None
    assert len(mail.mail.recipients) <= limits.MAX_ADDRESSES


def test_a_header_block_without_end_is_told() -> None:
    block = b"X-Filler: y\r\n" * 25_000
    assert limit_told(block + letter(pdf=PDF)) == {"header"}
    assert limit_told(multipart(*[raw("X: y", body=b"") + block + b"\r\n"] * 4)) == set()


def test_headers_of_all_parts_together_are_bounded() -> None:
    assert "headers" in limit_told(multipart(*[b"Content-Type: text/plain\r\n" * 9000 + b"\r\n"] * 20))


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: multipart/mixed" + ";" * 10_000,
        "Content-Type: multipart/mixed" + ";a=b" * 4000,
        "Content-Type: multipart/mixed" + ';a="' * 4000,
        "Content-Type: multipart/mixed; a=" + '"\\' * 8000,
        "Content-Type: multipart/mixed" + "".join(f";n*{number}*=''x" for number in range(1500)),
        "Subject: " + "=?utf-8?b?" * 1600,
        "Subject: " + "=?" * 8000,
        "From: " + '"\\' * 8000,
        "From: " + "(" * 16_000,
        "From: " + "(\\" * 8000,
        "From: " + "<" * 16_000,
        "References: " + "<a" * 8000,
        "Date: " + "1 " * 8000,
    ],
)
def test_a_header_that_asks_for_quadratic_work_does_not_get_it(header: str) -> None:
    opened((header.encode() + b"\r\n") * 10 + letter(pdf=PDF))


def test_a_mail_beyond_the_limit_is_read_as_far_as_the_limit_goes() -> None:
    data = letter(pdf=PDF) + bytes(limits.MAX_RAW_BYTES)
    unpacking = opened(data)
    assert len(unpacking.candidates) == 1
    assert unpacking.findings == (INT_UNPACK_LIMIT(limit="size", allowed=limits.MAX_RAW_BYTES),)


def test_a_file_beyond_the_limit_is_not_opened() -> None:
    unpacking = unpack(a_zip(("a.pdf", PDF)) + bytes(limits.MAX_RAW_BYTES)).unpacking
    assert unpacking.candidates == ()
    assert unpacking.findings[0] == INT_UNPACK_LIMIT(limit="size", allowed=limits.MAX_RAW_BYTES)


@pytest.mark.parametrize("bound", limits.Bound)
def test_every_bound_can_be_said(bound: limits.Bound) -> None:
    said = finding_message(INT_UNPACK_LIMIT(limit=bound, allowed=17), Language.NB)
    assert bound.value not in said
    assert "17" in said


# --- zip --------------------------------------------------------------------------------------------------------------


def zipped(archive: bytes) -> bytes:
    return multipart(part(archive, "Content-Type: application/zip; name=a.zip"))


def test_a_zip_of_zeros_is_stopped_by_its_ratio() -> None:
    assert limit_told(zipped(a_zip(("a.pdf", b"%PDF-" + ZEROS)))) == {"zip_ratio"}


def test_zips_that_give_more_than_the_allowance_together_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tray, "MAX_UNPACKED_BYTES", 10_000_000)
    spacious = Random(1).randbytes(50_000) + bytes(950_000)  # 20 to 1: no ratio stops it
    five, six = (a_zip(*[(f"{number}.pdf", spacious) for number in range(count)]) for count in (5, 6))
    assert limit_told(zipped(five)) == set()
    assert limit_told(multipart(*(part(one, "Content-Type: application/zip") for one in (five, six)))) == {"unpacked"}


def test_a_zip_of_many_files_is_looked_into_as_far_as_allowed() -> None:
    files = [(f"{number}.txt", b"x") for number in range(limits.MAX_ZIP_ENTRIES)]
    assert limit_told(zipped(a_zip(*files[:-1], ("a.pdf", PDF)))) == set()
    assert len(opened(zipped(a_zip(("a.pdf", PDF), *files))).candidates) == 1
    assert "zip_entries" in limit_told(zipped(a_zip(("a.pdf", PDF), *files)))


def test_a_directory_of_a_million_files_is_never_read() -> None:
    archive = a_zip(("a.pdf", PDF)) + b"PK\x01\x02" * 1_000_000
    assert limit_told(zipped(archive)) == {"zip_entries"}


def test_a_zip_in_a_zip_is_not_opened_and_what_lies_beside_it_is() -> None:
    unpacking = opened(zipped(a_zip(("b.zip", a_zip(("b.pdf", PDF))), ("a.pdf", PDF))))
    assert [candidate.name for candidate in unpacking.candidates] == ["a.pdf"]
    assert unpacking.findings == (INT_UNPACK_LIMIT(limit="zip_depth", allowed=limits.MAX_ZIP_DEPTH),)


def test_a_zip_with_a_password_is_told() -> None:
    assert opened(zipped(locked(a_zip(("a.pdf", PDF))))).findings == (INT_LOCKED_PACKAGE(),)


def lying_about_sizes(archive: bytes) -> bytes:
    """The directory says that the file is one byte long."""
    at = archive.rfind(b"PK\x01\x02")
    return archive[: at + 24] + struct.pack("<I", 1) + archive[at + 28 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda archive: archive[:-30],
    "overwritten": lambda archive: archive[:40] + b"\xff" * 40 + archive[80:],
    "two names": lambda archive: archive.replace(b"a.pdf", b"b.pdf", 1),
    "a lie about its size": lying_about_sizes,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_zip_is_told(damage: Callable[[bytes], bytes]) -> None:
    assert opened(zipped(damage(a_zip(("a.pdf", PDF))))).findings[0] == INT_BROKEN_PACKAGE(kind="zip")


def test_a_zip_packed_in_a_way_that_has_no_bound_is_not_unpacked() -> None:
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        assert opened(zipped(a_zip(("a.pdf", PDF), method=method))).findings == (INT_BROKEN_PACKAGE(kind="zip"),)


@pytest.mark.parametrize("written", ["på.pdf".encode(), "på.pdf".encode("cp850")], ids=["unix", "windows"])
def test_names_in_a_zip_are_read_as_programs_write_them_here(written: bytes) -> None:
    placeholder = "#" * len(written)
    archive = a_zip((placeholder, PDF)).replace(placeholder.encode(), written)
    assert [candidate.name for candidate in opened(zipped(archive)).candidates] == ["på.pdf"]


# --- winmail.dat and CMS ----------------------------------------------------------------------------------------------


def test_a_message_in_winmail_dat_is_opened() -> None:
    unpacking = unpack(tnef(tnef_file(b"x", title="a.txt"), tnef_message(tnef(tnef_file(PDF))))).unpacking
    assert [candidate.name for candidate in unpacking.candidates] == ["AVTALE~1.PDF"]
    assert unpacking.findings == ()


def test_what_stands_before_the_cut_in_a_winmail_dat_is_kept() -> None:
    unpacked = unpack(tnef(tnef_file(PDF), tnef_file(PDF + b"x"))[:-50])
    assert list(unpacked.contents.values()) == [PDF, b""]  # of the second one only its name came through
    assert unpacked.unpacking.findings == (INT_BROKEN_PACKAGE(kind="winmail.dat"),)


def test_messages_in_winmail_dat_have_the_depth_of_all_others() -> None:
    inner = tnef(tnef_file(PDF))
    for _ in range(50):
        inner = tnef(tnef_message(inner))
    assert unpack(inner).unpacking.findings == (INT_UNPACK_LIMIT(limit="depth", allowed=limits.MAX_DEPTH),)


def test_a_million_attributes_end() -> None:
    opened(multipart(part(tnef() + struct.pack("<BIIH", 2, 0x00069002, 0, 0) * 500_000, "Content-Type: a/b; name=w")))


def test_a_streamed_signed_message_of_10_mb_is_put_together_in_time() -> None:
    content = b"%PDF-" + ZEROS
    start = time.process_time()
    unpacked = unpack(signed_streamed(content))
    assert time.process_time() - start < SLOW
    assert list(unpacked.contents.values()) == [content]


SIGNED = bytes.fromhex("06092a864886f70d010702")


@pytest.mark.parametrize(
    "message",
    [
        b"\x30\x80" + SIGNED + b"\xa0\x80" * 5000,
        der(0x30, SIGNED + b"\xa0\xff" + b"\xff" * 127),
        der(0x30, SIGNED + der(0xA0, b"")),
        der(0x30, SIGNED + endless(0xA0, der(0x30, b"\x1f\xff"))),
        endless(0x30, SIGNED + endless(0xA0, endless(0x30, b"\x02\x00" * 2_000_000))),
    ],
)
def test_a_signed_message_that_is_none_is_told(message: bytes) -> None:
    start = time.process_time()
    assert unpack(message).unpacking.findings == (INT_BROKEN_PACKAGE(kind="p7m"),)
    assert time.process_time() - start < SLOW


def test_what_is_told_stays_short() -> None:
    kinds = [a_zip(("a", b"x"))[:-20] + bytes([n]) for n in range(100)]
    links = " ".join(f"https://host{number}.sharepoint.com/" for number in range(5000))
    unpacking = opened(multipart(raw(body=links.encode()), *(part(one, "Content-Type: a/b; name=x") for one in kinds)))
    assert len(unpacking.findings) <= MAX_FINDINGS
    assert len(unpacking.model_dump_json()) < 10_000
