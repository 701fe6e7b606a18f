"""The filled form: every value in its place as text, signature fields that can be signed, marks, attachments."""

import json
import re
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import jsonschema
import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from agreements.agreement import SigningRoute
from agreements.casenumber import parse_agreement_number
from agreements.catalogue import load_catalogue
from agreements.errors import ConfigurationError, UsageError
from agreements.fieldmap import FieldKind
from agreements.language import Language
from agreements.marking import PageMark, read_qr_payload
from agreements.schema import agreement_schema
from intake.reading.visible import Sight
from renderers.agreement import AgreementDocument, RenderedAgreement
from renderers.form_agreement import form_version, render
from renderers.form_proof import render_proof
from renderers.forms.model import SMALLEST_TYPE, Form, MarkSpot, ValueSpot
from signatures.prescan import prescan
from tests.renderers.form_samples import VALUES, changed, fillable, fillable_map, flat_map, form
from tests.renderers.samples import KARI, MARKING_KEY, MUCH, OLA, TERMS, sample
from tests.renderers.throwaway import sign, signer

_LETTERS = "Åse Ærlig-Østby, Kárášjohka, Čáhcesuolu, Ŋŋ Đđ Ŧŧ Žž"


def document(made: Form, **changes: Any) -> AgreementDocument:
    return replace(sample(MUCH, signers=(KARI, OLA), terms=()), form=made, **changes)


def with_values(made: Form, **values: Any) -> AgreementDocument:
    plain = document(made)
    return replace(plain, values={**plain.values, **{key.replace("__", "."): value for key, value in values.items()}})


@cache
def forms() -> dict[str, Form]:
    return {"flat": form(), "fillable": form(fillable(), fillable_map())}


@cache
def filled(kind: str) -> RenderedAgreement:
    return render(document(forms()[kind]))


def words_in(pdf: bytes, page: int, box: tuple[float, float, float, float]) -> str:
    """What PDFium reads within a rectangle."""
    opened = pypdfium2.PdfDocument(pdf)
    try:
        text = opened[page - 1].get_textpage().get_text_bounded(*box)
    finally:
        opened.close()
    return " ".join(text.split())


@pytest.mark.parametrize("kind", ["flat", "fillable"])
def test_every_value_is_read_back_from_its_own_rectangle(kind: str) -> None:
    made, rendered = forms()[kind], filled(kind)
    printed = {(value.field_id, value.text) for value in rendered.values}
    assert {value.field_id for value in rendered.values} == made.layout.printed | {"agreement.id"}
    assert ("customer.postal_address", "0101") in printed
    assert ("customer.postal_address", "Oslo") in printed
    assert ("launch.peaks", "Lønn den 12. i kvar månad. Kommunale avgifter i mars og september.") in printed
    for value in rendered.values:
        box = value.rectangle
        assert words_in(rendered.pdf, value.page, (box.x0, box.y0, box.x1, box.y1)) == value.text
        assert value.label or value.field_id == "agreement.id"


@pytest.mark.parametrize("kind", ["flat", "fillable"])
def test_every_value_stays_within_its_place(kind: str) -> None:
    made, rendered = forms()[kind], filled(kind)
    places: list[ValueSpot | MarkSpot] = [*made.layout.values, *made.layout.marks]
    for value in rendered.values:
        if value.field_id == "agreement.id":
            continue
        box = value.rectangle
        assert any(
            value.field_id == place.field_id
            and place.page == value.page
            and place.rectangle.x0 - 1 <= box.x0
            and box.x1 <= place.rectangle.x1 + 1
            and place.rectangle.y0 - 4 <= box.y0
            and box.y1 <= place.rectangle.y1 + 4
            for place in places
        ), value


@pytest.mark.parametrize("kind", ["flat", "fillable"])
def test_what_is_chosen_is_crossed_and_nothing_else(kind: str) -> None:
    rendered = filled(kind)
    crossed = {(value.field_id, value.label) for value in rendered.values if value.text == "X"}
    label = load_catalogue().value_label("service.channel", "batch_sftp", Language.NB)
    assert crossed == {
        ("service.channel", label),
        ("service.print_fallback", load_catalogue().field("service.print_fallback").label(Language.NB)),
    }


def test_every_letter_of_our_fonts_is_read_back() -> None:
    rendered = render(with_values(forms()["flat"], contact__contract__name=_LETTERS))
    (value,) = (value for value in rendered.values if value.field_id == "contact.contract.name")
    box = value.rectangle
    assert words_in(rendered.pdf, 1, (box.x0, box.y0, box.x1, box.y1)) == _LETTERS


def test_all_that_is_printed_can_be_seen_and_the_forms_own_text_stays() -> None:
    rendered = filled("flat")
    assert Sight(rendered.pdf).hidden_text() == ()
    everything = words_in(rendered.pdf, 2, (0, 0, 600, 850))
    assert "Blåbærsyltetøy er godt på vaffel" in everything


