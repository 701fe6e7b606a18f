"""Form fields: WeasyPrint's inputs repaired, and signature fields, which it does not know.

The inputs' places, labels and limits are right already. What is wrong with them, and repaired here (facts/rendering.md
1): no appearances (a printer leaves them blank, PDF/A-3 6.3.3 asks for them), `NeedAppearances` (lets a viewer redraw
what is being signed), check boxes without an off state, a default appearance that begins with a graphics state and
names a font of the page, rectangles upside down, no required flag.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, Stream, String

from agreements.errors import ConfigurationError
from agreements.fieldmap import FieldKind, FormField, Rectangle

if TYPE_CHECKING:
    from renderers.places import Places

_PRINT, _LOCKED = 4, 128  # ISO 32000-1 table 165: the field prints, and can't be moved or deleted
_REQUIRED = 2  # table 221
_SIGNATURES_EXIST, _APPEND_ONLY = 1, 2  # table 219: tells viewers to keep our bytes and add theirs
_FONT_SIZE = re.compile(rb"/(\S+) ([\d.]+) Tf")
_COLOUR = re.compile(rb"[\d.]+ [\d.]+ [\d.]+ rg")
# The name under which the form knows the font of its fields. PDFium takes every letter from a font of this name, and
# otherwise only those of Windows' western code page: a typed eng would be lost (its CPDF_BAFontMap, GetWordFontIndex).
_TYPING_FONT = "/Webdings"
_EMPTY_TEXT = b"/Tx BMC\nEMC\n"  # ISO 32000-1 12.7.3.3: what a viewer replaces when somebody types
_TICK = (
    "q\n0.047 0.231 0.22 RG\n{line:.2f} w\n1 J\n1 j\n"
    "{x0:.2f} {y0:.2f} m\n{x1:.2f} {y1:.2f} l\n{x2:.2f} {y2:.2f} l\nS\nQ\n"
)


def finish_fields(pdf: Pdf, places: "Places", signature_fields: Sequence[str]) -> None:
    """Turn the inputs of a laid-out page into empty fields that can be filled in, printed and signed.

    Raises ConfigurationError `render_failed` if the PDF's fields are not the inputs that were laid out, the signature
    fields are not those asked for (in that order), or a field holds a value: values are printed as text.
    """
    inputs = {field.name: field for field in places.fields if field.kind is not FieldKind.RULED}
    widgets = _widgets(pdf)
    if list(widgets) != list(inputs):
        raise _failed(f"fields {list(widgets)} instead of {list(inputs)}")
    signatures = [name for name, field in inputs.items() if field.kind is FieldKind.SIGNATURE]
    if signatures != list(signature_fields):
        raise _failed(f"signature fields {signatures} instead of {list(signature_fields)}")
    fonts = Dictionary()
    for name, widget in widgets.items():
        _finish_field(pdf, widget, inputs[name], fonts)
        if name in places.required:
            widget.Ff = int(widget.get("/Ff", 0)) | _REQUIRED
    _write_form(pdf, list(widgets.values()), fonts, signed=bool(signatures))
    _drop_unused_fonts(pdf, fonts)


def make_signature_field(pdf: Pdf, widget: Dictionary) -> None:
    """A widget with a name, a label (/TU) and a place becomes an empty signature field: no lock, no seed values."""
    for key in ("/DA", "/V", "/Ff", "/MK", "/AA", "/A", "/Q", "/MaxLen"):
        if key in widget:
            del widget[key]
    widget.FT = Name.Sig
    widget.F = _PRINT | _LOCKED
    widget.AP = Dictionary(N=_appearance(pdf, _normal_rectangle(widget), b""))


def add_signature_field(pdf: Pdf, page: Page, place: Rectangle, *, name: str, label: str) -> None:
    """A new empty signature field on a page, last in the document's form."""
    corners = [round(number, 2) for number in (place.x0, place.y0, place.x1, place.y1)]
    widget = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            P=page.obj,
            Rect=Array(corners),
            T=String(name),
            TU=String(label),
        )
    )
    make_signature_field(pdf, widget)
    page.obj.Annots = Array([*page.obj.get("/Annots", Array()), widget])
    form = pdf.Root.get("/AcroForm", Dictionary(Fields=Array()))
    form.Fields = Array([*form.Fields, widget])
    form.SigFlags = _SIGNATURES_EXIST | _APPEND_ONLY
    pdf.Root.AcroForm = form


def _widgets(pdf: Pdf) -> dict[str, Dictionary]:
    form = pdf.Root.get("/AcroForm", Dictionary())
    return {str(field.T): field for field in form.get("/Fields", Array()) if isinstance(field, Dictionary)}


def _finish_field(pdf: Pdf, widget: Dictionary, field: FormField, fonts: Dictionary) -> None:
    if str(widget.get("/V", "")) not in {"", "/Off"}:
        raise _failed(f"the field {field.name} holds a value")
    if field.kind is FieldKind.SIGNATURE:
        make_signature_field(pdf, widget)
    elif field.kind is FieldKind.CHECKBOX:
        _finish_check_box(pdf, widget)
    else:
        _finish_text(pdf, widget, fonts)


