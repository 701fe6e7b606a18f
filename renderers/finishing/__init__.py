"""The last touch on a laid-out document, by pikepdf: a file that is archivable, accessible and safe to sign.

WeasyPrint knows no signature fields, writes its form with faults and claims one standard at a time; each module here
says what it repairs, and why. All but `structure` work on any `pikepdf.Pdf`, so that an operator's own form goes the
same way: `fields`, `structure`, `metadata`, `attachments`, `marks`, `fonts`, `writing`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

from pikepdf import Pdf

from renderers.finishing.attachments import Attachment, Relationship, attach
from renderers.finishing.fields import finish_fields
from renderers.finishing.fonts import refuse_foreign_fonts
from renderers.finishing.marks import mark_pages
from renderers.finishing.metadata import write_metadata
from renderers.finishing.pages import simplify_boxes
from renderers.finishing.structure import tidy_structure
from renderers.finishing.writing import write

if TYPE_CHECKING:  # WeasyPrint takes half a second to load, and only a layout needs it
    from renderers.layout import LaidOut

__all__ = ["Attachment", "FinishedPdf", "Relationship", "finish"]


@dataclass(frozen=True, kw_only=True)
class FinishedPdf:
    """The bytes that are issued, and how many pages they have."""

    pdf: bytes
    pages: int


def finish(
    laid_out: "LaidOut",
    signature_fields: Sequence[str] = (),
    *,
    issued_on: date | None = None,
    attachments: Sequence[Attachment] = (),
    page_mark: Callable[[int], str] | None = None,
) -> FinishedPdf:
    """The laid-out PDF made ready to issue, its inputs turned into empty form fields and the named signature fields.

    `issued_on` dates the document and its attachments; `page_mark` gives each page's QR payload, counting from 1.
    Same input, same bytes. Raises ConfigurationError: `render_failed` if the signature fields are not those asked
    for, a font is not ours, or a part can't be made as meant; `document_too_large` above what signing services take.
    """
    with Pdf.open(BytesIO(laid_out.pdf)) as pdf:
        refuse_foreign_fonts(pdf)
        finish_fields(pdf, laid_out.places, signature_fields)
        tidy_structure(pdf)
        simplify_boxes(pdf)
        if page_mark is not None:
            mark_pages(pdf, page_mark)
        attach(pdf, attachments, issued_on)
        write_metadata(pdf, issued_on)
        return FinishedPdf(pdf=write(pdf), pages=len(pdf.pages))
