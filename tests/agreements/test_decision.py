"""Findings become a verdict: the strictest decides, and all are kept."""

from hypothesis import given
from hypothesis import strategies as st

from agreements.decision import Verdict, decide
from agreements.findings import Finding, FindingCode, Severity, all_codes

FINDINGS = st.lists(st.sampled_from(all_codes()).map(lambda code: code(field="Signatur1")))
MILDEST_FIRST = [Verdict.APPROVED, Verdict.NEEDS_REVIEW, Verdict.REJECTED]


@given(FINDINGS, FINDINGS, st.sampled_from([code for code in all_codes() if code.severity is Severity.REJECT]))
def test_one_finding_that_rejects_always_rejects(
    before: list[Finding], after: list[Finding], code: FindingCode
) -> None:
    assert decide([*before, code(), *after]).verdict is Verdict.REJECTED


@given(FINDINGS, FINDINGS)
def test_more_findings_never_make_a_verdict_milder(findings: list[Finding], more: list[Finding]) -> None:
    fewer, all_of_them = decide(findings), decide([*findings, *more])
    assert MILDEST_FIRST.index(all_of_them.verdict) >= MILDEST_FIRST.index(fewer.verdict)


@given(FINDINGS)
def test_approved_means_that_nothing_but_information_was_found(findings: list[Finding]) -> None:
    decision = decide(iter(findings))
    assert decision.findings == tuple(findings)
    assert (decision.verdict is Verdict.APPROVED) == all(finding.severity is Severity.INFO for finding in findings)


def test_a_finding_code_makes_findings_of_its_own_severity() -> None:
    code = FindingCode("SIG-999", Severity.REVIEW)
    assert code(field="Signatur1") == Finding(code="SIG-999", severity=Severity.REVIEW, params={"field": "Signatur1"})
    assert repr(code) == "FindingCode('SIG-999', 'review')"


def test_no_two_findings_share_a_code() -> None:
    codes = [code.code for code in all_codes()]
    assert len(codes) == len(set(codes))
    assert codes == sorted(codes)
