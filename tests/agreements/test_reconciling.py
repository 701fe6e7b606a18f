"""Three witnesses for each value: where they agree there is a value with its proof, and else a finding."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from agreements.canonical import JsonValue, canonical_json
from agreements.catalogue import load_catalogue
from agreements.fieldmap import PrintedValue, Rectangle
from agreements.findings import (
    CAS_OPEN_VALUES,
    VAL_ATTACHMENT_DIFFERS,
    VAL_DIFFERS,
    VAL_FILLED_IN,
    VAL_INVALID,
    VAL_MISSING,
    VAL_NOT_FOUND,
    VAL_NOT_SHOWN,
    VAL_UNCERTAIN,
    Finding,
    FindingCode,
    Severity,
)
from agreements.language import Language
from agreements.parameters import Method, Parameters, Reading, Sighting, parameters_text, read_parameters
from agreements.reconciling import Issued, Reconciled, reconcile
from agreements.texts import finding_action, finding_message

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 23)
HERE = Rectangle(x0=100, y0=700, x1=300, y1=712)
ORG_NUMBER = "310987654"
VALUES: Mapping[str, JsonValue] = {
    "customer.orgnr": ORG_NUMBER,
    "customer.name": "Blåbær & Sønn AS",
    "admin.birth_date": "1980-05-17",
    "invoice.method": "email",
}
PRINTED = (
    PrintedValue(field_id="customer.orgnr", page=1, rectangle=HERE, text="310 987 654", label="Organisasjonsnummer"),
    PrintedValue(field_id="customer.orgnr", page=2, rectangle=HERE, text="310 987 654", label="Organisasjonsnummer"),
    PrintedValue(field_id="customer.name", page=1, rectangle=HERE, text="Blåbær & Sønn AS", label="Navn"),
    PrintedValue(field_id="admin.birth_date", page=2, rectangle=HERE, text="xx.xx.1980", label="Fødselsdato"),
    PrintedValue(field_id="statement.opening", page=1, rectangle=HERE, text="Avtalen gjelder.", label=""),
)
ISSUED = Issued(values=VALUES, language=Language.NB, printed=PRINTED)


def printed(field_id: str, text: str, *, page: int = 1, confidence: float = 1.0) -> Sighting:
    method = Method.PRINTED if confidence == 1.0 else Method.OCR
    return Sighting(field_id=field_id, page=page, rectangle=HERE, text=text, method=method, confidence=confidence)


def in_field(field_id: str, value: str | bool | None, text: str) -> Sighting:
    name = field_id.replace(".", "-")
    return printed(field_id, text, page=2).model_copy(update={"field": name, "field_value": value})


HONEST = tuple(printed(place.field_id, place.text, page=place.page) for place in PRINTED)


def compare(*sightings: Sighting, issued: Issued = ISSUED, attached: JsonValue = None) -> Reconciled:
    data = None if attached is None else canonical_json(attached)
    reading = Reading(document="ab" * 32, sightings=sightings, attached=data)
    return reconcile(CATALOGUE, issued, reading, today=TODAY, allow_synthetic=True)


def filled(*sightings: Sighting, values: Mapping[str, JsonValue] = VALUES) -> Reconciled:
    fields = tuple(dict.fromkeys(one.field_id for one in sightings))
    return compare(*HONEST, *sightings, issued=replace(ISSUED, values=values, open_fields=fields))


def only(outcome: Reconciled, code: FindingCode) -> Finding:
    (finding,) = outcome.findings
    assert finding.code == code.code
    assert finding.severity is Severity.REVIEW
    for language in Language:
        assert finding_message(finding, language)
        assert finding_action(finding, language)
    return finding


def test_what_is_shown_as_it_was_issued_is_agreed_with_the_place_it_stands_in() -> None:
    outcome = compare(*HONEST)
    assert outcome.findings == ()
    assert set(outcome.parameters.by_field) == {"customer.orgnr", "customer.name", "admin.birth_date"}
    proof = outcome.parameters.find("customer.orgnr")
    assert proof is not None
    assert (proof.value, proof.source.page, proof.source.method) == (ORG_NUMBER, 1, Method.PRINTED)
    assert proof.source.document == "ab" * 32


def test_a_birth_date_is_kept_as_its_year_alone() -> None:
    assert compare(*HONEST).parameters.by_field["admin.birth_date"] == "1980"


@pytest.mark.parametrize("seen", ["310 987 655", "", "310 987 654 0", "1310 987 654"])
def test_a_value_that_one_of_its_places_shows_otherwise_is_no_value(seen: str) -> None:
    outcome = compare(HONEST[0], printed("customer.orgnr", seen, page=2), *HONEST[2:])
    finding = only(outcome, VAL_DIFFERS)
    assert (finding.params["entry"], finding.params["page"]) == ("customer.orgnr", 2)
    assert outcome.parameters.find("customer.orgnr") is None
    assert "«Organisasjonsnummer»" in finding_message(finding, Language.NB)


def test_a_value_that_stands_nowhere_is_told() -> None:
    outcome = compare(*(one for one in HONEST if one.field_id != "customer.name"))
    assert only(outcome, VAL_NOT_FOUND).params == {"entries": "customer.name"}
    assert outcome.parameters.find("customer.name") is None


def test_what_a_finding_quotes_shows_no_identity_number() -> None:
    seen = "01019000083"
    finding = only(compare(*HONEST[:2], printed("customer.name", seen), *HONEST[3:]), VAL_DIFFERS)
    assert seen not in canonical_json(finding.model_dump(mode="json"))


@pytest.mark.parametrize(("confidence", "believed"), [(0.97, True), (0.3, False)])
def test_a_printed_value_in_a_picture_counts_where_it_is_surely_the_issued_one(
    confidence: float, believed: bool
) -> None:
    outcome = compare(*(one.model_copy(update={"method": Method.OCR, "confidence": confidence}) for one in HONEST))
    assert (outcome.parameters.find("customer.name") is not None) is believed
    assert bool(outcome.findings) is not believed


def test_a_picture_that_unsurely_shows_something_else_is_uncertain_and_no_value() -> None:
    outcome = compare(*HONEST[:2], printed("customer.name", "Blabær & Sann AS", confidence=0.2), *HONEST[3:])
    assert only(outcome, VAL_UNCERTAIN).params == {"entries": "customer.name"}
    assert outcome.parameters.find("customer.name") is None


def test_a_picture_that_surely_shows_something_else_is_told_with_what_it_shows() -> None:
    outcome = compare(*HONEST[:2], printed("customer.name", "Bjørk AS", confidence=0.95), *HONEST[3:])
    assert only(outcome, VAL_DIFFERS).params["seen"] == "Bjørk AS"


# --- what the customer fills in


@pytest.mark.parametrize(
    ("field_id", "typed", "shown", "value"),
    [
        ("invoice.email", "faktura@example.org", "faktura@example.org", "faktura@example.org"),
        ("contact.contract.phone", "22 03 00 45", "22 03 00 45", "+4722030045"),
        ("customer.part_id", "Avdeling 3", "Avdeling 3", "Avdeling 3"),
        (
            "print.return_address",
            "Storgata 1, 0155 Oslo",
            "Storgata 1, 0155 Oslo",
            {"lines": ["Storgata 1"], "postal_code": "0155", "city": "Oslo"},
        ),
        ("launch.monthly_volume", "1 200", "1 200", 1200),
        ("launch.first_send_date", "1.2.2027", "1.2.2027", "2027-02-01"),
        ("invoice.method", "paper", "Papir", "paper"),
    ],
)
def test_what_field_and_page_say_alike_and_the_rules_allow_is_a_value_that_a_person_looks_at(
    field_id: str, typed: str, shown: str, value: JsonValue
) -> None:
    values = {name: one for name, one in VALUES.items() if name != field_id} | {"service.print_fallback": True}
    outcome = filled(in_field(field_id, typed, shown), values=values)
    assert only(outcome, VAL_FILLED_IN).params == {"entries": field_id}
    parameter = outcome.parameters.find(field_id)
    assert parameter is not None
    assert parameter.value == value
    assert (parameter.source.method, parameter.source.field) == (Method.FORM_FIELD, field_id.replace(".", "-"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a@example.org", "b@example.org"),
        ("a@example.org", ""),
        (None, "b@example.org"),
        ("a@example.org", "a@example"),
    ],
)
def test_a_field_that_says_something_else_than_the_page_shows_is_no_value(said: str | None, shown: str) -> None:
    outcome = filled(in_field("invoice.email", said, shown))
    assert only(outcome, VAL_NOT_SHOWN).params == {"entry": "invoice.email", "page": 2}
    assert outcome.parameters.find("invoice.email") is None


def test_what_a_carrier_has_made_part_of_the_page_is_read_there() -> None:
    outcome = filled(printed("invoice.email", "a@example.org", page=3))
    parameter = outcome.parameters.find("invoice.email")
    assert parameter is not None
    assert (parameter.value, parameter.source.method) == ("a@example.org", Method.PRINTED)


def test_where_a_carrier_has_dropped_the_field_nobody_knows_what_stood_there() -> None:
    assert only(filled(printed("customer.part_id", "")), VAL_NOT_FOUND).params == {"entries": "customer.part_id"}


def test_a_required_value_that_was_left_empty_is_asked_for_and_an_optional_one_is_not() -> None:
    outcome = filled(in_field("invoice.email", None, ""), in_field("customer.part_id", None, ""))
    assert only(outcome, VAL_MISSING).params == {"entries": "invoice.email"}


def test_every_wrong_value_is_told_at_once_each_with_its_rule() -> None:
    outcome = filled(
        in_field("invoice.email", "faktura(at)example.org", "faktura(at)example.org"),
        in_field("contact.contract.phone", "12", "12"),
        in_field("invoice.endpoint", "0192:310987655", "0192:310987655"),
        in_field("contact.contract.name", "", ""),
        values={**VALUES, "invoice.method": "ehf"},
    )
    told = {finding.params["entry"]: finding for finding in outcome.findings if finding.code == VAL_INVALID.code}
    assert set(told) == {"invoice.email", "contact.contract.phone", "invoice.endpoint"}
    assert any(finding.code == VAL_MISSING.code for finding in outcome.findings)
    for finding in told.values():
        for language in Language:
            assert "{" not in finding_message(finding, language)
    assert set(outcome.parameters.by_field) == {"customer.orgnr", "customer.name", "admin.birth_date"}


def test_a_start_that_has_passed_is_no_value() -> None:
    outcome = filled(in_field("launch.first_send_date", "1.2.2026", "1.2.2026"))
    assert only(outcome, VAL_INVALID).params["entry"] == "launch.first_send_date"


@pytest.mark.parametrize("value", ["01019000083", "a\u202eb", "\u0430dmin"])
def test_identity_numbers_and_letters_nobody_can_see_or_tell_apart_are_no_values(value: str) -> None:
    outcome = filled(in_field("customer.part_id", value, value))
    finding = only(outcome, VAL_INVALID)
    assert value not in canonical_json(finding.model_dump(mode="json"))


def test_what_was_filled_in_by_hand_is_uncertain_however_sure_the_recognition_is() -> None:
    sure = printed("customer.part_id", "Avdeling 3", confidence=0.96)
    outcome = filled(sure)
    assert VAL_UNCERTAIN.code in {finding.code for finding in outcome.findings}
    unsure = filled(sure.model_copy(update={"confidence": 0.4}))
    assert unsure.parameters.find("customer.part_id") is None


def test_open_values_that_were_not_read_at_all_wait_for_a_person() -> None:
    issued = replace(ISSUED, open_fields=("invoice.email",))
    outcome = reconcile(CATALOGUE, issued, None, today=TODAY, allow_synthetic=True)
    assert [finding.code for finding in outcome.findings] == [CAS_OPEN_VALUES.code]
    assert reconcile(CATALOGUE, ISSUED, None, today=TODAY, allow_synthetic=True) == Reconciled()


# --- the attachment


def test_attached_data_that_say_otherwise_are_told_and_change_no_value() -> None:
    attached: JsonValue = {"customer.orgnr": "984661185", "customer.name": "Blåbær & Sønn AS", "nonsense": 1}
    outcome = compare(*HONEST, attached=attached)
    assert only(outcome, VAL_ATTACHMENT_DIFFERS).params == {"entries": "customer.orgnr"}
    assert outcome.parameters.by_field["customer.orgnr"] == ORG_NUMBER


def test_attached_data_are_no_witness_for_a_value() -> None:
    outcome = compare(*HONEST[:2], *HONEST[3:], attached={"customer.name": "Blåbær & Sønn AS"})
    assert outcome.parameters.find("customer.name") is None


def test_parameters_are_stored_and_read_back() -> None:
    parameters = compare(*HONEST).parameters
    assert read_parameters(parameters_text(parameters)) == parameters
    assert read_parameters(parameters_text(Parameters())) == Parameters()
