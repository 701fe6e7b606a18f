"""What happens to an agreement on its way back: programs that rewrite it, wrap it, print it and scan it.

Real programs where there is one: Ghostscript, qpdf, PDFium. The rest is made as signing services and office scanners
make it (facts/domain.md 5). All are deterministic.
"""

import io
import random
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pikepdf
import pypdf
import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageChops

Carrier = Callable[[bytes], bytes]
SECONDS: Final = 60  # for one run of a program
SHRUNK: Final = 0.9
FOOTER_HEIGHT: Final = 42.0  # points
_JPEG_QUALITY: Final = 75  # an office scanner's "normal"
_PAPER: Final = 255
_SCANNED: Final = time.struct_time((2026, 11, 24, 9, 0, 0, 1, 328, 0))


def ghostscript(pdf: bytes) -> bytes:
    """Written anew by pdfwrite, as some signing services do: no form, other fonts' subsets."""
    return _run(pdf, "gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite", "-sOutputFile={out}", "{in}")


def qpdf_linearized(pdf: bytes) -> bytes:
    """Optimised for the web."""
    return _run(pdf, "qpdf", "--warning-exit-0", "--linearize", "{in}", "{out}")


def qpdf_flattened(pdf: bytes) -> bytes:
    """Fields made part of their pages."""
    return _run(pdf, "qpdf", "--warning-exit-0", "--generate-appearances", "--flatten-annotations=all", "{in}", "{out}")


def qpdf_pages(pdf: bytes) -> bytes:
    """The pages alone, put into another file: no attachments."""
    return _run(pdf, "qpdf", "--warning-exit-0", "--empty", "--pages", "{in}", "1-z", "--", "{out}")


def pdfium_saved(pdf: bytes) -> bytes:
    """Opened and saved in full, as a browser does."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        output = io.BytesIO()
        document.save(output, flags=2)  # FPDF_NO_INCREMENTAL
        return output.getvalue()
    finally:
        document.close()


def wrapped(pdf: bytes) -> bytes:
    """As signing services deliver: a front page before, every page shrunk over a footer of theirs."""
    reader, writer = pypdf.PdfReader(io.BytesIO(pdf)), pypdf.PdfWriter()
    width, height = (float(side) for side in reader.pages[0].mediabox[2:])
    stamps = pypdf.PdfReader(io.BytesIO(_service_pages(width, height)))
    writer.add_page(stamps.pages[0])
    for page in reader.pages:
        sheet = writer.add_blank_page(width, height)
        move = pypdf.Transformation().scale(SHRUNK).translate((1 - SHRUNK) / 2 * width, FOOTER_HEIGHT)
        sheet.merge_transformed_page(page, move)
        sheet.merge_page(stamps.pages[1])
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def print_to_image(pdf: bytes, dpi: int = 300, skew_degrees: float = 0.0, noise: float = 0.0, seed: int = 0) -> bytes:
    """Printed and scanned: each page one grey JPEG of `dpi` dots to the inch, turned by `skew_degrees` (to either side,
    by turns), with specks of `noise` steps of 255 (standard deviation).
    """
    document = pypdfium2.PdfDocument(pdf)
    chance = random.Random(seed)
    try:
        document.init_forms()
        scans = [_scan(document[index], dpi, skew_degrees * (-1) ** index) for index in range(len(document))]
    finally:
        document.close()
    scans = [_with_noise(scan, noise, chance) for scan in scans] if noise else scans
    output = io.BytesIO()
    scans[0].save(
        output,
        "PDF",
        resolution=dpi,
        save_all=True,
        append_images=scans[1:],
        quality=_JPEG_QUALITY,
        creationDate=_SCANNED,
        modDate=_SCANNED,
    )
    return output.getvalue()


CARRIERS: Final[Mapping[str, Carrier]] = {
    "Ghostscript pdfwrite": ghostscript,
    "qpdf --linearize": qpdf_linearized,
    "qpdf --flatten-annotations": qpdf_flattened,
    "qpdf --pages": qpdf_pages,
    "PDFium save": pdfium_saved,
    "front page, shrink and footer": wrapped,
}
"""Those that keep the text."""


def _run(pdf: bytes, *command: str) -> bytes:
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "in.pdf"), Path(folder, "out.pdf")
        source.write_bytes(pdf)
        subprocess.run(
            [part.replace("{in}", str(source)).replace("{out}", str(target)) for part in command],
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )
        return target.read_bytes()


def _service_pages(width: float, height: float) -> bytes:
    """A signing service's front page, and the footer that it lays over the others."""
    front = [b"Dette dokumentet er signert digitalt av:", b"Kari Nordmann, signert 24.11.2026", b"Dokument 1 av 1"]
    lines = b" ".join(b"0 -24 Td (%b) Tj" % line for line in front)
    pdf = pikepdf.new()
    for content in (
        b"BT /F1 14 Tf 72 %d Td %b ET" % (int(height) - 120, lines),
        b"BT /F1 8 Tf 60 20 Td (Dokumentet er signert digitalt av: Kari Nordmann) Tj ET",
    ):
        page = pdf.add_blank_page(page_size=(width, height))
        page.Contents = pdf.make_stream(content)
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    output = io.BytesIO()
    pdf.save(output)
    return output.getvalue()


def _scan(page: pypdfium2.PdfPage, dpi: int, skew: float) -> Image.Image:
    drawn: Image.Image = page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    return drawn.rotate(skew, Image.Resampling.BICUBIC, fillcolor=_PAPER) if skew else drawn


def _with_noise(image: Image.Image, noise: float, chance: random.Random) -> Image.Image:
    """Specks from a table of a normal distribution, looked up by random bytes: as fast as the bytes come."""
    table = [min(_PAPER, max(0, round(128 + chance.gauss(0, noise)))) for _ in range(256)]
    specks = Image.frombytes("L", image.size, chance.randbytes(image.width * image.height).translate(bytes(table)))
    return ImageChops.add(image, specks, offset=-128)
