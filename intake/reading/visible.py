"""What can be seen of a page's text, and what a place on it already holds: by PDFium, for forms that are imported.

A page is drawn twice, once as it is and once without its text. A letter can be seen if some dot of it stands out from
what lies under it as text must to be read; one that is pale, behind a picture, in rendering mode 3, off the page, or
too small to leave a mark, does not.

Not promised: that a letter looks like what it says (a font may draw one letter for another).
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict

from agreements.fieldmap import Rectangle
from agreements.legibility import CONTRAST_ROUNDING, MIN_CONTRAST
from intake.reading.contrast import BYTES, contrast

DOTS_PER_INCH: Final = 150  # a full stop of 6-point type is still wider than a dot
_READING_DOTS: Final = 300  # to the inch: the thinnest stroke of 6-point type is still wider than a dot
FAINTEST: Final = 24  # of 255 steps of grey: what a place that is written on may vary by
_LIGHT: Final = 200  # of 255: black type and a QR code stand out against it
SMALLEST_LETTERS: Final = 3.0  # points: smaller type is a blur on paper and on screens
_PLAIN: Final = 64  # of 255 steps of grey: more than the edge of a letter that was drawn a little to the side
_SPECKS: Final = 40  # dots: a full stop has some ten
_MAX_NESTING: Final = 12  # drawings within drawings; honest forms have two
_MAX_EXCERPT: Final = 60
_LEADERS: Final = frozenset("_.\u2026-\u2013\u2014")


class HiddenText(BaseModel):
    """Text that is there and can't be seen, on one page."""

    model_config = ConfigDict(frozen=True)

    page: int
    letters: int
    excerpt: str
    """The beginning of it."""


@dataclass(frozen=True, kw_only=True)
class _Letter:
    text: str
    rectangle: Rectangle
    size: float
    """Points: the longer side of what the font sets aside for it, which for upright and turned type is its size."""


class Sight:
    """One opened document. Raises pypdfium2.PdfiumError where it can't be read."""

    def __init__(self, data: bytes) -> None:
        self._document = pypdfium2.PdfDocument(data)
        self._pages = [_PageSight(self._document.get_page(index)) for index in range(len(self._document))]

    def hidden_text(self) -> tuple[HiddenText, ...]:
        """What can't be seen, page by page; empty if every letter can."""
        found = ((number, page.hidden()) for number, page in enumerate(self._pages, start=1))
        return tuple(
            HiddenText(page=number, letters=len(text), excerpt=text[:_MAX_EXCERPT]) for number, text in found if text
        )

    def has_text(self, page: int, rectangle: Rectangle) -> bool:
        """Whether a letter's middle lies in a rectangle; dots and strokes to write on aside."""
        return self._pages[page - 1].has_text(rectangle)

    def has_anything(self, page: int, rectangle: Rectangle) -> bool:
        """Whether anything is drawn in a rectangle, or it is too dark for type and a QR code to be read on it."""
        return not self._pages[page - 1].is_blank(rectangle)


def pages_that_differ(one: bytes, other: bytes, apart_from: Sequence[tuple[int, Rectangle]] = ()) -> tuple[int, ...]:
    """The pages of two documents that do not look the same, annotations and the places named aside.

    Two programs may take two pages from one file: what is issued must be what PDFium, too, saw in the form. Raises
    pypdfium2.PdfiumError where one can't be read.
    """
    first, second = pypdfium2.PdfDocument(one), pypdfium2.PdfDocument(other)
    try:
        count = max(len(first), len(second))
        if len(first) != len(second):
            return tuple(range(1, count + 1))
        return tuple(
            number
            for number in range(1, count + 1)
            if not _look_alike(
                first[number - 1], second[number - 1], [place for page, place in apart_from if page == number]
            )
        )
    finally:
        first.close()
        second.close()


def _look_alike(one: Any, other: Any, apart_from: Sequence[Rectangle]) -> bool:
    (ours, row), (theirs, other_row) = _draw(one), _draw(other)
    if (len(ours), row) != (len(theirs), other_row):
        return False
    aside = [_in_dots(place, one.get_height()) for place in apart_from]
    specks = (
        (x, y)
        for x, y in _different_dots(ours, theirs, row)
        if not any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in aside)
    )
    return len(list(islice(specks, _SPECKS))) < _SPECKS


