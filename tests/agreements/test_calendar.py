"""Norwegian working days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.calendar import add_working_days, is_working_day, norwegian_day, working_days_between

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    "day",
    [
        date(2027, 3, 25),  # Maundy Thursday
        date(2027, 3, 26),  # Good Friday
        date(2027, 3, 29),  # Easter Monday
        date(2027, 5, 6),  # Ascension Day
        date(2026, 5, 1),
        date(2027, 5, 17),  # Constitution Day, and Whit Monday in this year
        date(2026, 12, 25),
        date(2025, 12, 26),
        date(2026, 1, 1),
        date(2026, 11, 21),  # a Saturday
        date(2026, 11, 22),  # a Sunday
    ],
)
def test_holidays_and_weekends_are_no_working_days(day: date) -> None:
    assert not is_working_day(day)


@pytest.mark.parametrize("day", [date(2026, 12, 24), date(2026, 12, 31), date(2026, 11, 23), date(2027, 3, 24)])
def test_christmas_eve_and_new_years_eve_are_working_days(day: date) -> None:
    assert is_working_day(day)


def test_two_working_days_over_easter_take_a_week() -> None:
    assert add_working_days(date(2027, 3, 23), 2) == date(2027, 3, 30)
    assert working_days_between(date(2027, 3, 23), date(2027, 3, 30)) == 2


def test_no_days_from_a_holiday_is_the_next_working_day() -> None:
    assert add_working_days(date(2026, 5, 1), 0) == date(2026, 5, 4)
    assert add_working_days(date(2026, 5, 4), 0) == date(2026, 5, 4)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_days(date(2026, 11, 23), -1)
    assert working_days_between(date(2026, 11, 23), date(2026, 11, 23)) == 0
    assert working_days_between(date(2026, 11, 23), date(2026, 11, 1)) == 0


@given(DAYS, st.integers(0, 30))
def test_adding_ends_on_a_working_day_and_counts_as_many(start: date, days: int) -> None:
    end = add_working_days(start, days)
    assert is_working_day(end)
    assert end >= start
    if is_working_day(start):
        assert working_days_between(start, end) == days


@given(DAYS)
def test_every_week_has_a_day_off_and_no_day_is_skipped(day: date) -> None:
    assert not all(is_working_day(day + timedelta(days=n)) for n in range(7))
    following = add_working_days(day, 1)
    between = (day + timedelta(days=n) for n in range(1, (following - day).days))
    first = add_working_days(day, 0)
    assert not any(is_working_day(skipped) for skipped in between if skipped < first)


def test_the_day_is_that_of_norway_not_of_the_clock_in_utc() -> None:
    assert norwegian_day(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2027, 1, 1)
    assert norwegian_day(datetime(2026, 7, 1, 21, 59, tzinfo=UTC)) == date(2026, 7, 1)
    assert norwegian_day(datetime(2026, 7, 1, 22, 0, tzinfo=UTC)) == date(2026, 7, 2)
