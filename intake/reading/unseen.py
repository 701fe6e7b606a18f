"""Text that is written to be invisible: what a scanner lays under the picture of a page, so that it can be searched."""

from collections.abc import Iterator
from typing import Any, Final

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

_UNSEEN: Final = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
_MAX_NESTING: Final = 12  # drawings within drawings; honest forms have two


def is_picture_of_text(page: Any) -> bool:
    """Whether a page has text, and all of it is invisible: what is seen is a picture."""
    any_text = False
    for piece in texts_of(page):
        if not is_unseen(piece):
            return False
        any_text = True
    return any_text


def is_unseen(piece: Any) -> bool:
    """Whether a piece of text is invisible (ISO 32000-1, 9.3.6, modes 3 and 7)."""
    return pdfium.FPDFTextObj_GetTextRenderMode(piece) in _UNSEEN


def texts_of(page: Any) -> Iterator[Any]:
    """Every piece of text on a page, those in drawings within drawings too."""
    holders: list[tuple[Any, Any, Any, int]] = [(page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, 0)]
    while holders:
        holder, count, get, depth = holders.pop()
        for index in range(count(holder)):
            item = get(holder, index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                yield item
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_NESTING:
                holders.append((item, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, depth + 1))
