"""The same pages with nothing else. Runs in the roof's sandbox, on a document that `inspection` found no fault with.

What is kept of a page is what it shows: its content, with the fonts and pictures that content names, as one closed
drawing that can't reach what is put on top of it. Form fields go, for a value that lives in a field does not survive
a signing service (facts/domain.md §5.7); the boxes they drew around themselves stay. Nothing else of the document is
kept: no names, outlines, actions, structure tree or metadata. Residual: the tags of a tagged form are lost.

The file is written anew by qpdf: a classic cross-reference table, no object streams.
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final

from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Page, Pdf, Stream

from agreements.fieldmap import Rectangle
from renderers.forms.model import Align, Outline, PageSize, Widget, WidgetKind

_MAX_ANCESTORS: Final = 32  # a field's name has two or three parts
_MULTILINE, _PUSH = 1 << 12, 1 << 16  # ISO 32000-1 tables 226 and 228: bits 13 and 17
_ALIGN: Final[Mapping[int, Align]] = {0: "left", 1: "center", 2: "right"}  # table 222, /Q
_PAINT: Final = {1: ("g", "G"), 3: ("rg", "RG"), 4: ("k", "K")}  # table 189: grey, RGB, CMYK
_KINDS: Final = {"/Tx": WidgetKind.TEXT, "/Ch": WidgetKind.CHOICE, "/Sig": WidgetKind.SIGNATURE}


def make_upright(pdf: Pdf) -> None:
    """Turn the content of turned pages, so that what is up for a reader is up in the file."""
    for page in pdf.pages:
        if page.rotation:
            page.flatten_rotation()


def read_outline(pdf: Pdf) -> Outline:
    """Pages and fields, before they are taken away. The pages must be upright (`make_upright`)."""
    return Outline(
        pages=tuple(_size(page) for page in pdf.pages),
        widgets=tuple(widget for number, page in enumerate(pdf.pages, start=1) for widget in _widgets(number, page)),
        fonts_missing=tuple(sorted({name for page in pdf.pages for name in _fonts_missing(page)})),
        links=sum(1 for page in pdf.pages for item in _annotations(page) if item.get("/Subtype") == Name.Link),
    )


def normalised(pdf: Pdf) -> bytes:
    """The pages alone, as a new file. Same input, same bytes. The document must not be used afterwards."""
    with Pdf.new() as clean:
        for page in pdf.pages:
            _reduce(pdf, page)
            clean.pages.append(page)
        clean.remove_unreferenced_resources()
        out = BytesIO()
        clean.save(out, object_stream_mode=ObjectStreamMode.disable, deterministic_id=True, min_version="1.7")
        return out.getvalue()


def _reduce(pdf: Pdf, page: Page) -> None:
    """Leave of a page its size and what it shows."""
    box = [float(number) for number in page.cropbox]
    boxes = b"".join(_drawn_box(item, box) for item in _annotations(page) if item.get("/Subtype") == Name.Widget)
    page.contents_coalesce()
    drawing = Stream(pdf, page.obj.Contents.read_bytes() if "/Contents" in page.obj else b"")
    drawing.Type, drawing.Subtype = Name.XObject, Name.Form
    drawing.BBox, drawing.Resources = Array(box), page.resources
    # The page begins at zero from here on, wherever its visible area began.
    drawing.Matrix = Array([1, 0, 0, 1, -box[0], -box[1]])
    if "/Group" in page.obj:
        drawing.Group = page.obj.Group
    for key in list(page.obj.keys()):
        if key not in {"/Type", "/Parent"}:
            del page.obj[key]
    # All three, so that none is inherited.
    page.obj.MediaBox = page.obj.CropBox = Array([0, 0, box[2] - box[0], box[3] - box[1]])
    page.obj.Rotate = 0
    page.obj.Resources = Dictionary(XObject=Dictionary(Form=pdf.make_indirect(drawing)))
    page.obj.Contents = pdf.make_indirect(Stream(pdf, b"q /Form Do Q\n" + boxes))


def _drawn_box(widget: Dictionary, box: list[float]) -> bytes:
    """The background and border a field draws around itself (ISO 32000-1 table 189), from its colours."""
    look = widget.get("/MK", Dictionary())
    x0, y0, x1, y1 = _corners(widget, box)
    width = float(widget.get("/BS", Dictionary()).get("/W", 1))
    inner = (x0 + width / 2, y0 + width / 2, x1 - x0 - width, y1 - y0 - width)
    drawn = b""
    if paint := _paint(look.get("/BG"), stroke=False):
        drawn += _content(paint, f"{x0:.3f} {y0:.3f} {x1 - x0:.3f} {y1 - y0:.3f} re f")
    if width > 0 and (paint := _paint(look.get("/BC"), stroke=True)):
        drawn += _content(paint, f"{width:.3f} w", " ".join(f"{number:.3f}" for number in inner) + " re S")
    return drawn


def _content(*operations: str) -> bytes:
    return "\n".join(("q", *operations, "Q\n")).encode("ascii")


def _paint(colour: Object | None, *, stroke: bool) -> str:
    numbers = [float(part) for part in colour] if isinstance(colour, Array) else []
    if len(numbers) not in _PAINT:
        return ""
    return " ".join([*(f"{number:.3f}" for number in numbers), _PAINT[len(numbers)][stroke]])


def _size(page: Page) -> PageSize:
    x0, y0, x1, y1 = (float(number) for number in page.cropbox)
    return PageSize(width=x1 - x0, height=y1 - y0)


def _annotations(page: Page) -> list[Dictionary]:
    return [item for item in page.obj.get("/Annots", Array()) if isinstance(item, Dictionary)]


def _widgets(number: int, page: Page) -> Iterator[Widget]:
    box = [float(part) for part in page.cropbox]
    for item in _annotations(page):
        if item.get("/Subtype") != Name.Widget:
            continue
        x0, y0, x1, y1 = _corners(item, box)
        flags = int(_inherited(item, "/Ff", 0))
        kind = _kind(item, flags)
        yield Widget(
            name=_full_name(item),
            kind=kind,
            page=number,
            rectangle=Rectangle(x0=x0, y0=y0, x1=x1, y1=y1),
            option=_on_state(item) if kind is WidgetKind.BUTTON else "",
            align=_ALIGN.get(int(_inherited(item, "/Q", 0)), "left"),
            many=kind is WidgetKind.TEXT and bool(flags & _MULTILINE),
            filled=kind is not WidgetKind.PUSH and _is_filled(item),
        )


def _corners(widget: Dictionary, box: list[float]) -> tuple[float, float, float, float]:
    """Left, bottom, right, top, from the corner of the visible area."""
    xa, ya, xb, yb = (float(number) for number in widget.Rect)
    return min(xa, xb) - box[0], min(ya, yb) - box[1], max(xa, xb) - box[0], max(ya, yb) - box[1]


def _kind(widget: Dictionary, flags: int) -> WidgetKind:
    if (kind := _KINDS.get(str(_inherited(widget, "/FT", "")))) is not None:
        return kind
    return WidgetKind.PUSH if flags & _PUSH else WidgetKind.BUTTON


def _on_state(widget: Dictionary) -> str:
    """The name of a button's appearance when it is on: the one that is not Off."""
    states = widget.get("/AP", Dictionary()).get("/N", Dictionary())
    names = sorted(key.lstrip("/") for key in states.keys() if key != "/Off") if isinstance(states, Dictionary) else []  # noqa: SIM118 - a Dictionary iterates over its values
    return names[0] if names else ""


