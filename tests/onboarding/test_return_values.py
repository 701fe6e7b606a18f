"""The values of a return on their whole way: read, compared, kept with the judgement, shown, answered, set up."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from agreements.decision import Verdict
from agreements.errors import AvtaleError
from agreements.findings import (
    PID_FOUND,
    PRV_REWRITTEN,
    PRV_SCAN,
    SIG_NONE,
    VAL_FILLED_IN,
    VAL_INVALID,
    VAL_MISSING,
    VAL_NOT_RECOGNISED,
)
from agreements.language import Language
from agreements.national_id import is_national_id
from agreements.parameters import Method
from intake.receipts import ReceiptState
from onboarding.configuration_view import summary_answer
from onboarding.configuring import set_configuration
from onboarding.review import approve_return, reject_return
from onboarding.review_view import review_answer, write_review_page
from onboarding.sandbox import Sandbox
from onboarding.sources import retry_receipt
from onboarding.steps.configuration import read_summary
from onboarding.store.judgements import Judgement, JudgementStatus
from tests.onboarding.installation import KARI, Installation, Template, codes, opened_copy, sign_return
from tests.onboarding.test_issue_agreement import leaving_open
from tests.zoo.carriers import ghostscript, print_to_image
from tests.zoo.filling import filled_by_pypdf


@pytest.fixture
def by_hand(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose organisations fill in some values in a PDF program."""
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=leaving_open("own_tool")) as opened:
        yield opened


OPEN = {"contact.contract.name": None, "invoice.reference": None}


def told(judgement: Judgement) -> dict[str, str]:
    return {finding.code: str(finding.params.get("entries", "")) for finding in judgement.decision.findings}


def test_an_approved_return_carries_every_printed_value_with_its_place(installation: Installation) -> None:
    judgement = installation.receive(installation.template.honest)
    assert judgement.decision.verdict is Verdict.APPROVED
    assert judgement.parameters is not None
    agreed = installation.template.by_one.agreement.values
    for parameter in judgement.parameters.values:
        if not parameter.field_id.endswith("birth_date"):
            assert parameter.value == agreed[parameter.field_id]
        assert (parameter.source.document, parameter.source.method) == (judgement.sha256, Method.PRINTED)
    assert {"customer.orgnr", "service.channel", "admin.email"} <= set(judgement.parameters.by_field)
    summary = read_summary(installation.workspace, str(judgement.case))
    proven = [entry for entry in summary.digipost if entry.source.value == "agreement"]
    assert all(entry.proof is not None for entry in proven)


def test_a_file_that_a_carrier_wrote_anew_has_its_values_read_where_they_stand_now(installation: Installation) -> None:
    judgement = installation.receive(ghostscript(installation.template.honest))
    assert PRV_REWRITTEN.code in codes(judgement)
    assert not [code for code in codes(judgement) if code.startswith("VAL")]
    assert judgement.parameters is not None
    assert (
        judgement.parameters.by_field["customer.orgnr"]
        == installation.template.by_one.agreement.values["customer.orgnr"]
    )


def test_a_scan_finds_its_case_by_the_code_on_the_page_and_waits_for_two_people(installation: Installation) -> None:
    scan = print_to_image(installation.template.by_one.pdf, 300, skew_degrees=0.6, noise=0.02, seed=7)
    judgement = installation.receive(scan, "skann 001.pdf")
    assert judgement.agreement == installation.template.by_one.agreement.number
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
    assert PRV_SCAN.code in codes(judgement)
    assert SIG_NONE.code not in codes(judgement)
    assert judgement.parameters is not None
    agreed = installation.template.by_one.agreement.values
    read = {one.field_id: one for one in judgement.parameters.values}
    assert len(read) > 20
    assert all(one.source.method is Method.OCR for one in read.values())
    assert all(one.value == agreed[name] for name, one in read.items() if not name.endswith("birth_date"))


