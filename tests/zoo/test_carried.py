"""What signing services send back: honest evidence approves without a person, nothing forged is approved."""

import pytest

from agreements.decision import Verdict
from tests.zoo.carried import FORGED_CARRIED, HONEST_CARRIED, WAITING_CARRIED
from tests.zoo.keeper import judged
from tests.zoo.services import FORGED_SERVICES, HONEST_SERVICES, WAITING_SERVICES

WAIT = {"EVD-001", "EVD-002", "EVD-006", "EVD-008", "EVD-009", "EVD-010", "EVD-011", "WHO-009", "PRV-008"}
REFUSE = {
    *("EVD-001", "EVD-003", "EVD-004", "EVD-005", "EVD-007", "PRV-003", "PRV-010", "PRV-011", "PRV-012"),
    *("SIG-006", "SIG-009", "SIG-010", "WHO-002", "WHO-003", "WHO-006"),
}
"""What each of the kinds is told by at least one of them."""


def test_each_finding_about_services_is_made_of_some_return() -> None:
    assert {code for code, _ in WAITING_CARRIED.values()} == WAIT
    assert {code for code, _ in FORGED_CARRIED.values()} == REFUSE


@pytest.mark.parametrize(
    ("name", "code"), [("signed_by_one", "EVD-012"), ("the_customers_own_tool_writes_anew_and_may", "PRV-013")]
)
def test_an_approval_says_what_it_rests_on(name: str, code: str) -> None:
    assert code in {finding.code for finding in judged(HONEST_CARRIED[name]()).findings}


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


@pytest.mark.parametrize("name", HONEST_SERVICES)
def test_an_honest_return_as_the_facts_describe_a_service_needs_no_person(name: str) -> None:
    decision = judged(HONEST_SERVICES[name]())
    assert decision.verdict is Verdict.APPROVED, decision.findings


@pytest.mark.parametrize("name", WAITING_SERVICES)
def test_a_return_that_proves_too_little_waits_for_a_person(name: str) -> None:
    decision = judged(WAITING_SERVICES[name]())
    assert decision.verdict is Verdict.NEEDS_REVIEW, decision.findings


@pytest.mark.parametrize("name", FORGED_SERVICES)
def test_a_forged_return_as_the_facts_describe_a_service_is_not_approved(name: str) -> None:
    assert judged(FORGED_SERVICES[name]()).verdict is not Verdict.APPROVED
