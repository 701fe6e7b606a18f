"""What waits for a person: returns that the machine would not approve, and rejections somebody must act on.

A finding of severity `reject` can't be approved by anyone. A scan takes two users. Of a file that was written anew,
whoever approves must have been shown the differences. Approving does what the pipeline does: judgement, case, event and
message in one transaction.
"""

import json
from dataclasses import dataclass

from agreements.agreement import Agreement
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case, move_agreement
from agreements.errors import GateError, NotFoundError, TemporaryError
from agreements.findings import PRV_SCAN, Severity
from agreements.parties import Actor
from agreements.signature_report import Shape
from onboarding.correspondence.rejections import Untold, write_rejection
from onboarding.forward_files import Check
from onboarding.forwarding import Approval, Prepared, prepare_forward
from onboarding.guard import identity_holds
from onboarding.pipeline import APPROVABLE, Claim, expected_signers
from onboarding.purposes import ASKS_TO_SIGN
from onboarding.record import EventKind
from onboarding.settings import user_name
from onboarding.standing import RETURN_ARRIVED
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent, append_event, list_events
from onboarding.store.issued import find_agreement
from onboarding.store.judgements import (
    Judgement,
    JudgementStatus,
    Ruling,
    add_approval,
    decide_judgement,
    find_judgement,
    list_approvals,
    list_judgements,
)
from onboarding.workspace import Workspace
from outbox.messages import Connection, enqueue, withdraw_all


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What an approval came to: `given` of `needed` users have approved."""

    judgement: Judgement
    given: int
    needed: int

    @property
    def final(self) -> bool:
        """True once enough users have approved, and the agreement is on its way."""
        return self.given >= self.needed


def open_reviews(workspace: Workspace) -> tuple[Judgement, ...]:
    """Everything that waits for a person, oldest first."""
    with workspace.store.read() as connection:
        return list_judgements(connection, status=JudgementStatus.OPEN)


def read_judgement(workspace: Workspace, identity: int) -> Judgement:
    """One judgement. Raises NotFoundError."""
    with workspace.store.read() as connection:
        judgement = find_judgement(connection, identity)
    if judgement is None:
        raise NotFoundError("judgement_not_found", judgement=identity)
    return judgement


def approve_return(workspace: Workspace, identity: int, actor: Actor, reason: str) -> Approved:
    """Approve a return by hand, as one of the users it takes.

    Raises GateError with everything that stands in the way.
    """
    judgement = read_judgement(workspace, identity)
    case, agreement = _claimed(workspace, judgement)
    _refuse_unapprovable(judgement, case, agreement)
    _require_seen(workspace, judgement, actor)
    now = workspace.clock()
    ruling = Ruling(by=actor, at=now, reason=reason)
    needed = approvals_needed(judgement)
    with workspace.store.read() as connection:
        others = {approval.by.user for approval in list_approvals(connection, identity)} - {actor.user}
    forward = None
    if len(others) + 1 >= needed:
        approval = Approval(
            by=tuple(user_name(workspace.settings, user) for user in (*sorted(others), actor.user)),
            at=now,
            manual=True,
            check=Check(
                report=judgement.report,
                decision=judgement.decision,
                expected=expected_signers(workspace, Claim(case=case, agreement=agreement)),
            ),
            parameters=judgement.parameters,
        )
        forward = prepare_forward(
            workspace,
            case,
            agreement,
            document=judgement.sha256,
            approval=approval,
            holds=identity_holds(judgement.decision),
        )
    with workspace.store.begin() as connection:
        given = len(add_approval(connection, identity, ruling))
        if given < needed:
            append_event(connection, _event(EventKind.REVIEW_APPROVAL, judgement, ruling))
        elif forward is None:  # somebody else approved while we looked: nothing is written, and the next try sends it
            raise TemporaryError("case_changed", case=str(case.number))
        else:
            _approve(connection, judgement, case, forward, ruling)
    return Approved(judgement=read_judgement(workspace, identity), given=given, needed=needed)


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A return that was turned down."""

    judgement: Judgement
    told: int | None
    """The message that tells the organisation; None if there is none, and `untold` says why."""
    untold: Untold | None


def reject_return(workspace: Workspace, identity: int, actor: Actor, reason: str) -> Rejected:
    """Reject a return, or confirm the machine's rejection, and tell the organisation in the same transaction.

    The case waits for the customer again, unless more is open. `reason` is for the record; the organisation gets the
    findings' own reasons.
    """
    judgement = read_judgement(workspace, identity)
    telling = write_rejection(workspace, judgement)
    ruling = Ruling(by=actor, at=workspace.clock(), reason=reason)
    with workspace.store.begin() as connection:
        decide_judgement(connection, identity, JudgementStatus.REJECTED, ruling)
        told = None if telling.message is None else enqueue(connection, telling.message, now=ruling.at)
        event = _event(EventKind.REVIEW_REJECTED, judgement, ruling, told=told)
        case = None if judgement.case is None else find_case(connection, judgement.case)
        others = list_judgements(connection, status=JudgementStatus.OPEN, case=judgement.case) if case else ()
        if case is None or case.agreement_state is not AgreementState.RETURNED or others:
            append_event(connection, event)
        else:
            waiting = move_agreement(case, AgreementState.ISSUED, now=ruling.at)
            move_case(connection, waiting, event=event)
    return Rejected(judgement=read_judgement(workspace, identity), told=told, untold=telling.untold)


