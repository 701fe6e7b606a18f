"""The launch plan as `plan show` and `plan decide` answer it."""

from pathlib import Path

from agreements.canonical import JsonValue
from agreements.case import Case, Step
from agreements.language import Language
from agreements.plan import DECIDERS, Plan, PlanDecision
from agreements.texts import text
from agreements.turn import Party
from agreements.values import format_date
from onboarding.answers import Answer, table
from onboarding.views import case_data
from renderers.templates import words


def plan_answer(plan: Plan, files: tuple[Path, ...], language: Language) -> Answer:
    """The plan as data and as lines, with the files that were written."""
    data: dict[str, JsonValue] = {
        "case": plan.case_number,
        "agreement": plan.agreement_number,
        **plan.decision.model_dump(mode="json"),
        "reasons": [reason.value for reason in plan.reasons],
        "schedule": plan.schedule.model_dump(mode="json"),
        "files": [str(path) for path in files],
    }
    lines = [*_decision_lines(plan.decision, language), "", *_reason_lines(plan, language)]
    return Answer(data=data, lines=[*lines, *_milestone_lines(plan, language), *(str(path) for path in files)])


def decided_answer(case: Case, language: Language) -> Answer:
    """What was decided, and whether set-up begins with it or what it waits for."""
    key = "begun" if case.step is Step.SETUP else "waits"
    said = text(f"talk.plan.{key}", language, case=str(case.number))
    return Answer(data=case_data(case), lines=[text(f"talk.plan.{case.plan.value}", language), said])


def _decision_lines(decision: PlanDecision, language: Language) -> list[str]:
    lines = [text(f"talk.plan.{decision.plan.value}", language)]
    if decision.starts_on is not None:
        lines.append(text("talk.plan.start", language, day=format_date(decision.starts_on, language)))
    say = words(language)
    rows = [
        [say(f"plan.voices.{party.value}"), voice.name, format_date(voice.on, language)]
        for party in (*DECIDERS, Party.CUSTOMER)
        for voice in decision.voices
        if voice.party is party
    ]
    lines += table(("what", "name", "time"), rows, language) if rows else []
    return [*lines, _recruitment_line(decision, language), *decision.note.splitlines()]


def _recruitment_line(decision: PlanDecision, language: Language) -> str:
    if decision.recruitment is None:
        return text("talk.plan.recruitment_not_asked", language)
    if not decision.recruitment:
        return text("talk.plan.no_recruitment", language)
    return text("talk.plan.recruitment", language, measures="; ".join(decision.recruitment))


def _reason_lines(plan: Plan, language: Language) -> list[str]:
    if not plan.reasons:
        return [text("talk.plan.no_reasons", language)]
    return [
        text("talk.plan.reasons", language),
        *(f"  - {words(language)(f'plan.reason.{reason.value}')}" for reason in plan.reasons),
    ]


def _milestone_lines(plan: Plan, language: Language) -> list[str]:
    rows = [
        [
            one.title,
            text(f"states.party.{one.owner.value}", language),
            "" if one.due is None else format_date(one.due, language),
            "" if one.done_on is None else format_date(one.done_on, language),
        ]
        for one in plan.schedule.milestones
    ]
    return ["", *table(("what", "party", "due", "done"), rows, language)] if rows else []
