"""The structure tree that screen readers follow: WeasyPrint's, with its faults repaired and its ballast thrown out.

* A form element with its only child in an array makes pyHanko's difference check refuse every later signature: it knows
  the path /K /Obj, not /K [0] /Obj (facts/rendering.md 1.6).
* Running headers and footers are marked as content of elements that hang nowhere: they are artifacts (ISO 14289-1 7.8).
* Header cells have no scope, only numbers that would need an index (ISO 14289-1 7.5, ISO 32000-1 table 322).
* A table without a header cell is there for the look alone, and must not be read out as data (ISO 14289-1 7.5).
* Every piece of text has an element of its own, and every box around it one more. Half of the file was that.
"""

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TypeGuard

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

_BALLAST = frozenset({"/Span", "/NonStruct", "/Div"})  # say nothing about what they hold (ISO 32000-1 14.8.4)
_PARTS = frozenset({"/Document", "/Part", "/Art", "/Sect", "/BlockQuote"})
_KEPT_EMPTY = frozenset({"/TD", "/TH"})  # a row must keep its columns
_TABLE_PARTS = frozenset({"/THead", "/TBody", "/TFoot", "/TR"})
_CELLS = frozenset({"/TD", "/TH"})
_MARKED = re.compile(rb"/\w+\s+<<\s*/MCID (\d+)\s*>>\s*BDC")


@dataclass
class _Tree:
    """The owners of the pages' marked content, as found so far."""

    owners: dict[tuple[int, int], dict[int, Object]] = field(default_factory=dict)
    """By the page's object number and generation: by the content's number (MCID)."""


def tidy_structure(pdf: Pdf) -> None:
    """Repair the tree in place. A document without one stays as it is."""
    root = pdf.Root.get("/StructTreeRoot")
    if root is None:
        return
    tree = _Tree()
    for document in _elements(root.get("/K")):
        _write_children(document, _tidied_children(tree, document, table=False), tree)
    _rewrite_parents(pdf, root, tree)
    for page in pdf.pages:
        page.obj.Tabs = Name.S


def _tidied_children(tree: _Tree, element: Object, *, table: bool) -> list[Object | int]:
    children: list[Object | int] = []
    for child in _children(element):
        children += _tidied(tree, child, table=table) if _is_element(child) else [child]
    return children


def _tidied(tree: _Tree, element: Object, *, table: bool) -> list[Object | int]:
    """What stands in an element's place: itself, its children, or nothing. `table`: we are in a table for the look."""
    kind = str(element.S)
    if kind == "/Table":
        table = not _has_header(element)
    if table and kind in {"/Table", *_TABLE_PARTS, *_CELLS}:
        kind = "/Div"
    children = _tidied_children(tree, element, table=table)
    if not children and kind not in _KEPT_EMPTY:
        return []
    if any(isinstance(child, int) for child in children) and _lacks_a_block(kind, element):
        kind = "/P"
    if kind in _BALLAST:
        return children
    element.S = Name(kind)
    _set_attributes(element, kind)
    _write_children(element, children, tree)
    return [element]


def _lacks_a_block(kind: str, element: Object) -> bool:
    """Text needs a block of its own (ISO 32000-1 14.8.4.3): a part of the document can't hold it itself."""
    return kind == "/Div" or (kind in _BALLAST and str(element.P.S) in _PARTS)


def _write_children(element: Object, children: list[Object | int], tree: _Tree) -> None:
    if any(isinstance(child, int) for child in children):
        owned = tree.owners.setdefault(element.Pg.objgen, {})
        owned.update({child: element for child in children if isinstance(child, int)})
    for child in children:
        if _is_element(child):
            child.P = element
    # An only child stands alone: see the module's docstring about forms.
    element.K = children[0] if len(children) == 1 else Array(children)


def _set_attributes(element: Object, kind: str) -> None:
    """Cells keep what they span and get a scope; their references to headers go, with the numbers they refer to."""
    spans = {key: value for key, value in element.get("/A", Dictionary()).items() if key.endswith("Span")}
    if kind == "/TH":
        _replace(element, "/A", Dictionary({"/O": Name.Table, "/Scope": _scope(element), **spans}))
    elif kind == "/L" and any(Name.Lbl == child.S for item in _elements(element.K) for child in _elements(item.K)):
        _replace(element, "/A", Dictionary(O=Name.List, ListNumbering=Name.Disc))
    elif kind != "/Figure":
        _replace(element, "/A", Dictionary({"/O": Name.Table, **spans}) if spans and kind == "/TD" else None)
    _replace(element, "/ID", None)


def _replace(element: Object, key: str, value: Object | None) -> None:
    if value is not None:
        element[key] = value
    elif key in element:
        del element[key]


def _scope(cell: Object) -> Name:
    return Name.Column if Name.THead == cell.P.P.S else Name.Row


def _has_header(table: Object) -> bool:
    return any(
        part.S == Name.TH or (str(part.S) in _TABLE_PARTS and _has_header(part)) for part in _elements(table.get("/K"))
    )


def _rewrite_parents(pdf: Pdf, root: Object, tree: _Tree) -> None:
    """The way back from content to element; what no element of the tree owns becomes an artifact."""
    numbers = root.ParentTree.Nums
    entries = dict(zip((int(key) for key in numbers[::2]), numbers[1::2], strict=True))
    for page in pdf.pages:
        if "/StructParents" not in page.obj:
            continue
        owned = tree.owners.get(page.obj.objgen, {})
        content = page.Contents.read_bytes()
        page.Contents = Stream(pdf, _MARKED.sub(partial(_artifact_unless, owned=owned), content))
        last = max(owned, default=-1)
        entries[int(page.obj.StructParents)] = Array([owned.get(number) for number in range(last + 1)])
    root.ParentTree.Nums = Array([item for key in sorted(entries) for item in (key, entries[key])])
    root.ParentTreeNextKey = max(entries, default=-1) + 1


def _artifact_unless(mark: re.Match[bytes], *, owned: dict[int, Object]) -> bytes:
    return mark[0] if int(mark[1]) in owned else b"/Artifact\n<</Type /Pagination>>\nBDC"


def _children(element: Object) -> list[Object | int]:
    children = element.get("/K")
    if children is None:
        return []
    return list(children) if isinstance(children, Array) else [children]


def _elements(children: Object | None) -> list[Object]:
    if children is None:
        return []
    found: list[Object] = list(children) if isinstance(children, Array) else [children]
    return [child for child in found if _is_element(child)]


def _is_element(child: Object | int) -> TypeGuard[Object]:
    return isinstance(child, Dictionary) and "/S" in child
