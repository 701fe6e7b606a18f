"""How well marked texts can be read on the pages of a document of our own: measured on the drawn page, by PDFium.

Each page is drawn as it is and once more without its text: where the two differ, there is ink, and the second drawing
shows exactly what lies under it. So it makes no difference how a text was hidden: by its colour, its size, something
laid over it, other letters too, or because it is not on the page.

Not promised: that a letter looks like what it says (the fonts are our own).
"""

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add, sub
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from agreements.fieldmap import PrintedValue, Rectangle
from agreements.legibility import Legibility
from intake.reading.contrast import BYTES, GREEN, RED, contrast
from intake.reading.visible import take_text_away

_DOTS_PER_INCH: Final = 300  # a hyphen of 8-point type is more than two dots high, so that one of them is all ink
_SCALE: Final = _DOTS_PER_INCH / 72
_EDGE: Final = 0.3  # of a letter's height and width: how far in from each side of its outline there must be ink
_INK: Final = 16  # of 510 steps of green and red: a smaller change is the drawing's own rounding
_SLACK: Final = 1.0  # points around a place: what a letter's outline may reach out of its line
_OVERLAP: Final = 0.5  # of the smaller of two letters' outlines: kerned and slanted ones touch by less
_CELL: Final = 12.0  # points: letters are compared with those in the cells around their own


@dataclass(frozen=True, kw_only=True)
class _Letter:
    text: str
    box: Rectangle
    size: float


def measure_legibility(pdf: bytes, places: Sequence[PrintedValue], /) -> tuple[Legibility, ...]:
    """What can be seen at each place, in the order given. Raises pypdfium2.PdfiumError if it is no PDF."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = {number: _Page(document[number - 1]) for number in sorted({place.page for place in places})}
        return tuple(pages[place.page].look(place.rectangle) for place in places)
    finally:
        document.close()


class _Page:
    def __init__(self, page: Any) -> None:
        self._size = (page.get_width(), page.get_height())
        self._letters = tuple(_letters(page))
        self._overlaid = _overlaid(self._letters)
        self._contrasts: dict[Rectangle, float] = {}
        self._drawn, self._row = _draw(page)
        take_text_away(page)
        self._bare, _ = _draw(page)

    def look(self, place: Rectangle) -> Legibility:
        letters = [letter for letter in self._letters if _middle_within(letter.box, place)]
        boxes = [letter.box for letter in letters] or [place]
        return Legibility(
            text="".join(letter.text for letter in letters),
            size=min((letter.size for letter in letters), default=0.0),
            contrast=min((self._contrast_once(letter.box) for letter in letters), default=1.0),
            within=(
                min(box.x0 for box in boxes),
                min(box.y0 for box in boxes),
                max(box.x1 for box in boxes),
                max(box.y1 for box in boxes),
            ),
            page_size=self._size,
        )

    def _contrast_once(self, box: Rectangle) -> float:
        """A letter stands in several places: its word's, its page's."""
        if box not in self._contrasts:
            self._contrasts[box] = 1.0 if box in self._overlaid else self._contrast(box)
        return self._contrasts[box]

    def _contrast(self, box: Rectangle) -> float:
        """The letter's strongest ink against what lies under it; 1 if one side of its outline has no ink at all."""
        left, right, top, bottom = self._dots(box)
        marks = tuple(self._marks(left, right, range(top, bottom)))
        if not marks:
            return 1.0
        wide, high = max(2.0, _EDGE * (right - left)), max(2.0, _EDGE * (bottom - top))
        whole = (
            marks[0].row < top + high
            and marks[-1].row >= bottom - high
            and min(mark.first for mark in marks) < wide
            and max(mark.last for mark in marks) >= right - left - wide
        )
        return max(marks, key=lambda mark: mark.change).contrast if whole else 1.0

    def _dots(self, box: Rectangle) -> tuple[int, int, int, int]:
        """The letter's outline in dots: left, right, top, bottom; all of it, even what is off the page."""
        return (
            math.floor(box.x0 * _SCALE),
            math.ceil(box.x1 * _SCALE),
            math.floor((self._size[1] - box.y1) * _SCALE),
            math.ceil((self._size[1] - box.y0) * _SCALE),
        )

    def _marks(self, left: int, right: int, rows: range) -> Iterator["_Mark"]:
        """The ink in these rows, from the top; there is none off the page."""
        inside = left >= 0 and right * BYTES <= self._row
        for row in rows if inside else ():
            start = row * self._row
            drawn = self._drawn[start + left * BYTES : start + right * BYTES] if row >= 0 else b""
            bare = self._bare[start + left * BYTES : start + right * BYTES]
            if drawn and drawn != bare and (mark := _find_mark(row, drawn, bare)):
                yield mark


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """The ink of a letter in one row of dots."""

    row: int
    first: int
    """The first dot with ink, from the left of the letter."""
    last: int
    change: int
    contrast: float
    """Of the dot that changes most."""


