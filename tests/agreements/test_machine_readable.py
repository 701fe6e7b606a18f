"""The agreement as data, its published schema, and which values may be left open."""

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from agreements.agreement import SigningRoute, TermsFile
from agreements.canonical import JsonValue, canonical_json
from agreements.catalogue import Field, FieldType, Phase, load_catalogue
from agreements.errors import UsageError
from agreements.language import Language
from agreements.machine_readable import AgreementFacts, agreement_json, value_fields
from agreements.open_values import may_be_open, open_fields
from agreements.parties import Signer, SigningBasis
from agreements.schema import agreement_schema
from agreements.values import check_values

CATALOGUE = load_catalogue()
VALIDATOR = Draft202012Validator(agreement_schema(CATALOGUE), format_checker=FormatChecker())
ADDRESS: JsonValue = {"lines": ["Kirkegata 12"], "postal_code": "0153", "city": "Oslo"}
OF_TYPE: dict[FieldType, JsonValue] = {
    FieldType.STRING: "Blåbær & Sønn",
    FieldType.TEXT: "Lønn den 12.\nAvgifter i mars.",
    FieldType.BOOL: True,
    FieldType.INT: 12,
    FieldType.INT64: 8541208,
    FieldType.DATE: "1980-05-17",
    FieldType.LIST: ["Brev til alle"],
    FieldType.LIST_INT: [24, 72],
    FieldType.ORGNR: "310000000",
    FieldType.EMAIL: "kari@example.org",
    FieldType.PHONE: "+4722030045",
    FieldType.ADDRESS: ADDRESS,
}
KARI = Signer(name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT, birth_date=date(1975, 3, 14))
TERMS = TermsFile(name="Vilkår", date="2026-01-15", sha256=sha256(b"A").hexdigest())


def example(field: Field) -> JsonValue:
    """A value that the field's own rules allow."""
    if field.id == "invoice.endpoint":
        return "0192:310000000"
    if field.values:
        code = next(code for code in field.values if all(code not in codes for codes in field.only_when.values()))
        return [code] if field.type is FieldType.LIST else code
    return OF_TYPE[field.type]


EVERYTHING = {field.id: example(field) for field in CATALOGUE.of_phase(Phase.AGREEMENT) if field.id != "signer2"} | {
    "customer.sector": "public",
    "launch.monthly_volume": 125_000,
}


def facts(**changes: Any) -> AgreementFacts:
    made = AgreementFacts(
        number="DA-2026-000042-J.2",
        template_version="standard 0123456789ab",
        language=Language.NN,
        issued_on=date(2026, 11, 23),
        route=SigningRoute.SERVICE,
        example=False,
        values=EVERYTHING,
        signers=(KARI,),
        terms=(TERMS,),
        open_fields=(),
    )
    return replace(made, **changes)


