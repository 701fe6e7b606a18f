"""What a document prints comes back as the value that it prints."""

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agreements.canonical import JsonValue
from agreements.catalogue import Field, FieldType, load_catalogue
from agreements.characters import find_unfit, tidy
from agreements.language import Language
from agreements.machine_readable import is_birth_date
from agreements.national_id import find_certain
from agreements.orgnumber import check_digit
from agreements.pages import solid
from agreements.printed import parse_printed
from agreements.values import ValueFault
from renderers.agreement_view import value_text

CATALOGUE = load_catalogue()
READABLE = [field for field in CATALOGUE.fields if field.type is not FieldType.CERTIFICATE]
LETTERS = "abcdefgæøåÆØÅčđŋšŧžČĐŊŠŦŽáÁ ABCxyz0123456789.-&/'()"


def words(limit: int = 130) -> st.SearchStrategy[str]:
    return (
        st.text(LETTERS, min_size=1, max_size=limit)
        .map(tidy)
        .filter(lambda text: text != "" and find_unfit(text) is None and find_certain(text) is None)
    )


def org_numbers() -> st.SearchStrategy[str]:
    eight = st.integers(10_000_000, 39_999_999).map(str)
    return eight.filter(lambda digits: check_digit(digits) is not None).map(
        lambda eight: f"{eight}{check_digit(eight)}"
    )


PHONES = st.one_of(
    st.integers(20_000_000, 99_999_999).map(lambda n: f"+47{n}"), st.integers(10**7, 10**12).map(lambda n: f"+46{n}")
)
DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
ADDRESSES: st.SearchStrategy[JsonValue] = st.fixed_dictionaries(
    {
        "lines": st.lists(words(100), max_size=3),
        "postal_code": st.from_regex(r"[0-9]{4}", fullmatch=True),
        "city": words(80),
    }
).filter(lambda address: find_certain(str(address)) is None)
KEYS = st.text("ABCDEFabcdef0123456789+/", min_size=43, max_size=43).map(lambda key: f"SHA256:{key}")


STRATEGIES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.BOOL: st.booleans(),
    FieldType.INT: st.integers(0, 10**12),
    FieldType.INT64: st.integers(1, 2**63 - 1),
    FieldType.DATE: DATES,
    FieldType.LIST: st.lists(words(), min_size=1, max_size=5),
    FieldType.LIST_INT: st.lists(st.integers(0, 999), min_size=1, max_size=5),
    FieldType.ORGNR: org_numbers(),
    FieldType.PHONE: PHONES,
    FieldType.EMAIL: st.from_regex(r"[a-z]{1,20}\.[a-z]{1,60}@[a-z]{1,40}\.example\.org", fullmatch=True),
    FieldType.ADDRESS: ADDRESSES,
    FieldType.SIGNER: st.fixed_dictionaries(
        {"name": words(), "role": st.sampled_from(CATALOGUE.field("signer.role").values)}
    ),
    FieldType.SSH_FINGERPRINT: KEYS,
    FieldType.FILE: words().map(lambda name: name.replace(" ", "_")),
}


def values(field: Field) -> st.SearchStrategy[Any]:
    if field.values:
        one = st.sampled_from(field.values)
        return one if field.type is FieldType.ENUM else st.lists(one, min_size=1, unique=True)
    if field.check == "peppol_orgnr":
        return org_numbers().map(lambda number: f"0192:{number}")
    if field.pattern:
        return st.from_regex(field.pattern, fullmatch=True).map(tidy)
    return STRATEGIES.get(field.type, words())


def parse(field_id: str, text: str, language: Language = Language.NB) -> JsonValue:
    return parse_printed(CATALOGUE, CATALOGUE.field(field_id), text, language, allow_synthetic=True)


def printed(field_id: str, value: JsonValue, language: Language = Language.NB) -> str:
    return value_text(CATALOGUE, CATALOGUE.field(field_id), value, language)


@pytest.mark.parametrize("field", READABLE, ids=lambda field: field.id)
@given(data=st.data(), language=st.sampled_from(Language))
@settings(max_examples=10)
def test_what_is_printed_comes_back(field: Field, data: st.DataObject, language: Language) -> None:
    """Some sixty fields with ten values each."""
    value = data.draw(values(field))
    shown = value_text(CATALOGUE, field, value, language)
    assume(find_certain(shown) is None)  # a number that no agreement may hold is refused wherever it stands
    found = parse_printed(CATALOGUE, field, shown, language, allow_synthetic=True)
    assert found == (value[:4] if is_birth_date(field) else value)


