"""`avtale status`: how many cases stand where, who has the ball, what waits for a person, and whether everything
works.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case, Step
from agreements.language import Language
from agreements.texts import text
from agreements.turn import Duty, Party
from intake.ledger import count_receipts, count_seen, find_oldest_unfinished
from intake.receipts import FINAL_STATES, Receipt, ReceiptState
from onboarding.alarm_watch import read_alarms
from onboarding.alarms import Alarm, alarm_action, alarm_message
from onboarding.answers import Answer, table
from onboarding.case_list import case_rows, case_table
from onboarding.health import Health, read_health
from onboarding.store.judgements import JudgementStatus, list_judgements
from onboarding.store.overview import (
    StepCount,
    count_launched_outside,
    count_overdue,
    count_steps,
    count_turns,
    list_overdue,
)
from onboarding.turns import deadlines_of
from onboarding.views import ignored_in_words, local_time, utc
from onboarding.workspace import Workspace
from outbox.messages import count_messages
from outbox.states import WAITING_FOR_A_PERSON, State

_SHOWN: Final = 10
"""Overdue cases that are shown here; `case list --overdue` has them all."""


def status_answer(workspace: Workspace, language: Language) -> Answer:
    """The whole picture, as data and as lines."""
    now, deadlines = workspace.clock(), deadlines_of(workspace.settings)
    today = norwegian_day(now)
    with workspace.store.read() as connection:
        steps = count_steps(connection)
        turns = count_turns(connection)
        outside = count_launched_outside(connection)
        late = count_overdue(connection, deadlines, today)
        latest = list_overdue(connection, deadlines, today, limit=_SHOWN)
        receipts = count_receipts(connection)
        seen = count_seen(connection)
        oldest = find_oldest_unfinished(connection)
        reviews = list_judgements(connection, status=JudgementStatus.OPEN)
        states = count_messages(connection)
    balls = Counter[Party]()
    for (_, party), count in turns.items():
        balls[party] += count
    health, alarms = read_health(workspace), read_alarms(workspace)
    waiting = _oldest([oldest.seen_at if oldest else None, *(judgement.judged_at for judgement in reviews)])
    data: dict[str, JsonValue] = {
        "environment": workspace.settings.environment,
        "cases": {step.value: steps[step].count for step in Step},
        "launched_outside": outside,
        "oldest": {step.value: utc(steps[step].oldest) for step in Step},
        "waiting_for": {party.value: balls[party] for party in Party},
        "receipts": {state.value: count for state, count in receipts.items()},
        "seen": _seen_data(receipts, seen),
        "oldest_unhandled": None if oldest is None else _oldest_data(oldest, workspace.clock()),
        "overdue": {"count": late, "cases": case_rows(workspace, latest)},
        "reviews": len(reviews),
        "questions": turns.get((Duty.ANSWER_DIGIPOST, Party.VENDOR), 0),
        "messages": {state.value: states[state] for state in State},
        "messages_waiting_for_a_person": sum(states[state] for state in WAITING_FOR_A_PERSON),
        "oldest_waiting": utc(waiting),
        "alarms": [{"code": alarm.code.value, "part": alarm.part, "since": utc(alarm.since)} for alarm in alarms],
        "health": [_health_data(part) for part in health],
    }
    lines = [*_counts(data, language), "", *_step_lines(steps, now, language), ""]
    if outside:
        lines += [text("talk.status.launched_outside", language, count=outside), ""]
    lines += [*_late_lines(workspace, late, latest, language), ""]
    lines += _intake_lines(data["seen"], oldest, now, language)
    lines += ["", *_alarm_lines(alarms, language), "", *_health_lines(health, language)]
    return Answer(data=data, lines=lines)


def _step_lines(steps: Mapping[Step, StepCount], now: datetime, language: Language) -> list[str]:
    """The steps with how long the case has waited whose turn has lasted longest."""
    rows = [
        [text(f"states.step.{step.value}", language), str(found.count), _age(now - found.oldest, language)]
        for step, found in steps.items()
        if found.oldest is not None
    ]
    return table(("step", "count", "oldest"), rows, language)


def _late_lines(workspace: Workspace, late: int, latest: tuple[Case, ...], language: Language) -> list[str]:
    """The escalation list, as far as it is shown here."""
    if not late:
        return [text("talk.status.none_overdue", language)]
    lines = [text("talk.status.overdue", language, count=late), *case_table(workspace, latest, language)]
    return lines if late == len(latest) else [*lines, text("talk.status.more_overdue", language)]


def _seen_data(receipts: Mapping[ReceiptState, int], seen: int) -> dict[str, JsonValue]:
    """Everything that was ever seen, counted by itself, beside what became of it: the sums must agree."""
    final = {state.value: receipts[state] for state in FINAL_STATES}
    return {"total": seen, **final, "open": receipts[ReceiptState.SEEN] + receipts[ReceiptState.STORED]}


def _oldest_data(oldest: Receipt, now: datetime) -> dict[str, JsonValue]:
    age = int((now - oldest.seen_at).total_seconds())
    return {
        "receipt": oldest.id,
        "source": oldest.source,
        "state": oldest.state.value,
        "seen_at": utc(oldest.seen_at),
        "age_seconds": age,
    }


def _intake_lines(seen: JsonValue, oldest: Receipt | None, now: datetime, language: Language) -> list[str]:
    assert isinstance(seen, dict)
    lines = [text("talk.status.seen", language, seen=seen["total"], **seen)]
    if oldest is None:
        return [*lines, text("talk.status.nothing_open", language)]
    age = _age(now - oldest.seen_at, language)
    since = local_time(oldest.seen_at)
    return [*lines, text("talk.status.oldest", language, receipt=oldest.id, age=age, since=since)]


def _age(age: timedelta, language: Language) -> str:
    minutes = int(age.total_seconds()) // 60
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= 2 * length:
            return text(f"talk.status.{unit}", language, count=minutes // length)
    return text("talk.status.minutes", language, count=minutes)


def _alarm_lines(alarms: tuple[Alarm, ...], language: Language) -> list[str]:
    """Each alarm with what it means, then what to do."""
    if not alarms:
        return [text("talk.status.no_alarms", language)]
    rows = [[alarm.code.value, alarm_message(alarm, language), local_time(alarm.since)] for alarm in alarms]
    actions = dict.fromkeys(alarm_action(alarm, language) for alarm in alarms)
    return [*table(("alarm", "message", "since"), rows, language), *actions]


def _counts(data: dict[str, JsonValue], language: Language) -> list[str]:
    groups = (("waiting_for", "party"), ("receipts", "receipt"), ("messages", "message"))
    rows: list[list[str]] = []
    for group, states in groups:
        counts = data[group]
        assert isinstance(counts, dict)
        rows += [
            [text(f"talk.status.{group}", language), text(f"states.{states}.{state}", language), str(count)]
            for state, count in counts.items()
            if count
        ]
    rows += [[text(f"talk.status.{what}", language), "", str(data[what])] for what in ("reviews", "questions")]
    return table(("what", "state", "count"), rows, language)


def _health_lines(health: tuple[Health, ...], language: Language) -> list[str]:
    if not health:
        return [text("talk.status.no_health", language)]
    rows = [[part.part, _how(part, language), local_time(part.at)] for part in health]
    return table(("part", "state", "time"), rows, language)


def _health_data(health: Health) -> dict[str, JsonValue]:
    return {
        "part": health.part,
        "problem": health.problem,
        "since": utc(health.since),
        "ignored": dict(health.ignored),
        "waiting_since": utc(health.waiting_since),
        "at": utc(health.at),
    }


def _how(health: Health, language: Language) -> str:
    state = text("values.ok", language) if health.problem is None else health.problem
    if not health.ignored:
        return state
    return f"{state}, {text('talk.ignored', language, counts=ignored_in_words(health.ignored, language))}"


def _oldest(moments: list[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
