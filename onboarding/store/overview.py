"""Many cases at once: counted and picked by the database, from its indexes, however many there are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa

from agreements.case import AgreementState, Case, Closing, Step
from agreements.casenumber import CaseNumber
from agreements.times import format_utc, parse_utc
from agreements.turn import Deadlines, Duty, Party
from onboarding.store.cases import read_cases
from onboarding.store.tables import OPEN_STEPS, cases

_IN_ORDER: Final = (cases.c.year, cases.c.serial)
_AT_ONCE: Final = 500  # parameters of one statement; SQLite took 999 for long


@dataclass(frozen=True, kw_only=True)
class StepCount:
    """How many cases are in a step, and since when the one whose turn has lasted longest has waited."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Which cases are wanted; None: any."""

    step: Step | None = None
    waiting_for: Party | None = None
    duty: Duty | None = None
    vendor_id: str | None = None


def count_steps(connection: sa.Connection) -> Mapping[Step, StepCount]:
    """Every step, those without cases too."""
    query = sa.select(cases.c.step, sa.func.count(), sa.func.min(cases.c.since)).group_by(cases.c.step)
    found = {
        Step(step): StepCount(count=count, oldest=None if since is None else parse_utc(since))
        for step, count, since in connection.execute(query)
    }
    return {step: found.get(step, StepCount(count=0, oldest=None)) for step in Step}


def count_launched_outside(connection: sa.Connection) -> int:
    """How many organisations send although step 5 was never done here."""
    outside = sa.select(sa.func.count()).select_from(cases)
    outside = outside.where(cases.c.step == Step.CLOSED.value, cases.c.closing == Closing.LAUNCHED_OUTSIDE.value)
    return int(connection.execute(outside).scalar_one())


def count_turns(connection: sa.Connection) -> Mapping[tuple[Duty, Party], int]:
    """The open turns: what must be done, by whom, in how many cases."""
    query = (
        sa.select(cases.c.duty, cases.c.waiting_for, sa.func.count())
        .where(cases.c.duty.is_not(None))
        .group_by(cases.c.duty, cases.c.waiting_for)
    )
    return {(Duty(duty), Party(party)): count for duty, party, count in connection.execute(query)}


def list_page(
    connection: sa.Connection, wanted: CaseFilter, *, after: CaseNumber | None = None, limit: int | None = None
) -> tuple[Case, ...]:
    """Cases by number, oldest first, from the one behind `after` on; at most `limit`."""
    columns = {"step": wanted.step, "waiting_for": wanted.waiting_for, "duty": wanted.duty}
    query = sa.select(cases).order_by(*_IN_ORDER)
    query = query.where(*(cases.c[name] == value.value for name, value in columns.items() if value is not None))
    if wanted.vendor_id is not None:
        query = query.where(cases.c.vendor_id == wanted.vendor_id)
    if after is not None:
        query = query.where(sa.tuple_(*_IN_ORDER) > sa.tuple_(sa.literal(after.year), sa.literal(after.serial)))
    return read_cases(connection, query.limit(limit))


def list_agreement_states(connection: sa.Connection, *states: AgreementState) -> tuple[Case, ...]:
    """The open cases whose agreement is in one of these states, by number."""
    known = [state.value for state in states]
    query = sa.select(cases).where(OPEN_STEPS, cases.c.agreement_state.in_(known)).order_by(*_IN_ORDER)
    return read_cases(connection, query)


def list_changed(connection: sa.Connection, since: datetime) -> tuple[Case, ...]:
    """The open cases that have changed since a moment, by number."""
    query = sa.select(cases).where(OPEN_STEPS, cases.c.updated_at >= format_utc(since)).order_by(*_IN_ORDER)
    return read_cases(connection, query)


def count_overdue(connection: sa.Connection, deadlines: Deadlines, today: date) -> int:
    """How many cases' turns have lasted longer than they may."""
    late = sa.or_(sa.false(), *_ranges(connection, deadlines, today))
    return int(connection.execute(sa.select(sa.func.count()).select_from(cases).where(late)).scalar_one())


def list_overdue(
    connection: sa.Connection,
    deadlines: Deadlines,
    today: date,
    *,
    limit: int | None = None,
    vendor_id: str | None = None,
) -> tuple[Case, ...]:
    """The cases whose turn has lasted longer than it may, those that count from the earliest day first.

    Each kind of turn by itself, in the order of the index, and rows only of those that are wanted: sorting them all
    together would read them all.
    """
    columns = (cases.c.counts_from, *_IN_ORDER, cases.c.case_number)
    keys: list[tuple[str, int, int, str]] = []
    for late in _ranges(connection, deadlines, today):
        query = sa.select(*columns).where(late).order_by(*columns[:3]).limit(limit)
        if vendor_id is not None:
            query = query.where(cases.c.vendor_id == vendor_id)
        keys += [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]
    wanted = [key[3] for key in sorted(keys)[:limit]]
    found = {str(case.number): case for case in _by_number(connection, wanted)}
    return tuple(found[number] for number in wanted)


def _by_number(connection: sa.Connection, numbers: list[str]) -> Iterator[Case]:
    for begin in range(0, len(numbers), _AT_ONCE):
        part = numbers[begin : begin + _AT_ONCE]
        yield from read_cases(connection, sa.select(cases).where(cases.c.case_number.in_(part)))


def _ranges(connection: sa.Connection, deadlines: Deadlines, today: date) -> Iterator[sa.ColumnElement[bool]]:
    """A range of the index for each kind of turn there is; of signing for each vendor's own number of days."""
    for duty, party in count_turns(connection):
        if duty is not Duty.SIGN:
            yield _counts_until(duty, party, deadlines.latest_overdue(duty, party, "", today=today))
    for vendor_id in deadlines.signing_days:
        latest = deadlines.latest_overdue(Duty.SIGN, Party.CUSTOMER, vendor_id, today=today)
        yield _counts_until(Duty.SIGN, Party.CUSTOMER, latest) & (cases.c.vendor_id == vendor_id)


def _counts_until(duty: Duty, party: Party, latest: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        cases.c.duty == duty.value, cases.c.waiting_for == party.value, cases.c.counts_from <= latest.isoformat()
    )
