"""`intake adopt`: a signed agreement that we did not issue becomes a case, always for a person."""

from pathlib import Path

import pytest

from agreements.case import AgreementState
from agreements.decision import Verdict
from agreements.errors import GateError, UsageError
from agreements.findings import CAS_ADOPTED, PRV_SCAN, SIG_NONE, VAL_DIFFERS, VAL_UNCERTAIN
from intake.receipts import ReceiptState
from onboarding.adopting import Adopted, Adoption, adopt_receipt
from onboarding.review import approve_return, read_judgement
from onboarding.steps.configuration import read_summary
from onboarding.steps.enquiry import read_case
from signatures.throwaway import sign
from tests.onboarding.installation import KARI, Installation, codes, synthetic_org_number
from tests.onboarding.test_template_import import bring
from tests.renderers.form_samples import flat, flat_map
from tests.zoo.carriers import print_to_image
from tests.zoo.filling import typed_over

NUMBER = synthetic_org_number(900)


def places(installation: Installation) -> dict[str, tuple[int, object]]:
    from onboarding.forms.storage import list_forms

    (record,) = list_forms(installation.workspace.settings.data_dir)
    return {spot.field_id: (spot.page, spot.rectangle) for spot in record.layout.values if spot.part is None}


def foreign(installation: Installation, answers: dict[str, str], *, signed: bool = True) -> bytes:
    """Digipost's own form, filled in by typewriter and signed."""
    bring(installation, flat(), flat_map())
    pdf = flat()
    for field_id, (page, rectangle) in places(installation).items():
        if field_id in answers:
            pdf = typed_over(pdf, page, rectangle, answers[field_id])  # type: ignore[arg-type]
    now = installation.clock()
    return sign(pdf, installation.pki.person(KARI), field="Signature", level="B-B", now=now) if signed else pdf


def arrive(installation: Installation, pdf: bytes) -> int:
    installation.drop("avtale fra 2019.pdf", pdf)
    installation.run()
    receipt = installation.receipts(pdf)[0]
    assert receipt.state is ReceiptState.QUARANTINED
    return receipt.id


def adopt(installation: Installation, receipt: int, *, name: str = "", number: str = NUMBER) -> Adopted:
    adoption = Adoption(receipt=receipt, org_number=number, vendor_id="fjord", name=name)
    return adopt_receipt(installation.workspace, adoption, installation.actor)


def test_a_signed_foreign_form_becomes_a_case_with_what_its_map_reads(installation: Installation) -> None:
    receipt = arrive(
        installation, foreign(installation, {"customer.orgnr": NUMBER, "customer.name": "Fjell og Fjord AS"})
    )
    adopted = adopt(installation, receipt)
    assert adopted.form is not None
    case = read_case(installation.workspace, str(adopted.agreement.case))
    assert (case.customer_name, case.agreement_state) == ("Fjell og Fjord AS", AgreementState.RETURNED)
    judgement = read_judgement(installation.workspace, adopted.judgement)
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW, codes(judgement)
    assert CAS_ADOPTED.code in codes(judgement)
    approve_return(installation.workspace, judgement.id, installation.actor, "lest hele avtalen")
    installation.run()
    (mail,) = installation.mails()
    body = mail.get_body()
    assert body is not None
    assert "ikke utstedt" in body.get_content()


def test_another_organisations_number_on_the_form_is_told(installation: Installation) -> None:
    other = synthetic_org_number(901)
    receipt = arrive(installation, foreign(installation, {"customer.orgnr": other, "customer.name": "Fjell AS"}))
    judgement = read_judgement(installation.workspace, adopt(installation, receipt).judgement)
    told = [finding for finding in judgement.decision.findings if finding.code == VAL_DIFFERS.code]
    assert [(finding.params["seen"], finding.params["issued"]) for finding in told] == [(other, NUMBER)]


def test_without_a_map_the_name_is_asked_for_and_every_value_is_left_to_a_person(installation: Installation) -> None:
    pdf = sign(flat(), installation.pki.person(KARI), field="Signature", level="B-B", now=installation.clock())
    receipt = arrive(installation, pdf)
    with pytest.raises(UsageError, match="adopt_name"):
        adopt(installation, receipt)
    adopted = adopt(installation, receipt, name="Fjell AS")
    approve_return(installation.workspace, adopted.judgement, installation.actor, "lest")
    summary = read_summary(installation.workspace, str(adopted.agreement.case))
    assert "admin.email" in {item.field_id for item in summary.open_items}


def test_a_scanned_foreign_form_takes_two_people(installation: Installation) -> None:
    answers = {"customer.orgnr": NUMBER, "contact.contract.email": "faktura@example.org"}
    scan = print_to_image(foreign(installation, answers, signed=False), 300)
    judgement = read_judgement(
        installation.workspace, adopt(installation, arrive(installation, scan), name="A AS").judgement
    )
    assert PRV_SCAN.code in codes(judgement)
    assert SIG_NONE.code not in codes(judgement)
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
    told = {finding.code: str(finding.params.get("entries", "")) for finding in judgement.decision.findings}
    assert "contact.contract.email" in told[VAL_UNCERTAIN.code]  # recognised, and never believed without a person


def test_an_unsigned_foreign_form_can_be_approved_by_nobody(installation: Installation) -> None:
    receipt = arrive(installation, foreign(installation, {"customer.orgnr": NUMBER}, signed=False))
    judgement = adopt(installation, receipt, name="Fjell AS").judgement
    with pytest.raises(GateError, match="review_refused"):
        approve_return(installation.workspace, judgement, installation.actor, "x")


def test_what_belongs_to_an_agreement_is_not_adopted_and_nothing_is_adopted_twice(installation: Installation) -> None:
    judgement = installation.receive(installation.template.honest)
    ours = installation.receipts(installation.template.honest)[0].id
    with pytest.raises(GateError, match="adopt_refused"):
        adopt(installation, ours, name="A AS")
    receipt = arrive(installation, foreign(installation, {"customer.name": "Fjell AS"}))
    adopt(installation, receipt)
    with pytest.raises(GateError, match="adopt_refused"):
        adopt(installation, receipt)
    assert judgement.decision.verdict is Verdict.APPROVED


def test_it_becomes_the_next_version_of_an_open_case_and_is_never_taken_for_what_we_issued(
    installation: Installation, tmp_path: Path
) -> None:
    issue = installation.issue(KARI)
    org_number = str(issue.agreement.values["customer.orgnr"])
    pdf = foreign(installation, {})
    adopted = adopt(installation, arrive(installation, pdf), number=org_number)
    assert (adopted.agreement.case, adopted.agreement.version) == (issue.agreement.number.case, 2)
    again = sign(pdf, installation.pki.person(KARI), field="Signature2", level="B-B", now=installation.clock())
    installation.drop("en gang til.pdf", again)
    installation.run()
    later = installation.judgement(again)
    assert later is None or later.decision.verdict is not Verdict.APPROVED
    assert installation.mails() == []
