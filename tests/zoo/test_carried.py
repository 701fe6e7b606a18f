"""What signing services send back: honest evidence approves without a person, nothing forged is approved."""

import pytest

from agreements.decision import Verdict
from tests.zoo.carried import FORGED_CARRIED, HONEST_CARRIED, WAITING_CARRIED
from tests.zoo.keeper import judged


def test_there_are_enough_of_each() -> None:
    assert len(HONEST_CARRIED) >= 10
    assert len(FORGED_CARRIED) >= 15


@pytest.mark.parametrize("name", HONEST_CARRIED)
def test_an_honest_return_from_a_known_service_needs_no_person(name: str) -> None:
    decision = judged(HONEST_CARRIED[name]())
    assert decision.verdict is Verdict.APPROVED, decision.findings


@pytest.mark.parametrize("name", WAITING_CARRIED)
def test_what_the_profile_does_not_prove_waits_for_a_person(name: str) -> None:
    code, builder = WAITING_CARRIED[name]
    decision = judged(builder())
    assert decision.verdict is Verdict.NEEDS_REVIEW, decision.findings
    assert code in {finding.code for finding in decision.findings}, decision.findings


@pytest.mark.parametrize("name", FORGED_CARRIED)
def test_a_forged_return_from_a_service_is_not_approved_and_told_what_is_wrong(name: str) -> None:
    code, builder = FORGED_CARRIED[name]
    decision = judged(builder())
    assert decision.verdict is not Verdict.APPROVED
    assert code in {finding.code for finding in decision.findings}, decision.findings
