"""The QR codes of scanned pages, by zxing-cpp. Runs in the sandbox, which has no key: what a code says is not believed.

Only pages without text are looked at: others name their agreement in it.
"""

import re
from collections.abc import Iterator
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import zxingcpp
from PIL import Image, ImageFilter

from intake.reading.raster import Drawing, open_drawing
from intake.reading.scans import SeenMark

DOTS_PER_INCH: Final = 200  # every code of 18 mm is read at 150 already (facts/rendering.md 6)
MAX_PAGES: Final = 20  # an agreement has fewer; a thick pile of scans must not use up the child's time
MAX_MARKS: Final = 60  # of one document: a page has one
_PAYLOAD: Final = re.compile(r"[0-9A-Z:.\-]{1,64}\Z")
_FORMATS: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_CORNER: Final = (0.66, 0.22)  # of width and height: where the mark stands, with room for a crooked sheet
_DARK: Final = 128


def read_marks(data: bytes) -> tuple[SeenMark, ...]:
    """The codes on pages without text, in order; none where the document can't be drawn."""
    marks: list[SeenMark] = []
    try:
        with open_drawing(data) as drawing:
            for number in range(1, min(len(drawing), MAX_PAGES) + 1):
                if not drawing.has_text(number):
                    marks += marks_of_page(drawing, number)
    except pypdfium2.PdfiumError:
        return ()
    return tuple(marks[:MAX_MARKS])


def marks_of_page(drawing: Drawing, number: int) -> tuple[SeenMark, ...]:
    """The codes on one page (from 1), whether it has text or not."""
    return tuple(_seen(drawing, number))


def _seen(drawing: Drawing, number: int) -> Iterator[SeenMark]:
    image, dots = drawing.draw(number, DOTS_PER_INCH)
    for code, left, top, scale in _codes(image):
        if _PAYLOAD.match(code.text):
            place = code.position
            spots = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
            corners = tuple(
                ((left + spot.x / scale) * 72 / dots, (image.height - top - spot.y / scale) * 72 / dots)
                for spot in spots
            )
            yield SeenMark.model_validate({"page": number, "payload": code.text, "corners": corners})


def _codes(image: Image.Image) -> list[tuple[zxingcpp.Barcode, float, float, float]]:
    """Each code with the left, the top and the scale of the picture it was found in: the page, else a corner of it."""
    if found := _read(image):
        return [(code, 0, 0, 1) for code in found]
    width, height = int(image.width * (1 - _CORNER[0])), int(image.height * _CORNER[1])
    for left, top in ((image.width - width, 0), (0, image.height - height)):  # upright, upside down
        corner = image.crop((left, top, left + width, top + height))
        for scale, changed in _clearer(corner):
            if found := _read(changed):
                return [(code, left, top, scale) for code in found]
    return []


def _clearer(image: Image.Image) -> Iterator[tuple[float, Image.Image]]:
    """The picture without specks, smoothed, in black and white, smaller and larger; each with its scale."""
    for smooth in (ImageFilter.MedianFilter(3), ImageFilter.GaussianBlur(1.5)):
        changed = image.filter(smooth)
        yield 1, changed
        yield 1, changed.point(lambda step: 255 if step > _DARK else 0)
    for scale in (0.5, 2.0):
        yield (
            scale,
            image.resize(
                (max(1, int(image.width * scale)), max(1, int(image.height * scale))), Image.Resampling.BICUBIC
            ),
        )


def _read(image: Image.Image) -> list[zxingcpp.Barcode]:
    return list(zxingcpp.read_barcodes(image, formats=_FORMATS))
