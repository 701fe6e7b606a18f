"""Texts laid out and put over a form's pages: each in its place, as large as it may be, and none outside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from math import sqrt
from typing import TYPE_CHECKING, Final

from agreements.errors import ConfigurationError
from agreements.fieldmap import Rectangle
from agreements.language import Language
from agreements.values import Fault
from renderers.forms.model import SMALLEST_TYPE, Form, Spot
from renderers.templates import fill

if TYPE_CHECKING:
    from pikepdf import Page, Pdf, Stream

    from renderers.layout import LaidOut

_STEP: Final = 0.3  # points by which text that does not fit is made smaller at least
_MOST_LAYOUTS: Final = 60  # from the largest type to the smallest in such steps, and some
_HANGING: Final = 0.3  # of the type size: white above and below letters, which may hang over the edge of its place
_WIDER: Final = 0.5  # points
_EDGE: Final = 2.0  # points left free at both sides of a value: many forms draw a box around its place
_NEVER_TOO_LARGE: Final = frozenset(
    {"mark", "proof", "preview", "unsigned"}
)  # made from the size of the box, or cut off by it


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text to be put on a page."""

    key: str
    """What finds it again in the layout."""
    spot: Spot
    text: str
    size: float
    kind: str
    """How it is set (`form.css`): one, many, mark, footer, proof, preview or unsigned."""
    field_id: str = ""
    """Empty for the footer."""
    label: str = ""


def lay_over(texts: Sequence[Text], form: Form, language: Language, title: str) -> "LaidOut":
    """The layout in which every text stays within its place: too large ones are set smaller, until they fit.

    Raises ConfigurationError `form_values_unfit` with every text that does not fit in the smallest type.
    """
    for _ in range(_MOST_LAYOUTS):
        laid_out = _laid_out(texts, form, language, title)
        places = {place.field_id: place.rectangle for place in laid_out.places.values}
        outside = {text.key for text in texts if not _fits(text, places[text.key])}
        if not outside:
            return laid_out
        stuck = [text for text in texts if text.key in outside and text.size <= SMALLEST_TYPE]
        if stuck:
            raise values_unfit(form, [_no_room(text) for text in stuck])
        texts = [_smaller(text, places[text.key]) if text.key in outside else text for text in texts]
    raise ConfigurationError("render_failed", reason="the values were not laid out within their places")


def _laid_out(texts: Sequence[Text], form: Form, language: Language, title: str) -> "LaidOut":
    from renderers.layout import lay_out

    pages = [
        {"width": size.width, "height": size.height, "texts": [_box(text, size.height) for text in on_page]}
        for number, size in enumerate(form.layout.pages, start=1)
        for on_page in ([text for text in texts if text.spot.page == number],)
    ]
    return lay_out(fill("form.html", language, title=title, pages=pages), "form.css")


def _box(text: Text, page_height: float) -> Mapping[str, object]:
    """As the template asks for it: from the page's upper left corner."""
    place, edge = text.spot.rectangle, _EDGE if text.kind in {"one", "many"} else 0.0
    return {
        "key": text.key,
        "text": text.text,
        "label": text.label,
        "kind": text.kind,
        "align": text.spot.align,
        "size": text.size,
        "left": round(place.x0 + edge, 2),
        "top": round(page_height - place.y1, 2),
        "width": round(place.x1 - place.x0 - 2 * edge, 2),
        "height": round(place.y1 - place.y0, 2),
    }


def _fits(text: Text, printed: Rectangle) -> bool:
    place, hanging = text.spot.rectangle, _HANGING * text.size
    if text.kind in _NEVER_TOO_LARGE:
        return True
    wide = printed.x0 >= place.x0 - _WIDER and printed.x1 <= place.x1 + _WIDER
    return wide and printed.y0 >= place.y0 - hanging and printed.y1 <= place.y1 + hanging


def _smaller(text: Text, printed: Rectangle) -> Text:
    """About as small as its place asks for, and by one step at least: half the type takes a quarter of the area."""
    place = text.spot.rectangle
    if text.kind == "many":
        share = sqrt((place.y1 - place.y0) / (printed.y1 - printed.y0))
    else:
        share = (place.x1 - place.x0 - _EDGE) / (printed.x1 - printed.x0)
    size = min(text.size - _STEP, int(text.size * share * 10) / 10)
    return replace(text, size=max(SMALLEST_TYPE, size))


def _no_room(text: Text) -> Fault:
    return Fault(
        field_id=text.field_id or "agreement.id",
        code="no_room",
        params={"page": text.spot.page, "size": int(SMALLEST_TYPE)},
    )


def values_unfit(form: Form, faults: Sequence[Fault]) -> ConfigurationError:
    """The error that names every value the form can't show."""
    return ConfigurationError("form_values_unfit", form=form.name, count=len(faults), faults=tuple(faults))


@contextmanager
def open_over(form: Form, laid_out: "LaidOut") -> "Iterator[Pdf]":
    """The form's pages with what was laid out on top of them. Raises ConfigurationError `render_failed`."""
    from pikepdf import Pdf

    from renderers.finishing.fonts import refuse_foreign_fonts

    with Pdf.open(BytesIO(form.base)) as pdf, Pdf.open(BytesIO(laid_out.pdf)) as overlay:
        refuse_foreign_fonts(overlay)
        for page, on_top in zip(pdf.pages, overlay.pages, strict=True):
            page.obj.Resources.XObject.Values = _drawing(pdf, overlay, on_top)
            page.contents_add(b"q /Values Do Q\n")
        yield pdf


def mark_form(pdf: "Pdf", form: Form, payload: Callable[[int], str]) -> None:
    """The QR code of each page in the place the map gives it."""
    from renderers.finishing.marks import draw_mark

    for spot in form.layout.codes:
        draw_mark(pdf, pdf.pages[spot.page - 1], payload(spot.page), spot.rectangle)


def _drawing(pdf: "Pdf", overlay: "Pdf", page: "Page") -> "Stream":
    """A page of values as one closed drawing, without the marks of a structure that the form does not have."""
    from pikepdf import Array, Name, Stream, parse_content_stream, unparse_content_stream

    drawn = [item for item in parse_content_stream(page) if str(item.operator) not in {"BDC", "BMC", "EMC"}]
    drawing = Stream(pdf, unparse_content_stream(drawn))
    drawing.Type, drawing.Subtype = Name.XObject, Name.Form
    drawing.BBox = Array([float(number) for number in page.mediabox])
    drawing.Resources = pdf.copy_foreign(overlay.make_indirect(page.resources))
    return drawing
