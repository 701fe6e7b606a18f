"""The QR code on each page: drawn as rectangles, sharp at any scale, in one and the same place.

The size is measured (facts/rendering.md 6: 18 mm is read from the worst scans); who reads a scan looks there first.
"""

from collections.abc import Callable

from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream

from agreements.fieldmap import Rectangle
from renderers.qr import SYMBOL_MODULES, qr_runs

_POINTS_PER_MM = 72 / 25.4
QR_MM = 18.0
"""Width and height of the mark: the symbol and two modules of white around it, as it was measured."""
QR_TOP_MM, QR_RIGHT_MM = 8.0, 10.0
"""From the page's upper and right edges to the mark."""
_INNER_QUIET = 2  # modules of white within the mark
_QUIET = 4  # modules of white a reader may ask for (ISO/IEC 18004 6.3.8)
_MODULE = QR_MM * _POINTS_PER_MM / (SYMBOL_MODULES + 2 * _INNER_QUIET)  # points


def mark_place(width: float, height: float, *, quiet: bool = False) -> Rectangle:
    """Where the mark stands on a page of this size, in points. `quiet`: with all the white to be left around it."""
    more = (_QUIET - _INNER_QUIET) * _MODULE if quiet else 0.0
    side = QR_MM * _POINTS_PER_MM
    x1, y1 = width - QR_RIGHT_MM * _POINTS_PER_MM, height - QR_TOP_MM * _POINTS_PER_MM
    return Rectangle(x0=x1 - side - more, y0=y1 - side - more, x1=x1 + more, y1=y1 + more)


def mark_pages(pdf: Pdf, payload: Callable[[int], str]) -> None:
    """Draw each page's payload on it. Screen readers pass it over: it says nothing that is not in the footer."""
    for number, page in enumerate(pdf.pages, start=1):
        draw_mark(pdf, page, payload(number))


def draw_mark(pdf: Pdf, page: Page, payload: str, place: Rectangle | None = None) -> None:
    """One page's mark, in the usual place or another one (a square in points from the page's lower left corner)."""
    x0, y0, x1, y1 = (float(number) for number in page.cropbox)
    place = place or mark_place(x1 - x0, y1 - y0)
    # Named by us: the library's own choice is random. Pages may share their resources.
    name = Name(f"/AvtaleQR{pdf.pages.index(page) + 1}")
    page.add_resource(_symbol(pdf, payload), Name.XObject, name)
    scale = (place.x1 - place.x0) / (SYMBOL_MODULES + 2 * _INNER_QUIET)
    drawing = (
        f"Q\n/Artifact\nBMC\nq\n{scale:.5f} 0 0 {scale:.5f} {x0 + place.x0:.4f} {y0 + place.y0:.4f} cm\n"
        f"{name} Do\nQ\nEMC\n"
    )
    page.contents_add(b"q\n", prepend=True)  # whatever the page's own content leaves turned around
    page.contents_add(drawing.encode())
    page.contents_coalesce()


def _symbol(pdf: Pdf, payload: str) -> Stream:
    """One unit is one module."""
    side = SYMBOL_MODULES + 2 * _INNER_QUIET
    dark = "\n".join(f"{_INNER_QUIET + x} {_INNER_QUIET + y} {length} 1 re" for x, y, length in qr_runs(payload))
    form = Stream(pdf, f"1 1 1 rg\n0 0 {side} {side} re\nf\n0 0 0 rg\n{dark}\nf\n".encode())
    form.Type, form.Subtype = Name.XObject, Name.Form
    form.BBox, form.Resources = Array([0, 0, side, side]), Dictionary()
    return form
