"""What the form fields of one revision hold, by pypdf: another reader than the one that shows the page.

Only fields that are asked for are looked at. What is broken, or too deep or wide for a form, says nothing.
"""

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pypdf
from pypdf.generic import ArrayObject, DictionaryObject, NullObject, StreamObject

MAX_FIELDS: Final = 2_000  # nodes of a form; an agreement has under 100
MAX_DEPTH: Final = 10  # of fields within fields; ours have none within others
MAX_CHOICES: Final = 500  # of one list; our longest has five
MAX_VALUE: Final = 10_000  # characters; the longest that a field of ours takes is 2,000
_OFF: Final = "/Off"
_INHERITED: Final = ("/FT", "/V", "/Opt")
UNCLEAR: Final = "\ufffd"
"""The value of a field that stands twice and differs, or holds what none of its kind does: it agrees with nothing."""

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it repeats what stands in broken documents


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """What a field holds: text, the code of a choice, whether it is ticked; None if it is empty."""

    value: str | bool | None


def read_form_values(revision: bytes, names: frozenset[str]) -> dict[str, FieldValue]:
    """The values of the fields with these names, as far as the form can be read."""
    found: dict[str, FieldValue] = {}
    try:
        for name, field in _fields(pypdf.PdfReader(io.BytesIO(revision), strict=False)):
            if name in names:
                value = FieldValue(value=_value(field))
                found[name] = value if found.get(name, value) == value else FieldValue(value=UNCLEAR)
    except Exception:  # noqa: BLE001 - a hostile file makes a parser fail in any way
        return {}
    return found


def _fields(reader: pypdf.PdfReader) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field with its full name and what it inherits (ISO 32000-1, 12.7.3.1), in no order."""
    form = reader.root_object.get("/AcroForm")
    roots = _items(_resolved(form).get("/Fields")) if form is not None else []
    ahead: list[tuple[str, Mapping[str, Any], Any, int]] = [("", {}, node, 0) for node in roots]
    for _ in range(MAX_FIELDS):
        if not ahead:
            return
        prefix, inherited, node, depth = ahead.pop()
        node = node.get_object()
        if not isinstance(node, DictionaryObject) or depth > MAX_DEPTH:
            continue
        own = dict(inherited) | {key: node.get(key) for key in _INHERITED if key in node}
        name = ".".join(filter(None, (prefix, str(node.get("/T", "")))))
        kids = _items(node.get("/Kids"))
        ahead += [(name, own, kid, depth + 1) for kid in kids]
        if "/T" in node and not any("/T" in _resolved(kid) for kid in kids):
            yield name, own


def _value(field: Mapping[str, Any]) -> str | bool | None:
    value = _plain(field.get("/V"))
    match field.get("/FT"):
        case "/Btn":
            return UNCLEAR if not isinstance(value, str | None) else value not in {None, "", _OFF}
        case "/Ch":
            only = _plain(value[0]) if isinstance(value, ArrayObject) and len(value) == 1 else value
            return _code(only, field.get("/Opt")) if isinstance(only, str) and only else _empty_or_unclear(only)
        case _:
            return value[: MAX_VALUE + 1] if isinstance(value, str) and value else _empty_or_unclear(value)


def _code(value: str, options: Any) -> str:
    """A choice's code, where the program that filled the form wrote the label of one in its place."""
    pairs = [pair for pair in map(_pair, _items(options)[:MAX_CHOICES]) if pair is not None]
    if any(code == value for code, _ in pairs):
        return value
    codes = [code for code, label in pairs if label == value]
    return codes[0] if len(codes) == 1 else value[: MAX_VALUE + 1]


def _pair(option: Any) -> tuple[str, str] | None:
    """Code and label of one option: a text is both."""
    parts = [_plain(part) for part in _items(option)] or [_plain(option)] * 2
    texts = [part for part in parts if isinstance(part, str)]
    return (texts[0], texts[1]) if len(texts) == len(parts) == 2 else None


def _empty_or_unclear(value: Any) -> str | None:
    return UNCLEAR if value else None


def _plain(value: Any) -> Any:
    """A string, name or stream as text."""
    value = None if value is None else value.get_object()
    if isinstance(value, StreamObject):
        value = value.get_data()
    if isinstance(value, bytes):
        return value[: MAX_VALUE + 1].decode("latin-1")
    return None if isinstance(value, NullObject) else value


def _items(value: Any) -> list[Any]:
    value = None if value is None else value.get_object()
    return list(value) if isinstance(value, ArrayObject) else []


def _resolved(value: Any) -> DictionaryObject:
    value = value.get_object()
    return value if isinstance(value, DictionaryObject) else DictionaryObject()
