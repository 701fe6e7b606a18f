"""Values the customer fills in: a form field on the screen, a line on paper, a place for each exactly once."""

from io import BytesIO

import pikepdf
import pytest

from agreements.agreement import SigningRoute
from agreements.canonical import JsonValue
from agreements.catalogue import FieldType, load_catalogue
from agreements.errors import UsageError
from agreements.fieldmap import FieldKind, pdf_field_name
from agreements.language import Language
from renderers.agreement import RenderedAgreement, render_agreement
from tests.renderers.samples import REQUIRED, sample
from tests.renderers.test_agreement_text import text_of

OPEN = (
    "contact.business.email",
    "contact.business.name",
    "contact.contract.name",
    "contact.contract.phone",
    "customer.postal_address",
    "dpa.accepted",
    "invoice.method",
    "launch.first_send_date",
    "launch.peaks",
)
KINDS = {"invoice.method": FieldKind.CHOICE, "dpa.accepted": FieldKind.CHECKBOX}
GIVEN: dict[str, JsonValue] = {field_id: value for field_id, value in REQUIRED.items() if field_id not in OPEN}


def made(route: SigningRoute, language: Language = Language.NB) -> RenderedAgreement:
    return render_agreement(sample(GIVEN, route=route, open_fields=OPEN, language=language))


@pytest.fixture(scope="module")
def own_tool() -> RenderedAgreement:
    return made(SigningRoute.OWN_TOOL)


@pytest.fixture(scope="module")
def paper() -> RenderedAgreement:
    return made(SigningRoute.PAPER, Language.NN)


def test_each_open_value_is_one_form_field_of_its_kind_for_a_pdf_program(own_tool: RenderedAgreement) -> None:
    fields = {field.field_id: field.kind for field in own_tool.fields if field.kind is not FieldKind.SIGNATURE}
    assert fields == {field_id: KINDS.get(field_id, FieldKind.TEXT) for field_id in OPEN}
    assert len(own_tool.fields) == len(OPEN) + 1
    with pikepdf.open(BytesIO(own_tool.pdf)) as pdf:
        names = {str(field.T) for field in pdf.Root.AcroForm.Fields}
    assert names == {pdf_field_name(field_id) for field_id in OPEN} | {"Signatur1"}


def test_each_open_value_is_a_line_to_write_on_for_paper_and_no_form_field(paper: RenderedAgreement) -> None:
    ruled = {field.field_id for field in paper.fields if field.kind is FieldKind.RULED}
    assert ruled == set(OPEN)
    with pikepdf.open(BytesIO(paper.pdf)) as pdf:
        assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["Signatur1"]


def test_on_paper_the_choices_stand_beside_their_boxes_and_place_and_date_have_a_line(paper: RenderedAgreement) -> None:
    text = text_of(paper.pdf)
    assert "EHF E-post Papir Gjennom systemleverandøren" in text
    assert "Stad og dato" in text


def test_an_open_value_is_printed_nowhere_and_the_front_page_says_where_it_is_filled_in(
    own_tool: RenderedAgreement, paper: RenderedAgreement
) -> None:
    for agreement in (own_tool, paper):
        assert not {place.field_id for place in agreement.values} & set(OPEN)
        assert not {demand.id for demand in agreement.demands} & set(OPEN)
    text = text_of(own_tool.pdf)
    assert text.count("Fylles ut i punkt 3") == 1  # who answers for the contract
    assert text.count("Fylles ut i punkt 6") == 1  # the invoice


def test_a_form_field_says_its_label_how_to_fill_it_in_and_how_much_it_holds(own_tool: RenderedAgreement) -> None:
    with pikepdf.open(BytesIO(own_tool.pdf)) as pdf:
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        date = fields["launch-first_send_date"]
        assert str(date.TU) == "Ønsket oppstartsdato. Dag, måned og år, for eksempel 01.02.2027"
        assert int(date.MaxLen) == 10
        assert int(fields["contact-business-email"].MaxLen) == 254
        required = 2  # ISO 32000-1 table 221
        assert int(fields["contact-business-name"].get("/Ff", 0)) & required
        assert not int(fields["launch-peaks"].get("/Ff", 0)) & required


def test_a_value_that_is_open_and_known_is_printed() -> None:
    values = {**GIVEN, "contact.business.name": "Per Ås"}
    agreement = render_agreement(sample(values, route=SigningRoute.OWN_TOOL, open_fields=OPEN))
    assert "contact.business.name" not in {field.field_id for field in agreement.fields}
    assert "contact.business.name" in {place.field_id for place in agreement.values}


def test_nothing_is_left_open_for_a_signing_service() -> None:
    with pytest.raises(UsageError) as refused:
        render_agreement(sample(GIVEN, open_fields=OPEN))
    assert refused.value.code == "open_values_on_service"


def test_every_value_a_customer_gives_can_be_left_open() -> None:
    catalogue = load_catalogue()
    ids = tuple(
        field.id
        for field in catalogue.fields
        if field.owner == "customer"
        and field.phase == "agreement"
        and field.filled_by == "customer"
        and field.section != 11
        and field.type is not FieldType.SIGNER
        and field.id not in {"customer.orgnr", "vendor.may_send_on_behalf"}
    )
    values = {field_id: value for field_id, value in REQUIRED.items() if field_id not in ids}
    values |= {"service.print_fallback": True, "customer.sector": "public", "service.dpi": True}
    agreement = render_agreement(sample(values, route=SigningRoute.OWN_TOOL, open_fields=ids))
    asked = {id_ for id_ in ids if catalogue.is_asked(catalogue.field(id_), values)}
    assert {field.field_id for field in agreement.fields} - {None} == asked
