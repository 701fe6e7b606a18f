"""What a PDF carries beside what its pages show: its strings and its streams, of all revisions, read off the bytes.

No object is resolved and no parser can be led astray: the whole file leaves as it is, so what counts is what stands in
its bytes, whether a program would show it or not. Streams that draw (page content, pictures, fonts) are left out: pages
are read as PDFium shows them. Runs in the sandbox; linear in the size.

Not promised: text in pictures; a stream under a filter that nobody uses for text (LZW, run lengths) is told as broken.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Final

from agreements.identity_search import Place, Unread

MAX_STREAMS: Final = 20_000  # of one file; an agreement has some thirty, a thick report some thousand
MAX_DICTIONARY: Final = 16 * 2**10  # bytes before a stream in which its dictionary stands; honest ones have some 200
_SNIFFED: Final = 64  # bytes of a stream that show whether it draws
MAX_NAME_REACH: Final = 4096  # bytes around an embedded file's reference in which its name stands

_STREAM: Final = re.compile(rb"stream\r?\n")
_HEADER: Final = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+obj\b")
_LENGTH: Final = re.compile(rb"/Length\s+(\d{1,10})(?!\s+\d+\s+R)\b")
_FILTERS: Final = re.compile(rb"/Filter\s*(\[[^\]]{0,200}\]|/\w+)")
_TYPE: Final = re.compile(rb"/(?:Type|Subtype)\s*/(\w+)")
_PREDICTOR: Final = re.compile(rb"/Predictor\s+(?:[2-9]|1\d)")
_ENCRYPT: Final = re.compile(rb"/Encrypt\s*(?:<<|\d+\s+\d+\s+R)")
_EMBEDDED: Final = re.compile(rb"/EF\s*<<([^<>]{0,500})>>")
_REFERENCE: Final = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+R")
# ISO 32000-1, 7.3.4. A literal string ends with its parenthesis, or where a third nested one begins. Each pattern
# begins with a plain character: that is what makes looking for it fast.
_LITERAL: Final = re.compile(rb"\((?P<literal>(?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+)", re.DOTALL)
_HEXADECIMAL: Final = re.compile(rb"<(?P<hex>[0-9A-Fa-f\s]{2,}+)>")
_STRING: Final = re.compile(rb"(?:%b|%b)" % (_LITERAL.pattern, _HEXADECIMAL.pattern), re.DOTALL)
_NOT_HEX: Final = re.compile(rb"[^0-9A-Fa-f]")
_ESCAPE: Final = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_KEY: Final = re.compile(rb"/(\w{1,60})\s*\Z")
_KEYS: Final = {
    **dict.fromkeys((b"V", b"DV", b"RV", b"T", b"TU", b"TM", b"Opt"), Place.FIELD),
    **dict.fromkeys((b"Contents", b"RC", b"Subj"), Place.NOTE),
    **dict.fromkeys((b"UF", b"F", b"Desc"), Place.ATTACHMENT),
    **dict.fromkeys((b"Title", b"Author", b"Subject", b"Keywords", b"Creator", b"Producer"), Place.METADATA),
    **dict.fromkeys((b"Reason", b"Location", b"ContactInfo", b"Name"), Place.SIGNATURE),
}
_DRAWING: Final = frozenset(
    (b"XRef", b"Image", b"Form", b"Pattern", b"Type1C", b"CIDFontType0C", b"OpenType", b"ICCBased")
)
_FILE_BEGINS: Final = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff|\s)*(?:[<{]|\x00[<{]|%PDF-|PK\x03\x04)")
_DER_BEGINS: Final = re.compile(rb"\A\x30[\x80-\x84]")


@dataclass(frozen=True, kw_only=True)
class PdfString:
    """A string of the file, decoded. `key` is what its dictionary calls it; empty in lists."""

    value: bytes
    key: bytes
    at: int
    region: int
    """Where it stands: in which of `Carried.regions`, and where in it."""

    @property
    def place(self) -> Place:
        """In which kind of place it stands, by its key."""
        return _KEYS.get(self.key, Place.ELSEWHERE)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A stream that may hold text or a file."""

    number: int
    """Its object's."""
    place: Place
    data: bytes
    fault: Unread | None = None
    """Why `data` is not all of it."""


