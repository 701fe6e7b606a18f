"""The case and its guards: which moves there are, and which nobody can make."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.agreement import IssuedState
from agreements.case import (
    AgreementState,
    Attestations,
    Case,
    Closing,
    LaunchPlan,
    Step,
    move_agreement,
    move_ended,
    move_issued,
    move_step,
    move_undelivered,
    require_editable,
    with_hold,
)
from agreements.decision import Verdict
from agreements.duties import waiting_for
from agreements.errors import GateError
from agreements.returns import ReturnContext, judge_return
from agreements.turn import Party
from tests.agreements.ground_examples import KARI, LATER, a_case, a_report, an_agreement, expecting, signed_by

S = AgreementState
HASH = "f" * 64
BOTH = Attestations(vendor=HASH, digipost=HASH, methods=())

AGREEMENT_MOVES = {
    (S.ISSUED, S.SENT),
    (S.ISSUED, S.RETURNED),
    (S.ISSUED, S.APPROVED),
    (S.ISSUED, S.VOID),
    (S.SENT, S.RETURNED),
    (S.SENT, S.APPROVED),
    (S.SENT, S.VOID),
    (S.RETURNED, S.RETURNED),
    (S.RETURNED, S.ISSUED),
    (S.RETURNED, S.APPROVED),
    (S.RETURNED, S.VOID),
    (S.APPROVED, S.FORWARDED),
    (S.APPROVED, S.VOID),
    (S.FORWARDED, S.ACKNOWLEDGED),
    (S.FORWARDED, S.RETURNED_BY_DIGIPOST),
    (S.ACKNOWLEDGED, S.RETURNED_BY_DIGIPOST),
    (S.RETURNED_BY_DIGIPOST, S.VOID),
}
ISSUABLE = {S.DRAFT, S.ISSUED, S.SENT, S.RETURNED, S.RETURNED_BY_DIGIPOST, S.VOID}
EDITABLE = {S.DRAFT, S.VOID, S.RETURNED_BY_DIGIPOST}
FACTS = {S.RETURNED, S.FORWARDED, S.ACKNOWLEDGED, S.RETURNED_BY_DIGIPOST}
"""Something that has happened; a case on hold can't refuse it."""
STEP_MOVES = {
    (Step.AGREEMENT, Step.SETUP),
    (Step.SETUP, Step.VERIFICATION),
    (Step.VERIFICATION, Step.SETUP),
    (Step.VERIFICATION, Step.LAUNCHED),
}


def refused(act: Callable[[], object]) -> GateError:
    with pytest.raises(GateError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_an_agreement_moves_along_the_chain_and_nowhere_else(before: S, after: S) -> None:
    case = a_case(agreement_state=before)
    if (before, after) in AGREEMENT_MOVES:
        assert move_agreement(case, after, now=LATER) == replace(case, agreement_state=after, updated_at=LATER)
        return
    error = refused(lambda: move_agreement(case, after, now=LATER))
    assert (error.code, error.unmet) == ("case_move_refused", ("agreement_move",))
    assert error.params == {"case": "DA-2026-000042-J", "agreement_from": before.value, "agreement_to": after.value}


@pytest.mark.parametrize("state", list(S))
def test_a_new_version_can_be_issued_unless_digipost_has_the_agreement(state: S) -> None:
    case = a_case(agreement_state=state, agreement_version=3)
    if state in ISSUABLE:
        issued = move_issued(case, now=LATER)
        assert (issued.agreement_state, issued.agreement_version, issued.step) == (S.ISSUED, 4, Step.AGREEMENT)
        assert issued.in_force is not None
        assert str(issued.in_force) == "DA-2026-000042-J.4"
    else:
        assert refused(lambda: move_issued(case, now=LATER)).unmet == ("agreement_move",)


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        ({"signers": ()}, ("signer_missing",)),
        ({"unconfirmed": True}, ("case_unconfirmed",)),
        ({"held": True}, ("case_held",)),
        ({"step": Step.SETUP}, ("step_past_agreement",)),
        ({"step": Step.CLOSED}, ("case_closed", "step_past_agreement")),
        (
            {"held": True, "unconfirmed": True, "signers": (), "step": Step.SETUP, "agreement_state": S.FORWARDED},
            ("case_held", "case_unconfirmed", "signer_missing", "step_past_agreement", "agreement_move"),
        ),
    ],
)
def test_everything_that_stands_in_the_way_of_issuing_is_told_at_once(
    changes: dict[str, Any], unmet: tuple[str, ...]
) -> None:
    error = refused(lambda: move_issued(a_case(**changes), now=LATER))
    assert (error.code, error.unmet) == ("case_not_issuable", unmet)


