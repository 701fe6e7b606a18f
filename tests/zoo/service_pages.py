"""Pages as signing services deliver them: shrunk over a footer, with pages of the service's own before or behind."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf
import pypdf

SHRUNK = 0.9
FOOTER_HEIGHT = 42.0  # points
_FOOTER_BASELINE = 20


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the service adds."""

    front: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    footer: str | None = None
    drawn: bytes = b""
    """Something drawn over each issued page, in its own coordinates: a forger's."""


def deliver(
    pdf: bytes, layout: Layout, files: Sequence[tuple[str, bytes]] = (), *, producer: str = "Tjenesten"
) -> bytes:
    """The document laid out anew, with files embedded."""
    reader, writer = pypdf.PdfReader(io.BytesIO(pdf)), pypdf.PdfWriter()
    width, height = (float(side) for side in reader.pages[0].mediabox[2:])
    stamps = pypdf.PdfReader(io.BytesIO(_stamps(layout, width, height)))
    if layout.front:
        writer.add_page(stamps.pages[0])
    for page in reader.pages:
        sheet = writer.add_blank_page(width, height)
        if layout.footer is None:
            sheet.merge_page(page)
        else:
            move = pypdf.Transformation().scale(SHRUNK).translate((1 - SHRUNK) / 2 * width, FOOTER_HEIGHT)
            sheet.merge_transformed_page(page, move)
        sheet.merge_page(stamps.pages[2])
    if layout.back:
        writer.add_page(stamps.pages[1])
    for name, data in files:
        writer.add_attachment(name, data)
    writer.add_metadata({"/Producer": producer})
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _stamps(layout: Layout, width: float, height: float) -> bytes:
    """Front, back, and what is laid over each page."""
    pdf = pikepdf.new()
    footer = b"" if layout.footer is None else _words([layout.footer], 60, _FOOTER_BASELINE, 8)
    for content in (
        _words(layout.front, 72, int(height) - 120, 14),
        _words(layout.back, 72, int(height) - 120, 14),
        footer + b"\n" + layout.drawn,
    ):
        page = pdf.add_blank_page(page_size=(width, height))
        page.Contents = pdf.make_stream(content)
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    output = io.BytesIO()
    pdf.save(output)
    return output.getvalue()


def _words(lines: Sequence[str], x: int, y: int, size: int) -> bytes:
    shown = b" ".join(b"0 -24 Td (%b) Tj" % line.encode("cp1252") for line in lines)
    return b"BT /F1 %d Tf %d %d Td %b ET" % (size, x, y + 24, shown)
