"""A case (sak): one customer's way through the six steps, and the rules no one gets around.

Pure values: `move_*` functions take a case and give the next one, or raise GateError with everything that is missing.
The store writes what they return, compare-and-set on `revision`. Source of the steps: the mission's seed document,
steps 1–6.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from agreements.agreement import SigningRoute
from agreements.calendar import norwegian_day
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.catalogue import Values
from agreements.errors import GateError
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer
from agreements.turn import Party, SetupClock, Turn, move_start, pause_clock, run_clock, start_clock

MAX_SIGNERS = 2
"""One, or two jointly: the agreement has two signature fields (catalogue: signer, signer2)."""


class Step(StrEnum):
    """Where in the process a case is. Step 3 (launch plan) runs beside step 2 and is a guard to set-up."""

    ENQUIRY = "enquiry"
    AGREEMENT = "agreement"
    SETUP = "setup"
    VERIFICATION = "verification"
    LAUNCHED = "launched"
    CLOSED = "closed"


class AgreementState(StrEnum):
    """What has become of the agreement in force."""

    DRAFT = "draft"
    ISSUED = "issued"
    SENT = "sent"
    RETURNED = "returned"
    APPROVED = "approved"
    FORWARDED = "forwarded"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_BY_DIGIPOST = "returned_by_digipost"
    VOID = "void"


class LaunchPlan(StrEnum):
    """Step 3's decision."""

    OPEN = "open"
    DIRECT = "direct"
    PLANNED = "planned"


class Closing(StrEnum):
    """Why a case is closed."""

    CANCELLED = "cancelled"
    LAUNCHED_OUTSIDE = "launched_outside"
    """The organisation sends, and step 5 was never done here: told of for ever, and never called launched."""
    TERMINATED = "terminated"
    """It was launched, and has ended."""
    SUPERSEDED = "superseded"
    """It was launched, and so was a change of it."""


@dataclass(frozen=True, kw_only=True)
class Attestations:
    """Step 5: the configuration hash each party signed off on, and what the agreed methods lack."""

    vendor: str | None = None
    """None while it has not; so of Digipost's."""
    digipost: str | None = None
    methods: tuple[str, ...] = ("no_method_agreed",)
    """Codes of `agreements.verification.Lack`; none once one is passed and all that were agreed are decided."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One customer's case. `revision` grows by one with every change."""

    number: CaseNumber
    vendor_id: str
    org_number: OrgNumber
    customer_name: str
    language: Language
    values: Values
    signers: tuple[Signer, ...] = ()
    signing: SigningRoute | None = None
    """How this organisation signs; None: as the vendor's organisations usually do (`vendors[].signing`)."""
    step: Step = Step.ENQUIRY
    held: bool = False
    unconfirmed: bool = False
    asked: bool = False
    """Digipost has asked something that nobody has said is answered."""
    asking: bool = False
    """We have asked Digipost something, and have heard nothing yet."""
    plan: LaunchPlan = LaunchPlan.OPEN
    agreement_version: int = 0
    """The version in force; 0 while none has been issued."""
    agreement_state: AgreementState = AgreementState.DRAFT
    issued_on: date | None = None
    """The Norwegian day of the version in force; None before one was issued."""
    setup_ball: Party | None = Party.VENDOR
    """Step 4: who has something open on the work list; step 5: whose sign-off is waited for. None when nothing is."""
    clock: SetupClock | None = None
    """Step 4's; None outside it."""
    turn: Turn | None = None
    """Whose turn it is, as `agreements.duties.hand_over` wrote it; None for one that nobody need do anything with."""
    launched_sha256: str | None = None
    """The configuration it was launched with; it stands, whatever follows."""
    closing: Closing | None = None
    """Why it is closed."""
    revision: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def in_force(self) -> AgreementNumber | None:
        """The agreement version that can be approved, or None."""
        if self.agreement_version == 0 or self.agreement_state is AgreementState.VOID:
            return None
        return AgreementNumber(self.number, self.agreement_version)

    @property
    def open(self) -> bool:
        """False once launched or closed."""
        return self.step not in {Step.LAUNCHED, Step.CLOSED}


