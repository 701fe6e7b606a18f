"""Form fields: each defect of WeasyPrint seen without its repair and gone with it; filled in as people fill them in."""

import subprocess
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import pytest
from pikepdf import Dictionary, Name, Object, Pdf, String
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from agreements.errors import ConfigurationError
from agreements.fieldmap import Rectangle
from renderers.finishing import finish
from renderers.finishing.fields import add_signature_field, finish_fields
from renderers.finishing.structure import tidy_structure
from renderers.layout import lay_out
from tests.renderers.pdf_samples import form_page, html, laid_out_form, opened, raster, saved, shown_text
from tests.renderers.throwaway import sign, signer

TEXT, LINES, CHOICE, CHECK, SIGNATURE = range(5)
TYPED = "Kåre Ærlig-Østby Áŋŋel Čađđi Ŧŧ Ǩǩ Žižek"
NAMES = ["contact-contract-name", "launch-peaks", "customer-sector", "service-digital", "Signatur1"]


def fields(pdf: Pdf) -> list[Object]:
    return list(pdf.Root.AcroForm.Fields)


def is_upside_down(pdf: Pdf) -> bool:
    return any(float(field.Rect[1]) > float(field.Rect[3]) for field in fields(pdf))


def lacks_appearances(pdf: Pdf) -> bool:
    return any("/AP" not in field for field in fields(pdf))


def lacks_an_off_state(pdf: Pdf) -> bool:
    return "/Off" not in fields(pdf)[CHECK].AP.N


def has_a_check_box_without_a_font(pdf: Pdf) -> bool:
    return " Tf" not in str(fields(pdf)[CHECK].get("/DA", ""))


def begins_with_a_graphics_state(pdf: Pdf) -> bool:
    return any(" gs " in str(field.get("/DA", "")) for field in fields(pdf))


def has_no_required_field(pdf: Pdf) -> bool:
    return not any(int(field.get("/Ff", 0)) & 2 for field in fields(pdf))


def types_in_a_subset(pdf: Pdf) -> bool:
    fonts = pdf.Root.AcroForm.DR.Font
    return any("+" in str(font.BaseFont) for _, font in fonts.items())


def has_children_in_arrays(pdf: Pdf) -> bool:
    forms = [item for item in pdf.objects if isinstance(item, Dictionary) and item.get("/S") == Name.Form]
    return any(isinstance(form.K, pikepdf.Array) for form in forms)


def asks_viewers_to_draw_anew(pdf: Pdf) -> bool:
    return "/NeedAppearances" in pdf.Root.AcroForm


def has_no_signature_field(pdf: Pdf) -> bool:
    return Name.Sig != fields(pdf)[SIGNATURE].FT


def may_be_rewritten(pdf: Pdf) -> bool:
    return int(pdf.Root.AcroForm.get("/SigFlags", 0)) != 3


DEFECTS: tuple[Callable[[Pdf], bool], ...] = (
    is_upside_down,
    lacks_appearances,
    lacks_an_off_state,
    has_a_check_box_without_a_font,
    begins_with_a_graphics_state,
    has_no_required_field,
    types_in_a_subset,
    has_children_in_arrays,
    asks_viewers_to_draw_anew,
    has_no_signature_field,
    may_be_rewritten,
)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_layout_library_is_there_without_the_repair_and_gone_with_it(
    defect: Callable[[Pdf], bool],
) -> None:
    with opened(laid_out_form().pdf) as before, opened(form_page()) as after:
        assert defect(before)
        assert not defect(after)


