"""PDFs for the finisher's tests: a page with a form of every kind of field, and how each test reads such a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from io import BytesIO

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from PIL import Image

from renderers.finishing import Attachment, Relationship, finish
from renderers.layout import LaidOut, lay_out

ISSUED_ON = date(2026, 11, 23)
DATA = Attachment(
    name="avtale.json",
    media_type="application/json",
    description="Verdiene",
    content=b'{"navn": "\xc3\x86"}',
    relationship=Relationship.DATA,
)
TERMS = Attachment(
    name="Vilkår A.pdf",
    media_type="application/pdf",
    description="Vilkår A",
    content=b"%PDF-1.7 ikke mer",
    relationship=Relationship.SUPPLEMENT,
)
_STYLE = """
@page { size: A4; margin: 30mm 20mm; @top-center { content: element(header) } }
.header { position: running(header) }
input, textarea, select { display: block; border: .6pt solid #999; width: 80mm; height: 7mm; padding: 1mm;
  background: none; font: 10pt "Avtale Sans"; margin: 2mm 0 }
input[type=checkbox] { width: 5mm; height: 5mm; padding: 0 }
textarea { height: 25mm }
"""
_BODY = """
<div class="header">Øverst på hver side</div>
<h1>Skjema</h1><h2>Felter</h2><ul><li>En ting</li><li>En ting til</li></ul>
<table class="look"><tr><td><input name="contact-contract-name" data-field="contact.contract.name"
  title="Kontraktsansvarlig" maxlength="40" required></td><td>Ved siden av</td></tr></table>
<textarea name="launch-peaks" data-field="launch.peaks" title="Topper"></textarea>
<select name="customer-sector" data-field="customer.sector" title="Sektor">
  <option value=""></option><option value="private">Privat</option><option value="public">Øvrig</option></select>
<input type="checkbox" name="service-digital" data-field="service.digital" title="Digital post">
<input name="Signatur1" title="Underskrift: Kari">
<table><thead><tr><th scope="col">Kode</th><th scope="col">Navn</th></tr></thead>
<tbody><tr><th scope="row">1</th><td>Én</td></tr></tbody></table>
<p>Linje på papiret:</p><div style="height: 8mm; width: 60mm" data-ruled="customer.part_id"></div>
"""


def html(body: str = _BODY, *, style: str = _STYLE) -> str:
    return (
        '<!doctype html><html lang="nb"><head><title>Skjema – prøve</title>'
        '<meta name="author" content="Fjord &amp; Fjell AS">'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )


@cache
def laid_out_form() -> LaidOut:
    return lay_out(html(), "page.css", fields=True)


def mark(page: int) -> str:
    return f"DA1:DA-2026-000042-J.2:{page}:7K3M9QXA"


@cache
def form_page() -> bytes:
    finished = finish(laid_out_form(), ("Signatur1",), issued_on=ISSUED_ON, attachments=(TERMS, DATA), page_mark=mark)
    return finished.pdf


@contextmanager
def opened(pdf: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(BytesIO(pdf)) as document:
        yield document


def saved(document: pikepdf.Pdf) -> bytes:
    out = BytesIO()
    document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, fix_metadata_version=False)
    return out.getvalue()


def raster(pdf: bytes, *, dpi: float = 100, page: int = 1) -> Image.Image:
    """As a screen shows it, with its form, by PDFium."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        image: Image.Image = document[page - 1].render(scale=dpi / 72, may_draw_forms=True).to_pil()
        return image.convert("L")
    finally:
        document.close()


def shown_text(pdf: bytes) -> str:
    """The first page's text with its form fields, by PDFium."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        page = document[0]
        pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
        page.close()
        return str(document[0].get_textpage().get_text_bounded())
    finally:
        document.close()
