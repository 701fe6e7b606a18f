"""What a value may be written with: characters that are seen, and that the documents' fonts have."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.characters import find_invisible, find_unfit, spelled_out, tidy
from agreements.language import Language
from agreements.texts import text
from agreements.values import Fault, ValueFault, check_values, parse_email, parse_phone, parse_value
from onboarding.answers import fault_entry

CATALOGUE = load_catalogue()
INVISIBLE = (
    *("\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u061c", "\u202e", "\u2066", "\u2028", "\u2029"),
    *("\u034f", "\u115f", "\u3164", "\uffa0", "\u180e", "\ufe0f", "\U000e0100", "\U000e0041", "\U000e0001", "\u2800"),
    *("\ue000", "\U0010fffd", "\ufdd0", "\uffff", "\u0378", "\ud800", "\x00", "\x1b", "\x7f", "\x85", "\t", "\n"),
)
ADDRESS = {"lines": ["Stor\u00adgata 1"], "postal_code": "0155", "city": "Oslo"}


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda one: f"U+{ord(one):04X}")
def test_what_can_not_be_seen_is_refused_with_its_code_point_and_place(character: str) -> None:
    with pytest.raises(ValueFault) as refused:
        parse_value(CATALOGUE.field("admin.name"), f"Kari{character}Nordmann", allow_synthetic=True)
    told = (refused.value.code, dict(refused.value.params))
    assert told == ("invisible_character", {"code_point": f"U+{ord(character):04X}", "place": 5})


@pytest.mark.parametrize(
    ("field_id", "typed"),
    [
        ("customer.business_address", "Stor\u00adgata 1, 0155 Oslo"),
        ("launch.recruitment", "Brev, Opp\u00adslag"),
        ("launch.peaks", "januar\njuni\u200b"),
        ("launch.monthly_volume", "1\u200b200"),
        ("invoice.method", "e\u200dhf"),
        ("contact.contract.email", "kari@exa\u00admple.org"),
        ("contact.contract.phone", "22\u200b865500"),
    ],
)
def test_every_type_of_value_keeps_the_rule(field_id: str, typed: str) -> None:
    with pytest.raises(ValueFault, match="invisible_character"):
        parse_value(CATALOGUE.field(field_id), typed, allow_synthetic=True)


@pytest.mark.parametrize(
    ("field_id", "value"),
    [
        ("customer.business_address", ADDRESS),
        ("launch.recruitment", ["Brev", "Opp\u00adslag"]),
        ("launch.peaks", "januar\njuni\u200b"),
        ("signer2", {"name": "Ola\ufe0f Nordmann", "role": "prokura"}),
    ],
)
def test_a_value_that_came_another_way_is_told_of_all_the_same(field_id: str, value: JsonValue) -> None:
    assert [fault.code for fault in check_values(CATALOGUE, {field_id: value})] == ["invisible_character"]


@pytest.mark.parametrize("parse", [parse_email, parse_phone])
def test_a_signers_address_and_number_keep_the_rule(parse: object) -> None:
    assert callable(parse)
    with pytest.raises(ValueFault, match="invisible_character"):
        parse("22\u200b865500")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("character", "code_point"), [("漢", "U+6F22"), ("🙂", "U+1F642"), ("Ж", "U+0416")])
def test_what_the_fonts_lack_is_told_with_label_character_and_code_point(
    language: Language, character: str, code_point: str
) -> None:
    (fault,) = check_values(CATALOGUE, {"admin.name": f"Kari {character}"})
    entry = fault_entry(fault, language)
    assert entry["code"] == "value_character_not_in_fonts"
    for said in (CATALOGUE.field("admin.name").label(language), character, code_point, " 6"):
        assert said in entry["message"]


@pytest.mark.parametrize("language", list(Language))
def test_an_invisible_character_is_named_and_not_repeated(language: Language) -> None:
    fault = Fault(field_id="admin.name", code="invisible_character", params={"code_point": "U+00AD", "place": 3})
    message = fault_entry(fault, language)["message"]
    assert "U+00AD" in message
    assert find_invisible(message) is None
    assert text("faults.invisible_character", language, code_point="U+00AD", place=3) in message


def test_names_of_people_in_the_north_and_elsewhere_in_europe_are_as_they_were() -> None:
    for name in (
        "Áilu Čáhppesáhpit Ŋuorravárri",
        "Þórbjörg Åsnes-Bråthen",
        "Nguyễn Thị Đỗ",
        "Łukasz Żółć",
        "D’Arcy",
        "Sää\u02b9mjânnam Ma\u02bctti",
    ):
        assert parse_value(CATALOGUE.field("admin.name"), name, allow_synthetic=True) == name


def test_two_spellings_that_look_alike_become_one_value() -> None:
    field = CATALOGUE.field("admin.name")
    alike = (
        "Kåre Ås",
        "Ka\u030are A\u030as",
        "Kåre\u00a0Ås",
        " Kåre \u2009 Ås ",
        "K\u212bre Ås".replace("\u212b", "å"),
    )
    assert {parse_value(field, typed, allow_synthetic=True) for typed in alike} == {"Kåre Ås"}


@given(st.text(max_size=40), st.booleans())
def test_a_text_is_tidied_once_and_for_all(typed: str, lines: bool) -> None:
    kept = tidy(typed, lines=lines)
    assert tidy(kept, lines=lines) == kept


@given(st.text(max_size=40))
def test_a_value_that_is_taken_has_nothing_that_a_reader_can_not_see(typed: str) -> None:
    kept = tidy(typed)
    if find_unfit(kept) is None:
        assert not {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"} & {unicodedata.category(one) for one in kept}
        assert kept == unicodedata.normalize("NFC", kept)
        assert "  " not in kept


@given(st.text())
def test_what_is_spelled_out_can_be_shown_anywhere_and_what_is_fit_stays_as_it_is(written: str) -> None:
    shown = spelled_out(written)
    assert find_unfit(shown) is None
    if find_unfit(written) is None:
        assert shown == unicodedata.normalize("NFC", written)
    else:
        assert "[U+" in shown


@pytest.mark.parametrize("character", [*INVISIBLE, "\u0430", "\u05d0"])
def test_an_unfit_character_is_spelled_out_by_its_code_point(character: str) -> None:
    assert spelled_out(f"Bl{character}b\u00e6r") == f"Bl[U+{ord(character):04X}]b\u00e6r"


def test_line_breaks_stay_where_lines_may_stand() -> None:
    assert spelled_out("a\nb\r", lines=True) == "a\nb[U+000D]"
    assert spelled_out("a\nb") == "a[U+000A]b"