def test_the_fields_keep_their_names_labels_limits_and_kinds() -> None:
    with opened(form_page()) as pdf:
        found = fields(pdf)
        assert [str(field.T) for field in found] == NAMES
        assert [str(field.TU) for field in found] == [
            "Kontraktsansvarlig",
            "Topper",
            "Sektor",
            "Digital post",
            "Underskrift: Kari",
        ]
        assert [str(field.FT) for field in found] == ["/Tx", "/Tx", "/Ch", "/Btn", "/Sig"]
        assert [int(field.get("/Ff", 0)) for field in found] == [2, 1 << 12, 1 << 17, 0, 0]
        assert int(found[TEXT].MaxLen) == 40
        assert [[str(part) for part in option] for option in found[CHOICE].Opt] == [
            ["", ""],
            ["private", "Privat"],
            ["public", "Øvrig"],
        ]
        assert [int(field.F) for field in found] == [4, 4, 4, 4, 132]
        assert pdf.pages[0].obj.Tabs == Name.S
        assert "/DR" in pdf.Root.AcroForm


def fill_by_typing(
    pdf: bytes, typed: Sequence[tuple[int, str]], clicked: Sequence[int] = (), *, append: bool = False
) -> bytes:
    """Typed and clicked through PDFium's form filler, as in a browser, and saved by it: as a new file, or appended."""
    with opened(pdf) as opened_pdf:
        places = [[float(side) for side in field.Rect] for field in fields(opened_pdf)]
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    page, form = document[0], document.formenv.raw
    for index, text in [*typed, *((index, "") for index in clicked)]:
        x0, y0, x1, y1 = places[index]
        point = (x0 + 3, y1 - 3) if index == LINES else ((x0 + x1) / 2, (y0 + y1) / 2)
        pdfium.FORM_OnLButtonDown(form, page.raw, 0, *point)
        pdfium.FORM_OnLButtonUp(form, page.raw, 0, *point)
        for letter in text:
            pdfium.FORM_OnChar(form, page.raw, ord(letter), 0)
        pdfium.FORM_ForceToKillFocus(form)
    out = BytesIO()
    document.save(out, flags=pdfium.FPDF_INCREMENTAL if append else pdfium.FPDF_NO_INCREMENTAL)
    page.close()
    document.close()
    return out.getvalue()


