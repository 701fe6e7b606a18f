"""Why a return is turned down, in the words of those who signed it, and what they do about it.

The texts of findings (`agreements/texts`) speak to the vendor's people. Here each finding that an organisation can do
something about has a reason of its own (`letters.rejection.reasons`); findings with the same remedy share one. The
others (no trust anchors, a case on hold …) are the vendor's own business and never stand in a letter.
"""

from collections.abc import Iterable
from typing import Final

from agreements.findings import Finding, Severity
from agreements.language import Language
from agreements.texts import spoken
from renderers.letters.heading import inline
from renderers.templates import words

OTHER: Final = "other"
"""The reason where no finding has one: asks for an answer, so that nobody is left without knowing what to do."""
REASONS: Final = {
    "SIG-001": "unsigned",
    "SIG-002": "altered",
    "SIG-003": "altered",
    "SIG-004": "unreadable_signature",
    "SIG-005": "altered",
    "SIG-006": "altered",
    "SIG-007": "altered",
    "SIG-008": "altered",
    "SIG-009": "revoked",
    "SIG-010": "unknown_certificate",
    "SIG-011": "unknown_certificate",
    "SIG-014": "unreadable_signature",
    "SIG-015": "unknown_certificate",
    "SIG-016": "unreadable_signature",
    "SIG-018": "unreadable_signature",
    "SIG-019": "unreadable_signature",
    "SIG-020": "unknown_certificate",
    "SIG-021": "unreadable_signature",
    "SIG-022": "changed_before",
    "SIG-023": "altered",
    "SIG-025": "unknown_certificate",
    "SIG-026": "unreadable_signature",
    "SIG-027": "unreadable_signature",
    "PRV-002": "rewritten",
    "PRV-003": "text_differs",
    "EVD-003": "altered",
    "EVD-005": "other_evidence",
    "PRV-004": "changed_before",
    "PRV-005": "scan",
    "PRV-007": "changed_before",
    "PRV-008": "changed_before",
    "PRV-009": "changed_before",
    "WHO-002": "signer_unexpected",
    "WHO-003": "signer_missing",
    "WHO-004": "right_to_sign",
    "WHO-005": "other_seal",
    "WHO-006": "namesake",
    "WHO-007": "right_to_sign",
    "VAL-001": "value_differs",
    "VAL-002": "value_not_shown",
    "VAL-003": "value_missing",
    "VAL-004": "value_invalid",
    "VAL-005": "value_missing",
    "CAS-001": "withdrawn",
    "CAS-002": "superseded",
    "CAS-009": "sent_back",
    "INT-001": "damaged",
    "INT-002": "too_large",
    "INT-003": "not_pdf",
    "INT-004": "damaged",
    "INT-005": "encrypted",
    "INT-008": "not_ours",
    "INT-011": "not_pdf",
}
"""Finding code -> the reason's name."""
_ELECTRONIC = frozenset({"scan", "unsigned"})
_SEVERITIES = tuple(Severity)


def reasons_of(findings: Iterable[Finding], language: Language, *, on_paper: bool) -> list[tuple[str, str]]:
    """What is wrong and what to do, each once, the weightiest first; `OTHER` if no finding gives a reason.

    `on_paper`: they were asked to sign on paper, so that a scan without an electronic signature is no fault.
    """
    weighed = sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    told = [
        _sentences(REASONS[finding.code], language, finding)
        for finding in weighed
        if finding.severity is not Severity.INFO
        and finding.code in REASONS
        and not (on_paper and REASONS[finding.code] in _ELECTRONIC)
    ]
    return list(dict.fromkeys(told)) or [_sentences(OTHER, language, None)]


def _sentences(reason: str, language: Language, finding: Finding | None) -> tuple[str, str]:
    said = {} if finding is None else spoken(finding.params, language)
    params = {name: inline(str(value)) for name, value in said.items()}
    key, say = f"letters.rejection.reasons.{reason}", words(language)
    return say(f"{key}.what", **params), say(f"{key}.do", **params)