@pytest.mark.parametrize("state", list(S))
def test_values_and_signers_can_be_changed_only_while_nothing_is_out_for_signing(state: S) -> None:
    case = a_case(agreement_state=state)
    if state in EDITABLE:
        require_editable(case)
    else:
        assert refused(lambda: require_editable(case)).unmet == ("agreement_issued",)


def test_an_enquiry_can_be_edited_and_issued() -> None:
    case = a_case(step=Step.ENQUIRY, agreement_state=S.DRAFT, agreement_version=0)
    require_editable(case)
    assert case.in_force is None
    assert move_issued(case, now=LATER).agreement_version == 1


@pytest.mark.parametrize("stopped", [{"held": True}, {"step": Step.CLOSED}, {"held": True, "step": Step.CLOSED}])
def test_a_held_or_closed_case_takes_no_decision(stopped: dict[str, Any]) -> None:
    case = a_case(**stopped)
    for before, after in product(S, set(S) - FACTS):
        refused(partial(move_agreement, replace(case, agreement_state=before), after, now=LATER))
    for step in Step:
        refused(partial(move_step, case, step, now=LATER, attestations=BOTH, configuration=HASH))
    refused(lambda: move_issued(case, now=LATER))
    refused(lambda: require_editable(case))


@pytest.mark.parametrize("stopped", [{"held": True}, {"step": Step.CLOSED}])
@pytest.mark.parametrize(("before", "after"), sorted(AGREEMENT_MOVES))
def test_a_held_or_closed_case_still_learns_what_has_happened(before: S, after: S, stopped: dict[str, Any]) -> None:
    case = a_case(agreement_state=before, **stopped)
    if after in FACTS:
        assert move_agreement(case, after, now=LATER).agreement_state is after


@pytest.mark.parametrize(("before", "after"), list(product(Step, Step)))
def test_a_case_takes_the_six_steps_in_order_and_no_others(before: Step, after: Step) -> None:
    """Everything the guards ask for is there: what is left is the order."""
    case = a_case(step=before, agreement_state=S.FORWARDED, plan=LaunchPlan.DIRECT)
    move = partial(move_step, case, after, now=LATER, attestations=BOTH, configuration=HASH)
    if (before, after) in STEP_MOVES:
        assert move() == replace(case, step=after, updated_at=LATER)
        return
    assert "no_such_step" in refused(move).unmet


@pytest.mark.parametrize(("step", "closing"), list(product(Step, Closing)))
@pytest.mark.parametrize("held", [False, True])
def test_what_is_launched_ends_by_termination_or_its_successor_and_nothing_else_does(
    step: Step, closing: Closing, held: bool
) -> None:
    case = a_case(step=step, held=held, launched_sha256=HASH if step is Step.LAUNCHED else None)
    of_launched = closing in {Closing.TERMINATED, Closing.SUPERSEDED}
    if step is Step.CLOSED or (step is Step.LAUNCHED) is not of_launched:
        refused(lambda: move_ended(case, closing, now=LATER))
        return
    ended = move_ended(case, closing, now=LATER)
    assert (ended.step, ended.closing, ended.held) == (Step.CLOSED, closing, False)
    assert ended.launched_sha256 == case.launched_sha256


NO_ATTESTATION = ("vendor_not_attested", "digipost_not_attested")


