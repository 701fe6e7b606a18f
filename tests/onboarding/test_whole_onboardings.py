"""Whole onboardings through the real pipeline, with folder, sandbox, mail server and name server, to their ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agreements.case import AgreementState, Closing, Step
from agreements.errors import GateError
from agreements.language import Language
from onboarding.auditing import verify_record
from onboarding.case_view import case_timeline
from onboarding.clear_signal import signal_path
from onboarding.ending import end_case
from onboarding.launching import check_launch
from onboarding.review import reject_return
from onboarding.sandbox import Sandbox
from onboarding.sent_back import return_forward
from onboarding.steps.agreement import Issue, issue_agreement
from onboarding.steps.enquiry import read_case
from tests.onboarding.installation import KARI, Template, sign_return
from tests.onboarding.verified import COORDINATOR, Office, open_office, prepare


@pytest.fixture(scope="module")
def set_up(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepare(template, sandbox, tmp_path_factory.mktemp("whole") / "avtale")


@pytest.fixture
def office(set_up: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Office]:
    with open_office(set_up, tmp_path / "avtale", sandbox) as opened:
        yield opened


def state(office: Office, issue: Issue) -> tuple[Step, AgreementState]:
    case = office.installation.case(issue)
    return case.step, case.agreement_state


def signed(office: Office, issue: Issue) -> bytes:
    return sign_return(issue.pdf, office.installation.pki.person(KARI))


def test_one_goes_from_enquiry_to_launch(office: Office) -> None:
    issue = office.installation.template.by_one
    office.ready()
    case, path = office.launch()
    assert case.step is Step.LAUNCHED
    assert json.loads(path.read_text())["status"] == "ready"
    told = office.installation.kinds(issue)
    story = [
        *("case.created", "agreement.issued", "agreement.approved", "agreement.forwarded", "plan.decided"),
        *("setup.begun", "config.set", "verification.agreed", "verification.recorded", "verification.attested"),
        *("verification.attested", "launch.approved"),
    ]
    positions = iter(told)
    assert all(kind in positions for kind in story), told
    assert verify_record(office.installation.workspace).events >= len(told)
    for language in Language:
        lines = case_timeline(office.installation.workspace, office.number, language).lines
        assert len(lines) > len(story)


def test_one_is_rejected_and_signed_again(office: Office) -> None:
    installation = office.installation
    issue = installation.issue(KARI)
    judgement = installation.receive(issue.pdf + b"\n", "usignert.pdf")
    reject_return(installation.workspace, judgement.id, COORDINATOR, "ikke signert")
    assert state(office, issue)[0] is Step.AGREEMENT
    installation.receive(signed(office, issue), "signert.pdf")
    installation.run()
    assert state(office, issue) == (Step.AGREEMENT, AgreementState.FORWARDED)


def test_one_is_sent_back_by_digipost_and_its_words_go_with_it(office: Office) -> None:
    installation, workspace = office.installation, office.installation.workspace
    office.ready()
    return_forward(workspace, office.case.number, "feil organisasjonsnummer", COORDINATOR)
    assert office.case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST
    with pytest.raises(GateError):
        office.launch()
    again = issue_agreement(workspace, office.number, installation.actor)
    assert again.agreement.number.version == 2
    installation.receive(signed(office, again), "paa-nytt.pdf")
    installation.run()
    assert office.case.step is Step.SETUP
    unmet = set(check_launch(workspace, office.number).unmet)
    assert {"vendor_not_attested", "digipost_not_attested", "not_in_verification"} <= unmet
    office.agree()
    assert {"vendor_not_attested", "digipost_not_attested"} <= set(check_launch(workspace, office.number).unmet)


def test_one_is_cancelled(office: Office) -> None:
    workspace = office.installation.workspace
    issue = office.installation.issue(KARI)
    number = str(issue.agreement.number.case)
    end_case(workspace, number, Closing.CANCELLED, reason="ombestemte seg", actor=COORDINATOR)
    office.installation.receive(signed(office, issue), "for-sent.pdf")
    office.installation.run()
    assert read_case(workspace, number).closing is Closing.CANCELLED
    assert not any(message.case_number == number for message in office.installation.forwards())


def test_one_whose_configuration_changes_after_the_words_is_verified_anew(office: Office) -> None:
    office.ready()
    office.set(**{"setup.sender_id": "7654322"})
    with pytest.raises(GateError) as refused:
        office.launch()
    assert set(refused.value.unmet) == {"vendor_not_attested", "digipost_not_attested"}
    assert not signal_path(office.installation.workspace, office.case.number).exists()
    office.vendor_attests()
    office.send_request()
    office.digipost_attests()
    _, path = office.launch()
    assert json.loads(path.read_text())["sender_id"] == 7654322
