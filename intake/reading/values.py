"""What stands in the places of an agreement's values, in a returned PDF that has text. Runs in the sandbox.

It sees and decides nothing: whether what is seen is what was issued, and what it means, is `agreements.reconciling`'s.
A place's text is all that stands in it or right beside it, less what the issued page itself has there: so a letter that
was slipped in beside a value is part of what is seen. Two pages that are the same issued page are both read.

Not promised: that text can be seen (`visible`), or that nothing was added elsewhere on a page (`signatures`).
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import islice
from typing import Final

import pypdfium2  # type: ignore[import-untyped]

from agreements.fieldmap import FieldKind, FieldMap, FormField, PrintedValue, Rectangle
from agreements.pages import solid
from agreements.parameters import Method, Reading, Sighting
from agreements.printed import TICK
from intake.reading.alignment import IDENTITY, Fit, Transform, common_words, find_fit
from intake.reading.attached import read_attached
from intake.reading.form_values import FieldValue, read_form_values
from intake.reading.letters import Letter, OpenPage, PageLetters, line_text
from intake.reading.pages import MAX_CHARACTERS, READER, PagesFault, UnreadablePdfError, open_document

_BESIDE: Final = 10.0  # points to the left and right of a value in which nothing may have come to stand
_BRIM: Final = 1.0  # points above and below
_MOVED: Final = 1.5  # points: a letter that stands nearer to where it was issued is that letter
_TRIED: Final = 3  # returned pages that an issued one is held against; the likeliest
_ALIKE: Final = 0.9  # of the words that the likeliest shares: held against, too
_MOST_ALIKE: Final = 12  # pages: a document of so many that are alike is no return of one agreement
_AS_GOOD: Final = 0.95  # of the best fit: as well the same page
_BAND: Final = 12.0  # points: letters are looked for by the bands they stand in
_INSET: Final = 0.15  # of a box to tick: its frame
_TICKED: Final = 0.03  # of a box: the thinnest cross is about 0.08
MAX_PLACES: Final = 5_000  # of one field map; an agreement has under 200
MAX_LETTERS: Final = 4_000  # in and around one place; the longest value has 2,000


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
    document: bytes, *, issued: bytes, field_map: FieldMap, same_pages: bool, signed_end: int | None = None
) -> Reading:
    """What is seen of every value and every place to fill in.

    `same_pages`: the issued bytes are the beginning of these, so pages and places are the same; else they are looked
    for. `signed_end`: where the revision ends that the first signature signs; form fields say what they said there.
    Raises EncryptedPdfError or UnreadablePdfError.
    """
    spots = [
        *(_value_spot(value) for value in field_map.values),
        *(_field_spot(item) for item in field_map.fields if item.field_id is not None),
    ]
    known = field_map if same_pages and field_map.reader == READER else None
    with _opened(issued, document) as (ours, theirs):
        fields = read_form_values(document[:signed_end], _open_names(field_map)) if _open_names(field_map) else {}
        look = _Look(ours, theirs, fields, known, _rectangles(field_map.fields))
        found, lost = _everywhere(look, spots[:MAX_PLACES], same_pages=same_pages)
        attached = read_attached(theirs.pdf)
    return Reading(
        document=sha256(document).hexdigest(), sightings=tuple(found), lost_pages=tuple(lost), attached=attached
    )


def read_places(document: bytes, *, template: bytes, places: Sequence[tuple[str, int, Rectangle]]) -> Reading:
    """What was written in the places of a blank form: (field id, page, rectangle on the blank form's page).

    Raises EncryptedPdfError or UnreadablePdfError.
    """
    spots = [_Spot(field_id=field_id, page=page, rectangle=place) for field_id, page, place in places[:MAX_PLACES]]
    with _opened(template, document) as (blank, filled):
        look = _Look(blank, filled, {}, None, {})
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


@contextmanager
def _opened(issued: bytes, document: bytes) -> Iterator[tuple["_Document", "_Document"]]:
    with ExitStack() as stack:
        try:
            yield _Document(stack, issued), _Document(stack, document)
        except pypdfium2.PdfiumError as error:
            raise UnreadablePdfError(PagesFault.BROKEN) from error


class _Document:
    """An opened document, whose pages are read once, when they are asked for."""

    def __init__(self, stack: ExitStack, data: bytes) -> None:
        self.pdf = open_document(data)
        stack.callback(self.pdf.close)
        self._stack = stack
        self._open: dict[int, OpenPage] = {}
        self._letters: dict[int, PageLetters] = {}
        self._bands: dict[int, _Bands] = {}
        self._templates: dict[int, _Template] = {}
        self._left = MAX_CHARACTERS

    def __len__(self) -> int:
        return len(self.pdf)

    def page(self, index: int) -> OpenPage:
        if index not in self._open:
            self._open[index] = self._stack.enter_context(OpenPage(self.pdf, index))
        return self._open[index]

    def letters(self, index: int) -> PageLetters:
        if index not in self._letters:
            self._letters[index] = self.page(index).letters()
            self._left -= len(self._letters[index].letters)
            if self._left < 0:
                raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
        return self._letters[index]

    def bands(self, index: int) -> "_Bands":
        if index not in self._bands:
            self._bands[index] = _Bands(self.letters(index).letters)
        return self._bands[index]

    def template(self, index: int) -> "_Template":
        if index not in self._templates:
            self._templates[index] = _Template(self.letters(index).letters)
        return self._templates[index]

    @cached_property
    def vocabularies(self) -> list[Counter[str]]:
        """Each page's words."""
        texts = (unicodedata.normalize("NFKC", self.page(index).text) for index in range(len(self)))
        return [Counter(text.split()) for text in texts]


@dataclass(frozen=True)
class _Look:
    """The issued document, and the returned one."""

    issued: _Document
    returned: _Document
    fields: dict[str, FieldValue]
    """What the fields of the signed revision hold, by name."""
    known: FieldMap | None
    """With the text of the issued pages, where it can be compared."""
    fillable: dict[int, list[Rectangle]]
    """By page: where others write than those who issued."""

    def same(self, number: int) -> list[tuple[int, Transform]]:
        return [(number - 1, IDENTITY)] if number <= min(len(self.returned), len(self.issued)) else []

    def find(self, number: int, spots: Sequence[_Spot]) -> list[tuple[int, Transform]]:
        """The returned pages that an issued one is; its values' own words have no say."""
        if number > len(self.issued):
            return []
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

    def _likeliest(self, wanted: Counter[str]) -> list[int]:
        """The returned pages that share most words with an issued one, and all that share nearly as many."""
        ranked = sorted((-common_words(wanted, there), index) for index, there in enumerate(self.returned.vocabularies))
        enough = _ALIKE * ranked[0][0]  # counts are negative here
        return [index for rank, (common, index) in enumerate(ranked) if common and (rank < _TRIED or common <= enough)]

    def at(self, spots: Sequence[_Spot], number: int, index: int, transform: Transform) -> Iterator[Sighting]:
        """What stands in the places of one page."""
        untouched = self._is_untouched(number, index)
        page = _Page(self, number, index, transform)
        for spot in spots:
            text = page.glance(spot) if untouched and spot.field is None else None
            yield self._sighting(spot, page.look(spot) if text is None else text, index, transform)

    def _outside(self, number: int, spots: Sequence[_Spot]) -> Iterator[Letter]:
        bands = self.issued.bands(number - 1)
        near = ((letter, spot.rectangle) for spot in spots for letter in bands.near(spot.rectangle))
        inside = {id(letter) for letter, place in near if _is_in(letter, place)}
        return (letter for letter in self.issued.letters(number - 1).letters if id(letter) not in inside)

    def _is_untouched(self, number: int, index: int) -> bool:
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

    def glance(self, spot: _Spot) -> str | None:
        """The place's text if it is plainly what was printed; None if it takes a closer look."""
        place = spot.rectangle
        text = self._look.returned.page(self._index).text_in((place.x0, place.y0, place.x1, place.y1))
        return spot.printed if spot.printed is not None and solid(text) == solid(spot.printed) else None

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
        for letter in map(self._transform.letter, islice(bands.near(near), MAX_LETTERS)):
            if not _is_in(letter, spot.rectangle) and any(_is_in(letter, place) for place in others):
                continue
            there = template.find(letter)
            of_the_value = spot.printed is not None and there is not None and _is_in(there, spot.rectangle)
            if there is None or of_the_value:
                yield letter

    def _is_ticked(self, place: Rectangle) -> bool:
        inner = _inset(place)
        page = self._look.returned.page(self._index)
        ink = page.ink_in(self._transform.rectangle(inner))
        return ink > self._look.issued.page(self._number - 1).ink_in(inner) + _TICKED


class _Bands:
    """Letters of one page by the bands they stand in."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self._bands: dict[float, list[Letter]] = defaultdict(list)
        for letter in letters:
            self._bands[_band(letter.box[1])].append(letter)
        self._tallest = max((letter.box[3] - letter.box[1] for letter in letters), default=0.0)

    def near(self, place: Rectangle) -> Iterator[Letter]:
        """Each letter whose outline touches the place."""
        first, last = _band(place.y0 - self._tallest), _band(place.y1)
        bands = (letters for band, letters in self._bands.items() if first <= band <= last)
        return (letter for letters in bands for letter in letters if _touches(letter, place))


class _Template:
    """Letters of an issued page by what they say."""

    def __init__(self, letters: Iterable[Letter]) -> None:
        self._letters: dict[str, list[Letter]] = defaultdict(list)
        for letter in letters:
            self._letters[letter.text].append(letter)

    def find(self, letter: Letter) -> Letter | None:
        """The letter that says the same in the same place, or None."""
        alike = self._letters.get(letter.text, ())
        near = (one for one in alike if abs(one.x - letter.x) < _MOVED and abs(one.y - letter.y) < _MOVED)
        return next(near, None)


def _band(y: float) -> float:
    return y // _BAND


def _grown(place: Rectangle, side: float) -> Rectangle:
    return Rectangle(x0=place.x0 - side, y0=place.y0 - _BRIM, x1=place.x1 + side, y1=place.y1 + _BRIM)


def _inset(place: Rectangle) -> Rectangle:
    side = _INSET * min(place.x1 - place.x0, place.y1 - place.y0)
    return Rectangle(x0=place.x0 + side, y0=place.y0 + side, x1=place.x1 - side, y1=place.y1 - side)


def _is_in(letter: Letter, place: Rectangle) -> bool:
    left, bottom, right, top = letter.box
    return place.x0 <= (left + right) / 2 <= place.x1 and place.y0 <= (bottom + top) / 2 <= place.y1


def _touches(letter: Letter, place: Rectangle) -> bool:
    left, bottom, right, top = letter.box
    return left < place.x1 and right > place.x0 and bottom < place.y1 and top > place.y0
