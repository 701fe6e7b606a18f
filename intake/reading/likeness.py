"""How the pages of a document that was written anew compare with those that were issued: letters, and what is drawn.

Runs in the sandbox. It sees and decides nothing: which strips of a page are a signing service's own is not known here.

Not promised: that text which is written to be invisible was not added (it is seen by nobody, and read by nobody here);
that what was drawn lighter than about a third of black differs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from agreements.fieldmap import FieldMap, Rectangle
from agreements.likeness import Added, Likeness, Lost, OtherPage, PagePair
from agreements.likeness import Rectangle as Place
from intake.reading.alignment import Transform, common_words, find_fit
from intake.reading.ink import compare_ink
from intake.reading.letters import Letter, line_text, lines_of
from intake.reading.opened import Both, OpenDocument, Template, is_in
from intake.reading.pages import readable
from intake.reading.verbatim import Verbatim

MAX_PAGES: Final = 60  # of a returned document that are compared; an agreement has under 20
MAX_TEXT: Final = 2_000  # characters of another page's text
MAX_LINES: Final = 200  # lost or added, of one page
_TRIED: Final = 3  # returned pages that an issued one is held against: the likeliest
_APART: Final = 24.0  # points between two letters of one line that are two lines, side by side
_ROUND: Final = 2.0  # points around a line: the ink of its letters


def compare_pages(both: Both, *, field_map: FieldMap | None = None) -> Likeness:
    """How they differ. `field_map`: of the issued document; what stands in places to fill in is not looked at.

    Raises EncryptedPdfError or UnreadablePdfError.
    """
    with readable():
        ours, theirs = both.issued, both.returned
        fillable = defaultdict[int, list[Rectangle]](list)
        for item in () if field_map is None else field_map.fields:
            fillable[item.page].append(item.rectangle)
        matches = list(_matches(both))
        compared = [_Pair(both, match, fillable[match.issued + 1]) for match in matches]
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
    verbatim: Verbatim | None = None


def _matches(both: Both) -> Iterator[_Match]:
    """The issued pages that were found, each as a page of its own."""
    free = set(range(min(len(both.returned), MAX_PAGES)))
    for index, wanted in enumerate(both.issued.vocabularies):
        ranked = sorted((-common_words(wanted, both.returned.vocabularies[page]), page) for page in free)
        match = _match(both, index, [page for common, page in ranked[:_TRIED] if common])
        if match is not None:
            free.discard(match.returned)
            yield match


def _match(both: Both, index: int, likeliest: Sequence[int]) -> _Match | None:
    """The one of these pages that the issued one became."""
    for page in likeliest[:1]:
        verbatim = both.verbatim(index, page)
        if verbatim is not None:
            return _Match(issued=index, returned=page, transform=verbatim.transform, verbatim=verbatim)
    words = both.issued.letters(index).words
    fits = ((page, find_fit(words, both.returned.letters(page).words)) for page in likeliest)
    good = [(-fit.share, page, fit.transform) for page, fit in fits if fit is not None]
    if not good:
        return None
    _, page, transform = min(good, key=lambda one: one[:2])
    return _Match(issued=index, returned=page, transform=transform)


def _lost_pages(ours: OpenDocument, found: set[int]) -> Iterator[Lost]:
    for index in range(len(ours)):
        if index not in found:
            first = next(iter(lines_of(ours.letters(index).letters)), [])
            yield Lost(page=index + 1, text=line_text(first))


class _Pair:
    """One issued page, and what it became."""

    def __init__(self, both: Both, match: _Match, fillable: Sequence[Rectangle]) -> None:
        self._match = match
        self._extra, self._gone = self._letters(both, fillable)
        places = [match.transform.rectangle(place) for place in fillable]
        pages = both.issued.page(match.issued), both.returned.page(match.returned)
        self._ink = compare_ink(*pages, match.transform, blank=places)

    def _letters(self, both: Both, fillable: Sequence[Rectangle]) -> tuple[list[Letter], list[Letter]]:
        """Those of the returned page that were not issued, and those that were issued and are gone."""
        match, to_issued = self._match, self._match.transform.letter
        if match.verbatim is not None:
            extra = both.returned.page(match.returned).letters(chain(*match.verbatim.extra)).letters
            return [letter for letter in extra if not _is_in_any(to_issued(letter), fillable)], []
        returned = [(letter, to_issued(letter)) for letter in both.returned.letters(match.returned).letters]
        issued, there = both.issued.template(match.issued), Template(one for _, one in returned)
        extra_letters = [
            letter for letter, one in returned if issued.find(one) is None and not _is_in_any(one, fillable)
        ]
        gone = (letter for letter in both.issued.letters(match.issued).letters if there.find(letter) is None)
        return extra_letters, [letter for letter in gone if not _is_in_any(letter, fillable)]

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
