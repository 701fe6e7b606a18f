"""Values: typed, checked and printed."""

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agreements.canonical import JsonValue, canonical_json
from agreements.catalogue import Field, FieldType, Phase, load_catalogue
from agreements.language import Language
from agreements.values import (
    MAX_ADDRESS_LINES,
    Fault,
    ValueFault,
    check_value,
    check_values,
    format_date,
    format_number,
    format_value,
    missing_values,
    parse_email,
    parse_value,
    with_defaults,
)

CATALOGUE = load_catalogue()
CERTIFICATE: dict[str, JsonValue] = {
    "subject": "O=Blåbær & Sønn AS",
    "issuer": "CN=Utsteder CA",
    "serial": "1f2e3d",
    "not_after": "2027-11-23",
    "sha256": "ab" * 32,
}
OSLO = {"lines": ["Storgata 1"], "postal_code": "0155", "city": "Oslo"}


def parse(field_id: str, typed: str, *, allow_synthetic: bool = False) -> JsonValue:
    return parse_value(CATALOGUE.field(field_id), typed, allow_synthetic=allow_synthetic)


def faults(field_id: str, value: JsonValue, **others: JsonValue) -> list[str]:
    values = {name.replace("__", "."): other for name, other in others.items()} | {field_id: value}
    return [fault.code for fault in check_value(CATALOGUE, CATALOGUE.field(field_id), value, values)]


def shown(field_id: str, value: JsonValue, language: Language = Language.NB) -> str:
    return format_value(CATALOGUE, CATALOGUE.field(field_id), value, language)


# --- from what a person types -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field_id", "typed", "value"),
    [
        ("customer.name", "  Fjellet Regnskap AS ", "Fjellet Regnskap AS"),
        ("launch.peaks", "januar\njuni", "januar\njuni"),
        ("invoice.method", "ehf", "ehf"),
        ("service.digital", "ja", True),
        ("service.digital", "NEI", False),
        ("service.digital", "true", True),
        ("service.digital", "0", False),
        ("launch.monthly_volume", "12 500", 12500),
        ("launch.monthly_volume", "1\u00a0000\u00a0000", 1000000),
        ("launch.monthly_volume", "-3", -3),
        ("vendor.broker_id", "8541208", 8541208),
        ("service.document_types", "Payslip, Invoice,", ["Payslip", "Invoice"]),
        ("defaults.sms_after_hours", "24, 72", [24, 72]),
        ("launch.first_send_date", "23.1.2027", "2027-01-23"),
        ("launch.first_send_date", "2027-01-23", "2027-01-23"),
        ("customer.business_address", "Storgata 1, 0155 Oslo", OSLO),
        ("customer.business_address", "c/o Berg,Storgata 1 ,0155  Oslo", OSLO | {"lines": ["c/o Berg", "Storgata 1"]}),
        ("customer.business_address", "0155 Oslo", OSLO | {"lines": []}),
        ("contact.contract.phone", "22 86 55 00", "+4722865500"),
        ("contact.contract.phone", "0047 22865500", "+4722865500"),
        ("contact.contract.phone", "+46 (8) 123-456", "+468123456"),
        ("customer.orgnr", "984 661 185", "984661185"),
        ("contact.contract.email", "kari@example.org", "kari@example.org"),
        ("setup.certificate", "CN=x", "CN=x"),
    ],
)
def test_what_people_type_becomes_one_canonical_value(field_id: str, typed: str, value: JsonValue) -> None:
    assert parse(field_id, typed) == value
    assert canonical_json(value)


EMPTY = {FieldType.STRING: "", FieldType.TEXT: "", FieldType.BOOL: False, FieldType.LIST: [], FieldType.LIST_INT: []}


