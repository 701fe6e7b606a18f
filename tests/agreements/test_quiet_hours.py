"""Quiet hours by Norwegian clocks: over midnight, over both changes of the clock, over Easter."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agreements.calendar import is_working_day, norwegian_moment, norwegian_time
from agreements.quiet_hours import QuietHours, next_allowed, parse_quiet_hours

NIGHT = QuietHours(begin=22, end=8)
HOURS = st.integers(0, 23)
MOMENTS = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def local(moment: datetime) -> str:
    return norwegian_time(moment).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("day", "hour", "allowed"),
    [
        (date(2026, 11, 23), 21, "2026-11-23 21:00"),
        (date(2026, 11, 23), 22, "2026-11-24 08:00"),
        (date(2026, 11, 24), 0, "2026-11-24 08:00"),
        (date(2026, 11, 24), 7, "2026-11-24 08:00"),
        (date(2026, 11, 24), 8, "2026-11-24 08:00"),
        (date(2027, 3, 27), 23, "2027-03-28 08:00"),  # the night that lacks an hour
        (date(2026, 10, 24), 23, "2026-10-25 08:00"),  # the night that has one more
        (date(2026, 12, 31), 23, "2027-01-01 08:00"),
    ],
)
def test_the_night_ends_at_eight_by_the_clock_on_the_wall(day: date, hour: int, allowed: str) -> None:
    assert local(next_allowed(norwegian_moment(day, hour), NIGHT)) == allowed


def test_the_night_of_summer_time_is_nine_hours_and_that_of_winter_time_eleven() -> None:
    for day, hours in ((date(2027, 3, 27), 9), (date(2026, 10, 24), 11), (date(2026, 11, 23), 10)):
        begins = norwegian_moment(day, 22)
        assert next_allowed(begins, NIGHT) - begins == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "hour", "allowed"),
    [
        (date(2027, 3, 24), 22, "2027-03-30 08:00"),  # the Wednesday before Easter, to the Tuesday after it
        (date(2026, 11, 27), 22, "2026-11-30 08:00"),
        (date(2026, 11, 28), 12, "2026-11-30 08:00"),
        (date(2027, 5, 15), 12, "2027-05-18 08:00"),  # Saturday, Whit Sunday, Whit Monday and 17 May on one day
        (date(2026, 12, 24), 12, "2026-12-24 12:00"),  # an ordinary working day (docs/adr/0009)
        (date(2026, 12, 25), 12, "2026-12-28 08:00"),
    ],
)
def test_a_reminder_waits_for_the_next_working_morning(day: date, hour: int, allowed: str) -> None:
    assert local(next_allowed(norwegian_moment(day, hour), NIGHT, working_days=True)) == allowed


def test_without_quiet_hours_every_moment_will_do() -> None:
    midnight = norwegian_moment(date(2026, 11, 28), 0)
    assert next_allowed(midnight, None) == midnight
    assert local(next_allowed(midnight, None, working_days=True)) == "2026-11-30 00:00"


@settings(max_examples=300, deadline=None)
@given(MOMENTS, HOURS, HOURS, st.booleans())
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 2, 3, False)  # 02:30 the first time
@example(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 3, 2, False)  # 02:30 the second time: quiet hours are over
@example(datetime(2027, 3, 28, 0, 59, tzinfo=UTC), 1, 2, False)  # they end in the hour that is not there
def test_the_allowed_moment_is_the_first_one_that_is_not_quiet(
    moment: datetime, begin: int, end: int, working_days: bool
) -> None:
    if begin == end:
        return
    quiet = QuietHours(begin=begin, end=end)

    def is_allowed(at: datetime) -> bool:
        return not quiet.covers(at) and (not working_days or is_working_day(norwegian_time(at).date()))

    found = next_allowed(moment, quiet, working_days=working_days)
    assert found >= moment
    assert is_allowed(found)
    before = moment
    while before < found:
        assert not is_allowed(before), (local(before), local(found))
        before += timedelta(minutes=30)


@pytest.mark.parametrize(
    "text", ["", "22", "22-", "22-8", "22–08", "24-08", "22-22", "a-b", "22-08-09", "²2-08", "-1-08"]
)
def test_what_is_no_pair_of_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"22-08|begins"):
        parse_quiet_hours(text)


def test_hours_are_read_as_they_are_written() -> None:
    assert parse_quiet_hours("22-08") == NIGHT
    assert parse_quiet_hours("00-06") == QuietHours(begin=0, end=6)
