"""Filling in an agreement's open values: in a browser (PDFium), in another program (pypdf), by typewriter."""

import ctypes
import io
from collections.abc import Mapping

import pikepdf
import pypdf
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from agreements.fieldmap import Rectangle

Answers = Mapping[str, str | bool]
"""By the PDF field's name: text, the label of a choice, whether a box is ticked."""


def filled_in_browser(pdf: bytes, answers: Answers) -> bytes:
    """Typed and clicked into PDFium's own form, and saved in full."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        for index in range(len(document)):
            _fill_page(document.formenv, document[index], answers)
        output = io.BytesIO()
        document.save(output, flags=2)  # FPDF_NO_INCREMENTAL
        return output.getvalue()
    finally:
        document.close()


def filled_by_pypdf(pdf: bytes, answers: Answers, *, incremental: bool = True) -> bytes:
    """As many small tools do it; appended to the file, so that its beginning is what was issued."""
    writer = pypdf.PdfWriter(io.BytesIO(pdf), incremental=incremental)
    values = {name: _state(answer) if isinstance(answer, bool) else answer for name, answer in answers.items()}
    for page in writer.pages:
        if "/Annots" in page:
            writer.update_page_form_field_values(page, values, auto_regenerate=False)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def typed_over(pdf: bytes, page: int, place: Rectangle, text: str, *, size: float = 10) -> bytes:
    """Text put over a page, beginning at a place's lower left corner."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        sheet = document.pages[page - 1]
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
        name = sheet.add_resource(document.make_indirect(font), pikepdf.Name.Font)
        encoded = text.encode("cp1252").hex().encode()
        content = b"q BT %b %g Tf %g %g Td <%b> Tj ET Q" % (
            str(name).encode(), size, place.x0 + 1, place.y0 + 3, encoded,
        )  # fmt: skip
        sheet.contents_add(b"q", prepend=True)
        sheet.contents_add(b"Q " + content)
        output = io.BytesIO()
        document.save(output)
        return output.getvalue()


def _state(ticked: bool) -> str:
    return "/on" if ticked else "/Off"


def _fill_page(form: pypdfium2.PdfFormEnv, page: pypdfium2.PdfPage, answers: Answers) -> None:
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        answer = answers.get(_name(form, annotation))
        if answer is not None and pdfium.FORM_SetFocusedAnnot(form, annotation):
            _answer(form, page, annotation, answer)
            pdfium.FORM_ForceToKillFocus(form)
        pdfium.FPDFPage_CloseAnnot(annotation)


def _answer(form: pypdfium2.PdfFormEnv, page: pypdfium2.PdfPage, annotation: object, answer: str | bool) -> None:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind == pdfium.FPDF_FORMFIELD_CHECKBOX:
        if answer:
            pdfium.FORM_OnChar(form, page, ord(" "), 0)
    elif kind == pdfium.FPDF_FORMFIELD_COMBOBOX:
        count = pdfium.FPDFAnnot_GetOptionCount(form, annotation)
        labels = [_label(form, annotation, index) for index in range(count)]
        pdfium.FORM_SetIndexSelected(form, page, labels.index(str(answer)), True)
    else:
        pdfium.FORM_ReplaceSelection(form, page, _wide(str(answer)))


def _name(form: pypdfium2.PdfFormEnv, annotation: object) -> str:
    size = pdfium.FPDFAnnot_GetFormFieldName(form, annotation, None, 0)
    buffer = _wide(" " * size)
    pdfium.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size)
    return _narrow(buffer, size)


def _label(form: pypdfium2.PdfFormEnv, annotation: object, index: int) -> str:
    size = pdfium.FPDFAnnot_GetOptionLabel(form, annotation, index, None, 0)
    buffer = _wide(" " * size)
    pdfium.FPDFAnnot_GetOptionLabel(form, annotation, index, buffer, size)
    return _narrow(buffer, size)


def _wide(text: str) -> ctypes.Array[ctypes.c_ushort]:
    data = text.encode("utf-16-le") + b"\0\0"
    return (ctypes.c_ushort * (len(data) // 2)).from_buffer_copy(data)


def _narrow(buffer: ctypes.Array[ctypes.c_ushort], size: int) -> str:
    """Without the zero at its end; `size` in bytes."""
    return bytes(buffer)[: max(0, size - 2)].decode("utf-16-le")
