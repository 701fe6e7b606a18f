"""A PDF is found wherever it hides in a mail, byte for byte, and what can't be opened is told."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.findings import (
    INT_BROKEN_PACKAGE,
    INT_CONTAINER,
    INT_ENCRYPTED_MAIL,
    INT_LINK,
    INT_NO_PDF_INSIDE,
    INT_OUTER_SIGNATURE,
    Finding,
    Severity,
)
from intake.unpacking import MailKind, Unpacking, unpack
from intake.unpacking.reasons import reason_without_document
from intake.unpacking.tray import shown_name
from tests.intake.mails import (
    OTHER_PDF,
    PDF,
    a_zip,
    der,
    enveloped,
    letter,
    multipart,
    part,
    raw,
    signed_opaque,
    signed_streamed,
    tnef,
    tnef_file,
)


def opened(data: bytes) -> Unpacking:
    """The mail taken apart; every candidate's bytes are there and are what the candidate says."""
    unpacked = unpack(data, mail=True)
    for candidate in unpacked.unpacking.candidates:
        content = unpacked.contents[candidate.sha256]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (candidate.size, candidate.sha256)
    assert len(unpacked.contents) == len(unpacked.unpacking.candidates)
    return unpacked.unpacking


def found(data: bytes) -> list[tuple[str, bytes]]:
    unpacked = unpack(data, mail=True)
    return [(one.name, unpacked.contents[one.sha256]) for one in unpacked.unpacking.candidates]


def told(data: bytes) -> tuple[Finding, ...]:
    return opened(data).findings


OCTETS = "Content-Type: application/octet-stream"
PDF_TYPE = "Content-Type: application/pdf"

