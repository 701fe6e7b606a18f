"""`avtale agreement send` for several cases: a result for each, in the order they were given.

Each case is one transaction of its own, so stopping at any moment sends nothing twice; the same command goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Event

from agreements.agreement import SigningRoute
from agreements.canonical import JsonValue
from agreements.errors import AvtaleError
from agreements.language import Language
from agreements.parties import Actor
from agreements.texts import text
from onboarding.answers import Answer, answer_of_many, error_entries, error_lines
from onboarding.correspondence.permit import allowed_from
from onboarding.correspondence.signing import Request, prepare_request, send_request
from onboarding.purposes import Purpose
from onboarding.views import local_time, utc
from onboarding.workspace import Workspace


class Result(StrEnum):
    """What became of a case."""

    QUEUED = "queued"
    """In the outbox; `avtale run` sends it."""
    WOULD_SEND = "would_send"
    """Nothing stands in the way, and nothing was written (`--dry-run`)."""
    FAILED = "failed"
    WAITING = "waiting"
    """It was stopped before this one's turn."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One case's result."""

    number: str
    result: Result
    request: Request | None = None
    message: int | None = None
    """The message's row in the outbox."""
    leaves_at: datetime | None = None
    """When it may leave by the clock; later than now in quiet hours."""
    error: AvtaleError | None = None


def send_many(
    workspace: Workspace,
    numbers: Sequence[str],
    actor: Actor | None,
    *,
    stop: Event,
    done: Callable[[], object],
) -> tuple[Outcome, ...]:
    """Put every case's request into the outbox. `actor`: None for looking only (`--dry-run`).

    `done` is called after each; once `stop` is set, the rest waits.
    """
    outcomes: list[Outcome] = []
    for number in numbers:
        if stop.is_set():
            outcomes.append(Outcome(number=number, result=Result.WAITING))
            continue
        try:
            outcomes.append(_send(workspace, number, actor))
        except AvtaleError as error:
            outcomes.append(Outcome(number=number, result=Result.FAILED, error=error))
        done()
    return tuple(outcomes)


def send_answer(outcomes: Sequence[Outcome], language: Language, *, stopped: bool) -> Answer:
    """The outcomes for programs and for people; the exit code is the worst of them."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    lines = [line for outcome in outcomes for line in _lines(outcome, language)]
    return answer_of_many([_row(outcome, language) for outcome in outcomes], lines, errors, language, stopped=stopped)


def told(outcomes: Sequence[Outcome], language: Language, *, now: datetime) -> list[str]:
    """What stood in the way, case by case; what is to be uploaded beside; when what is queued leaves, if not now."""
    lines: list[str] = []
    for outcome in outcomes:
        if outcome.error is not None:
            first, *rest = error_lines(outcome.error, language)
            lines += [f"{outcome.number}: {first}", *rest]
        elif outcome.request is not None and outcome.request.agreement.route is SigningRoute.SERVICE:
            lines.append(text("talk.send_service", language, agreement=str(outcome.request.agreement.number)))
    later = [outcome.leaves_at for outcome in outcomes if outcome.leaves_at is not None and outcome.leaves_at > now]
    if later:
        lines.append(text("talk.send_later", language, time=local_time(min(later))))
    if waiting := sum(outcome.result is Result.WAITING for outcome in outcomes):
        lines.append(text("talk.send_stopped", language, waiting=waiting))
    return lines


def _send(workspace: Workspace, number: str, actor: Actor | None) -> Outcome:
    if actor is None:
        request, message, result = prepare_request(workspace, number), None, Result.WOULD_SEND
    else:
        (request, message), result = send_request(workspace, number, actor), Result.QUEUED
    leaves_at = allowed_from(Purpose.SIGNING, workspace.settings.reminders.quiet_hours, workspace.clock())
    return Outcome(number=number, result=result, request=request, message=message, leaves_at=leaves_at)


def _lines(outcome: Outcome, language: Language) -> list[str]:
    request = outcome.request
    if request is None:
        return []
    key = "talk.would_send" if outcome.result is Result.WOULD_SEND else "talk.send_queued"
    redirected = request.written.resolved.recipient if request.written.resolved.redirected else ""
    lines = [text(key, language, agreement=str(request.agreement.number), recipient=request.to, id=outcome.message)]
    if redirected:
        lines.append(text("talk.send_redirected", language, recipient=redirected))
    return [*lines, *(f"    {detail}" for detail in (request.written.subject, request.pdf.name))]


def _row(outcome: Outcome, language: Language) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {"case": outcome.number, "result": outcome.result.value}
    if (request := outcome.request) is not None:
        resolved, agreement = request.written.resolved, request.agreement
        row |= {
            "agreement": str(agreement.number),
            "message": outcome.message,
            "recipient": request.to,
            "redirected_to": resolved.recipient if resolved.redirected else None,
            "subject": request.written.subject,
            "language": agreement.language.value,
            "route": agreement.route.value,
            "attachment": {"name": request.pdf.name, "size": agreement.size, "sha256": agreement.sha256},
            "leaves_at": utc(outcome.leaves_at),
        }
    entries = error_entries(outcome.error, language) if outcome.error else []
    return row | {"errors": [dict(entry) for entry in entries]}
