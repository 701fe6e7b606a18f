"""`require_qualified` asks of the persons in a service's evidence, and not of the service's own seal."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agreements.decision import Verdict
from signatures.lists import read_list
from tests.signatures.trusted_lists import GRANTED, WITHDRAWN, Operator, Service, make_operator, national_list
from tests.zoo.keeper import RECEIVED, Specimen, judged
from tests.zoo.services import HONEST_SERVICES, person_authority

LONG_AGO = RECEIVED - timedelta(days=900)
UNTIL = RECEIVED + timedelta(days=90)


@pytest.fixture(scope="module")
def operator() -> Operator:
    return make_operator("Kastbar tilsynsmyndighet", RECEIVED)


def required(operator: Operator, *, status: str = GRANTED, until: datetime = UNTIL) -> Specimen:
    """An honest return with evidence, whose signer's authority stands in the list."""
    specimen = HONEST_SERVICES["bankid_by_ec"]()
    service = Service(certificate=person_authority().der, since=LONG_AGO, status=status)
    found = read_list(national_list(operator, (service,), issued=LONG_AGO, until=until))
    return replace(specimen, trust=replace(specimen.trust, lists=(found,), require_qualified=True))


def test_evidence_of_a_person_whose_authority_is_granted_is_approved(operator: Operator) -> None:
    decision = judged(required(operator))
    assert decision.verdict is Verdict.APPROVED, decision.findings


@pytest.mark.parametrize(
    ("changed", "code"), [({"status": WITHDRAWN}, "SIG-028"), ({"until": RECEIVED}, "SIG-029")], ids=["not", "stale"]
)
def test_evidence_that_no_list_in_force_calls_qualified_is_not_approved(
    operator: Operator, changed: dict[str, object], code: str
) -> None:
    decision = judged(required(operator, **changed))  # type: ignore[arg-type]
    assert decision.verdict is Verdict.NEEDS_REVIEW
    assert code in {finding.code for finding in decision.findings}, decision.findings
