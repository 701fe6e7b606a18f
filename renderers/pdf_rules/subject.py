"""A PDF under examination: what several rules look at, found once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, Stream, parse_content_stream
from pikepdf.models.metadata import PdfMetadata

_MAX_DEPTH = 100  # levels of structure or content: a loop in a broken file ends here


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operator of a content stream, with what it stands in."""

    operator: str
    operands: tuple[Object, ...]
    marks: tuple[str, ...]
    """Tags of the marked content around it, from the outermost; `/Span 3` for one with the content's number (MCID)."""
    depth: int
    """Nested q operators around it."""
    place: str
    """Page, for people."""
    resources: Object


@dataclass(frozen=True, kw_only=True)
class Element:
    """A structure element with its way up."""

    kind: str
    """Its standard type, e.g. `/P`."""
    parent: str
    """Its parent's type; empty for the root's child."""
    object: Object
    children: tuple[str, ...]
    """The types of its child elements."""


class Subject:
    """The file's bytes and what is in them."""

    def __init__(self, data: bytes, pdf: Pdf) -> None:
        self.data = data
        self.pdf = pdf
        self.root = pdf.Root

    @cached_property
    def xmp(self) -> PdfMetadata | None:
        """The document's metadata, if they can be read as XMP."""
        if not isinstance(self.root.get("/Metadata"), Stream):
            return None
        try:
            return self.pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False, strict=True)
        except Exception:  # noqa: BLE001 - the library raises whatever its XML parser does
            return None

    def xmp_value(self, key: str) -> str:
        """A property of the metadata, or nothing."""
        return "" if self.xmp is None else str(self.xmp.get(key) or "")

    @cached_property
    def packet(self) -> bytes:
        """The metadata's bytes."""
        metadata = self.root.get("/Metadata")
        return metadata.read_bytes() if isinstance(metadata, Stream) else b""

    @cached_property
    def dictionaries(self) -> tuple[Object, ...]:
        """Every dictionary and stream of the file that is an object of its own, or stands directly in one."""
        return tuple(found for item in self.pdf.objects for found in _dictionaries(item, 0))

    @cached_property
    def annotations(self) -> tuple[tuple[str, Object, Page], ...]:
        """With where they stand."""
        return tuple(
            (f"page {number}, annotation {index}", annotation, page)
            for number, page in enumerate(self.pdf.pages, start=1)
            for index, annotation in enumerate(page.obj.get("/Annots", Array()), start=1)
        )

    @cached_property
    def widgets(self) -> tuple[tuple[str, Object, Page], ...]:
        """The form fields' annotations."""
        return tuple(item for item in self.annotations if item[1].get("/Subtype") == Name.Widget)

    @cached_property
    def form(self) -> Object:
        """The interactive form; an empty dictionary if there is none."""
        return self.root.get("/AcroForm", Dictionary())

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """The structure tree from top to bottom, as it is read."""
        tree = self.root.get("/StructTreeRoot")
        return () if tree is None else tuple(_elements(tree, "", tree.get("/RoleMap", Dictionary()), 0))

    @cached_property
    def fonts(self) -> tuple[tuple[str, Object], ...]:
        """Every font of the pages, the form and the appearances, by its name."""
        found = {
            font.objgen: (str(font.get("/BaseFont", "/?")).lstrip("/"), font)
            for resources in self._all_resources()
            for _, font in resources.get("/Font", Dictionary()).items()
        }
        return tuple(found.values())

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operator of every page and of the forms drawn on it."""
        return tuple(
            operation
            for number, page in enumerate(self.pdf.pages, start=1)
            for operation in _operations(page.obj, page.resources, f"page {number}", (), 0)
        )

    def _all_resources(self) -> Iterator[Object]:
        yield self.form.get("/DR", Dictionary())
        yield from (page.resources for page in self.pdf.pages)
        yield from (item.Resources for item in self.dictionaries if isinstance(item.get("/Resources"), Dictionary))


Check = Callable[[Subject], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `check` yields a detail for each breach."""

    number: str
    """As veraPDF has it: `ISO 19005-3 6.3.3-1`."""
    says: str
    """What must be so, in one sentence."""
    check: Check


def is_set(holder: Object, key: str) -> bool:
    """A switch of a dictionary that is on."""
    return bool(holder.get(key, False))


def words(*lines: str) -> frozenset[str]:
    """The words of some lines: names and operators, as the standard lists them."""
    return frozenset(word for line in lines for word in line.split())


def rule(rules: list[Rule], number: str) -> Callable[[Check], Check]:
    """Register a check under its number; its docstring says what must be so."""

    def register(check: Check) -> Check:
        rules.append(Rule(number=number, says=(check.__doc__ or "").strip(), check=check))
        return check

    return register


def _dictionaries(item: Object, depth: int) -> Iterator[Object]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(item, Dictionary | Stream):
        yield item
        children = [child for _, child in item.items()]
    else:
        children = list(item) if isinstance(item, Array) else []
    for child in children:
        if isinstance(child, Dictionary | Stream | Array) and not child.is_indirect:
            yield from _dictionaries(child, depth + 1)


def _elements(parent: Object, parent_kind: str, roles: Object, depth: int) -> Iterator[Element]:
    if depth > _MAX_DEPTH:
        return
    for child in child_elements(parent):
        kind = _standard(str(child.S), roles)
        children = tuple(_standard(str(item.S), roles) for item in child_elements(child))
        yield Element(kind=kind, parent=parent_kind, object=child, children=children)
        yield from _elements(child, kind, roles, depth + 1)


def child_elements(parent: Object) -> list[Object]:
    """The structure elements among the children of one."""
    kids = parent.get("/K", Array())
    found = list(kids) if isinstance(kids, Array) else [kids]
    return [kid for kid in found if isinstance(kid, Dictionary) and "/S" in kid]


def _standard(kind: str, roles: Object) -> str:
    for _ in range(_MAX_DEPTH):
        if kind not in roles:
            break
        kind = str(roles[kind])
    return kind


def _operations(
    source: Object | Page, resources: Object, place: str, marks: tuple[str, ...], depth: int
) -> Iterator[Operation]:
    outer = len(marks)
    for instruction in parse_content_stream(source):
        operator, operands = str(instruction.operator), tuple(instruction.operands)
        if operator in {"BMC", "BDC"}:
            marks = (*marks, _mark(operands, resources))
        elif operator == "EMC":
            marks = marks[: max(outer, len(marks) - 1)]
        depth += {"q": 1, "Q": -1}.get(operator, 0)
        yield Operation(
            operator=operator, operands=operands, marks=marks, depth=depth, place=place, resources=resources
        )
        if operator == "Do" and depth < _MAX_DEPTH:
            drawn = resources.get("/XObject", Dictionary()).get(str(operands[0]))
            if isinstance(drawn, Stream) and drawn.get("/Subtype") == Name.Form:
                inner = drawn.get("/Resources", Dictionary())
                yield from _operations(drawn, inner, f"{place}, {operands[0]}", marks, depth)


def _mark(operands: tuple[Object, ...], resources: Object) -> str:
    properties = operands[1] if len(operands) > 1 else Dictionary()
    if isinstance(properties, Name):
        properties = resources.get("/Properties", Dictionary()).get(str(properties), Dictionary())
    number = properties.get("/MCID") if isinstance(properties, Dictionary) else None
    return str(operands[0]) if number is None else f"{operands[0]} {number}"