@pytest.mark.parametrize(
    ("step", "changes", "attested", "configuration", "unmet"),
    [
        (Step.AGREEMENT, {"agreement_state": S.APPROVED}, BOTH, HASH, ("agreement_not_forwarded",)),
        (Step.AGREEMENT, {"plan": LaunchPlan.OPEN}, BOTH, HASH, ("plan_open",)),
        (Step.SETUP, {}, BOTH, None, ("configuration_missing",)),
        (Step.VERIFICATION, {}, Attestations(vendor=HASH, methods=()), HASH, ("digipost_not_attested",)),
        (Step.VERIFICATION, {}, Attestations(digipost=HASH, methods=()), HASH, ("vendor_not_attested",)),
        (Step.VERIFICATION, {}, Attestations(methods=()), HASH, NO_ATTESTATION),
        (Step.VERIFICATION, {}, BOTH, "0" * 64, NO_ATTESTATION),
        (Step.VERIFICATION, {}, Attestations(methods=()), None, ("configuration_missing", *NO_ATTESTATION)),
        (Step.VERIFICATION, {"agreement_state": S.RETURNED_BY_DIGIPOST}, BOTH, HASH, ("agreement_not_forwarded",)),
    ],
)
def test_the_next_step_is_refused_with_everything_that_is_missing(
    step: Step, changes: dict[str, Any], attested: Attestations, configuration: str | None, unmet: tuple[str, ...]
) -> None:
    to = {Step.AGREEMENT: Step.SETUP, Step.SETUP: Step.VERIFICATION, Step.VERIFICATION: Step.LAUNCHED}[step]
    case = a_case(**({"step": step, "agreement_state": S.FORWARDED, "plan": LaunchPlan.PLANNED} | changes))
    error = refused(lambda: move_step(case, to, now=LATER, attestations=attested, configuration=configuration))
    assert (error.code, error.unmet) == ("case_step_refused", unmet)


def test_a_case_is_put_on_hold_and_resumed_until_it_is_closed() -> None:
    held = with_hold(a_case(), held=True, now=LATER)
    assert held.held
    assert not with_hold(held, held=False, now=LATER).held
    assert refused(lambda: with_hold(a_case(step=Step.CLOSED), held=True, now=LATER)).unmet == ("case_closed",)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("step", [Step.AGREEMENT, Step.SETUP, Step.VERIFICATION])
def test_a_forward_that_comes_back_leaves_the_agreement_approved_and_the_later_steps_closed(
    step: Step, held: bool
) -> None:
    case = a_case(step=step, held=held, agreement_state=S.FORWARDED, plan=LaunchPlan.DIRECT)
    back = move_undelivered(case, now=LATER)
    assert back == replace(case, agreement_state=S.APPROVED, updated_at=LATER)
    assert waiting_for(back) is Party.VENDOR
    for after in (Step.SETUP, Step.LAUNCHED):
        refused(partial(move_step, back, after, now=LATER, attestations=BOTH, configuration=HASH))
    assert move_agreement(back, S.FORWARDED, now=LATER).agreement_state is S.FORWARDED


@pytest.mark.parametrize("state", sorted(set(S) - {S.FORWARDED}))
def test_only_what_was_forwarded_and_not_acknowledged_can_come_back(state: S) -> None:
    assert refused(lambda: move_undelivered(a_case(agreement_state=state), now=LATER)).unmet == ("agreement_move",)


@pytest.mark.parametrize("step", [Step.LAUNCHED, Step.CLOSED])
def test_nothing_comes_back_to_a_case_that_is_done_with(step: Step) -> None:
    refused(lambda: move_undelivered(a_case(step=step, agreement_state=S.FORWARDED), now=LATER))


