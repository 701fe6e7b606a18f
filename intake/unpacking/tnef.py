"""What lies in a winmail.dat: Outlook's own wrapping of attachments ([MS-OXTNEF]), which other mail programs show as
one unreadable file.

Read are the attachments only: their bytes, their names, and messages among them, which are winmail.dat again.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from agreements.findings import INT_BROKEN_PACKAGE, Finding
from intake.unpacking.limits import MAX_TNEF_ITEMS
from intake.unpacking.tray import Inner
from intake.unpacking.words import decode_raw

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"  # [MS-OXTNEF] 2.1.3.1
_HEADER: Final = 6  # the signature and a key
_ATTRIBUTE: Final = struct.Struct("<BII")  # level, id, length; after the data a checksum of two bytes
_CHECKSUM: Final = 2
_NEW_ATTACHMENT, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005  # 2.1.3.2

_LONG_NAME, _SHORT_NAME, _DATA_OBJECT = 0x3707, 0x3704, 0x3701  # [MS-OXPROPS] PidTagAttach…
_MANY, _NAMED = 0x1000, 0x8000
_TEXT, _UNICODE, _OBJECT = 0x1E, 0x1F, 0x0D  # [MS-OXCDATA] 2.11.1
_SIZED: Final = (_TEXT, _UNICODE, _OBJECT, 0x102)
_FIXED: Final = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_INTERFACE_ID: Final = 16  # bytes before an object's content, [MS-OXTNEF] 2.1.3.4.2


class _BrokenError(ValueError):
    """Cut short, or no TNEF."""


@dataclass
class _Attachment:
    title: str = ""
    data: bytes = b""
    properties: dict[int, bytes | str] = field(default_factory=dict)

    def inner(self) -> Inner | None:
        name = self.properties.get(_LONG_NAME) or self.title or self.properties.get(_SHORT_NAME) or ""
        inside = self.properties.get(_DATA_OBJECT)
        data = self.data
        if isinstance(inside, bytes) and (not data or inside.startswith(_SIGNATURE)):
            data = inside  # a message: what stands beside it is its picture
        return Inner(name=str(name), data=data) if name or data else None


def read_tnef(data: bytes) -> Iterator[Inner | Finding]:
    """Each attachment, and a finding if the rest can't be read."""
    attachment: _Attachment | None = None
    broken = False
    attributes = _attributes(data)
    while not broken:
        try:
            identity, content = next(attributes)
            if identity == _NEW_ATTACHMENT:
                yield from _given(attachment)
                attachment = _Attachment()
            elif attachment is not None:
                _add(attachment, identity, content)
        except StopIteration:
            break
        except _BrokenError:
            broken = True
    yield from _given(attachment)
    if broken:
        yield INT_BROKEN_PACKAGE(kind="winmail.dat")


def _given(attachment: _Attachment | None) -> Iterator[Inner]:
    inner = None if attachment is None else attachment.inner()
    if inner is not None:
        yield inner


def _add(attachment: _Attachment, identity: int, content: bytes) -> None:
    if identity == _TITLE:
        attachment.title = decode_raw(content.partition(b"\0")[0])
    elif identity == _DATA:
        attachment.data = content
    elif identity == _PROPERTIES:
        attachment.properties = dict(_properties(content))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER
    for _ in range(MAX_TNEF_ITEMS):
        if at + _ATTRIBUTE.size > len(data):
            return  # the end, or a few bytes that gateways add
        level, identity, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if level not in (1, 2) or at + length > len(data):
            raise _BrokenError
        yield identity, data[at : at + length]
        at += length + _CHECKSUM
    raise _BrokenError


def _properties(data: bytes) -> Iterator[tuple[int, bytes | str]]:
    """The properties of an attachment that are its name or its content ([MS-OXTNEF] 2.1.3.4)."""
    reader = _Reader(data)
    for _ in range(min(reader.number(), MAX_TNEF_ITEMS)):
        kind, identity = reader.short(), reader.short()
        if identity & _NAMED:
            _skip_name(reader)
        values = tuple(_values(reader, kind))
        if identity in (_LONG_NAME, _SHORT_NAME, _DATA_OBJECT) and values:
            yield identity, _read_value(kind, values[0])


def _skip_name(reader: "_Reader") -> None:
    reader.take(16)  # the property set
    if reader.number() == 0:
        reader.number()
    else:
        reader.take(reader.number(), padded=True)


def _values(reader: "_Reader", kind: int) -> Iterator[bytes]:
    base = kind & ~_MANY
    count = reader.number() if base in _SIZED or kind & _MANY else 1
    for _ in range(min(count, MAX_TNEF_ITEMS)):
        if base in _SIZED:
            yield reader.take(reader.number(), padded=True)
        elif base in _FIXED:
            yield reader.take(_FIXED[base])
        else:
            raise _BrokenError


def _read_value(kind: int, value: bytes) -> bytes | str:
    base = kind & ~_MANY
    if base == _UNICODE:
        return value.decode("utf-16-le", "replace").partition("\0")[0]
    if base == _TEXT:
        return decode_raw(value.partition(b"\0")[0])
    return value[_INTERFACE_ID:] if base == _OBJECT else value


class _Reader:
    """Reads little-endian numbers and bytes one after the other. Raises _BrokenError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int, *, padded: bool = False) -> bytes:
        """So many bytes; `padded`: what follows begins at a multiple of four."""
        end = self._at + size
        if end > len(self._data):
            raise _BrokenError
        taken = self._data[self._at : end]
        self._at = end + (-size % 4 if padded else 0)
        return taken

    def number(self) -> int:
        """Four bytes."""
        return int.from_bytes(self.take(4), "little")

    def short(self) -> int:
        """Two bytes."""
        return int.from_bytes(self.take(2), "little")
