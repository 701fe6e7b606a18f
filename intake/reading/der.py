"""The texts inside DER and BER values: certificates, CMS messages, revocation data (X.690). Nothing is verified here.

In bytes, a number and what follows it run together (the tag of a set is the digit 1), so the values are stepped over
one by one; only those are entered that hold eleven digits in a row somewhere.
"""

import re
from collections.abc import Iterator
from typing import Final

MAX_NESTING: Final = 40  # a time-stamp in a signature with its certificates has some twenty levels
MAX_VALUES: Final = 200_000  # stepped over; a revocation list of a megabyte holds some 100,000

LIKELY: Final = re.compile(rb"(?:\d[ .\x00-]{0,2}){10}\d(?!\d{0,3}Z)")
"""Bytes without this hold no identity number, whatever they are (UTF-16 has zeros between the digits). Times end in Z:
a revocation list holds thousands.
"""
_TIMES: Final = frozenset((0x17, 0x18))
_WIDE: Final = 0x1E
"""BMPString: two bytes for each character."""


def der_texts(data: bytes) -> Iterator[str]:
    """Every text in the values that may hold an identity number. Never raises; broken values are taken as they are."""
    yield from _Reader(data).texts(0, len(data), 0)


def is_der(data: bytes) -> bool:
    """Whether the bytes are one DER value, a sequence, and nothing but zeros after it."""
    if data[:1] != b"\x30":
        return False
    head = _head(data, 0, len(data))
    return head is not None and not data[head[2] :].strip(b"\x00")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_VALUES

    def texts(self, at: int, end: int, nesting: int) -> Iterator[str]:
        """Of the values that stand one after another in a stretch."""
        while at < end and LIKELY.search(self._data, at, end):
            self._left -= 1
            head = _head(self._data, at, end)
            if head is None or self._left < 0:
                yield self._data[at:end].decode("latin-1")  # broken: what stands in it is looked at all the same
                return
            tag, start, stop = head
            yield from self._value(tag, start, stop, nesting)
            at = stop

    def _value(self, tag: int, start: int, stop: int, nesting: int) -> Iterator[str]:
        if not LIKELY.search(self._data, start, stop) or tag in _TIMES:
            return
        if nesting < MAX_NESTING and (tag & 0x20 or self._holds_values(tag, start, stop)):
            yield from self.texts(start + (tag == 0x03), stop, nesting + 1)
        elif tag == _WIDE:
            yield self._data[start:stop].decode("utf-16-be", "replace")
        else:
            yield self._data[start:stop].decode("utf-8", "replace")

    def _holds_values(self, tag: int, start: int, stop: int) -> bool:
        """Whether an octet or bit string is an envelope for a value (X.509 extensions, OCSP responses)."""
        if tag not in {0x03, 0x04}:
            return False
        start += tag == 0x03  # a bit string begins with the count of unused bits
        head = _head(self._data, start, stop)
        return head is not None and head[2] == stop and bool(head[0] & 0x20 or head[0] in {0x0C, 0x13, 0x16})


def _head(data: bytes, at: int, end: int) -> tuple[int, int, int] | None:
    """Tag, start and end of the contents of the value there; None where none fits in."""
    if at + 2 > end or data[at] & 0x1F == 0x1F:
        return None
    tag, first, start = data[at], data[at + 1], at + 2
    if first == 0x80 and tag & 0x20:  # without a length: its end mark is met as a value of nothing
        return tag, start, end
    if first > 0x84 or first == 0x80:
        return None
    if first > 0x80:
        first, start = int.from_bytes(data[start : start + first - 0x80], "big"), start + first - 0x80
    return (tag, start, start + first) if start + first <= end else None
