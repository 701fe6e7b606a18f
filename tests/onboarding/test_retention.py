"""What has been kept long enough: shown first, erased with a proof, and nothing that anything else needs."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agreements.case import Closing
from agreements.errors import NotFoundError, TemporaryError
from agreements.language import Language
from agreements.verification import Method
from onboarding.auditing import verify_record
from onboarding.ending import end_case
from onboarding.jobs.lock import run_lock
from onboarding.retention import Found, Rule, erase_due, find_due
from onboarding.retention_view import retention_answer
from onboarding.review import reject_return
from onboarding.sandbox import Sandbox
from onboarding.steps.enquiry import add_note
from onboarding.store.references import case_references
from onboarding.store.tables import metadata
from onboarding.verifying import agree_methods
from tests.onboarding.installation import Installation, Template
from tests.onboarding.verified import COORDINATOR, Office, open_office, prepare

YEARS = timedelta(days=6 * 366)


@pytest.fixture(scope="module")
def set_up(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepare(template, sandbox, tmp_path_factory.mktemp("retention") / "avtale")


@pytest.fixture
def office(set_up: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Office]:
    with open_office(set_up, tmp_path / "avtale", sandbox) as opened:
        yield opened


def rules(found: Found) -> dict[Rule, int]:
    return {rule: n for rule in Rule if (n := sum(one.rule is rule for one in found.originals))}


def test_nothing_is_due_while_it_is_needed(office: Office) -> None:
    office.installation.clock.ahead += YEARS
    found = find_due(office.installation.workspace)
    assert (found.originals, found.cases, found.words) == ((), (), ())
    assert erase_due(office.installation.workspace, COORDINATOR) == (found, None)


def test_what_was_rejected_goes_after_its_days_and_is_shown_first(office: Office) -> None:
    installation, workspace = office.installation, office.installation.workspace
    other = installation.issue("Kari Nordmann")
    judgement = installation.receive(other.pdf + b"\n", "usignert.pdf")
    reject_return(workspace, judgement.id, COORDINATOR, "ikke signert")
    assert find_due(workspace).originals == ()
    installation.clock.ahead += timedelta(days=91)
    due = find_due(workspace)
    assert rules(due) == {Rule.REJECTED: 1}
    assert due.originals[0].sha256 == judgement.sha256
    workspace.blobs.read(judgement.sha256)  # showing erases nothing
    erased, proof = erase_due(workspace, COORDINATOR)
    assert erased == due
    with pytest.raises(NotFoundError):
        workspace.blobs.read(judgement.sha256)
    assert proof is not None
    manifest = json.loads(workspace.blobs.read(proof))
    assert manifest["originals"] == [{"sha256": judgement.sha256, "rule": "rejected"}]
    assert verify_record(workspace).events > 0
    assert find_due(workspace).originals == ()
    assert erase_due(workspace, COORDINATOR)[1] is None, "it is done once"


def test_a_case_that_ended_years_ago_goes_whole_and_the_record_stays(office: Office) -> None:
    installation, workspace = office.installation, office.installation.workspace
    office.ready()
    office.launch()
    add_note(workspace, office.case.number, "snakket med daglig leder", COORDINATOR)
    end_case(workspace, office.number, Closing.TERMINATED, reason="flytter", actor=COORDINATOR)
    with workspace.store.read() as connection:
        own = case_references(connection, office.case.number)
    installation.clock.ahead += timedelta(days=4 * 365)
    assert find_due(workspace).cases == ()
    installation.clock.ahead += timedelta(days=2 * 366)
    due = find_due(workspace)
    assert set(rules(due)) == {Rule.SIGNED}
    assert {one.sha256 for one in due.originals} == own
    assert len(due.words) >= 2
    erase_due(workspace, COORDINATOR)
    for sha256 in own:
        with pytest.raises(NotFoundError):
            workspace.blobs.read(sha256)
    verify_record(workspace)
    assert find_due(workspace) == Found(originals=(), cases=(), words=())
    with workspace.store.read() as connection:
        left = connection.exec_driver_sql("SELECT words FROM event_words").scalars().all()
    assert not any("daglig leder" in words for words in left)


def test_a_case_without_a_signed_agreement_goes_sooner(office: Office) -> None:
    installation, workspace = office.installation, office.installation.workspace
    issue = installation.issue("Kari Nordmann")
    end_case(workspace, str(issue.agreement.number.case), Closing.CANCELLED, reason="angret", actor=COORDINATOR)
    installation.clock.ahead += timedelta(days=91)
    due = find_due(workspace)
    assert set(rules(due)) == {Rule.UNSIGNED}
    assert issue.agreement.sha256 in {one.sha256 for one in due.originals}


def test_what_a_case_that_goes_on_needs_stays_although_a_rule_has_it(office: Office) -> None:
    installation, workspace = office.installation, office.installation.workspace
    other = installation.issue("Kari Nordmann")
    judgement = installation.receive(other.pdf + b"\n", "usignert.pdf")
    reject_return(workspace, judgement.id, COORDINATOR, "ikke signert")
    agree_methods(
        workspace,
        office.number,
        (Method.V1,),
        vendor_by="Siri Demo",
        digipost_by="Per Demo",
        evidence=office.file("referat.pdf", other.pdf + b"\n"),
        actor=COORDINATOR,
    )
    installation.clock.ahead += timedelta(days=91)
    assert find_due(workspace).originals == ()


def test_what_came_again_after_it_was_recorded_as_erased_stays(installation: Installation) -> None:
    blobs, now = installation.workspace.blobs, installation.clock()
    sha256 = blobs.put(b"kommer igjen")
    assert blobs.erase(sha256, stored_before=now - timedelta(hours=1)) is False
    assert blobs.read(sha256) == b"kommer igjen"
    assert blobs.erase(sha256, stored_before=now + timedelta(hours=1)) is True
    assert blobs.erase(sha256, stored_before=now + timedelta(hours=1)) is False


def test_nothing_is_erased_while_the_program_runs(installation: Installation) -> None:
    with run_lock(installation.workspace.settings.data_dir), pytest.raises(TemporaryError, match="already_running"):
        erase_due(installation.workspace, COORDINATOR)


def test_the_answer_tells_what_and_how_much_in_each_language(office: Office) -> None:
    installation = office.installation
    issue = installation.issue("Kari Nordmann")
    end_case(installation.workspace, str(issue.agreement.number.case), Closing.CANCELLED, reason="x", actor=COORDINATOR)
    installation.clock.ahead += timedelta(days=91)
    found = find_due(installation.workspace)
    for language in Language:
        answer = retention_answer(found, None, language)
        assert "--apply" in answer.lines[-1]
        assert isinstance(answer.data, dict)
        assert answer.data["erased"] is False


def test_every_column_that_names_an_original_is_known_to_the_rules() -> None:
    from intake.ledger import metadata as of_intake
    from onboarding.store import references
    from outbox.history import metadata as of_outbox

    known = {
        *(f"{column.table.name}.{column.name}" for column in references._OF_A_CASE),
        *(f"{column.table.name}.{column.name}" for column in references._OF_NO_CASE),
        *("receipts.sha256", "documents.sha256", "openings.sha256"),  # asked for by their own rules
        *("configurations.sha256", "cases.launched_sha256"),  # hashes of values, of no original
        "erased_originals.sha256",
    }
    named = {
        f"{table.name}.{column.name}"
        for one in (metadata, of_intake, of_outbox)
        for table in one.tables.values()
        for column in table.columns
        if column.name.endswith("sha256")
    }
    assert named - known == set()
