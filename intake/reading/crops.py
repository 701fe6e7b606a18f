"""The places of an agreement cut out of its scan, straightened, for recognition. Runs in the sandbox.

Which scanned page is which issued page is measured (`intake.reading.registration`); a page that nothing fits is lost,
and nothing is read of it. Print of the issued page beside a place is taken away, so that only what stands in the place
is recognised; where the customer fills in, so are the ruled lines.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageFilter

from agreements.fieldmap import FieldKind, FieldMap, Rectangle
from agreements.printed import TICK
from intake.reading.qr import marks_of_page
from intake.reading.raster import Drawing, open_drawing
from intake.reading.registration import ISSUED_DOTS, MIN_FIT, Affine, Fit, Look, guesses, look_at, refine, similar, warp
from intake.reading.scans import Cut, Cutting, SeenMark

DOTS_PER_INCH: Final = 300  # what tesseract is trained for (its documentation, "Improving the quality of the output")
MAX_PLACES: Final = 400  # an agreement with everything has 90
_GOOD: Final = 0.9  # of a fit: no other guess is tried
_ALIKE: Final = 0.6  # of rows and columns: another page of the same agreement has some 0.5 (docs/scans.md)
_ASIDE: Final = 24.0  # points left and right of a place that are looked at: what is written on after a value is seen
_ABOVE: Final = 2.5  # points above and below
_EDGE: Final = 1.0  # points around a value's rectangle that belong to it: letters hang over
_INK: Final = 150  # of 255: darker is print
_SPREAD: Final = 7  # dots that print is widened by before it is taken away: pages never lie quite alike
_BORDER: Final = 20  # dots of white around each picture: recognition needs some
_FAINT: Final = 90  # of 255 darker than paper: a stroke of a pen
_WRITTEN: Final = 0.001  # share of a place that is dark: a dash over a line's width is more
_TICKED: Final = (0.02, 0.06)  # share of a box's inside that is dark: below is empty, above is ticked


@dataclass(frozen=True, kw_only=True)
class _Place:
    field_id: str
    field: str | None
    kind: FieldKind | None
    rectangle: Rectangle


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A scanned page, and how the issued one lies in it."""

    number: int
    picture: Image.Image
    dots: float
    fit: Fit


def cut_out(
    scan: bytes, issued: bytes, field_map: FieldMap, marks: Sequence[SeenMark], pages: Mapping[int, int]
) -> tuple[Cutting, bytes]:
    """Every place but signatures, and the sheet (TIFF, one picture a place; empty if there is none).

    `marks`: as seen in the scan; `pages`: which issued page each returned page is, by the marks that proved to be ours.
    Other pages are found by how they look. Nothing but lost pages where one of the documents can't be drawn.
    """
    everything = tuple(range(1, len(field_map.pages.pages) + 1))
    try:
        with open_drawing(scan) as theirs, open_drawing(issued) as ours:
            return _cut_pages(theirs, ours, field_map, _Finder(theirs, marks, pages))
    except pypdfium2.PdfiumError:
        return Cutting(lost_pages=everything), b""


def _cut_pages(theirs: Drawing, ours: Drawing, field_map: FieldMap, finder: "_Finder") -> tuple[Cutting, bytes]:
    cuts: list[Cut] = []
    lost: list[int] = []
    pictures: list[Image.Image] = []
    for number in range(1, len(ours) + 1):
        found = finder.find(ours, number)
        if found is None:
            lost.append(number)
            continue
        issued, _dots = ours.draw(number, DOTS_PER_INCH)
        places = _places(field_map, number)[: MAX_PLACES - len(cuts)]
        cuts += [_cut(place, issued, found, theirs.size(found.number)[1], pictures) for place in places]
    return Cutting(cuts=tuple(cuts), lost_pages=tuple(lost)), _sheet(pictures)


