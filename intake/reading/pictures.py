"""Pages as pictures for a person's eyes. Runs in the sandbox."""

import io
from collections.abc import Iterator
from typing import Final

import pypdfium2  # type: ignore[import-untyped]

from intake.reading.raster import Drawing, open_drawing

DOTS_PER_INCH: Final = 90
"""Ours: six-point print can be read, and a page is some 60 kB."""


def page_pictures(document: bytes) -> Iterator[bytes | None]:
    """Each page as PNG in grey, as many as are drawn of one document (`raster.MAX_DRAWN`); None for one that can't be.

    Nothing at all of a document that can't be opened.
    """
    try:
        with open_drawing(document) as drawing:
            for number in range(1, len(drawing) + 1):
                yield _picture(drawing, number)
    except pypdfium2.PdfiumError:
        return


def _picture(drawing: Drawing, number: int) -> bytes | None:
    try:
        picture, _ = drawing.draw(number, DOTS_PER_INCH)
    except pypdfium2.PdfiumError:
        return None
    data = io.BytesIO()
    picture.save(data, format="PNG", optimize=True)
    return data.getvalue()
