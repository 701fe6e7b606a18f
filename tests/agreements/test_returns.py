"""The policy: what becomes of a return, from everything known about it."""

from typing import Any

import pytest

from agreements.agreement import IssuedState
from agreements.case import AgreementState, Step
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.decision import Verdict
from agreements.findings import PRV_SCAN, SIG_HASH_FAILURE
from agreements.returns import ReturnContext, ReturnJudgement, judge_return
from agreements.signature_report import Indication, Provenance, Shape, SignatureReport
from agreements.signers import SignerCheck
from tests.agreements.ground_examples import KARI, a_case, a_report, an_agreement, expecting, signed_by

SIGNED = a_report(signed_by("Kari Nordmann"))


def judged(
    report: SignatureReport = SIGNED, *, agreement: Any = None, delivered_by: str | None = "fjord", **case: Any
) -> ReturnJudgement:
    context = ReturnContext(
        case=a_case(**case),
        agreement=agreement or an_agreement(),
        delivered_by=delivered_by,
        expected=expecting(KARI),
    )
    return judge_return(report, context, None)


def codes(judgement: ReturnJudgement) -> list[str]:
    return [finding.code for finding in judgement.decision.findings]


@pytest.mark.parametrize("state", [AgreementState.ISSUED, AgreementState.SENT, AgreementState.RETURNED])
def test_the_version_in_force_signed_by_the_named_person_is_approved(state: AgreementState) -> None:
    judgement = judged(agreement_state=state)
    assert judgement.decision.verdict is Verdict.APPROVED
    assert judgement.decision.findings == ()
    assert judgement.signers.check is SignerCheck.EXPECTED


def test_a_void_version_is_rejected() -> None:
    for judgement in (
        judged(agreement=an_agreement(state=IssuedState.VOID)),
        judged(agreement_state=AgreementState.VOID),
        judged(agreement=an_agreement(1, state=IssuedState.VOID), agreement_version=2),
    ):
        assert codes(judgement) == ["CAS-001"]
        assert judgement.decision.verdict is Verdict.REJECTED


@pytest.mark.parametrize("version", [0, 2])
def test_any_other_version_than_the_one_in_force_is_rejected(version: int) -> None:
    judgement = judged(agreement_version=version)
    assert codes(judgement) == ["CAS-002"]
    assert judgement.decision.verdict is Verdict.REJECTED


def test_another_cases_agreement_is_rejected() -> None:
    other = an_agreement(number=AgreementNumber(CaseNumber(2026, 43), 1))
    assert judged(agreement=other).decision.verdict is Verdict.REJECTED


def test_a_version_that_digipost_returned_is_rejected() -> None:
    judgement = judged(agreement_state=AgreementState.RETURNED_BY_DIGIPOST)
    assert codes(judgement) == ["CAS-009"]
    assert judgement.decision.verdict is Verdict.REJECTED


@pytest.mark.parametrize("state", [AgreementState.APPROVED, AgreementState.FORWARDED, AgreementState.ACKNOWLEDGED])
def test_a_second_return_of_an_approved_agreement_is_told_as_such(state: AgreementState) -> None:
    assert codes(judged(agreement_state=state)) == ["CAS-003"]


@pytest.mark.parametrize(
    "case", [{"held": True}, {"unconfirmed": True}, {"step": Step.CLOSED}, {"step": Step.LAUNCHED}]
)
def test_a_case_that_is_held_unconfirmed_or_over_approves_nothing_by_itself(case: dict[str, Any]) -> None:
    judgement = judged(**case)
    assert codes(judgement) == ["CAS-004"]
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW


def test_another_vendors_channel_is_a_reason_to_look() -> None:
    assert codes(judged(delivered_by="annen")) == ["CAS-005"]
    assert codes(judged(delivered_by=None)) == []


def test_what_the_signatures_say_is_never_outweighed_by_the_case() -> None:
    judgement = judged(a_report(signed_by("Kari Nordmann"), findings=(SIG_HASH_FAILURE(field="Signatur1"),)))
    assert judgement.decision.verdict is Verdict.REJECTED
    assert codes(judgement) == ["SIG-002"]


def test_a_stranger_is_never_approved() -> None:
    judgement = judged(a_report(signed_by("Per Hansen")))
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
    assert judgement.signers.check is SignerCheck.UNEXPECTED


@pytest.mark.parametrize("indication", [kind for kind in Indication if kind is not Indication.TOTAL_PASSED])
def test_a_report_that_is_not_passed_is_never_approved_even_without_a_finding(indication: Indication) -> None:
    judgement = judged(a_report(signed_by("Kari Nordmann"), indication=indication))
    assert judgement.decision.verdict is not Verdict.APPROVED
    assert codes(judgement) == ["SIG-017"]


@pytest.mark.parametrize("shape", [None, Shape.REWRITTEN, Shape.SCAN, Shape.OTHER, Shape.UNKNOWN])
def test_a_document_not_proven_to_be_ours_is_never_approved_even_without_a_finding(shape: Shape | None) -> None:
    provenance = None if shape is None else Provenance(shape=shape, issued_is_prefix=False)
    judgement = judged(a_report(signed_by("Kari Nordmann"), provenance=provenance))
    assert judgement.decision.verdict is not Verdict.APPROVED
    assert codes(judgement) == ["PRV-001"]


def test_a_finding_that_explains_itself_gets_no_second_one() -> None:
    scanned = a_report(indication=Indication.NO_SIGNATURE, provenance=None, findings=(PRV_SCAN(),))
    assert codes(judged(scanned)) == ["PRV-005", "WHO-003"]


def test_without_a_case_only_the_named_signers_are_judged() -> None:
    assert codes(judge_return(SIGNED, None, expecting(KARI))) == []
    assert codes(judge_return(SIGNED, None, None)) == ["WHO-001"]
    assert judge_return(SIGNED, None, None).decision.verdict is Verdict.APPROVED
    assert judge_return(a_report(provenance=None), None, None).decision.verdict is Verdict.NEEDS_REVIEW
