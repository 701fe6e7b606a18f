"""Increments that two programs read in two ways, written by hand behind a file with a classic table."""

import re
from collections.abc import Callable

Write = Callable[..., bytes]
"""Takes the file and, if wanted, the number of the object that is put over."""
_END = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_ROOT = re.compile(rb"/Root (\d+ \d+ R)")
_SIZE = re.compile(rb"/Size (\d+)")
_CONTENT = b"<< /Length 26 >>\nstream\nq 1 0 0 rg 0 0 9 9 re f Q  \nendstream"


def _facts(pdf: bytes) -> tuple[int, bytes, int]:
    """Where the last section is, the root, and the size."""
    end = _END.search(pdf)
    assert end is not None
    return int(end[1]), _ROOT.findall(pdf)[-1], max(int(size) for size in _SIZE.findall(pdf))


def _object(pdf: bytes, number: int, generation: int = 0) -> tuple[bytes, int]:
    """A page's new content, and where it will stand."""
    return b"%d %d obj\n%s\nendobj\n" % (number, generation, _CONTENT), len(pdf)


def _tail(pdf: bytes, body: bytes, table: bytes, *, size: int | None = None, previous: int | None = None) -> bytes:
    """Body, table, trailer and end behind the file."""
    old, root, known = _facts(pdf)
    start = len(pdf) + len(body)
    before = old if previous is None else previous
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %d >>\n" % (size or known, root, before)
    return pdf + body + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % start


def plain(pdf: bytes, number: int = 5) -> bytes:
    """A well-formed increment: only its content is new."""
    body, place = _object(pdf, number)
    return _tail(pdf, body, b"%d 1\n%010d 00000 n \n" % (number, place))


def short_entries(pdf: bytes, number: int = 5) -> bytes:
    """Entries of 19 bytes: some programs refuse the table and look for objects themselves."""
    body, _ = _object(pdf, number)
    return _tail(pdf, body, b"0 1\n0000000000 65535 f\n")


def listed_twice(pdf: bytes, number: int = 5) -> bytes:
    """One number twice in one section: the first counts for some, the last for others."""
    body, place = _object(pdf, number)
    line = b"%d 1\n%010d 00000 n \n" % (number, place)
    return _tail(pdf, body, line + line)


def raised_generation(pdf: bytes, number: int = 5) -> bytes:
    """Another generation: some follow the reference's own, some the newest."""
    body, place = _object(pdf, number, 1)
    return _tail(pdf, body, b"%d 1\n%010d 00001 n \n" % (number, place))


def unlisted(pdf: bytes, number: int = 5) -> bytes:
    """An object that no table names: who rebuilds the table finds it."""
    body, _ = _object(pdf, number)
    return _tail(pdf, body, b"0 1\n0000000000 65535 f \n")


def listed_elsewhere(pdf: bytes, number: int = 5) -> bytes:
    """The table points a little beside the object."""
    body, place = _object(pdf, number)
    return _tail(pdf, body, b"%d 1\n%010d 00000 n \n" % (number, place + 1))


def skipped_section(pdf: bytes, number: int = 5) -> bytes:
    """`/Prev` passes over the section before."""
    body, place = _object(pdf, number)
    return _tail(pdf, body, b"%d 1\n%010d 00000 n \n" % (number, place), previous=0)


def small_size(pdf: bytes, number: int = 5) -> bytes:
    """A `/Size` below what the file holds."""
    body, place = _object(pdf, number)
    return _tail(pdf, body, b"%d 1\n%010d 00000 n \n" % (number, place), size=number + 1)


def second_trailer(pdf: bytes, number: int = 5) -> bytes:
    """A trailer between the objects: who rebuilds the table may follow it to another catalogue."""
    body, place = _object(pdf, number)
    table = b"%d 1\n%010d 00000 n \n" % (number, place)
    return _tail(pdf, body + b"trailer\n<< /Size 99 /Root %d 0 R >>\n" % number, table)


def _in_trailer(pdf: bytes, written: Callable[[bytes], bytes], number: int) -> bytes:
    """The object stands in the trailer, where no table need list it: who rebuilds the table finds it."""
    body, _ = _object(pdf, number)
    old, root, known = _facts(pdf)
    head, start = b"xref\n0 1\n0000000000 65535 f \ntrailer\n", len(pdf)
    inner = b"/Size %d /Root %s /Prev %d" % (known, root, old)
    return pdf + head + written(inner).replace(b"BODY", body) + b"\nstartxref\n%d\n%%%%EOF\n" % start


def object_in_trailer_string(pdf: bytes, number: int = 5) -> bytes:
    """Inside a literal string, where a parser sees a part of the file's identifier."""
    return _in_trailer(pdf, lambda inner: b"<< " + inner + b" /ID [(\nBODY)(x)] >>", number)


def object_behind_trailer(pdf: bytes, number: int = 5) -> bytes:
    """Between the trailer's end and `startxref`."""
    return _in_trailer(pdf, lambda inner: b"<< " + inner + b" >>\nBODY<< >>", number)


def packed_table(pdf: bytes, number: int = 5) -> bytes:
    """A cross-reference stream that still leads to the signed object; who rebuilds the table finds another."""
    body, _ = _object(pdf, number)
    old, root, known = _facts(pdf)
    start = len(pdf) + len(body)
    entry = b"\x01" + start.to_bytes(4, "big") + b"\x00"
    entries = (known, known + 1, known, root, old, len(entry), entry)
    stream = (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Index [%d 1] /Root %s /Prev %d /Length %d >>\n"
        b"stream\n%s\nendstream\nendobj\n" % entries
    )
    return pdf + body + stream + b"startxref\n%d\n%%%%EOF\n" % start


AMBIGUOUS: dict[str, tuple[Write, str]] = {
    "short_entries": (short_entries, "xref-form"),
    "listed_twice": (listed_twice, "xref-entry"),
    "raised_generation": (raised_generation, "xref-entry"),
    "unlisted": (unlisted, "unlisted-object"),
    "listed_elsewhere": (listed_elsewhere, "xref-entry"),
    "skipped_section": (skipped_section, "xref-chain"),
    "small_size": (small_size, "xref-size"),
    "second_trailer": (second_trailer, "xref-chain"),
    "object_in_trailer_string": (object_in_trailer_string, "unlisted-object"),
    "object_behind_trailer": (object_behind_trailer, "xref-form"),
    "packed_table": (packed_table, "xref-stream"),
}
"""Each way with the fault that names it."""
