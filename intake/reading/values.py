"""What stands in the places of an agreement's values, in a returned PDF that has text. Runs in the sandbox.

It sees and decides nothing: whether what is seen is what was issued, and what it means, is `agreements.reconciling`'s.
A place's text is all that stands in it or right beside it, less what the issued page itself has there: so a letter that
was slipped in beside a value is part of what is seen. Two pages that are the same issued page are both read.

Not promised: that text can be seen (`visible`), or that nothing was added elsewhere on a page (`signatures`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import Final

from agreements.fieldmap import FieldKind, FieldMap, FormField, PrintedValue, Rectangle
from agreements.pages import Pages, solid
from agreements.parameters import Method, Reading, Sighting
from agreements.printed import TICK
from intake.reading.alignment import IDENTITY, Fit, Transform, common_words, find_fit
from intake.reading.attached import read_attached
from intake.reading.form_values import FieldValue, read_form_values
from intake.reading.letters import Letter, PageLetters, line_text
from intake.reading.opened import Both, OpenDocument, is_in, open_both, touches
from intake.reading.pages import READER, readable

_BESIDE: Final = 10.0  # points to the left and right of a value in which nothing may have come to stand
_BRIM: Final = 1.0  # points above and below
_TRIED: Final = 3  # returned pages that an issued one is held against; the likeliest
_ALIKE: Final = 0.9  # of the words that the likeliest shares: held against, too
_MOST_ALIKE: Final = 12  # pages: a document of so many that are alike is no return of one agreement
_AS_GOOD: Final = 0.95  # of the best fit: as well the same page
_RIVAL: Final = 0.75  # of the words that the likeliest shares: might be as good a fit
_INSET: Final = 0.15  # of a box to tick: its frame
_TICKED: Final = 0.03  # of a box: the thinnest cross is about 0.08
MAX_PLACES: Final = 5_000  # of one field map; an agreement has under 200


@dataclass(frozen=True, kw_only=True)
class _Spot:
    """A place to look in."""

    field_id: str
    page: int
    rectangle: Rectangle
    printed: str | None = None
    """What was printed there; None where somebody fills in."""
    field: FormField | None = None


def read_values(
    both: Both,
    *,
    field_map: FieldMap,
    same_pages: bool,
    signed_end: int | None = None,
    pages: Pages | None = None,
) -> Reading:
    """What is seen of every value and every place to fill in.

    `same_pages`: the issued bytes are the beginning of these, so pages and places are the same; else they are looked
    for. `pages`: the document's, as `intake.reading.pages` read them just now: where the issued page stands unchanged
    in bytes and in text, its places are not looked at once more. `signed_end`: where the revision ends that the first
    signature signs; form fields say what they said there. Raises EncryptedPdfError or UnreadablePdfError.
    """
    spots = [
        *(_value_spot(value) for value in field_map.values),
        *(_field_spot(item) for item in field_map.fields if item.field_id is not None),
    ]
    known = field_map if same_pages and field_map.reader == READER else None
    untouched = _untouched(known, pages, spots)
    if untouched and all(spot.page in untouched for spot in spots):
        seen = tuple(_as_printed(spot) for spot in spots[:MAX_PLACES])
        return Reading(document=sha256(both.document).hexdigest(), sightings=seen)
    with readable():
        fields = read_form_values(both.document[:signed_end], _open_names(field_map)) if _open_names(field_map) else {}
        look = _Look(both, fields, known, _rectangles(field_map.fields))
        found, lost = _everywhere(look, spots[:MAX_PLACES], same_pages=same_pages)
        attached = read_attached(both.returned.pdf)
    return Reading(
        document=sha256(both.document).hexdigest(), sightings=tuple(found), lost_pages=tuple(lost), attached=attached
    )


def _untouched(known: FieldMap | None, pages: Pages | None, spots: Sequence[_Spot]) -> frozenset[int]:
    """The pages that nobody may fill in, and that say what they said when they were issued, read by the same reader."""
    if known is None or pages is None or len(pages.pages) != len(known.pages.pages):
        return frozenset()
    both = enumerate(zip(pages.pages, known.pages.pages, strict=True), start=1)
    same = {number for number, (now, then) in both if now.text == then.text}
    return frozenset(same - {spot.page for spot in spots if spot.field is not None})


def _as_printed(spot: _Spot) -> Sighting:
    return Sighting(
        field_id=spot.field_id,
        page=spot.page,
        rectangle=spot.rectangle,
        text=spot.printed or "",
        method=Method.PRINTED,
        confidence=1.0,
    )


def read_places(document: bytes, *, template: bytes, places: Sequence[tuple[str, int, Rectangle]]) -> Reading:
    """What was written in the places of a blank form: (field id, page, rectangle on the blank form's page).

    Raises EncryptedPdfError or UnreadablePdfError.
    """
    spots = [_Spot(field_id=field_id, page=page, rectangle=place) for field_id, page, place in places[:MAX_PLACES]]
    with open_both(template, document) as both, readable():
        look = _Look(both, {}, None, {})
        found, lost = _everywhere(look, spots, same_pages=False)
    return Reading(document=sha256(document).hexdigest(), sightings=tuple(found), lost_pages=tuple(lost))


def _value_spot(value: PrintedValue) -> _Spot:
    return _Spot(field_id=value.field_id, page=value.page, rectangle=value.rectangle, printed=value.text)


def _field_spot(item: FormField) -> _Spot:
    return _Spot(field_id=item.field_id or "", page=item.page, rectangle=item.rectangle, field=item)


def _open_names(field_map: FieldMap) -> frozenset[str]:
    fillable = (item for item in field_map.fields if item.field_id is not None and item.kind is not FieldKind.RULED)
    return frozenset(item.name for item in fillable)


def _rectangles(fields: Iterable[FormField]) -> dict[int, list[Rectangle]]:
    places: dict[int, list[Rectangle]] = defaultdict(list)
    for item in fields:
        places[item.page].append(item.rectangle)
    return places


def _everywhere(look: "_Look", spots: Sequence[_Spot], *, same_pages: bool) -> tuple[list[Sighting], list[int]]:
    by_page: dict[int, list[_Spot]] = defaultdict(list)
    for spot in spots:
        by_page[spot.page].append(spot)
    found: list[Sighting] = []
    lost: list[int] = []
    for number, there in sorted(by_page.items()):
        pages = look.same(number) if same_pages else look.find(number, there)
        if not pages:
            lost.append(number)
        for index, transform in pages:
            found += look.at(there, number, index, transform)
    return found, lost


@dataclass(frozen=True)
class _Look:
    """The issued document, and the returned one."""

    both: Both
    fields: dict[str, FieldValue]
    """What the fields of the signed revision hold, by name."""
    known: FieldMap | None
    """With the text of the issued pages, where it can be compared."""
    fillable: dict[int, list[Rectangle]]
    """By page: where others write than those who issued."""

    @property
    def issued(self) -> OpenDocument:
        return self.both.issued

    @property
    def returned(self) -> OpenDocument:
        return self.both.returned

    def same(self, number: int) -> list[tuple[int, Transform]]:
        return [(number - 1, IDENTITY)] if number <= min(len(self.returned), len(self.issued)) else []

    def find(self, number: int, spots: Sequence[_Spot]) -> list[tuple[int, Transform]]:
        """The returned pages that an issued one is; its values' own words have no say."""
        if number > len(self.issued):
            return []
        plainly = self._find_plainly(number)
        if plainly is not None:
            return [plainly]
        own = PageLetters(width=0, height=0, letters=tuple(self._outside(number, spots))).words
        likeliest = self._likeliest(Counter(word.text for word in own))
        if len(likeliest) > _MOST_ALIKE:
            return []
        fits = [(index, find_fit(own, self.returned.letters(index).words)) for index in likeliest]
        good: list[tuple[int, Fit]] = [(index, fit) for index, fit in fits if fit is not None]
        best = max((fit.share for _, fit in good), default=0.0)
        return sorted(
            ((index, fit.transform) for index, fit in good if fit.share >= _AS_GOOD * best), key=lambda found: found[0]
        )

    def _find_plainly(self, number: int) -> tuple[int, Transform] | None:
        """The one returned page that holds the whole issued one, if no other is anything like it."""
        wanted = self.issued.vocabularies[number - 1]
        shared = sorted((-common_words(wanted, there), index) for index, there in enumerate(self.returned.vocabularies))
        rivals = [index for common, index in shared[1:] if common <= _RIVAL * shared[0][0]]  # counts are negative here
        verbatim = None if rivals else self.both.verbatim(number - 1, shared[0][1])
        return None if verbatim is None else (shared[0][1], verbatim.transform)

    def _likeliest(self, wanted: Counter[str]) -> list[int]:
        """The returned pages that share most words with an issued one, and all that share nearly as many."""
        ranked = sorted((-common_words(wanted, there), index) for index, there in enumerate(self.returned.vocabularies))
        enough = _ALIKE * ranked[0][0]  # counts are negative here
        return [index for rank, (common, index) in enumerate(ranked) if common and (rank < _TRIED or common <= enough)]

    def at(self, spots: Sequence[_Spot], number: int, index: int, transform: Transform) -> Iterator[Sighting]:
        """What stands in the places of one page."""
        page = _Page(self, number, index, transform)
        for spot in spots:
            text = None if spot.printed is None else page.glance(spot)
            yield self._sighting(spot, page.look(spot) if text is None else text, index, transform)

    def _outside(self, number: int, spots: Sequence[_Spot]) -> Iterator[Letter]:
        bands = self.issued.bands(number - 1)
        near = ((letter, spot.rectangle) for spot in spots for letter in bands.near(spot.rectangle))
        inside = {id(letter) for letter, place in near if is_in(letter, place)}
        return (letter for letter in self.issued.letters(number - 1).letters if id(letter) not in inside)

    def is_untouched(self, number: int, index: int) -> bool:
        """The whole page says what it said when it was issued, read by the same reader."""
        if self.known is None or number > len(self.known.pages.pages):
            return False
        page = self.returned.page(index)
        return page.is_plain and not page.has_unseen and page.text == self.known.pages.pages[number - 1].text

    def _sighting(self, spot: _Spot, text: str, index: int, transform: Transform) -> Sighting:
        value = self.fields.get(spot.field.name) if spot.field is not None else None
        return Sighting(
            field_id=spot.field_id,
            page=index + 1,
            rectangle=transform.rectangle(spot.rectangle),
            text=text,
            field=None if value is None or spot.field is None else spot.field.name,
            field_value=None if value is None else value.value,
            method=Method.PRINTED if spot.field is None else Method.FORM_FIELD if value is not None else Method.PRINTED,
            confidence=1.0,
        )


class _Page:
    """A returned page, in the space of the issued one."""

    def __init__(self, look: _Look, number: int, index: int, transform: Transform) -> None:
        self._look, self._number, self._index, self._transform = look, number, index, transform
        self._untouched = look.is_untouched(number, index)

    def glance(self, spot: _Spot) -> str | None:
        """What was printed in the place if it plainly stands there; None if it takes a closer look."""
        if self._untouched:
            place = spot.rectangle
            text = self._look.returned.page(self._index).text_in((place.x0, place.y0, place.x1, place.y1))
            return spot.printed if solid(text) == solid(spot.printed or "") else None
        near = _grown(spot.rectangle, _BESIDE)
        beside = self._added is None or any(touches(letter, near) for letter in self._added)
        return None if beside else spot.printed

    @cached_property
    def _added(self) -> Sequence[Letter] | None:
        """Of a page that holds the whole issued one: what it holds besides, as if on that one. None of any other."""
        verbatim = self._look.both.verbatim(self._number - 1, self._index)
        if verbatim is None:
            return None
        added = self._look.returned.page(self._index).letters(chain(*verbatim.extra)).letters
        return [self._transform.letter(letter) for letter in added]

    def look(self, spot: _Spot) -> str:
        if spot.field is not None and spot.field.kind is FieldKind.CHECKBOX:
            return TICK if self._is_ticked(spot.rectangle) else ""
        return line_text(self._letters(spot))

    def _letters(self, spot: _Spot) -> Iterator[Letter]:
        """The letters in and beside a place, less those the issued page has outside of the value."""
        template = self._look.issued.template(self._number - 1)
        others = [place for place in self._look.fillable.get(self._number, ()) if place != spot.rectangle]
        bands = self._look.returned.bands(self._index)
        near = self._transform.rectangle(_grown(spot.rectangle, _BRIM if spot.printed is None else _BESIDE))
        for letter in map(self._transform.letter, bands.near(near)):
            if not is_in(letter, spot.rectangle) and any(is_in(letter, place) for place in others):
                continue
            there = template.find(letter)
            of_the_value = spot.printed is not None and there is not None and is_in(there, spot.rectangle)
            if there is None or of_the_value:
                yield letter

    def _is_ticked(self, place: Rectangle) -> bool:
        inner = _inset(place)
        page = self._look.returned.page(self._index)
        ink = page.ink_in(self._transform.rectangle(inner))
        return ink > self._look.issued.page(self._number - 1).ink_in(inner) + _TICKED


def _grown(place: Rectangle, side: float) -> Rectangle:
    return Rectangle(x0=place.x0 - side, y0=place.y0 - _BRIM, x1=place.x1 + side, y1=place.y1 + _BRIM)


def _inset(place: Rectangle) -> Rectangle:
    side = _INSET * min(place.x1 - place.x0, place.y1 - place.y0)
    return Rectangle(x0=place.x0 + side, y0=place.y0 + side, x1=place.x1 - side, y1=place.y1 - side)
