"""The wall between vendors: whatever comes by the wrong channel says so, and never counts as anybody's own."""

import io
from pathlib import Path

import pikepdf
import pytest

from agreements.decision import Verdict
from intake.receipts import Receipt, ReceiptState
from onboarding.sources import add_file
from onboarding.steps.enquiry import Enquiry, create_case
from onboarding.store.judgements import JudgementStatus
from tests.onboarding.installation import Installation, codes, synthetic_org_number
from tests.onboarding.zipped import zipped


@pytest.fixture
def theirs(installation: Installation) -> Path:
    """The other vendor's folder: `by_one` is fjord's case."""
    return installation.folder / "inn-vidda"


def written(text: str) -> bytes:
    """A document of our own making: one line on one page."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=document.make_indirect(font)))
    page.Contents = document.make_stream(f"BT /F1 14 Tf 72 700 Td ({text}) Tj ET".encode())
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def told(installation: Installation, receipt: Receipt) -> tuple[str, object] | None:
    """The reason a receipt gives, and the case that it names."""
    assert receipt.state is ReceiptState.RECEIVED
    return None if receipt.reason is None else (receipt.reason.code, receipt.reason.params["case"])


def conflict(installation: Installation) -> tuple[str, object]:
    return ("CAS-005", str(installation.template.by_one.agreement.number.case))


def test_what_was_approved_and_comes_again_by_another_vendors_folder_says_so(
    installation: Installation, theirs: Path
) -> None:
    honest = installation.template.honest
    installation.receive(honest)
    installation.drop("igjen.pdf", honest, theirs)
    installation.drop("igjen.pdf", honest)
    installation.run()
    own, *again = installation.receipts(honest)
    by_vendor = {receipt.vendor_id: told(installation, receipt) for receipt in again}
    assert told(installation, own) is None
    assert by_vendor == {"fjord": None, "vidda": conflict(installation)}
    [judgement] = installation.judgements()
    assert (judgement.status, len(installation.mails())) == (JudgementStatus.APPROVED, 1)


def test_the_same_bytes_by_both_vendors_folders_at_once_are_told_apart(
    installation: Installation, theirs: Path
) -> None:
    installation.drop("a.pdf", installation.template.honest)
    installation.drop("b.pdf", installation.template.honest, theirs)
    installation.run()
    found = {receipt.vendor_id: told(installation, receipt) for receipt in installation.receipts()}
    assert found == {"fjord": None, "vidda": conflict(installation)}
    assert len(installation.judgements()) == 1


def test_a_file_added_for_another_vendor_says_so_and_one_added_for_nobody_does_not(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    path = installation.folder / "signert.pdf"
    path.write_bytes(installation.template.honest)
    for vendor, expected in (("vidda", conflict(installation)), ("fjord", None), (None, None)):
        receipt = add_file(installation.workspace, path, vendor, installation.actor)
        assert told(installation, receipt) == expected


def test_an_archive_and_what_lies_in_it_say_so_at_first_and_when_the_very_same_comes_again(
    installation: Installation, theirs: Path
) -> None:
    archive = zipped(("avtale.pdf", installation.template.honest))
    installation.drop("en.zip", archive)
    installation.run()
    assert [told(installation, receipt) for receipt in installation.receipts()] == [None, None]
    installation.drop("samme.zip", archive, theirs)
    installation.drop("annet.zip", zipped(("kopi.pdf", installation.template.honest)), theirs)
    installation.run()
    assert [told(installation, receipt) for receipt in installation.receipts()[2:]] == [conflict(installation)] * 3
    assert len(installation.mails()) == 1


def test_an_organisation_with_another_vendors_case_alone_is_a_conflict_that_names_the_case(
    installation: Installation, theirs: Path
) -> None:
    number = installation.case(installation.template.by_one).org_number
    data = written(f"Kontrakt med organisasjonsnummer {number}")
    judgement = installation.receive(data, inbox=theirs)
    assert judgement.case == installation.template.by_one.agreement.number.case
    assert "CAS-005" in codes(judgement)
    assert judgement.decision.verdict is not Verdict.APPROVED
    [receipt] = installation.receipts(data)
    assert told(installation, receipt) == conflict(installation)


def test_an_organisation_with_a_case_at_each_vendor_is_bound_by_its_number_to_neither(
    installation: Installation, theirs: Path
) -> None:
    case = installation.case(installation.template.by_one)
    enquiry = Enquiry(
        vendor_id="vidda",
        org_number=synthetic_org_number(1),
        customer_name=case.customer_name,
        values=dict(case.values),
        signers=case.signers,
    )
    create_case(installation.workspace, enquiry, installation.actor)
    for inbox in (installation.inbox, theirs):
        data = written(f"Kontrakt med organisasjonsnummer {case.org_number} til {inbox.name}")
        installation.drop("kontrakt.pdf", data, inbox)
        installation.run()
        [receipt] = installation.receipts(data)
        assert (receipt.state, receipt.reason and receipt.reason.code) == (ReceiptState.QUARANTINED, "INT-008")
    assert installation.judgements() == ()


def test_an_organisation_with_one_case_is_known_by_its_number_in_its_own_vendors_folder(
    installation: Installation,
) -> None:
    case = installation.case(installation.template.by_one)
    judgement = installation.receive(written(f"Kontrakt med organisasjonsnummer {case.org_number}"))
    assert (judgement.case, "CAS-005" in codes(judgement)) == (case.number, False)