@pytest.mark.parametrize("field", CATALOGUE.of_phase(Phase.AGREEMENT), ids=lambda field: field.id)
@pytest.mark.parametrize("typed", ["", "  "])
def test_a_value_of_any_type_can_be_emptied(field: Field, typed: str) -> None:
    emptied = parse_value(field, typed, allow_synthetic=False)
    assert emptied == EMPTY.get(field.type)
    assert shown(field.id, emptied) == ("nei" if emptied is False else "")
    if field.type is not FieldType.BOOL and field.pattern is None and field.check is None:
        assert check_values(CATALOGUE, {field.id: emptied}) == ()


@pytest.mark.parametrize(
    ("field_id", "typed", "code"),
    [
        ("customer.name", "Fjellet\nRegnskap", "invisible_character"),
        ("service.digital", "kanskje", "not_yes_or_no"),
        ("launch.monthly_volume", "mange", "not_a_number"),
        ("launch.monthly_volume", "1,5", "not_a_number"),
        ("launch.monthly_volume", "\u0661\u0662", "character_not_in_fonts"),
        ("launch.monthly_volume", "9" * 20, "not_a_number"),
        ("launch.first_send_date", "31.02.2027", "not_a_date"),
        ("launch.first_send_date", "2027-13-01", "not_a_date"),
        ("launch.first_send_date", "20270123", "not_a_date"),
        ("launch.first_send_date", "i morgen", "not_a_date"),
        ("customer.business_address", "Storgata 1", "address_form"),
        ("customer.business_address", "Storgata 1, 155 Oslo", "address_form"),
        ("customer.orgnr", "984661186", "orgnr_check_digit"),
        ("customer.orgnr", "98466118", "orgnr_not_nine_digits"),
        ("customer.orgnr", "310000018", "orgnr_synthetic"),
        ("defaults.sms_after_hours", "24, snart", "not_a_number"),
    ],
)
def test_what_can_not_be_read_is_refused_with_a_code(field_id: str, typed: str, code: str) -> None:
    if code == "orgnr_synthetic":
        assert parse(field_id, "100101688", allow_synthetic=True) == "100101688"
        typed = "100101688"
    with pytest.raises(ValueFault) as refused:
        parse(field_id, typed)
    assert refused.value.code == code


# --- checks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "kari@example.org",
        "kari.nordmann+avtale@post.example.org",
        "o'brien@example.org",
        "a@b.no",
        "x" * 64 + "@example.org",
        "kari@xn--bcher-kva.example",
    ],
)
def test_an_e_mail_address_is_taken(address: str) -> None:
    assert faults("contact.contract.email", address) == []


@pytest.mark.parametrize(
    "address",
    [
        "kari",
        "kari@",
        "@example.org",
        "kari@example",
        "kari@@example.org",
        "kari nordmann@example.org",
        ".kari@example.org",
        "kari.@example.org",
        "kari..n@example.org",
        "kari@example..org",
        "kari@-example.org",
        "kari@example-.org",
        "x" * 65 + "@example.org",
        "kari@example.org, ola@example.org",
        "Kari <kari@example.org>",
        "kåre@example.org",
        '"kari"@example.org',
    ],
)
def test_what_is_no_e_mail_address_is_a_fault(address: str) -> None:
    assert faults("contact.contract.email", address) == ["not_an_email"]


def test_an_e_mail_address_can_carry_no_further_header() -> None:
    assert faults("contact.contract.email", "kari@example.org\nBcc: x@example.org") == ["invisible_character"]
    assert faults("contact.contract.email", "k@" + "a." * 130 + "org") == ["too_long"]
    assert faults("contact.contract.email", 7) == ["not_text"]


