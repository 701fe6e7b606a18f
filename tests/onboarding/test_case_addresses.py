"""Each case's own address: in its covering letter, and known again when mail comes to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agreements.agreement import SigningRoute
from agreements.case_address import case_token, find_tokens, read_case_token
from agreements.decision import Verdict
from intake.ledger import find_document
from intake.matching import Evidence
from onboarding.return_address import return_address
from onboarding.sandbox import Sandbox
from onboarding.steps.agreement import issue_agreement
from onboarding.steps.enquiry import set_values
from onboarding.store.judgements import JudgementStatus
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import KARI, Installation, Template
from tests.onboarding.mailed import ADDRESS, letter, watching
from tests.onboarding.test_odd_files import blank_pdf


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@pytest.fixture
def post(server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation with a mailbox for mail to `avtaler+…`."""
    with watching(server, template, sandbox, tmp_path, plus_addresses=True) as installation:
        yield installation


def address_in(letter: bytes) -> str:
    (found,) = {word.strip(".,<>") for word in letter.decode().split() if f"{ADDRESS.partition('@')[0]}+" in word}
    return found


@pytest.mark.parametrize("route", [SigningRoute.OWN_TOOL, SigningRoute.PAPER])
def test_the_covering_letter_names_an_address_of_that_case_alone(post: Installation, route: SigningRoute) -> None:
    addresses = []
    for _ in range(2):
        case = post.enquire(KARI)
        set_values(post.workspace, case.number, {"signing": route.value}, post.actor)
        issue = issue_agreement(post.workspace, str(case.number), post.actor)
        (written,) = issue.handout.files.values()
        address = address_in(written)
        assert address == return_address(post.workspace, post.workspace.vendor("fjord"), case.number)
        (token,) = find_tokens([address])
        assert read_case_token(post.workspace.marking_key, token) == case.number
        addresses.append(address)
    assert len(set(addresses)) == 2


def test_a_document_sent_to_a_cases_own_address_is_brought_to_that_case_by_it(
    post: Installation, server: FakeImap
) -> None:
    number, document = post.template.by_one.agreement.number.case, blank_pdf()
    server.mails[1] = letter("Her er avtalen", ("skannet.pdf", document), Delivered_To=own_address(post))
    post.run()
    judgement = post.judgement(document)
    assert judgement is not None
    assert (judgement.case, judgement.status) == (number, JudgementStatus.OPEN)
    assert judgement.decision.verdict is not Verdict.APPROVED
    assert evidence(post, document) == [Evidence.ADDRESS_TOKEN]


def test_a_token_that_somebody_made_up_points_nowhere(post: Installation, server: FakeImap) -> None:
    number, document = post.template.by_one.agreement.number.case, blank_pdf()
    forged = f"avtaler+{case_token(b'another key, thirty-two bytes ..', number)}@example.org"
    server.mails[1] = letter("Her er avtalen", ("skannet.pdf", document), Delivered_To=forged)
    post.run()
    assert post.judgement(document) is None
    assert evidence(post, document) == []


def test_the_address_of_another_case_is_a_conflict_that_a_person_settles(post: Installation, server: FakeImap) -> None:
    signed = post.template.honest
    other = post.issue(KARI).agreement.number.case
    to = return_address(post.workspace, post.workspace.vendor("fjord"), other)
    server.mails[1] = letter("Her er avtalen", ("signert.pdf", signed), Delivered_To=to)
    post.run()
    judgement = post.judgement(signed)
    assert judgement is not None
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
    assert "CAS-006" in [finding.code for finding in judgement.decision.findings]
    assert evidence(post, signed)[0] is Evidence.ISSUED_BYTES
    assert Evidence.ADDRESS_TOKEN in evidence(post, signed)
    assert post.mails() == []


def own_address(post: Installation) -> str:
    vendor, number = post.workspace.vendor("fjord"), post.template.by_one.agreement.number.case
    return return_address(post.workspace, vendor, number)


def evidence(post: Installation, document: bytes) -> list[Evidence]:
    """By what the ledger says that a content was brought to its case."""
    (receipt,) = post.receipts(document)
    with post.workspace.store.read() as connection:
        found = find_document(connection, receipt.sha256 or "")
    assert found is not None
    assert found.outcome is not None
    return [clue.evidence for clue in found.outcome.clues]
