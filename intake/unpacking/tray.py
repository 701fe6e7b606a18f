"""What has been found in a delivery so far, and how much of its bounds is used up."""

import hashlib
from dataclasses import dataclass
from typing import Final

from agreements.findings import INT_UNPACK_LIMIT, Finding
from intake.names import display_name
from intake.unpacking.limits import (
    MAX_ALL_HEADERS_BYTES,
    MAX_DEPTH,
    MAX_NAMED,
    MAX_OTHERS,
    MAX_PARTS,
    MAX_PDFS,
    MAX_UNPACKED_BYTES,
    Bound,
)
from intake.unpacking.values import Candidate, Other

MAX_FINDINGS: Final = 20  # of one delivery; the same finding is told once


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Something that lay in a package."""

    name: str
    """As the package gives it."""
    data: bytes
    media_type: str = ""
    """As the mail declares it, in lower case."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a delivery something lies."""

    path: tuple[str, ...] = ()
    """Names that people know the way by: messages and archives, not parts."""
    depth: int = 0
    """Levels, parts included."""
    zips: int = 0
    """Archives it lies in."""

    def inside(self, name: str = "", *, zips: int = 0) -> "Place":
        """One level further in; a level with a name is a step of the path."""
        path = (*self.path, shown_name(name)) if name else self.path
        return Place(path=path, depth=self.depth + 1, zips=self.zips + zips)


class Tray:
    """Collects. What is beyond a bound is told once, and refused."""

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self.contents: dict[str, bytes] = {}
        """The candidates' bytes by SHA-256."""
        self.encrypted = False
        """The mail, or a message in it, can't be read without a key."""
        self.cut_short = False
        """A mail, or one in it, ends before its end."""
        self.unread = 0
        """Files that are no PDF and hold none."""
        self.others: list[Other] = []
        """What lay beside the PDFs, those included."""
        self.links: dict[str, None] = {}
        """Hosts where senders leave files, that the text points at."""
        self.texts: list[str] = []
        """The mail's own text parts, as they are shown; not those of mails inside it."""
        self._findings: dict[str, Finding] = {}
        self._parts = self._header_bytes = self._unpacked = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was told, each thing once."""
        return tuple(self._findings.values())

    @property
    def named_links(self) -> str:
        """The first hosts, for a finding."""
        return ", ".join(list(self.links)[:MAX_NAMED])

    def tell(self, finding: Finding) -> None:
        """Note something that a person must know."""
        if len(self._findings) < MAX_FINDINGS:
            self._findings.setdefault(finding.model_dump_json(), finding)

    def tell_limit(self, limit: Bound, allowed: int) -> None:
        """Note that part of the delivery was not looked at."""
        self.tell(INT_UNPACK_LIMIT(limit=limit, allowed=allowed))

    def add_pdf(self, name: str, place: Place, data: bytes) -> None:
        """Keep a PDF; the same one once more is nothing new."""
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in self.contents:
            return
        if len(self.candidates) >= MAX_PDFS:
            self.tell_limit(Bound.PDFS, MAX_PDFS)
            return
        self.contents[sha256] = data
        self.candidates.append(Candidate(name=shown_name(name), path=place.path, size=len(data), sha256=sha256))

    def add_other(self, inner: Inner, place: Place, kind: str) -> None:
        """Note a file that is no PDF; a finding or the count says what that means."""
        if len(self.others) < MAX_OTHERS:
            name = shown_name(inner.name)
            self.others.append(Other(name=name, path=place.path, size=len(inner.data), kind=kind))

    def may_enter(self, place: Place) -> bool:
        """True if that place is not too deep, and headers may still be read."""
        if place.depth > MAX_DEPTH:
            self.tell_limit(Bound.DEPTH, MAX_DEPTH)
        elif self._header_bytes > MAX_ALL_HEADERS_BYTES:
            self.tell_limit(Bound.HEADERS, MAX_ALL_HEADERS_BYTES)
        else:
            return True
        return False

    def may_take_part(self) -> bool:
        """True if one more part of a mail or file of a package may be looked at; counts it."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            self.tell_limit(Bound.PARTS, MAX_PARTS)
            return False
        return True

    def count_header(self, size: int) -> None:
        """Count a header that was read, in bytes."""
        self._header_bytes += size

    def may_unpack(self, size: int) -> bool:
        """True if so many more bytes may come out of archives; counts them."""
        self._unpacked += size
        if self._unpacked > MAX_UNPACKED_BYTES:
            self.tell_limit(Bound.UNPACKED, MAX_UNPACKED_BYTES)
            return False
        return True


def shown_name(name: str) -> str:
    """A name from a delivery as people may see it: the last part of what may be a path of any system."""
    return display_name(name.replace("\\", "/").encode("utf-8", "replace"))
