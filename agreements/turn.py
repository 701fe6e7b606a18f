"""Whose turn it is (hvem har ballen), what they must do, and how long they have had it.

Pure values. A deadline counts working days from a Norwegian day; the clock of step 4 stands still while the customer
has the ball (seed step 4: "ikke skal ta lenger enn 1-2 dager" is about vendor and Digipost).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from agreements.calendar import add_working_days, subtract_working_days, working_days_between

SETUP_DAYS_BEFORE_AMBER: Final = 1
"""Working days after which a set-up is told of as slow; seed step 4: "1-2 dager"."""


class Party(StrEnum):
    """Who has the ball."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    DIGIPOST = "digipost"


class Duty(StrEnum):
    """What must be done next, by whoever has the ball. Words: `duties.<duty>`."""

    ANSWER_DIGIPOST = "answer_digipost"
    CONFIRM = "confirm"
    RESUME = "resume"
    ISSUE = "issue"
    SIGN = "sign"
    REVIEW = "review"
    FORWARD = "forward"
    ACKNOWLEDGE = "acknowledge"
    DECIDE_PLAN = "decide_plan"
    SET_UP = "set_up"
    VERIFY = "verify"
    LAUNCH = "launch"
    HEAR_DIGIPOST = "hear_digipost"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One party's turn: it lasts until another duty or another party takes its place."""

    duty: Duty
    party: Party
    since: datetime
    counts_from: date | None
    """The Norwegian day the deadline counts from; None while the clock stands still."""


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long each turn may last, as configured."""

    working_days: Mapping[Duty, int]
    customer_days: int
    """Working days the customer gets for its own part of the set-up."""
    signing_days: Mapping[str, int] = field(default_factory=dict)
    """Vendor id -> calendar days from the issue to the last day to sign (`vendors[].signing_days`)."""

    def due(self, turn: Turn, vendor_id: str) -> date | None:
        """The last day on which it is in time; None while the clock stands still."""
        if turn.counts_from is None:
            return None
        if turn.duty is Duty.SIGN:
            return turn.counts_from + timedelta(days=self.signing_days[vendor_id])
        return add_working_days(turn.counts_from, self._days(turn.duty, turn.party))

    def latest_overdue(self, duty: Duty, party: Party, vendor_id: str, *, today: date) -> date:
        """The latest day from which a turn counts that is overdue today: `due` of it is before today, the next's not.

        What a database can compare with, row by row.
        """
        if duty is Duty.SIGN:
            return today - timedelta(days=self.signing_days[vendor_id] + 1)
        days = self._days(duty, party)
        day = today - timedelta(days=1)
        while add_working_days(day, days) >= today:
            day -= timedelta(days=1)
        return day

    def _days(self, duty: Duty, party: Party) -> int:
        by_customer = duty is Duty.SET_UP and party is Party.CUSTOMER
        return self.customer_days if by_customer else self.working_days[duty]


class Pace(StrEnum):
    """How a set-up is getting on. Words: `states.pace.<pace>`."""

    ON_TIME = "on_time"
    SLOW = "slow"
    """More than one working day used (amber)."""
    LATE = "late"
    """More than the deadline used (red)."""
    PAUSED = "paused"
    """The customer has the ball."""


@dataclass(frozen=True, kw_only=True)
class SetupClock:
    """The clock of step 4: from the later of the accepted forward and the planned start, less the customer's time."""

    starts_on: date
    counts_from: date | None
    """While it runs: the day it would have started on if it had never stood still. None while it stands still."""
    spent: int = 0
    """Working days used before it stood still; 0 while it runs."""

    def used(self, today: date) -> int:
        """Working days used so far."""
        return self.spent if self.counts_from is None else working_days_between(self.counts_from, today)

    def pace(self, today: date, *, deadline: int) -> Pace:
        """`deadline`: working days that vendor and Digipost have. The day a count falls due is still in time."""
        if self.counts_from is None:
            return Pace.PAUSED
        used = self.used(today)
        if used > deadline:
            return Pace.LATE
        return Pace.SLOW if used > SETUP_DAYS_BEFORE_AMBER else Pace.ON_TIME


def start_clock(begun: date, planned: date | None) -> SetupClock:
    """The clock of a set-up that begins. `planned`: the start that was planned, if one was."""
    day = begun if planned is None else max(begun, planned)
    return SetupClock(starts_on=day, counts_from=day)


def pause_clock(clock: SetupClock, today: date) -> SetupClock:
    """The customer gets the ball; nothing changes if it had it already."""
    return replace(clock, spent=clock.used(today), counts_from=None)


def run_clock(clock: SetupClock, today: date) -> SetupClock:
    """Vendor or Digipost has the ball (again); nothing changes if they had it already."""
    if clock.counts_from is not None:
        return clock
    day = max(today, clock.starts_on)
    return replace(clock, counts_from=subtract_working_days(day, clock.spent), spent=0)


def move_start(clock: SetupClock, planned: date, today: date) -> SetupClock:
    """Another start was planned while set-up was under way: what was used is used, and the rest counts from then."""
    later = replace(pause_clock(clock, today), starts_on=planned)
    return later if clock.counts_from is None else run_clock(later, today)
