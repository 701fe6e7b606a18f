"""What is drawn on one of two pages and not on the other: pictures, lines, letters drawn as shapes, covers.

Both pages are drawn in grey at a modest scale, the issued one laid where the returned one has it; a dot counts that
nothing dark, or nothing light, stands near on the other page. So what only moved by less than a point, or was drawn by
another hand, is the same, and so is what was bleached or shaded a little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from agreements.fieldmap import Rectangle
from intake.reading.alignment import Transform

DOTS_PER_INCH: Final = 72.0
"""A letter of ten points is some seven dots high then; finer pictures find no more and take four times as long."""
_NEAR: Final = 5  # dots: a square around each, two to every side
_DIFFERENT: Final = 96  # of 255 steps of grey, found on honest carriers (tests/intake/test_likeness.py)
_CELL: Final = 6  # dots: what is nearer than that is one blob
MIN_DOTS: Final = 4  # of a blob; less is the edge of a letter
MAX_BLOBS: Final = 100  # of one page, then one over all


@dataclass(frozen=True, kw_only=True)
class Ink:
    """Where the pages differ, in points of the returned page."""

    added: tuple[Rectangle, ...]
    lost: tuple[Rectangle, ...]


def compare_ink(issued: Image.Image, returned: Image.Image, transform: Transform, *, blank: Sequence[Rectangle]) -> Ink:
    """Both drawn at `DOTS_PER_INCH`. `blank`: places of the returned page that are not looked at."""
    laid = _laid(issued, returned.size, transform)
    for picture in (laid, returned):
        _blank(picture, blank)
    added = ImageChops.subtract(laid.filter(ImageFilter.MinFilter(_NEAR)), returned)
    lost = ImageChops.subtract(returned.filter(ImageFilter.MinFilter(_NEAR)), laid)
    return Ink(added=_blobs(added), lost=_blobs(lost))


def _laid(issued: Image.Image, size: tuple[int, int], transform: Transform) -> Image.Image:
    """The issued page as it came to lie on one of another size; pictures have their origin in the upper left corner."""
    scale = DOTS_PER_INCH / 72
    inverse, shift = 1 / transform.factor, transform.shift
    origin = (complex(0, size[1] / scale) - shift) * inverse
    right, down = inverse, -1j * inverse
    coefficients = (
        *(right.real, down.real, origin.real * scale),
        *(-right.imag, -down.imag, issued.height - origin.imag * scale),
    )
    return issued.transform(
        size, Image.Transform.AFFINE, coefficients, resample=Image.Resampling.BILINEAR, fillcolor=255
    )


def _blank(picture: Image.Image, places: Sequence[Rectangle]) -> None:
    pen, scale = ImageDraw.Draw(picture), DOTS_PER_INCH / 72
    for place in places:
        box = (place.x0 * scale, picture.height - place.y1 * scale, place.x1 * scale, picture.height - place.y0 * scale)
        pen.rectangle(box, fill=255)


def _blobs(difference: Image.Image) -> tuple[Rectangle, ...]:
    """The rectangles of what differs."""
    marks = difference.point([0] * _DIFFERENT + [255] * (256 - _DIFFERENT))
    whole = marks.getbbox()
    if whole is None:
        return ()
    boxes = [box for cells in _connected(marks, whole) if (box := _box(marks, cells)) is not None]
    if len(boxes) > MAX_BLOBS:
        boxes = [whole]
    scale, height = DOTS_PER_INCH / 72, difference.height
    return tuple(
        Rectangle(x0=left / scale, y0=(height - bottom) / scale, x1=right / scale, y1=(height - top) / scale)
        for left, top, right, bottom in boxes
    )


def _connected(marks: Image.Image, whole: tuple[int, int, int, int]) -> list[set[tuple[int, int]]]:
    """The cells in which anything is marked, by those that touch each other."""
    left, top, right, bottom = whole
    free = {
        (column, row)
        for row in range(top // _CELL, (bottom - 1) // _CELL + 1)
        for column in range(left // _CELL, (right - 1) // _CELL + 1)
        if marks.crop(_cell(column, row)).getbbox() is not None
    }
    found = []
    while free:
        todo, blob = [free.pop()], set[tuple[int, int]]()
        while todo:
            column, row = todo.pop()
            blob.add((column, row))
            near = {(column + x, row + y) for x in (-1, 0, 1) for y in (-1, 0, 1)} & free
            free -= near
            todo.extend(near)
        found.append(blob)
    return found


def _cell(column: int, row: int) -> tuple[int, int, int, int]:
    return column * _CELL, row * _CELL, (column + 1) * _CELL, (row + 1) * _CELL


def _box(marks: Image.Image, cells: set[tuple[int, int]]) -> tuple[int, int, int, int] | None:
    """The tight box of a blob; None for a speck."""
    columns, rows = [column for column, _ in cells], [row for _, row in cells]
    outer = _cell(min(columns), min(rows))[:2] + _cell(max(columns), max(rows))[2:]
    part = marks.crop(outer)
    box = part.getbbox()
    if box is None or part.histogram()[255] < MIN_DOTS:
        return None
    return outer[0] + box[0], outer[1] + box[1], outer[0] + box[2], outer[1] + box[3]
