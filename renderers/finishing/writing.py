"""How an issued file is written."""

from io import BytesIO

from pikepdf import ObjectStreamMode, Pdf

from agreements.errors import ConfigurationError

MAX_DOCUMENT_BYTES = 10 * 2**20  # the strictest signing service's limit (facts/product.md §4, Posten signering)


def write(pdf: Pdf) -> bytes:
    """The file's bytes, the same for the same document: PDF 1.7, a classic cross-reference table, no object streams.

    Both make it fast to validate, and safe to append to: PDFium's incremental save breaks a file with a cross-reference
    stream (facts/rendering.md 3). Raises ConfigurationError `document_too_large`.
    """
    out = BytesIO()
    pdf.save(
        out,
        object_stream_mode=ObjectStreamMode.disable,
        deterministic_id=True,
        min_version="1.7",
        fix_metadata_version=False,  # leaves the XMP packet as we wrote it
    )
    if out.tell() > MAX_DOCUMENT_BYTES:
        raise ConfigurationError("document_too_large", size=out.tell(), limit=MAX_DOCUMENT_BYTES)
    return out.getvalue()