def must_be_seen(judgement: Judgement) -> bool:
    """Whether whoever approves must have looked at the differences first: a file that was written anew (shape C)."""
    provenance = None if judgement.report is None else judgement.report.provenance
    return provenance is not None and provenance.shape is Shape.REWRITTEN


def record_seen(workspace: Workspace, identity: int, actor: Actor) -> None:
    """Write down that a user has been shown this judgement with its differences, once; of others nothing is written.

    Raises NotFoundError.
    """
    judgement = read_judgement(workspace, identity)
    if judgement.case is None or judgement.status is not JudgementStatus.OPEN or not must_be_seen(judgement):
        return
    now = workspace.clock()
    with workspace.store.begin() as connection:
        if not _has_seen(connection, judgement, actor):
            data: dict[str, JsonValue] = {"judgement": judgement.id, "sha256": judgement.sha256}
            kind, number = EventKind.REVIEW_SEEN, str(judgement.case)
            append_event(connection, NewEvent(kind=kind, actor=actor, at=now, case_number=number, data=data))


def _require_seen(workspace: Workspace, judgement: Judgement, actor: Actor) -> None:
    with workspace.store.read() as connection:
        if must_be_seen(judgement) and not _has_seen(connection, judgement, actor):
            raise GateError("review_refused", unmet=("review_not_seen",), judgement=judgement.id)


def _has_seen(connection: Connection, judgement: Judgement, actor: Actor) -> bool:
    events = list_events(connection, str(judgement.case))
    seen = (event for event in events if event.kind == EventKind.REVIEW_SEEN and event.actor.user == actor.user)
    return any(json.loads(event.data)["judgement"] == judgement.id for event in seen)


def approvals_needed(judgement: Judgement) -> int:
    """Two users for a scan: nothing but people's eyes stands behind it. One for everything else."""
    return 2 if any(finding.code == PRV_SCAN.code for finding in judgement.decision.findings) else 1


def _claimed(workspace: Workspace, judgement: Judgement) -> tuple[Case, Agreement]:
    number = judgement.agreement
    if number is None:
        raise GateError("review_refused", unmet=("review_no_agreement",), judgement=judgement.id)
    with workspace.store.read() as connection:
        case, agreement = find_case(connection, number.case), find_agreement(connection, number)
    if case is None or agreement is None:
        raise NotFoundError("agreement_not_found", agreement=str(number))
    return case, agreement


def _refuse_unapprovable(judgement: Judgement, case: Case, agreement: Agreement) -> None:
    """Everything that stands in the way, at once; the case is looked at as it is now, not as it was when judged."""
    unmet: list[str] = []
    if judgement.status is not JudgementStatus.OPEN:
        unmet.append("judgement_not_open")
    if any(finding.severity is Severity.REJECT for finding in judgement.decision.findings):
        unmet.append("review_reject_finding")
    if case.in_force != agreement.number:
        unmet.append("review_not_in_force")
    elif case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST:
        unmet.append("review_sent_back")
    elif case.agreement_state not in APPROVABLE:
        unmet.append("review_already_approved")
    if case.held:
        unmet.append("case_held")
    if unmet:
        raise GateError("review_refused", unmet=tuple(unmet), judgement=judgement.id)


def _approve(connection: Connection, judgement: Judgement, case: Case, forward: Prepared, ruling: Ruling) -> None:
    decide_judgement(connection, judgement.id, JudgementStatus.APPROVED, ruling)
    moved = move_agreement(case, AgreementState.APPROVED, now=ruling.at)
    move_case(
        connection, moved, event=_event(EventKind.AGREEMENT_APPROVED, judgement, ruling, mail=forward.message.sha256)
    )
    forward.write(connection, actor=ruling.by, now=ruling.at)
    withdraw_all(connection, case_number=str(case.number), purposes=ASKS_TO_SIGN, reason=RETURN_ARRIVED, now=ruling.at)


def _event(kind: EventKind, judgement: Judgement, ruling: Ruling, **more: JsonValue) -> NewEvent:
    return NewEvent(
        kind=kind,
        actor=ruling.by,
        at=ruling.at,
        case_number=None if judgement.case is None else str(judgement.case),
        data={
            "judgement": judgement.id,
            "sha256": judgement.sha256,
            "agreement": str(judgement.agreement) if judgement.agreement else None,
            "reason": ruling.reason,
            **more,
        },
    )