def test_a_long_value_is_set_smaller_and_one_that_has_no_room_is_named() -> None:
    long, far_too_long = "Kari " + "Nordmann-" * 4 + "Berg", "Kari " + "Nordmann-" * 9 + "Berg"
    rendered = render(with_values(forms()["flat"], contact__contract__name=long))
    (value,) = (value for value in rendered.values if value.field_id == "contact.contract.name")
    assert value.text == long
    plain = next(value for value in filled("flat").values if value.field_id == "contact.contract.name").rectangle
    assert SMALLEST_TYPE < value.rectangle.y1 - value.rectangle.y0 < plain.y1 - plain.y0
    with pytest.raises(ConfigurationError) as refused:
        render(
            with_values(
                forms()["flat"], contact__contract__name=far_too_long, contact__contract__email="x" * 99 + "@e.no"
            )
        )
    assert refused.value.code == "form_values_unfit"
    faults = refused.value.params["faults"]
    assert isinstance(faults, tuple)
    assert [(fault.field_id, fault.code) for fault in faults] == [
        ("contact.contract.name", "no_room"),
        ("contact.contract.email", "no_room"),
    ]


def test_a_chosen_value_without_a_box_is_named() -> None:
    marks = {"service.channel": {"api": {"page": 1, "at": [50, 87, 5, 5]}}}
    with pytest.raises(ConfigurationError) as refused:
        render(document(form(form_map=flat_map(marks=marks))))
    faults = refused.value.params["faults"]
    assert isinstance(faults, tuple)
    assert [(fault.field_id, fault.code, fault.params) for fault in faults] == [
        ("service.channel", "no_box", {"value": "batch_sftp"})
    ]


@pytest.mark.parametrize("kind", ["flat", "fillable"])
def test_each_page_carries_its_code_and_the_footer(kind: str) -> None:
    rendered = filled(kind)
    opened = pypdfium2.PdfDocument(rendered.pdf)
    number = parse_agreement_number("DA-2026-000042-J.1")
    for index in range(2):
        (found,) = zxingcpp.read_barcodes(opened[index].render(scale=150 / 72).to_pil())
        assert read_qr_payload(MARKING_KEY, found.text) == PageMark(number=number, page=index + 1)
        footer = words_in(rendered.pdf, index + 1, (0, 0, 600, 60))
        for part in (str(number), rendered.control_code, rendered.template_version, f"Side {index + 1} av 2"):
            assert part in footer
    opened.close()


@pytest.mark.parametrize("kind", ["flat", "fillable"])
def test_the_filled_form_is_a_classic_file_with_empty_signature_fields_and_no_others(kind: str) -> None:
    pdf = filled(kind).pdf
    assert prescan(pdf).faults == ()
    assert prescan(pdf).exceeded == ()
    assert re.search(rb"startxref\s+\d+\s+%%EOF\s*\Z", pdf)
    for forbidden in (
        b"/ObjStm",
        b"/XRef",
        b"/JavaScript",
        b"/OpenAction",
        b"/AA",
        b"/NeedAppearances",
        b"/Lock",
        b"/SV",
    ):
        assert forbidden not in pdf
    with pikepdf.open(BytesIO(pdf)) as opened:
        assert int(opened.Root.AcroForm.SigFlags) == 3
        fields = list(opened.Root.AcroForm.Fields)
        assert [str(field.T) for field in fields] == ["Signatur1", "Signatur2"]
        assert all(field.FT == "/Sig" and "/V" not in field and int(field.F) == 132 for field in fields)
        assert [signer.name in str(field.TU) for field, signer in zip(fields, (KARI, OLA), strict=True)] == [True, True]
        assert "DA-2026-000042-J.1" in str(opened.docinfo.Title)
        assert str(opened.Root.Lang) == "nb"
    assert [(field.name, field.kind, field.page) for field in filled(kind).fields] == [
        ("Signatur1", FieldKind.SIGNATURE, 2),
        ("Signatur2", FieldKind.SIGNATURE, 2),
    ]


@pytest.mark.parametrize("kind", ["flat", "fillable"])
def test_signing_in_both_fields_counts_as_form_filling(kind: str) -> None:
    pdf = filled(kind).pdf
    twice = sign(sign(pdf, "Signatur1"), "Signatur2")
    assert twice.startswith(pdf)
    context = ValidationContext(trust_roots=[signer().signing_cert], allow_fetching=False)
    first, second = PdfFileReader(BytesIO(twice)).embedded_signatures
    statuses = [validate_pdf_signature(item, context) for item in (first, second)]
    assert all(status.intact for status in statuses)
    assert statuses[0].modification_level == ModificationLevel.FORM_FILLING


