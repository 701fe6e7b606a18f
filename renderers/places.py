"""Where on the laid-out pages each marked value, form input and ruled line stands: read from WeasyPrint's box tree.

A template marks an element with `data-field="catalogue.id"` (and `data-label`, the label printed beside it), an input
in the same way, and a line to write on with `data-ruled="catalogue.id"`. The box tree is not the library's public
interface: its version is pinned, and what is not as expected here fails the rendering.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from weasyprint import Document  # type: ignore[import-untyped]
from weasyprint.formatting_structure.boxes import LineBox, MarginBox, ReplacedBox, TextBox  # type: ignore[import-untyped]

from agreements.agreement import SIGNATURE_FIELDS
from agreements.errors import ConfigurationError
from agreements.fieldmap import FieldKind, FormField, PrintedValue, Rectangle, pdf_field_name

LOGO_PLACE = (24.8, 10.8, 95.2, 22.2)
"""Millimetres from the page's upper left corner: left, top, right, bottom of where `agreement.css` has the logo."""
_PIXELS_PER_MM = 96 / 25.4
_POINTS = 0.75  # PDF points in a CSS pixel: 72 and 96 to the inch
_DRAWN_FOR_READERS = frozenset("•◦▪˅")  # bullets, and the arrow of a list to choose from
_Box = Any  # the library has no types
_Extent = tuple[float, float, float, float]  # left, top, right, bottom in CSS pixels from the page's upper left corner


@dataclass(frozen=True, kw_only=True)
class Places:
    """Everything the templates marked, in the order of the pages."""

    values: tuple[PrintedValue, ...]
    fields: tuple[FormField, ...]
    """Inputs and ruled lines; the inputs' names are those of the PDF's fields."""
    required: frozenset[str]
    """Names of the inputs that must be filled in."""


@dataclass(kw_only=True)
class _Marked:
    """A marked element's text on one page, line by line."""

    element: Any
    page: int
    repeated: bool
    """It stands in the page's margin: once on each page, not broken over several."""
    extents: list[_Extent]
    lines: list[str]
    line: object = None


