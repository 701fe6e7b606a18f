"""`avtale status`: how many cases stand where, who has the ball, what waits for a person, and whether everything
works.
"""

from collections import Counter
from datetime import datetime

from agreements.canonical import JsonValue
from agreements.case import Party, Step, waiting_for
from agreements.language import Language
from agreements.texts import text
from intake.ledger import count_receipts, find_oldest_unfinished
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
        oldest = find_oldest_unfinished(connection)
        reviews = list_judgements(connection, status=JudgementStatus.OPEN)
        messages = list_messages(connection)
    steps = Counter(case.step for case in cases)
    balls = Counter(waiting_for(case) for case in cases)
    states = Counter(message.state for message in messages)
    health = read_health(workspace)
    waiting = _oldest([oldest.seen_at if oldest else None, *(judgement.judged_at for judgement in reviews)])
    data: dict[str, JsonValue] = {
        "environment": workspace.settings.environment,
        "cases": {step.value: steps[step] for step in Step},
        "waiting_for": {party.value: balls[party] for party in Party},
        "receipts": {state.value: count for state, count in receipts.items()},
        "reviews": len(reviews),
        "messages": {state.value: states[state] for state in State},
        "messages_waiting_for_a_person": sum(states[state] for state in WAITING_FOR_A_PERSON),
        "oldest_waiting": utc(waiting),
        "health": [_health_data(part) for part in health],
    }
    return Answer(data=data, lines=[*_counts(data, language), "", *_health_lines(health, language)])


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
    rows.append([text("talk.status.reviews", language), "", str(data["reviews"])])
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
        "ignored": dict(health.ignored),
        "at": utc(health.at),
    }


def _how(health: Health, language: Language) -> str:
    state = text("values.ok", language) if health.problem is None else health.problem
    if not health.ignored:
        return state
    return f"{state}, {text('talk.ignored', language, counts=ignored_in_words(health.ignored, language))}"


def _oldest(moments: list[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
