"""What is drawn on one of two pages and not on the other: pictures, lines, letters drawn as shapes, covers.

Both pages are drawn in grey at a modest scale, the issued one laid where the returned one has it; a dot counts that
nothing dark, or nothing light, stands near on the other page. So what only moved by less than a point, or was drawn by
another hand, is the same, and so is what was bleached or shaded a little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from agreements.fieldmap import Rectangle
from intake.reading.alignment import Transform
from intake.reading.letters import Laid, OpenPage

DOTS_PER_INCH: Final = 100.0
"""A figure of ten points is some ten dots high then, and its strokes are more than one wide."""
_NEAR: Final = 1  # dots to every side: three quarters of a point, less than by which figures differ
_DIFFERENT: Final = 56  # of 255 steps of grey, found on honest carriers (tests/intake/test_likeness.py)
_CELL: Final = 6  # dots: what is nearer than that is one blob
_MARGIN: Final = 12  # rows around a part that differs; two of `_CELL`
MIN_DOTS: Final = 4  # of a blob; less is the edge of a letter
MAX_BLOBS: Final = 100  # of one page, then one over all
_MARKED: Final = (0,) * _DIFFERENT + (255,) * (256 - _DIFFERENT)

_Dots = tuple[int, int, int, int]
"""Left, top, right and bottom, from the upper left corner."""


@dataclass(frozen=True, kw_only=True)
class Ink:
    """Where the pages differ, in points of the returned page."""

    added: tuple[Rectangle, ...]
    lost: tuple[Rectangle, ...]


def compare_ink(issued: OpenPage, returned: OpenPage, transform: Transform, *, blank: Sequence[Rectangle]) -> Ink:
    """`transform`: from the issued page to the returned one. `blank`: places of that one that are not looked at."""
    laid = Laid(size=returned.size, factor=transform.factor, shift=transform.shift)
    ours, theirs = issued.draw(DOTS_PER_INCH, laid), returned.draw(DOTS_PER_INCH)
    for picture in (ours, theirs):
        _blank(picture, blank)
    added, lost = list[_Dots](), list[_Dots]()
    for top, bottom in _differing(ours, theirs):
        one, other = (picture.crop((0, top, picture.width, bottom)) for picture in (ours, theirs))
        added += _blobs(ImageChops.subtract(_spread(one), other), top)
        lost += _blobs(ImageChops.subtract(_spread(other), one), top)
    return Ink(added=_rectangles(added, ours.height), lost=_rectangles(lost, ours.height))


def _differing(ours: Image.Image, theirs: Image.Image) -> Iterator[tuple[int, int]]:
    """The rows of dots between which the pictures differ at all: most of a page is the same dot for dot.

    With some rows that are the same around them, so that nothing reaches from one part to the next.
    """
    marks = ImageChops.difference(ours, theirs).point(_MARKED)
    parts: list[tuple[int, int]] = []
    for top, bottom in _marked_rows(marks, 0, marks.height):
        above = parts.pop() if parts and top - parts[-1][1] < 2 * _MARGIN else (top, bottom)
        parts.append((above[0], bottom))
    for top, bottom in parts:
        yield max(0, top - _MARGIN), min(marks.height, bottom + _MARGIN)


def _marked_rows(marks: Image.Image, top: int, bottom: int) -> Iterator[tuple[int, int]]:
    """From the top; by halves, since one look at many rows costs as much as one at a few."""
    box = marks.crop((0, top, marks.width, bottom)).getbbox()
    if box is None:
        return
    top, bottom = top + box[1], top + box[3]
    middle = (top + bottom) // 2
    if bottom - top <= _MARGIN:
        yield top, bottom
    else:
        yield from _marked_rows(marks, top, middle)
        yield from _marked_rows(marks, middle, bottom)


def _spread(picture: Image.Image) -> Image.Image:
    """What is dark, made thicker by `_NEAR` to every side. What leaves by one edge comes back by the other."""
    for step in ((_NEAR, 0), (0, _NEAR)):
        ahead, behind = ImageChops.offset(picture, *step), ImageChops.offset(picture, -step[0], -step[1])
        picture = ImageChops.darker(picture, ImageChops.darker(ahead, behind))
    return picture


def _blank(picture: Image.Image, places: Sequence[Rectangle]) -> None:
    pen, scale = ImageDraw.Draw(picture), DOTS_PER_INCH / 72
    for place in places:
        box = (place.x0 * scale, picture.height - place.y1 * scale, place.x1 * scale, picture.height - place.y0 * scale)
        pen.rectangle(box, fill=255)


def _blobs(difference: Image.Image, above: int) -> Iterator[_Dots]:
    """The boxes of what differs, on the page; `above`: rows of it over this part."""
    marks = difference.point(_MARKED)
    if marks.getbbox() is None:
        return
    for cells in _connected(marks):
        box = _box(marks, cells)
        if box is not None:
            yield box[0], box[1] + above, box[2], box[3] + above


def _rectangles(boxes: Sequence[_Dots], height: int) -> tuple[Rectangle, ...]:
    """In points; too many become one around all."""
    if len(boxes) > MAX_BLOBS:
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        boxes = [(min(lefts), min(tops), max(rights), max(bottoms))]
    scale = DOTS_PER_INCH / 72
    return tuple(
        Rectangle(x0=left / scale, y0=(height - bottom) / scale, x1=right / scale, y1=(height - top) / scale)
        for left, top, right, bottom in boxes
    )


def _connected(marks: Image.Image) -> list[set[tuple[int, int]]]:
    """The cells in which anything is marked, by those that touch each other."""
    cells = marks.reduce(_CELL)
    free = {(index % cells.width, index // cells.width) for index, mark in enumerate(cells.tobytes()) if mark}
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


def _cell(column: int, row: int) -> _Dots:
    return column * _CELL, row * _CELL, (column + 1) * _CELL, (row + 1) * _CELL


def _box(marks: Image.Image, cells: set[tuple[int, int]]) -> _Dots | None:
    """The tight box of a blob; None for a speck."""
    columns, rows = [column for column, _ in cells], [row for _, row in cells]
    outer = _cell(min(columns), min(rows))[:2] + _cell(max(columns), max(rows))[2:]
    part = marks.crop(outer)
    box = part.getbbox()
    if box is None or part.histogram()[255] < MIN_DOTS:
        return None
    return outer[0] + box[0], outer[1] + box[1], outer[0] + box[2], outer[1] + box[3]