@pytest.mark.parametrize(
    ("field_id", "value", "codes"),
    [
        ("customer.name", "x" * 130, []),
        ("customer.name", "x" * 131, ["too_long"]),
        ("customer.name", ["x"], ["not_text"]),
        ("customer.name", "Fjellet\r\nRegnskap", ["invisible_character"]),
        ("customer.name", "Fjellet\u202eSA", ["invisible_character"]),  # turns the direction of what follows
        ("customer.name", "Fjel\u200blet", ["invisible_character"]),
        ("customer.name", "Fjellet\udce5", ["invisible_character"]),  # a byte of the command line that was no UTF-8
        ("launch.peaks", "januar\njuni", []),
        ("launch.peaks", "januar\tjuni", ["invisible_character"]),
        ("launch.peaks", "x" * 2001, ["too_long"]),
        ("invoice.endpoint", "0192:984661185", []),
        ("invoice.endpoint", "0192:984661186", ["orgnr_check_digit"]),
        ("invoice.endpoint", "9908:984661185", ["pattern"]),
        ("invoice.method", "pigeon", ["not_in_list"]),
        ("invoice.method", ["ehf"], ["not_in_list"]),
        ("service.digital", "ja", ["not_yes_or_no"]),
        ("service.digital", 1, ["not_yes_or_no"]),
        ("vendor.may_send_on_behalf", True, []),
        ("vendor.may_send_on_behalf", False, ["must_be_yes"]),
        ("launch.monthly_volume", 0, []),
        ("launch.monthly_volume", -1, ["too_small"]),
        ("launch.monthly_volume", True, ["not_a_number"]),
        ("launch.monthly_volume", 1.5, ["not_a_number"]),
        ("vendor.broker_id", 2**63 - 1, []),
        ("vendor.broker_id", 2**63, ["too_large"]),
        ("vendor.broker_id", 0, ["too_small"]),
        ("service.document_types", ["Payslip", "Invoice"], []),
        ("service.document_types", ["Payslip", "Poem"], ["not_in_list"]),
        ("service.document_types", "Payslip", ["not_a_list"]),
        ("service.document_types", [1], ["not_a_list"]),
        ("setup.expected_features", ["no.digipost.feature.delivery.digipost"], []),
        ("setup.expected_features", ["com.example"], ["pattern"]),
        ("launch.recruitment", ["brev\nSMS"], ["invisible_character"]),
        ("defaults.sms_after_hours", [0, 24], []),
        ("defaults.sms_after_hours", 24, ["not_a_list"]),
        ("defaults.sms_after_hours", [-1], ["too_small"]),
        ("launch.first_send_date", "2027-01-23", []),
        ("launch.first_send_date", "20270123", ["not_a_date"]),
        ("launch.first_send_date", "2027-02-30", ["not_a_date"]),
        ("launch.first_send_date", 20270123, ["not_a_date"]),
        ("contact.contract.phone", "+4722865500", []),
        ("contact.contract.phone", "22865500", ["not_a_phone_number"]),
        ("contact.contract.phone", "+47\uff12\uff12\uff18\uff16\uff15\uff15\uff10\uff10", ["not_a_phone_number"]),
        ("contact.contract.phone", "+1234567890123456", ["not_a_phone_number"]),
        ("contact.contract.phone", 4722865500, ["not_a_phone_number"]),
        ("customer.orgnr", "984661185", []),
        ("customer.orgnr", "984 661 185", ["orgnr_not_nine_digits"]),  # typed, but not canonical
        ("customer.orgnr", "984661186", ["orgnr_check_digit"]),
        ("customer.orgnr", 984661185, ["orgnr_not_nine_digits"]),
        ("customer.business_address", OSLO, []),
        ("customer.business_address", "Storgata 1, 0155 Oslo", ["address_form"]),
        ("customer.business_address", OSLO | {"country": "NO"}, ["address_form"]),
        ("customer.business_address", OSLO | {"lines": "Storgata 1"}, ["address_form"]),
        ("customer.business_address", OSLO | {"lines": [1]}, ["address_form"]),
        ("customer.business_address", OSLO | {"city": ""}, ["address_form"]),
        ("customer.business_address", OSLO | {"city": None}, ["address_form"]),
        ("customer.business_address", OSLO | {"lines": ["a"] * (MAX_ADDRESS_LINES + 1)}, ["address_lines"]),
        ("customer.business_address", OSLO | {"postal_code": "155"}, ["postal_code"]),
        ("customer.business_address", OSLO | {"postal_code": 1550}, ["postal_code"]),
        ("customer.business_address", OSLO | {"lines": ["Stor\ngata"]}, ["invisible_character"]),
        ("customer.business_address", OSLO | {"lines": ["x" * 101]}, ["too_long"]),
        ("customer.business_address", OSLO | {"city": "x" * 81}, ["too_long"]),
        ("signer2", {"name": "Ola Nordmann", "role": "prokura"}, []),
        ("signer2", {"name": "Ola Nordmann", "role": "friend"}, ["signer_form"]),
        ("signer2", {"name": " ", "role": "prokura"}, ["signer_form"]),
        ("signer2", {"name": "Ola\nNordmann", "role": "prokura"}, ["invisible_character"]),
        ("signer2", {"name": "Ola Nordmann"}, ["signer_form"]),
        ("signer2", {"name": 1, "role": "prokura"}, ["signer_form"]),
        ("signer2", "Ola Nordmann", ["signer_form"]),
        ("setup.sftp_key", "SHA256:" + "A" * 43, []),
        ("setup.sftp_key", "MD5:aa:bb", ["ssh_fingerprint"]),
        ("setup.sftp_key", 1, ["ssh_fingerprint"]),
        ("setup.certificate", "CN=x, serial 1", ["certificate_form"]),
        ("setup.certificate", CERTIFICATE, []),
        ("setup.certificate", {**CERTIFICATE, "key": "x"}, ["certificate_form"]),
        ("setup.logo", "logo.png", ["file_form"]),
        ("setup.logo", {"name": "logo.png", "sha256": "ab" * 32}, []),
        ("setup.logo", {"name": "logo\u202e.png", "sha256": "ab" * 32}, ["invisible_character"]),
    ],
)
def test_every_type_has_its_rules(field_id: str, value: JsonValue, codes: list[str]) -> None:
    assert faults(field_id, value) == codes