def by_poppler(pdf: bytes, folder: Path) -> Image.Image:
    """The first page as poppler shows it, at 100 dpi."""
    source = folder / "page.pdf"
    source.write_bytes(pdf)
    command = ["pdftoppm", "-r", "100", "-png", "-singlefile", str(source), str(folder / "page")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return Image.open(folder / "page.png").convert("L")


def ink(image: Image.Image, place: Sequence[float]) -> int:
    """Dark pixels within a rectangle of the PDF's page, a little inside its edges, at 100 dpi on A4."""
    x0, y0, x1, y1 = (side * 100 / 72 for side in place)
    height = image.height
    inside = image.crop((int(x0) + 2, int(height - y1) + 2, int(x1) - 2, int(height - y0) - 2))
    return sum(inside.point(lambda value: 255 if value < 128 else 0).histogram()[255:])


def test_what_is_typed_in_a_browser_is_stored_and_shown_by_both_viewers(tmp_path: Path) -> None:
    filled = fill_by_typing(form_page(), [(TEXT, TYPED), (LINES, "Lønn den 12.\rČoahkkin")], [CHECK])
    with opened(filled) as pdf:
        values = [field.get("/V") for field in fields(pdf)]
        places = [[float(side) for side in field.Rect] for field in fields(pdf)]
    assert str(values[TEXT]) == TYPED
    assert str(values[LINES]).split() == ["Lønn", "den", "12.", "Čoahkkin"]
    assert values[CHECK] == Name.on
    shown = shown_text(filled)
    for line in (TYPED, "Lønn den 12.", "Čoahkkin"):
        assert line in shown
    for picture, empty in (
        (raster(filled), raster(form_page())),
        (by_poppler(filled, tmp_path), by_poppler(form_page(), tmp_path)),
    ):
        for index in (TEXT, LINES, CHECK):
            assert ink(picture, places[index]) > ink(empty, places[index]) + 15


def test_every_typed_letter_is_set_in_our_own_font() -> None:
    with opened(fill_by_typing(form_page(), [(TEXT, TYPED)])) as pdf:
        appearance = fields(pdf)[TEXT].AP.N
        shown = [
            str(instruction.operands[0])
            for instruction in pikepdf.parse_content_stream(appearance)
            if str(instruction.operator) == "Tf"
        ]
        fonts = {str(appearance.Resources.Font[name].BaseFont) for name in shown}
    assert fonts == {"/Avtale-Sans"}


def test_under_another_name_for_the_font_letters_beyond_western_ones_would_be_lost() -> None:
    """The regression that the font's odd name is there for."""
    with opened(form_page()) as pdf:
        font = pdf.Root.AcroForm.DR.Font["/Webdings"]
        pdf.Root.AcroForm.DR.Font = Dictionary({"/AvtaleSans": font})
        field = fields(pdf)[TEXT]
        field.DA = String(str(field.DA).replace("/Webdings", "/AvtaleSans"))
        field.AP.N.Resources.Font = Dictionary({"/AvtaleSans": font})
        renamed = saved(pdf)
    assert TYPED not in shown_text(fill_by_typing(renamed, [(TEXT, TYPED)]))


def test_viewers_that_draw_a_value_themselves_have_what_they_need(tmp_path: Path) -> None:
    """A program that sets values and leaves the drawing to viewers: pikepdf, pyHanko and others do."""
    values = {TEXT: "Áŋŋel Ærlig", LINES: "Čađđi\nØystre Slidre", CHOICE: "public"}
    with opened(form_page()) as pdf:
        for index, value in values.items():
            field = fields(pdf)[index]
            field.V = String(value)
            del field.AP
        fields(pdf)[CHECK].V = fields(pdf)[CHECK].AS = Name.on
        places = [[float(side) for side in field.Rect] for field in fields(pdf)]
        filled = saved(pdf)
    shown = shown_text(filled)
    for line in ("Áŋŋel Ærlig", "Čađđi", "Øystre Slidre", "Øvrig"):
        assert line in shown
    by_pdfium, poppler = raster(filled), by_poppler(filled, tmp_path)
    for index in (TEXT, LINES, CHOICE, CHECK):
        assert ink(poppler, places[index]) > 15
        assert ink(by_pdfium, places[index]) > 15


def test_both_viewers_show_the_empty_form_alike(tmp_path: Path) -> None:
    ours, theirs = raster(form_page()), by_poppler(form_page(), tmp_path)
    assert ours.size == pytest.approx(theirs.size, abs=1)
    difference = ImageChops.difference(ours, theirs.resize(ours.size)).point(lambda value: 255 if value > 160 else 0)
    assert difference.histogram()[255] < 0.002 * ours.width * ours.height


def test_a_form_that_was_filled_and_then_signed_keeps_the_issued_bytes_and_counts_as_filled() -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(form_page()))
    field = writer.root["/AcroForm"]["/Fields"][TEXT]
    field["/V"] = generic.pdf_string("Kåre")
    writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(TEXT).reference)
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    signed = sign(out.getvalue(), "Signatur1")
    assert signed.startswith(form_page())
    (signature,) = PdfFileReader(BytesIO(signed)).embedded_signatures
    anchored = ValidationContext(trust_roots=[signer().signing_cert], allow_fetching=False)
    status = validate_pdf_signature(signature, anchored)
    assert status.intact
    assert status.modification_level == ModificationLevel.NONE


def test_a_browser_that_appends_what_was_typed_leaves_a_file_that_can_be_signed() -> None:
    filled = fill_by_typing(form_page(), [(TEXT, TYPED)], append=True)
    assert filled.startswith(form_page())
    signed = sign(filled, "Signatur1")
    (signature,) = PdfFileReader(BytesIO(signed)).embedded_signatures
    anchored = ValidationContext(trust_roots=[signer().signing_cert], allow_fetching=False)
    assert validate_pdf_signature(signature, anchored).intact
    assert TYPED in shown_text(signed)


