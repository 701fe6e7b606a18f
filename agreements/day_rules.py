"""Days that no agreement may be issued with, given the day it is: a start before the issue, a birth date nobody has.

Whether a text is a date at all is `values`' to say; these rules need a calendar, and so are asked apart: of what was
just given, and of everything once more when the agreement is issued. A start that was right may have passed by then.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import Values
from agreements.values import Fault

FIRST_SEND_DATE: Final = "launch.first_send_date"
BIRTH_DATES: Final = ("admin.birth_date", "signer.birth_date", "signer2.birth_date")
"""The last is a column of the import only; the catalogue's second signer has a name and a role."""
MAX_YEARS_AHEAD: Final = 3
"""How far ahead a start may lie; ours: beyond it is a slip of the keyboard, or an enquiry that comes too early."""
MIN_AGE: Final = 15
"""Years. From fifteen a minor may run a business, with guardians' and the County Governor's consent (vergemålsloven
§ 11); whoever is younger signs for nobody. Whether a minor has that consent is not for a birth date to say."""
MAX_AGE: Final = 120
"""Years; ours, a bound of common sense: few have ever been older (a century mistyped has)."""


def check_days(values: Values, *, today: date) -> tuple[Fault, ...]:
    """The faults of the days among the values. What is no date is passed over: `check_values` tells of it.

    The catalogue's rule of `launch.first_send_date`: on or after the day of issue. There is no setting for a lead time.
    """
    faults = [_start_fault(day, today) for day in _days(values.get(FIRST_SEND_DATE))]
    faults += [birth_date_fault(name, day, today=today) for name in BIRTH_DATES for day in _days(values.get(name))]
    return tuple(fault for fault in faults if fault is not None)


def birth_date_fault(field_id: str, born: date, *, today: date) -> Fault | None:
    """What is wrong with the birth date of somebody who is to sign or to administrate; None for nothing."""
    if born > today:
        return Fault(field_id=field_id, code="birth_date_in_future", params={})
    if born > _years_from(today, -MIN_AGE):
        return Fault(field_id=field_id, code="birth_date_too_young", params={"limit": MIN_AGE})
    if born < _years_from(today, -MAX_AGE):
        return Fault(field_id=field_id, code="birth_date_too_old", params={"limit": MAX_AGE})
    return None


def _start_fault(start: date, today: date) -> Fault | None:
    if start < today:
        return Fault(field_id=FIRST_SEND_DATE, code="day_has_passed", params={})
    if start > _years_from(today, MAX_YEARS_AHEAD):
        return Fault(field_id=FIRST_SEND_DATE, code="day_too_far_ahead", params={"limit": MAX_YEARS_AHEAD})
    return None


def _days(value: JsonValue) -> Iterator[date]:
    """The value as a day, if it is one."""
    if isinstance(value, str):
        try:
            yield date.fromisoformat(value)
        except ValueError:
            return


def _years_from(day: date, years: int) -> date:
    """The same day that many years off; the day after 28 February where there is no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