def test_a_limit_is_told_with_the_fault_and_the_value_is_not() -> None:
    fault = check_values(CATALOGUE, {"customer.business_address": OSLO | {"city": "x" * 81}})
    assert fault == (Fault(field_id="customer.business_address", code="too_long", params={"limit": 80}),)


def test_a_limit_can_depend_on_another_value() -> None:
    reference = "x" * 41
    assert faults("invoice.reference", reference) == []
    assert faults("invoice.reference", reference, service__dpi=True) == ["too_long"]
    assert faults("invoice.reference", "x" * 101) == ["too_long"]


def test_some_choices_are_only_for_the_public_sector() -> None:
    assert faults("defaults.authentication_level", "IDPORTEN_4", customer__sector="public") == []
    assert faults("defaults.authentication_level", "IDPORTEN_4", customer__sector="private") == ["not_allowed_here"]
    assert faults("defaults.authentication_level", "TWO_FACTOR", customer__sector="private") == []
    assert faults("service.dpi", True, customer__sector="private") == ["not_allowed_here"]
    assert faults("service.dpi", False, customer__sector="private") == []
    assert faults("service.dpi", True, customer__sector="public") == []


def test_all_faults_are_told_at_once() -> None:
    found = check_values(
        CATALOGUE,
        {
            "customer.nme": "x",
            "customer.orgnr": "1",
            "contact.contract.email": "x",
            "customer.sender_name": None,
            "invoice.method": "ehf",
        },
    )
    assert [(fault.field_id, fault.code) for fault in found] == [
        ("customer.nme", "unknown_field"),
        ("customer.orgnr", "orgnr_not_nine_digits"),
        ("contact.contract.email", "not_an_email"),
    ]


