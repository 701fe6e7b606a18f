"""How Digipost's side of a case looks: its answers, what it asks, what it suggests, what it wants or sent back."""

import json
from collections.abc import Iterator, Sequence

from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case, Step
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, table
from onboarding.digipost_answers import AnswerKind, DigipostAnswer, answer_events, answer_of
from onboarding.record import EventKind
from onboarding.sent_back import SentBack
from onboarding.store.events import Event
from onboarding.views import case_data, case_row, local_time, utc
from outbox.messages import Message

_CASE_COLUMNS = ("case", "customer", "step", "agreement", "waiting_for", "updated")
_ANSWER_COLUMNS = ("receipt", "answer", "evidence", "time")


def digipost_data(case: Case, events: tuple[Event, ...]) -> JsonValue:
    """What Digipost has said of a case, for programs. `events`: the case's."""
    answers: list[JsonValue] = [_answer_data(event) for event in answer_events(events)]
    items: list[JsonValue] = [
        {"at": utc(event.at), "item": json.loads(event.data)["item"]}
        for event in _of_kind(events, EventKind.FORWARD_ITEM)
    ]
    return {"asked": case.asked, "answers": answers, "items": items}


def digipost_lines(case: Case, events: tuple[Event, ...], language: Language) -> list[str]:
    """The same for people: the answers, then what somebody must do about them."""
    answers = answer_events(events)
    rows = [_answer_row(event, language) for event in answers]
    listed = [text("talk.digipost.answers", language), *table(_ANSWER_COLUMNS, rows, language)] if rows else []
    return [*listed, *_to_do(case, [answer_of(event) for event in answers], language), *_wanted(case, events, language)]


def sent_back_answer(outcome: SentBack, items: Sequence[str], language: Language) -> Answer:
    """What `forward returned` came to."""
    case = outcome.case
    data: dict[str, JsonValue] = {
        **case_data(case),
        "returned": str(outcome.agreement) if case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST else None,
        "items": list(items),
        "withdrawn": [message.id for message in outcome.withdrawn],
        "may_arrive": [message.id for message in outcome.may_arrive],
    }
    lines = table(_CASE_COLUMNS, [case_row(case, language)], language)
    said = "talk.digipost.items" if items else "talk.digipost.returned"
    lines += ["", text(said, language, case=case.number, agreement=outcome.agreement, count=len(items))]
    for key, messages in (("withdrawn", outcome.withdrawn), ("may_arrive", outcome.may_arrive)):
        if messages:
            lines.append(text(f"talk.digipost.{key}", language, messages=_ids(messages)))
    return Answer(data=data, lines=lines)


def case_answer(case: Case, language: Language) -> Answer:
    """A case after it was changed."""
    return Answer(data=case_data(case), lines=table(_CASE_COLUMNS, [case_row(case, language)], language))


def _of_kind(events: tuple[Event, ...], kind: EventKind) -> tuple[Event, ...]:
    return tuple(event for event in events if event.kind == kind)


def _answer_data(event: Event) -> JsonValue:
    answer = answer_of(event)
    return {
        "at": utc(event.at),
        "receipt": answer.receipt,
        "answer": answer.kind.value,
        "automatic": answer.automatic,
        "attests": answer.attests,
        "evidence": answer.evidence.value,
        "sender_ids": list(answer.sender_ids),
    }


def _answer_row(event: Event, language: Language) -> list[str]:
    answer = answer_of(event)
    kind = text(f"states.answer.{answer.kind.value}", language)
    if answer.automatic:
        kind = f"{kind} ({text('talk.digipost.automatic', language)})"
    return [str(answer.receipt), kind, text(f"terms.evidence.{answer.evidence}", language), local_time(event.at)]


def _to_do(case: Case, answers: list[DigipostAnswer], language: Language) -> Iterator[str]:
    questions = [answer for answer in answers if answer.kind is AnswerKind.QUESTION]
    if case.asked and questions:
        yield text("talk.digipost.asked", language, receipt=questions[-1].receipt, case=case.number)
    for answer in answers:
        if answer.attests and case.step is Step.VERIFICATION:
            yield text("talk.digipost.attests", language, receipt=answer.receipt, case=case.number)
    suggested = {number: answer.receipt for answer in answers for number in answer.sender_ids}
    for number, receipt in suggested.items():
        yield text("talk.digipost.sender_id", language, number=number, receipt=receipt)


def _wanted(case: Case, events: tuple[Event, ...], language: Language) -> Iterator[str]:
    """What Digipost wants of the version in force, while the case is on hold for it."""
    wanted = (json.loads(event.data) for event in _of_kind(events, EventKind.FORWARD_ITEM))
    for data in wanted:
        if case.held and data["agreement"] == str(case.in_force):
            yield text("talk.digipost.wants", language, item=data["item"])


def _ids(messages: tuple[Message, ...]) -> str:
    return ", ".join(str(message.id) for message in messages)