_S = AgreementState
_MOVES: dict[AgreementState, frozenset[AgreementState]] = {
    _S.DRAFT: frozenset(),
    _S.ISSUED: frozenset({_S.SENT, _S.RETURNED, _S.APPROVED, _S.VOID}),
    _S.SENT: frozenset({_S.RETURNED, _S.APPROVED, _S.VOID}),
    _S.RETURNED: frozenset({_S.ISSUED, _S.RETURNED, _S.APPROVED, _S.VOID}),
    _S.APPROVED: frozenset({_S.FORWARDED, _S.VOID}),
    _S.FORWARDED: frozenset({_S.ACKNOWLEDGED, _S.RETURNED_BY_DIGIPOST}),
    _S.ACKNOWLEDGED: frozenset({_S.RETURNED_BY_DIGIPOST}),
    _S.RETURNED_BY_DIGIPOST: frozenset({_S.VOID}),
    _S.VOID: frozenset(),
}
"""What may become of one version. ISSUED after RETURNED: the return was turned down, and the same version waits again.
An approved agreement is on its way to Digipost: it can't be replaced, and is voided only by whoever takes its message
back in the same transaction (`move_voided`). What has left can neither be voided nor replaced until Digipost has said
no."""

_REPLACEABLE = frozenset({_S.DRAFT, _S.ISSUED, _S.SENT, _S.RETURNED, _S.RETURNED_BY_DIGIPOST, _S.VOID})
"""The states in which a new version may be issued; the one in force before is superseded."""

APPROVED_STATES = frozenset({_S.APPROVED, _S.FORWARDED, _S.ACKNOWLEDGED})
_FACTS = frozenset({_S.RETURNED, _S.FORWARDED, _S.ACKNOWLEDGED, _S.RETURNED_BY_DIGIPOST})
"""States that tell what has happened: a case on hold can't refuse a fact, only a decision."""
_DIGIPOST_HAS_IT = frozenset({_S.FORWARDED, _S.ACKNOWLEDGED})
_NOT_SENT = "agreement_not_forwarded"


def require_editable(case: Case) -> None:
    """Values and signers can be changed until the agreement is issued, and again when the version in force is void.

    Raises GateError: what was signed must be what we hold.
    """
    unmet = _not_moving(case)
    if case.agreement_state not in {_S.DRAFT, _S.VOID, _S.RETURNED_BY_DIGIPOST}:
        unmet += ("agreement_issued",)
    _refuse_unless_met("case_not_editable", case, unmet)


def move_agreement(case: Case, to: AgreementState, *, now: datetime) -> Case:
    """The case with the version in force in its next state. Raises GateError for a move the process does not have.

    A void version stays void: only `move_issued` makes a case ready for signing again, and under a new version.
    """
    unmet = () if to in _FACTS else _not_moving(case)
    if to not in _MOVES[case.agreement_state]:
        unmet += ("agreement_move",)
    moving = {"agreement_from": case.agreement_state.value, "agreement_to": to.value}
    _refuse_unless_met("case_move_refused", case, unmet, **moving)
    return replace(case, agreement_state=to, updated_at=now)


def move_issued(case: Case, *, now: datetime) -> Case:
    """The case with a new agreement version in force (step 2). Raises GateError."""
    unmet = _not_moving(case)
    if case.unconfirmed:
        unmet += ("case_unconfirmed",)
    if not case.signers:
        unmet += ("signer_missing",)
    if case.step not in {Step.ENQUIRY, Step.AGREEMENT}:
        unmet += ("step_past_agreement",)
    if case.agreement_state not in _REPLACEABLE:
        unmet += ("agreement_move",)
    _refuse_unless_met("case_not_issuable", case, unmet)
    return _in_force(case, _S.ISSUED, now)