class Carried:
    """One file's strings and streams. `limit`: bytes that one stream may come to."""

    def __init__(self, pdf: bytes, *, limit: int) -> None:
        self._pdf = pdf
        self._limit = limit
        self.regions: list[bytes] = []
        """What stands outside streams, then what object streams hold."""
        self.streams: list[Stream] = []
        self.too_many = False
        """More streams than are looked at."""
        self._read()

    @cached_property
    def is_encrypted(self) -> bool:
        """Whether strings and streams are under a key: then they say nothing here."""
        return _ENCRYPT.search(self.regions[0]) is not None

    def strings(self) -> Iterator[PdfString]:
        """Every string of the file outside its streams."""
        for region, data in enumerate(self.regions):
            for match in chain(_LITERAL.finditer(data), _HEXADECIMAL.finditer(data)):
                value = _value(match)
                if len(value) >= 11:  # shorter ones can't hold what is looked for
                    key = _KEY.search(data, max(0, match.start() - 80), match.start())
                    yield PdfString(value=value, key=key[1] if key else b"", at=match.start(), region=region)

    def file_name(self, number: int) -> bytes:
        """The name of the embedded file in that object; empty where none is found."""
        for data in self.regions:
            for match in _EMBEDDED.finditer(data):
                if any(int(found) == number for found in _REFERENCE.findall(match[1])):
                    return _nearest(data, match.start(), b"UF") or _nearest(data, match.start(), b"F")
        return self._file_name_by_way(number)

    def _file_name_by_way(self, number: int) -> bytes:
        """The name where the list of a file's forms is an object of its own: `/EF 12 0 R`."""
        data = self.regions[0]
        named = re.search(rb"/U?F\s+%d\s+\d+\s+R" % number, data)
        header = None if named is None else _header_before(data, named.start())
        listed = None if header is None else re.search(rb"/EF\s+%b\s+\d+\s+R" % header[1], data)
        return b"" if listed is None else _nearest(data, listed.start(), b"UF") or _nearest(data, listed.start(), b"F")

    def field_name(self, string: PdfString) -> bytes:
        """The name of the form field that a string belongs to; empty where none is found."""
        return string.value if string.key == b"T" else _nearest(self.regions[string.region], string.at, b"T")

    def object_of(self, string: PdfString) -> bytes:
        """The number of the object that a string stands in; empty in an object stream."""
        header = _header_before(self.regions[0], string.at) if string.region == 0 else None
        return b"" if header is None else header[1]

    def _read(self) -> None:
        outside, streams = self._split()
        self.regions.append(b"\n".join(outside))
        if self.is_encrypted:
            return
        for number, dictionary, body in streams:
            if b"/ObjStm" in dictionary:
                stream = self._stream(number, Place.ELSEWHERE, dictionary, body)
                self.regions.append(stream.data)
                if stream.fault is not None:
                    self.streams.append(replace(stream, data=b""))
        embedded = self._embedded()
        for number, dictionary, body in streams:
            self._keep(number, dictionary, body, named=number in embedded)

    def _split(self) -> tuple[list[bytes], list[tuple[int, bytes, bytes]]]:
        """What stands outside streams; and each stream: its object's number, its dictionary, its bytes."""
        outside, streams, end = list[bytes](), list[tuple[int, bytes, bytes]](), 0
        for match in _STREAM.finditer(self._pdf):
            if match.start() < end or self._pdf[match.start() - 3 : match.start()] == b"end":
                continue  # within the stream before, or its end
            if len(streams) >= MAX_STREAMS:
                self.too_many = True
                break
            outside.append(self._pdf[end : match.start()])
            number, dictionary = _head(outside[-1])
            end = _end(self._pdf, match.end(), dictionary)
            streams.append((number, dictionary, self._pdf[match.end() : end]))
        return [*outside, self._pdf[end:]], streams

    def _embedded(self) -> frozenset[int]:
        """The objects that a file specification names: `/Type /EmbeddedFile` is optional (ISO 32000-1, table 45)."""
        inner = (match[1] for data in self.regions for match in _EMBEDDED.finditer(data))
        return frozenset(int(number) for text in inner for number in _REFERENCE.findall(text))

    def _keep(self, number: int, dictionary: bytes, body: bytes, *, named: bool) -> None:
        types = frozenset(_TYPE.findall(dictionary))
        if b"ObjStm" in types:
            return
        if named or b"EmbeddedFile" in types:
            self.streams.append(self._stream(number, Place.ATTACHMENT, dictionary, body))
        elif b"Metadata" in types:
            self.streams.append(self._stream(number, Place.METADATA, dictionary, body))
        elif not types & _DRAWING and b"/Length1" not in dictionary:
            begins = self._stream(number, Place.ELSEWHERE, dictionary, body, limit=_SNIFFED).data
            if _DER_BEGINS.match(begins):
                self.streams.append(self._stream(number, Place.CERTIFICATE, dictionary, body))
            elif _FILE_BEGINS.match(begins):  # drawing instructions begin otherwise
                self.streams.append(self._stream(number, Place.ELSEWHERE, dictionary, body))

    def _stream(self, number: int, place: Place, dictionary: bytes, body: bytes, *, limit: int | None = None) -> Stream:
        limit = self._limit if limit is None else limit
        match = _FILTERS.search(dictionary)
        fault = Unread.BROKEN if _PREDICTOR.search(dictionary) else None
        for name in re.findall(rb"/(\w+)", match[1]) if match else ():
            body, problem = _decoded(name, body, limit)
            fault = fault or problem
        if len(body) > limit:
            body, fault = body[:limit], fault or Unread.TOO_LARGE
        return Stream(number=number, place=place, data=body, fault=fault)


