"""The byte guard: what can be said about a PDF's signatures before any parser has touched it.

A parser can be led astray; these rules look at the bytes alone. Each signature's `/ByteRange` must leave out exactly
its own `<hex>` contents and nothing else, and the sums that decide how much memory a parser will take must be small.
Facts 3.2: measured on 967 public signatures, every file flagged here was also wrong otherwise.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_REVISIONS: Final = 64  # an honest agreement has fewer than ten; the engine re-reads every one of them
MAX_SIGNATURES: Final = 16  # the catalogue knows two signers; time-stamps renewed yearly stay far below
MAX_CMS_BYTES: Final = 4 * 2**20  # with embedded revocation lists honest ones reach some 100 kB
MAX_LOOSE_VALUES: Final = 10_000  # values inside those without a length; an honest message has some hundred
MAX_XREF_ENTRIES: Final = (
    500_000  # a 400-page document has some 10,000 objects; 1e9 entries of nothing take 4 GB (facts 1.6)
)
MAX_XREF_WIDTH: Final = 24  # three fields of eight bytes each hold any offset there is
HEADER_WINDOW: Final = 1024  # ISO 32000-1, Annex H.3, note 13: where readers look for the header

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[([^\]]{0,200})\]")
_INTEGERS = re.compile(rb"\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\Z")
_HEX_GAP = re.compile(rb"<[0-9A-Fa-f\s]*>\Z")
_XREF_SIZE = re.compile(rb"/Size\s+(\d+)")
# Both in one pass over the file. What is matched holds no second name that could be one of them.
_MARK = re.compile(rb"/(?:(?P<range>ByteRange)\s*\[|Type\s*/XRef\b)")
_XREF_WIDTHS = re.compile(rb"/W\s*\[([\d\s]*)\]")
_XREF_INDEX = re.compile(rb"/Index\s*\[([\d\s]*)\]")
# Both in one pass over the file: the pointer to a revision's table, and the head of a table.
_XREF = re.compile(rb"xref(?:(?<=startxref)\s*(?P<pointer>\d)|(?<!\wxref)\s+\d+\s+(?P<entries>\d+))")
_DICTIONARY_REACH = 4000  # bytes around /Type /XRef in which its other keys stand


@dataclass(frozen=True, kw_only=True)
class RawRange:
    """One `/ByteRange` as it stands in the file. `fault` names what is wrong with it, None where the gap is clean."""

    numbers: tuple[int, int, int, int] | None
    fault: str | None
    der: bytes = b""
    """The signature's bytes as the gap has them, padding and all."""

    @property
    def end(self) -> int:
        """Where the signed bytes end."""
        return self.numbers[2] + self.numbers[3] if self.numbers else 0


@dataclass(frozen=True, kw_only=True)
class Prescan:
    """What the bytes say."""

    ranges: tuple[RawRange, ...]
    faults: tuple[str, ...]
    """Faults of the file as a whole."""
    exceeded: tuple[tuple[str, int], ...]
    """Bounds that are broken, as (what, limit)."""
    trailing_bytes: int
    """Bytes after the last end-of-file marker, one line end aside."""

    @property
    def safe_to_parse(self) -> bool:
        """False where a parser would be asked to do unbounded work."""
        return not self.exceeded


def prescan(pdf: bytes) -> Prescan:
    """Look at the bytes of one file. Never raises, linear in the size: of each kind of mark only so many are looked at
    that the bound is seen to be broken.
    """
    heads, xref_streams = _marks(pdf)
    found = (_BYTE_RANGE.match(pdf, head) for head in heads)
    ranges = tuple(_raw_range(pdf, match) for match in found if match is not None)
    return Prescan(
        ranges=ranges,
        faults=() if b"%PDF-" in pdf[:HEADER_WINDOW] else ("no-header",),
        exceeded=tuple(_exceeded(pdf, ranges, len(heads), xref_streams)),
        trailing_bytes=_trailing_bytes(pdf),
    )


def _marks(pdf: bytes) -> tuple[list[int], list[tuple[int, int]]]:
    """Where each byte range begins, and where each mark of a cross-reference stream stands; one more than allowed."""
    heads: list[int] = []
    xref_streams: list[tuple[int, int]] = []
    for mark in _MARK.finditer(pdf):
        if mark["range"]:
            heads.append(mark.start())
        else:
            xref_streams.append(mark.span())
        if len(heads) > MAX_SIGNATURES or len(xref_streams) > MAX_REVISIONS:
            break
    return heads, xref_streams


def _raw_range(pdf: bytes, match: re.Match[bytes]) -> RawRange:
    numbers = _INTEGERS.match(match[1])
    if numbers is None:
        return RawRange(numbers=None, fault="byte-range-not-four-integers")
    start, length, start2, length2 = (int(number) for number in numbers.groups())
    values = (start, length, start2, length2)
    if start != 0:
        return RawRange(numbers=values, fault="byte-range-not-from-start")
    if not 0 < length < start2 or start2 + length2 > len(pdf):
        return RawRange(numbers=values, fault="byte-range-outside-file")
    return _judge_gap(pdf, values)


def _judge_gap(pdf: bytes, values: tuple[int, int, int, int]) -> RawRange:
    """The gap must be one hex string, introduced by /Contents, holding DER and then zeros."""
    _, length, start2, _ = values
    gap = pdf[length:start2]
    if _HEX_GAP.match(gap) is None:
        return RawRange(numbers=values, fault="gap-not-hex-string")
    if not pdf[max(0, length - 40) : length].rstrip().endswith(b"/Contents"):
        return RawRange(numbers=values, fault="gap-not-contents")
    digits = b"".join(gap[1:-1].split())
    der = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return RawRange(numbers=values, fault=_padding_fault(der), der=der)


