"""Two opened documents, and the letters of their pages to look for: by where they stand, and by what they say."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Final

from agreements.fieldmap import Rectangle
from agreements.pages import Page, Pages
from intake.reading.letters import Letter, OpenPage, PageLetters
from intake.reading.pages import MAX_CHARACTERS, PagesFault, UnreadablePdfError, open_document, readable
from intake.reading.verbatim import Verbatim, find_verbatim

MAX_LETTERS: Final = 4_000  # in and around one place; the longest value has 2,000
_MOVED: Final = 1.5  # points: a letter that stands nearer to where it was issued is that letter
_BAND: Final = 12.0  # points: letters are looked for by the bands they stand in


@contextmanager
def open_both(issued: bytes, document: bytes) -> Iterator["Both"]:
    """Both documents, to be read while they are open; each is opened when it is first asked for."""
    with ExitStack() as stack:
        yield Both(stack, issued, document)


class Both:
    """An issued document and a returned one. Opening one raises EncryptedPdfError or UnreadablePdfError."""

    def __init__(self, stack: ExitStack, issued: bytes, document: bytes) -> None:
        self._stack, self._issued = stack, issued
        self.document = document
        """The returned one's bytes."""
        self._verbatim: dict[tuple[int, int], Verbatim | None] = {}

    @cached_property
    def issued(self) -> "OpenDocument":
        """The issued one, open."""
        return OpenDocument(self._stack, self._issued)

    @cached_property
    def returned(self) -> "OpenDocument":
        """The returned one, open."""
        return OpenDocument(self._stack, self.document)

    def verbatim(self, issued: int, returned: int) -> Verbatim | None:
        """Whether a page plainly holds an issued one; both by index from 0."""
        pair = (issued, returned)
        if pair not in self._verbatim:
            self._verbatim[pair] = find_verbatim(self.issued.page(issued), self.returned.page(returned))
        return self._verbatim[pair]


class OpenDocument:
    """An opened document, whose pages are read once, when they are asked for."""

    def __init__(self, stack: ExitStack, data: bytes) -> None:
        self.pdf = open_document(data)
        stack.callback(self.pdf.close)
        self._stack = stack
        self._open: dict[int, OpenPage] = {}
        self._letters: dict[int, PageLetters] = {}
        self._bands: dict[int, Bands] = {}
        self._templates: dict[int, Template] = {}
        self._left = MAX_CHARACTERS

    def __len__(self) -> int:
        """Pages."""
        return len(self.pdf)

    def read(self) -> Pages:
        """As `intake.reading.pages.read_pages` gives it, of pages that stay open. Raises UnreadablePdfError."""
        left = MAX_CHARACTERS
        pages: list[Page] = []
        with readable():
            for index in range(len(self)):
                pages.append(self.page(index).read())
                left -= len(pages[-1].text)
                if left < 0:
                    raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
        return Pages(pages=tuple(pages))

    def page(self, index: int) -> OpenPage:
        """A page, by its index from 0."""
        if index not in self._open:
            self._open[index] = self._stack.enter_context(OpenPage(self.pdf, index))
        return self._open[index]

    def letters(self, index: int) -> PageLetters:
        """A page's letters. Raises UnreadablePdfError for more than a document may have."""
        if index not in self._letters:
            self._letters[index] = self.page(index).letters()
            self._left -= len(self._letters[index].letters)
            if self._left < 0:
                raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
        return self._letters[index]

    def bands(self, index: int) -> "Bands":
        """A page's letters, by where they stand."""
        if index not in self._bands:
            self._bands[index] = Bands(self.letters(index).letters)
        return self._bands[index]

    def template(self, index: int) -> "Template":
        """A page's letters, by what they say."""
        if index not in self._templates:
            self._templates[index] = Template(self.letters(index).letters)
        return self._templates[index]

    @cached_property
    def vocabularies(self) -> list[Counter[str]]:
        """Each page's words."""
        texts = (unicodedata.normalize("NFKC", self.page(index).text) for index in range(len(self)))
        return [Counter(text.split()) for text in texts]


class Bands:
    """Letters of one page by the bands they stand in."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self._bands: dict[float, list[Letter]] = defaultdict(list)
        for letter in letters:
            self._bands[_band(letter.box[1])].append(letter)
        self._tallest = max((letter.box[3] - letter.box[1] for letter in letters), default=0.0)

    def near(self, place: Rectangle) -> list[Letter]:
        """Each letter whose outline touches the place. Raises UnreadablePdfError for more than a place can hold."""
        first, last = _band(place.y0 - self._tallest), _band(place.y1)
        bands = (letters for band, letters in self._bands.items() if first <= band <= last)
        found = [letter for letters in bands for letter in letters if touches(letter, place)]
        if len(found) > MAX_LETTERS:  # never a part of them: what is left out could be what was slipped in
            raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
        return found


class Template:
    """Letters of an issued page by what they say and where: by squares as wide as a letter may have moved."""

    def __init__(self, letters: Iterable[Letter]) -> None:
        self._letters: dict[tuple[str, float, float], list[Letter]] = defaultdict(list)
        for letter in letters:
            self._letters[letter.text, _square(letter.x), _square(letter.y)].append(letter)

    def find(self, letter: Letter) -> Letter | None:
        """The letter that says the same in the same place, or None."""
        column, row = _square(letter.x), _square(letter.y)
        squares = ((letter.text, column + x, row + y) for x in (0, -1, 1) for y in (0, -1, 1))
        alike = (one for square in squares for one in self._letters.get(square, ()))
        near = (one for one in alike if abs(one.x - letter.x) < _MOVED and abs(one.y - letter.y) < _MOVED)
        return next(near, None)


def _square(at: float) -> float:
    """The square's number; a hostile file's infinite places have one as well."""
    return at // _MOVED


def _band(y: float) -> float:
    return y // _BAND


def is_in(letter: Letter, place: Rectangle) -> bool:
    """The middle of its outline lies in the place."""
    left, bottom, right, top = letter.box
    return place.x0 <= (left + right) / 2 <= place.x1 and place.y0 <= (bottom + top) / 2 <= place.y1


def touches(letter: Letter, place: Rectangle) -> bool:
    """Some of its outline's box lies in the place."""
    left, bottom, right, top = letter.box
    return left < place.x1 and right > place.x0 and bottom < place.y1 and top > place.y0
