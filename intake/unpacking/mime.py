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
    data: bytes
    """Header and body, as they stand."""

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

    @property
    def body(self) -> bytes:
        """What follows the header, before its transfer encoding is taken off. A copy: large mails are large."""
        return self.data[self.headers.size :]

    def content(self) -> bytes:
        """The body with its transfer encoding taken off."""
        encoding = self.headers.first("content-transfer-encoding").strip().lower()
        if encoding == b"base64":
            return decode_base64(self.body)
        return binascii.a2b_qp(self.body) if encoding == b"quoted-printable" else self.body

    @property
    def is_closed(self) -> bool:
        """True for a multipart entity whose last delimiter is there: nothing of it was cut off."""
        return any(delimiter[1] for delimiter in self._delimiters())

    @property
    def outside(self) -> bytes:
        """What of a multipart entity is no part: before the first delimiter, and after the last. Shown to nobody.

        All of it, where no part begins.
        """
        first, last = None, None
        for delimiter in self._delimiters():
            first = first or delimiter
            if delimiter[1]:
                last = delimiter
                break
        if first is None or first is last:
            return self.body
        after = b"" if last is None else self.data[last.end() :]
        return self.data[self.headers.size : first.start()] + after

    def parts(self) -> Iterator[bytes]:
        """The bytes of each part of a multipart entity."""
        start: int | None = None
        for delimiter in self._delimiters():
            if start is not None:
                yield self.data[start : _line_end(self.data, delimiter.start())]
            if delimiter[1]:
                return
            start = _next_line(self.data, delimiter.end())
        if start is not None:  # never closed: cut short, or its sender forgot
            yield self.data[start:]

    def _delimiters(self) -> Iterator[re.Match[bytes]]:
        """RFC 2046 5.1.1, the lines between parts. The pattern begins with what is fixed: that is searched for fast."""
        boundary = self.parameter("boundary").rstrip()[:MAX_BOUNDARY].encode("utf-8", "replace")
        if not boundary:
            return iter(())
        line = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
        return line.finditer(self.data, max(self.headers.size - 1, 0))  # from the header's last line end on


def read_entity(data: bytes) -> Entity:
    """The entity that `data` is: its header is read, its body is not."""
    return Entity(headers=read_headers(data), data=data)


def _next_line(data: bytes, at: int) -> int:
    """Where the line after a delimiter begins."""
    return data.find(b"\n", at) + 1 or len(data)


def _line_end(data: bytes, at: int) -> int:
    """Where the line that ends with the line feed at that place ends: its line end belongs to the delimiter."""
    return at - 1 if data[at - 1 : at] == b"\r" else at