def test_what_is_missing_is_asked_for_only_where_its_condition_holds() -> None:
    missing = {
        field.id
        for field in missing_values(CATALOGUE, {"customer.name": "x", "invoice.method": "ehf", "admin.name": ""})
    }
    assert {"customer.orgnr", "invoice.endpoint", "admin.name"} <= missing
    assert not missing & {"customer.name", "invoice.address", "print.return_address", "customer.sender_name"}
    assert {field.id for field in missing_values(CATALOGUE, {}, Phase.SETUP)} >= {"setup.sender_id"}
    assert "service.digital" not in {field.id for field in missing_values(CATALOGUE, {"service.digital": False})}


def test_defaults_fill_only_what_was_not_said() -> None:
    values = with_defaults(CATALOGUE, {"service.digital": False, "customer.name": "x"})
    assert (values["service.digital"], values["customer.name"], values["service.direct_print"]) == (False, "x", False)


@given(st.text(max_size=300))
def test_reading_and_checking_never_fail_in_another_way_than_by_a_fault(typed: str) -> None:
    for field in CATALOGUE.fields:
        try:
            value = parse_value(field, typed, allow_synthetic=True)
        except ValueFault:
            continue
        if list(check_value(CATALOGUE, field, value, {field.id: value})):
            continue
        canonical_json(value).encode()
        for language in Language:
            assert isinstance(format_value(CATALOGUE, field, value, language), str)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["lines", "postal_code", "city", "name", "role"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(JSON)
def test_any_json_value_is_either_a_fault_or_can_be_printed(value: JsonValue) -> None:
    for field in CATALOGUE.fields:
        if not check_values(CATALOGUE, {field.id: value}):
            assert isinstance(format_value(CATALOGUE, field, value, Language.NB), str)


# --- what people read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field_id", "value", "language", "words"),
    [
        ("customer.name", None, Language.NB, ""),
        ("service.digital", True, Language.NB, "ja"),
        ("service.digital", False, Language.EN, "no"),
        ("customer.orgnr", "984661185", Language.NB, "984\u00a0661\u00a0185"),
        ("launch.monthly_volume", 12500, Language.NN, "12\u00a0500"),
        ("launch.monthly_volume", 12500, Language.EN, "12,500"),
        ("vendor.broker_id", 8541208, Language.NB, "8541208"),  # an identifier, not an amount
        ("launch.first_send_date", "2026-11-23", Language.NB, "23. november 2026"),
        ("launch.first_send_date", "2026-11-23", Language.EN, "23 November 2026"),
        ("invoice.method", "via_vendor", Language.NN, "Gjennom systemleverandøren"),
        ("service.document_types", ["Payslip", "Residence"], Language.NN, "Lønsslipp, Bustad"),
        ("defaults.sms_after_hours", [24, 72], Language.NB, "24, 72"),
        ("customer.business_address", OSLO, Language.NB, "Storgata 1, 0155 Oslo"),
        ("signer2", {"name": "Ola Nordmann", "role": "prokura"}, Language.NB, "Ola Nordmann (Prokura)"),
    ],
)
def test_people_read_labels_and_never_codes(field_id: str, value: JsonValue, language: Language, words: str) -> None:
    assert shown(field_id, value, language) == words


@given(st.dates(date(1900, 1, 1)), st.sampled_from(Language))
def test_a_date_is_written_out_and_read_back_from_both_ways_of_typing_it(day: date, language: Language) -> None:
    written = format_date(day, language)
    assert str(day.year) in written
    assert str(day.day) in written
    field = CATALOGUE.field("launch.first_send_date")
    for typed in (day.isoformat(), f"{day.day}.{day.month}.{day.year:04d}"):
        assert parse_value(field, typed, allow_synthetic=False) == day.isoformat()


@given(st.integers(0, 10**12))
def test_a_number_is_read_back_from_the_way_it_is_written(number: int) -> None:
    assert parse("launch.monthly_volume", format_number(number, Language.NB)) == number


