"""The letters of a page with their places, by PDFium, and what they say: words and lines.

A letter stands where its pen began (its origin) and fills its outline's box. Both are in points from the lower left
corner of the page's visible area, as it is shown: a page that is turned, or cut to size, is turned and cut here.

Letters that are written to be invisible are left out: a scanner's program puts what it recognised under the picture of
a page, and a forger what should be recognised.

Not promised: that a letter can be seen otherwise, or looks like what it says (`visible`, `legible`).
"""

import ctypes
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from PIL import Image

from agreements.fieldmap import Rectangle
from agreements.pages import Page
from intake.reading.pages import (
    MAX_CHARACTERS_PER_PAGE,
    PagesFault,
    UnreadablePdfError,
    clean,
    flat_page,
    read_page,
)
from intake.reading.raster import MAX_SIDE
from intake.reading.unseen import is_unseen, texts_of

_HYPHENS: Final = frozenset({0x0002, 0xFFFE})  # a hyphen at the end of a line, as PDFium tells it
_NOT_A_LETTER: Final = "\ufffd"
_SAME_LINE: Final = 0.35  # of a letter's height: origins that differ by less stand on one line
_DOTS_PER_INCH: Final = 150
_DARK: Final = 160  # of 255 steps of grey: a pen's stroke, not the paper
_LARGEST_BOX: Final = 10_000.0  # square points; a box to tick has some hundred
_WIDE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: its origin, and its outline's left, bottom, right and top."""

    text: str
    x: float
    y: float
    box: tuple[float, float, float, float]
    after_space: bool
    """A space or a line's end stands before it, in the order in which it was written."""


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without space between them; where the first one's pen began."""

    text: str
    at: complex


@dataclass(frozen=True, kw_only=True)
class PageLetters:
    """A page's letters, in the order PDFium reads them; its size as it is shown; and its text in one piece."""

    width: float
    height: float
    letters: tuple[Letter, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """In the same order."""
        return tuple(_words(self.letters))


@dataclass(frozen=True, kw_only=True)
class Laid:
    """Where a page lies on one of another size: p becomes `factor` times p, plus `shift`, in points."""

    size: tuple[float, float]
    factor: complex = 1 + 0j
    shift: complex = 0j


class OpenPage:
    """One page of an opened document, to be closed after use (`with`)."""

    def __init__(self, document: pypdfium2.PdfDocument, index: int) -> None:
        self._page, self._places = flat_page(document, index)
        self._text = self._page.get_textpage()
        if self._text.count_chars() > MAX_CHARACTERS_PER_PAGE:
            self.close()
            raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)

    def __enter__(self) -> "OpenPage":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        self._text.close()
        self._page.close()

    @cached_property
    def text(self) -> str:
        """All of it, what is invisible as well."""
        return clean(self._text.get_text_bounded())

    def read(self) -> Page:
        """What it shows, as `read_pages` gives it."""
        return read_page(self._page, self._text, self._places)

    def ink_in(self, place: Rectangle) -> float:
        """Which share of a rectangle of the page, as it is shown, is dark: a tick may be drawn and not written."""
        width, height = self._page.get_width(), self._page.get_height()
        cut = (max(0.0, place.x0), max(0.0, place.y0), max(0.0, width - place.x1), max(0.0, height - place.y1))
        if cut[0] + cut[2] >= width - 1 or cut[1] + cut[3] >= height - 1:
            return 0.0  # not on the page, or too small to hold anything
        if (place.x1 - place.x0) * (place.y1 - place.y0) > _LARGEST_BOX:
            return 0.0
        bitmap = self._page.render(scale=_DOTS_PER_INCH / 72, crop=cut, grayscale=True)
        try:
            rows = range(bitmap.height)
            dots = b"".join(bytes(bitmap.buffer[row * bitmap.stride :][: bitmap.width]) for row in rows)
        finally:
            bitmap.close()
        return sum(dot < _DARK for dot in dots) / max(1, len(dots))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points, as it is shown."""
        return self._page.get_width(), self._page.get_height()

    def draw(self, dots_per_inch: float, laid: "Laid | None" = None) -> Image.Image:
        """The page, as it is shown, in 256 steps of grey; `laid`: where it lies on a page of another size."""
        scale = dots_per_inch / 72
        width, height = self.size
        laid = laid or Laid(size=(width, height))
        size = (max(1, round(laid.size[0] * scale)), max(1, round(laid.size[1] * scale)))
        if max(size) > MAX_SIDE:
            raise UnreadablePdfError(PagesFault.BROKEN)
        turn, shift = laid.factor * scale, laid.shift * scale
        # The matrix works on dots from the upper left corner, downwards; the factor on points from the lower left one.
        matrix = pdfium.FS_MATRIX(
            *(turn.real, -turn.imag, turn.imag, turn.real),
            *(shift.real - turn.imag * height, laid.size[1] * scale - turn.real * height - shift.imag),
        )
        bitmap = pypdfium2.PdfBitmap.new_native(*size, pdfium.FPDFBitmap_Gray)
        try:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
            clip = pdfium.FS_RECTF(0, 0, *size)
            pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, self._page, matrix, clip, pdfium.FPDF_GRAYSCALE)
            return Image.frombytes("L", size, bitmap.buffer, "raw", "L", bitmap.stride)
        finally:
            bitmap.close()

    @cached_property
    def has_unseen(self) -> bool:
        """Some of its text is written to be invisible."""
        return any(is_unseen(piece) for piece in texts_of(self._page))

    @property
    def is_plain(self) -> bool:
        """Neither turned nor cut: its own space is the visible one."""
        left, bottom, _, _ = self._page.get_bbox()
        return self._page.get_rotation() == 0 and (left, bottom) == (0, 0)

    def text_in(self, box: tuple[float, float, float, float]) -> str:
        """What stands in a rectangle of a plain page, by every letter that touches it."""
        return clean(self._text.get_text_bounded(*box))

    @cached_property
    def characters(self) -> str:
        """Every character by its index; none where some text is invisible, or can't be had in one piece."""
        count = self._text.count_chars()
        units = (ctypes.c_ushort * (count + 1))()
        written = pdfium.FPDFText_GetText(self._text, 0, count, units)
        text = bytes(units)[: 2 * count].decode("utf-16-le", "surrogatepass")
        whole = written == count + 1 == len(text) + 1  # PDFium leaves some out; what is beyond 16 bits makes two units
        return text if whole and not self.has_unseen else ""

    def origin(self, index: int) -> complex:
        """Where the pen of a character began."""
        x, y = ctypes.c_double(), ctypes.c_double()
        pdfium.FPDFText_GetCharOrigin(self._text, index, x, y)
        return complex(*self._turn.point(x.value, y.value))

    def letters(self, among: Iterable[int] | None = None) -> PageLetters:
        """Every letter, or those among some characters; spaces and marks without a shape aside."""
        indices = range(self._text.count_chars()) if among is None else among
        letters = _letters(self._text, self._turn, indices, some_unseen=self.has_unseen)
        return PageLetters(width=self._turn.width, height=self._turn.height, letters=tuple(letters))

    @cached_property
    def _turn(self) -> "_Turn":
        return _Turn(self._page)