HIDING_PLACES = {
    "an attachment": (letter(pdf=PDF), "avtale.pdf"),
    "in the text, as Apple sends it": (
        multipart(part(PDF, PDF_TYPE, 'Content-Disposition: inline; filename="avtale.pdf"')),
        "avtale.pdf",
    ),
    "octets": (multipart(part(PDF, OCTETS + '; name="avtale.pdf"')), "avtale.pdf"),
    "a wrong extension": (multipart(part(PDF, OCTETS + '; name="avtale.docx"')), "avtale.docx"),
    "a wrong type": (multipart(part(PDF, 'Content-Type: image/png; name="avtale.pdf"')), "avtale.pdf"),
    "no name": (multipart(part(PDF, PDF_TYPE)), "_"),
    "text/plain by a program that knows no better": (multipart(part(PDF, "Content-Type: text/plain")), "_"),
    "junk before its header": (multipart(part(b"\n" * 1000 + PDF, OCTETS)), "_"),
    "the mail is nothing but it": (part(PDF, "From: kari@example.org", PDF_TYPE + "; name=a.pdf"), "a.pdf"),
    "parts in parts": (multipart(multipart(part(PDF, PDF_TYPE + "; name=a.pdf"), boundary="in")), "a.pdf"),
    "a part in quoted-printable": (
        multipart(raw(OCTETS, "Content-Transfer-Encoding: quoted-printable", body=b"%PDF-1.7=0A=E6")),
        "_",
    ),
    "a part as it is": (multipart(raw(PDF_TYPE, "Content-Transfer-Encoding: binary", body=PDF)), "_"),
    "a boundary that another one begins with": (
        multipart(multipart(part(PDF, PDF_TYPE), boundary="=_b=_b"), boundary="=_b"),
        "_",
    ),
    "never closed": (multipart(part(PDF, PDF_TYPE)).removesuffix(b"--=_b--\r\n"), "_"),
    "bare line feeds": (multipart(part(PDF, PDF_TYPE)).replace(b"\r\n", b"\n"), "_"),
    "a forwarded message": (multipart(raw("Content-Type: message/rfc822", body=letter(pdf=PDF))), "avtale.pdf"),
    "a forwarded message in base64": (multipart(part(letter(pdf=PDF), "Content-Type: message/rfc822")), "avtale.pdf"),
    "an .eml as a file": (multipart(part(letter(pdf=PDF), OCTETS + '; name="sv.eml"')), "avtale.pdf"),
    "a zip": (multipart(part(a_zip(("mappe/avtale.pdf", PDF)), "Content-Type: application/zip")), "avtale.pdf"),
    "a zip with a wrong type": (multipart(part(a_zip(("avtale.pdf", PDF)), PDF_TYPE + "; name=x.pdf")), "avtale.pdf"),
    "winmail.dat": (
        multipart(part(tnef(tnef_file(PDF, long_name="signert avtale.pdf")), "Content-Type: application/ms-tnef")),
        "signert avtale.pdf",
    ),
    "an opaque S/MIME mail": (
        part(
            signed_opaque(multipart(part(PDF, PDF_TYPE + "; name=a.pdf")).partition(b"Avtale\r\n")[2]),
            "From: kari@example.org",
            "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
        ),
        "a.pdf",
    ),
    "a clear-signed S/MIME mail": (
        multipart(
            multipart(part(PDF, PDF_TYPE + "; name=a.pdf"), boundary="in"),
            part(b"0\x80", "Content-Type: application/pkcs7-signature; name=smime.p7s"),
            kind="signed; micalg=sha-256",
        ),
        "a.pdf",
    ),
    "everything at once": (
        multipart(part(letter(pdf=a_zip(("a.pdf", PDF)), name="vedlegg.zip"), "Content-Type: message/rfc822")),
        "a.pdf",
    ),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a_pdf_is_found_wherever_it_hides(place: str) -> None:
    data, name = HIDING_PLACES[place]
    [(shown, content)] = found(data)
    assert shown == name
    assert content.lstrip(b"\n") in (PDF, PDF.rstrip(b"\n"), b"%PDF-1.7\n\xe6")
    assert opened(data).mail is not None
    assert opened(data).mail.kind is MailKind.RETURN  # type: ignore[union-attr]


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_what_is_all_right_tells_nothing(place: str) -> None:
    assert told(HIDING_PLACES[place][0]) == ()


@given(data=st.binary(max_size=3000))
def test_an_attachment_arrives_byte_for_byte(data: bytes) -> None:
    assert found(letter(pdf=b"%PDF-1.4" + data)) == [("avtale.pdf", b"%PDF-1.4" + data)]


def test_the_way_to_a_document_is_kept() -> None:
    inner = letter(pdf=a_zip(("mappe\\a.pdf", PDF)), name="alt.zip", subject="=?utf-8?q?Signert_p=C3=A5_nytt?=")
    [candidate] = opened(multipart(part(inner, "Content-Type: message/rfc822"))).candidates
    assert (candidate.path, candidate.name) == (("Signert på nytt", "alt.zip"), "a.pdf")


def test_the_same_document_twice_is_one_and_two_are_two() -> None:
    data = multipart(part(PDF, PDF_TYPE), part(PDF, OCTETS), part(OTHER_PDF, PDF_TYPE + "; name=b.pdf"))
    assert found(data) == [("_", PDF), ("b.pdf", OTHER_PDF)]


def test_what_only_calls_itself_a_pdf_is_kept_so_that_judging_it_says_what_is_wrong() -> None:
    assert found(letter(pdf=b"")) == [("avtale.pdf", b"")]
    assert found(multipart(part(b"garbage", OCTETS + "; name=a.PDF"))) == [("a.PDF", b"garbage")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/cron.d/x.pdf", "x.pdf"),
        ("C:\\Users\\kari\\avtale.pdf", "avtale.pdf"),
        ("b\u202efdp.exe", "bfdp.exe"),
        ("æøå " * 60 + ".pdf", ("æøå " * 60)[:115] + "….pdf"),
    ],
)
def test_a_name_is_shown_and_never_a_path(name: str, shown: str) -> None:
    assert found(letter(pdf=PDF, name=name)) == [(shown, PDF)]


@given(name=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=60))
def test_a_name_that_the_standard_library_writes_is_read_as_it_was(name: str) -> None:
    [(shown, _)] = found(letter(pdf=PDF, name=name))
    assert shown == shown_name(name)


