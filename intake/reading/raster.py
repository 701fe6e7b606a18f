"""Pages as grey pictures, by PDFium. Runs in the sandbox: the bytes are hostile, so what is drawn is bounded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

from intake.reading.unseen import is_picture_of_text

MAX_SIDE: Final = 5200  # dots: A4 at 300 to the inch is 3508 long, A3 is 4961
MAX_DRAWN: Final = 40  # pages of one document: an agreement has under 20, a front page and a report are added
_POINTS: Final = 72


class Drawing:
    """One opened document. Raises pypdfium2.PdfiumError where it can't be read."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def __len__(self) -> int:
        return min(len(self._document), MAX_DRAWN)

    def size(self, number: int) -> tuple[float, float]:
        """Width and height of a page (from 1) in points."""
        width, height = self._document.get_page_size(number - 1)
        return float(width), float(height)

    def draw(self, number: int, dots: float) -> tuple[Image.Image, float]:
        """A page (from 1) in 256 steps of grey, and its dots to the inch: fewer than asked for on a huge page."""
        dots = min(dots, MAX_SIDE * _POINTS / max(*self.size(number), 1))
        page = self._document[number - 1]
        try:
            bitmap = page.render(scale=dots / _POINTS, grayscale=True)
            try:
                size, row = (bitmap.width, bitmap.height), bitmap.stride
                return Image.frombytes("L", size, bytes(bitmap.buffer), "raw", "L", row), dots
            finally:
                bitmap.close()
        finally:
            page.close()

    def has_text(self, number: int) -> bool:
        """Whether a page has text that can be seen."""
        page = self._document[number - 1]
        try:
            if is_picture_of_text(page):
                return False
            text = page.get_textpage()
            try:
                return bool(text.get_text_bounded().strip())
            finally:
                text.close()
        finally:
            page.close()


@contextmanager
def open_drawing(data: bytes) -> Iterator[Drawing]:
    """Raises pypdfium2.PdfiumError where it can't be opened."""
    document = pypdfium2.PdfDocument(data)
    try:
        document.init_forms()
        yield Drawing(document)
    finally:
        document.close()
