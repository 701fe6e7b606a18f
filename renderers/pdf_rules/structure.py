"""The structure tree: what a screen reader follows."""

import re
from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object

from renderers.pdf_rules.subject import Element, Rule, Subject, child_elements, is_set, rule, words

RULES: list[Rule] = []
_STANDARD = words(
    "/Document /Part /Art /Sect /Div /BlockQuote /Caption /TOC /TOCI /Index /NonStruct /Private /P /H /H1 /H2 /H3 /H4",
    "/H5 /H6 /L /LI /Lbl /LBody /Table /TR /TH /TD /THead /TBody /TFoot /Span /Quote /Note /Reference /BibEntry /Code",
    "/Link /Annot /Ruby /RB /RT /RP /Warichu /WT /WP /Figure /Formula /Form",
)
_ROW_GROUPS = frozenset({"/THead", "/TBody", "/TFoot"})
_HEADING = re.compile(r"/H([1-6])")


@rule(RULES, "ISO 19005-3 6.7.2-1")
def content_is_marked(file: Subject) -> Iterator[str]:
    """The document says that its content is marked."""
    if not is_set(file.root.get("/MarkInfo", Dictionary()), "/Marked"):
        yield "/MarkInfo"


@rule(RULES, "ISO 14289-1 7.1-4")
def tags_are_not_suspect(file: Subject) -> Iterator[str]:
    """The document does not doubt its own tags."""
    if is_set(file.root.get("/MarkInfo", Dictionary()), "/Suspects"):
        yield "/MarkInfo"


@rule(RULES, "ISO 19005-3 6.7.3-1")
def structure_is_there(file: Subject) -> Iterator[str]:
    """The document has a structure tree."""
    if not file.elements:
        yield "/StructTreeRoot"


@rule(RULES, "ISO 14289-1 7.1-5")
def structure_types_are_standard(file: Subject) -> Iterator[str]:
    """Every structure type is a standard one, or mapped to one."""
    yield from sorted({element.kind for element in file.elements} - _STANDARD)


@rule(RULES, "ISO 14289-1 7.1-7")
def standard_types_stay_what_they_are(file: Subject) -> Iterator[str]:
    """No standard structure type is mapped to another one."""
    roles = file.root.get("/StructTreeRoot", Dictionary()).get("/RoleMap", Dictionary())
    yield from sorted(set(roles.keys()) & _STANDARD)


@rule(RULES, "ISO 14289-1 7.1-12")
def elements_know_their_parents(file: Subject) -> Iterator[str]:
    """Every structure element names its parent."""
    yield from (element.kind for element in file.elements if "/P" not in element.object)


@rule(RULES, "ISO 14289-1 7.2-3")
def tables_hold_rows(file: Subject) -> Iterator[str]:
    """A table holds rows, groups of rows and a caption only."""
    yield from _other_children(file, "/Table", _ROW_GROUPS | {"/TR", "/Caption"})


@rule(RULES, "ISO 14289-1 7.2-4")
def rows_stand_in_tables(file: Subject) -> Iterator[str]:
    """A row stands in a table or a group of rows."""
    yield from _other_parents(file, {"/TR"}, _ROW_GROUPS | {"/Table"})


@rule(RULES, "ISO 14289-1 7.2-5")
def head_rows_stand_in_tables(file: Subject) -> Iterator[str]:
    """A table head stands in a table."""
    yield from _other_parents(file, {"/THead"}, {"/Table"})


@rule(RULES, "ISO 14289-1 7.2-6")
def body_rows_stand_in_tables(file: Subject) -> Iterator[str]:
    """A table body stands in a table."""
    yield from _other_parents(file, {"/TBody"}, {"/Table"})


@rule(RULES, "ISO 14289-1 7.2-8")
def header_cells_stand_in_rows(file: Subject) -> Iterator[str]:
    """A header cell stands in a row."""
    yield from _other_parents(file, {"/TH"}, {"/TR"})


@rule(RULES, "ISO 14289-1 7.2-9")
def cells_stand_in_rows(file: Subject) -> Iterator[str]:
    """A cell stands in a row."""
    yield from _other_parents(file, {"/TD"}, {"/TR"})


@rule(RULES, "ISO 14289-1 7.2-10")
def rows_hold_cells(file: Subject) -> Iterator[str]:
    """A row holds cells only."""
    yield from _other_children(file, "/TR", {"/TH", "/TD"})


@rule(RULES, "ISO 14289-1 7.2-11")
def tables_have_one_head(file: Subject) -> Iterator[str]:
    """A table has one head at most."""
    yield from (element.kind for element in _of(file, "/Table") if element.children.count("/THead") > 1)


@rule(RULES, "ISO 14289-1 7.2-14")
def tables_with_a_head_have_a_body(file: Subject) -> Iterator[str]:
    """A table with a head has a body."""
    tables = _of(file, "/Table")
    yield from (table.kind for table in tables if "/THead" in table.children and "/TBody" not in table.children)


