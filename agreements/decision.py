"""From findings to a verdict: all findings are kept, the strictest decides."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from agreements.findings import Finding, Severity


class Verdict(StrEnum):
    """What becomes of a return: godkjent, til vurdering, avvist."""

    APPROVED = "approved"
    NEEDS_REVIEW = "needs_review"
    REJECTED = "rejected"


_BY_SEVERITY = {
    Severity.INFO: Verdict.APPROVED,
    Severity.REVIEW: Verdict.NEEDS_REVIEW,
    Severity.REJECT: Verdict.REJECTED,
}
_STRICTNESS = tuple(Verdict)


class Decision(BaseModel):
    """A verdict with every finding behind it."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    findings: tuple[Finding, ...]


def decide(findings: Iterable[Finding]) -> Decision:
    """The strictest verdict over all findings. Callers must have put a finding for whatever they could not check."""
    kept = tuple(findings)
    verdicts = (_BY_SEVERITY[finding.severity] for finding in kept)
    return Decision(verdict=max(verdicts, key=_STRICTNESS.index, default=Verdict.APPROVED), findings=kept)
