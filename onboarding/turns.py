"""Whose turn it is, in words and for programs: who must do what, by when, and whether that has passed."""

from dataclasses import dataclass
from datetime import date, datetime

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.language import Language
from agreements.texts import text
from agreements.turn import Deadlines, Duty
from agreements.values import format_date
from onboarding.settings import Settings
from onboarding.views import utc


def deadlines_of(settings: Settings) -> Deadlines:
    """As configured."""
    days = settings.deadlines
    return Deadlines(
        working_days={
            Duty.ANSWER_DIGIPOST: days.answer,
            Duty.CONFIRM: days.enquiry,
            Duty.RESUME: days.hold,
            Duty.ISSUE: days.enquiry,
            Duty.REVIEW: days.review,
            Duty.FORWARD: days.forward,
            Duty.ACKNOWLEDGE: days.acknowledgement,
            Duty.DECIDE_PLAN: days.plan,
            Duty.SET_UP: days.configuration,
            Duty.VERIFY: days.verification,
            Duty.LAUNCH: days.verification,
            Duty.HEAR_DIGIPOST: days.acknowledgement,
        },
        customer_days=days.customer,
        signing_days={vendor.id: vendor.signing_days for vendor in settings.vendors},
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a case's turn stands today."""

    case: Case
    due: date | None
    """The last day in time; None where nobody need do anything, or the clock stands still."""
    overdue: bool


def standing_of(case: Case, settings: Settings, now: datetime) -> Standing:
    """By the configured deadlines. A vendor that is no longer configured has none."""
    known = settings.find_vendor(case.vendor_id) is not None
    due = deadlines_of(settings).due(case.turn, case.vendor_id) if case.turn is not None and known else None
    return Standing(case=case, due=due, overdue=due is not None and due < norwegian_day(now))


def standing_data(standing: Standing) -> dict[str, JsonValue]:
    """For programs: `duty`, `since`, `due`, `overdue`; who has the ball stands in `waiting_for`."""
    turn = standing.case.turn
    return {
        "duty": None if turn is None else turn.duty.value,
        "since": None if turn is None else utc(turn.since),
        "due": None if standing.due is None else standing.due.isoformat(),
        "overdue": standing.overdue,
    }


def due_in_words(standing: Standing, language: Language) -> str:
    """`25. november 2026`, with a word where it has passed; empty where there is no deadline."""
    if standing.due is None:
        return ""
    day = format_date(standing.due, language)
    return text("talk.turn.overdue", language, due=day) if standing.overdue else day


def turn_sentence(standing: Standing, language: Language) -> str:
    """Who must do what, and by when; that nobody need do anything."""
    case, turn = standing.case, standing.case.turn
    if turn is None:
        return text("talk.turn.nobody", language)
    what = text(f"duties.{turn.duty.value}", language, case=case.number, agreement=case.in_force or case.number)
    who = text(f"states.party.{turn.party.value}", language)
    if standing.due is None:
        return text("talk.turn.no_deadline", language, who=who, what=what)
    key = "late" if standing.overdue else "by"
    return text(f"talk.turn.{key}", language, who=who, what=what, due=format_date(standing.due, language))