@pytest.mark.parametrize(
    ("disposition", "shown"),
    [
        ("attachment; filename*=utf-8''sign%C3%A9rt.pdf", "signért.pdf"),
        ("attachment; filename*0*=iso-8859-1'no'p%E5; filename*1=\" nytt.pdf\"", "på nytt.pdf"),
        ("attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
        ('attachment; filename="=?utf-8?B?w6Z0dC5wZGY=?="', "ætt.pdf"),
        (b'attachment; filename="latin \xe6tt.pdf"', "latin ætt.pdf"),
        ('attachment; filename="ætt.pdf"', "ætt.pdf"),
        ('attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'),
        ("attachment;\r\n filename=avtale og tillegg.pdf", "avtale og tillegg.pdf"),
        ("attachment; filename=plain.pdf; filename*=''other.pdf", "other.pdf"),
        ("attachment; filename*=unknown-8bit''%E6.pdf", "æ.pdf"),
        ('attachment; filename="unfinished.pdf', "unfinished.pdf"),
    ],
)
def test_names_are_read_in_every_form_that_is_in_use(disposition: str | bytes, shown: str) -> None:
    line = disposition if isinstance(disposition, bytes) else disposition.encode()
    assert found(multipart(part(PDF, PDF_TYPE, b"Content-Disposition: " + line))) == [(shown, PDF)]


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (a_zip(("mimetype", b"application/vnd.etsi.asic-e+zip"), method=0), INT_CONTAINER(kind="asice")),
        (b'<?xml version="1.0"?><SDOList xmlns="http://www.npt.no/seid/xmlskema/SDO_v1.0">', INT_CONTAINER(kind="sdo")),
        (b"Rar!\x1a\x07\x01\x00", INT_CONTAINER(kind="rar")),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "__substg1.0_0037".encode("utf-16-le"),
            INT_CONTAINER(kind="msg"),
        ),
        (enveloped(PDF), INT_ENCRYPTED_MAIL()),
        (signed_opaque(b"x")[:60], INT_BROKEN_PACKAGE(kind="p7m")),
        (tnef(tnef_file(b"x"))[:-40], INT_BROKEN_PACKAGE(kind="winmail.dat")),
        (b"\xff\xd8\xff a photograph of the last page", INT_NO_PDF_INSIDE(count=1)),
    ],
)
def test_what_can_not_be_opened_is_told(data: bytes, finding: Finding) -> None:
    assert finding in told(multipart(part(data, OCTETS + '; name="vedlegg"')))


def test_a_mail_that_is_encrypted_is_told_whoever_encrypted_it() -> None:
    smime = part(enveloped(PDF), "From: kari@example.org", "Content-Type: application/pkcs7-mime; name=smime.p7m")
    pgp = multipart(raw("Content-Type: application/pgp-encrypted", body=b"Version: 1"), kind="encrypted")
    for data in (smime, pgp):
        assert told(data) == (INT_ENCRYPTED_MAIL(),)
        mail = opened(data).mail
        assert mail is not None
        assert mail.kind is MailKind.ENCRYPTED


def test_a_pdf_that_is_signed_around_is_unpacked_and_the_signature_told() -> None:
    for signed in (signed_opaque(PDF), signed_streamed(PDF)):
        data = multipart(part(signed, OCTETS + '; name="avtale.pdf.p7m"'))
        assert found(data) == [("avtale.pdf", PDF)]
        assert told(data) == (INT_OUTER_SIGNATURE(),)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://firma-my.sharepoint.com/:b:/g/personal/kari/E1", "firma-my.sharepoint.com"),
        ("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2F1drv.ms%2Fb%2F", "1drv.ms"),
        ("HTTPS://WWW.Dropbox.com/s/x", "www.dropbox.com"),
    ],
)
def test_a_link_in_place_of_a_file_is_told_by_its_host(link: str, host: str) -> None:
    assert told(letter(f'<a href="{link}">avtale</a>')) == (INT_LINK(hosts=host),)
    assert told(letter(link, pdf=PDF)) == ()


@pytest.mark.parametrize("link", ["https://notsharepoint.com/x", "https://dropbox.com.example.org/", "sharepoint.com"])
def test_other_links_are_nothing(link: str) -> None:
    assert told(letter(link)) == ()


def test_logos_and_invitations_are_no_files() -> None:
    logo = part(b"\x89PNG", "Content-Type: image/png; name=image001.png", "Content-Id: <logo>")
    meeting = raw("Content-Type: text/calendar; name=a.ics", body=b"BEGIN:VCALENDAR")
    assert told(multipart(raw(body=b"Hei"), logo, meeting)) == ()


def test_a_photograph_in_the_letter_may_be_of_a_signed_page_and_a_signature_alone_of_a_file() -> None:
    photograph = part(b"\xff\xd8" + bytes(200_000), "Content-Type: image/jpeg", "Content-Id: <foto>")
    assert told(multipart(raw(body=b"Hei"), photograph)) == (INT_NO_PDF_INSIDE(count=1),)
    detached = der(0x30, bytes.fromhex("06092a864886f70d010702") + der(0xA0, der(0x30, b"\x02\x01\x01\x31\x00" + DATA)))
    assert told(multipart(part(detached, OCTETS + "; name=avtale.p7s"))) == (INT_NO_PDF_INSIDE(count=1),)


