"""The launch plan's days as a calendar (RFC 5545): whole days, one entry each, the same ones every time it is made."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from icalendar import Calendar, Event

from agreements.language import Language
from agreements.plan import Plan
from agreements.values import format_number
from renderers.agreement_view import plain
from renderers.record import party_label
from renderers.templates import Words, words


def render_calendar(plan: Plan, language: Language) -> bytes:
    """The .ics file. What is done is not in it; a plan without days gives a calendar without entries.

    An entry keeps its UID while its title and kind stay, so that a program that takes the file in again moves it.
    """
    say = words(language)
    calendar = Calendar()
    calendar.add("prodid", "-//avtalemottak//plan//")
    calendar.add("version", "2.0")
    stamp = datetime.combine(plan.made_on, time(), tzinfo=UTC)
    for kind, day, title in _days(plan, language, say):
        entry = Event()
        told = sha256(f"{kind}\n{title}".encode()).hexdigest()[:16]
        entry.add("uid", f"{plan.case_number}-{told}@avtalemottak")
        entry.add("dtstamp", stamp)
        entry.add("dtstart", day)
        entry.add("dtend", day + timedelta(days=1))  # the day after: the end is not part of it (RFC 5545 3.6.1)
        entry.add("summary", f"{title} – {plain(plan.customer.name)}")
        entry.add("description", plan.case_number)
        entry.add("transp", "TRANSPARENT")
        calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def _days(plan: Plan, language: Language, say: Words) -> Iterator[tuple[str, date, str]]:
    """Kind, day and title of everything that has a day."""
    if plan.decision.starts_on is not None:
        yield "start", plan.decision.starts_on, say("plan.day.start")
    for milestone in plan.schedule.milestones:
        if milestone.due is not None and milestone.done_on is None:
            owner = party_label(milestone.owner, language)
            yield "milestone", milestone.due, f"{plain(milestone.title)} ({owner})"
    if plan.schedule.pilot is not None and plan.schedule.pilot.starts_on is not None:
        yield "pilot", plan.schedule.pilot.starts_on, say("plan.day.pilot")
    for step in plan.schedule.ramp:
        letters = format_number(step.monthly_letters, language)
        yield "ramp", step.starts_on, say("plan.day.ramp", letters=letters)
    if plan.first_send_date is not None:
        yield "first", plan.first_send_date, say("plan.day.first")
