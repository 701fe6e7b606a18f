"""How a case ends: cancelled, launched outside of here, or terminated; and how a launched one is changed.

A case never goes away: it is closed with its reason, what was still to leave about it is withdrawn, and Digipost is
told if it has the agreement. What was launched loses its clear signal in the same transaction. Only a launch here is
ever called one: who sends without is closed as `launched_outside`, and `status` tells of it for ever.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case, Closing, Step, has_agreement_at_digipost, move_ended
from agreements.casenumber import CaseNumber
from agreements.errors import GateError, UsageError
from agreements.language import Language
from agreements.parties import Actor
from onboarding.clear_signal import WITHDRAWN, enqueue_signal, write_signals
from onboarding.correspondence.digipost import digipost_address
from onboarding.correspondence.letters import enqueue_letter
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.record import EventKind
from onboarding.rendering import private_fonts
from onboarding.setting_rules import SENDER_ID
from onboarding.steps.configuration import read_configuration
from onboarding.steps.enquiry import Enquiry, create_case, read_case
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent, append_event
from onboarding.store.signals import find_signal
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message, NewMessage, withdraw_all

CASE_ENDED: Final = "case_ended"
"""Why messages were withdrawn. Text: `outbox_reasons.<code>`."""
_KINDS: Final = {
    Closing.CANCELLED: EventKind.CASE_CANCELLED,
    Closing.LAUNCHED_OUTSIDE: EventKind.CASE_CLOSED,
    Closing.TERMINATED: EventKind.CASE_TERMINATED,
}
_FIXED: Final = frozenset({"customer.orgnr", "customer.name", "agreement.id", "agreement.issued_at"})
_KIND_OF_AGREEMENT: Final = "agreement.kind"
_LANGUAGE: Final = Language.NB


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What followed from the end of a case."""

    case: Case
    withdrawn: tuple[Message, ...]
    """Messages that will not leave any more."""
    notice: int | None
    """The message that tells Digipost; None where Digipost does not have the agreement."""


def end_case(
    workspace: Workspace,
    number: str,
    closing: Closing,
    *,
    reason: str,
    actor: Actor,
    last_day: date | None = None,
    successor: str | None = None,
) -> Ended:
    """Close a case for good. `last_day`: the last one on which mail may be sent, today where none is given;
    `successor`: the case by which the organisation goes on, with this vendor or another.

    Raises NotFoundError, GateError for a case that can't end this way, UsageError for an unfit successor or day,
    ConfigurationError (Digipost's address, the signing key), TemporaryError if somebody changed the case meanwhile.
    """
    case, now = read_case(workspace, number), workspace.clock()
    day = last_day or norwegian_day(now)
    if day < norwegian_day(now):
        raise UsageError("last_day_past")
    after = None if successor is None else _successor(workspace, case, successor)
    ended = move_ended(case, closing, now=now)
    sender_id = _sender_id(workspace, case)
    tells = has_agreement_at_digipost(case) and closing is not Closing.LAUNCHED_OUTSIDE
    notice = _notice(workspace, case, sender_id, day) if tells else None
    data: dict[str, JsonValue] = {"reason": reason, "last_day": day.isoformat(), "successor": after}
    event = NewEvent(kind=_KINDS[closing], actor=actor, at=now, data=data)
    with workspace.store.begin() as connection:
        moved = move_case(connection, ended, event=event)
        withdrawn = withdraw_all(
            connection, case_number=str(case.number), purposes=tuple(Purpose), reason=CASE_ENDED, now=now
        )
        withdraw_signal(workspace, connection, moved, sender_id=sender_id, last_day=day)
        told = None if notice is None else enqueue_letter(connection, notice, actor=actor, now=now)
    write_signals(workspace)
    return Ended(case=moved, withdrawn=withdrawn, notice=told)


def withdraw_signal(
    workspace: Workspace, connection: Connection, case: Case, *, sender_id: int | None, last_day: date
) -> None:
    """Take a launched case's clear signal back, in the caller's transaction; nothing for one that has none."""
    if find_signal(connection, case.number) is not None:
        now = workspace.clock()
        enqueue_signal(workspace, connection, case, status=WITHDRAWN, sender_id=sender_id, last_day=last_day, now=now)


def open_change(workspace: Workspace, number: str, *, reason: str, actor: Actor) -> Case:
    """A change of what was launched is a case of its own, with the same values and signers; the launch stands until
    the change is launched in its turn.

    Raises NotFoundError, GateError for a case that is not launched, UsageError if one is open already.
    """
    case = read_case(workspace, number)
    if case.step is not Step.LAUNCHED:
        raise GateError("change_refused", unmet=("not_launched_yet",), case=str(case.number))
    values = read_configuration(workspace, number).agreement.values
    kept = {name: value for name, value in values.items() if name in case.values and name not in _FIXED}
    enquiry = Enquiry(
        vendor_id=case.vendor_id,
        org_number=case.org_number.digits,
        customer_name=case.customer_name,
        values={**kept, _KIND_OF_AGREEMENT: "change"},
        signing=case.signing,
        signers=case.signers,
    )
    made, now = create_case(workspace, enquiry, actor), workspace.clock()
    data: dict[str, JsonValue] = {"reason": reason, "change": str(made.number), "changes": str(case.number)}
    with workspace.store.begin() as connection:
        for one in (case.number, made.number):
            kind = EventKind.CASE_CHANGE_OPENED
            append_event(connection, NewEvent(kind=kind, actor=actor, at=now, case_number=str(one), data=data))
    return made


def _successor(workspace: Workspace, case: Case, number: str) -> str:
    found = read_case(workspace, number)
    if found.org_number != case.org_number or found.number == case.number:
        raise UsageError("successor_unfit", successor=str(found.number))
    return str(found.number)


def _sender_id(workspace: Workspace, case: Case) -> int | None:
    if case.in_force is None:
        return None
    value = read_configuration(workspace, str(case.number)).values.get(SENDER_ID)
    return value if isinstance(value, int) else None


def _notice(workspace: Workspace, case: Case, sender_id: int | None, last_day: date) -> NewMessage:
    """What tells Digipost that the right to send is to be withdrawn; a person has just decided it, so it leaves."""
    private_fonts()
    from renderers.letters import TerminationNotice, render_termination_notice

    resolved = digipost_address(workspace)
    letter = TerminationNotice(
        about=about(workspace, case, resolved, _LANGUAGE),
        agreement_number=None if case.in_force is None else str(case.in_force),
        sender_id=sender_id,
        last_day=last_day,
    )
    subject, body = render_termination_notice(letter, _LANGUAGE)
    written = Written(
        purpose=Purpose.TERMINATION,
        key=f"{Purpose.TERMINATION}:{case.number}",
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        agreement=case.in_force,
        resolved=resolved,
        subject=subject,
        body=body,
    )
    return make_message(workspace, written, now=workspace.clock())


def supersede(connection: Connection, workspace: Workspace, old: CaseNumber, new: Case, *, actor: Actor) -> None:
    """A launched change takes the place of what was launched before it; in the caller's transaction."""
    case, now = find_case(connection, old), workspace.clock()
    if case is None or case.step is not Step.LAUNCHED:
        return
    ended = move_ended(case, Closing.SUPERSEDED, now=now)
    data: dict[str, JsonValue] = {"successor": str(new.number)}
    event = NewEvent(kind=EventKind.CASE_SUPERSEDED, actor=actor, at=now, data=data)
    moved = move_case(connection, ended, event=event)
    withdraw_signal(workspace, connection, moved, sender_id=None, last_day=norwegian_day(now))