@pytest.mark.parametrize(
    ("changes", "party"),
    [
        ({"step": Step.ENQUIRY, "agreement_state": S.DRAFT}, Party.VENDOR),
        ({}, Party.CUSTOMER),
        ({"agreement_state": S.SENT}, Party.CUSTOMER),
        ({"agreement_state": S.RETURNED}, Party.VENDOR),
        ({"agreement_state": S.FORWARDED}, Party.DIGIPOST),
        ({"held": True}, Party.VENDOR),
        ({"unconfirmed": True}, Party.VENDOR),
        ({"step": Step.SETUP, "agreement_state": S.FORWARDED}, Party.VENDOR),
        ({"step": Step.LAUNCHED}, None),
        ({"step": Step.CLOSED}, None),
    ],
)
def test_somebody_has_the_ball_as_long_as_the_case_is_open(changes: dict[str, Any], party: Party | None) -> None:
    assert waiting_for(a_case(**changes)) is party


# --- no way around ---

HASHES = st.sampled_from([None, HASH, "0" * 64])
METHODS = st.sampled_from([(), ("no_method_agreed",), ("method_open", "method_failed")])
ATTESTATIONS = st.builds(Attestations, vendor=HASHES, digipost=HASHES, methods=METHODS)
ACTIONS = st.one_of(
    st.tuples(st.just("agreement"), st.sampled_from(S)),
    st.tuples(st.just("step"), st.sampled_from(Step), ATTESTATIONS, HASHES),
    st.tuples(st.just("issue")),
    st.tuples(st.just("undelivered")),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("plan"), st.sampled_from(LaunchPlan)),
)
LIKELY = [
    ("issue",),
    ("agreement", S.APPROVED),
    ("agreement", S.FORWARDED),
    ("plan", LaunchPlan.DIRECT),
    ("step", Step.SETUP, Attestations(), HASH),
    ("step", Step.VERIFICATION, Attestations(), HASH),
]


def act(case: Case, action: Any) -> Case:
    """What a caller could do next; a refused move leaves the case as it is."""
    try:
        match action:
            case ("agreement", state):
                return move_agreement(case, state, now=LATER)
            case ("step", step, attestations, configuration):
                return move_step(case, step, now=LATER, attestations=attestations, configuration=configuration)
            case ("undelivered",):
                return move_undelivered(case, now=LATER)
            case ("issue",):
                return move_issued(case, now=LATER)
            case ("hold", held):
                return with_hold(case, held=held, now=LATER)
            case (_, plan):
                return replace(case, plan=plan)
    except GateError:
        pass
    return case


@given(st.integers(0, len(LIKELY)), st.lists(ACTIONS, max_size=20))
def test_no_sequence_of_moves_launches_without_both_attestations_on_the_configuration_in_force(
    start: int, actions: list[Any]
) -> None:
    case = a_case(step=Step.ENQUIRY, agreement_state=S.DRAFT, agreement_version=0)
    for action in [*LIKELY[:start], *actions]:
        before, case = case, act(case, action)
        if case.step is Step.LAUNCHED and before.step is not Step.LAUNCHED:
            _, _, attestations, configuration = action
            assert configuration is not None
            assert attestations.vendor == attestations.digipost == configuration
            assert case.agreement_state in {S.FORWARDED, S.ACKNOWLEDGED}
            assert not before.held


@given(st.lists(ACTIONS, max_size=30))
def test_a_void_version_is_never_approved_and_versions_only_grow(actions: list[Any]) -> None:
    case = a_case(step=Step.ENQUIRY, agreement_state=S.DRAFT, agreement_version=0)
    void: set[int] = set()
    for action in actions:
        before, case = case, act(case, action)
        assert case.agreement_version >= before.agreement_version
        if case.agreement_state is S.VOID:
            void.add(case.agreement_version)
            assert case.in_force is None
        elif case.agreement_version in void:
            raise AssertionError("a void version came back")


def test_a_return_of_a_void_version_is_refused_even_if_the_case_were_moved() -> None:
    voided = move_agreement(a_case(), S.VOID, now=LATER)
    refused(lambda: move_agreement(voided, S.APPROVED, now=LATER))
    again = move_issued(voided, now=LATER)
    context = ReturnContext(
        case=again, agreement=an_agreement(1, state=IssuedState.VOID), delivered_by=None, expected=expecting(KARI)
    )
    assert judge_return(a_report(signed_by("Kari Nordmann")), context, None).decision.verdict is Verdict.REJECTED
