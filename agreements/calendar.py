"""Norwegian working days: Monday to Friday, less the public holidays (package `holidays`).

24 and 31 December are ordinary working days here: they are no public holidays by law (lov om helligdager og
helligdagsfred § 2 has only the days themselves), and a deadline that pretends otherwise would be late for those who do
work.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_OSLO = ZoneInfo("Europe/Oslo")


@cache
def _norway() -> Mapping[date, str]:
    import holidays  # here: most commands ask for no working day

    return holidays.country_holidays("NO")  # fills itself year by year as days are asked for


def norwegian_time(moment: datetime) -> datetime:
    """The same moment by Norwegian clocks."""
    return moment.astimezone(_OSLO)


def norwegian_day(moment: datetime) -> date:
    """The calendar day it is in Norway: what agreements are dated by and deadlines count from."""
    return norwegian_time(moment).date()


def norwegian_moment(day: date, hour: int) -> datetime:
    """A full hour (0–23) of a day by Norwegian clocks; one that is skipped or comes twice is the first there is."""
    return datetime.combine(day, time(hour), tzinfo=_OSLO).astimezone(UTC)


def is_working_day(day: date) -> bool:
    """True for Monday to Friday that are not public holidays in Norway."""
    return day.weekday() < 5 and day not in _norway()


def add_working_days(start: date, days: int) -> date:
    """The day that is `days` (≥ 0) working days after `start`; with 0, the first working day from `start` on."""
    if days < 0:
        raise ValueError("days must not be negative")
    day = start
    for _ in range(days):
        day = _next_working_day(day + timedelta(days=1))
    return _next_working_day(day)


def subtract_working_days(end: date, days: int) -> date:
    """The latest day from which `working_days_between` counts `days` (≥ 0) working days more than from `end`."""
    if days < 0:
        raise ValueError("days must not be negative")
    day = end
    while days:
        days -= is_working_day(day)
        day -= timedelta(days=1)
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after `start` up to and including `end`; 0 if `end` is not later."""
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def _next_working_day(day: date) -> date:
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
