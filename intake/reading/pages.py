"""The visible text of a PDF, page by page, by PDFium. Runs in the sandbox: the bytes are hostile.

Form fields and annotations are flattened first, since PDFium's page text leaves them out; only what is shown on a
screen counts, and only what lies on the page. The bytes themselves stay as they are: flattening happens in memory.

A page whose text is invisible throughout is a picture: what a scanner laid under it is kept apart. Not promised: text
that is there but can't be seen otherwise (white on white, behind a picture, invisible beside visible) is reported as
text. Who relies on this compares with the issued document, read in the same way.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from agreements.pages import Box, Page, Pages
from intake.reading.unseen import is_picture_of_text

MAX_PAGES: Final = 200  # an agreement has under 20; signing services add a few; beyond, it is something else
MAX_CHARACTERS_PER_PAGE: Final = 50_000  # a densely set A4 page holds about 7,000
MAX_CHARACTERS: Final = 400_000  # in all; as JSON it stays below the 1 MB that a sandboxed child may return

Place = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""

READER: Final = f"3 pdfium {pypdfium2.version.PDFIUM_INFO}"
"""What reads here: the number is raised when this module gives another text for the same page. Two texts are compared
line by line only if one reader gave both.
"""

logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # XFA forms make it write advice about builds


class PagesFault(StrEnum):
    """Why there are no pages."""

    BROKEN = "broken"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MUCH_TEXT = "too_much_text"


class EncryptedPdfError(Exception):
    """It takes a password to open."""


class UnreadablePdfError(Exception):
    """The document can't be read as pages; `fault` says why."""

    def __init__(self, fault: PagesFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


def read_pages(data: bytes) -> Pages:
    """Size (points) and visible text of every page. Raises EncryptedPdfError or UnreadablePdfError."""
    document = open_document(data)
    try:
        with readable():
            return _read_document(document)
    finally:
        document.close()


@contextmanager
def readable() -> Iterator[None]:
    """While pages are read: what PDFium can't read is UnreadablePdfError."""
    try:
        yield
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdfError(PagesFault.BROKEN) from error


def open_document(data: bytes) -> pypdfium2.PdfDocument:
    """To be closed by the caller; fields can be drawn. Raises EncryptedPdfError or UnreadablePdfError."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise EncryptedPdfError from error
        raise UnreadablePdfError(PagesFault.BROKEN) from error
    try:
        document.init_forms()  # lets PDFium draw fields that have no appearance yet; scripts are not in this build
        fault = PagesFault.BROKEN if len(document) == 0 else None
        fault = PagesFault.TOO_MANY_PAGES if len(document) > MAX_PAGES else fault
    except pypdfium2.PdfiumError:
        fault = PagesFault.BROKEN
    if fault is not None:
        document.close()
        raise UnreadablePdfError(fault)
    return document


def _read_document(document: pypdfium2.PdfDocument) -> Pages:
    pages: list[Page] = []
    left = MAX_CHARACTERS
    for index in range(len(document)):
        page = _read_page(document, index, limit=min(left, MAX_CHARACTERS_PER_PAGE))
        left -= len(page.text)
        pages.append(page)
    return Pages(pages=tuple(pages))


def _read_page(document: pypdfium2.PdfDocument, index: int, *, limit: int) -> Page:
    page, places = flat_page(document, index)
    try:
        text_page = page.get_textpage()
        try:
            if text_page.count_chars() > limit:
                raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
            return read_page(page, text_page, places)
        finally:
            text_page.close()
    finally:
        page.close()


def read_page(page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, places: Sequence[Place]) -> Page:
    """What an opened page shows; `places`: where its fields were. Raises UnreadablePdfError."""
    width, height = page.get_width(), page.get_height()
    text = clean(text_page.get_text_bounded())
    if is_picture_of_text(page):
        return Page(width=width, height=height, text="", unseen=text)
    return Page(width=width, height=height, text=text, boxes=_read_boxes(text_page, places))


def flat_page(document: pypdfium2.PdfDocument, index: int) -> tuple[pypdfium2.PdfPage, list[Place]]:
    """A page with its fields and annotations as page content, to be closed by the caller; and where its fields were."""
    page = document.get_page(index)
    if pdfium.FPDFPage_GetAnnotCount(page) == 0:  # there is nothing to flatten
        return page, []
    try:
        places = _field_places(page)
        _flatten(page)
    finally:
        page.close()
    return document.get_page(index), places  # anew: the text of a page loaded before does not change


def _field_places(page: pypdfium2.PdfPage) -> list[Place]:
    """The rectangles of the form fields, each once: left, bottom, right, top."""
    places: list[Place] = []
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        corners = pdfium.FS_RECTF()
        is_field = pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_WIDGET
        if is_field and pdfium.FPDFAnnot_GetRect(annotation, corners):
            places.append((corners.left, corners.bottom, corners.right, corners.top))
        pdfium.FPDFPage_CloseAnnot(annotation)
    return list(dict.fromkeys(places))


def _read_boxes(text_page: pypdfium2.PdfTextPage, places: Sequence[Place]) -> tuple[Box, ...]:
    """What is seen in each place. Places that lie over each other read the same text again, so all is counted."""
    boxes: list[Box] = []
    left = MAX_CHARACTERS_PER_PAGE
    for place in places:
        text = clean(text_page.get_text_bounded(*place)).strip()
        left -= len(text) + 1
        if left < 0:
            raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
        if text:
            boxes.append(Box(rectangle=place, text=text))
    return tuple(boxes)


def _flatten(page: pypdfium2.PdfPage) -> None:
    """Turn fields and annotations into page content, as a screen shows them (FLAT_NORMALDISPLAY)."""
    _remove_unseen(page)
    if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_FAIL:
        raise UnreadablePdfError(PagesFault.BROKEN)


def _remove_unseen(page: pypdfium2.PdfPage) -> None:
    """Drop annotations that a screen never shows (NoView): PDFium's flattening only leaves out hidden ones."""
    for number in reversed(range(pdfium.FPDFPage_GetAnnotCount(page))):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        unseen = pdfium.FPDFAnnot_GetFlags(annotation) & (pdfium.FPDF_ANNOT_FLAG_NOVIEW | pdfium.FPDF_ANNOT_FLAG_HIDDEN)
        pdfium.FPDFPage_CloseAnnot(annotation)
        if unseen:
            pdfium.FPDFPage_RemoveAnnot(page, number)


def clean(text: str) -> str:
    """Text as PDFium gives it, with the line breaks of everybody else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
