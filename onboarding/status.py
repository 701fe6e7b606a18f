"""`avtale status`: how many cases stand where, who has the ball, what waits for a person, and whether everything
works.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from agreements.canonical import JsonValue
from agreements.case import Party, Step, waiting_for
from agreements.language import Language
from agreements.texts import text
from intake.ledger import count_receipts, count_seen, find_oldest_unfinished
from intake.receipts import FINAL_STATES, Receipt, ReceiptState
from onboarding.alarm_watch import read_alarms
from onboarding.alarms import Alarm, alarm_action, alarm_message
from onboarding.answers import Answer, table
from onboarding.health import Health, read_health
from onboarding.steps.enquiry import every_case
from onboarding.store.judgements import JudgementStatus, list_judgements
from onboarding.views import ignored_in_words, local_time, utc
from onboarding.workspace import Workspace
from outbox.messages import list_messages
from outbox.states import WAITING_FOR_A_PERSON, State


def status_answer(workspace: Workspace, language: Language) -> Answer:
    """The whole picture, as data and as lines."""
    cases = every_case(workspace)
    with workspace.store.read() as connection:
        receipts = count_receipts(connection)
        seen = count_seen(connection)
        oldest = find_oldest_unfinished(connection)
        reviews = list_judgements(connection, status=JudgementStatus.OPEN)
        messages = list_messages(connection)
    steps = Counter(case.step for case in cases)
    balls = Counter(waiting_for(case) for case in cases)
    states = Counter(message.state for message in messages)
    health, alarms = read_health(workspace), read_alarms(workspace)
    waiting = _oldest([oldest.seen_at if oldest else None, *(judgement.judged_at for judgement in reviews)])
    data: dict[str, JsonValue] = {
        "environment": workspace.settings.environment,
        "cases": {step.value: steps[step] for step in Step},
        "waiting_for": {party.value: balls[party] for party in Party},
        "receipts": {state.value: count for state, count in receipts.items()},
        "seen": _seen_data(receipts, seen),
        "oldest_unhandled": None if oldest is None else _oldest_data(oldest, workspace.clock()),
        "reviews": len(reviews),
        "questions": sum(case.asked for case in cases),
        "messages": {state.value: states[state] for state in State},
        "messages_waiting_for_a_person": sum(states[state] for state in WAITING_FOR_A_PERSON),
        "oldest_waiting": utc(waiting),
        "alarms": [{"code": alarm.code.value, "part": alarm.part, "since": utc(alarm.since)} for alarm in alarms],
        "health": [_health_data(part) for part in health],
    }
    lines = [*_counts(data, language), "", *_intake_lines(data["seen"], oldest, workspace.clock(), language)]
    lines += ["", *_alarm_lines(alarms, language), "", *_health_lines(health, language)]
    return Answer(data=data, lines=lines)


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
    groups = (("cases", "step"), ("waiting_for", "party"), ("receipts", "receipt"), ("messages", "message"))
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
