"""Whose turn it is, until when: deadlines over the Norwegian holidays, and the clock of step 4."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.calendar import subtract_working_days, working_days_between
from agreements.case import AgreementState, LaunchPlan, Step, with_clock, with_setup_ball
from agreements.duties import duty_of, hand_over
from agreements.turn import (
    Deadlines,
    Duty,
    Pace,
    Party,
    SetupClock,
    Turn,
    move_start,
    pause_clock,
    run_clock,
    start_clock,
)
from tests.agreements.ground_examples import LATER, NOW, a_case

S = AgreementState
DEADLINES = Deadlines(
    working_days=dict.fromkeys(Duty, 2) | {Duty.REVIEW: 1}, customer_days=5, signing_days={"fjord": 30, "treg": 3}
)
DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2028, 12, 31))


def turn(duty: Duty, counts_from: date | None, party: Party = Party.VENDOR) -> Turn:
    return Turn(duty=duty, party=party, since=NOW, counts_from=counts_from)


@pytest.mark.parametrize(
    ("begun", "due"),
    [
        (date(2027, 3, 23), date(2027, 3, 30)),  # the Tuesday before Easter: Wednesday, and Tuesday after Easter Monday
        (date(2027, 3, 24), date(2027, 3, 31)),  # Wednesday: Maundy Thursday to Easter Monday are holidays
        (date(2027, 4, 30), date(2027, 5, 4)),  # 1 May is a Saturday
        (date(2027, 5, 13), date(2027, 5, 18)),  # 17 May and Whit Monday are the same Monday
        (date(2026, 12, 23), date(2026, 12, 28)),  # Christmas Eve counts, Christmas Day and the week-end do not
        (date(2026, 12, 31), date(2027, 1, 5)),
        (date(2027, 5, 5), date(2027, 5, 10)),  # Ascension Day is Thursday 6 May
        (date(2026, 11, 28), date(2026, 12, 1)),  # from a Saturday
    ],
)
def test_a_set_up_is_due_after_two_norwegian_working_days(begun: date, due: date) -> None:
    assert DEADLINES.due(turn(Duty.SET_UP, begun), "fjord") == due
    clock = start_clock(begun, None)
    assert clock.pace(due, deadline=2) is Pace.SLOW  # the second day is in time
    assert clock.pace(due + timedelta(days=1), deadline=2) in {Pace.LATE, Pace.SLOW}
    assert clock.pace(due + timedelta(days=7), deadline=2) is Pace.LATE


def test_signing_counts_days_of_the_calendar_by_vendor() -> None:
    assert DEADLINES.due(turn(Duty.SIGN, date(2026, 12, 20), Party.CUSTOMER), "treg") == date(2026, 12, 23)
    assert DEADLINES.due(turn(Duty.SIGN, date(2026, 12, 20), Party.CUSTOMER), "fjord") == date(2027, 1, 19)


def test_while_the_clock_stands_still_nothing_is_due() -> None:
    assert DEADLINES.due(turn(Duty.SET_UP, None), "fjord") is None


@given(today=DAYS, duty=st.sampled_from(list(Duty)), back=st.integers(0, 60), vendor=st.sampled_from(["fjord", "treg"]))
def test_the_day_a_database_compares_with_tells_what_is_overdue(
    today: date, duty: Duty, back: int, vendor: str
) -> None:
    counts_from = today - timedelta(days=back)
    due = DEADLINES.due(turn(duty, counts_from), vendor)
    assert due is not None
    latest = DEADLINES.latest_overdue(duty, Party.VENDOR, vendor, today=today)
    assert (due < today) == (counts_from <= latest)


@given(end=DAYS, days=st.integers(0, 40), later=st.integers(0, 40))
def test_working_days_are_taken_back_as_they_are_counted(end: date, days: int, later: int) -> None:
    start = subtract_working_days(end, days)
    until = end + timedelta(days=later)
    assert working_days_between(start, until) == days + working_days_between(end, until)


@given(begun=DAYS, steps=st.lists(st.tuples(st.booleans(), st.integers(0, 10)), max_size=12))
def test_the_clock_counts_exactly_the_days_the_customer_does_not_have_the_ball(
    begun: date, steps: list[tuple[bool, int]]
) -> None:
    clock, day, used = start_clock(begun, None), begun, 0
    running = True
    for customer, days in steps:
        clock = (pause_clock if customer else run_clock)(clock, day)
        running = not customer
        following = day + timedelta(days=days)
        used += working_days_between(day, following) if running else 0
        day = following
        assert clock.used(day) == used
    assert (clock.counts_from is None) is not running


def test_the_clock_starts_at_the_later_of_the_forward_and_the_planned_start() -> None:
    assert start_clock(date(2026, 11, 24), date(2027, 1, 4)).counts_from == date(2027, 1, 4)
    assert start_clock(date(2027, 1, 11), date(2027, 1, 4)).counts_from == date(2027, 1, 11)
    assert start_clock(date(2026, 11, 24), None).used(date(2026, 11, 24)) == 0
    waiting = start_clock(date(2026, 11, 24), date(2027, 1, 4))
    assert waiting.pace(date(2026, 12, 18), deadline=2) is Pace.ON_TIME
    handed_back = run_clock(pause_clock(waiting, date(2026, 12, 1)), date(2026, 12, 8))
    assert handed_back.counts_from == date(2027, 1, 4)  # the planned start is kept


def test_another_planned_start_keeps_what_was_used() -> None:
    clock = start_clock(date(2026, 11, 23), None)
    moved = move_start(clock, date(2026, 12, 7), date(2026, 11, 24))  # one day used
    assert moved.used(date(2026, 12, 7)) == 1
    assert moved.used(date(2026, 12, 8)) == 2
    paused = pause_clock(clock, date(2026, 11, 24))
    assert move_start(paused, date(2026, 12, 7), date(2026, 11, 25)).counts_from is None


def test_paused_is_told_whatever_was_used() -> None:
    clock = SetupClock(starts_on=date(2026, 11, 2), counts_from=None, spent=9)
    assert clock.pace(date(2026, 11, 24), deadline=2) is Pace.PAUSED


def test_the_clock_follows_the_work_list() -> None:
    case = with_clock(a_case(step=Step.SETUP, agreement_state=S.FORWARDED, plan=LaunchPlan.DIRECT), None, now=NOW)
    theirs = hand_over(with_setup_ball(case, Party.CUSTOMER, now=LATER))
    assert theirs.turn is not None
    assert (theirs.turn.duty, theirs.turn.party) == (Duty.SET_UP, Party.CUSTOMER)
    assert theirs.clock == SetupClock(starts_on=date(2026, 11, 23), counts_from=None, spent=1)
    back = hand_over(with_setup_ball(theirs, Party.DIGIPOST, now=LATER + timedelta(days=10)))
    assert back.turn is not None
    assert back.turn.counts_from == date(2026, 12, 3)  # Friday 4 December, less the day that was used
    done = hand_over(with_setup_ball(back, None, now=LATER + timedelta(days=11)))
    assert done.turn is not None
    assert done.turn.duty is Duty.VERIFY


def test_a_turn_keeps_its_beginning_until_another_takes_its_place() -> None:
    first = hand_over(a_case(agreement_state=S.ISSUED, issued_on=date(2026, 11, 20), updated_at=NOW))
    sent = hand_over(replace(first, agreement_state=S.SENT, updated_at=LATER))
    assert sent.turn == first.turn
    assert sent.turn is not None
    assert (sent.turn.since, sent.turn.counts_from) == (NOW, date(2026, 11, 20))
    returned = hand_over(replace(sent, agreement_state=S.RETURNED, updated_at=LATER))
    assert returned.turn == Turn(duty=Duty.REVIEW, party=Party.VENDOR, since=LATER, counts_from=date(2026, 11, 24))


@pytest.mark.parametrize(
    ("changes", "duty"),
    [
        ({"asked": True, "held": True}, Duty.ANSWER_DIGIPOST),
        ({"held": True, "unconfirmed": True}, Duty.RESUME),
        ({"unconfirmed": True, "asking": True}, Duty.CONFIRM),
        ({"asking": True, "agreement_state": S.SENT}, Duty.HEAR_DIGIPOST),
        ({"step": Step.ENQUIRY, "agreement_state": S.DRAFT}, Duty.ISSUE),
        ({"agreement_state": S.FORWARDED}, Duty.ACKNOWLEDGE),
        ({"agreement_state": S.ACKNOWLEDGED}, Duty.DECIDE_PLAN),
        ({"step": Step.SETUP, "agreement_state": S.APPROVED}, Duty.FORWARD),
        ({"step": Step.VERIFICATION, "agreement_state": S.ACKNOWLEDGED}, Duty.VERIFY),
        ({"step": Step.LAUNCHED, "agreement_state": S.ACKNOWLEDGED, "asked": True}, Duty.ANSWER_DIGIPOST),
    ],
)
def test_what_stops_a_case_comes_before_where_it_stands(changes: dict[str, object], duty: Duty) -> None:
    found = duty_of(a_case(**changes))
    assert found is not None
    assert found[0] is duty


def test_nobody_need_do_anything_with_a_case_that_is_over() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for step in (Step.LAUNCHED, Step.CLOSED):
        assert hand_over(a_case(step=step, turn=turn(Duty.VERIFY, now.date()))).turn is None
