"""How the pages of a document that was written anew compare with those that were issued: letters, and what is drawn.

Runs in the sandbox. It sees and decides nothing: which strips of a page are a signing service's own is not known here.

Not promised: that text which is written to be invisible was not added (it is seen by nobody, and read by nobody here);
that what was drawn lighter than about a third of black differs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agreements.fieldmap import FieldMap, Rectangle
from agreements.likeness import Added, Likeness, Lost, OtherPage, PagePair
from agreements.likeness import Rectangle as Place
from intake.reading.alignment import Transform, common_words, find_fit
from intake.reading.ink import compare_ink
from intake.reading.letters import Letter, line_text, lines_of
from intake.reading.opened import OpenDocument, Template, is_in, open_both

MAX_PAGES: Final = 60  # of a returned document that are compared; an agreement has under 20
MAX_TEXT: Final = 2_000  # characters of another page's text
MAX_LINES: Final = 200  # lost or added, of one page
_TRIED: Final = 3  # returned pages that an issued one is held against: the likeliest
_APART: Final = 24.0  # points between two letters of one line that are two lines, side by side
_ROUND: Final = 2.0  # points around a line: the ink of its letters


def compare_pages(document: bytes, *, issued: bytes, field_map: FieldMap | None = None) -> Likeness:
    """How they differ. `field_map`: of the issued document; what stands in places to fill in is not looked at.

    Raises EncryptedPdfError or UnreadablePdfError.
    """
    with open_both(issued, document) as (ours, theirs):
        fillable = defaultdict[int, list[Rectangle]](list)
        for item in () if field_map is None else field_map.fields:
            fillable[item.page].append(item.rectangle)
        matches = list(_matches(ours, theirs))
        compared = [_Pair(ours, theirs, match, fillable[match.issued + 1]) for match in matches]
        taken = {match.returned for match in matches}
        found = {match.issued for match in matches}
        return Likeness(
            pairs=tuple(PagePair(issued=match.issued + 1, returned=match.returned + 1) for match in matches),
            others=tuple(
                OtherPage(page=index + 1, text=theirs.page(index).text[:MAX_TEXT])
                for index in range(len(theirs))
                if index not in taken
            ),
            lost=(*_lost_pages(ours, found), *(item for pair in compared for item in pair.lost())),
            added=tuple(item for pair in compared for item in pair.added()),
        )


@dataclass(frozen=True, kw_only=True)
class _Match:
    """An issued page, the returned page that it became (both from 0), and how it came to lie there."""

    issued: int
    returned: int
    transform: Transform


def _matches(ours: OpenDocument, theirs: OpenDocument) -> Iterator[_Match]:
    """The issued pages that were found, each as a page of its own."""
    free = set(range(min(len(theirs), MAX_PAGES)))
    for index in range(len(ours)):
        words = ours.letters(index).words
        wanted = Counter(word.text for word in words)
        likeliest = sorted((-common_words(wanted, theirs.vocabularies[page]), page) for page in free)[:_TRIED]
        fits = ((page, find_fit(words, theirs.letters(page).words)) for common, page in likeliest if common)
        good = [(-fit.share, page, fit.transform) for page, fit in fits if fit is not None]
        if good:
            _, page, transform = min(good, key=lambda one: one[:2])
            free.discard(page)
            yield _Match(issued=index, returned=page, transform=transform)


def _lost_pages(ours: OpenDocument, found: set[int]) -> Iterator[Lost]:
    for index in range(len(ours)):
        if index not in found:
            first = next(iter(lines_of(ours.letters(index).letters)), [])
            yield Lost(page=index + 1, text=line_text(first))


class _Pair:
    """One issued page, and what it became."""

    def __init__(self, ours: OpenDocument, theirs: OpenDocument, match: _Match, fillable: Sequence[Rectangle]) -> None:
        self._match = match
        to_issued = match.transform.letter
        returned = [(letter, to_issued(letter)) for letter in theirs.letters(match.returned).letters]
        issued, there = ours.template(match.issued), Template(one for _, one in returned)
        self._extra = [letter for letter, one in returned if issued.find(one) is None and not _is_in_any(one, fillable)]
        self._gone = [
            letter
            for letter in ours.letters(match.issued).letters
            if there.find(letter) is None and not _is_in_any(letter, fillable)
        ]
        places = [match.transform.rectangle(place) for place in fillable]
        self._ink = compare_ink(ours.page(match.issued), theirs.page(match.returned), match.transform, blank=places)

    def added(self) -> Iterator[Added]:
        page = self._match.returned + 1
        lines = [(_around(line), line_text(line)) for line in _runs(self._extra)][:MAX_LINES]
        yield from (Added(page=page, rectangle=place, text=text) for place, text in lines)
        for blob in self._ink.added:
            place = (blob.x0, blob.y0, blob.x1, blob.y1)
            if not any(_holds(line, place) for line, _ in lines):
                yield Added(page=page, rectangle=place)

    def lost(self) -> Iterator[Lost]:
        page = self._match.issued + 1
        lines = [(_around(map(self._there, line)), line_text(line)) for line in _runs(self._gone)][:MAX_LINES]
        yield from (Lost(page=page, text=text) for _, text in lines)
        for blob in self._ink.lost:
            place = (blob.x0, blob.y0, blob.x1, blob.y1)
            if not any(_holds(line, place) for line, _ in lines):
                yield Lost(page=page)

    def _there(self, letter: Letter) -> Letter:
        """An issued letter, where it would stand on the returned page."""
        left, bottom, right, top = letter.box
        place = self._match.transform.rectangle(Rectangle(x0=left, y0=bottom, x1=right, y1=top))
        return Letter(letter.text, letter.x, letter.y, (place.x0, place.y0, place.x1, place.y1), letter.after_space)


def _is_in_any(letter: Letter, places: Iterable[Rectangle]) -> bool:
    return any(is_in(letter, place) for place in places)


def _runs(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Letters by line, and by what stands together on it."""
    for line in lines_of(letters):
        run: list[Letter] = []
        for letter in sorted(line, key=lambda one: one.box[0]):
            if run and letter.box[0] - max(one.box[2] for one in run) > _APART:
                yield run
                run = []
            run.append(letter)
        yield run


def _around(letters: Iterable[Letter]) -> Place:
    boxes = [letter.box for letter in letters]
    return (
        *(min(box[0] for box in boxes), min(box[1] for box in boxes)),
        *(max(box[2] for box in boxes), max(box[3] for box in boxes)),
    )


def _holds(line: Place, blob: Place) -> bool:
    """The blob is ink of the line."""
    return (
        line[0] - _ROUND <= blob[0]
        and line[1] - _ROUND <= blob[1]
        and blob[2] <= line[2] + _ROUND
        and blob[3] <= line[3] + _ROUND
    )
