"""The visible text of a PDF, page by page, by PDFium. Runs in the sandbox: the bytes are hostile.

Form fields and annotations are flattened first, since PDFium's page text leaves them out; only what is shown on a
screen counts, and only what lies on the page. The bytes themselves stay as they are: flattening happens in memory.

Not promised: text that is there but can't be seen (white on white, behind a picture, rendering mode 3) is reported as
text. Who relies on this compares with the issued document, read in the same way.
"""

import logging
from enum import StrEnum
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from agreements.pages import Page, Pages

MAX_PAGES: Final = 200  # an agreement has under 20; signing services add a few; beyond, it is something else
MAX_CHARACTERS_PER_PAGE: Final = 50_000  # a densely set A4 page holds about 7,000
MAX_CHARACTERS: Final = 400_000  # in all; as JSON it stays below the 1 MB that a sandboxed child may return

READER: Final = f"1 pdfium {pypdfium2.version.PDFIUM_INFO}"
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
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise EncryptedPdfError from error
        raise UnreadablePdfError(PagesFault.BROKEN) from error
    try:
        return _read_document(document)
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdfError(PagesFault.BROKEN) from error
    finally:
        document.close()


def _read_document(document: pypdfium2.PdfDocument) -> Pages:
    document.init_forms()  # lets PDFium draw fields that have no appearance yet; scripts are not in this build
    count = len(document)
    if count == 0:
        raise UnreadablePdfError(PagesFault.BROKEN)
    if count > MAX_PAGES:
        raise UnreadablePdfError(PagesFault.TOO_MANY_PAGES)
    pages: list[Page] = []
    left = MAX_CHARACTERS
    for index in range(count):
        page = _read_page(document, index, limit=min(left, MAX_CHARACTERS_PER_PAGE))
        left -= len(page.text)
        pages.append(page)
    return Pages(pages=tuple(pages))


def _read_page(document: pypdfium2.PdfDocument, index: int, *, limit: int) -> Page:
    page = document.get_page(index)
    try:
        if pdfium.FPDFPage_GetAnnotCount(page) > 0:  # on other pages there is nothing to flatten
            _flatten(page)
            page.close()
            page = document.get_page(index)  # anew: the text of a page loaded before does not change
        text_page = page.get_textpage()
        try:
            if text_page.count_chars() > limit:
                raise UnreadablePdfError(PagesFault.TOO_MUCH_TEXT)
            text = _clean(text_page.get_text_bounded())
        finally:
            text_page.close()
        return Page(width=page.get_width(), height=page.get_height(), text=text)
    finally:
        page.close()


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


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
