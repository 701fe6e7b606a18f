"""What lies in a zip archive. Its own words about sizes and ratios count for nothing: the bytes that come out do."""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

from agreements.findings import INT_BROKEN_PACKAGE, INT_LOCKED_PACKAGE, INT_UNPACK_LIMIT, Finding
from intake.unpacking.limits import MAX_ZIP_DIRECTORY, MAX_ZIP_ENTRIES, MAX_ZIP_RATIO, ZIP_RATIO_FREE_BYTES, Bound
from intake.unpacking.sniffing import SNIFFED_BYTES, Shape, shape_of
from intake.unpacking.tray import Inner

_RECORD: Final = b"PK\x01\x02"  # APPNOTE 4.3.12, one for each entry
_ENCRYPTED: Final = 0x1  # APPNOTE 4.4.4, general purpose bit 0
_UTF8: Final = 0x800  # bit 11
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # ISO/IEC 21320-1; others are unpacked without a bound
_CHUNK: Final = 2**18

MayUnpack = Callable[[int], bool]
"""Whether so many more bytes may come out of archives."""


def read_zip(data: bytes, may_unpack: MayUnpack) -> Iterator[Inner | Finding]:
    """Each file in the archive, or what is to be told of it. Of what can hold no PDF only the beginning is read."""
    archive = open_zip(data)
    if isinstance(archive, Finding):
        yield archive
        return
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ZIP_ENTRIES:
        yield INT_UNPACK_LIMIT(limit=Bound.ZIP_ENTRIES, allowed=MAX_ZIP_ENTRIES)
    room = max(ZIP_RATIO_FREE_BYTES, MAX_ZIP_RATIO * len(data))
    for entry in entries[:MAX_ZIP_ENTRIES]:
        item = _read_entry(archive, entry, may_unpack, room)
        if item is None:
            return
        yield item
        room -= len(item.data) if isinstance(item, Inner) else 0


def open_zip(data: bytes) -> zipfile.ZipFile | Finding:
    """The archive, its directory read; or why that was not done."""
    if data.count(_RECORD) > MAX_ZIP_DIRECTORY:
        return INT_UNPACK_LIMIT(limit=Bound.ZIP_ENTRIES, allowed=MAX_ZIP_ENTRIES)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except Exception:  # noqa: BLE001 - hostile bytes: whatever the reader raises
        return INT_BROKEN_PACKAGE(kind="zip")


def _read_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, may_unpack: MayUnpack, room: int
) -> Inner | Finding | None:
    """One file; None when the delivery's allowance is used up, which has been told."""
    if entry.flag_bits & _ENCRYPTED:
        return INT_LOCKED_PACKAGE()
    if entry.compress_type not in METHODS:
        return INT_BROKEN_PACKAGE(kind="zip")
    content = bytearray()
    try:
        with archive.open(entry) as file:
            while chunk := file.read(_CHUNK if content else SNIFFED_BYTES):
                if not may_unpack(len(chunk)):
                    return None
                if len(content) + len(chunk) > room:
                    return INT_UNPACK_LIMIT(limit=Bound.ZIP_RATIO, allowed=MAX_ZIP_RATIO)
                content += chunk
                if len(content) <= SNIFFED_BYTES and not _may_hold_pdf(entry.filename, chunk):
                    break
    except Exception:  # noqa: BLE001 - hostile bytes: whatever the reader raises
        return INT_BROKEN_PACKAGE(kind="zip")
    return Inner(name=_name(entry), data=bytes(content))


def _may_hold_pdf(name: str, head: bytes) -> bool:
    return name.lower().endswith((".pdf", ".msg")) or shape_of(head) is not Shape.OTHER


def _name(entry: zipfile.ZipInfo) -> str:
    """Without the flag for UTF-8 it is the writer's own: UTF-8 all the same, or what Windows uses in Norway."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")  # how the standard library has read it
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850", "replace")