def _decoded(name: bytes, body: bytes, limit: int) -> tuple[bytes, Unread | None]:
    """What a stream's filter leaves, and why that is not all."""
    if name in {b"FlateDecode", b"Fl"}:
        return inflate(body, limit)
    if name in {b"ASCIIHexDecode", b"AHx"}:
        return _from_hex(_NOT_HEX.sub(b"", body.partition(b">")[0])), None
    return b"", Unread.ENCRYPTED if name == b"Crypt" else Unread.BROKEN


def inflate(data: bytes, limit: int) -> tuple[bytes, Unread | None]:
    """What deflated bytes come to, and why that is not all of it."""
    machine = zlib.decompressobj()
    try:
        result = machine.decompress(data, limit + 1)
    except zlib.error:
        return b"", Unread.BROKEN
    if len(result) > limit:
        return result[:limit], Unread.TOO_LARGE
    return result, None if machine.eof else Unread.BROKEN


def _head(before: bytes) -> tuple[int, bytes]:
    """The object's number and the dictionary of the stream that begins where this ends."""
    window = before[-MAX_DICTIONARY:]
    header = _header_before(window, len(window))
    return (0, window) if header is None else (int(header[1]), window[header.end() :])


def _header_before(data: bytes, at: int) -> re.Match[bytes] | None:
    """The head of the object that a place is in."""
    while (at := data.rfind(b"obj", 0, at)) > 0:
        header = _HEADER.search(data, max(0, at - 20), at + 3)
        if header is not None:
            return header
    return None


def _end(pdf: bytes, start: int, dictionary: bytes) -> int:
    """Where the stream ends: by its length where that is true, else at the next end mark."""
    length = _LENGTH.search(dictionary)
    if length is not None:
        end = start + int(length[1])
        if pdf[end : end + 20].lstrip().startswith(b"endstream"):
            return end
    end = pdf.find(b"endstream", start)
    return len(pdf) if end < 0 else end


def _value(string: re.Match[bytes]) -> bytes:
    written = string.groupdict()
    literal = written.get("literal")
    return _from_hex(written["hex"]) if literal is None else _unescaped(literal)


def _from_hex(digits: bytes) -> bytes:
    plain = b"".join(digits.split())
    return bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode("ascii"))


def _unescaped(literal: bytes) -> bytes:
    return _ESCAPE.sub(_escaped, literal) if b"\\" in literal else literal


def _escaped(match: re.Match[bytes]) -> bytes:
    octal, line_end, character = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return b"" if line_end else _ESCAPED.get(character, character)


def _nearest(data: bytes, at: int, key: bytes) -> bytes:
    """The string of that key which stands nearest to a place; empty if none is near."""
    first = max(0, at - MAX_NAME_REACH)
    called = re.compile(rb"/" + key + rb"\s*" + _STRING.pattern, re.DOTALL)
    found = called.finditer(data, first, at + MAX_NAME_REACH)
    nearest = min(found, key=lambda match: abs(match.start() - at), default=None)
    return b"" if nearest is None else _value(nearest)