def document(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(agreement_json(CATALOGUE, facts(**changes)))
    return loaded


def test_every_value_of_the_agreement_can_stand_in_the_document_and_fits_its_schema() -> None:
    assert check_values(CATALOGUE, {**EVERYTHING, "agreement.template_version": "standard 0123456789ab"}) == ()
    whole = document()
    for method in ("ehf", "email", "paper"):
        VALIDATOR.validate(document(values={**EVERYTHING, "invoice.method": method}))
    shown = {
        field_id
        for method in ("ehf", "email", "paper")
        for field_id in document(values={**EVERYTHING, "invoice.method": method})["values"]
    }
    assert shown == {field.id for field in value_fields(CATALOGUE)}
    assert (whole["case"], whole["version"], whole["kind"]) == ("DA-2026-000042-J", 2, "new")
    assert whole["terms"] == [{"name": "Vilkår", "date": "2026-01-15", "sha256": TERMS.sha256}]


def test_the_document_is_canonical_and_the_same_for_the_same_agreement() -> None:
    first = agreement_json(CATALOGUE, facts())
    turned = dict(reversed(EVERYTHING.items()))
    assert first == agreement_json(CATALOGUE, facts(values=turned)) == canonical_json(json.loads(first)).encode()


def test_of_birth_dates_the_year_alone_is_told() -> None:
    whole = document(values={**EVERYTHING, "signer.birth_date": "1975-03-14", "admin.birth_date": "1981-04-19"})
    assert (whole["values"]["admin.birth_date"], whole["signers"][0]["birth_year"]) == ("1981", 1975)
    said = json.dumps(whole)
    assert "04-19" not in said
    assert "03-14" not in said


def test_what_is_not_asked_for_or_not_agreed_is_not_in_the_document() -> None:
    values = {**EVERYTHING, "service.dpi": False, "launch.plan_needed": "plan", "customer.part_id": ""}
    shown = document(values=values)["values"]
    assert not {"dpi.avsenderidentifikator", "launch.plan_needed", "customer.part_id", "signer.name"} & shown.keys()
    assert shown["service.dpi"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"agreement": "DA-2026-000042-J"},
        {"language": "sv"},
        {"signers": []},
        {"terms": [{"name": "Vilkår", "date": "2026-01-15", "sha256": "abc"}]},
        {"open": ["vendor.may_send_on_behalf"]},
        {"more": 1},
        {"values": {}},
        {"values": {**EVERYTHING, "no.such_field": 1}},
    ],
)
def test_the_schema_refuses_what_is_no_agreement(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document() | change)


@pytest.mark.parametrize("field", value_fields(CATALOGUE), ids=lambda field: field.id)
def test_the_schema_refuses_a_value_of_the_wrong_kind(field: Field) -> None:
    whole = document()
    with pytest.raises(ValidationError):
        VALIDATOR.validate(whole | {"values": {**whole["values"], field.id: {"wrong": "kind"}}})


def test_what_is_no_agreement_number_is_refused() -> None:
    with pytest.raises(UsageError):
        document(number="DA-2026-000042-A.1")


# --- open values ------------------------------------------------------------------------------------------------------


def test_only_what_the_customer_itself_answers_may_be_open() -> None:
    openable = {field.id for field in CATALOGUE.fields if may_be_open(CATALOGUE, field)}
    assert {"contact.contract.phone", "invoice.reference", "dpa.accepted", "print.return_address"} <= openable
    never = {"customer.orgnr", "customer.name", "vendor.may_send_on_behalf", "vendor.name", "agreement.id"}
    deciding = {"invoice.method", "launch.monthly_volume", "service.dpi"}
    assert not openable & (never | deciding)
    assert not [field_id for field_id in openable if field_id.startswith("signer")]


@given(known=st.sets(st.sampled_from(sorted(EVERYTHING))), allowed=st.sets(st.sampled_from(sorted(EVERYTHING))))
def test_open_is_what_is_allowed_asked_for_and_not_known(known: set[str], allowed: set[str]) -> None:
    values = {field_id: EVERYTHING[field_id] for field_id in known}
    left = open_fields(CATALOGUE, values, allowed=allowed, route=SigningRoute.PAPER)
    assert set(left) <= allowed - known
    assert all(CATALOGUE.is_asked(CATALOGUE.field(field_id), values) for field_id in left)
    assert {f for f in allowed - known if CATALOGUE.field(f).when is None} <= set(left) | {"signer2"}
    assert left == open_fields(CATALOGUE, values, allowed=allowed, route=SigningRoute.OWN_TOOL)
    assert open_fields(CATALOGUE, values, allowed=allowed, route=SigningRoute.SERVICE) == ()


def test_a_new_field_of_any_type_has_a_place_in_the_schema() -> None:
    for kind in FieldType:
        odd = replace(CATALOGUE.field("invoice.reference"), id="invoice.odd", type=kind)
        schema = agreement_schema(replace(CATALOGUE, fields=(*CATALOGUE.fields, odd)))
        assert '"invoice.odd"' in canonical_json(schema)
