"""Days that make no sense are told of; days at the very edge are not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.day_rules import BIRTH_DATES, FIRST_SEND_DATE, check_days

TODAY = date(2026, 11, 23)
LEAP_DAY = date(2028, 2, 29)


def codes(field_id: str, day: str, today: date = TODAY) -> list[str]:
    return [fault.code for fault in check_days({field_id: day}, today=today)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("0001-01-01", ["day_has_passed"]),
        ("2026-11-22", ["day_has_passed"]),
        ("2026-11-23", []),
        ("2029-11-23", []),
        ("2029-11-24", ["day_too_far_ahead"]),
        ("9999-12-31", ["day_too_far_ahead"]),
    ],
)
def test_a_start_is_between_the_day_of_issue_and_three_years_ahead(day: str, expected: list[str]) -> None:
    assert codes(FIRST_SEND_DATE, day) == expected


@pytest.mark.parametrize("field_id", BIRTH_DATES)
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2090-01-01", ["birth_date_in_future"]),
        ("2026-11-24", ["birth_date_in_future"]),
        ("2026-11-23", ["birth_date_too_young"]),
        ("2011-11-24", ["birth_date_too_young"]),
        ("2011-11-23", []),
        ("1906-11-23", []),
        ("1906-11-22", ["birth_date_too_old"]),
        ("0001-01-01", ["birth_date_too_old"]),
    ],
)
def test_a_birth_date_is_that_of_somebody_who_may_sign(field_id: str, day: str, expected: list[str]) -> None:
    assert codes(field_id, day) == expected


def test_leap_days_have_neighbours_where_there_is_none() -> None:
    assert codes(FIRST_SEND_DATE, "2031-03-01", LEAP_DAY) == []
    assert codes(FIRST_SEND_DATE, "2031-03-02", LEAP_DAY) == ["day_too_far_ahead"]
    assert codes("signer.birth_date", "2013-03-01", LEAP_DAY) == []
    assert codes("signer.birth_date", "2013-03-02", LEAP_DAY) == ["birth_date_too_young"]


def test_what_is_no_day_is_for_others_to_tell() -> None:
    values = {FIRST_SEND_DATE: "i morgen", "signer.birth_date": None, "admin.birth_date": 7}
    assert check_days(values, today=TODAY) == ()


@given(st.integers(0, 1095), st.dates(date(2020, 1, 1), date(2090, 1, 1)))
def test_a_start_within_three_years_is_never_refused(ahead: int, today: date) -> None:
    assert codes(FIRST_SEND_DATE, (today + timedelta(days=ahead)).isoformat(), today) == []
