"""The last touch on a laid-out document, by pikepdf: real signature fields, in a file that many programs can sign.

WeasyPrint knows no signature fields and writes its form with faults; each function says what it repairs, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Page, Pdf, Stream

from agreements.errors import ConfigurationError

_PRINT, _LOCKED = 4, 128  # ISO 32000-1 table 165: the field prints, and can't be moved or deleted
_SIGNATURES_EXIST, _APPEND_ONLY = 1, 2  # table 219: tells viewers to keep our bytes and add theirs
_OWN_FONTS = "Avtale"  # the family names in tools/make_fonts.py


@dataclass(frozen=True, kw_only=True)
class FinishedPdf:
    """The bytes that are issued, and how many pages they have."""

    pdf: bytes
    pages: int


def finish(laid_out: bytes, signature_fields: Sequence[str] = ()) -> FinishedPdf:
    """The laid-out PDF made ready to issue, its inputs turned into the named, empty signature fields.

    Same input, same bytes. Raises ConfigurationError `render_failed` if the fields are not those asked for, or a font
    is not ours.
    """
    with Pdf.open(BytesIO(laid_out)) as pdf:
        _refuse_foreign_fonts(pdf)
        if signature_fields:
            _make_signature_fields(pdf, signature_fields)
            _repair_structure(pdf)
        return FinishedPdf(pdf=_write(pdf), pages=len(pdf.pages))


def _make_signature_fields(pdf: Pdf, names: Sequence[str]) -> None:
    form = pdf.Root.AcroForm
    found = [str(field.T) for field in form.Fields]
    if found != list(names):
        raise ConfigurationError("render_failed", reason=f"signature fields {found} instead of {list(names)}")
    for field in form.Fields:
        assert isinstance(field, Dictionary)
        _make_signature_field(pdf, field)
    # NeedAppearances lets a viewer redraw (and so change) fields that are about to be signed; nothing else needs DR.
    pdf.Root.AcroForm = Dictionary(Fields=form.Fields, SigFlags=_SIGNATURES_EXIST | _APPEND_ONLY)


def _make_signature_field(pdf: Pdf, field: Dictionary) -> None:
    """A text input's widget becomes an empty signature field: place, label and structure are right already."""
    for key in ("/DA", "/V", "/Ff", "/MK"):
        if key in field:
            del field[key]
    x0, y0, x1, y1 = (float(number) for number in field.Rect)
    left, right, bottom, top = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    field.FT = Name.Sig
    field.F = _PRINT | _LOCKED
    field.Rect = Array([round(number, 2) for number in (left, bottom, right, top)])
    # Every widget needs an appearance, if an empty one (PDF/A-3 6.3.3); without it printers draw what they like.
    empty = Stream(pdf, b"")
    empty.Type, empty.Subtype = Name.XObject, Name.Form
    empty.BBox = Array([0, 0, round(right - left, 2), round(top - bottom, 2)])
    field.AP = Dictionary(N=pdf.make_indirect(empty))


def _repair_structure(pdf: Pdf) -> None:
    """A form element with its only child in an array makes pyHanko's difference check refuse every later signature.

    It knows the path /K /Obj, not /K [0] /Obj: the child must stand alone (facts/rendering.md 1.6).
    """
    waiting = [pdf.Root.StructTreeRoot]
    while waiting:
        element = waiting.pop()
        children = element.get("/K")
        if not isinstance(children, Array):
            continue
        if element.get("/S") == Name.Form and len(children) == 1:
            element.K = children[0]
            continue
        waiting += [child for child in children if isinstance(child, Dictionary) and "/K" in child]


def _refuse_foreign_fonts(pdf: Pdf) -> None:
    names = {name for page in pdf.pages for name in _font_names(page)}
    if foreign := sorted(name for name in names if not name.partition("+")[2].startswith(_OWN_FONTS)):
        raise ConfigurationError("render_failed", reason=f"foreign font: {', '.join(foreign)}")


def _font_names(page: Page) -> list[str]:
    fonts = page.resources.get("/Font", Dictionary())
    return [str(font.BaseFont).lstrip("/") for _, font in fonts.items()]


def _write(pdf: Pdf) -> bytes:
    """Classic cross-reference table and no object streams: fast to validate, and safe to append to."""
    out = BytesIO()
    pdf.save(out, object_stream_mode=ObjectStreamMode.disable, deterministic_id=True, min_version="1.7")
    return out.getvalue()