DATA = der(0x30, bytes.fromhex("06092a864886f70d010701"))
"""RFC 5652 5.2: what was signed stands elsewhere."""


def test_a_boundary_that_does_not_stand_in_the_mail_is_told() -> None:
    data = multipart(part(PDF, PDF_TYPE)).replace(b'boundary="=_b"', b'boundary="other"')
    assert INT_BROKEN_PACKAGE(kind="mail") in told(data)


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\n\n", b"Subject:", b"Content-Type: multipart/mixed", b"\0" * 100])
def test_a_mail_of_nothing_is_a_mail(data: bytes) -> None:
    unpacking = opened(data)
    assert unpacking.mail is not None
    assert unpacking.candidates == ()


@given(data=st.binary(max_size=500), mail=st.sampled_from([True, None]))
def test_any_bytes_give_values_that_pass_as_json(data: bytes, mail: bool | None) -> None:
    unpacking = unpack(data, mail=mail).unpacking
    assert Unpacking.model_validate_json(unpacking.model_dump_json()) == unpacking


# --- files that were dropped in a folder ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "is_mail"),
    [
        (PDF, False),
        (a_zip(("a.pdf", PDF)), False),
        (letter(pdf=PDF), True),
        (b"From kari@example.org Mon Nov 23 09:00:00 2026\n" + letter(pdf=PDF), True),
        (signed_opaque(PDF), False),
        (tnef(tnef_file(PDF)), False),
    ],
)
def test_a_file_is_opened_by_what_it_is(data: bytes, is_mail: bool) -> None:
    unpacked = unpack(data)
    assert list(unpacked.contents.values()) == [PDF]
    assert (unpacked.unpacking.mail is not None) == is_mail


def test_a_file_that_holds_no_pdf_says_so() -> None:
    assert unpack(a_zip(("a.txt", b"x"))).unpacking.findings == (INT_NO_PDF_INSIDE(count=1),)
    assert unpack(b"Hei: dette er en tekst").unpacking.findings == (INT_NO_PDF_INSIDE(count=1),)


# --- damaged mail: nothing that may have held a document ends as a mail without one ----------------------------------


def is_told(data: bytes) -> bool:
    """Whether somebody learns of it: a document to judge, or a reason that is for a person."""
    unpacking = unpack(data, mail=True).unpacking
    return bool(unpacking.candidates) or reason_without_document(unpacking).severity is not Severity.INFO


ONE_OF_EACH = ("an attachment", "octets", "parts in parts", "a zip", "winmail.dat", "a forwarded message in base64")


@pytest.mark.parametrize("place", ONE_OF_EACH)
@pytest.mark.parametrize("damage", [b"", b"~", b"\r\n", b"--"], ids=["gone", "other", "line end", "dashes"])
def test_a_byte_damaged_anywhere_in_a_mails_build_hides_no_document(place: str, damage: bytes) -> None:
    data = HIDING_PLACES[place][0]
    build = next(match.end() for match in re.finditer(rb"\n\r?\n(?=[A-Za-z0-9+/]{60})", data))
    silent = [at for at in range(build + 20) if not is_told(data[:at] + damage + data[at + 1 :])]
    assert silent == []


@pytest.mark.parametrize("place", ONE_OF_EACH)
def test_a_mail_that_was_cut_off_after_its_build_hides_no_document(place: str) -> None:
    data = HIDING_PLACES[place][0]
    start = data.index(b"multipart/mixed") + 60
    assert [at for at in range(start, len(data), 13) if not is_told(data[:at])] == []


@pytest.mark.parametrize("content", [PDF, a_zip(("a.pdf", PDF)), tnef(tnef_file(PDF)), signed_opaque(PDF)])
def test_what_calls_itself_a_message_and_is_none_is_opened_as_what_it_is(content: bytes) -> None:
    assert [data for _, data in found(multipart(part(content, "Content-Type: message/rfc822")))] == [PDF]


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 avtale.pdf\nM)5!$1BTQ+C<*\n`\nend\n",
        "Vedlagt:\nJVBERi0xLjcKMSAwIG9iago=\n",
        "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n",
    ],
)
def test_a_file_that_stands_in_the_text_of_a_mail_is_told(text: str) -> None:
    assert told(letter(text)) == (INT_BROKEN_PACKAGE(kind="mail"),)
