"""Signed packages (ASiC, SDO) go to a person however they were written: nothing in them is taken out and judged."""

import io
import zipfile

import pytest

from agreements.findings import INT_CONTAINER
from intake.classify import HEAD_BYTES, classify
from intake.unpacking import unpack
from tests.intake.mails import PDF, a_zip, letter, multipart, part

ASIC_TYPE = b"application/vnd.etsi.asic-e+zip"
FILE = ("avtale.pdf", PDF)
PLAIN = a_zip(FILE)
ASICE, SDO = (INT_CONTAINER(kind="asice"),), (INT_CONTAINER(kind="sdo"),)
XML = b"<?xml version='1.0'?><Signert><Data>%PDF-1.7</Data></Signert>"
OCTETS = "Content-Type: application/octet-stream"


def commented() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr(*FILE)
        archive.comment = b"mimetype=" + ASIC_TYPE
    return output.getvalue()


WRITTEN = {
    "the media type compressed": a_zip(("mimetype", ASIC_TYPE), FILE),
    "the media type at the end": a_zip(FILE, ("mimetype", ASIC_TYPE)),
    "the media type in the comment": commented(),
    "XAdES alone": a_zip(FILE, ("META-INF/signatures.xml", b"<x/>")),
    "XAdES, numbered": a_zip(FILE, ("META-INF/signatures0.xml", b"<x/>")),
    "XAdES by another name": a_zip(FILE, ("META-INF/2026-signatures-kari.xml", b"<x/>")),
    "CAdES alone": a_zip(FILE, ("META-INF/signature001.p7s", b"0")),
    "a manifest": a_zip(FILE, ("META-INF/ASiCManifest.xml", b"<x/>")),
    "a time-stamp": a_zip(FILE, ("META-INF/timestamp.tst", b"0")),
    "in small letters": a_zip(FILE, ("meta-inf\\SIGNATURES.XML", b"<x/>")),
    "unpacked and packed again": a_zip(("avtale/avtale.pdf", PDF), ("avtale/META-INF/signatures.xml", b"<x/>")),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("outer", ["a file", "a mail", "a zip"])
def test_an_asic_is_never_opened_however_it_was_written_and_wherever_it_lies(way: str, outer: str) -> None:
    data = WRITTEN[way]
    if outer == "a mail":
        unpacked = unpack(multipart(part(data, OCTETS + "; name=avtale.zip")), mail=True)
    else:
        unpacked = unpack(a_zip(("avtale.zip", data)) if outer == "a zip" else data, name="avtale.zip")
    assert (unpacked.contents, unpacked.unpacking.findings) == ({}, ASICE)
    assert [other.kind for other in unpacked.unpacking.others] == ["asice"]


@pytest.mark.parametrize("name", ["a.asice", "a.sce", "a.asics", "a.scs", "A.ASiCE", "a.asice "])
def test_a_plain_zip_that_is_called_an_asic_is_one(name: str) -> None:
    for unpacked in (unpack(PLAIN, name=name), unpack(letter(pdf=PLAIN, name=name)), unpack(a_zip((name, PLAIN)))):
        assert (unpacked.contents, unpacked.unpacking.findings) == ({}, ASICE)
    assert classify(PLAIN[:HEAD_BYTES], len(PLAIN), max_bytes=2**20, name=name) == ASICE[0]


@pytest.mark.parametrize("kind", ["application/vnd.etsi.asic-e+zip", "Application/VND.ETSI.ASiC-S+zip"])
def test_a_plain_zip_that_is_declared_an_asic_is_one(kind: str) -> None:
    unpacked = unpack(multipart(part(PLAIN, f"Content-Type: {kind}; name=avtale.zip")), mail=True)
    assert (unpacked.contents, unpacked.unpacking.findings) == ({}, ASICE)


def test_a_plain_zip_is_opened_also_beside_an_asic() -> None:
    unpacked = unpack(a_zip(FILE, ("pakke.asice", PLAIN), ("META-INF/MANIFEST.MF", b"")))
    assert list(unpacked.contents.values()) == [PDF]
    assert unpacked.unpacking.findings == ASICE


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (XML, OCTETS + "; name=avtale.SDO"),
        (b"\x00\x01 of an older kind", OCTETS + "; name=avtale.sdo"),
        (PLAIN, OCTETS + "; name=avtale.sdo"),
        (XML, "Content-Type: text/xml; name=avtale.sdo"),
        (XML, "Content-Type: application/x-sdo; name=avtale.bin"),
        (b'<?xml version="1.0"?><s:SDO xmlns:s="x"><a>%PDF-1.7</a></s:SDO>', OCTETS + "; name=avtale.xml"),
    ],
)
def test_an_sdo_is_known_by_its_name_its_type_or_its_root(data: bytes, header: str) -> None:
    unpacked = unpack(multipart(part(data, header)), mail=True)
    assert (unpacked.contents, unpacked.unpacking.findings) == ({}, SDO)


def test_other_xml_is_no_sdo_and_a_pdf_is_one_whatever_it_is_called() -> None:
    other = unpack(multipart(part(b"<?xml version='1.0'?><SDOmer/>", OCTETS + "; name=a.xml")), mail=True)
    assert [each.kind for each in other.unpacking.others] == ["other"]
    for name in ("avtale.asice", "avtale.sdo"):
        assert classify(PDF[:HEAD_BYTES], len(PDF), max_bytes=2**20, name=name) is None
        assert list(unpack(letter(pdf=PDF, name=name), mail=True).contents.values()) == [PDF]
