"""Map and form together: what a map may say, and every mistake in it."""

from typing import Any

import pytest
from pydantic import ValidationError

from agreements.catalogue import load_catalogue
from renderers.forms.examining import examine
from renderers.forms.formmap import FormMap
from renderers.forms.placing import place
from tests.renderers.form_samples import (
    MARKS,
    MM,
    SIGNATURES,
    VALUES,
    changed,
    fillable,
    fillable_map,
    flat,
    flat_map,
    form,
)


def faults(form_map: dict[str, Any], pdf: bytes | None = None) -> list[tuple[str, str]]:
    """Where in the map, and what."""
    outline = examine(flat() if pdf is None else pdf).outline
    assert outline is not None
    placed = place(FormMap.model_validate(form_map), outline, load_catalogue())
    assert (placed.layout is None) == bool(placed.faults)
    return [(".".join(map(str, fault.where)), fault.code) for fault in placed.faults]


def values(**changes: Any) -> dict[str, Any]:
    return flat_map(values={**VALUES, **{key.replace("__", "."): value for key, value in changes.items()}})


def free(**more: Any) -> dict[str, Any]:
    """A place that nothing else is at."""
    return {"page": 1, "at": [20, 150, 80, 8], **more}


@pytest.mark.parametrize(
    ("form_map", "expected"),
    [
        (values(customer__nmae=free()), ("values.customer.nmae", "form_unknown_value_near")),
        (values(zzz=free()), ("values.zzz", "form_unknown_value")),
        (values(setup__sender_id=free()), ("values.setup.sender_id", "form_not_agreed")),
        (values(vendor__name=free(part="city")), ("values.vendor.name.0.part", "form_no_such_part")),
        (values(vendor__name=free(at=[20, 150, 80, 3])), ("values.vendor.name.0", "form_too_low")),
        (values(vendor__name=free(at=[150, 150, 80, 8])), ("values.vendor.name.0.at", "form_off_page")),
        (values(vendor__name=free(at=[20, 295, 80, 8])), ("values.vendor.name.0.at", "form_off_page")),
        (values(vendor__name=free(at=[20, 150, 0, 8])), ("values.vendor.name.0.at", "form_off_page")),
        (values(vendor__name=free(page=3)), ("values.vendor.name.0.page", "form_no_such_page")),
        (values(vendor__name={"field": "x"}), ("values.vendor.name.0.field", "form_unknown_field")),
        (values(vendor__name=free(at=[20, 40, 80, 8])), ("values.customer.orgnr", "form_overlap")),
        (flat_map(leave_empty=["x"]), ("leave_empty.0", "form_unknown_field")),
        (flat_map(qr={"page": 1, "at": [182, 8]}), ("qr", "form_page_without")),
        (flat_map(qr=[{"at": [182, 8]}, {"at": [10, 8]}]), ("qr.1", "form_page_twice")),
        (
            flat_map(footer=[{"at": [20, 284, 170, 6]}, {"page": 3, "at": [1, 1, 9, 9]}]),
            ("footer.1.page", "form_no_such_page"),
        ),
        (flat_map(qr={"at": [200, 8]}), ("qr.0.at", "form_off_page")),
        (flat_map(signatures={}), ("signatures", "form_no_first_signature")),
        (flat_map(signatures={**SIGNATURES, "Signatur3": free()}), ("signatures.Signatur3", "form_no_such_signature")),
        (
            flat_map(signatures={"Signatur1": {"page": 2, "at": [20, 65, 30, 25]}}),
            ("signatures.Signatur1.0", "form_too_small"),
        ),
        (flat_map(marks={"customer.name": {"x": free()}}), ("marks.customer.name", "form_no_codes")),
        (flat_map(marks={"service.html": {"false": free()}}), ("marks.service.html", "form_no_box_for_yes")),
        (
            flat_map(marks={"service.channel": {"fax": free()}}),
            ("marks.service.channel.fax", "form_no_such_code"),
        ),
        (
            flat_map(marks={"service.html": {"true": free(at=[20, 150, 2, 2])}}),
            ("marks.service.html.true.0", "form_too_small"),
        ),
    ],
)
def test_a_mistake_in_the_map_is_told_where_it_stands(form_map: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in faults(form_map)
    assert len(faults(form_map)) <= 2  # two pages may lack the same thing


def test_who_the_agreement_is_with_must_stand_on_the_form() -> None:
    lacking = {key: value for key, value in VALUES.items() if not key.startswith("customer.")}
    assert faults(flat_map(values=lacking)) == [("values", "form_value_required")] * 2


def test_all_mistakes_are_told_at_once() -> None:
    wrong = values(zzz=free(), setup__sender_id=free(at=[110, 150, 80, 8])) | {"signatures": {}, "leave_empty": ["x"]}
    assert {code for _, code in faults(wrong)} == {
        *("form_unknown_value", "form_not_agreed", "form_no_first_signature", "form_unknown_field")
    }


def test_a_field_that_the_map_does_not_mention_is_a_mistake() -> None:
    assert faults(fillable_map() | {"leave_empty": []}, fillable()) == [("leave_empty", "form_field_forgotten")]


def test_a_field_left_empty_that_is_filled_in_is_a_mistake() -> None:
    def fill(pdf: Any) -> None:
        next(item for item in pdf.Root.AcroForm.Fields if item.T == "kundenummer").V = "4711"

    assert faults(fillable_map(), changed(fill, base=fillable())) == [("leave_empty.0", "form_field_has_value")]


@pytest.mark.parametrize(
    ("key", "entry", "expected"),
    [
        ("values", {"customer.name": {"field": "kunde.orgnr"}}, "form_field_twice"),
        ("values", {"customer.name": {"field": "kunde.nvan"}}, "form_unknown_field_near"),
        ("values", {"customer.name": {"field": "kanal"}}, "form_other_kind"),
        ("marks", {"service.html": {"true": {"field": "kunde.navn"}}}, "form_other_kind"),
        ("marks", {"service.channel": {"api": {"field": "kanal"}}}, "form_which_option"),
        ("marks", {"service.channel": {"api": {"field": "kanal", "option": "Faks"}}}, "form_which_option"),
    ],
)
def test_a_mistake_about_a_field_is_told(key: str, entry: dict[str, Any], expected: str) -> None:
    good = fillable_map()
    found = [code for _, code in faults(good | {key: {**good[key], **entry}}, fillable())]
    assert found[0] == expected
    assert set(found) <= {expected, "form_field_forgotten"}


def test_places_may_be_counted_from_either_corner_and_in_either_unit() -> None:
    orgnr = form().layout.values[0].rectangle
    expected = (20 * MM, (297 - 46) * MM, 100 * MM, (297 - 38) * MM)
    assert (orgnr.x0, orgnr.y0, orgnr.x1, orgnr.y1) == pytest.approx(expected, abs=0.1)
    below = flat_map(
        corner="bottom-left",
        unit="pt",
        values={
            "customer.orgnr": {"page": 1, "at": list(_size(expected))},
            "customer.name": {"page": 1, "at": [300, 600, 200, 20]},
        },
        marks={},
        signatures={"Signatur1": {"page": 2, "at": [60, 300, 200, 80]}},
        number=[],
        qr={"at": [500, 780]},
        footer={"at": [60, 20, 450, 15]},
    )
    again = form(form_map=below).layout.values[0].rectangle
    assert (again.x0, again.y0, again.x1, again.y1) == pytest.approx(expected, abs=0.1)


def _size(corners: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = corners
    return x0, y0, x1 - x0, y1 - y0


def test_a_place_named_by_a_field_is_where_the_field_is() -> None:
    by_field, by_place = form(fillable(), fillable_map()).layout, form().layout
    for one, other in zip(
        (*by_field.values, *by_field.marks, *by_field.signatures),
        (*by_place.values, *by_place.marks, *by_place.signatures),
        strict=True,
    ):
        assert one.page == other.page
        assert one.rectangle.x0 == pytest.approx(other.rectangle.x0, abs=0.1)
        assert one.rectangle.y1 == pytest.approx(other.rectangle.y1, abs=0.1)
        assert one.many is other.many


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"values": {"customer.name": {"page": 1}}}, "form_place_how"),
        ({"values": {"customer.name": free(field="x")}}, "form_place_how"),
        ({"values": {"customer.name": {"at": [1, 1, 50, 10]}}}, "form_place_page"),
        ({"title": "A" * 59}, "form_bad_title"),
        ({"title": "one\ntwo"}, "form_bad_title"),
        ({"name": "Digipost avtale"}, "form_bad_name"),
        ({"name": "standard"}, "form_bad_name"),
    ],
)
def test_a_map_that_is_wrong_in_itself_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        FormMap.model_validate(flat_map(**change))
    assert [error["ctx"]["code"] for error in refused.value.errors() if "ctx" in error] == [code]


def test_the_maps_of_the_tests_are_good() -> None:
    assert faults(flat_map()) == []
    assert faults(fillable_map(), fillable()) == []
    assert set(form().layout.printed) == VALUES.keys() | MARKS.keys()
