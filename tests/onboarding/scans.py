"""Scans of rendered agreements, read as the program does: through the sandbox and tesseract."""

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

import renderers
from agreements.casenumber import parse_agreement_number
from agreements.fieldmap import FieldMap
from agreements.language import Language
from intake.reading.pages import READER, read_pages
from intake.reading.qr import read_marks
from onboarding.sandbox import Sandbox
from onboarding.scanning import Scan, ScanReading, known_pages, read_scan
from renderers.agreement import AgreementDocument, RenderedAgreement, render_agreement
from tests.renderers.samples import MARKING_KEY, rendered

os.environ["FONTCONFIG_FILE"] = str(renderers.fontconfig_file())
NUMBER = parse_agreement_number("DA-2026-000042-J.1")
Change = Callable[[int, Image.Image], Image.Image]


def field_map_of(issued: RenderedAgreement) -> FieldMap:
    return FieldMap(values=issued.values, fields=issued.fields, pages=read_pages(issued.pdf), reader=READER)


@cache
def plain() -> RenderedAgreement:
    return rendered(Language.NB)


def made(document: AgreementDocument) -> RenderedAgreement:
    return render_agreement(document)


def pictures(pdf: bytes, dpi: int) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        return [page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L") for page in document]
    finally:
        document.close()


def scan_of(images: list[Image.Image], dpi: int = 200) -> bytes:
    output = io.BytesIO()
    images[0].save(output, "PDF", resolution=dpi, save_all=True, append_images=images[1:], quality=80)
    return output.getvalue()


def scanned(pdf: bytes, change: Change = lambda _page, image: image, *, dpi: int = 200) -> bytes:
    """Each page as a picture, changed; `change` is told the page from 1."""
    return scan_of([change(number, image) for number, image in enumerate(pictures(pdf, dpi), start=1)], dpi)


@contextmanager
def _held(data: bytes) -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


def read(
    sandbox: Sandbox, document: bytes, issued: bytes, field_map: FieldMap, *, use_marks: bool = True
) -> ScanReading:
    """As the roof does. `use_marks`: False as if the operator's key were another."""
    marks = read_marks(document)
    pages = known_pages(MARKING_KEY if use_marks else os.urandom(32), NUMBER, marks)
    work = Path(tempfile.gettempdir())
    with _held(document) as one, _held(issued) as other, _held(field_map.model_dump_json().encode()) as places:
        scan = Scan(
            document=one, sha256=sha256(document).hexdigest(), issued=other, field_map=places, marks=marks, pages=pages
        )
        return read_scan(sandbox, scan, work_dir=work)


def bare(text: str) -> str:
    return "".join(text.split())
