"""A mail's build: entities in entities (RFC 2045, 2046), read from the bytes one level at a time.

Reading a level never reads the levels below, so the caller counts parts and depth as it goes. What is built wrongly is
read as other mail programs read it, and says so: nothing is ever skipped in silence.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from intake.unpacking.headers import Headers, read_headers
from intake.unpacking.words import decode_base64, split_parameters

_TEXT: Final = "text/plain"  # RFC 2045 5.2: what an entity is that does not say
MAX_BOUNDARY: Final = 200  # characters; RFC 2046 5.1.1 allows 70
MESSAGE_TYPES: Final = ("message/rfc822", "message/global")


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A mail, or a part of one."""

    headers: Headers
    body: bytes
    """As it stands, before its transfer encoding is taken off."""

    @cached_property
    def _type(self) -> tuple[str, Mapping[str, str]]:
        return split_parameters(self.headers.first("content-type"))

    @cached_property
    def _disposition(self) -> tuple[str, Mapping[str, str]]:
        return split_parameters(self.headers.first("content-disposition"))

    @property
    def media_type(self) -> str:
        """`application/pdf`, in lower case; `text/plain` where none is named."""
        return self._type[0] if "/" in self._type[0] else _TEXT

    @property
    def is_attachment(self) -> bool:
        """True for a part that is not meant to be read as part of the letter."""
        return self._disposition[0] == "attachment" or bool(self.name)

    @property
    def name(self) -> str:
        """The file name, decoded and otherwise as the sender gave it; empty if there is none."""
        return self._disposition[1].get("filename") or self._type[1].get("name", "")

    @property
    def is_embedded(self) -> bool:
        """True for what the letter's own text shows, such as a logo."""
        return self._disposition[0] != "attachment" and bool(self.headers.first("content-id"))

    def parameter(self, name: str) -> str:
        """A parameter of the content type, or nothing."""
        return self._type[1].get(name, "")

    def content(self) -> bytes:
        """The body with its transfer encoding taken off."""
        encoding = self.headers.first("content-transfer-encoding").strip().lower()
        if encoding == b"base64":
            return decode_base64(self.body)
        return binascii.a2b_qp(self.body) if encoding == b"quoted-printable" else self.body

    def parts(self) -> Iterator[bytes]:
        """The bytes of each part of a multipart entity; none if its boundary does not stand in it."""
        boundary = self.parameter("boundary").rstrip()[:MAX_BOUNDARY].encode("utf-8", "replace")
        if not boundary:
            return
        line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
        start: int | None = None
        for delimiter in line.finditer(self.body):
            if start is not None:
                yield self.body[start : delimiter.start()]
            if delimiter[1]:
                return
            start = _next_line(self.body, delimiter.end())
        if start is not None:  # never closed: cut short, or its sender forgot
            yield self.body[start:]


def read_entity(data: bytes) -> Entity:
    """The entity that `data` is: its header is read, its body is not."""
    headers = read_headers(data)
    return Entity(headers=headers, body=data[headers.size :])


def _next_line(body: bytes, at: int) -> int:
    """Where the line after a delimiter begins. The delimiter's line end stays for an empty part's sake."""
    return body.find(b"\n", at) + 1 or len(body)
