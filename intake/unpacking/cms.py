"""What a CMS message (RFC 5652) holds: the content of an opaque S/MIME mail or a .p7m file. Nothing is verified here.

A small reader of BER of our own: streaming writers cut the content into thousands of pieces under indefinite lengths,
which asn1crypto puts together in quadratic time (10 MB in pieces of 1,000 bytes: 3.8 s).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SEQUENCE, _OCTETS, _OCTETS_IN_PIECES, _EXPLICIT, _OID = 0x30, 0x04, 0x24, 0xA0, 0x06
_END_OF_CONTENTS: Final = b"\x00\x00"
_INDEFINITE: Final = 0x80
MAX_NESTING: Final = 16  # an honest message has under ten levels
MAX_ELEMENTS: Final = 400_000  # visited, each some six times: 60,000 pieces


class CmsKind(StrEnum):
    """What a CMS message is."""

    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    OTHER = "other"


_KINDS: Final = {
    bytes.fromhex("2a864886f70d010702"): CmsKind.SIGNED,  # RFC 5652 5.1
    bytes.fromhex("2a864886f70d010703"): CmsKind.ENCRYPTED,  # 6.1 envelopedData
    bytes.fromhex("2a864886f70d0109100117"): CmsKind.ENCRYPTED,  # RFC 5083 authEnvelopedData
}


class BrokenCmsError(ValueError):
    """The bytes are no CMS message, or one cut short."""


@dataclass(frozen=True, kw_only=True)
class Cms:
    """A CMS message less its signatures."""

    kind: CmsKind
    content: bytes | None = None
    """What was signed; None when it is kept elsewhere (a detached signature), and of what is not signed."""


@dataclass(frozen=True)
class _Element:
    tag: int
    start: int
    """Of its content."""
    end: int
    """Of its content; what follows it begins `tail` further on."""
    tail: int


def read_cms(data: bytes) -> Cms:
    """Kind and signed content of a CMS message. Raises BrokenCmsError."""
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_ELEMENTS

    def read(self) -> Cms:
        """ContentInfo, and in it SignedData (RFC 5652 3, 5.1, 5.2)."""
        content_info = self._children(self._element(0, len(self._data), 0), 1)
        kind = _KINDS.get(self._oid(next(content_info, None)), CmsKind.OTHER)
        if kind is not CmsKind.SIGNED:
            return Cms(kind=kind)
        signed_data = self._only_child(self._required(content_info, _EXPLICIT), 2)
        fields = self._children(signed_data, 3)
        for _ in ("version", "digestAlgorithms"):
            next(fields, None)
        encapsulated = self._children(self._required(fields, _SEQUENCE), 4)
        self._oid(next(encapsulated, None))
        wrapped = next(encapsulated, None)
        if wrapped is None:
            return Cms(kind=kind)
        return Cms(kind=kind, content=b"".join(self._pieces(self._only_child(wrapped, 5), 6)))

    def _pieces(self, element: _Element, nesting: int) -> Iterator[bytes]:
        if element.tag == _OCTETS:
            yield self._data[element.start : element.end]
        elif element.tag == _OCTETS_IN_PIECES:
            for piece in self._children(element, nesting):
                yield from self._pieces(piece, nesting + 1)
        else:
            raise BrokenCmsError

    def _oid(self, element: _Element | None) -> bytes:
        if element is None or element.tag != _OID:
            raise BrokenCmsError
        return self._data[element.start : element.end]

    def _required(self, elements: Iterator[_Element], tag: int) -> _Element:
        element = next(elements, None)
        if element is None or element.tag != tag:
            raise BrokenCmsError
        return element

    def _only_child(self, element: _Element, nesting: int) -> _Element:
        child = next(self._children(element, nesting), None)
        if child is None:
            raise BrokenCmsError
        return child

    def _children(self, element: _Element, nesting: int) -> Iterator[_Element]:
        at = element.start
        while at < element.end:
            child = self._element(at, element.end, nesting)
            yield child
            at = child.end + child.tail

    def _element(self, at: int, limit: int, nesting: int) -> _Element:
        """The element at that place, no longer than `limit`. One without a length is gone through to find its end."""
        self._left -= 1
        if self._left < 0 or nesting > MAX_NESTING or at + 2 > limit or self._data[at] & 0x1F == 0x1F:
            raise BrokenCmsError
        tag, length, start = self._data[at], self._data[at + 1], at + 2
        if length == _INDEFINITE:
            return _Element(tag, start, self._end_of_contents(start, limit, nesting + 1), len(_END_OF_CONTENTS))
        if length > _INDEFINITE:
            count = length - _INDEFINITE
            length = int.from_bytes(self._data[start : start + count], "big")
            start += count
        if start + length > limit:
            raise BrokenCmsError
        return _Element(tag, start, start + length, 0)

    def _end_of_contents(self, at: int, limit: int, nesting: int) -> int:
        while self._data[at : at + 2] != _END_OF_CONTENTS:
            child = self._element(at, limit, nesting)
            at = child.end + child.tail
        return at