def searchable(scan: bytes, said: str) -> bytes:
    """A scan as many office machines make it: what the machine recognised lies invisibly under each picture."""
    with pikepdf.open(io.BytesIO(scan)) as document:
        for page in document.pages:
            font = pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
            name = str(page.add_resource(document.make_indirect(font), pikepdf.Name.Font))
            page.contents_add(f"BT {name} 10 Tf 3 Tr 50 400 Td ({said}) Tj ET".encode())
        output = io.BytesIO()
        document.save(output)
        return output.getvalue()


def test_a_scan_that_the_scanner_made_searchable_is_a_scan_all_the_same(installation: Installation) -> None:
    issued = installation.template.by_one
    identity = next(digits for n in range(10**5) if is_national_id(digits := f"318290{n:05}"))
    said = f"Awtale {issued.agreement.number} 0rg {identity}"
    judgement = installation.receive(searchable(print_to_image(issued.pdf, 200), said), "skann.pdf")
    assert judgement.agreement == issued.agreement.number
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
    assert {PRV_SCAN.code, PID_FOUND.code} <= set(codes(judgement))
    assert judgement.parameters is not None
    assert judgement.parameters.find("customer.orgnr") is not None


def test_without_text_recognition_a_scan_says_so_and_waits(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installation.folder))
    judgement = installation.receive(print_to_image(installation.template.by_one.pdf, 200), "skann.pdf")
    assert {PRV_SCAN.code, VAL_NOT_RECOGNISED.code} <= set(codes(judgement))


def test_what_was_filled_in_is_read_shown_and_set_up_once_a_person_has_looked(by_hand: Installation) -> None:
    issue = by_hand.issue(KARI, values=OPEN)
    filled = filled_by_pypdf(issue.pdf, {"contact-contract-name": "Åse Sandtrø", "invoice-reference": "Lønn 42"})
    judgement = by_hand.receive(sign_return(filled, by_hand.pki.person(KARI)))
    assert judgement.decision.verdict is not Verdict.APPROVED
    assert told(judgement)[VAL_FILLED_IN.code] == "contact.contract.name, invoice.reference", codes(judgement)
    answer = review_answer(by_hand.workspace, judgement.id, Language.NB)
    assert any("Åse Sandtrø" in line and "fylt ut av virksomheten" in line for line in answer.lines)
    page = by_hand.folder / "side.html"
    write_review_page(by_hand.workspace, judgement.id, page, Language.NB)
    assert "Åse Sandtrø" in page.read_text(encoding="utf-8")


def test_what_is_missing_and_wrong_is_asked_for_exactly_in_the_answer_a_rejection_sends(by_hand: Installation) -> None:
    issue = by_hand.issue(KARI, values={**OPEN, "contact.contract.phone": None})
    wrong = filled_by_pypdf(issue.pdf, {"invoice-reference": "x" * 101})
    judgement = by_hand.receive(sign_return(wrong, by_hand.pki.person(KARI)))
    data = review_answer(by_hand.workspace, judgement.id, Language.NB).data
    assert isinstance(data, dict)
    reply = data["reply"]
    assert isinstance(reply, dict)
    body = " ".join(str(reply["body"]).split())
    assert VAL_MISSING.code in codes(judgement)
    assert "«Kontraktsansvarlig»" in body
    if VAL_INVALID.code in codes(judgement):
        assert "«Fakturareferanse (Deres ref.)»" in body
    rejected = reject_return(by_hand.workspace, judgement.id, by_hand.actor, "mangler")
    assert rejected.told is not None
    by_hand.run()
    assert body in [" ".join(mail.get_content().split()) for mail in by_hand.every_mail() if not mail.is_multipart()]


