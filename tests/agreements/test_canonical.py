"""One spelling for one value, and one for one moment."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.canonical import canonical_json, sha256_of
from agreements.times import format_utc, parse_utc

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(codec="utf-8"))),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters(codec="utf-8")), inner)),
    max_leaves=10,
)
MOMENTS = st.builds(
    datetime.fromtimestamp,
    st.integers(0, 32_000_000_000).map(lambda moment: moment / 8),
    st.timezones(),
)


@given(JSON)
def test_canonical_json_is_json_of_the_same_value_in_one_line(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert "\n" not in text
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers()))
def test_the_order_in_which_keys_came_does_not_matter(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_json(turned) == canonical_json(value)
    assert sha256_of(turned) == sha256_of(value)


def test_the_spelling_and_the_hash_are_fixed() -> None:
    assert canonical_json({"b": [1, None], "a": "å"}) == '{"a":"å","b":[1,null]}'
    assert sha256_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 11, 23, tzinfo=UTC), {1, 2}])
def test_what_json_can_not_hold_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)


@given(MOMENTS)
def test_a_moment_is_read_back_as_it_was_written(moment: datetime) -> None:
    assert parse_utc(format_utc(moment)) == moment.astimezone(UTC)


@given(MOMENTS, MOMENTS)
def test_the_order_of_the_texts_is_the_order_of_the_moments(one: datetime, other: datetime) -> None:
    one, other = one.astimezone(UTC), other.astimezone(UTC)
    assert (format_utc(one) < format_utc(other)) == (one < other)


def test_times_are_written_in_utc_with_one_width() -> None:
    oslo = timezone(timedelta(hours=1))
    assert format_utc(datetime(2026, 11, 23, 9, 57, 20, tzinfo=oslo)) == "2026-11-23T08:57:20.000000Z"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_utc(datetime(2026, 11, 23))  # noqa: DTZ001
    with pytest.raises(ValueError, match="match"):
        parse_utc("2026-11-23T08:57:20")
