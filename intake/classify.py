"""The look at the first bytes, before any parser opens them. Pure."""

import re
from typing import Final

from agreements.findings import INT_CONTAINER, INT_EMPTY, INT_NOT_PDF, INT_TOO_LARGE, Finding

HEAD_BYTES = 1024  # PDF 1.7 implementation note 13: readers accept the header within the first 1,024 bytes

_OFFICE = re.compile(rb"\[Content_Types\]\.xml|word/|xl/|ppt/|mimetypeapplication/vnd\.oasis")
_XML = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<")
_SDO_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,40}:)?SDO(?:List)?[\s/>]|seid/xmlskema")  # SEID-SDO 1.0
_PDF_FIRST = re.compile(rb"\A\s*%PDF-")
_SIGNED_ENDINGS: Final = {  # ETSI EN 319 162-1 A.1 (.asice, .sce, .asics, .scs); SEID-SDO has no registered type
    ".asice": "asice",
    ".sce": "asice",
    ".asics": "asice",
    ".scs": "asice",
    ".sdo": "sdo",
}
_SIGNED_TYPES = re.compile(r"application/vnd\.etsi\.asic|(?:application|text)/(?:x-|vnd\.)?(?:seid[.-])?sdo\b")
_CMS_SEQUENCE = re.compile(rb"\A\x30(?:[\x81-\x84]|\x80|.)", re.DOTALL)
_CMS_TYPES = (  # RFC 5652 §5.1 and §6.1, DER: 1.2.840.113549.1.7.2 signedData, .3 envelopedData
    bytes.fromhex("06092a864886f70d010702"),
    bytes.fromhex("06092a864886f70d010703"),
    bytes.fromhex("060b2a864886f70d0109100117"),  # authEnvelopedData, RFC 5083
)
_CMS_TYPE_WITHIN = 32  # bytes: the type is the first element of the outer sequence
_MAGIC = {
    b"Rar!\x1a\x07": "rar",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x1f\x8b": "gzip",
    b"\x78\x9f\x3e\x22": "winmail.dat",  # TNEF signature 0x223E9F78, [MS-OXTNEF] 2.1.3.1
}


def classify(head: bytes, size: int, *, max_bytes: int, name: str = "") -> Finding | None:
    """None for what may be a PDF of acceptable size, else the finding that says what it is.

    `head` is the beginning of the content (HEAD_BYTES are looked at), `size` its whole length and `max_bytes` the
    configured limit (`limits.pdf_bytes`), both in bytes; `name` is what the file is called. Truncation and encryption
    take a parser and are found later.
    """
    if size == 0:
        return INT_EMPTY()
    if size > max_bytes:
        return INT_TOO_LARGE(size=size, limit=max_bytes)
    head = head[:HEAD_BYTES]
    kind = declared_kind(head, name) or container_kind(head)  # first: a container may show the PDF inside it
    if kind is not None:
        return INT_CONTAINER(kind=kind)
    return None if b"%PDF-" in head else INT_NOT_PDF()


def declared_kind(head: bytes, name: str, media_type: str = "") -> str | None:
    """`asice` or `sdo` for what is called a signed package by its name or declared type; None for anything else.

    A program that wrote one knows best: such a package may look like any zip or XML. What begins as a PDF is one,
    whatever it is called.
    """
    if _PDF_FIRST.match(head):
        return None
    lower, declared = name.lower().rstrip(" ."), _SIGNED_TYPES.match(media_type)
    named = next((kind for ending, kind in _SIGNED_ENDINGS.items() if lower.endswith(ending)), None)
    return named or (None if declared is None else "asice" if "asic" in declared[0] else "sdo")


def container_kind(head: bytes) -> str | None:
    """The kind of a container that may hold an agreement (signing services and mail programs make these), or None."""
    if head.startswith(b"PK\x03\x04"):
        if b"application/vnd.etsi.asic" in head:
            return "asice"
        return None if _OFFICE.search(head) else "zip"
    if _XML.match(head) and _SDO_ROOT.search(head):  # SEID-SDO, Norwegian signed data object
        return "sdo"
    if _CMS_SEQUENCE.match(head) and any(oid in head[:_CMS_TYPE_WITHIN] for oid in _CMS_TYPES):
        return "p7m"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
