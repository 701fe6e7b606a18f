"""When two PDF values are the same, looked at one level deep."""

from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree as ET

from pyhanko.pdf_utils import generic

from signatures.document import PdfValue, raw

_DC_TITLE: Final = "{http://purl.org/dc/elements/1.1/}title"  # XMP specification part 1, 8.4


def words(value: PdfValue) -> object:
    """A text as people read it: honest software writes it again in another encoding (ISO 32000-1, 7.9.2.2)."""
    return str(value) if isinstance(value, generic.TextStringObject) else _scalar(_plain(value))


def same_words(old: PdfValue, new: PdfValue, keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys under which both dictionaries hold a text that reads the same."""
    pairs = ((key, raw(old, key), raw(new, key)) for key in keys)
    return frozenset(
        key
        for key, before, after in pairs
        if isinstance(before, generic.TextStringObject)
        and isinstance(after, generic.TextStringObject)
        and str(before) == str(after)
    )


def children(old: PdfValue, new: PdfValue) -> list[tuple[PdfValue, PdfValue]] | None:
    """Compare two resolved values shallowly: the pairs to go on with, or None where they differ."""
    old, new = _plain(old), _plain(new)
    if isinstance(old, generic.StreamObject) or isinstance(new, generic.StreamObject):
        return _stream_children(old, new)
    if isinstance(old, generic.DictionaryObject) and isinstance(new, generic.DictionaryObject):
        return _dictionary_children(old, new, frozenset())
    if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
        if len(old) != len(new):
            return None
        return [(old.raw_get(index), new.raw_get(index)) for index in range(len(old))]
    return [] if _scalar(old) == _scalar(new) else None


def _stream_children(old: PdfValue, new: PdfValue) -> list[tuple[PdfValue, PdfValue]] | None:
    if not isinstance(old, generic.StreamObject) or not isinstance(new, generic.StreamObject):
        return None
    if old.encoded_data != new.encoded_data:
        return None
    return _dictionary_children(old, new, frozenset({"/Length"}))


def _dictionary_children(old: PdfValue, new: PdfValue, free: frozenset[str]) -> list[tuple[PdfValue, PdfValue]] | None:
    """A key with the value null is the same as no key (ISO 32000-1, 7.3.7)."""
    return [(raw(old, key), raw(new, key)) for key in sorted((set(old) | set(new)) - free)]


def _plain(value: PdfValue) -> PdfValue:
    return None if isinstance(value, generic.NullObject) else value


def _scalar(value: PdfValue) -> tuple[str, object]:
    """A value with its kind, so that `true`, `1`, `/1` and `(1)` all differ while `1` and `1.0` do not."""
    if isinstance(value, generic.BooleanObject):
        return ("boolean", bool(value.value))
    if isinstance(value, generic.NumberObject | generic.FloatObject):
        return ("number", float(value))
    if isinstance(value, generic.NameObject):
        return ("name", str(value))
    if isinstance(value, generic.TextStringObject | generic.ByteStringObject):
        return ("string", value.original_bytes)
    return (type(value).__name__, None if value is None else str(value))


def titles(stream: PdfValue) -> tuple[str, ...] | bytes:
    """The XMP titles, one for each language; the packet itself where it is no XML we can look into."""
    if not isinstance(stream, generic.StreamObject):
        return ()
    data = bytes(stream.data)
    try:
        titles = ET.fromstring(data).iter(_DC_TITLE)  # noqa: S314 - in the sandbox; expat bounds entities
        return tuple(text for title in titles if (text := " ".join("".join(title.itertext()).split())))
    except (ET.ParseError, ValueError, LookupError):
        return data
