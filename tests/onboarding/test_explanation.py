"""`--explain` shows every check with its result and where the rule comes from."""

import re

import pytest

from agreements.decision import decide
from agreements.findings import INT_NOT_PDF, PRV_NOT_COMPARED, PRV_REWRITTEN, SIG_LENIENT, SIG_WEAK_ALGORITHM, Finding
from agreements.language import Language
from agreements.signature_report import Provenance, Shape, SignatureReport
from agreements.signers import SignerCheck
from onboarding.explanation import Check, document_checks, signature_checks
from tests.agreements.ground_examples import a_report, signed_by

SOURCE = re.compile(r"(ISO 32000-1|ETSI (EN|TS) \d{3} \d{3}(-\d)?)(, \d+(\.\d+)*)?|docs/security\.md|pyHanko .*")


def explained(
    report: SignatureReport | None, *findings: Finding, check: SignerCheck = SignerCheck.EXPECTED
) -> dict[str, Check]:
    checks = document_checks(report, decide(findings), check, Language.EN)
    return {check.name: check for check in checks}


def test_a_flawless_file_is_in_order_by_every_check() -> None:
    checks = explained(a_report(signed_by("Kari Nordmann")))
    own = {name: check.outcome for name, check in checks.items() if name not in ("judged_at", "trust", "issued")}
    assert set(own.values()) == {"in order"}
    assert len(own) == 8
    assert checks["issued"].outcome == "the signature was added to the file that was sent out"
    assert checks["trust"].outcome == "c" * 64


def test_a_check_that_failed_names_its_findings() -> None:
    rewritten = a_report(provenance=Provenance(shape=Shape.REWRITTEN, issued_is_prefix=False))
    checks = explained(rewritten, SIG_WEAK_ALGORITHM(field="x", algorithm="sha1"), SIG_LENIENT(), PRV_REWRITTEN())
    assert checks["algorithms"].outcome == "see SIG-014"
    assert checks["format"].outcome == "see SIG-019"
    assert checks["issued"].outcome == "written anew, with the same text; see PRV-002"


@pytest.mark.parametrize("provenance", [None, Provenance(shape=Shape.UNKNOWN, issued_is_prefix=False)])
def test_what_was_not_examined_says_so(provenance: Provenance | None) -> None:
    report = a_report(provenance=provenance)
    checks = explained(report, PRV_NOT_COMPARED(), check=SignerCheck.NOT_JUDGED)
    assert (checks["issued"].outcome, checks["signers"].outcome) == ("not examined", "not examined")


def test_of_a_file_that_was_never_opened_only_that_is_told() -> None:
    checks = explained(None, INT_NOT_PDF())
    assert {name: check.outcome for name, check in checks.items()} == {"format": "see INT-003", "limits": "in order"}


@pytest.mark.parametrize("language", list(Language))
def test_every_check_has_a_label_and_a_source_in_every_language(language: Language) -> None:
    report = a_report(signed_by("Kari Nordmann"))
    checks = (
        *document_checks(report, decide(()), SignerCheck.EXPECTED, language),
        *signature_checks(report.signatures[0], language),
    )
    for check in checks:
        assert SOURCE.fullmatch(check.source), check
        assert check.line(language) == f"{check.label(language)}: {check.outcome} [{check.source}]"
    assert len({check.label(language) for check in checks}) == len(checks)