def _is_filled(widget: Dictionary) -> bool:
    value = _inherited(widget, "/V", None)
    return value is not None and str(value) not in {"", "/Off"}


def _full_name(widget: Dictionary) -> str:
    """The partial names from the root down, with full stops between (ISO 32000-1 12.7.3.2)."""
    names = [str(node.T) for node in _line_of(widget) if "/T" in node]
    return ".".join(reversed(names))


def _inherited(widget: Dictionary, key: str, default: object) -> Any:
    return next((node[key] for node in _line_of(widget) if key in node), default)


def _line_of(widget: Dictionary) -> Iterator[Dictionary]:
    """The widget and those above it."""
    node: Object | None = widget
    for _ in range(_MAX_ANCESTORS):
        if not isinstance(node, Dictionary):
            return
        yield node
        node = node.get("/Parent")


def _fonts_missing(page: Page) -> Iterator[str]:
    """The page's own fonts that have no file in the document."""
    fonts = page.resources.get("/Font", Dictionary())
    for font in fonts.values():
        inner = font.get("/DescendantFonts", Array([font]))[0]
        descriptor = inner.get("/FontDescriptor", Dictionary())
        embedded = any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
        if not embedded and font.get("/Subtype") != "/Type3":
            yield str(font.get("/BaseFont", "?")).lstrip("/")
