"""The form fields of one revision, found by walking the tree ourselves.

The engine stops at the first field it dislikes and passes over signatures of kinds it does not know; here every field
is found, and one that is broken hides no other.
"""

from dataclasses import dataclass
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, Key, PdfValue, TooManyError, key_of, raw

MAX_FIELDS: Final = 5_000  # the catalogue has some seventy; 100,000 fields take 10 s and 322 MB (facts 1.6)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One named node of the field tree, its type inherited."""

    name: str
    key: Key | None
    value: PdfValue
    """The field's dictionary."""
    kind: str | None
    """`/Sig`, `/Tx`, …"""
    widgets: tuple[tuple[Key | None, PdfValue], ...]
    """The annotations that show it: the field itself where it is merged with its widget, else its unnamed kids."""

    @property
    def is_signature(self) -> bool:
        """Signature fields, those without a type included if they hold something signed."""
        return self.kind == "/Sig"


def collect_fields(document: Document, revision: int) -> dict[str, Field]:
    """Every named field of a revision by its full name; a name that comes twice gets `#2`, `#3` …"""
    form = document.get(document.root(revision), "/AcroForm", revision)
    roots = document.get(form, "/Fields", revision)
    found: dict[str, Field] = {}
    seen: set[Key] = set()
    todo: list[tuple[PdfValue, str, str | None]] = [(node, "", None) for node in reversed(_items(roots))]
    while todo:
        node, prefix, inherited = todo.pop()
        key = key_of(node)
        if key is not None and key in seen:
            continue
        if key is not None:
            seen.add(key)
        value = document.resolve(node, revision)
        if not isinstance(value, generic.DictionaryObject):
            continue
        field, kids = _read(document, revision, (key, value), prefix, inherited)
        if field is not None:
            found[_free_name(found, field.name)] = field
            todo.extend((kid, field.name, field.kind) for kid in reversed(kids))
        if len(found) + len(todo) > MAX_FIELDS:
            raise TooManyError("fields", MAX_FIELDS)
    return found


def _items(value: PdfValue) -> list[PdfValue]:
    if not isinstance(value, generic.ArrayObject):
        return []
    return [value.raw_get(index) for index in range(len(value))]


def _read(
    document: Document, revision: int, node: tuple[Key | None, PdfValue], prefix: str, inherited: str | None
) -> tuple[Field | None, list[PdfValue]]:
    """The field and those of its kids that are fields themselves. An unnamed root is a field without a name."""
    key, value = node
    partial = document.get(value, "/T", revision)
    name = str(partial) if partial is not None else ""
    full = f"{prefix}.{name}" if prefix and name else prefix or name
    kind = document.get(value, "/FT", revision) or inherited
    if kind is None and raw(document.get(value, "/V", revision), "/ByteRange") is not None:
        kind = "/Sig"
    named: list[PdfValue] = []
    widgets: list[tuple[Key | None, PdfValue]] = []
    for kid in _items(document.get(value, "/Kids", revision)):
        kid_value = document.resolve(kid, revision)
        if raw(kid_value, "/T") is not None:
            named.append(kid)
        elif isinstance(kid_value, generic.DictionaryObject):
            widgets.append((key_of(kid), kid_value))
    if raw(value, "/Rect") is not None or not (named or widgets):
        widgets.append((key, value))
    field = Field(name=full, key=key, value=value, kind=str(kind) if kind else None, widgets=tuple(widgets))
    return field, named


def _free_name(taken: dict[str, Field], name: str) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"


def is_visible(document: Document, widget: PdfValue, revision: int) -> bool:
    """True unless the rectangle has no area. Flags don't count: a script or a viewer may overrule them."""
    corners = [document.resolve(corner, revision) for corner in _items(document.get(widget, "/Rect", revision))]
    if len(corners) != 4 or not all(isinstance(c, generic.NumberObject | generic.FloatObject) for c in corners):
        return raw(widget, "/Rect") is not None
    left, bottom, right, top = (float(corner) for corner in corners)
    return left != right and bottom != top
