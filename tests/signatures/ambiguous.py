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


AMBIGUOUS: dict[str, tuple[Write, str]] = {
    "short_entries": (short_entries, "xref-form"),
    "listed_twice": (listed_twice, "xref-entry"),
    "raised_generation": (raised_generation, "xref-entry"),
    "unlisted": (unlisted, "unlisted-object"),
    "listed_elsewhere": (listed_elsewhere, "xref-entry"),
    "skipped_section": (skipped_section, "xref-chain"),
    "small_size": (small_size, "xref-size"),
}
"""Each way with the fault that names it."""
