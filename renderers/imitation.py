"""A signing service's way with a document, imitated for the demo: a new file with a front page, footers and its files.

As the facts describe what services deliver (facts/domain.md 5): nothing of the old file's bytes is left, its pages are
shrunk over a footer, and the evidence is embedded.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Final

import pikepdf

FOOTER_HEIGHT: Final = 42.0  # points
SHRUNK: Final = 0.93  # of a page's size
_MARGIN: Final = 60.0
_LINE: Final = 24.0


def imitate_service(pdf: bytes, *, front: Sequence[str], footer: str, files: Mapping[str, bytes]) -> bytes:
    """The document as a signing service delivers it, before it is sealed.

    `front`: lines of the page before ours, none for no page. `files`: what is embedded, by name. The text is
    that of Windows-1252.
    """
    with pikepdf.open(io.BytesIO(pdf)) as source, pikepdf.new() as target:
        width, height = (float(side) for side in source.pages[0].mediabox[2:])
        if front:
            _write(target, target.add_blank_page(page_size=(width, height)), front, height - 2 * _MARGIN, 14)
        for page in source.pages:
            sheet = target.add_blank_page(page_size=(width, height))
            sheet.add_overlay(page, _frame(width, height))
            if footer:
                _write(target, sheet, [footer], FOOTER_HEIGHT / 2, 8)
        for name, data in files.items():
            target.attachments[name] = pikepdf.AttachedFileSpec(
                target, data, filename=name, description="", mime_type="text/xml", creation_date="", mod_date=""
            )
        output = io.BytesIO()
        target.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        return output.getvalue()


def _frame(width: float, height: float) -> pikepdf.Rectangle:
    """Where the old page comes to stand."""
    left = (1 - SHRUNK) / 2 * width
    return pikepdf.Rectangle(left, FOOTER_HEIGHT, left + SHRUNK * width, FOOTER_HEIGHT + SHRUNK * height)


def _write(pdf: pikepdf.Pdf, page: pikepdf.Page, lines: Sequence[str], top: float, size: int) -> None:
    """Lines of Helvetica over what is there."""
    shown = b" ".join(b"(%b) Tj 0 -%d Td" % (_escaped(line), int(_LINE)) for line in lines)
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    name = page.add_resource(font, pikepdf.Name.Font)
    drawn = b"q BT %b %d Tf %d %d Td %b ET Q" % (str(name).encode(), size, int(_MARGIN), int(top), shown)
    page.contents_add(pdf.make_stream(drawn))


def _escaped(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