def test_a_single_signer_gets_one_field_where_the_form_has_two_places() -> None:
    rendered = render(document(forms()["flat"], signers=(KARI,)))
    assert [field.name for field in rendered.fields] == ["Signatur1"]


def test_only_what_is_printed_is_attached_and_the_terms_beside_it() -> None:
    plain = with_values(forms()["flat"], customer__name="Blåbær & Sønn AS")
    rendered = render(replace(plain, terms=TERMS, terms_content=(b"%PDF-A", b"%PDF-B")))
    with pikepdf.open(BytesIO(rendered.pdf)) as opened:
        files = {name: spec.get_file().read_bytes() for name, spec in opened.attachments.items()}
    attached = json.loads(files.pop("avtale.json"))
    jsonschema.validate(attached, agreement_schema(load_catalogue()))
    values = attached["values"]
    assert values["customer.name"] == "Blåbær & Sønn AS"
    assert set(values) == forms()["flat"].layout.printed
    assert "admin.name" not in values
    assert sorted(files.values()) == [b"%PDF-A", b"%PDF-B"]


def test_the_same_input_gives_the_same_bytes() -> None:
    again = render(document(form(fillable(), fillable_map())))
    assert again.pdf == filled("fillable").pdf


def test_a_form_is_filled_in_its_own_languages_only() -> None:
    assert "Side 1 av 2" in words_in(render(document(forms()["flat"], language=Language.NN)).pdf, 1, (0, 0, 600, 60))
    with pytest.raises(ConfigurationError) as refused:
        render(document(forms()["flat"], language=Language.EN))
    assert refused.value.code == "form_language"


def test_two_signers_need_two_places() -> None:
    one = form(form_map=flat_map(signatures={"Signatur1": {"page": 2, "at": [20, 65, 80, 25]}}))
    with pytest.raises(ConfigurationError) as refused:
        render(document(one))
    assert refused.value.code == "form_signers"
    with pytest.raises(UsageError):
        render(document(one, signers=()))


def test_on_paper_an_open_value_is_a_place_left_blank_and_otherwise_it_is_refused() -> None:
    paper = document(forms()["flat"], route=SigningRoute.PAPER, open_fields=("launch.peaks",))
    paper = replace(paper, values={key: value for key, value in paper.values.items() if key != "launch.peaks"})
    (ruled,) = (field for field in render(paper).fields if field.kind is FieldKind.RULED)
    assert ruled.field_id == "launch.peaks"
    assert ruled.rectangle == next(
        spot.rectangle for spot in forms()["flat"].layout.values if spot.field_id == "launch.peaks"
    )
    for wrong in (replace(paper, route=SigningRoute.OWN_TOOL), replace(paper, open_fields=("invoice.reference",))):
        with pytest.raises(ConfigurationError) as refused:
            render(wrong)
        assert refused.value.code == "form_open_values"


def test_the_version_follows_the_form_and_the_map() -> None:
    pattern = load_catalogue().field("agreement.template_version").pattern
    assert pattern is not None
    moved = flat_map(values={**VALUES, "contact.contract.email": {"page": 1, "at": [110, 75, 80, 8]}})
    versions = [form_version(made) for made in (*forms().values(), form(form_map=moved))]
    assert all(re.fullmatch(pattern, version) for version in versions)
    assert len(set(versions)) == 3
    assert form_version(form()) == versions[0]


def test_the_proof_names_every_place_and_can_be_signed_nowhere() -> None:
    proof = render_proof(forms()["fillable"])
    with pikepdf.open(BytesIO(proof)) as opened:
        assert "/AcroForm" not in opened.Root
    text = words_in(proof, 1, (0, 0, 600, 850)) + words_in(proof, 2, (0, 0, 600, 850))
    for field_id in VALUES:
        assert load_catalogue().field(field_id).label(Language.NB) in text
    assert "Signatur1" in text
    assert "Signatur2" in text


def test_a_footer_without_room_is_told_at_the_import() -> None:
    narrow = form(form_map=flat_map(footer={"at": [20, 284, 60, 6]}))
    with pytest.raises(ConfigurationError) as refused:
        render_proof(narrow)
    assert refused.value.code == "form_values_unfit"


def test_a_form_whose_own_drawing_is_never_closed_can_not_reach_the_values() -> None:
    """It turns, colours and clips all that follows, and leaves it so."""

    def leave_open(pdf: pikepdf.Pdf) -> None:
        for page in pdf.pages:
            page.contents_add(b"q 0 0 5 5 re W n 0.1 0 0 0.1 0 0 cm 1 g 3 Tr 0.01 Tz ")

    rendered = render(document(form(changed(leave_open))))
    assert Sight(rendered.pdf).hidden_text() == ()
    (value,) = (value for value in rendered.values if value.field_id == "customer.orgnr")
    box = value.rectangle
    assert words_in(rendered.pdf, 1, (box.x0, box.y0, box.x1, box.y1)) == "310 987 654"
