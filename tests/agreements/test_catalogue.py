"""The catalogue that is shipped, and what is refused in one."""

from typing import Any

import pytest

from agreements.catalogue import Catalogue, Condition, FieldType, Owner, Phase, load_catalogue, parse_catalogue
from agreements.language import Language
from agreements.values import check_value
from agreements.yaml_data import load_package_yaml

CATALOGUE = load_catalogue()


def a_document(**changes: Any) -> dict[str, Any]:
    """A small catalogue with one field."""
    labels = {"nb": "Navn", "nn": "Namn", "en": "Name"}
    field = {
        "id": "customer.name",
        "owner": "customer",
        "phase": "agreement",
        "filled_by": "customer",
        "type": "string",
        "required": True,
        "label": labels,
        "source": "own",
    }
    return {"version": 1, "fields": [field | changes], "conditions": {}, "sections": {1: labels}, "values": {}}


def test_the_shipped_catalogue_is_understood() -> None:
    assert CATALOGUE.version == 3
    assert load_catalogue() is CATALOGUE
    assert len(CATALOGUE.fields) == len(load_package_yaml("catalogue.yaml")["fields"])
    assert len({field.id for field in CATALOGUE.fields}) == len(CATALOGUE.fields)


def test_the_front_page_has_room_for_all_of_its_entries() -> None:
    assert 0 < len([field for field in CATALOGUE.fields if field.front]) <= 18


def test_every_field_of_the_agreement_stands_in_a_section_that_has_a_heading() -> None:
    for field in CATALOGUE.of_phase(Phase.AGREEMENT):
        assert field.section in CATALOGUE.sections, field.id


def test_everything_people_read_is_there_in_three_languages() -> None:
    for field in CATALOGUE.fields:
        assert all(field.label(language).strip() for language in Language), field.id
    headings = [labels[language] for labels in CATALOGUE.sections.values() for language in Language]
    words = [
        labels[lang] for codes in CATALOGUE.value_labels.values() for labels in codes.values() for lang in Language
    ]
    assert all(text.strip() for text in headings + words)


def test_every_value_of_a_closed_list_has_a_label_and_no_label_is_left_over() -> None:
    for field in CATALOGUE.fields:
        assert set(CATALOGUE.value_labels.get(field.id, {})) == set(field.values), field.id
        for code in field.values:
            for language in Language:
                assert CATALOGUE.value_label(field.id, code, language).strip()


def test_every_reference_leads_somewhere() -> None:
    for field in CATALOGUE.fields:
        for name in filter(None, (field.when, *field.only_when, *field.max_when)):
            assert name in CATALOGUE.conditions
        for codes in field.only_when.values():
            assert set(codes) <= set(field.values), field.id
    used = {name for field in CATALOGUE.fields for name in (field.when, *field.only_when, *field.max_when) if name}
    assert used == set(CATALOGUE.conditions)


def test_every_default_is_a_value_the_field_itself_takes() -> None:
    defaults = {field.id: field.default for field in CATALOGUE.fields if field.default is not None}
    assert defaults
    for field_id, value in defaults.items():
        assert list(check_value(CATALOGUE, CATALOGUE.field(field_id), value, defaults)) == []


def test_fields_are_found_by_id() -> None:
    assert CATALOGUE.field("customer.orgnr").type is FieldType.ORGNR
    assert CATALOGUE.find_field("customer.orgnr") is CATALOGUE.field("customer.orgnr")
    assert CATALOGUE.find_field("nothing") is None
    with pytest.raises(KeyError):
        CATALOGUE.field("nothing")
    assert CATALOGUE.field("customer.orgnr").owner is Owner.CUSTOMER


def test_a_value_without_a_label_is_shown_as_it_is() -> None:
    assert CATALOGUE.value_label("invoice.method", "pigeon", Language.NB) == "pigeon"


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({}, False),
        ({"service.print_fallback": False}, False),
        ({"service.print_fallback": True}, True),
        ({"service.direct_print": True}, True),
    ],
)
def test_a_field_is_asked_for_when_its_condition_holds(values: dict[str, Any], asked: bool) -> None:
    assert CATALOGUE.is_asked(CATALOGUE.field("print.color"), values) is asked
    assert CATALOGUE.is_asked(CATALOGUE.field("customer.name"), values)


def test_conditions_are_all_any_or_at_least_and_an_empty_one_never_holds() -> None:
    both = Condition(all=(("a", True), ("b", "x")))
    assert both.holds({"a": True, "b": "x"})
    assert not both.holds({"a": True})
    many = Condition(at_least=(("n", 10),))
    assert many.holds({"n": 10})
    assert not any(many.holds({"n": value}) for value in (9, "10", True, None))
    assert Condition(any=(("a", 1),), at_least=(("n", 10),)).holds({"a": 1, "n": 11})
    assert not Condition(any=(("a", 1),), at_least=(("n", 10),)).holds({"a": 2, "n": 11})
    assert not Condition().holds({})


def test_a_small_catalogue_is_understood() -> None:
    catalogue = parse_catalogue(a_document(note="a remark"))
    assert isinstance(catalogue, Catalogue)
    assert catalogue.field("customer.name").label(Language.NN) == "Namn"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"requird": True}, "unknown keys in customer.name"),
        ({"when": "nowhere"}, "unknown condition"),
        ({"only_when": {"nowhere": ["x"]}}, "unknown condition"),
        ({"max_when": {"nowhere": 3}}, "unknown condition"),
        ({"type": "strng"}, "strng"),
        ({"owner": "nobody"}, "nobody"),
        ({"phase": "later"}, "later"),
    ],
)
def test_an_entry_that_is_not_understood_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_catalogue(a_document(**changes))


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("conditions", {"c": {"any": [{"nobody.knows": True}]}}, "unknown field"),
        ("conditions", {"c": {"al": [{"customer.name": "x"}]}}, "unknown keys in a condition"),
        ("values", {"nobody.knows": {}}, "unknown fields"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(key: str, value: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_catalogue(a_document() | {key: value})


def test_a_field_that_stands_twice_is_refused() -> None:
    document = a_document()
    with pytest.raises(ValueError, match="twice"):
        parse_catalogue(document | {"fields": document["fields"] * 2})


def test_a_label_that_lacks_a_language_is_refused() -> None:
    with pytest.raises(KeyError, match="nn"):
        parse_catalogue(a_document(label={"nb": "Navn", "en": "Name"}))
