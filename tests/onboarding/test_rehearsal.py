"""The rehearsal goes where real documents go, and nothing of it reaches what is judged afterwards."""

from agreements.signature_report import Indication, Shape
from onboarding.rehearsal import rehearse


def test_the_rehearsal_goes_all_the_way() -> None:
    inspection = rehearse()
    assert inspection.failure is None
    assert inspection.report is not None
    assert inspection.report.indication is Indication.TOTAL_PASSED
    assert inspection.report.signatures[0].level == "B-LTA"
    assert inspection.report.provenance is not None
    assert inspection.report.provenance.shape is Shape.APPENDED
    assert inspection.report.findings == ()
    assert inspection.numbers == ("DA-2026-000042-J.1",)


def test_it_can_be_repeated_without_any_difference() -> None:
    assert rehearse() == rehearse()