def test_a_browser_that_writes_a_new_file_keeps_what_it_says_of_itself() -> None:
    with opened(fill_by_typing(form_page(), [(TEXT, TYPED)])) as pdf:
        assert b"<pdfaid:part>3</pdfaid:part>" in pdf.Root.Metadata.read_bytes()
        assert set(pdf.attachments) == {"Vilkår A.pdf", "avtale.json"}


def test_the_whole_font_of_a_signatures_input_is_not_kept() -> None:
    body = '<p>Tekst</p><input name="Signatur1" title="x" style="font: 8pt \'Avtale Mono\'">'
    laid_out = lay_out(html(body), "page.css", fields=True)
    finished = finish(laid_out, ("Signatur1",))
    with opened(laid_out.pdf) as before, opened(finished.pdf) as after:
        assert len(before.pages[0].resources.Font) == 2
        assert [str(font.BaseFont)[7:] for _, font in after.pages[0].resources.Font.items()] == ["+Avtale-Sans"]
    assert len(finished.pdf) < 20_000


@pytest.mark.parametrize(
    ("body", "asked", "reason"),
    [
        ('<input name="Signatur1">', ("Signatur1", "Signatur2"), "instead of ['Signatur1', 'Signatur2']"),
        ('<input name="Signatur1">', (), "signature fields ['Signatur1'] instead of []"),
        ('<input name="a-b" data-field="a.b" value="fylt">', (), "a-b holds a value"),
        ('<textarea name="a-b" data-field="a.b">fylt</textarea>', (), "a-b holds a value"),
        ('<input type="checkbox" checked name="a-b" data-field="a.b">', (), "a-b holds a value"),
        (
            '<input name="a-b" data-field="a.b"><input name="a-c" data-field="a.c" style="font-family: Avtale Mono">',
            (),
            "not all set in one font",
        ),
    ],
)
def test_fields_that_are_not_as_asked_for_fail_the_finishing(body: str, asked: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        finish(lay_out(html(body), "page.css", fields=True), asked)
    assert failed.value.code == "render_failed"
    assert reason in str(failed.value.params["reason"])


def test_a_pdf_whose_fields_are_not_those_that_were_laid_out_fails_the_finishing() -> None:
    with opened(laid_out_form().pdf) as pdf:
        del pdf.Root.AcroForm.Fields[0]
        with pytest.raises(ConfigurationError):
            finish_fields(pdf, laid_out_form().places, ("Signatur1",))


def test_a_signature_field_can_be_added_to_any_pdf_and_signed() -> None:
    plain = pikepdf.new()
    plain.add_blank_page(page_size=(595, 842))
    for number in (1, 2):
        place = Rectangle(x0=50, y0=100.0 * number, x1=250, y1=100.0 * number + 80)
        add_signature_field(plain, plain.pages[0], place, name=f"Signatur{number}", label=f"Underskrift {number}")
    with opened(saved(plain)) as pdf:
        assert [str(field.T) for field in fields(pdf)] == ["Signatur1", "Signatur2"]
        assert [[float(side) for side in field.Rect] for field in fields(pdf)][1] == [50, 200, 250, 280]
        assert int(pdf.Root.AcroForm.SigFlags) == 3
    twice = sign(sign(saved(plain), "Signatur1"), "Signatur2")
    first = PdfFileReader(BytesIO(twice)).embedded_signatures[0]
    anchored = ValidationContext(trust_roots=[signer().signing_cert], allow_fetching=False)
    assert validate_pdf_signature(first, anchored).modification_level == ModificationLevel.FORM_FILLING


def test_a_document_without_inputs_gets_no_form() -> None:
    with opened(finish(lay_out(html("<h1>Brev</h1>"), "page.css")).pdf) as pdf:
        assert "/AcroForm" not in pdf.Root


def test_tidying_twice_changes_nothing_more() -> None:
    with opened(form_page()) as pdf:
        once = saved(pdf)
        tidy_structure(pdf)
        assert len(saved(pdf)) == len(once)
