"""What the tests make: an issued agreement, its visible text as PDFium sees it, increments as an attacker writes."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.pages import Box, Page, Pages

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RECEIVED = NOW + timedelta(minutes=5)

TERMS = (
    "Avtale om bruk av Digipost DA-2026-000042-J.1",
    "Virksomhet: Fjord Regnskap AS",
    "Ansvar: begrenset til 100 000 kroner",
)


def make_agreement(
    lines: tuple[str, ...] = TERMS, *, value_field: bool = False, pages: int = 1, tagged: bool = False
) -> bytes:
    """A small issued agreement: classic cross-reference table, two empty visible signature fields, /SigFlags 3."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )
    for number in range(pages):
        text = "".join(f"1 0 0 1 72 {760 - 20 * row} Tm ({line}) Tj\n" for row, line in enumerate(lines))
        content = f"BT /F1 11 Tf {text} 1 0 0 1 72 40 Tm (Side {number + 1}) Tj ET".encode("cp1252")
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.obj.Contents = pdf.make_stream(content)
    last = pdf.pages[-1].obj
    fields = [
        _signature_field(pdf, last, name, 72 + 240 * index) for index, name in enumerate(("Signatur1", "Signatur2"))
    ]
    if value_field:
        fields.append(_text_field(pdf, last))
    last.Annots = pikepdf.Array(fields)
    pdf.Root.AcroForm = pdf.make_indirect(
        pikepdf.Dictionary(
            Fields=pikepdf.Array(fields), SigFlags=3, DR=pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        )
    )
    pdf.docinfo["/Title"] = "Avtale"
    if tagged:
        _tag(pdf)
    output = io.BytesIO()
    pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False, static_id=True)
    return output.getvalue()


def _tag(pdf: pikepdf.Pdf) -> None:
    tree = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructTreeRoot))
    paragraph = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructElem, S=pikepdf.Name.P, K=0))
    whole = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.StructElem, S=pikepdf.Name.Document, P=tree, K=pikepdf.Array([paragraph]))
    )
    paragraph.P = whole
    tree.K = pikepdf.Array([whole])
    pdf.Root.StructTreeRoot = tree


def _signature_field(pdf: pikepdf.Pdf, page: pikepdf.Object, name: str, left: int) -> pikepdf.Object:
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Sig,
            T=pikepdf.String(name),
            F=4,
            P=page,
            Rect=pikepdf.Array([left, 80, left + 200, 140]),
        )
    )


def _text_field(pdf: pikepdf.Pdf, page: pikepdf.Object) -> pikepdf.Object:
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String("kontakt"),
            F=4,
            P=page,
            DA=pikepdf.String("/F1 11 Tf 0 g"),
            Rect=pikepdf.Array([72, 200, 300, 220]),
        )
    )


def visible(pdf: bytes) -> Pages:
    """The visible text, fields included: flattened by PDFium and read page by page."""
    pages = []
    with pypdfium2.PdfDocument(pdf) as document:
        for index in range(len(document)):
            page = document[index]
            places = _field_places(page)
            pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY)
            page.close()
            page = document[index]
            textpage = page.get_textpage()
            boxes = tuple(Box(rectangle=place, text=textpage.get_text_bounded(*place)) for place in places)
            text = textpage.get_text_bounded()
            pages.append(Page(width=page.get_width(), height=page.get_height(), text=text, boxes=boxes))
            textpage.close()
            page.close()
    return Pages(pages=tuple(pages))


def _field_places(page: pypdfium2.PdfPage) -> list[tuple[float, float, float, float]]:
    places = []
    for number in range(pdfium_c.FPDFPage_GetAnnotCount(page.raw)):
        annotation, corners = pdfium_c.FPDFPage_GetAnnot(page.raw, number), pdfium_c.FS_RECTF()
        pdfium_c.FPDFAnnot_GetRect(annotation, corners)
        places.append((corners.left, corners.bottom, corners.right, corners.top))
        pdfium_c.FPDFPage_CloseAnnot(annotation)
    return places


def append(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The bytes with one more revision, made by `change`."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    change(writer)
    output = io.BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def append_objects(pdf: bytes, objects: dict[int, bytes]) -> bytes:
    """One more revision written by hand (ISO 32000-1, 7.5.6): the library would tidy up the metadata."""
    previous = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    root = re.findall(rb"/Root\s+(\d+ \d+ R)", pdf)[-1]
    size = max(int(number) for number in re.findall(rb"/Size\s+(\d+)", pdf))
    update, table = b"", b""
    for number, body in objects.items():
        table += b"%d 1\n%010d 00000 n \n" % (number, len(pdf) + len(update))
        update += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(pdf) + len(update)
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %s >>\n" % (max(size, *objects) + 1, root, previous)
    return pdf + update + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % start


def name(text: str) -> Any:
    return generic.NameObject(text)


def dictionary(entries: dict[Any, Any]) -> Any:
    return generic.DictionaryObject(entries)  # type: ignore[no-untyped-call]


def numbers(*values: int) -> Any:
    return generic.ArrayObject([generic.NumberObject(value) for value in values])  # type: ignore[no-untyped-call]


def update_root(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()  # type: ignore[no-untyped-call]


def first_page(writer: IncrementalPdfFileWriter) -> Any:
    return writer.root["/Pages"]["/Kids"][0]


def overlay(pdf: bytes, text: str = "Ansvar: ubegrenset") -> bytes:
    """Text laid over the first page by a later revision."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        stream = generic.StreamObject(stream_data=f"BT /F1 11 Tf 1 0 0 1 72 600 Tm ({text}) Tj ET".encode("cp1252"))
        page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), writer.add_object(stream)])
        writer.update_container(page)

    return append(pdf, change)


def field_named(writer: IncrementalPdfFileWriter, wanted: str) -> Any:
    return next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == wanted)


def fill(pdf: bytes, value: str, *, field: str = "kontakt") -> bytes:
    """A text field's value and appearance, set by a later revision."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, field)
        look = generic.StreamObject(
            dictionary(
                {
                    name("/Type"): name("/XObject"),
                    name("/Subtype"): name("/Form"),
                    name("/BBox"): numbers(0, 0, 228, 20),
                    name("/Resources"): writer.root["/AcroForm"]["/DR"],
                }
            ),
            stream_data=f"/Tx BMC BT /F1 11 Tf 2 5 Td ({value}) Tj ET EMC".encode("cp1252"),
        )
        node["/V"] = generic.pdf_string(value)
        node["/AP"] = dictionary({name("/N"): writer.add_object(look)})
        writer.update_container(node)

    return append(pdf, change)
