"""What bytes are, by their own beginning: names and declared types are the sender's word and count only beside it.

Signed packages are known by their names and types as well (`classify.declared_kind`), and ASiC by what lies in it.
"""

import re
from enum import StrEnum
from typing import Final

from intake.classify import HEAD_BYTES, container_kind
from intake.unpacking.limits import MAX_LOOKED_AT

SNIFFED_BYTES: Final = 16 * 2**10  # as much of a content as is looked at; a mail may begin with long trace fields

_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")  # [MS-CFB] 2.2: Outlook's .msg, old Office files
_MSG_STREAM: Final = "__substg1.0_".encode("utf-16-le")  # [MS-OXMSG] 2.2
_FIELD_FIRST: Final = re.compile(rb"\A(?:From [^\n]{1,998}\n)?[!-9;-~]{1,76}[ \t]*:")  # mbox's line may stand before
_MAIL_FIELD: Final = re.compile(
    rb"^(from|to|subject|date|message-id|received|mime-version|return-path|content-type)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_ENTITY: Final = re.compile(rb"\A(?:content-[a-z-]{1,40}|mime-version)[ \t]*:", re.IGNORECASE)
# What a part leaves where it was not recognised as one: its header, the beginning of a file, or lines of base64.
_REMNANTS: Final = (b"%PDF-", b"JVBERi0", b"\nUEsDB", b"\neJ8+I", b"\nbegin 6")
_CODED_FIELD: Final = b"content-transfer-encoding: base64"
_CODED_LINES: Final = re.compile(rb"(?:^[A-Za-z0-9+/]{60,76}\r?\n){4}", re.MULTILINE)
_HEADER_END: Final = re.compile(rb"\n\r?\n")


class Shape(StrEnum):
    """What a content is to whoever unpacks it."""

    PDF = "pdf"
    MAIL = "mail"
    ZIP = "zip"
    CMS = "p7m"
    TNEF = "winmail.dat"
    SEALED = "sealed"
    """A package that is recognised and not opened; `sealed_kind` names it."""
    OTHER = "other"


def shape_of(data: bytes) -> Shape:
    """What a content is. The beginning (SNIFFED_BYTES) is enough, but for Outlook's .msg."""
    kind = sealed_kind(data)
    if kind in (Shape.ZIP, Shape.CMS, Shape.TNEF):
        return Shape(kind)
    if kind is not None:
        return Shape.SEALED
    if is_mail(data):
        return Shape.MAIL
    return Shape.PDF if is_pdf(data) else Shape.OTHER


def sealed_kind(data: bytes) -> str | None:
    """The name of the kind of package, opened here or not; None for what is none."""
    if data.startswith(_OLE):
        return "msg" if _MSG_STREAM in data else None
    return container_kind(data[:HEAD_BYTES])


def is_pdf(data: bytes) -> bool:
    """True for what readers take for a PDF. A zip of another kind may show one inside it."""
    return b"%PDF-" in data[:HEAD_BYTES] and not data.startswith((b"PK\x03\x04", _OLE))


def is_mail(data: bytes) -> bool:
    """True for what begins with a mail's header: a field, and among the first ones two that every mail has."""
    if not _FIELD_FIRST.match(data):
        return False
    end = _HEADER_END.search(data, 0, SNIFFED_BYTES)
    stop = SNIFFED_BYTES if end is None else end.start() + 1
    return len({match[1].lower() for match in _MAIL_FIELD.finditer(data, 0, stop)}) >= 2


def is_file(text: bytes) -> bool:
    """True for what stands in the place of a letter's text and is a file all the same."""
    return text.lstrip().startswith(b"%PDF-") or shape_of(text) not in (Shape.PDF, Shape.MAIL, Shape.OTHER)


def is_bare_entity(data: bytes) -> bool:
    """True for a part of a mail by itself, as S/MIME signs it (RFC 8551 3.1)."""
    return bool(_ENTITY.match(data))


def has_remnants(text: bytes) -> bool:
    """True for text in which parts of a mail stand that should have been taken out of it: the mail is damaged."""
    lines = b"\n" + text
    found = any(remnant in lines for remnant in _REMNANTS) or _CODED_FIELD in text.lower()
    return found or bool(_CODED_LINES.search(text, 0, MAX_LOOKED_AT))


def is_pdf_inside(data: bytes) -> bool:
    """True for bytes in which a PDF begins somewhere, as it is or in base64."""
    return b"%PDF-" in data or b"JVBERi0" in data
