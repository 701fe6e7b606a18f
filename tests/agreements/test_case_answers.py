"""What Digipost's answers and its no do to a case: pure."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.case import (
    AgreementState,
    Case,
    Step,
    move_returned,
    with_answer,
    with_question_closed,
)
from agreements.duties import waiting_for
from agreements.errors import GateError
from agreements.turn import Party
from tests.agreements.ground_examples import NOW, a_case

HAS_IT = (AgreementState.FORWARDED, AgreementState.ACKNOWLEDGED)
CASES = st.builds(
    lambda step, state, held, asked: replace(
        a_case(), step=step, agreement_state=state, agreement_version=1, held=held, asked=asked
    ),
    st.sampled_from(list(Step)),
    st.sampled_from(list(AgreementState)),
    st.booleans(),
    st.booleans(),
)


@given(CASES)
def test_a_question_changes_who_has_the_ball_and_nothing_else(case: Case) -> None:
    asked = with_answer(case, question=True, now=NOW)
    assert asked == replace(case, asked=True, updated_at=asked.updated_at)
    assert waiting_for(asked) is Party.VENDOR


@given(CASES)
def test_an_acknowledgement_moves_a_forwarded_agreement_and_no_other(case: Case) -> None:
    answered = with_answer(case, question=False, now=NOW)
    if case.agreement_state is AgreementState.FORWARDED:
        assert answered == replace(case, agreement_state=AgreementState.ACKNOWLEDGED, updated_at=NOW)
    else:
        assert answered == case


@given(CASES)
def test_only_what_digipost_has_and_is_still_on_its_way_comes_back(case: Case) -> None:
    if case.agreement_state in HAS_IT and case.open:
        back = move_returned(case, now=NOW)
        assert (back.step, back.agreement_state, back.asked) == (
            Step.AGREEMENT,
            AgreementState.RETURNED_BY_DIGIPOST,
            False,
        )
        assert (back.held, back.plan, back.values) == (case.held, case.plan, case.values)
    else:
        with pytest.raises(GateError):
            move_returned(case, now=NOW)


@given(CASES)
def test_a_question_is_closed_once(case: Case) -> None:
    if case.asked:
        assert not with_question_closed(case, now=NOW).asked
    else:
        with pytest.raises(GateError):
            with_question_closed(case, now=NOW)


@pytest.mark.parametrize("step", [Step.LAUNCHED, Step.CLOSED])
def test_a_question_about_a_case_that_is_done_with_still_waits(step: Step) -> None:
    assert waiting_for(replace(a_case(), step=step)) is None
    assert waiting_for(replace(a_case(), step=step, asked=True)) is Party.VENDOR
