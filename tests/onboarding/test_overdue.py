"""The vendor's letter about late cases: once on a working morning, and never when nothing is late."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from agreements.calendar import norwegian_time
from onboarding.correspondence.overdue import calls_for_letter, write_overdue
from onboarding.purposes import Purpose
from onboarding.settings.model import Reminders
from onboarding.store.overview import count_overdue, list_overdue
from onboarding.turns import deadlines_of
from tests.onboarding.installation import Installation, parsed

DUE = date(2026, 12, 1)
D = timedelta(days=1)


@pytest.mark.parametrize(
    ("today", "last", "called"),
    [
        (DUE, None, False),
        (DUE + D, None, True),
        (DUE + D, DUE + D, False),
        (DUE + 5 * D, DUE + D, False),
        (DUE + 6 * D, DUE + D, True),
        (DUE + 20 * D, DUE + D, True),  # nothing ran for two weeks: one letter, not two
        (DUE + 20 * D, DUE + 11 * D, False),  # the last one has been
        (DUE + 400 * D, DUE + 399 * D, False),
    ],
)
def test_a_case_calls_for_a_letter_when_it_is_late_and_then_seldom(
    today: date, last: date | None, called: bool
) -> None:
    rules = Reminders(after_days=(5, 10), at_most=3)
    assert calls_for_letter(DUE, rules, last=last, today=today) is called
    assert not calls_for_letter(DUE, Reminders(after_days=(5, 10), at_most=0), last=None, today=today)


def letters(office: Installation) -> list[str]:
    with_purpose = [one for one in office.messages() if one.purpose == Purpose.OVERDUE]
    return [str(parsed(office.workspace.blobs.read(one.sha256)).get_content()) for one in with_purpose]


def until(office: Installation, right: Callable[[datetime], bool], days: int) -> None:
    """Some days on, at the first hour that is right by Norwegian clocks."""
    office.clock.ahead += timedelta(days=days)
    while not right(norwegian_time(office.workspace.clock())):
        office.clock.ahead += timedelta(hours=1)


def monday_morning(now: datetime) -> bool:
    return now.weekday() == 0 and now.hour == 10 and now.astimezone(UTC).date() != date(2026, 12, 28)


def test_the_vendor_is_told_of_its_late_cases_once_a_morning(installation: Installation) -> None:
    number = str(installation.enquire("Kari Nordmann").number)
    write_overdue(installation.workspace)
    assert letters(installation) == []
    until(installation, lambda now: now.weekday() == 6, 12)
    write_overdue(installation.workspace)
    assert letters(installation) == []  # not on a Sunday
    until(installation, monday_morning, 0)
    for _ in range(2):
        write_overdue(installation.workspace)
    [told] = letters(installation)
    assert number in told
    assert "utstede avtalen innen" in told
    installation.run()
    assert [mail for mail in installation.every_mail() if number in str(mail.get_content())]
    until(installation, monday_morning, 6)
    write_overdue(installation.workspace)
    assert len(letters(installation)) == 2


def test_counted_and_listed_are_the_same(installation: Installation) -> None:
    for _ in range(3):
        installation.enquire("Kari Nordmann")
    later = date.today() + timedelta(days=90)  # noqa: DTZ011 - far beyond any deadline
    with installation.workspace.store.read() as connection:
        deadlines = deadlines_of(installation.workspace.settings)
        listed = list_overdue(connection, deadlines, later)
        assert count_overdue(connection, deadlines, later) == len(listed) >= 3
        first = list_overdue(connection, deadlines, later, limit=2)
        assert first == listed[:2]
        assert list_overdue(connection, deadlines, later, vendor_id="finnes-ikke") == ()