def move_adopted(case: Case, *, now: datetime) -> Case:
    """The case with a signed agreement in force that was not issued here: returned, and waiting for a person.

    A version of ours that is still out is superseded by it. Raises GateError.
    """
    unmet = _not_moving(case)
    if case.step not in {Step.ENQUIRY, Step.AGREEMENT}:
        unmet += ("step_past_agreement",)
    if case.agreement_state not in _REPLACEABLE:
        unmet += ("agreement_move",)
    _refuse_unless_met("case_not_adoptable", case, unmet)
    return _in_force(case, _S.RETURNED, now)


def _in_force(case: Case, state: AgreementState, now: datetime) -> Case:
    return replace(
        case,
        agreement_state=state,
        agreement_version=case.agreement_version + 1,
        issued_on=norwegian_day(now),
        step=Step.AGREEMENT,
        updated_at=now,
    )


def move_step(
    case: Case, to: Step, *, now: datetime, attestations: Attestations, configuration: str | None = None
) -> Case:
    """The case in its next step, if that step's guards hold. `configuration`: hash of the configuration in force.

    Raises GateError with every unmet guard. There is no way to force it.
    """
    unmet = _not_moving(case) + _STEP_GUARDS.get((case.step, to), _no_such_step)(case, attestations, configuration)
    _refuse_unless_met("case_step_refused", case, unmet)
    return replace(case, step=to, updated_at=now)


def move_verification(case: Case, configuration: str | None, *, now: datetime) -> Case:
    """The case in step 5: its configuration is to be verified by both. Raises GateError."""
    moved = move_step(case, Step.VERIFICATION, now=now, attestations=Attestations(), configuration=configuration)
    return replace(moved, clock=None, setup_ball=Party.VENDOR)


def with_sign_off_by(case: Case, ball: Party | None, *, now: datetime) -> Case:
    """The case in step 5 with whose sign-off is waited for; None once nothing stands in the way of the launch."""
    return replace(case, setup_ball=ball, updated_at=now)


def missing_for_launch(case: Case, attestations: Attestations, configuration: str | None) -> tuple[str, ...]:
    """Everything that stands between a case and its launch, as gate codes; none: it may be launched."""
    if not case.open:
        return (f"case_{case.step.value}",)
    unmet = _not_moving(case) + _guard_launch(case, attestations, configuration)
    return unmet + (() if case.step is Step.VERIFICATION else ("not_in_verification",))


def move_launched(case: Case, attestations: Attestations, configuration: str | None, *, now: datetime) -> Case:
    """The case launched (step 6), with the configuration it was launched with. Raises GateError with all that lacks."""
    _refuse_unless_met("launch_refused", case, missing_for_launch(case, attestations, configuration))
    moved = move_step(case, Step.LAUNCHED, now=now, attestations=attestations, configuration=configuration)
    return replace(moved, launched_sha256=configuration)


def with_plan(case: Case, plan: LaunchPlan, *, now: datetime) -> Case:
    """The case with the launch plan decided, or decided anew: until launch a plan may change. Raises GateError."""
    unmet = _not_moving(case) + (("case_launched",) if case.step is Step.LAUNCHED else ())
    _refuse_unless_met("plan_refused", case, unmet)
    return replace(case, plan=plan, updated_at=now)


def with_clock(case: Case, planned: date | None, *, now: datetime) -> Case:
    """The case in set-up with its clock: started, or moved to another planned start. `planned`: None for at once."""
    today = norwegian_day(now)
    clock = case.clock
    if clock is None:
        clock = start_clock(today, planned)
    else:
        start = planned or min(clock.starts_on, today)
        clock = clock if start == clock.starts_on else move_start(clock, start, today)
    return _with_ball(replace(case, clock=clock, updated_at=now), today)


def with_setup_ball(case: Case, ball: Party | None, *, now: datetime) -> Case:
    """The case after its work list has changed: who has something open on it; None when nothing is open any more."""
    return _with_ball(replace(case, setup_ball=ball, updated_at=now), norwegian_day(now))


