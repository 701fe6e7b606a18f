"""How a case ends, what is launched is changed, and all of a case is exported."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agreements.case import AgreementState, Case, Closing, LaunchPlan, Step
from agreements.errors import GateError, UsageError
from agreements.language import Language
from onboarding.case_export import export_case
from onboarding.clear_signal import signal_path
from onboarding.ending import Ended, end_case, open_change, supersede
from onboarding.launching import check_launch
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.status import status_answer
from onboarding.steps.enquiry import hold_case, read_case
from outbox.states import State
from tests.onboarding.installation import Template
from tests.onboarding.verified import COORDINATOR, Office, open_office, prepare


@pytest.fixture(scope="module")
def set_up(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepare(template, sandbox, tmp_path_factory.mktemp("ending") / "avtale")


@pytest.fixture
def office(set_up: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Office]:
    with open_office(set_up, tmp_path / "avtale", sandbox) as opened:
        yield opened


def end(office: Office, closing: Closing, **more: Any) -> Ended:
    return end_case(office.installation.workspace, office.number, closing, reason="avtalt", actor=COORDINATOR, **more)


def signal(office: Office) -> dict[str, Any]:
    data = json.loads(signal_path(office.installation.workspace, office.case.number).read_text())
    assert isinstance(data, dict)
    return data


def test_a_cancelled_case_takes_back_what_has_not_left_and_tells_digipost_what_it_has(office: Office) -> None:
    office.agree()
    ended = end(office, Closing.CANCELLED)
    assert (ended.case.step, ended.case.closing, ended.case.turn) == (Step.CLOSED, Closing.CANCELLED, None)
    assert [message.purpose for message in ended.withdrawn] == [Purpose.VERIFICATION_REQUEST]
    office.installation.run()
    told = [message for message in office.installation.messages() if message.purpose == Purpose.TERMINATION]
    assert [(message.id, message.state) for message in told] == [(ended.notice, State.SENT)]
    with pytest.raises(GateError, match="case_not_ended"):
        end(office, Closing.CANCELLED)
    for act in (office.agree, office.vendor_attests, office.launch):
        with pytest.raises(GateError):
            act()


def test_a_case_that_digipost_knows_nothing_of_is_cancelled_without_a_word_to_it(office: Office) -> None:
    case = office.installation.enquire("Kari Nordmann")
    ended = end_case(
        office.installation.workspace, str(case.number), Closing.CANCELLED, reason="angret", actor=COORDINATOR
    )
    assert (ended.notice, ended.withdrawn) == (None, ())


def test_a_case_on_hold_can_be_cancelled(office: Office) -> None:
    hold_case(office.installation.workspace, office.case.number, held=True, reason="vent", actor=COORDINATOR)
    assert end(office, Closing.CANCELLED).case.held is False


def test_what_was_launched_ends_by_termination_alone_and_loses_its_clear_signal(office: Office) -> None:
    with pytest.raises(GateError):
        end(office, Closing.TERMINATED)
    office.ready()
    launched, _ = office.launch()
    assert signal(office)["status"] == "ready"
    for closing in (Closing.CANCELLED, Closing.LAUNCHED_OUTSIDE):
        with pytest.raises(GateError):
            end(office, closing)
    day = office.installation.clock().date()
    with pytest.raises(UsageError, match="last_day_past"):
        end(office, Closing.TERMINATED, last_day=day - timedelta(days=2))
    ended = end(office, Closing.TERMINATED, last_day=day + timedelta(days=14))
    assert (ended.case.closing, ended.case.launched_sha256) == (Closing.TERMINATED, launched.launched_sha256)
    said = signal(office)
    assert (said["status"], said["last_day"]) == ("withdrawn", (day + timedelta(days=14)).isoformat())
    assert ended.notice is not None


def test_a_change_of_vendor_names_the_case_that_takes_over(office: Office) -> None:
    office.ready()
    office.launch()
    stranger = office.installation.enquire("Kari Nordmann")
    with pytest.raises(UsageError, match="successor_unfit"):
        end(office, Closing.TERMINATED, successor=str(stranger.number))
    with pytest.raises(UsageError, match="successor_unfit"):
        end(office, Closing.TERMINATED, successor=office.number)


def test_launched_outside_is_never_called_launched_and_status_tells_of_it(office: Office) -> None:
    ended = end(office, Closing.LAUNCHED_OUTSIDE)
    assert ended.case.step is Step.CLOSED
    assert ended.case.launched_sha256 is None
    assert ended.notice is None
    answer = status_answer(office.installation.workspace, Language.NB)
    assert isinstance(answer.data, dict)
    assert answer.data["launched_outside"] == 1
    cases = answer.data["cases"]
    assert isinstance(cases, dict)
    assert cases["launched"] == 0
    assert any("ADVARSEL" in line for line in answer.lines)
    with pytest.raises(GateError) as refused:
        office.launch()
    assert refused.value.unmet == ("case_closed",)
    with pytest.raises(sa.exc.IntegrityError), office.installation.workspace.store.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET closing = 'cancelled' WHERE closing = 'launched_outside'")


def test_a_change_is_a_case_of_its_own_and_the_launch_stands_meanwhile(office: Office) -> None:
    workspace = office.installation.workspace
    with pytest.raises(GateError, match="change_refused"):
        open_change(workspace, office.number, reason="ny tjeneste", actor=COORDINATOR)
    office.ready()
    launched, _ = office.launch()
    change = open_change(workspace, office.number, reason="ny tjeneste", actor=COORDINATOR)
    assert (change.org_number, change.step) == (launched.org_number, Step.ENQUIRY)
    assert change.values["agreement.kind"] == "change"
    assert change.signers == launched.signers
    assert office.case.launched_sha256 == launched.launched_sha256
    assert signal(office)["status"] == "ready"
    with pytest.raises(UsageError, match="case_exists"):
        open_change(workspace, office.number, reason="en til", actor=COORDINATOR)
    assert check_launch(workspace, office.number).launched


def test_a_launched_change_takes_the_place_of_what_was_launched(office: Office) -> None:
    workspace = office.installation.workspace
    office.ready()
    launched, _ = office.launch()
    change = open_change(workspace, office.number, reason="ny tjeneste", actor=COORDINATOR)
    with workspace.store.begin() as connection:
        supersede(connection, workspace, launched.number, change, actor=COORDINATOR)
    assert read_case(workspace, office.number).closing is Closing.SUPERSEDED


def test_an_export_holds_everything_and_its_index_names_each_file(office: Office, tmp_path: Path) -> None:
    office.ready()
    office.launch()
    paths = export_case(office.installation.workspace, office.number, tmp_path / "ut", Language.NB)
    names = {str(path.relative_to(tmp_path / "ut")) for path in paths}
    assert {"case.json", "timeline.txt", "events.json", "configuration.json", "verification.pdf"} <= names
    assert {"klarsignal.json", "index.json", "evidence/methods-agreed"} <= names
    assert any(name.startswith("issued/") for name in names)
    assert any(name.startswith("returned/") and name.endswith(".pdf") for name in names)
    assert any(name.startswith("messages/") for name in names)
    assert sum(name.startswith("evidence/digipost-") for name in names) == 1
    index = json.loads((tmp_path / "ut/index.json").read_text())["sha256"]
    assert set(index) == names - {"index.json"}
    for name, sha256 in index.items():
        assert hashlib.sha256((tmp_path / "ut" / name).read_bytes()).hexdigest() == sha256
    assert export_case(office.installation.workspace, office.number, tmp_path / "ut", Language.NB) == paths


def test_a_case_without_an_agreement_is_exported_too(office: Office, tmp_path: Path) -> None:
    case: Case = office.installation.enquire("Kari Nordmann")
    assert case.agreement_state is AgreementState.DRAFT
    assert case.plan is LaunchPlan.OPEN
    paths = export_case(office.installation.workspace, str(case.number), tmp_path / "ut", Language.EN)
    assert {path.name for path in paths} == {"case.json", "timeline.txt", "events.json", "index.json"}
