"""The launch plan as a PDF: the decision and who made it, then what happens when. What is missing is said."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from agreements.case import LaunchPlan
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.plan import DECIDERS, Milestone, PilotGroup, Plan, PlanContact, RampStep, silent_parties
from agreements.turn import Party
from agreements.values import format_date, format_number
from renderers.agreement_view import plain
from renderers.printing import print_pdf
from renderers.record import STYLESHEETS, party_label, plain_lines
from renderers.templates import Words, fill, words


@dataclass(frozen=True, kw_only=True)
class _Voice:
    party: str
    name: str
    on: str


@dataclass(frozen=True, kw_only=True)
class _Milestone:
    title: str
    owner: str
    due: str
    done: str
    is_done: bool


def render_plan(plan: Plan, language: Language) -> bytes:
    """The printable plan. Raises ConfigurationError `render_failed` if the page can't be made exactly as meant."""
    say = words(language)
    html = fill(
        "plan.html",
        language,
        style=None,
        title=say("plan.document_title", number=plan.case_number),
        plan=plan,
        customer=plain(plan.customer.name),
        vendor=plain(plan.vendor.name),
        system=plain(plan.vendor.system_name),
        made_on=format_date(plan.made_on, language),
        decided=plan.decision.plan is not LaunchPlan.OPEN,
        all_heard=not silent_parties(plan.decision),
        starts_on=_date(plan.decision.starts_on, language),
        note=plain_lines(plan.decision.note),
        voices=list(_voices(plan, language, say)),
        reasons=[say(f"plan.reason.{reason.value}") for reason in plan.reasons],
        scope=list(_scope(plan, language)),
        milestones=[_milestone(milestone, language, say) for milestone in plan.schedule.milestones],
        pilot=_pilot(plan.schedule.pilot, language, say),
        ramp=[_ramp_step(step, language) for step in plan.schedule.ramp],
        recruitment=[plain(measure) for measure in plan.decision.recruitment or ()],
        communication=plain_lines(plan.schedule.communication),
        rollback=_rollback(plan.schedule.rollback),
    )
    return print_pdf(html, *STYLESHEETS, made_on=plan.made_on)


def _voices(plan: Plan, language: Language, say: Words) -> Iterator[_Voice]:
    """Every named person by party; a party nobody speaks for has its empty line."""
    for party in (*DECIDERS, Party.CUSTOMER):
        heard = [voice for voice in plan.decision.voices if voice.party is party]
        label = say(f"plan.voices.{party.value}")
        for voice in heard:
            yield _Voice(party=label, name=plain(voice.name), on=format_date(voice.on, language))
        if not heard:
            yield _Voice(party=label, name="", on="")


def _scope(plan: Plan, language: Language) -> Iterator[tuple[str, list[str]]]:
    """Under the catalogue's own labels, line by line: what the organisation said in the agreement."""
    volume = "" if plan.monthly_volume is None else format_number(plan.monthly_volume, language)
    told = {
        "launch.first_send_date": plain_lines(_date(plan.first_send_date, language)),
        "launch.monthly_volume": plain_lines(volume),
        "launch.peaks": plain_lines(plan.peaks),
    }
    yield from ((load_catalogue().field(field_id).label(language), lines) for field_id, lines in told.items() if lines)


def _milestone(milestone: Milestone, language: Language, say: Words) -> _Milestone:
    parts = (_date(milestone.done_on, language), plain(milestone.done_by))
    return _Milestone(
        title=plain(milestone.title),
        owner=party_label(milestone.owner, language),
        due=_date(milestone.due, language) or say("plan.no_due"),
        done="\n".join(part for part in parts if part) if milestone.done_on else say("plan.not_done"),
        is_done=milestone.done_on is not None,
    )


def _ramp_step(step: RampStep, language: Language) -> tuple[str, str]:
    return format_date(step.starts_on, language), format_number(step.monthly_letters, language)


def _pilot(pilot: PilotGroup | None, language: Language, say: Words) -> list[tuple[str, str]]:
    if pilot is None:
        return []
    size = "" if pilot.size is None else format_number(pilot.size, language)
    told = {
        "plan.pilot_recipients": plain(pilot.recipients),
        "plan.pilot_size": size,
        "plan.pilot_start": _date(pilot.starts_on, language),
    }
    return [(say(key), value) for key, value in told.items() if value]


def _rollback(contact: PlanContact | None) -> str:
    if contact is None:
        return ""
    return ", ".join(plain(part) for part in (contact.name, contact.phone, contact.email) if part)


def _date(day: date | None, language: Language) -> str:
    return "" if day is None else format_date(day, language)