def _with_ball(case: Case, today: date) -> Case:
    """The clock runs unless the customer alone has something open."""
    if case.clock is None:
        return case
    turned = pause_clock if case.setup_ball is Party.CUSTOMER else run_clock
    return replace(case, clock=turned(case.clock, today))


def ready_for_setup(case: Case) -> bool:
    """True if nothing stands between the agreement (step 2) and the set-up (step 4) any more."""
    if case.step is not Step.AGREEMENT or _not_moving(case):
        return False
    return not _guard_setup(case, Attestations(), None)


def with_hold(case: Case, *, held: bool, now: datetime) -> Case:
    """The case put on hold, or resumed. Raises GateError if it is closed."""
    _refuse_unless_met("case_step_refused", case, () if case.step is not Step.CLOSED else ("case_closed",))
    return replace(case, held=held, updated_at=now)


def move_undelivered(case: Case, *, now: datetime) -> Case:
    """The case whose forward came back: the agreement is approved as before, and Digipost does not have it after all.

    From set-up and verification too, on hold or not, for it is a fact; no guard of a later step holds before it has
    been forwarded once more. Raises GateError where nothing was forwarded, or Digipost has said that it has it.
    """
    unmet = () if case.agreement_state is _S.FORWARDED and case.open else ("agreement_move",)
    moving = {"agreement_from": case.agreement_state.value, "agreement_to": _S.APPROVED.value}
    _refuse_unless_met("case_move_refused", case, unmet, **moving)
    return replace(case, agreement_state=_S.APPROVED, updated_at=now)


def move_ended(case: Case, closing: Closing, *, now: datetime) -> Case:
    """The case closed for good, with why. On hold or not; what is launched ends by termination or its successor alone.

    Raises GateError.
    """
    was_launched = closing in {Closing.TERMINATED, Closing.SUPERSEDED}
    unmet = ("case_closed",) if case.step is Step.CLOSED else ()
    if not unmet and (case.step is Step.LAUNCHED) is not was_launched:
        unmet = ("not_launched_yet",) if was_launched else ("case_launched_ends_by_termination",)
    _refuse_unless_met("case_not_ended", case, unmet)
    return replace(
        case, step=Step.CLOSED, closing=closing, held=False, asked=False, asking=False, clock=None, updated_at=now
    )


def has_agreement_at_digipost(case: Case) -> bool:
    """Whether Digipost has the version in force."""
    return case.agreement_state in _DIGIPOST_HAS_IT


def move_voided(case: Case, *, now: datetime) -> Case:
    """The case with the version in force void: it is never approved again, and step 2 begins anew. Raises GateError.

    Of an approved version, whoever calls must have withdrawn the message that would have forwarded it.
    """
    return _back_in_step_2(move_agreement(case, _S.VOID, now=now))


def _back_in_step_2(case: Case) -> Case:
    return replace(case, step=Step.AGREEMENT, clock=None, setup_ball=Party.VENDOR)


def with_answer(case: Case, *, question: bool, now: datetime) -> Case:
    """The case after Digipost's desk has written. Who has the ball may change; nothing is ever approved by it.

    A question waits for the vendor until `with_question_closed`. Anything else a person writes acknowledges the
    agreement if it was forwarded, and changes nothing otherwise.
    """
    heard = replace(case, asking=False, updated_at=now) if case.asking else case
    if question:
        return replace(heard, asked=True, updated_at=now)
    if case.agreement_state is _S.FORWARDED:
        return move_agreement(heard, _S.ACKNOWLEDGED, now=now)
    return heard


def with_question_asked(case: Case, *, now: datetime) -> Case:
    """The case once Digipost has been asked: it waits for the answer. Raises GateError."""
    unmet = _not_moving(case) + (("case_unconfirmed",) if case.unconfirmed else ())
    unmet += () if case.open or case.step is Step.CLOSED else ("case_launched",)
    _refuse_unless_met("digipost_not_asked", case, unmet)
    return replace(case, asking=True, updated_at=now)


