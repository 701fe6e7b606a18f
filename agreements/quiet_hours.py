"""When mail may reach people: not in quiet hours by Norwegian clocks, and reminders on working days only.

Pure. A day that is changed to summer time or back is as long as its clocks say.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agreements.calendar import is_working_day, norwegian_moment, norwegian_time

_MAX_STEPS: Final = 60
"""Of a search: each goes a day or more forward in two, and no row of holidays is nearly as long."""


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """From one full hour to another, each day, by Norwegian clocks: 22 to 8 goes over midnight."""

    begin: int
    end: int

    def covers(self, moment: datetime) -> bool:
        """Whether a moment (with time zone) is quiet."""
        hour = norwegian_time(moment).hour
        if self.begin < self.end:
            return self.begin <= hour < self.end
        return hour >= self.begin or hour < self.end

    def end_after(self, moment: datetime) -> datetime:
        """When the quiet hours that cover a moment end."""
        local = norwegian_time(moment)
        day = local.date() if local.hour < self.end else local.date() + timedelta(days=1)
        return norwegian_moment(day, self.end)


def parse_quiet_hours(text: str) -> QuietHours:
    """`22-08`: begin and end, full hours. Raises ValueError for anything else, and for hours that begin as they end."""
    begin, _, end = text.partition("-")
    if not all(len(part) == 2 and part.isascii() and part.isdigit() and int(part) < 24 for part in (begin, end)):
        raise ValueError("not of the form 22-08")
    if begin == end:
        raise ValueError("begins when it ends")
    return QuietHours(begin=int(begin), end=int(end))


def next_allowed(moment: datetime, quiet: QuietHours | None, *, working_days: bool = False) -> datetime:
    """The first moment from this one on when mail may leave; the very same if it may now.

    `quiet`: None for none. `working_days`: not on Saturdays, Sundays and public holidays either.
    """
    at = moment
    for _ in range(_MAX_STEPS):
        if working_days and not is_working_day(norwegian_time(at).date()):
            at = norwegian_moment(norwegian_time(at).date() + timedelta(days=1), 0)
        elif quiet is not None and quiet.covers(at):
            at = quiet.end_after(at)
        else:
            return at
    raise AssertionError("no moment is allowed")
