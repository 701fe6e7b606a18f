"""An agreement with open values, filled in by a browser's engine and then signed, before the product's own judge."""

from dataclasses import replace
from functools import cache
from io import BytesIO

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import pytest

from agreements.agreement import SigningRoute
from agreements.decision import Verdict
from agreements.fieldmap import FieldKind
from renderers.agreement import RenderedAgreement, render_agreement
from signatures.throwaway import sign
from tests.renderers.pdf_samples import opened, saved
from tests.renderers.samples import sample
from tests.zoo.keeper import KARI, NOW, NUMBER, Specimen, judged, kari, trust

TYPED = "Nord-Gudbrandsdalen Áŋŋel"


@cache
def issued() -> RenderedAgreement:
    document = sample(signers=(KARI,))
    opened_values = ("customer.sender_name", "invoice.reference")
    return render_agreement(
        replace(document, number=str(NUMBER), route=SigningRoute.OWN_TOOL, open_fields=opened_values)
    )


def filled(pdf: bytes, *, append: bool) -> bytes:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    form = document.formenv.raw
    for field in issued().fields:
        if field.kind is FieldKind.TEXT:
            page = document[field.page - 1]
            place = field.rectangle
            middle = ((place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2)
            pdfium.FORM_OnLButtonDown(form, page.raw, 0, *middle)
            pdfium.FORM_OnLButtonUp(form, page.raw, 0, *middle)
            for letter in TYPED:
                pdfium.FORM_OnChar(form, page.raw, ord(letter), 0)
            pdfium.FORM_ForceToKillFocus(form)
            page.close()
    out = BytesIO()
    document.save(out, flags=pdfium.FPDF_INCREMENTAL if append else pdfium.FPDF_NO_INCREMENTAL)
    document.close()
    return out.getvalue()


def verdict(pdf: bytes, of: bytes) -> Verdict:
    signed = sign(pdf, kari(), field="Signatur1", level="B-B", now=NOW)
    return judged(Specimen(pdf=signed, issued=of, trust=trust())).verdict


def test_what_was_filled_in_by_appending_and_then_signed_is_only_filled_in_and_signed() -> None:
    pdf = filled(issued().pdf, append=True)
    with opened(pdf) as document:
        values = {str(field.T): str(field.get("/V", "")) for field in document.Root.AcroForm.Fields}
    assert values == {"customer-sender_name": TYPED, "invoice-reference": TYPED, "Signatur1": ""}
    assert verdict(pdf, issued().pdf) is Verdict.APPROVED


def test_what_was_filled_in_and_written_anew_waits_for_a_person() -> None:
    assert verdict(filled(issued().pdf, append=False), issued().pdf) is Verdict.NEEDS_REVIEW


@pytest.mark.parametrize("where", ["box", "widths"])
def test_with_longer_numbers_an_honest_return_would_look_like_a_forged_one(where: str) -> None:
    """The regression that short numbers are there for: the engine writes pages and fonts anew with its own."""
    with opened(issued().pdf) as document:
        if where == "box":
            document.pages[0].obj.MediaBox = pikepdf.Array([0, 0, 595.275591, 841.889764])
        else:
            document.Root.AcroForm.DR.Font["/Webdings"].DescendantFonts[0].W[1][0] = 994.318182
        longer = saved(document)
    assert verdict(longer, longer) is Verdict.APPROVED
    assert verdict(filled(longer, append=True), longer) is Verdict.REJECTED