def test_what_a_person_reads_off_a_scan_is_set_up_and_shown_as_read_by_a_person(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=leaving_open("paper")) as office:
        issue = office.issue(KARI, values=OPEN)
        judgement = office.receive(print_to_image(issue.pdf, 200), "skann.pdf")
        approve_return(office.workspace, judgement.id, office.actor, "lest")
        ola = office.actor.__class__(user="ola", os_user="ola")
        approve_return(office.workspace, judgement.id, ola, "lest")
        number = str(issue.agreement.number.case)
        summary = read_summary(office.workspace, number)
        assert {item.field_id for item in summary.open_items} >= {"contact.contract.name"}
        set_configuration(
            office.workspace, number, {"contact.contract.name": "Åse Sandtrø"}, reason="lest av", actor=office.actor
        )
        after = read_summary(office.workspace, number)
        assert "contact.contract.name" not in {item.field_id for item in after.open_items}
        assert after.deviations == ()
        lines = summary_answer(office.workspace, number, Language.NB).lines
        assert any("lest" in line for line in lines)


def test_nothing_of_the_values_is_in_the_event_log(installation: Installation) -> None:
    judgement = installation.receive(installation.template.honest)
    from onboarding.store.events import list_events

    with installation.workspace.store.read() as connection:
        text = json.dumps([event.data for event in list_events(connection)], ensure_ascii=False)
    assert judgement.status is JudgementStatus.APPROVED
    assert str(installation.template.by_one.agreement.values["admin.email"]) not in text


def test_of_a_birth_date_the_year_alone_goes_the_whole_way(installation: Installation) -> None:
    issue = installation.issue(KARI, values={"admin.birth_date": "1980-05-17", "launch.peaks": "Desember\nog januar"})
    judgement = installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
    assert judgement.decision.verdict is Verdict.APPROVED, codes(judgement)
    assert judgement.parameters is not None
    assert judgement.parameters.by_field["admin.birth_date"] == "1980"
    (mail,) = installation.mails()
    number = str(issue.agreement.number.case)
    shown = json.dumps(summary_answer(installation.workspace, number, Language.NB).data)
    shown += json.dumps(review_answer(installation.workspace, judgement.id, Language.NB).data)
    assert "1980-05-17" not in shown + mail.as_string()


def test_what_could_not_be_judged_yet_may_be_tried_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("onboarding.pipeline.return_values", broken)
        installation.drop("avtale.pdf", installation.template.honest)
        with contextlib.suppress(AvtaleError):
            installation.run()
    receipt = installation.receipts(installation.template.honest)[0]
    assert receipt.state is ReceiptState.STORED
    again = retry_receipt(installation.workspace, receipt.id, installation.actor)
    assert again.state is ReceiptState.RECEIVED


def test_pages_of_two_agreements_in_one_scan_belong_to_neither(installation: Installation) -> None:
    other = installation.issue(KARI)
    with (
        pikepdf.open(io.BytesIO(print_to_image(installation.template.by_one.pdf, 150))) as mixed,
        pikepdf.open(io.BytesIO(print_to_image(other.pdf, 150))) as foreign,
    ):
        mixed.pages[0] = foreign.pages[0]
        output = io.BytesIO()
        mixed.save(output)
    installation.drop("skann.pdf", output.getvalue())
    installation.run()
    judgement = installation.judgement(output.getvalue())
    receipt = installation.receipts(output.getvalue())[0]
    if judgement is None:
        assert (receipt.state, receipt.reason and receipt.reason.code) == (ReceiptState.QUARANTINED, "CAS-006")
    else:
        assert "CAS-006" in codes(judgement)
    assert installation.mails() == []


def test_what_is_filled_in_after_signing_is_never_read(by_hand: Installation) -> None:
    issue = by_hand.issue(KARI, values=OPEN)
    first = filled_by_pypdf(issue.pdf, {"contact-contract-name": "Åse Sandtrø", "invoice-reference": "Lønn 42"})
    signed = sign_return(first, by_hand.pki.person(KARI))
    later = filled_by_pypdf(signed, {"contact-contract-name": "Åse Sandtrø", "invoice-reference": "Svindel 1"})
    judgement = by_hand.receive(later)
    assert judgement.decision.verdict is Verdict.REJECTED
    read = {} if judgement.parameters is None else judgement.parameters.by_field
    assert "Svindel 1" not in read.values()