class _Finder:
    """Finds each issued page among the scanned ones; no scanned page is two."""

    def __init__(self, theirs: Drawing, marks: Sequence[SeenMark], pages: Mapping[int, int]) -> None:
        self._theirs = theirs
        self._looks: dict[tuple[int, bool], Look] = {}
        self._marks = {mark.page: mark for mark in marks}
        self._named = {issued: returned for returned, issued in pages.items() if 1 <= returned <= len(theirs)}
        self._free = [
            number for number in range(1, len(theirs) + 1) if number not in pages and not theirs.has_text(number)
        ]

    def find(self, ours: Drawing, number: int) -> _Found | None:
        """The scanned page that the issued page `number` became, or None."""
        issued, dots = ours.draw(number, ISSUED_DOTS)
        named = self._named.get(number)
        if named is not None:
            return self._fitted(named, issued, self._guesses(named, ours, number, issued, dots))
        tries = [
            (likeness, way, page)
            for page in self._free
            for likeness, way in self._guesses(page, ours, number, issued, dots)
            if likeness >= _ALIKE
        ]
        for _likeness, way, page in sorted(tries, key=lambda entry: -entry[0])[:3]:
            if found := self._fitted(page, issued, [(1.0, way)]):
                self._free.remove(page)
                return found
        return None

    def _guesses(
        self, page: int, ours: Drawing, number: int, issued: Image.Image, dots: float
    ) -> list[tuple[float, Affine]]:
        """By the mark where the page is known by it, then by what it looks like."""
        by_look = guesses(issued, dots, self._look(page, lies_down=issued.width > issued.height))
        mark = self._marks.get(page)
        own = marks_of_page(ours, number) if mark is not None and self._named.get(number) == page else ()
        if mark is None or not own:
            return by_look
        tops = self._theirs.size(page)[1], ours.size(number)[1]
        pairs = [
            ((x, tops[1] - y), (u, tops[0] - v)) for (x, y), (u, v) in zip(own[0].corners, mark.corners, strict=True)
        ]
        return [by_look[0], (1.0, similar(pairs)), *by_look[1:]]

    def _look(self, page: int, *, lies_down: bool) -> Look:
        if (page, lies_down) not in self._looks:
            picture, dots = self._theirs.draw(page, ISSUED_DOTS)
            self._looks[page, lies_down] = look_at(picture, dots, lies_down=lies_down)
        return self._looks[page, lies_down]

    def _fitted(self, page: int, issued: Image.Image, ways: Sequence[tuple[float, Affine]]) -> _Found | None:
        picture, dots = self._theirs.draw(page, DOTS_PER_INCH)
        best: Fit | None = None
        for _likeness, way in ways:
            fit = refine(issued, picture, dots, way)
            best = fit if best is None or fit.quality > best.quality else best
            if best.quality >= _GOOD:
                break
        if best is None or best.quality < MIN_FIT:
            return None
        return _Found(number=page, picture=picture, dots=dots, fit=best)


def _places(field_map: FieldMap, number: int) -> list[_Place]:
    """What stands on an issued page. A value without text is one that nobody has filled in yet: a foreign form's."""
    printed = [
        _Place(field_id=value.field_id, field=None, kind=None if value.text else FieldKind.RULED,
               rectangle=value.rectangle)
        for value in field_map.values
        if value.page == number
    ]  # fmt: skip
    return printed + [
        _Place(field_id=field.field_id, field=field.name, kind=field.kind, rectangle=field.rectangle)
        for field in field_map.fields
        if field.page == number and field.field_id is not None and field.kind is not FieldKind.SIGNATURE
    ]


def _cut(place: _Place, issued: Image.Image, found: _Found, height: float, pictures: list[Image.Image]) -> Cut:
    seat = _seat(place.rectangle, found.fit.way, issued.height * 72 / DOTS_PER_INCH, height)
    cut = Cut(field_id=place.field_id, field=place.field, page=found.number, rectangle=seat)
    if place.kind is FieldKind.CHECKBOX:
        return _ticked(cut, place, issued, found)
    picture, inside = _picture(place, issued, found)
    if place.kind is not None and not _has_strokes(picture.crop(inside)):
        return cut.model_copy(update={"confidence": 1.0})
    pictures.append(picture)
    return cut.model_copy(update={"picture": len(pictures)})


