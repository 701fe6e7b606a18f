"""`forward returned` and `forward answered`: a person says what Digipost said, and the case follows.

Digipost says no (incomplete, wrong signer, wrong form): the case goes back to step 2, that version can never be
approved again, and what was still to leave about it is withdrawn. Digipost wants something beside a new agreement: the
agreement stands, each thing wanted is an event, and the case is on hold until a person resumes it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from agreements.canonical import JsonValue
from agreements.case import Case, move_returned, require_forwarded, with_hold, with_question_closed
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.errors import NotFoundError, UsageError
from agreements.parties import Actor
from onboarding.purposes import Purpose
from onboarding.record import EventKind
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent, append_event
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message, list_messages, withdraw_all
from outbox.states import State

WITHDRAWN_BECAUSE: Final = "digipost_said_no"
"""The reason on messages that were withdrawn. Text: `outbox_reasons.<code>`."""
_ABOUT_THE_VERSION: Final = (
    Purpose.FORWARD,
    Purpose.DEVIATION,
    Purpose.VERIFICATION_REQUEST,
    Purpose.NEXT_STEP,
    Purpose.SETUP_REMINDER,
)
"""Purposes of the messages that are wrong once Digipost has said no."""
_MAY_ARRIVE: Final = frozenset({State.SENDING, State.UNKNOWN, State.FAILED_LATER})
"""States of messages that nobody can call back, and that may be sent once more."""
MAX_ITEMS: Final = 20
"""Things wanted in one go; ours: more than that is a new agreement."""


@dataclass(frozen=True, kw_only=True)
class SentBack:
    """What followed from Digipost's no."""

    case: Case
    agreement: AgreementNumber
    withdrawn: tuple[Message, ...] = ()
    """Messages that will not leave any more."""
    may_arrive: tuple[Message, ...] = ()
    """Messages about that version that may have left, or be sent again: for a person to look at."""


def return_forward(workspace: Workspace, number: CaseNumber, reason: str, actor: Actor) -> SentBack:
    """Digipost has sent the agreement back: the case is in step 2 again, ready for a new version.

    Raises NotFoundError, GateError if nothing was forwarded or the case is launched or closed, TemporaryError.
    """
    now = workspace.clock()
    with workspace.store.begin() as connection:
        case = _find(connection, number)
        moved = move_returned(case, now=now)
        withdrawn = withdraw_all(
            connection, case_number=str(number), purposes=_ABOUT_THE_VERSION, reason=WITHDRAWN_BECAUSE, now=now
        )
        agreement = _version(case)
        data: dict[str, JsonValue] = {
            "agreement": str(agreement),
            "reason": reason,
            "withdrawn": [message.id for message in withdrawn],
        }
        event = NewEvent(kind=EventKind.FORWARD_RETURNED, actor=actor, at=now, data=data)
        written = move_case(connection, moved, event=event)
        may_arrive = _may_arrive(connection, number)
    return SentBack(case=written, agreement=agreement, withdrawn=withdrawn, may_arrive=may_arrive)


def hold_for_items(
    workspace: Workspace, number: CaseNumber, items: Collection[str], reason: str, actor: Actor
) -> SentBack:
    """Digipost wants these things, while the agreement stands: the case is on hold until `case resume`.

    Raises NotFoundError, GateError if nothing was forwarded or the case is closed, UsageError, TemporaryError.
    """
    wanted = tuple(" ".join(item.split()) for item in items)
    if not all(wanted) or len(wanted) > MAX_ITEMS:
        raise UsageError("items_form", limit=MAX_ITEMS)
    now = workspace.clock()
    with workspace.store.begin() as connection:
        case = _find(connection, number)
        require_forwarded(case)
        agreement = _version(case)
        held = with_hold(case, held=True, now=now)
        for item in wanted:
            data: dict[str, JsonValue] = {"agreement": str(agreement), "item": item}
            event = NewEvent(kind=EventKind.FORWARD_ITEM, actor=actor, at=now, case_number=str(number), data=data)
            append_event(connection, event)
        event = NewEvent(kind=EventKind.CASE_HELD, actor=actor, at=now, data={"reason": reason})
        written = move_case(connection, held, event=event)
    return SentBack(case=written, agreement=agreement)


def close_question(workspace: Workspace, number: CaseNumber, reason: str, actor: Actor) -> Case:
    """Digipost has its answer, or we have ours: the case no longer waits for one.

    Raises NotFoundError, GateError, TemporaryError.
    """
    now = workspace.clock()
    with workspace.store.begin() as connection:
        case = _find(connection, number)
        closed = with_question_closed(case, now=now)
        kind = EventKind.DIGIPOST_QUESTION_CLOSED if case.asked else EventKind.DIGIPOST_HEARD
        return move_case(connection, closed, event=NewEvent(kind=kind, actor=actor, at=now, data={"reason": reason}))


def _find(connection: Connection, number: CaseNumber) -> Case:
    case = find_case(connection, number)
    if case is None:
        raise NotFoundError("case_not_found", case=str(number))
    return case


def _version(case: Case) -> AgreementNumber:
    assert case.in_force is not None  # what was forwarded is in force
    return case.in_force


def _may_arrive(connection: Connection, number: CaseNumber) -> tuple[Message, ...]:
    messages = list_messages(connection, case_number=str(number))
    return tuple(
        message for message in messages if message.purpose in _ABOUT_THE_VERSION and message.state in _MAY_ARRIVE
    )