@rule(RULES, "ISO 14289-1 7.2-42")
def tables_are_rectangular(file: Subject) -> Iterator[str]:
    """All rows of a table span the same number of columns."""
    for number, table in enumerate(_of(file, "/Table"), start=1):
        if len(set(_columns(table))) > 1:
            yield f"table {number}"


@rule(RULES, "ISO 14289-1 7.2-17")
def items_stand_in_lists(file: Subject) -> Iterator[str]:
    """A list item stands in a list."""
    yield from _other_parents(file, {"/LI"}, {"/L"})


@rule(RULES, "ISO 14289-1 7.2-18")
def item_bodies_stand_in_items(file: Subject) -> Iterator[str]:
    """A list item's text stands in the item."""
    yield from _other_parents(file, {"/LBody"}, {"/LI"})


@rule(RULES, "ISO 14289-1 7.2-19")
def lists_hold_items(file: Subject) -> Iterator[str]:
    """A list holds items, lists and a caption only."""
    yield from _other_children(file, "/L", {"/L", "/LI", "/Caption"})


@rule(RULES, "ISO 14289-1 7.2-20")
def items_hold_labels_and_text(file: Subject) -> Iterator[str]:
    """A list item holds its mark and its text only."""
    yield from _other_children(file, "/LI", {"/Lbl", "/LBody"})


@rule(RULES, "ISO 14289-1 7.2-36")
def table_heads_hold_rows(file: Subject) -> Iterator[str]:
    """A table head holds rows only."""
    yield from _other_children(file, "/THead", {"/TR"})


@rule(RULES, "ISO 14289-1 7.2-37")
def table_bodies_hold_rows(file: Subject) -> Iterator[str]:
    """A table body holds rows only."""
    yield from _other_children(file, "/TBody", {"/TR"})


@rule(RULES, "ISO 14289-1 7.3-1")
def figures_have_words(file: Subject) -> Iterator[str]:
    """Every figure has words that say what it shows."""
    for figure in _of(file, "/Figure"):
        if not str(figure.object.get("/Alt", "")) and not str(figure.object.get("/ActualText", "")):
            yield "/Figure"


@rule(RULES, "ISO 14289-1 7.4.2-1")
def headings_come_in_order(file: Subject) -> Iterator[str]:
    """The first heading is of level 1, and no level is skipped on the way down."""
    last = 0
    for element in file.elements:
        if (match := _HEADING.fullmatch(element.kind)) is not None:
            level = int(match[1])
            if level > last + 1:
                yield f"level {level} after {last}"
            last = level


@rule(RULES, "ISO 14289-1 7.4.4-2")
def headings_are_of_one_sort(file: Subject) -> Iterator[str]:
    """Headings with and without a level are not mixed."""
    kinds = {element.kind for element in file.elements}
    if "/H" in kinds and any(_HEADING.fullmatch(kind) for kind in kinds):
        yield "/H"


@rule(RULES, "ISO 14289-1 7.5-1")
def header_cells_have_a_scope(file: Subject) -> Iterator[str]:
    """Every header cell says whether it heads a row or a column."""
    for cell in _of(file, "/TH"):
        attributes = cell.object.get("/A", Array())
        scopes = [item.get("/Scope") for item in (attributes if isinstance(attributes, Array) else [attributes])]
        if not {Name.Row, Name.Column, Name.Both} & {scope for scope in scopes if scope is not None}:
            yield "/TH"


@rule(RULES, "ISO 14289-1 7.9-1")
def notes_have_an_id(file: Subject) -> Iterator[str]:
    """Every note has an identifier."""
    yield from (note.kind for note in _of(file, "/Note") if not bytes(note.object.get("/ID", b"")))


def _of(file: Subject, kind: str) -> list[Element]:
    return [element for element in file.elements if element.kind == kind]


def _other_parents(file: Subject, kinds: set[str], allowed: set[str] | frozenset[str]) -> Iterator[str]:
    for element in file.elements:
        if element.kind in kinds and element.parent not in allowed:
            yield f"{element.kind} in {element.parent or 'the root'}"


def _other_children(file: Subject, kind: str, allowed: set[str] | frozenset[str]) -> Iterator[str]:
    for element in _of(file, kind):
        yield from (f"{child} in {kind}" for child in element.children if child not in allowed)


def _columns(table: Element) -> Iterator[int]:
    for part in child_elements(table.object):
        rows = [part] if part.S == Name.TR else [row for row in child_elements(part) if row.S == Name.TR]
        for row in rows:
            yield sum(int(_attribute(cell, "/ColSpan")) for cell in child_elements(row))


def _attribute(cell: Object, key: str) -> int:
    attributes = cell.get("/A", Dictionary())
    return int(attributes.get(key, 1)) if isinstance(attributes, Dictionary) else 1
