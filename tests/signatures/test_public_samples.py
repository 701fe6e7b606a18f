"""Signed files of other software, with what the EU's reference validator holds of them; outside the project."""

import csv
from pathlib import Path

import pytest

from agreements.signature_report import ChangesAfter, RevocationPolicy, SignatureReport
from signatures.judge import judge
from signatures.trust import Trust
from tests.signatures.papers import RECEIVED

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "dss"
LEAST_AGREEMENT = 0.95  # measured 2026-11: 40 of 41
REFUSED = (ChangesAfter.ANNOTATIONS, ChangesAfter.OTHER)

EXPLAINED = {"DSS1376-rev_n-1.pdf"}
"""Where we differ; `docs/dss-samples.md` says why."""


def well(report: SignatureReport) -> bool:
    return bool(report.signatures) and all(
        s.intact and s.covers_document and s.changes_after not in REFUSED for s in report.signatures
    )


@pytest.mark.may_skip(reason="DSS's own files are no part of this project; where they lie beside it, they are judged")
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public samples are not here")
def test_we_agree_with_the_reference_validator_or_can_say_why_not() -> None:
    nobody = Trust.from_der([], revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False)
    with (SAMPLES / "expected.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    differing = set()
    for row in rows:
        expected = row["integrity"] == "ok" and row["changes"] in ("none", "detected")
        report = judge((SAMPLES / row["file"]).read_bytes(), trust=nobody, at=RECEIVED)
        if well(report) != expected:
            differing.add(row["file"])
    assert differing <= EXPLAINED
    told = (Path(__file__).parents[2] / "docs" / "dss-samples.md").read_text(encoding="utf-8")
    assert all(f"`{file}`" in told for file in EXPLAINED)
    assert 1 - len(differing) / len(rows) >= LEAST_AGREEMENT
