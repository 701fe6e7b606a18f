"""The pages' outer measures, written so that other programs write them back as they were."""

from pikepdf import Array, Page, Pdf

_PRINTERS_BOXES = ("/TrimBox", "/BleedBox")  # for sheets that are cut: ours are not


def simplify_boxes(pdf: Pdf) -> None:
    """Hundredths of a point, and the page's size alone.

    A program that appends (PDFium) writes the pages anew with its own, shorter numbers: each box that is not the number
    it was looks like a change of the page after signing.
    """
    for page in pdf.pages:
        page.obj.MediaBox = Array([round(float(side), 2) for side in page.mediabox])
        for key in _PRINTERS_BOXES:
            if key in page.obj and _same_box(page, key):
                del page.obj[key]


def _same_box(page: Page, key: str) -> bool:
    pairs = zip(page.obj[key], page.mediabox, strict=True)
    return all(abs(float(side) - float(other)) < 0.01 for side, other in pairs)