def line_text(letters: Iterable[Letter]) -> str:
    """What letters say to an eye that reads line by line: sorted by where they stand, not by how they were written.

    Lines are joined by one space, but for a word that is parted by a hyphen.
    """
    return " ".join(_lines(letters)).replace("\u0002 ", "-").replace("\u0002", "-")


def _lines(letters: Iterable[Letter]) -> Iterator[str]:
    return (_line(line) for line in lines_of(letters))


def lines_of(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """Letters by the lines they stand on, from the top; those of a line in no order."""
    line: list[Letter] = []
    for letter in sorted(letters, key=lambda one: -one.y):
        if line and line[0].y - letter.y > _SAME_LINE * _height(line[0], letter):
            yield line
            line = []
        line.append(letter)
    if line:
        yield line


def _line(letters: Sequence[Letter]) -> str:
    parts: list[str] = []
    end = None
    for letter in sorted(letters, key=lambda one: one.x):
        gap = letter.box[0] - end if end is not None else 0.0
        if parts and (letter.after_space or gap > _height(letter)):
            parts.append(" ")
        parts.append(letter.text)
        end = max(end or letter.box[2], letter.box[2])
    return _WIDE.sub(" ", "".join(parts)).strip()


def _height(*letters: Letter) -> float:
    """Of the tallest; at least four points, for a line of full stops."""
    return max(4.0, *(letter.box[3] - letter.box[1] for letter in letters))


def _words(letters: Sequence[Letter]) -> Iterator[Word]:
    word: list[Letter] = []
    for letter in letters:
        if word and letter.after_space:
            yield _word(word)
            word = []
        word.append(letter)
    if word:
        yield _word(word)


def _word(letters: Sequence[Letter]) -> Word:
    text = unicodedata.normalize("NFKC", "".join(letter.text for letter in letters))
    return Word(text=text, at=complex(letters[0].x, letters[0].y))


class _Turn:
    """From a page's own space to the one it is shown in."""

    def __init__(self, page: Any) -> None:
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._rotation = page.get_rotation()  # degrees clockwise
        self.width, self.height = page.get_width(), page.get_height()

    def point(self, x: float, y: float) -> tuple[float, float]:
        match self._rotation:
            case 90:
                return y - self._bottom, self._right - x
            case 180:
                return self._right - x, self._top - y
            case 270:
                return self._top - y, x - self._left
            case _:
                return x - self._left, y - self._bottom


def _letters(text_page: Any, turn: _Turn, indices: Iterable[int], *, some_unseen: bool) -> Iterator[Letter]:
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    after_space = True
    for index in indices:
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        text = "\u0002" if code in _HYPHENS else _character(code)
        if code not in _HYPHENS and unicodedata.category(text)[0] in "ZC":
            after_space = after_space or code not in {0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF}
            continue
        if some_unseen and is_unseen(pdfium.FPDFText_GetTextObject(text_page, index)):
            continue
        pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
        pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
        one, other = turn.point(left.value, bottom.value), turn.point(right.value, top.value)
        box = (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
        yield Letter(text, *turn.point(x.value, y.value), box, after_space)
        after_space = False


def _character(code: int) -> str:
    """What no text may hold becomes a mark of its own: half a surrogate pair, what is beyond Unicode."""
    return _NOT_A_LETTER if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)
