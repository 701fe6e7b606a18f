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
    """Look at the bytes of one file. Never raises, linear in the size."""
    marks = tuple(_MARK.finditer(pdf))
    heads = (_BYTE_RANGE.match(pdf, mark.start()) for mark in marks if mark["range"])
    ranges = tuple(_raw_range(pdf, head) for head in heads if head is not None)
    xref_streams = tuple(mark for mark in marks if not mark["range"])
    return Prescan(
        ranges=ranges,
        faults=() if b"%PDF-" in pdf[:HEADER_WINDOW] else ("no-header",),
        exceeded=tuple(_exceeded(pdf, ranges, xref_streams)),
        trailing_bytes=_trailing_bytes(pdf),
    )


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
    fault = None if _only_zero_padding(der) else "padding-not-zero"
    return RawRange(numbers=values, fault=fault, der=der)


def _only_zero_padding(data: bytes) -> bool:
    """True if zeros alone follow the outermost DER value (BER of indefinite length ends itself and is left to the
    parser).
    """
    size = der_size(data)
    return size is None or (size <= len(data) and not data[size:].strip(b"\x00"))


def der_size(data: bytes) -> int | None:
    """Bytes of the DER value at the start:

    tag, length and contents (X.690, 8.1.3). None for indefinite length or nonsense.
    """
    if len(data) < 2 or data[1] == 0x80:
        return None
    if data[1] < 0x80:
        return 2 + data[1]
    count = data[1] & 0x7F
    if count > 4 or len(data) < 2 + count:
        return None
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def _exceeded(
    pdf: bytes, ranges: tuple[RawRange, ...], xref_streams: tuple[re.Match[bytes], ...]
) -> list[tuple[str, int]]:
    """Residual risk: a cross-reference stream whose names are spelled with #-escapes is not recognised; the sandbox's
    limits end it.
    """
    found: list[tuple[str, int]] = []
    if len(ranges) > MAX_SIGNATURES:
        found.append(("signatures", MAX_SIGNATURES))
    pointers, tables_are_bounded = _xref_marks(pdf)
    if pointers > MAX_REVISIONS:
        found.append(("revisions", MAX_REVISIONS))
    if any(len(item.der) > MAX_CMS_BYTES for item in ranges):
        found.append(("signature-bytes", MAX_CMS_BYTES))
    if not tables_are_bounded or not all(_xref_stream_is_bounded(pdf, match) for match in xref_streams):
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


def _xref_stream_is_bounded(pdf: bytes, match: re.Match[bytes]) -> bool:
    """Its arithmetic: entries announced, and no entries of zero width."""
    start = max(0, pdf.rfind(b"obj", max(0, match.start() - _DICTIONARY_REACH), match.start()))
    end = pdf.find(b"stream", match.end(), match.end() + _DICTIONARY_REACH)
    dictionary = pdf[start : end if end > 0 else match.end() + _DICTIONARY_REACH]
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
