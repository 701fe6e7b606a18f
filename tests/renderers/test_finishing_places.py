"""Where the marked values, inputs and ruled lines stand: drawn back on the issued pages."""

import re
from contextlib import closing
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest

from agreements.errors import ConfigurationError
from agreements.fieldmap import FieldKind, Rectangle
from agreements.language import Language
from renderers.agreement import RenderedAgreement
from renderers.layout import lay_out
from renderers.places import Places
from tests.renderers.pdf_samples import html, laid_out_form, opened
from tests.renderers.samples import rendered


def packed(text: str) -> str:
    """Without white space: PDFium ends lines in its own way, and gives a hyphen there as U+0002."""
    return re.sub(r"\s+", "", text.replace("\x02", "-"))


def text_in(page: Any, place: Rectangle) -> str:
    text = page.get_textpage()
    return str(text.get_text_bounded(left=place.x0, bottom=place.y0, right=place.x1, top=place.y1))


def places_of(body: str) -> Places:
    return lay_out(html(body), "page.css", fields=True).places


@pytest.fixture(scope="module", params=list(Language))
def issued(request: pytest.FixtureRequest) -> RenderedAgreement:
    return rendered(request.param, full=True)


def test_the_text_in_each_values_rectangle_is_the_value_and_nothing_else(issued: RenderedAgreement) -> None:
    assert len(issued.values) > 60
    with closing(pypdfium2.PdfDocument(issued.pdf)) as document:
        for value in issued.values:
            assert packed(text_in(document[value.page - 1], value.rectangle)) == packed(value.text), value.field_id


def test_some_of_these_values_are_broken_over_lines(issued: RenderedAgreement) -> None:
    heights = {value.field_id: value.rectangle.y1 - value.rectangle.y0 for value in issued.values}
    assert heights["customer.name"] > 30
    assert heights["customer.orgnr"] < 15


def test_each_rectangle_lies_on_its_page_and_is_no_larger_than_the_text(issued: RenderedAgreement) -> None:
    with closing(pypdfium2.PdfDocument(issued.pdf)) as document:
        for value in issued.values:
            width, height = document[value.page - 1].get_size()
            place = value.rectangle
            assert 0 < place.x0 < place.x1 < width, value.field_id
            assert 0 < place.y0 < place.y1 < height, value.field_id
            half = Rectangle(x0=place.x0, y0=place.y0, x1=(place.x0 + place.x1) / 2, y1=place.y1)
            assert packed(text_in(document[value.page - 1], half)) != packed(value.text)


def test_the_pdfs_widgets_stand_where_the_places_say() -> None:
    laid_out = laid_out_form()
    with opened(laid_out.pdf) as pdf:
        widgets = {str(field.T): [float(side) for side in field.Rect] for field in pdf.Root.AcroForm.Fields}
    inputs = [field for field in laid_out.places.fields if field.kind is not FieldKind.RULED]
    assert [(field.name, field.kind, field.page) for field in inputs] == [
        ("contact-contract-name", FieldKind.TEXT, 1),
        ("launch-peaks", FieldKind.TEXT, 1),
        ("customer-sector", FieldKind.CHOICE, 1),
        ("service-digital", FieldKind.CHECKBOX, 1),
        ("Signatur1", FieldKind.SIGNATURE, 1),
    ]
    for field in inputs:
        x0, y1, x1, y0 = widgets[field.name]
        place = field.rectangle
        assert [place.x0, place.y0, place.x1, place.y1] == pytest.approx([x0, y0, x1, y1], abs=0.01)
    assert laid_out.places.required == {"contact-contract-name"}


def test_a_ruled_line_is_a_place_without_a_form_field() -> None:
    (ruled,) = (field for field in laid_out_form().places.fields if field.kind is FieldKind.RULED)
    assert (ruled.name, ruled.field_id) == ("customer-part_id", "customer.part_id")
    assert ruled.rectangle.x1 - ruled.rectangle.x0 == pytest.approx(60 * 72 / 25.4, abs=0.1)
    assert ruled.rectangle.y1 - ruled.rectangle.y0 == pytest.approx(8 * 72 / 25.4, abs=0.1)


def test_a_value_says_its_label_and_joins_its_lines_by_one_space() -> None:
    marked = '<span data-field="customer.name" data-label="Navn"><b>Blåbær</b> og Sønn\n AS</span>'
    body = f'<p style="width: 24mm">{marked} !</p>'
    (value,) = places_of(body).values
    assert (value.field_id, value.label, value.text, value.page) == ("customer.name", "Navn", "Blåbær og Sønn AS", 1)
    assert value.rectangle.y1 - value.rectangle.y0 > 20


def test_the_nearest_mark_holds_and_what_is_not_seen_is_not_printed() -> None:
    body = (
        '<div data-field="customer.name">Ytterst <span data-field="customer.orgnr">innerst</span></div>'
        '<p data-field="customer.sector" style="visibility: hidden">skjult</p><p data-field="admin.name"> </p>'
    )
    assert [(value.field_id, value.text) for value in places_of(body).values] == [
        ("customer.name", "Ytterst"),
        ("customer.orgnr", "innerst"),
    ]


def test_what_stands_in_the_margin_of_each_page_is_found_on_each() -> None:
    body = (
        '<div class="header"><span data-field="agreement.id">DA</span></div>'
        '<p>én</p><p style="break-before: page; position: relative">to'
        '<span style="position: absolute; left: 50mm" data-field="customer.name">løst</span></p>'
    )
    assert [(value.field_id, value.page) for value in places_of(body).values] == [
        ("agreement.id", 1),
        ("customer.name", 2),
        ("agreement.id", 2),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<p data-field="customer.name">a<br style="break-after: page">b</p>', ""),
        (
            '<div data-field="customer.name"><p>én</p><p style="break-before: page">to</p></div>',
            "broken over two pages",
        ),
        ('<p data-field="customer.name" style="transform: rotate(4deg)">skjev</p>', "turned or scaled"),
        ('<input name="customer-name">', "not named for a catalogue entry"),
        ('<input name="customer.name" data-field="customer.name">', "not named for a catalogue entry"),
        ('<input type="file" name="customer-name" data-field="customer.name">', "of a kind no field is made of"),
        ('<input name="a-b" data-field="a.b"><input name="a-b" data-field="a.b">', "two fields are named a-b"),
        ('<input name="a-b" data-field="a.b"><p data-ruled="a.b">.</p>', "two fields are named a-b"),
    ],
)
def test_a_mark_that_can_not_be_right_fails_the_rendering(body: str, reason: str) -> None:
    if not reason:
        assert places_of(body).values  # a line break alone breaks no page
        return
    with pytest.raises(ConfigurationError) as failed:
        places_of(body)
    assert failed.value.code == "render_failed"
    assert reason in str(failed.value.params["reason"])
