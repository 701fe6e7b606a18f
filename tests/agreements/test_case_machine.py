"""Whatever happens to a case, in whatever order: it is only where the process allows, and somebody has the ball."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agreements.case import (
    AgreementState,
    Attestations,
    Case,
    LaunchPlan,
    Step,
    move_adopted,
    move_agreement,
    move_issued,
    move_returned,
    move_step,
    move_undelivered,
    move_voided,
    ready_for_setup,
    with_answer,
    with_confirmed,
    with_hold,
    with_plan,
    with_question_asked,
    with_question_closed,
    with_setup_ball,
)
from agreements.duties import hand_over, waiting_for
from agreements.errors import GateError
from agreements.turn import Party
from tests.agreements.ground_examples import LATER, a_case

S = AgreementState
A, B = "a" * 64, "b" * 64
SIGN_OFFS: Final = [
    (A, A, A),
    (B, B, B),
    (A, A, B),
    (A, B, A),
    (A, A, None),
    (A, None, A),
    (None, None, None),
    (None, A, A),
]
"""The configuration in force, and what the vendor and Digipost signed off on."""
_ORDER: Final = tuple(Step)
BEYOND_STEP_2: Final = {Step.SETUP, Step.VERIFICATION, Step.LAUNCHED}
DECISIONS: Final = {"issued", "adopted", "voided", "plan", "step", "asking", "confirmed"}
"""What a case on hold, or closed, refuses; the rest are facts."""


class CaseMachine(RuleBasedStateMachine):
    """Every move there is, tried at any time; a move that is refused must leave the case as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.case = a_case(step=Step.ENQUIRY, agreement_version=0, agreement_state=S.DRAFT, unconfirmed=False)
        self.issued = 0
        self.forwarded: set[int] = set()

    def attempt(self, name: str, move: Callable[[Case], Case]) -> bool:
        before = self.case
        try:
            after = move(before)
        except GateError:
            return False
        if name in DECISIONS:
            assert not before.held, name
        assert before.step is not Step.CLOSED or name in {"agreement", "answer", "question", "ball"}, name
        self.case = after
        return True

    @initialize(start=st.sampled_from((None, Step.ENQUIRY, Step.AGREEMENT, Step.SETUP, Step.VERIFICATION)))
    def start(self, start: Step | None) -> None:
        """Chance alone seldom comes to a launch. None: an enquiry that came by mail."""
        if start is None:
            self.case = replace(self.case, unconfirmed=True)
            return
        if start is not Step.ENQUIRY:
            self.issue()
            self.sign_and_forward()
        if start in BEYOND_STEP_2:
            self.decide(LaunchPlan.DIRECT)
            self.begin()
        if start is Step.VERIFICATION:
            self.step(start, (A, None, None))

    @rule()
    def issue(self) -> None:
        if self.attempt("issued", lambda case: move_issued(case, now=LATER)):
            self.issued += 1

    @rule()
    def adopt(self) -> None:
        if self.attempt("adopted", lambda case: move_adopted(case, now=LATER)):
            self.issued += 1

    @rule(to=st.sampled_from([state for state in S if state not in {S.VOID, S.RETURNED_BY_DIGIPOST}]))
    def move(self, to: AgreementState) -> None:
        if self.attempt("agreement", lambda case: move_agreement(case, to, now=LATER)) and to is S.FORWARDED:
            self.forwarded.add(self.case.agreement_version)

    @rule()
    def void(self) -> None:
        self.attempt("voided", lambda case: move_voided(case, now=LATER))

    @rule()
    def come_back(self) -> None:
        if self.attempt("undelivered", lambda case: move_undelivered(case, now=LATER)):
            self.forwarded.discard(self.case.agreement_version)

    @rule()
    def say_no(self) -> None:
        self.attempt("returned", lambda case: move_returned(case, now=LATER))

    @rule(question=st.booleans())
    def answer(self, question: bool) -> None:
        self.attempt("answer", lambda case: with_answer(case, question=question, now=LATER))

    @rule()
    def close_question(self) -> None:
        self.attempt("question", lambda case: with_question_closed(case, now=LATER))

    @rule(held=st.booleans())
    def hold(self, held: bool) -> None:
        self.attempt("hold", lambda case: with_hold(case, held=held, now=LATER))

    @rule(plan=st.sampled_from([LaunchPlan.DIRECT, LaunchPlan.PLANNED]))
    def decide(self, plan: LaunchPlan) -> None:
        self.attempt("plan", lambda case: with_plan(case, plan, now=LATER))

    @precondition(lambda self: ready_for_setup(self.case))
    @rule()
    def begin(self) -> None:
        """What is said to be ready is never refused."""
        assert self.case.agreement_version in self.forwarded
        assert self.attempt("step", lambda case: move_step(case, Step.SETUP, now=LATER, attestations=Attestations()))

    @rule()
    def sign_and_forward(self) -> None:
        """The usual way, so that the later steps are reached often."""
        self.move(S.APPROVED)
        self.move(S.FORWARDED)

    @rule(to=st.one_of(st.none(), st.sampled_from(Step)), on=st.sampled_from(SIGN_OFFS))
    def step(self, to: Step | None, on: tuple[str | None, str | None, str | None]) -> None:
        """Any step, or the next one."""
        configuration, vendor, digipost = on
        to = to or _ORDER[min(_ORDER.index(self.case.step) + 1, len(_ORDER) - 1)]
        said = Attestations(vendor=vendor, digipost=digipost, methods=())
        before = self.case
        moved = self.attempt(
            "step", lambda case: move_step(case, to, now=LATER, attestations=said, configuration=configuration)
        )
        if moved and to is Step.LAUNCHED:
            assert before.step is Step.VERIFICATION
            assert configuration is not None
            assert vendor == digipost == configuration
            assert before.agreement_version in self.forwarded
        if moved and to is Step.SETUP and before.step is Step.AGREEMENT:
            assert ready_for_setup(before)

    @precondition(lambda self: self.case.step is Step.VERIFICATION)
    @rule(on=st.sampled_from(SIGN_OFFS))
    def launch(self, on: tuple[str | None, str | None, str | None]) -> None:
        self.step(Step.LAUNCHED, on)

    @invariant()
    def beyond_step_2_there_is_a_plan_and_an_agreement_that_has_left(self) -> None:
        if self.case.step in BEYOND_STEP_2:
            assert self.case.plan is not LaunchPlan.OPEN
            assert self.case.in_force is not None
            assert self.case.agreement_state in {S.APPROVED, S.FORWARDED, S.ACKNOWLEDGED}

    @rule(ball=st.sampled_from([None, *Party]))
    def work_on_the_set_up(self, ball: Party | None) -> None:
        self.attempt("ball", lambda case: with_setup_ball(case, ball, now=LATER))

    @rule()
    def ask(self) -> None:
        self.attempt("asking", lambda case: with_question_asked(case, now=LATER))

    @rule()
    def confirm(self) -> None:
        self.attempt("confirmed", lambda case: with_confirmed(case, now=LATER))

    @invariant()
    def somebody_must_do_something_with_every_open_case(self) -> None:
        turn = hand_over(self.case).turn
        assert (turn is not None) is (self.case.open or self.case.asked)
        assert hand_over(hand_over(self.case)) == hand_over(self.case)

    @invariant()
    def before_it_is_confirmed_nothing_is_issued(self) -> None:
        assert not self.case.unconfirmed or self.issued == 0 or self.case.agreement_state is not S.ISSUED

    @invariant()
    def versions_only_grow(self) -> None:
        assert self.case.agreement_version == self.issued

    @invariant()
    def an_enquiry_has_nothing_out(self) -> None:
        if self.case.step is Step.ENQUIRY:
            assert self.case.agreement_state is S.DRAFT

    @invariant()
    def somebody_has_the_ball_while_the_case_is_open(self) -> None:
        assert (waiting_for(self.case) is not None) is (self.case.open or self.case.asked)


CaseMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
test_any_order_of_events_leads_only_to_legal_states = CaseMachine.TestCase