def _different_dots(ours: bytes, theirs: bytes, row: int) -> Iterator[tuple[int, int]]:
    """From the left and from the top."""
    for start in range(0, len(ours), row):
        one, other = ours[start : start + row], theirs[start : start + row]
        if one != other:
            pairs = enumerate(zip(one, other, strict=True))
            yield from ((x, start // row) for x, (ink, other_ink) in pairs if abs(ink - other_ink) >= _PLAIN)


def _in_dots(place: Rectangle, height: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom, with two dots more on each side for the width of a line."""
    scale = DOTS_PER_INCH / 72
    top, bottom = (height - place.y1) * scale, (height - place.y0) * scale
    return place.x0 * scale - 2, top - 2, place.x1 * scale + 2, bottom + 2


class _PageSight:
    def __init__(self, page: Any) -> None:
        self._width, self._height = page.get_width(), page.get_height()
        self._letters = tuple(_letters(page))
        self._drawn, self._row = _draw(page)
        self._hidden = _hidden(page, self._letters)

    def hidden(self) -> str:
        return self._hidden

    def has_text(self, rectangle: Rectangle) -> bool:
        letters = (letter for letter in self._letters if letter.text not in _LEADERS)
        return any(_holds(rectangle, letter.rectangle) for letter in letters)

    def is_blank(self, rectangle: Rectangle) -> bool:
        rows = [self._drawn[start:end] for start, end in self._rows(rectangle)]
        return bool(rows) and min(map(min, rows)) > _LIGHT and max(map(max, rows)) - min(map(min, rows)) < FAINTEST

    def _rows(self, rectangle: Rectangle) -> Iterator[tuple[int, int]]:
        """Where the dots of a rectangle lie in the drawing, row by row; what is off the page has none."""
        scale = DOTS_PER_INCH / 72
        left, right = max(0, int(rectangle.x0 * scale)), min(int(self._width * scale), int(rectangle.x1 * scale) + 1)
        top = max(0, int((self._height - rectangle.y1) * scale))
        bottom = min(len(self._drawn) // self._row, int((self._height - rectangle.y0) * scale) + 1)
        if left < right:
            yield from ((row * self._row + left, row * self._row + right) for row in range(top, bottom))


def _hidden(page: Any, letters: Sequence[_Letter]) -> str:
    """The letters that can't be seen; takes the page's text away."""
    drawn, row = _draw(page, _READING_DOTS, grey=False)
    take_text_away(page)
    bare, _ = _draw(page, _READING_DOTS, grey=False)

    def is_seen(letter: _Letter) -> bool:
        if letter.size < SMALLEST_LETTERS:
            return False
        spans = _spans(letter.rectangle, page, row)
        return any(_stands_out(drawn[start:end], bare[start:end]) for start, end in spans)

    return "".join(letter.text for letter in letters if not is_seen(letter))


def _spans(rectangle: Rectangle, page: Any, row: int) -> Iterator[tuple[int, int]]:
    """Where the dots of a rectangle lie in the coloured drawing, row by row; what is off the page has none."""
    scale, width, height = _READING_DOTS / 72, page.get_width(), page.get_height()
    left, right = max(0, int(rectangle.x0 * scale)), min(int(width * scale), int(rectangle.x1 * scale) + 1)
    top, bottom = max(0, int((height - rectangle.y1) * scale)), int((height - rectangle.y0) * scale) + 1
    if left < right:
        for line in range(top, min(bottom, int(height * scale))):
            yield line * row + left * BYTES, line * row + right * BYTES


def _stands_out(drawn: bytes, bare: bytes) -> bool:
    if drawn == bare:
        return False
    dots = range(0, len(drawn), BYTES)
    ratios = (contrast(drawn[at : at + BYTES], bare[at : at + BYTES]) for at in dots)
    return any(ratio >= MIN_CONTRAST - CONTRAST_ROUNDING for ratio in ratios)


def _letters(page: Any) -> Iterator[_Letter]:
    """Every letter that a reader of the text would be given; spaces and marks without a shape aside."""
    text_page = page.get_textpage()
    try:
        for index in range(text_page.count_chars()):
            code = pdfium.FPDFText_GetUnicode(text_page, index)
            if pdfium.FPDFText_IsGenerated(text_page, index) == 1 or not _has_shape(code):
                continue
            left, bottom, right, top = text_page.get_charbox(index)
            loose = text_page.get_charbox(index, loose=True)
            box = Rectangle(x0=left, y0=bottom, x1=right, y1=top)
            yield _Letter(text=chr(code), rectangle=box, size=max(loose[2] - loose[0], loose[3] - loose[1]))
    finally:
        text_page.close()


def _has_shape(code: int) -> bool:
    return unicodedata.category(chr(code))[0] not in {"Z", "C"}


def _draw(page: Any, dots: int = DOTS_PER_INCH, *, grey: bool = True) -> tuple[bytes, int]:
    """The page in steps of grey, or in blue, green and red; and the bytes in one row."""
    bitmap = page.render(scale=dots / 72, grayscale=grey, may_draw_forms=False, draw_annots=False)
    try:
        return bytes(bitmap.buffer), bitmap.stride
    finally:
        bitmap.close()


def take_text_away(page: Any) -> None:
    """Make every piece of text on the page invisible, those in drawings within drawings too."""
    _hide(page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, depth=0)


def _hide(holder: Any, count: Callable[[Any], int], get: Callable[[Any, int], Any], *, depth: int) -> None:
    if depth > _MAX_NESTING:
        return
    for index in range(count(holder)):
        item = get(holder, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            pdfium.FPDFTextObj_SetTextRenderMode(item, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            _hide(item, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, depth=depth + 1)


def _holds(outer: Rectangle, inner: Rectangle) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1