def find_places(document: Document) -> Places:
    """The places of a rendered document. Raises ConfigurationError `render_failed` for marks that can't be right."""
    values: list[PrintedValue] = []
    fields: list[FormField] = []
    required: set[str] = set()
    broken: set[int] = set()
    for number, page in enumerate(document.pages, start=1):
        for marked in _marked_texts(page._page_box, number):  # noqa: SLF001 - see the module's docstring
            if id(marked.element) in broken and not marked.repeated:
                raise _failed(f"the value {marked.element.get('data-field')} is broken over two pages")
            broken.add(id(marked.element))
            values.append(_printed(marked, page.height))
        inputs = [item for form in page.forms.values() for item in form]
        for box, extent in inputs:
            fields.append(_input(box.element, number, _rectangle([extent], page.height)))
            required |= {fields[-1].name} if "required" in box.element.attrib else set()
        fields += _ruled_lines(page._page_box, number, page.height)  # noqa: SLF001
    names = [field.name for field in fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _failed(f"two fields are named {', '.join(twice)}")
    return Places(values=tuple(values), fields=tuple(fields), required=frozenset(required))


def refuse_generated_text(document: Document) -> None:
    """Raise ConfigurationError `render_failed` for text that a stylesheet wrote, page numbers and signs aside."""
    for page in document.pages:
        for box in page._page_box.descendants(placeholders=True):  # noqa: SLF001 - see the module's docstring
            if isinstance(box, TextBox) and "::" in str(box.element_tag) and box.text.strip() and not _is_ours(box):
                raise _failed(f"the stylesheet writes {box.text[:40]!r}")


def refuse_stray_pictures(document: Document) -> None:
    """Raise ConfigurationError `template_picture` for a picture that stands anywhere but in the logo's place.

    Beside letters, a page draws nothing else than pictures, backgrounds and borders; so no other shape is on it.
    """
    for number, page in enumerate(document.pages, start=1):
        for box in page._page_box.descendants(placeholders=True):  # noqa: SLF001 - see the module's docstring
            if _is_filled_with_picture(box) or (isinstance(box, ReplacedBox) and not _is_logo(box, number)):
                raise ConfigurationError("template_picture", page=number)


def _is_filled_with_picture(box: _Box) -> bool:
    layers = box.background.layers if getattr(box, "background", None) else ()
    drawn = any(layer.image is not None for layer in layers)
    return drawn or box.style["border_image_source"][0] != "none" or box.style["mask_border_source"][0] != "none"


def _is_logo(box: _Box, page: int) -> bool:
    """At the head of the front page. What a picture draws is clipped to its padding's edge."""
    left, top = box.padding_box_x(), box.padding_box_y()
    sides = (left, top, left + box.padding_width(), top + box.padding_height())
    near, high, far, low = (side * _PIXELS_PER_MM for side in LOGO_PLACE)
    inside = sides[0] >= near and sides[1] >= high and sides[2] <= far and sides[3] <= low
    return page == 1 and inside and box.style["overflow"] == "hidden"


def _is_ours(box: _Box) -> bool:
    classes = box.element.get("class", "") if box.element is not None else ""
    return classes in {"page", "pages"} or box.text.strip() in _DRAWN_FOR_READERS


def _marked_texts(page_box: _Box, page: int) -> list[_Marked]:
    found: dict[int, _Marked] = {}
    for box, line, element, in_margin in _texts(page_box, None, None, in_margin=False):
        marked = found.setdefault(
            id(element), _Marked(element=element, page=page, repeated=in_margin, extents=[], lines=[])
        )
        if marked.line is line:
            marked.lines[-1] += box.text
        else:
            marked.lines.append(box.text)
            marked.line = line
        if box.text.strip():
            marked.extents.append(_extent(box))
    return [marked for marked in found.values() if marked.extents]


def _texts(box: _Box, line: object, element: Any, *, in_margin: bool) -> Iterator[tuple[_Box, object, Any, bool]]:
    """Every visible piece of text under a marked element, with its line and the nearest such element."""
    box = getattr(box, "_box", box)  # what is positioned absolutely stands wrapped in a placeholder
    if box.element is not None and box.element.get("data-field"):
        element = box.element
    if isinstance(box, TextBox):
        if element is not None and box.style["visibility"] == "visible":
            yield box, line, element, in_margin
        return
    if element is not None and box.style["transform"]:
        raise _failed(f"the value {element.get('data-field')} is turned or scaled")
    line = box if isinstance(box, LineBox) else line
    in_margin = in_margin or isinstance(box, MarginBox)
    for child in box.children:
        yield from _texts(child, line, element, in_margin=in_margin)


def _printed(marked: _Marked, height: float) -> PrintedValue:
    return PrintedValue(
        field_id=marked.element.get("data-field"),
        page=marked.page,
        rectangle=_rectangle(marked.extents, height),
        text=" ".join(" ".join(marked.lines).split()),
        label=marked.element.get("data-label", ""),
    )


def _input(element: Any, page: int, rectangle: Rectangle) -> FormField:
    name, field_id = element.get("name", ""), element.get("data-field")
    if name in SIGNATURE_FIELDS:
        return FormField(name=name, field_id=None, kind=FieldKind.SIGNATURE, page=page, rectangle=rectangle)
    if field_id is None or name != pdf_field_name(field_id):
        raise _failed(f"the input {name!r} is not named for a catalogue entry")
    kind = {"select": FieldKind.CHOICE, "textarea": FieldKind.TEXT}.get(element.tag)
    if kind is None:
        kind = {"text": FieldKind.TEXT, "checkbox": FieldKind.CHECKBOX}.get(element.get("type", "text"))
    if kind is None:
        raise _failed(f"the input {name} is of a kind no field is made of")
    return FormField(name=name, field_id=field_id, kind=kind, page=page, rectangle=rectangle)


def _ruled_lines(box: _Box, page: int, height: float) -> list[FormField]:
    box = getattr(box, "_box", box)
    if box.element is not None and (field_id := box.element.get("data-ruled")):
        left, top = box.border_box_x(), box.border_box_y()
        extent = (left, top, left + box.border_width(), top + box.border_height())
        name, rectangle = pdf_field_name(field_id), _rectangle([extent], height)
        return [FormField(name=name, field_id=field_id, kind=FieldKind.RULED, page=page, rectangle=rectangle)]
    return [field for child in box.children for field in _ruled_lines(child, page, height)]


def _extent(box: _Box) -> _Extent:
    left, top = box.content_box_x(), box.content_box_y()
    return left, top, left + box.width, top + box.height


def _rectangle(extents: Sequence[_Extent], height: float) -> Rectangle:
    """Around all of them, in points from the lower left."""
    return Rectangle(
        x0=round(_POINTS * min(left for left, *_ in extents), 2),
        y0=round(_POINTS * (height - max(bottom for *_, bottom in extents)), 2),
        x1=round(_POINTS * max(right for _, _, right, _ in extents), 2),
        y1=round(_POINTS * (height - min(top for _, top, *_ in extents)), 2),
    )


def _failed(reason: str) -> ConfigurationError:
    return ConfigurationError("render_failed", reason=reason)
