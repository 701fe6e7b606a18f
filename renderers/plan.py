"""The launch plan as a PDF: the decision and who made it, then what happens when. What is missing is said."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from agreements.case import LaunchPlan, Party
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.plan import DECIDERS, Milestone, Plan, silent_parties
from agreements.texts import text
from agreements.values import format_date, format_number
from renderers.agreement_view import plain
from renderers.printing import print_pdf
from renderers.templates import Words, fill, words

_STYLESHEETS = ("page.css", "summary.css", "record.css")


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
        note=_lines(plan.decision.note),
        voices=list(_voices(plan, language, say)),
        reasons=[say(f"plan.reason.{reason.value}") for reason in plan.reasons],
        scope=list(_scope(plan, language)),
        milestones=[_milestone(milestone, language, say) for milestone in plan.milestones],
        pilot=_pilot(plan, language, say),
        ramp=[(format_date(s.starts_on, language), format_number(s.monthly_letters, language)) for s in plan.ramp],
        recruitment=[plain(measure) for measure in plan.recruitment or ()],
        communication=_lines(plan.communication),
        rollback=_rollback(plan),
    )
    return print_pdf(html, *_STYLESHEETS, made_on=plan.made_on)


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
        "launch.first_send_date": _lines(_date(plan.first_send_date, language)),
        "launch.monthly_volume": _lines(volume),
        "launch.peaks": _lines(plan.peaks),
    }
    yield from ((load_catalogue().field(field_id).label(language), lines) for field_id, lines in told.items() if lines)


def _milestone(milestone: Milestone, language: Language, say: Words) -> _Milestone:
    parts = (_date(milestone.done_on, language), plain(milestone.done_by))
    return _Milestone(
        title=plain(milestone.title),
        owner=_begin(text(f"states.party.{milestone.owner.value}", language)),
        due=_date(milestone.due, language) or say("plan.no_due"),
        done="\n".join(part for part in parts if part) if milestone.done_on else say("plan.not_done"),
        is_done=milestone.done_on is not None,
    )


def _pilot(plan: Plan, language: Language, say: Words) -> list[tuple[str, str]]:
    if plan.pilot is None:
        return []
    size = "" if plan.pilot.size is None else format_number(plan.pilot.size, language)
    told = {
        "plan.pilot_recipients": plain(plan.pilot.recipients),
        "plan.pilot_size": size,
        "plan.pilot_start": _date(plan.pilot.starts_on, language),
    }
    return [(say(key), value) for key, value in told.items() if value]


def _rollback(plan: Plan) -> str:
    if plan.rollback is None:
        return ""
    return ", ".join(plain(part) for part in (plan.rollback.name, plan.rollback.phone, plan.rollback.email) if part)


def _lines(written: str) -> list[str]:
    return [line for line in (plain(line) for line in written.splitlines()) if line]


def _date(day: date | None, language: Language) -> str:
    return "" if day is None else format_date(day, language)


def _begin(label: str) -> str:
    """A word alone in its cell begins like a sentence."""
    return label[:1].upper() + label[1:]
