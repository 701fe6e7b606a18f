"""What `--explain` shows: every check with its result, and the standard or the page of ours that it comes from."""

from dataclasses import dataclass
from typing import Final

from agreements.decision import Decision
from agreements.findings import (
    INT_EMPTY,
    INT_ENCRYPTED,
    INT_ENGINE_ERROR,
    INT_NOT_PDF,
    INT_RESOURCE_LIMIT,
    INT_TOO_LARGE,
    INT_UNREADABLE_PDF,
    PRV_NOT_COMPARED,
    SIG_DEMO_CERTIFICATE,
    SIG_FORMAT_FAILURE,
    SIG_HIDDEN,
    SIG_LENIENT,
    SIG_NEW_FIELD,
    SIG_TIMESTAMP,
    SIG_TOO_MANY,
    SIG_TRAILING_BYTES,
    SIG_UNSUPPORTED,
    SIG_WEAK_ALGORITHM,
    FindingCode,
)
from agreements.language import Language
from agreements.signature_report import SignatureReport, SignatureResult
from agreements.signers import SignerCheck
from agreements.texts import text
from onboarding.views import local_time

OWN_RULES: Final = "docs/security.md"
"""Where the rules stand that no standard has."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: its name among the texts (`explain.checks`), how it came out, and where its rule comes from."""

    name: str
    outcome: str
    source: str

    def label(self, language: Language) -> str:
        """What was checked, in words."""
        return text(f"explain.checks.{self.name}", language)

    def line(self, language: Language) -> str:
        """`Nivå (PAdES): B-LT [ETSI EN 319 142-1, 6]`."""
        return f"{self.label(language)}: {self.outcome} [{self.source}]"


_OF_THE_FILE: Final[tuple[tuple[str, tuple[FindingCode, ...], str], ...]] = (
    (
        "format",
        (INT_EMPTY, INT_TOO_LARGE, INT_NOT_PDF, INT_UNREADABLE_PDF, INT_ENCRYPTED, INT_ENGINE_ERROR, SIG_LENIENT),
        "ISO 32000-1, 7.5",
    ),
    ("limits", (SIG_TOO_MANY, INT_RESOURCE_LIMIT), OWN_RULES),
    ("bytes", (SIG_FORMAT_FAILURE, SIG_TRAILING_BYTES), "ISO 32000-1, 12.8.1"),
    ("hidden", (SIG_HIDDEN, SIG_UNSUPPORTED, SIG_NEW_FIELD), OWN_RULES),
    ("algorithms", (SIG_WEAK_ALGORITHM,), "ETSI TS 119 312"),
    ("timestamps", (SIG_TIMESTAMP,), "ETSI EN 319 102-1, 5.4"),
    ("demo", (SIG_DEMO_CERTIFICATE,), OWN_RULES),
)
"""Checks whose outcome is whether one of their findings was made."""


def signature_checks(signature: SignatureResult, language: Language) -> tuple[Check, ...]:
    """Each check of one signature, in the order in which they are made."""
    states = text(f"explain.revocation_states.{signature.revocation.value}", language)
    indication = " ".join(filter(None, (signature.indication.value, signature.sub_indication)))
    return (
        Check(name="covers", outcome=_yes(signature.covers_document, language), source="ISO 32000-1, 12.8.1"),
        Check(name="intact", outcome=_yes(signature.intact, language), source="ETSI EN 319 102-1, 5.2.7"),
        Check(
            name="changes_after",
            outcome=text(f"explain.changes.{signature.changes_after.value}", language),
            source=OWN_RULES,
        ),
        Check(name="trusted", outcome=_yes(signature.trusted, language), source="ETSI EN 319 102-1, 5.2.6"),
        Check(name="revocation", outcome=states, source="ETSI EN 319 102-1, 5.2.5"),
        Check(
            name="time",
            outcome=local_time(signature.best_signature_time) or "-",
            source="ETSI EN 319 102-1, 5.5",
        ),
        Check(name="level", outcome=signature.level or "-", source="ETSI EN 319 142-1, 6"),
        Check(name="indication", outcome=indication, source="ETSI EN 319 102-1, 5.1.3"),
    )


def document_checks(
    report: SignatureReport | None, decision: Decision, check: SignerCheck, language: Language
) -> tuple[Check, ...]:
    """Each check of the file as a whole. Without a report only what was found before it was opened is known."""
    codes = {finding.code for finding in decision.findings}
    made = _OF_THE_FILE if report is not None else _OF_THE_FILE[:2]
    checks = [
        Check(name=name, outcome=_outcome(codes & {code.code for code in own}, language), source=source)
        for name, own, source in made
    ]
    if report is not None:
        checks += [_provenance(report, codes, language), _signers(check, codes, language), *_made_by(report)]
    return tuple(checks)


def _provenance(report: SignatureReport, codes: set[str], language: Language) -> Check:
    own = {code for code in codes if code.startswith("PRV-")}
    if report.provenance is None or own == {PRV_NOT_COMPARED.code}:
        outcome = text("explain.outcomes.not_judged", language)
    else:
        shape = text(f"explain.shapes.{report.provenance.shape.value}", language)
        outcome = f"{shape}; {_outcome(own, language)}" if own else shape
    return Check(name="issued", outcome=outcome, source=OWN_RULES)


def _signers(check: SignerCheck, codes: set[str], language: Language) -> Check:
    if check is SignerCheck.NOT_JUDGED:
        outcome = text("explain.outcomes.not_judged", language)
    else:
        outcome = _outcome({code for code in codes if code.startswith("WHO-")}, language)
    return Check(name="signers", outcome=outcome, source=OWN_RULES)


def _made_by(report: SignatureReport) -> tuple[Check, ...]:
    """What the report was made under: it can be made again, and must then come out the same."""
    return (
        Check(name="judged_at", outcome=local_time(report.judged_at), source="ETSI EN 319 102-1, 5.1.4"),
        Check(name="trust", outcome=report.trust_id, source=report.engine),
    )


def _outcome(codes: set[str], language: Language) -> str:
    if not codes:
        return text("explain.outcomes.fine", language)
    return text("explain.outcomes.see", language, codes=", ".join(sorted(codes)))


def _yes(value: bool, language: Language) -> str:  # noqa: FBT001 - a flag of the report, shown
    return text("values.yes" if value else "values.no", language)