def _padding_fault(data: bytes) -> str | None:
    """Zeros alone may follow the outermost value, whatever its encoding: `/Contents` is padded so, and what a parser
    passes over could be anything. (A signature is DER by ISO 32000-1, 12.8.3.3.1; honest programs also write BER.)
    """
    if len(data) > MAX_CMS_BYTES:
        return None  # a bound that is broken, and told as such
    size = encoded_size(data)
    if size is None:
        return "broken-cms"
    return "padding-not-zero" if size > len(data) or data[size:].strip(b"\x00") else None


def encoded_size(data: bytes) -> int | None:
    """Bytes of the BER value at the start: tag, length and contents (X.690, 8.1.2, 8.1.3), more than there are where
    it is cut off.

    A value without a length (8.1.3.6) ends where its end mark stands, found by stepping over the values in it. None
    for nonsense, and for more steps than an honest message takes.
    """
    position, open_values = 0, 0
    for _ in range(MAX_LOOSE_VALUES):
        head = _head(data, position)
        if head is None:
            return None
        contents, length = head
        if length is None:
            open_values += 1
        elif open_values and data[position] == 0:
            if length:
                return None  # the end mark is two zeros (8.1.5), and no other value has that tag
            open_values -= 1
        position = contents + (length or 0)
        if not open_values:
            return position
    return None


def _head(data: bytes, position: int) -> tuple[int, int | None] | None:
    """Where a value's contents begin and how long they are (None: without a length); None where there is no head."""
    after_tag = position + 1
    if data[position : position + 1] and data[position] & 0x1F == 0x1F:  # a tag of several bytes (X.690, 8.1.2.4)
        while data[after_tag : after_tag + 1] and data[after_tag] & 0x80:
            after_tag += 1
        after_tag += 1
    if after_tag >= len(data):
        return None
    first = data[after_tag]
    if first < 0x80:
        return after_tag + 1, first
    if first == 0x80:
        return (after_tag + 1, None) if data[position] & 0x20 else None  # constructed values alone (8.1.3.2)
    contents = after_tag + 1 + (first & 0x7F)
    if first == 0xFF or contents > len(data):
        return None
    return contents, int.from_bytes(data[after_tag + 1 : contents], "big")


def _exceeded(
    pdf: bytes, ranges: tuple[RawRange, ...], heads: int, xref_streams: list[tuple[int, int]]
) -> list[tuple[str, int]]:
    """Residual risk: a cross-reference stream whose names are spelled with #-escapes is not recognised; the sandbox's
    limits end it.
    """
    found: list[tuple[str, int]] = []
    if heads > MAX_SIGNATURES:
        found.append(("signatures", MAX_SIGNATURES))
    pointers, tables_are_bounded = _xref_marks(pdf)
    if max(pointers, len(xref_streams)) > MAX_REVISIONS:
        found.append(("revisions", MAX_REVISIONS))
    if any(len(item.der) > MAX_CMS_BYTES for item in ranges):
        found.append(("signature-bytes", MAX_CMS_BYTES))
    if not tables_are_bounded or not all(_xref_stream_is_bounded(pdf, *mark) for mark in xref_streams):
        found.append(("xref-entries", MAX_XREF_ENTRIES))
    return found


def _xref_marks(pdf: bytes) -> tuple[int, bool]:
    """How many pointers to a table there are, and whether no table announces too many entries."""
    pointers, bounded = 0, True
    for mark in _XREF.finditer(pdf):
        if mark["pointer"] is not None:
            pointers += 1
        else:
            bounded = bounded and _number(mark["entries"]) <= MAX_XREF_ENTRIES
    return pointers, bounded


def _xref_stream_is_bounded(pdf: bytes, first: int, last: int) -> bool:
    """The arithmetic of the one whose mark stands there: entries announced, and no entries of zero width."""
    start = max(0, pdf.rfind(b"obj", max(0, first - _DICTIONARY_REACH), first))
    end = pdf.find(b"stream", last, last + _DICTIONARY_REACH)
    dictionary = pdf[start : end if end > 0 else last + _DICTIONARY_REACH]
    if any(_number(size[1]) > MAX_XREF_ENTRIES for size in _XREF_SIZE.finditer(dictionary)):
        return False
    return _widths_are_sane(dictionary) and _indices_are_sane(dictionary)


def _widths_are_sane(dictionary: bytes) -> bool:
    """Entries of no width make a stream of no bytes hold any number of entries."""
    widths = ([_number(width) for width in match[1].split()] for match in _XREF_WIDTHS.finditer(dictionary))
    return all(0 < sum(numbers) <= MAX_XREF_WIDTH for numbers in widths)


def _indices_are_sane(dictionary: bytes) -> bool:
    for match in _XREF_INDEX.finditer(dictionary):
        numbers = [_number(number) for number in match[1].split()]
        if len(numbers) % 2 or sum(numbers[1::2]) > MAX_XREF_ENTRIES:
            return False
    return True


def _number(digits: bytes) -> int:
    """Digits as a number; absurdly long ones as one that breaks every bound."""
    return int(digits) if len(digits) <= 12 else 10**12


def _trailing_bytes(pdf: bytes) -> int:
    end = pdf.rfind(b"%%EOF")
    if end < 0:
        return 0
    rest = pdf[end + 5 :]
    for line_end in (b"\r\n", b"\n", b"\r"):
        if rest.startswith(line_end):
            return len(rest) - len(line_end)
    return len(rest)
