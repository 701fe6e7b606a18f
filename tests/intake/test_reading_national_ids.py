"""Identity numbers are found wherever a PDF may carry them, told masked and by their place, and never given out."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from agreements.identity_search import Gap, IdentitySearch, Place, Unread
from agreements.national_id import is_national_id
from intake.reading.contents import MAX_CONTENT_BYTES
from intake.reading.national_ids import MAX_PLACES, search_content, search_document
from intake.reading.pages import EncryptedPdfError, UnreadablePdfError, read_pages
from tests.agreements.test_national_id import national_ids

NUMBER = next(digits for n in range(10**5) if is_national_id(digits := f"318290{n:05}"))
"""Of the 31st of February: nobody has it."""
MASKED = "318290*****"
OTHER = next(digits for n in range(10**5) if is_national_id(digits := f"308290{n:05}"))
XML = f'<?xml version="1.0"?><LTV><SignerNationalId>{NUMBER}</SignerNationalId></LTV>'.encode()

Change = Callable[[pikepdf.Pdf], None]


def pdf_with(change: Change, *, text: str = "Avtale", **saving: object) -> bytes:
    """A page with that text on it, and whatever else is put into it."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    page.Contents = pdf.make_stream(f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode("latin-1"))
    change(pdf)
    kept = io.BytesIO()
    pdf.save(kept, **saving)  # type: ignore[arg-type]
    return kept.getvalue()


def nothing(_pdf: pikepdf.Pdf) -> None:
    pass


def file_of(pdf: pikepdf.Pdf, data: bytes, name: str) -> pikepdf.AttachedFileSpec:
    return pikepdf.AttachedFileSpec(
        pdf, data, filename=name, description="", mime_type="", creation_date="", mod_date=""
    )


def attached(data: bytes, name: str = "bevis.xml") -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.attachments[name] = file_of(pdf, data, name)

    return change


def search(pdf: bytes) -> IdentitySearch:
    """As the sandbox's child does it."""
    try:
        pages = read_pages(pdf)
    except (EncryptedPdfError, UnreadablePdfError):
        pages = None
    found = search_document(pdf, pages)
    assert NUMBER not in found.model_dump_json()
    assert NUMBER[6:] not in found.model_dump_json()
    return found


def places(pdf: bytes) -> list[tuple[Place, str, str, int]]:
    found = search(pdf)
    assert found.gaps == ()
    return [(one.place, one.name, one.masked, one.count) for one in found.found]