def with_confirmed(case: Case, *, now: datetime) -> Case:
    """The case once the vendor has confirmed the customer and its address. Raises GateError if it needs none."""
    unmet = _not_moving(case) + (() if case.unconfirmed else ("case_confirmed",))
    _refuse_unless_met("case_not_confirmable", case, unmet)
    return replace(case, unconfirmed=False, updated_at=now)


def with_question_closed(case: Case, *, now: datetime) -> Case:
    """The case once a person has said that Digipost has its answer, or that we have ours.

    Raises GateError if nothing was asked.
    """
    _refuse_unless_met("question_not_open", case, () if case.asked or case.asking else ("nothing_asked",))
    return replace(case, asked=False, asking=False, updated_at=now)


def move_returned(case: Case, *, now: datetime) -> Case:
    """The case back in step 2 because Digipost has said no: that version is never approved again, a new one may follow.

    From agreement, set-up or verification, on hold or not, for it is a fact. Its sign-offs fall with the agreement: no
    guard of a later step holds before a new version has been forwarded. Raises GateError.
    """
    require_forwarded(case)
    _refuse_unless_met("forward_not_returned", case, () if case.open else (f"case_{case.step.value}",))
    moved = move_agreement(case, _S.RETURNED_BY_DIGIPOST, now=now)
    return replace(_back_in_step_2(moved), asked=False)


def require_forwarded(case: Case) -> None:
    """Digipost can only say something of what it has. Raises GateError."""
    _refuse_unless_met("forward_not_returned", case, () if case.agreement_state in _DIGIPOST_HAS_IT else (_NOT_SENT,))


def _not_moving(case: Case) -> tuple[str, ...]:
    return (("case_held",) if case.held else ()) + (("case_closed",) if case.step is Step.CLOSED else ())


def _refuse_unless_met(code: str, case: Case, unmet: tuple[str, ...], **params: str) -> None:
    if unmet:
        raise GateError(code, unmet=unmet, case=str(case.number), **params)


# --- guards of the steps: each returns what is missing ----------------------------------------------------------------


def _no_such_step(case: Case, attestations: Attestations, configuration: str | None) -> tuple[str, ...]:
    return ("no_such_step",)


def _guard_setup(case: Case, attestations: Attestations, configuration: str | None) -> tuple[str, ...]:
    """Step 4 needs the agreement with Digipost and the launch plan decided (seed, steps 2 and 3)."""
    unmet: tuple[str, ...] = ()
    if case.agreement_state not in _DIGIPOST_HAS_IT:
        unmet += (_NOT_SENT,)
    if case.plan is LaunchPlan.OPEN:
        unmet += ("plan_open",)
    return unmet


def _guard_verification(case: Case, attestations: Attestations, configuration: str | None) -> tuple[str, ...]:
    """Step 5 verifies a configuration: there must be one."""
    return () if configuration else ("configuration_missing",)


def _guard_launch(case: Case, attestations: Attestations, configuration: str | None) -> tuple[str, ...]:
    """Both parties have signed off on exactly the configuration in force ("et absolutt krav", seed step 5)."""
    unmet: tuple[str, ...] = () if configuration else ("configuration_missing",)
    unmet += attestations.methods
    if configuration is None or attestations.vendor != configuration:
        unmet += ("vendor_not_attested",)
    if configuration is None or attestations.digipost != configuration:
        unmet += ("digipost_not_attested",)
    if case.agreement_state not in _DIGIPOST_HAS_IT:
        unmet += (_NOT_SENT,)
    return unmet


_Guard: TypeAlias = Callable[[Case, Attestations, str | None], tuple[str, ...]]

_STEP_GUARDS: dict[tuple[Step, Step], _Guard] = {
    (Step.AGREEMENT, Step.SETUP): _guard_setup,
    (Step.SETUP, Step.VERIFICATION): _guard_verification,
    (Step.VERIFICATION, Step.SETUP): _guard_setup,
    (Step.VERIFICATION, Step.LAUNCHED): _guard_launch,
}
