"""The pure policy: from everything known about a return to one decision.

Empty knowledge never approves: whoever calls must hand in a finding for whatever could not be checked.
"""

from dataclasses import dataclass

from agreements.agreement import Agreement, IssuedState
from agreements.case import APPROVED_STATES, AgreementState, Case
from agreements.decision import Decision, decide
from agreements.findings import (
    CAS_ADOPTED,
    CAS_ALREADY_APPROVED,
    CAS_NOT_OPEN,
    CAS_OPEN_VALUES,
    CAS_OTHER_VENDOR,
    CAS_SENT_BACK,
    CAS_SUPERSEDED,
    CAS_VOID,
    PRV_NOT_COMPARED,
    PRV_SERVICE_REWRITES,
    SIG_INDETERMINATE,
    Finding,
    Severity,
)
from agreements.reconciling import Reconciled
from agreements.signature_report import Indication, Shape, SignatureReport
from agreements.signers import ExpectedSigners, SignerJudgement, judge_signers


@dataclass(frozen=True, kw_only=True)
class ReturnContext:
    """What we know beside the document itself: the case, the issued version it claims to be, who delivered it."""

    case: Case
    agreement: Agreement
    delivered_by: str | None
    """The vendor whose folder or mailbox it came through."""
    expected: ExpectedSigners
    values: Reconciled | None = None
    """What its values came to; None where they were not read."""


@dataclass(frozen=True, kw_only=True)
class ReturnJudgement:
    """The decision, and the outcome of the signer check that `validate --json` shows."""

    decision: Decision
    signers: SignerJudgement


def judge_return(
    report: SignatureReport, context: ReturnContext | None, expected: ExpectedSigners | None
) -> ReturnJudgement:
    """Decide on a return. Without a context (`avtale validate`) only `expected` says who should have signed."""
    signers = judge_signers(report, context.expected if context else expected)
    findings = (*report.findings, *_unexplained(report), *signers.findings)
    if context is not None:
        findings += tuple(finding for rule in _CASE_RULES for finding in rule(context))
    return ReturnJudgement(decision=decide(findings), signers=signers)


_PROVEN = frozenset({Shape.APPENDED, Shape.CARRIER})
"""The shapes that can prove by themselves that the document is what we issued (architecture, "Return shapes")."""


def _unexplained(report: SignatureReport) -> tuple[Finding, ...]:
    """Braces to the belt: a report that does not say all is well, and gives no reason, still approves nothing."""
    if any(finding.severity is not Severity.INFO for finding in report.findings):
        return ()
    unexplained: tuple[Finding, ...] = ()
    if report.indication is not Indication.TOTAL_PASSED:
        reason = report.sub_indication or report.indication.value
        unexplained += (SIG_INDETERMINATE(field="-", sub_indication=reason),)
    allowed = any(finding.code == PRV_SERVICE_REWRITES.code for finding in report.findings)
    if not allowed and (report.provenance is None or report.provenance.shape not in _PROVEN):
        unexplained += (PRV_NOT_COMPARED(),)
    return unexplained


def _rule_version(context: ReturnContext) -> tuple[Finding, ...]:
    """Only the version in force can be approved."""
    number, in_force = context.agreement.number, context.case.in_force
    if context.agreement.state is IssuedState.VOID or context.case.agreement_state is AgreementState.VOID:
        return (CAS_VOID(agreement=str(number)),)
    if in_force != number:
        return (CAS_SUPERSEDED(agreement=str(number), in_force=str(in_force or "-")),)
    if context.case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST:
        return (CAS_SENT_BACK(agreement=str(number)),)
    return ()


def _rule_already_approved(context: ReturnContext) -> tuple[Finding, ...]:
    """A second return of an approved agreement changes nothing."""
    if context.case.agreement_state in APPROVED_STATES:
        return (CAS_ALREADY_APPROVED(agreement=str(context.agreement.number)),)
    return ()


def _rule_open(context: ReturnContext) -> tuple[Finding, ...]:
    """A case on hold or closed approves nothing by itself."""
    if context.case.held or context.case.unconfirmed or not context.case.open:
        return (CAS_NOT_OPEN(case=str(context.case.number)),)
    return ()


def _rule_vendor(context: ReturnContext) -> tuple[Finding, ...]:
    """A wall between vendors: another vendor's channel is a reason to look."""
    if context.delivered_by is not None and context.delivered_by != context.case.vendor_id:
        return (CAS_OTHER_VENDOR(case=str(context.case.number)),)
    return ()


def _rule_values(context: ReturnContext) -> tuple[Finding, ...]:
    """What was left open was agreed on by hand, or not at all: it approves nothing unless somebody has read it."""
    if context.values is not None:
        return context.values.findings
    left = context.agreement.open_fields
    return (CAS_OPEN_VALUES(entries=", ".join(left)),) if left else ()


def _rule_adopted(context: ReturnContext) -> tuple[Finding, ...]:
    """What we did not issue is for a person, whatever its signatures say."""
    return (CAS_ADOPTED(agreement=str(context.agreement.number)),) if context.agreement.adopted else ()


_CASE_RULES = (_rule_version, _rule_already_approved, _rule_open, _rule_vendor, _rule_values, _rule_adopted)
