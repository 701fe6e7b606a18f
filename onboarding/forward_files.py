"""The files of the message to Digipost: the signed agreement byte for byte, what to set up, and more if it is wanted.

File names are ASCII with the case number. The signature check goes without the names of people: whom it found wanting
stands in the signed agreement, and in ours.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass

from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber
from agreements.decision import Decision
from agreements.language import Language
from agreements.signature_report import SignatureKind, SignatureReport, SignatureResult
from agreements.signers import ExpectedSigners, judge_signers
from agreements.summary import ConfigurationSummary
from onboarding.validation import SCHEMA, signature_data
from outbox.compose import Attachment

_LANGUAGE = Language.NB
_PDF, _JSON = "application/pdf", "application/json"


@dataclass(frozen=True, kw_only=True)
class Check:
    """The signature check of the document, as it was decided on."""

    report: SignatureReport | None
    decision: Decision
    expected: ExpectedSigners
    """Who should have signed."""


@dataclass(frozen=True, kw_only=True)
class ForwardFiles:
    """What goes with the letter."""

    needed: tuple[Attachment, ...]
    wanted: tuple[Attachment, ...]
    """Left out of a message that would be too large."""


def forward_files(
    number: AgreementNumber,
    *,
    signed: bytes,
    summary: ConfigurationSummary,
    check: Check,
    wanted: Collection[str],
) -> ForwardFiles:
    """The files of one agreement. `wanted`: as `forward.attach`."""
    from renderers.summary import SummaryFormat, render_summary

    pdf = render_summary(summary, _LANGUAGE, SummaryFormat.PDF)
    needed = (
        Attachment(name=signed_name(number), media_type=_PDF, data=signed),
        Attachment(name=f"Konfigurasjonsoversikt-{number.case}.pdf", media_type=_PDF, data=pdf),
    )
    extra: list[Attachment] = []
    if "report" in wanted and check.report is not None:
        data = check_json(number, check.report, check)
        extra.append(Attachment(name=f"Signaturkontroll-{number}.json", media_type=_JSON, data=data))
    if "json" in wanted:
        data = render_summary(summary, _LANGUAGE, SummaryFormat.JSON)
        extra.append(Attachment(name=f"Konfigurasjon-{number.case}.json", media_type=_JSON, data=data))
    return ForwardFiles(needed=needed, wanted=tuple(extra))


def signed_name(number: AgreementNumber) -> str:
    """What the signed agreement is called as a file."""
    return f"Avtale-{number}-signert.pdf"


def check_json(number: AgreementNumber, report: SignatureReport, check: Check) -> bytes:
    """The signature check as `validate --json` prints one, less the names of people, and findings in words alone."""
    from renderers.letters import finding_in_words

    findings: list[JsonValue] = [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding_in_words(finding, _LANGUAGE),
            "action": "",
        }
        for finding in check.decision.findings
    ]
    document: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "file": signed_name(number),
        "sha256": report.sha256,
        "size": report.size,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication,
        "signatures": [_signature(signature) for signature in report.signatures],
        "provenance": None if report.provenance is None else report.provenance.model_dump(mode="json"),
        "findings": findings,
        "signer_check": judge_signers(report, check.expected).check.value,
        "verdict": check.decision.verdict.value,
        "elapsed_ms": None,
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _signature(signature: SignatureResult) -> JsonValue:
    """A seal's name is an organisation's; anybody else's is left out."""
    data = signature_data(signature)
    if signature.kind is SignatureKind.SIGNATURE:
        signer = data["signer"]
        assert isinstance(signer, dict)
        data["signer"] = {**signer, "name": None}
    return data