def _finish_text(pdf: Pdf, widget: Dictionary, fonts: Dictionary) -> None:
    """A text or a choice: typed in our own font, which is embedded whole for the purpose (WeasyPrint does that)."""
    written = bytes(widget.DA)
    size, colour = _FONT_SIZE.search(written), _COLOUR.search(written)
    if size is None or colour is None:
        raise _failed("a field's default appearance has no font or no colour")
    font = Page(widget.P).resources.Font[f"/{size[1].decode()}"]
    if fonts.get(_TYPING_FONT, font).objgen != font.objgen:
        raise _failed("the fields are not all set in one font")
    fonts[_TYPING_FONT] = font
    _make_typable(font)
    widget.DA = String(f"{_TYPING_FONT} {float(size[2]):g} Tf {colour[0].decode()}")
    resources = Dictionary(Font=Dictionary({_TYPING_FONT: font}))
    widget.AP = Dictionary(N=_appearance(pdf, _normal_rectangle(widget), _EMPTY_TEXT, resources))


def _make_typable(font: Object) -> None:
    """The font is whole: with the tag of a subset (ISO 32000-1 9.6.4) editors would refuse to type in it.

    Its widths get two decimals: PDFium, when it appends what was typed, writes longer ones back shortened, and the font
    of the whole document would look changed.
    """
    descendant = font.DescendantFonts[0]
    name = Name("/" + str(font.BaseFont).lstrip("/").rpartition("+")[2])
    font.BaseFont = descendant.BaseFont = descendant.FontDescriptor.FontName = name
    descendant.W = Array([_rounded(entry) for entry in descendant.W])


def _rounded(entry: Object | int | Decimal) -> Object | int | float:
    if isinstance(entry, Array):
        return Array([round(float(width), 2) for width in entry])
    return int(entry)  # the number of the first glyph


def _finish_check_box(pdf: Pdf, widget: Dictionary) -> None:
    """Both states drawn by us, for the page already shows the box around them."""
    width, height = _normal_rectangle(widget)
    corners = {"x0": 0.2, "y0": 0.5, "x1": 0.42, "y1": 0.26, "x2": 0.8, "y2": 0.76}
    places = {key: part * (width if key[0] == "x" else height) for key, part in corners.items()}
    tick = _TICK.format(line=0.13 * min(width, height), **places).encode()
    states = Dictionary(on=_appearance(pdf, (width, height), tick), Off=_appearance(pdf, (width, height), b""))
    widget.AP = Dictionary(N=states)
    widget.AS = widget.V = Name.Off
    # A viewer that draws the state anew (poppler) asks for a font; ZapfDingbats is what it must know of itself.
    widget.DA, widget.MK = String("/ZaDb 0 Tf 0.047 0.231 0.22 rg"), Dictionary(CA=String("4"))
    if "/Border" in widget:
        del widget.Border
    widget.BS = Dictionary(W=0)


def _normal_rectangle(widget: Dictionary) -> tuple[float, float]:
    """Put the corners in order (ISO 32000-1 7.9.5); the width and height."""
    x0, y0, x1, y1 = (float(number) for number in widget.Rect)
    left, right, bottom, top = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    widget.Rect = Array([round(number, 2) for number in (left, bottom, right, top)])
    return round(right - left, 2), round(top - bottom, 2)


def _appearance(pdf: Pdf, size: tuple[float, float], content: bytes, resources: Dictionary | None = None) -> Stream:
    form = Stream(pdf, content or b"\n")  # a stream of no bytes is no valid Flate data once it is written
    form.Type, form.Subtype = Name.XObject, Name.Form
    form.BBox = Array([0, 0, *size])
    form.Resources = resources or Dictionary()
    return form


def _write_form(pdf: Pdf, widgets: list[Dictionary], fonts: Dictionary, *, signed: bool) -> None:
    """The form anew: without NeedAppearances, and with no more resources than its fields ask for."""
    if "/AcroForm" in pdf.Root:
        del pdf.Root.AcroForm
    if not widgets:
        return
    form = Dictionary(Fields=Array(widgets))
    if signed:
        form.SigFlags = _SIGNATURES_EXIST | _APPEND_ONLY
    if fonts:
        form.DR = Dictionary(Font=fonts)
    pdf.Root.AcroForm = form


def _drop_unused_fonts(pdf: Pdf, kept: Dictionary) -> None:
    """A signature field needs no font, but WeasyPrint embeds a whole one for the input it was."""
    written = b"".join(page.Contents.read_bytes() for page in pdf.pages)
    fonts = pdf.pages[0].resources.get("/Font", Dictionary())
    in_use = {font.objgen for _, font in kept.items()}
    for name in list(fonts.keys()):
        if fonts[name].objgen not in in_use and f"{name} ".encode() not in written:
            del fonts[name]


def _failed(reason: str) -> ConfigurationError:
    return ConfigurationError("render_failed", reason=reason)