def _find_mark(row: int, drawn: bytes, bare: bytes) -> _Mark | None:
    """Green and red decide: blue alone adds too little light to make text of it (WCAG 2.2, relative luminance)."""
    green = map(abs, map(sub, drawn[GREEN::BYTES], bare[GREEN::BYTES]))
    red = map(abs, map(sub, drawn[RED::BYTES], bare[RED::BYTES]))
    changes = list(map(add, green, red))
    if (change := max(changes)) < _INK:
        return None
    inked = [at for at, step in enumerate(changes) if step >= _INK]
    dot = changes.index(change) * BYTES
    ratio = contrast(drawn[dot : dot + BYTES], bare[dot : dot + BYTES])
    return _Mark(row=row, first=inked[0], last=inked[-1], change=change, contrast=ratio)


def _overlaid(letters: Sequence[_Letter]) -> frozenset[Rectangle]:
    """The outlines of letters that stand on top of each other."""
    cells: dict[tuple[int, int], list[Rectangle]] = {}
    found: set[Rectangle] = set()
    for box in (letter.box for letter in letters):
        column, row = int((box.x0 + box.x1) / 2 / _CELL), int((box.y0 + box.y1) / 2 / _CELL)
        near = [other for x in (-1, 0, 1) for y in (-1, 0, 1) for other in cells.get((column + x, row + y), ())]
        for other in near:
            if _share(box, other) > _OVERLAP:
                found |= {box, other}
        cells.setdefault((column, row), []).append(box)
    return frozenset(found)


def _share(one: Rectangle, other: Rectangle) -> float:
    """How much of the smaller one lies within the other, 0 to 1."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    smaller = min((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other))
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0


def _letters(page: Any) -> Iterator[_Letter]:
    text_page = page.get_textpage()
    matrix = pdfium.FS_MATRIX()
    try:
        for index in range(text_page.count_chars()):
            text = chr(pdfium.FPDFText_GetUnicode(text_page, index))
            if text.isspace() or not text.isprintable():
                continue
            left, bottom, right, top = text_page.get_charbox(index)
            _, low, _, high = text_page.get_charbox(index, loose=True)
            pdfium.FPDFText_GetMatrix(text_page, index, ctypes.byref(matrix))
            scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
            size = min(pdfium.FPDFText_GetFontSize(text_page, index) * scale, high - low)
            yield _Letter(text=text, box=Rectangle(x0=left, y0=bottom, x1=right, y1=top), size=size)
    finally:
        text_page.close()


def _draw(page: Any) -> tuple[bytes, int]:
    """The page as bytes of blue, green and red, and the bytes in one row."""
    bitmap = page.render(scale=_SCALE, may_draw_forms=False)
    try:
        return bytes(bitmap.buffer), bitmap.stride
    finally:
        bitmap.close()


def _middle_within(box: Rectangle, place: Rectangle) -> bool:
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return place.x0 - _SLACK <= x <= place.x1 + _SLACK and place.y0 - _SLACK <= y <= place.y1 + _SLACK