def certificate(serial: str, *, name: str = "Ola Nordmann") -> bytes:
    """A certificate whose subject has that serialNumber, in DER."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime(2026, 1, 1, tzinfo=UTC)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    built = built.serial_number(17).not_valid_before(now).not_valid_after(now + timedelta(days=365))
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


# --- where ------------------------------------------------------------------------------------------------------------


def test_an_ordinary_document_holds_none() -> None:
    assert search(pdf_with(nothing, text="Org.nr. 984661185, konto 1234.56.78903")) == IdentitySearch()


def test_a_number_on_a_page_is_told_by_the_pages_number() -> None:
    assert places(pdf_with(nothing, text=f"{NUMBER[:6]} {NUMBER[6:]} og {NUMBER}")) == [(Place.PAGE, "1", MASKED, 2)]


def test_attached_xml_is_searched_and_named() -> None:
    assert places(pdf_with(attached(XML))) == [(Place.ATTACHMENT, "bevis.xml", MASKED, 1)]


@pytest.mark.parametrize("mode", list(pikepdf.ObjectStreamMode))
def test_it_makes_no_difference_how_the_file_was_written(mode: pikepdf.ObjectStreamMode) -> None:
    pdf = pdf_with(attached(XML), object_stream_mode=mode, compress_streams=True)
    assert places(pdf) == [(Place.ATTACHMENT, "bevis.xml", MASKED, 1)]


def test_a_file_that_only_an_annotation_holds_is_searched() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        spec = file_of(pdf, XML, "stift.xml")
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FileAttachment, Rect=[0, 0, 9, 9], FS=spec.obj
        )
        pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(note)]))

    assert places(pdf_with(change)) == [(Place.ATTACHMENT, "stift.xml", MASKED, 1)]


def test_a_file_that_a_later_revision_no_longer_names_still_leaves_with_the_document() -> None:
    first = pdf_with(attached(XML), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    root = next(
        n
        for n in range(1, 50)
        if f"{n} 0 obj\n<<".encode() in first and b"/Catalog" in first.split(b"%d 0 obj" % n)[1].split(b"endobj")[0]
    )
    start = int(first.rsplit(b"startxref", 1)[1].split()[0])
    anew = b"%d 0 obj\n<< /Type /Catalog /Pages %s >>\nendobj\n" % (
        root,
        first.split(b"/Pages ")[1].split(b" R")[0] + b" R",
    )
    at = len(first) + 1
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size 50 /Root %d 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    pdf = first + b"\n" + anew + table % (root, at, root, start, at + len(anew))
    assert not pikepdf.open(io.BytesIO(pdf)).attachments
    assert places(pdf) == [(Place.ATTACHMENT, "bevis.xml", MASKED, 1)]


@pytest.mark.parametrize("encode", [str, lambda value: pikepdf.String(f"{value} – ølfat")])
def test_a_form_fields_value_is_found_though_no_page_shows_it(encode: Callable[[str], object]) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("Fødselsnummer"), V=encode(NUMBER))
        fields = pikepdf.Array([pdf.make_indirect(field)])
        pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=fields))

    assert places(pdf_with(change)) == [(Place.FIELD, "Fødselsnummer", MASKED, 1)]


def test_a_comment_is_found() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 9, 9], Contents=f"fnr ({NUMBER})", F=2
        )
        pdf.pages[0].Annots = pikepdf.Array([pdf.make_indirect(note)])

    [(place, _, masked, count)] = places(pdf_with(change))
    assert (place, masked, count) == (Place.NOTE, MASKED, 1)


def test_the_documents_properties_are_searched_both_old_and_new() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as properties:
            properties["dc:title"] = f"Avtale {OTHER}"
        pdf.docinfo["/Subject"] = f"Signert av {NUMBER}"

    found = places(pdf_with(change))
    assert {place for place, *_ in found} == {Place.METADATA}
    assert {masked for *_, masked, _ in found} == {MASKED, f"{OTHER[:6]}*****"}


def test_a_name_that_is_a_number_is_masked_in_what_is_told() -> None:
    found = search(pdf_with(attached(XML, name=f"{NUMBER}.xml")))
    assert {one.name for one in found.found if one.place is Place.ATTACHMENT} == {f"{MASKED}.xml"}


def test_the_signers_serial_number_in_a_signatures_certificate_is_found() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        contents = pikepdf.String(certificate(NUMBER) + bytes(200))
        pdf.Root.Perms = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Sig, Contents=contents))

    [(place, _, masked, count)] = places(pdf_with(change))
    assert (place, masked) == (Place.SIGNATURE, MASKED)
    assert count == 2  # it is its own issuer


@pytest.mark.parametrize(
    ("serial", "count"),
    [(NUMBER, 2), (f"PNONO-{NUMBER}", 2), ("UN:NO-9578-4050-100123456", 0), ("9578-5999-4-1234567", 0)],
)
def test_in_a_stored_certificate_a_raw_number_counts_and_a_provider_s_own_does_not(serial: str, count: int) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        stored = pikepdf.Array([pdf.make_stream(certificate(serial))])
        pdf.Root.DSS = pdf.make_indirect(pikepdf.Dictionary(Certs=stored))

    found = places(pdf_with(change))
    assert [(place, masked, times) for place, _, masked, times in found] == [(Place.CERTIFICATE, MASKED, count)] * bool(
        count
    )


# --- in what form -----------------------------------------------------------------------------------------------------


def wrapped(data: bytes) -> str:
    return base64.encodebytes(data).decode().replace("\n", "&#13;\n")


def zipped(data: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/bevis.xml", data)
    return kept.getvalue()


FORMS: dict[str, bytes] = {
    "text": f"fnr {NUMBER}".encode(),
    "latin-1": f"Kåre Bjørnø, født {NUMBER}".encode("latin-1"),
    "utf-16 with a mark": f"<id>{NUMBER}</id>".encode("utf-16"),
    "utf-16 big-endian without": f"<id>{NUMBER}</id>".encode("utf-16-be"),
    "utf-16 little-endian without": f"<id>{NUMBER}</id>".encode("utf-16-le"),
    "json": json.dumps({"signer": {"nationalId": NUMBER}}).encode(),
    "json in escapes": ('{"id": "' + "".join(f"\\u00{ord(digit):x}" for digit in NUMBER) + '"}').encode(),
    "xml in entities": ("<id>" + "".join(f"&#{ord(digit)};" for digit in NUMBER) + "</id>").encode(),
    "base64 in xml": f"<SDO>{base64.b64encode(XML).decode()}</SDO>".encode(),
    "base64 in lines with entities": f"<SDO>\n{wrapped(XML * 3)}</SDO>".encode(),
    "base64 of base64": f"<a>{base64.b64encode(b'<b>' + base64.b64encode(XML) + b'</b>').decode()}</a>".encode(),
    "base64 for addresses": b'{"x": "%b"}' % base64.urlsafe_b64encode(b"<?~>?%b>>>???" % NUMBER.encode()),
    "base64 of the number alone": f"<x>{base64.b64encode(NUMBER.encode()).decode()}</x>".encode(),
    "a certificate in xml": b"<X509Certificate>%b</X509Certificate>" % base64.b64encode(certificate(NUMBER)),
    "pem in json": json.dumps(
        {"certificate": x509.load_der_x509_certificate(certificate(NUMBER)).public_bytes(Encoding.PEM).decode()}
    ).encode(),
    "a certificate": certificate(NUMBER),
    "a name in utf-8 in a certificate": certificate("1", name=f"Øyvind Ås {NUMBER}"),
    "zip": zipped(XML),
    "pdf": pdf_with(nothing, text=f"fnr {NUMBER}"),
    "an attachment in an attached pdf": pdf_with(attached(XML)),
    "pdf in base64 in xml": f"<doc>{base64.b64encode(pdf_with(nothing, text=NUMBER)).decode()}</doc>".encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_which_an_attachment_may_hold_it_is_read(form: str) -> None:
    [(place, name, masked, count)] = places(pdf_with(attached(FORMS[form], name="bevis.bin")))
    assert (place, name, masked) == (Place.ATTACHMENT, "bevis.bin", MASKED)
    assert count >= 1


def test_pictures_fonts_and_signature_values_are_no_text() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    value = base64.b64encode(bytes(range(256)) * 3).decode()
    assert places(pdf_with(attached(picture, name="logo.png"))) == []
    assert places(pdf_with(attached(f"<SignatureValue>{value}</SignatureValue>".encode()))) == []


@settings(max_examples=40, deadline=None)
@given(national_ids(), st.sampled_from(["utf-8", "utf-16", "utf-16-be"]), st.integers(0, 3), st.text(max_size=40))
def test_a_number_is_found_through_any_layers_of_base64(number: str, code: str, layers: int, before: str) -> None:
    text = "".join(character for character in before if not character.isnumeric() and character not in "&\\\x00")
    data = f"<id>{text} {number} </id>".encode(code, "replace")
    for _ in range(layers):
        data = b"<x>" + base64.b64encode(data) + b"</x>"
    assert f"{number[:6]}*****" in [one.masked for one in search_content(data, Place.ATTACHMENT, "x").found]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_can_be_searched(data: bytes) -> None:
    search_content(data, Place.ATTACHMENT, "x")
    search_document(b"%PDF-1.7\n1 0 obj\n<< /Length 9 >>\nstream\n" + data, None)


# --- what was not looked into -----------------------------------------------------------------------------------------


def gaps(pdf: bytes) -> list[tuple[Place, str, Unread]]:
    return [(one.place, one.name, one.why) for one in search(pdf).gaps]


def locked_zip() -> bytes:
    data = bytearray(zipped(XML))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def encrypted(pdf: bytes, **saving: object) -> bytes:
    kept = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(kept, encryption=pikepdf.Encryption(**saving))  # type: ignore[arg-type]
    return kept.getvalue()


UNREAD: dict[str, tuple[bytes, Unread]] = {
    "a locked archive": (locked_zip(), Unread.ENCRYPTED),
    "half an archive": (zipped(XML)[:60], Unread.BROKEN),
    "another kind of archive": (b"7z\xbc\xaf\x27\x1c" + bytes(range(256)), Unread.UNKNOWN_KIND),
    "more than is looked at": (b"<x>" + b" " * MAX_CONTENT_BYTES + b"</x>", Unread.TOO_LARGE),
    "an archive that unpacks to more": (zipped(b" " * (MAX_CONTENT_BYTES + 1)), Unread.TOO_LARGE),
    "a pdf in a pdf in a pdf": (pdf_with(attached(pdf_with(nothing), name="a.pdf")), Unread.TOO_DEEP),
    "a locked pdf": (encrypted(pdf_with(nothing), user="x", owner="y"), Unread.ENCRYPTED),
    "a broken pdf": (b"%PDF-1.7\nnothing", Unread.BROKEN),
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_could_not_be_looked_into_is_told_by_name_and_reason(what: str) -> None:
    data, why = UNREAD[what]
    assert (Place.ATTACHMENT, "noe.bin", why) in gaps(pdf_with(attached(data, name="noe.bin")))


def test_a_document_under_a_key_is_searched_on_its_pages_and_told_for_the_rest() -> None:
    pdf = encrypted(pdf_with(attached(XML), text=NUMBER), owner="eier", user="")
    found = search(pdf)
    assert [(one.place, one.masked) for one in found.found] == [(Place.PAGE, MASKED)]
    assert found.gaps == (Gap(place=Place.DOCUMENT, name="PDF", why=Unread.ENCRYPTED),)


def test_a_hundred_attachments_are_told_as_some_and_a_rest() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        for number in range(MAX_PLACES + 10):
            attached(XML, name=f"{number:03}.xml")(pdf)

    found = search(pdf_with(change))
    assert len(found.found) == MAX_PLACES
    assert found.gaps[-1].why is Unread.TOO_MANY
