"""What stands in a file that a document carries: as text, in XML or JSON with base64 in it, in DER, ZIP or another PDF.

A walk over contents within contents, under one allowance of bytes and depth for the whole document. What could not be
looked into is told. Runs in the sandbox.

Not promised: text in pictures, in sound and in fonts; bytes in base64 that are none of these kinds (keys, digests,
signature values).
"""

import base64
import html
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from agreements.identity_search import Unread
from intake.reading.der import LIKELY, der_texts, is_der

MAX_CONTENT_BYTES: Final = 8 * 2**20  # one file; a carrier's evidence has some 100 kB, the original it embeds 1 MB
MAX_ALL_BYTES: Final = 24 * 2**20  # all together; searching them takes some two of the child's ten seconds
MAX_DEPTH: Final = 4  # attachment > XML > base64 > XML > base64; SEID-SDO has three
MAX_ENCODED: Final = 20_000  # runs of base64, long names among them; an XAdES signature has some thirty
MAX_ENTRIES: Final = 200  # of one archive; ASiC-E has under ten

_PICTURES: Final = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"\x00\x00\x00\x0cjP", b"OTTO", b"wOF"),
    *(b"\x00\x01\x00\x00", b"ttcf"),
)
"""Pictures and fonts: there is no text in them that could be searched."""
_UTF16: Final = re.compile(rb"\A(?:\xff\xfe|\xfe\xff)")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/]{15,}(?:\s{1,4}[A-Za-z0-9+/]{16,})*+(?:\s{1,4}[A-Za-z0-9+/]{1,15})?")
_ENCODED_FOR_URLS: Final = re.compile(r"[A-Za-z0-9]*+[_-][A-Za-z0-9_-]{14,}")
"""Eleven bytes are fifteen characters, padding aside."""
_JSON_ESCAPE: Final = re.compile(r"\\(?:u00(3[0-9])|([nr/]))")
_UNTEXTUAL: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
MOST_UNTEXTUAL: Final = 0.02  # of the bytes; text has none, anything else some tenth

PdfTexts = Callable[[bytes], Iterator["str | Unread"]]
"""The texts of a PDF inside, and why some of it was not read."""


@dataclass
class Allowance:
    """What may still be looked at in one document."""

    left: int = MAX_ALL_BYTES
    encoded: int = MAX_ENCODED

    def take(self, count: int) -> bool:
        """Whether so many more bytes may be looked at."""
        self.left -= count
        return self.left >= 0


class Contents:
    """The walk. `pdf_texts` reads a PDF inside another; None where that is one too deep already."""

    def __init__(self, allowance: Allowance, pdf_texts: PdfTexts | None) -> None:
        self._allowance = allowance
        self._pdf_texts = pdf_texts

    def texts(self, data: bytes, depth: int = 0, *, coded: bool = False) -> Iterator[str | Unread]:
        """Every text in the content. `coded`: it stood in base64, where bytes of no known kind are to be expected."""
        if not data or data.startswith(_PICTURES):
            return
        if len(data) > MAX_CONTENT_BYTES or not self._allowance.take(len(data)):
            yield Unread.TOO_LARGE
        elif depth > MAX_DEPTH:
            yield Unread.TOO_DEEP
        elif b"%PDF-" in data[:1024]:
            yield from self._pdf(data)
        elif data.startswith(b"PK\x03\x04"):
            yield from self._archive(data, depth)
        elif is_der(data):
            yield from der_texts(data)
        elif (text := as_text(data)) is not None:
            yield from self._text(text, depth)
        else:
            if LIKELY.search(data):
                yield data.replace(b"\x00", b"").decode("latin-1")
            if not coded:
                yield Unread.UNKNOWN_KIND

    def _pdf(self, data: bytes) -> Iterator[str | Unread]:
        if self._pdf_texts is None:
            yield Unread.TOO_DEEP
        else:
            yield from self._pdf_texts(data)

    def _archive(self, data: bytes, depth: int) -> Iterator[str | Unread]:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                entries = archive.infolist()
                if len(entries) > MAX_ENTRIES:
                    yield Unread.TOO_MANY
                for entry in entries[:MAX_ENTRIES]:
                    yield entry.filename
                    yield from self._entry(archive, entry, depth)
        except Exception:  # noqa: BLE001 - hostile bytes: whatever the reader raises
            yield Unread.BROKEN

    def _entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> Iterator[str | Unread]:
        if entry.flag_bits & 0x1:  # APPNOTE 4.4.4
            yield Unread.ENCRYPTED
            return
        with archive.open(entry) as file:
            yield from self.texts(file.read(MAX_CONTENT_BYTES + 1), depth + 1)

    def _text(self, text: str, depth: int) -> Iterator[str | Unread]:
        if "&" in text:
            text = html.unescape(text)
        if "\\" in text:
            text = _JSON_ESCAPE.sub(_unescaped, text)
        yield text
        for run in (*_ENCODED.findall(text), *_ENCODED_FOR_URLS.findall(text)):
            self._allowance.encoded -= 1
            if self._allowance.encoded < 0:
                yield Unread.TOO_MANY
                return
            yield from self.texts(_decoded(run), depth + 1, coded=True)


def as_text(data: bytes) -> str | None:
    """The text that the bytes are, in UTF-8, UTF-16 or an older code; None where they are something else."""
    if _UTF16.match(data):
        return data.decode("utf-16", "replace")
    zeros = data.count(b"\x00")
    if zeros * 3 > len(data):
        return data.decode("utf-16-be" if data[:1] == b"\x00" else "utf-16-le", "replace")
    strange = len(data) - len(data.translate(None, _UNTEXTUAL))
    if strange > len(data) * MOST_UNTEXTUAL:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1") if sum(byte >= 0x80 for byte in data[:4096]) * 4 < len(data[:4096]) else None


def _unescaped(match: re.Match[str]) -> str:
    digit, other = match.groups()
    return chr(int(digit, 16)) if digit else "/" if other == "/" else "\n"


def _decoded(run: str) -> bytes:
    """Base64 in either alphabet (RFC 4648), with or without its padding."""
    plain = "".join(run.split()).rstrip("=").replace("-", "+").replace("_", "/")
    plain = plain[: len(plain) - 1] if len(plain) % 4 == 1 else plain
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