LINE = st.text(
    st.characters(codec="utf-8", exclude_characters=",", exclude_categories=("C", "Z")), min_size=1, max_size=20
)


@given(st.lists(LINE, max_size=MAX_ADDRESS_LINES), st.from_regex(r"[0-9]{4}", fullmatch=True), LINE)
def test_an_address_is_read_back_from_the_way_it_is_written(lines: list[str], postal_code: str, city: str) -> None:
    address: JsonValue = {"lines": list(lines), "postal_code": postal_code, "city": city}
    assume(faults("customer.business_address", address) == [])
    assert parse("customer.business_address", shown("customer.business_address", address)) == address


@given(st.sampled_from([field for field in CATALOGUE.fields if field.type is FieldType.ENUM]), st.data())
def test_every_choice_is_read_as_its_code_and_printed_as_its_label(field: Any, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(field.values))
    assert parse_value(field, code, allow_synthetic=False) == code
    assert shown(field.id, code) == CATALOGUE.value_label(field.id, code, Language.NB)


@pytest.mark.parametrize(
    ("number", "shown"), [("+4722030045", "+47\u00a022\u00a003\u00a000\u00a045"), ("+46701234567", "+46701234567")]
)
def test_a_norwegian_telephone_number_is_grouped_as_it_is_read(number: str, shown: str) -> None:
    assert format_value(CATALOGUE, CATALOGUE.field("contact.contract.phone"), number, Language.NB) == shown


# --- national identity numbers ----------------------------------------------------------------------------------------

IDENTITY = "01017010170"
"""The check digits are right, the day is a day; an invented one."""


@pytest.mark.parametrize(
    ("field_id", "value"),
    [
        ("invoice.reference", IDENTITY),
        ("admin.name", f"Åse Sørbø {IDENTITY}"),
        ("admin.email", f"{IDENTITY}@example.org"),
        ("launch.peaks", f"mars\n{IDENTITY[:6]} {IDENTITY[6:]}"),
        ("launch.recruitment", ["brev", f"fnr {IDENTITY}"]),
        ("print.return_address", {"lines": [f"c/o {IDENTITY}"], "postal_code": "0155", "city": "Oslo"}),
        ("signer2", {"name": f"Åse {IDENTITY}", "role": "prokura"}),
    ],
)
def test_a_national_identity_number_is_refused_wherever_text_is_free_and_is_not_repeated(
    field_id: str, value: JsonValue
) -> None:
    (fault,) = check_value(CATALOGUE, CATALOGUE.field(field_id), value, {"signer.joint": True})
    assert (fault.code, fault.params) == ("national_id", {"masked": "010170*****"})


@pytest.mark.parametrize(
    ("field_id", "value"),
    [
        ("invoice.reference", "0101.70.10170"),  # as account numbers are written
        ("invoice.reference", "984661185"),
        ("invoice.reference", "101017010170"),
        ("invoice.reference", "30027010170"),
        ("invoice.endpoint", "0192:984661185"),
        ("contact.contract.phone", f"+{IDENTITY[1:]}"),
        ("agreement.terms_version", f"vilkar 2026-01-01 sha256:abc{IDENTITY}de"),
    ],
)
def test_other_numbers_are_nobodys(field_id: str, value: str) -> None:
    assert list(check_value(CATALOGUE, CATALOGUE.field(field_id), value, {})) == []


def test_a_national_identity_number_is_refused_as_it_is_typed() -> None:
    for field_id, typed in (("invoice.reference", IDENTITY), ("signer.name", f"Åse {IDENTITY[:6]} {IDENTITY[6:]}")):
        with pytest.raises(ValueFault) as refused:
            parse_value(CATALOGUE.field(field_id), typed, allow_synthetic=True)
        assert refused.value.code == "national_id"
    with pytest.raises(ValueFault) as refused:
        parse_email(f"{IDENTITY}@example.org")
    assert refused.value.code == "national_id"
