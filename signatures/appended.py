"""What was appended to an issued document must be readable in one way only.

Programs read broken cross-references differently: where ours sees the object that was signed, a viewer may rebuild the
table and show another. So the appended bytes must follow ISO 32000-1, 7.5.4 to 7.5.6 to the letter: every section a
classic table of 20-byte entries, each object listed once, at the very place where it stands, in the section it was
appended with; `startxref` and `/Prev` lead exactly from section to section back to the issued document; and no object
stands in the appended bytes that its own section does not list. Then following the table, and rebuilding it by looking
for `N G obj` from the start, end with the same objects.

Only for returns that begin with the issued bytes: of other documents nothing is approved. What we issue has a classic
table, and the signing programs we know go on with one (pyHanko, Acrobat, iText, PDFBox); a return that goes on with a
cross-reference stream is refused, for its binary entries can be read differently as well. Pure bytes, no parser, never
raises.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_SECTIONS: Final = 64  # as many revisions as the byte guard allows
_EOL = rb"(?:\r\n|\n|\r)"
_TABLE_HEAD: Final = re.compile(rb"xref[ \t]*" + _EOL)
_SUBSECTION: Final = re.compile(rb"(\d{1,10}) (\d{1,7})[ ]?" + _EOL)
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?:\r\n| \n| \r)")
_TRAILER: Final = re.compile(rb"\s*trailer\s*(<<.*?>>)\s*startxref\s+(\d{1,10})\s+%%EOF(?:\r\n|\n|\r)?", re.DOTALL)
_END: Final = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*\Z")
_PREVIOUS: Final = re.compile(rb"/Prev\s+(\d{1,10})(?![\d.])")
_SIZE: Final = re.compile(rb"/Size\s+(\d{1,10})(?![\d.])")
_OBJECT: Final = re.compile(rb"(?<![0-9])(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+obj(?![A-Za-z])")
_XREF_STREAM: Final = re.compile(rb"\d+[\x00\t\n\f\r ]+\d+[\x00\t\n\f\r ]+obj")


@dataclass(frozen=True, kw_only=True)
class _Section:
    """One appended cross-reference section."""

    start: int
    end: int
    """After its end-of-file marker and line end."""
    previous: int
    size: int
    entries: tuple[tuple[int, int, int], ...]
    """Number, generation and offset of each object in use."""


class _Fault(Exception):
    """Carries the fault's code (`terms.fault.<code>`)."""


def appended_fault(pdf: bytes, issued: bytes) -> str | None:
    """The first thing about the appended bytes that could be read in two ways; None where there is none.

    `pdf` must begin with `issued`, whose cross-reference is a classic table. Codes: `xref-stream` (no table but a
    stream), `xref-form`, `xref-chain`, `xref-size`, `xref-entry`, `unlisted-object`.
    """
    if len(pdf) == len(issued):
        return None
    try:
        _check(pdf, issued)
    except _Fault as fault:
        return str(fault)
    return None


def _check(pdf: bytes, issued: bytes) -> None:
    issued_end = _END.search(issued)
    newest = _END.search(pdf)
    if issued_end is None or newest is None:
        raise _Fault("xref-chain")
    sections = _chain(pdf, int(newest[1]), int(issued_end[1]), len(issued))
    appended = pdf[len(issued) :]
    if appended.count(b"startxref") != len(sections):
        raise _Fault("xref-chain")
    if pdf[sections[-1].end :].strip():
        raise _Fault("xref-chain")
    begin, size = len(issued), _issued_size(issued, int(issued_end[1]))
    for section in sections:
        if section.size < size:
            raise _Fault("xref-size")
        _check_objects(pdf, begin, section)
        begin, size = section.end, section.size


def _chain(pdf: bytes, newest: int, issued_start: int, issued_length: int) -> list[_Section]:
    """The appended sections, oldest first, followed backwards by `/Prev` to the issued document's own."""
    sections: list[_Section] = []
    start = newest
    while start != issued_start:
        if len(sections) >= MAX_SECTIONS or start < issued_length or (sections and start >= sections[-1].start):
            raise _Fault("xref-chain")
        sections.append(_section(pdf, start))
        start = sections[-1].previous
    if not sections:
        raise _Fault("xref-chain")  # bytes were appended, and no section tells of them
    return sections[::-1]


def _section(pdf: bytes, start: int) -> _Section:
    head = _TABLE_HEAD.match(pdf, start)
    if head is None:
        raise _Fault("xref-stream" if _XREF_STREAM.match(pdf, start) else "xref-form")
    entries, end = _entries(pdf, head.end())
    trailer = _TRAILER.match(pdf, end)
    if trailer is None or int(trailer[2]) != start:
        raise _Fault("xref-form")
    dictionary = trailer[1]
    previous, sizes = _PREVIOUS.findall(dictionary), _SIZE.findall(dictionary)
    if b"/XRefStm" in dictionary or b"#" in dictionary or b"%" in dictionary:
        raise _Fault("xref-form")  # a hybrid, or names and comments that hide one
    if len(previous) != 1 or len(sizes) != 1 or dictionary.count(b"/Prev") != 1 or dictionary.count(b"/Size") != 1:
        raise _Fault("xref-form")
    used = tuple(entry[:3] for entry in entries if entry[3] == b"n")
    if any(number >= int(sizes[0]) for number, *_ in entries):
        raise _Fault("xref-size")
    return _Section(start=start, end=trailer.end(), previous=int(previous[0]), size=int(sizes[0]), entries=used)


def _entries(pdf: bytes, position: int) -> tuple[list[tuple[int, int, int, bytes]], int]:
    """Every entry as (number, generation, offset, kind), and where the table ends."""
    entries: list[tuple[int, int, int, bytes]] = []
    listed: set[int] = set()
    while (head := _SUBSECTION.match(pdf, position)) is not None:
        position = head.end()
        for number in range(int(head[1]), int(head[1]) + int(head[2])):
            entry = _ENTRY.match(pdf, position)
            if entry is None or number in listed:
                raise _Fault("xref-form" if entry is None else "xref-entry")
            listed.add(number)
            entries.append((number, int(entry[2]), int(entry[1]), entry[3]))
            position = entry.end()
    return entries, position


def _check_objects(pdf: bytes, begin: int, section: _Section) -> None:
    """The objects between `begin` and the section are exactly those it lists, each at its place, each once."""
    there: dict[int, tuple[int, int]] = {}
    for match in _OBJECT.finditer(pdf, begin, section.start):
        there[match.start()] = (int(match[1]), int(match[2]))
    listed = {offset: (number, generation) for number, generation, offset in section.entries}
    if len(listed) != len(section.entries) or any(generation for _, generation in listed.values()):
        raise _Fault("xref-entry")
    if any(there.get(offset) != key for offset, key in listed.items()):
        raise _Fault("xref-entry")
    if there.keys() != listed.keys():
        raise _Fault("unlisted-object")


def _issued_size(issued: bytes, start: int) -> int:
    """The size that the newest section of the issued document states, or the largest that stands anywhere in it.

    Not simply the latter: an attached file states its own size by the same name.
    """
    trailer = _TRAILER.search(issued, start)
    return max((int(size) for size in _SIZE.findall(trailer[1] if trailer else issued)), default=0)
