"""The vendor is reminded of its cases that are late: one letter on a working morning, with all of them.

A case calls for a letter on the first day it is late, and again as many days later as `reminders.after_days` says, at
most `reminders.at_most` times; the letter names every case that is late, whoever has the ball, for the vendor is the
one who talks to all the others (seed, step 1). May be repeated: the day of the last letter stands in `meta`, in the
transaction that enqueues it.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from agreements.calendar import norwegian_day
from agreements.case import Case
from agreements.quiet_hours import next_allowed
from agreements.texts import text
from agreements.values import format_date
from onboarding.correspondence.addressing import resolve_address
from onboarding.correspondence.writing import Written, make_message
from onboarding.purposes import Purpose
from onboarding.redirection import subject_prefix
from onboarding.rendering import private_fonts
from onboarding.settings import VendorSettings
from onboarding.settings.model import Reminders
from onboarding.store.meta import list_meta, put_meta
from onboarding.store.overview import list_overdue
from onboarding.turns import deadlines_of, standing_of
from onboarding.workspace import Workspace
from outbox.messages import NewMessage, enqueue

MAX_NAMED: Final = 50
"""Cases in one letter; ours: whoever is late with more works from `avtale case list --overdue`."""
_MARK: Final = "overdue:"


def write_overdue(workspace: Workspace) -> None:
    """Write what is due, for each vendor. Raises ConfigurationError for an address that mail can't be sent to."""
    now, reminders = workspace.clock(), workspace.settings.reminders
    if not reminders.at_most or next_allowed(now, reminders.quiet_hours, working_days=True) != now:
        return
    for vendor in workspace.settings.vendors:
        _write(workspace, vendor, now)


def calls_for_letter(due: date, rules: Reminders, *, last: date | None, today: date) -> bool:
    """Whether a case that was due on a day calls for a letter now. `last`: the day of the last one, if any."""
    days = [due + timedelta(days=1 + after) for after in (0, *rules.after_days)][: rules.at_most]
    return any(day <= today and (last is None or last < day) for day in days)


def _write(workspace: Workspace, vendor: VendorSettings, now: datetime) -> None:
    today, mark = norwegian_day(now), _MARK + vendor.id
    with workspace.store.read() as connection:
        noted = list_meta(connection, mark).get(mark)
        late = list_overdue(connection, deadlines_of(workspace.settings), today, vendor_id=vendor.id, limit=1000)
    last = None if noted is None else date.fromisoformat(noted)
    if last == today or not any(_calls(workspace, case, last, now) for case in late):
        return
    message = _letter(workspace, vendor, late, now)
    with workspace.store.begin() as connection:
        put_meta(connection, mark, today.isoformat())
        enqueue(connection, message, now=now)


def _calls(workspace: Workspace, case: Case, last: date | None, now: datetime) -> bool:
    due = standing_of(case, workspace.settings, now).due
    rules = workspace.settings.reminders
    return due is not None and calls_for_letter(due, rules, last=last, today=norwegian_day(now))


def _letter(workspace: Workspace, vendor: VendorSettings, late: tuple[Case, ...], now: datetime) -> NewMessage:
    private_fonts()
    from renderers.letters import OverdueLetter, render_overdue

    settings, language = workspace.settings, workspace.settings.language
    resolved = resolve_address(settings, vendor.contact.email)
    letter = OverdueLetter(
        vendor=vendor.party(),
        subject_prefix=subject_prefix(settings, resolved, language),
        lines=tuple(_lines(workspace, late[:MAX_NAMED], now)),
        more=max(0, len(late) - MAX_NAMED),
    )
    subject, body = render_overdue(letter, language)
    written = Written(
        purpose=Purpose.OVERDUE,
        key=f"{Purpose.OVERDUE}:{vendor.id}:{norwegian_day(now).isoformat()}",
        vendor=vendor,
        case=None,
        resolved=resolved,
        subject=subject,
        body=body,
    )
    return make_message(workspace, written, now=now)


def _lines(workspace: Workspace, late: tuple[Case, ...], now: datetime) -> Iterator[str]:
    """Number, organisation, who must do what, and since when it is late."""
    language = workspace.settings.language
    for case in late:
        due = standing_of(case, workspace.settings, now).due
        assert case.turn is not None
        assert due is not None
        who = text(f"states.party.{case.turn.party.value}", language)
        what = text(f"states.duty.{case.turn.duty.value}", language)
        words = {"customer": case.customer_name, "who": who, "what": what, "due": format_date(due, language)}
        yield text("mail.overdue_line", language, case=case.number, **words)