def _seat(place: Rectangle, way: Affine, issued_height: float, height: float) -> Rectangle:
    """The rectangle around a place in the returned page, in its own points from the lower left."""
    corners = [way.at(x, issued_height - y) for x in (place.x0, place.x1) for y in (place.y0, place.y1)]
    across, down = [x for x, _y in corners], [y for _x, y in corners]
    return Rectangle(x0=min(across), y0=height - max(down), x1=max(across), y1=height - min(down))


def _picture(place: _Place, issued: Image.Image, found: _Found) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """The straightened place without the print around it; and where in it the place itself stands."""
    outer = _dots(place.rectangle, issued.height, _ASIDE, _ABOVE)
    inner = _dots(place.rectangle, issued.height, _EDGE, _EDGE)
    left, top, right, bottom = outer
    way = Affine(a=1, b=0, c=left * 72 / DOTS_PER_INCH, d=0, e=1, f=top * 72 / DOTS_PER_INCH).then(found.fit.way)
    seen = warp(found.picture, found.dots, way, (right - left, bottom - top), DOTS_PER_INCH)
    print_around = issued.crop(outer).point(lambda step: 255 if step < _INK else 0)
    inside = (inner[0] - left, inner[1] - top, inner[2] - left, inner[3] - top)
    print_around = _without_tint(print_around, issued.crop(outer))
    if place.kind is None:
        print_around.paste(0, inside)
    print_around = print_around.filter(ImageFilter.MaxFilter(_SPREAD))
    if place.kind is None:
        print_around.paste(0, inside)
    seen.paste(255, (0, 0), print_around)
    return seen, inside


def _without_tint(print_around: Image.Image, issued: Image.Image) -> Image.Image:
    """Thin grey lines count as print, too: what is darker than what lies around it."""
    ground = issued.filter(ImageFilter.MaxFilter(9))
    lines = ImageChops.subtract(ground, issued).point(lambda step: 255 if step > 40 else 0)
    return ImageChops.lighter(print_around, lines)


def _dots(place: Rectangle, height: int, aside: float, above: float) -> tuple[int, int, int, int]:
    scale = DOTS_PER_INCH / 72
    return (
        round((place.x0 - aside) * scale),
        round(height - (place.y1 + above) * scale),
        round((place.x1 + aside) * scale),
        round(height - (place.y0 - above) * scale),
    )


def _has_strokes(picture: Image.Image) -> bool:
    """Whether anything is written; specks aside."""
    return _darkness(picture) > _WRITTEN


def _darkness(picture: Image.Image) -> float:
    """The share that is darker than paper."""
    smooth = picture.filter(ImageFilter.MedianFilter(3))
    steps = smooth.histogram()
    count = max(1, sum(steps))
    paper = next(step for step in range(255, -1, -1) if sum(steps[step:]) * 2 >= count)  # the median
    return sum(steps[: max(0, paper - _FAINT)]) / count


def _ticked(cut: Cut, place: _Place, issued: Image.Image, found: _Found) -> Cut:
    """Whether a box holds a mark: by how dark its inside is. Between the two bounds nobody can tell."""
    picture, inside = _picture(place, issued, found)
    dark = _darkness(picture.crop(inside))
    empty, ticked = _TICKED
    return cut.model_copy(
        update={"text": TICK if dark > empty else "", "confidence": 1.0 if dark < empty / 2 or dark > ticked else 0.0}
    )


def _sheet(pictures: Sequence[Image.Image]) -> bytes:
    if not pictures:
        return b""
    framed = [_framed(picture) for picture in pictures]
    output = io.BytesIO()
    framed[0].save(output, "TIFF", save_all=True, append_images=framed[1:], dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return output.getvalue()


def _framed(picture: Image.Image) -> Image.Image:
    frame = Image.new("L", (picture.width + 2 * _BORDER, picture.height + 2 * _BORDER), 255)
    frame.paste(picture, (_BORDER, _BORDER))
    return frame
