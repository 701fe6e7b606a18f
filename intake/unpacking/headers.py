"""The header of a mail or of one of its parts: the fields we read, each once unfolded, under the bounds of `limits`.

Not the standard library's: its newer parser raises on real mail (2.0 % of mutants), its older one hides raw bytes in
surrogates, and both have taken seconds for one long field (facts/mail-and-folders.md §0, finding 7).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Final

from agreements.mail import AGREEMENT_HEADER, OWN_HEADER
from intake.unpacking.limits import (
    MAX_ADDRESS,
    MAX_ADDRESSES,
    MAX_HEADER_BLOCK_BYTES,
    MAX_HEADER_BYTES,
    MAX_MESSAGE_ID,
    MAX_REFERENCES,
)
from intake.unpacking.words import decode_raw

_READ: Final = (
    *("from", "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "subject", "date"),
    *("message-id", "in-reply-to", "references"),
    *("content-type", "content-disposition", "content-transfer-encoding", "content-id"),
    *("return-path", "auto-submitted", "precedence", "list-id", "list-unsubscribe"),
    *("x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-loop"),
    AGREEMENT_HEADER.lower(),
    OWN_HEADER.lower(),
)
_STRUCTURE: Final = ("content-type", "content-disposition", "content-transfer-encoding")
_FIELD: Final = re.compile(
    rb"^(%s)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)" % b"|".join(re.escape(name.encode()) for name in _READ),
    re.IGNORECASE | re.MULTILINE,
)
_END: Final = re.compile(rb"\n\r?\n")
_ANY_FIELD: Final = re.compile(rb"[!-9;-~]{1,76}[ \t]*:")
_AT_ONCE: Final = re.compile(rb"\A\r?\n")
_MESSAGE_ID: Final = re.compile(rf"<[^<>\s]{{1,{MAX_MESSAGE_ID - 2}}}>")
_ADDRESS: Final = re.compile(r"[^\s@<>()\",;:]+@[^\s@<>()\",;:]+")
# What is opened and never closed goes on to the end: to try again after each opening would take quadratic time.
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|\((?:[^()\\]|\\.)*\)?|<([^<>]*)>|([,;])|([^"(<,;]+)|.', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Headers:
    """The fields of one header."""

    fields: Mapping[str, Sequence[bytes]]
    """By lower-case name, in order, unfolded."""
    size: int
    """Bytes of the whole header, with the empty line."""
    complete: bool
    """The empty line that ends it is there; else the bytes are the beginning of a mail, at best."""
    cut: bool
    """Part of what says how the mail is built was beyond a bound and was not read."""

    def first(self, name: str) -> bytes:
        """The first field of that name; nothing if there is none."""
        return next(iter(self.fields.get(name, ())), b"")


def read_headers(data: bytes) -> Headers:
    """The header that `data` begins with. Lines that are no field are passed over; bytes without any are all body."""
    end = _AT_ONCE.match(data) or _END.search(data)
    size = len(data) if end is None else end.end()
    fields: dict[str, list[bytes]] = {}
    cut = size > MAX_HEADER_BLOCK_BYTES
    for match in _FIELD.finditer(data, 0, min(size, MAX_HEADER_BLOCK_BYTES)):
        name = match[1].decode("ascii").lower()
        value = match[2].replace(b"\r", b"").replace(b"\n", b"").strip()
        cut = cut or (len(value) > MAX_HEADER_BYTES and name in _STRUCTURE)
        fields.setdefault(name, []).append(value[:MAX_HEADER_BYTES])
    if not fields and not _ANY_FIELD.match(data) and not _AT_ONCE.match(data):
        return Headers(fields=fields, size=0, complete=True, cut=cut)
    return Headers(fields=fields, size=size, complete=end is not None, cut=cut)


def find_message_ids(raw: bytes) -> tuple[str, ...]:
    """The Message-IDs in a field, with their angle brackets, the latest MAX_REFERENCES of them."""
    return tuple(_MESSAGE_ID.findall(decode_raw(raw))[-MAX_REFERENCES:])


def find_addresses(raw: bytes) -> tuple[str, ...]:
    """The plain addresses in a field such as To: names, comments and what is no address are left out."""
    found: list[str] = []
    angle, bare = "", ""
    for piece in (*_PIECE.finditer(decode_raw(raw)), None):
        if piece is None or piece[2]:
            found.append(angle or bare)
            angle, bare = "", ""
        elif piece[1] is not None:
            angle = angle or piece[1].strip()
        elif piece[3]:
            bare += piece[3]
    plain = (address.rpartition(":")[2].strip() for address in found)  # a group's name, a route
    return tuple(islice((one for one in plain if len(one) <= MAX_ADDRESS and _ADDRESS.fullmatch(one)), MAX_ADDRESSES))


def read_date(raw: bytes) -> datetime | None:
    """The time in a Date field, in UTC, or None."""
    try:
        moment = parsedate_to_datetime(decode_raw(raw))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
