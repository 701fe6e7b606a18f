"""Every signature of a document, found by us: any sub-filter, broken ones too, removed ones noticed.

Classified by `/SubFilter` and not by `/Type`: Estonian and other files have document time-stamps without the right
type.
"""

import re
from dataclasses import dataclass
from typing import Final

from pyhanko.pdf_utils import generic

from agreements.signature_report import SignatureKind
from signatures.document import Document, PdfValue, key_of, raw
from signatures.fields import Field, collect_fields
from signatures.prescan import Prescan, RawRange

TIMESTAMP: Final = "/ETSI.RFC3161"
CADES: Final = "/ETSI.CAdES.detached"
TAIL_WINDOW: Final = 1024  # bytes before the end in which startxref stands (ISO 32000-1, Annex H.3, note 18)
_LAST_STARTXREF = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF\s*\Z")
LEGACY_SHA1: Final = "/adbe.pkcs7.sha1"
SUPPORTED: Final = frozenset({TIMESTAMP, CADES, "/adbe.pkcs7.detached"})


@dataclass(frozen=True, kw_only=True)
class FoundSignature:
    """One filled signature field."""

    field: str
    sub_filter: str | None
    revision: int
    """The revision (from 0) that holds its value."""
    raw: RawRange | None
    """Its `/ByteRange` as the byte guard saw it; None if the guard did not see this one."""
    contents: bytes | None
    """Its `/Contents` as the parser read it."""
    value: PdfValue
    """The signature dictionary."""
    offset: int | None
    """Where the dictionary begins in the file; None inside a compressed stream, where no signature can be."""

    @property
    def is_timestamp(self) -> bool:
        """A document time-stamp rather than somebody's signature."""
        return self.sub_filter == TIMESTAMP

    @property
    def supported(self) -> bool:
        """False for the legacy and unknown kinds."""
        return self.sub_filter in SUPPORTED

    @property
    def early_kind(self) -> SignatureKind:
        """What is known before the certificate was read."""
        return SignatureKind.DOCUMENT_TIMESTAMP if self.is_timestamp else SignatureKind.SIGNATURE

    @property
    def fault(self) -> str | None:
        """The byte guard's verdict on this signature, with what only the parser can add."""
        if self.raw is None:
            return "byte-range-not-in-file"
        if self.raw.fault is not None:
            return self.raw.fault
        if self.raw.der != self.contents:
            return "gap-is-another-signature"
        begins_before_gap = (
            self.offset is not None and self.raw.numbers is not None and self.offset < self.raw.numbers[1]
        )
        return None if begins_before_gap else "dictionary-is-a-copy"

    def covers(self, document: Document, pdf: bytes) -> bool:
        """True if the signed bytes are the whole of its revision, or the whole file."""
        end = self.raw.end if self.raw is not None else 0
        if self.fault is not None or not end:
            return False
        if end == len(pdf):
            return True
        xrefs = document.reader.xrefs
        stated = _LAST_STARTXREF.search(pdf, max(0, end - TAIL_WINDOW), end)
        if stated is None or int(stated[1]) != xrefs.get_startxref_for_revision(self.revision):
            return False
        sections = (xrefs.get_xref_container_info(number) for number in range(self.revision + 1))
        return all(section.end_location <= end for section in sections)


@dataclass(frozen=True, kw_only=True)
class Enumeration:
    """All signatures in signing order, and how many once were there but can't be reached any more."""

    signatures: tuple[FoundSignature, ...]
    hidden: int


def enumerate_signatures(document: Document, scan: Prescan) -> Enumeration:
    """Find the signatures of the last revision; compare with the bytes and with earlier revisions."""
    found = [
        signature
        for field in collect_fields(document, document.last).values()
        if (signature := _read(document, field, scan)) is not None
    ]
    found.sort(key=lambda signature: signature.revision)
    return Enumeration(signatures=tuple(found), hidden=_hidden(scan, found))


def _hidden(scan: Prescan, found: list[FoundSignature]) -> int:
    """Byte ranges in the file that belong to no signature we found: removed, replaced, or never reachable."""
    reached = [signature.raw for signature in found if signature.raw is not None]
    return sum(1 for item in scan.ranges if not any(item is other for other in reached))


def _read(document: Document, field: Field, scan: Prescan) -> FoundSignature | None:
    last = document.last
    value = document.get(field.value, "/V", last)
    if not isinstance(value, generic.DictionaryObject):
        return None
    if not field.is_signature and raw(value, "/ByteRange") is None:
        return None
    sub_filter = document.get(value, "/SubFilter", last)
    contents = _contents(value)
    return FoundSignature(
        field=field.name,
        sub_filter=str(sub_filter) if sub_filter is not None else None,
        revision=_revision(document, field),
        raw=_matching_range(document, value, scan, contents),
        contents=contents,
        value=value,
        offset=_offset(document, field),
    )


def _contents(value: PdfValue) -> bytes | None:
    """Never decrypted: signatures are exempt from encryption (ISO 32000-1, 7.6.1)."""
    if "/Contents" not in value:
        return None
    contents = value.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    if isinstance(contents, generic.TextStringObject | generic.ByteStringObject):
        return bytes(contents.original_bytes)
    return None


def _matching_range(document: Document, value: PdfValue, scan: Prescan, contents: bytes | None) -> RawRange | None:
    """The range with the same numbers; of several, the one whose gap holds this signature."""
    numbers = document.get(value, "/ByteRange", document.last)
    if not isinstance(numbers, generic.ArrayObject) or len(numbers) != 4:
        return next((item for item in scan.ranges if item.numbers is None), None)
    wanted = tuple(document.resolve(numbers.raw_get(index), document.last) for index in range(4))
    same = [item for item in scan.ranges if item.numbers == wanted]
    return next((item for item in same if item.der == contents), same[0] if same else None)


def _revision(document: Document, field: Field) -> int:
    """The last revision that wrote the signature's value; a direct value dates from its field's last change."""
    key = key_of(raw(field.value, "/V")) or field.key
    if key is None:
        return document.last
    reference = generic.Reference(*key, document.reader)
    return int(document.reader.xrefs.get_last_change(reference))


def _offset(document: Document, field: Field) -> int | None:
    key = key_of(raw(field.value, "/V")) or field.key
    marker = document.marker(key, document.last) if key is not None else 0
    return marker if isinstance(marker, int) else None
