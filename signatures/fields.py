"""The form fields of one revision, found by walking the tree ourselves.

The engine stops at the first field it dislikes and passes over signatures of kinds it does not know; here every field
is found, and one that is broken hides no other.
"""

import math
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
    parent: Key | None
    """The field that lists it among its kids; None at the root."""
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
    todo: list[tuple[PdfValue, Field | None]] = [(node, None) for node in reversed(items_of(roots))]
    while todo:
        node, parent = todo.pop()
        key = key_of(node)
        if key is not None and key in seen:
            continue
        if key is not None:
            seen.add(key)
        value = document.resolve(node, revision)
        if not isinstance(value, generic.DictionaryObject):
            continue
        field, kids = _read(document, revision, (key, value), parent)
        found[_free_name(found, field.name)] = field
        todo.extend((kid, field) for kid in reversed(kids))
        if len(found) + len(todo) > MAX_FIELDS:
            raise TooManyError("fields", MAX_FIELDS)
    return found


def items_of(value: PdfValue) -> list[PdfValue]:
    """The items of a resolved array, references as they stand; nothing where it is none."""
    if not isinstance(value, generic.ArrayObject):
        return []
    return [value.raw_get(index) for index in range(len(value))]


def _read(
    document: Document, revision: int, node: tuple[Key | None, PdfValue], parent: Field | None
) -> tuple[Field, list[PdfValue]]:
    """The field and those of its kids that are fields themselves. An unnamed root is a field without a name."""
    key, value = node
    prefix, inherited = ("", None) if parent is None else (parent.name, parent.kind)
    partial = document.get(value, "/T", revision)
    name = str(partial) if partial is not None else ""
    full = f"{prefix}.{name}" if prefix and name else prefix or name
    kind = document.get(value, "/FT", revision) or inherited
    if kind is None and raw(document.get(value, "/V", revision), "/ByteRange") is not None:
        kind = "/Sig"
    named: list[PdfValue] = []
    widgets: list[tuple[Key | None, PdfValue]] = []
    for kid in items_of(document.get(value, "/Kids", revision)):
        kid_value = document.resolve(kid, revision)
        if raw(kid_value, "/T") is not None:
            named.append(kid)
        elif isinstance(kid_value, generic.DictionaryObject):
            widgets.append((key_of(kid), kid_value))
    if raw(value, "/Rect") is not None or not (named or widgets):
        widgets.append((key, value))
    field = Field(
        name=full,
        key=key,
        parent=None if parent is None else parent.key,
        value=value,
        kind=str(kind) if kind else None,
        widgets=tuple(widgets),
    )
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
    corners = rectangle_of(document, widget, revision)
    if corners is None:
        return raw(widget, "/Rect") is not None
    left, bottom, right, top = corners
    return left != right and bottom != top


def rectangle_of(document: Document, widget: PdfValue, revision: int) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top, in order (ISO 32000-1, 7.9.5); None unless these are four numbers."""
    numbers = numbers_of(document, document.get(widget, "/Rect", revision), revision)
    if numbers is None or len(numbers) != 4:
        return None
    x0, y0, x1, y1 = numbers
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def numbers_of(document: Document, array: PdfValue, revision: int) -> tuple[float, ...] | None:
    """An array of finite numbers; None where it is anything else."""
    if not isinstance(array, generic.ArrayObject):
        return None
    values = [document.resolve(item, revision) for item in items_of(array)]
    if not all(isinstance(value, generic.NumberObject | generic.FloatObject) for value in values):
        return None
    numbers = tuple(float(value) for value in values)
    return numbers if all(math.isfinite(number) for number in numbers) else None