@pytest.mark.parametrize("language", Language)
def test_every_label_of_every_closed_list_is_its_own_code(language: Language) -> None:
    for field in CATALOGUE.fields:
        for code in field.values:
            value: JsonValue = [code] if field.type is FieldType.LIST else code
            assert parse(field.id, printed(field.id, value, language), language) == value
            assert parse(field.id, code, language) == value


@pytest.mark.parametrize("field", READABLE, ids=lambda field: field.id)
def test_nothing_is_no_value(field: Field) -> None:
    assert parse_printed(CATALOGUE, field, " \n ", Language.NB, allow_synthetic=True) is None


@given(st.lists(st.sampled_from(CATALOGUE.field("service.document_types").values), min_size=1), st.data())
def test_lines_may_break_wherever_there_is_space(codes: list[str], data: st.DataObject) -> None:
    shown = printed("service.document_types", codes)
    broken = "".join(data.draw(st.sampled_from(["\n", " ", " \n "])) if one == " " else one for one in shown)
    assert parse("service.document_types", broken) == codes


@pytest.mark.parametrize(
    ("field_id", "value"),
    [
        ("launch.recruitment", ["Brev, to ganger", "Oppslag"]),
        ("customer.postal_address", {"lines": ["Storgata 1, 2. etg."], "postal_code": "0155", "city": "Oslo"}),
        ("launch.peaks", "Lønn den 12.\nAvgifter i mars."),
    ],
)
def test_what_the_print_does_not_say_prints_the_same_again(field_id: str, value: JsonValue) -> None:
    shown = printed(field_id, value)
    found = parse(field_id, shown)
    assert found != value
    assert solid(printed(field_id, found)) == solid(shown)


def test_an_address_broken_in_its_middle_is_whole_again() -> None:
    long = f"{'a' * 60}.{'b' * 40}@example.org"
    assert parse("contact.contract.email", f"{long[:50]}\n{long[50:]}") == long


@pytest.mark.parametrize(
    ("field_id", "typed", "value"),
    [
        ("launch.first_send_date", "1.2.2027", "2027-02-01"),
        ("launch.first_send_date", "1. februar 2027", "2027-02-01"),
        ("launch.first_send_date", "1.februar 2027", "2027-02-01"),
        ("contact.contract.phone", "22 03 00 45", "+4722030045"),
        ("launch.monthly_volume", "125 000", 125000),
        ("dpa.accepted", "x", True),
        ("dpa.accepted", "ja", True),
        ("dpa.accepted", "NEI", False),
        ("invoice.method", "e-post", "email"),
        ("admin.birth_date", "xx.xx.1980", "1980"),
        ("admin.birth_date", "17.5.1980", "1980"),
        ("admin.birth_date", "17. mai 1980", "1980"),
        ("customer.postal_address", "0101 Oslo", {"lines": [], "postal_code": "0101", "city": "Oslo"}),
    ],
)
def test_what_people_type_is_understood_too(field_id: str, typed: str, value: JsonValue) -> None:
    assert parse(field_id, typed) == value


@pytest.mark.parametrize(
    ("field_id", "typed", "code"),
    [
        ("invoice.method", "Faks", "not_in_list"),
        ("invoice.method", "EHF E-post", "not_in_list"),
        ("service.document_types", "Lønnsslipp, Løgn", "not_in_list"),
        ("dpa.accepted", "kanskje", "not_yes_or_no"),
        ("launch.first_send_date", "31. februar 2027", "not_a_date"),
        ("launch.first_send_date", "1. fubruar 2027", "not_a_date"),
        ("launch.monthly_volume", "mange", "not_a_number"),
        ("launch.monthly_volume", "1,200", "not_a_number"),
        ("customer.orgnr", "310 987 655", "orgnr_check_digit"),
        ("customer.postal_address", "Storgata 1", "address_form"),
        ("signer2", "Ola Nordmann (Sjef)", "signer_form"),
        ("signer2", "(Prokura)", "signer_form"),
        ("admin.birth_date", "xx.05.1980", "not_a_date"),
    ],
)
def test_what_is_no_value_says_why(field_id: str, typed: str, code: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse(field_id, typed)
    assert fault.value.code == code


def test_a_comma_groups_thousands_in_english_alone() -> None:
    assert parse("launch.monthly_volume", "1,200", Language.EN) == 1200


def test_a_synthetic_number_is_refused_where_there_may_be_none() -> None:
    field = CATALOGUE.field("customer.orgnr")
    with pytest.raises(ValueFault) as fault:
        parse_printed(CATALOGUE, field, "310 987 654", Language.NB, allow_synthetic=False)
    assert fault.value.code == "orgnr_synthetic"
