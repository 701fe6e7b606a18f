"""What is added or judged again by hand, beside `avtale run` or after a kill: one outcome, and nothing stays open."""

from pathlib import Path

import pytest

from agreements.language import Language
from intake.receipts import Receipt, ReceiptState, SourceOutcome
from onboarding import sources
from onboarding.health import read_health
from onboarding.pipeline import judge_due, judge_receipt
from onboarding.sources import add_file, retry_receipt
from onboarding.status import status_answer
from onboarding.store.judgements import JudgementStatus
from onboarding.workspace import Workspace
from tests.onboarding.installation import Installation
from tests.onboarding.zipped import zipped


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def signed(installation: Installation) -> Path:
    """A signed agreement that somebody has on disk."""
    path = installation.folder / "signert.pdf"
    path.write_bytes(installation.template.honest)
    return path


@pytest.fixture
def beaten(monkeypatch: pytest.MonkeyPatch) -> None:
    """`avtale run` judges whatever is due just before the command begins to."""

    def after_the_daemon(workspace: Workspace, receipt: Receipt) -> object:
        assert judge_due(workspace).failed == ()
        return judge_receipt(workspace, receipt)

    monkeypatch.setattr(sources, "judge_receipt", after_the_daemon)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is killed after its first commit."""

    def kill(workspace: Workspace, receipt: Receipt) -> None:
        raise Killed

    monkeypatch.setattr(sources, "judge_receipt", kill)


def oldest(installation: Installation) -> object:
    """As `status --json` tells it."""
    data = status_answer(installation.workspace, Language.NB).data
    assert isinstance(data, dict)
    return data["oldest_unhandled"]


@pytest.mark.usefixtures("beaten")
def test_a_file_that_another_run_judges_first_is_told_as_if_the_command_had(
    installation: Installation, signed: Path
) -> None:
    receipt = add_file(installation.workspace, signed, "fjord", installation.actor)
    assert (receipt.state, receipt.source_outcome) == (ReceiptState.RECEIVED, SourceOutcome.LEFT)
    assert oldest(installation) is None
    installation.run()
    assert (len(installation.receipts()), len(installation.judgements()), len(installation.mails())) == (1, 1, 1)


@pytest.mark.usefixtures("beaten")
def test_an_archive_that_another_run_opens_first_is_told_too(installation: Installation) -> None:
    path = installation.folder / "signert.zip"
    path.write_bytes(zipped(("avtale.pdf", installation.template.honest)))
    receipt = add_file(installation.workspace, path, "fjord", installation.actor)
    assert (receipt.state, oldest(installation)) == (ReceiptState.RECEIVED, None)


def test_a_document_that_another_run_judges_again_first_is_told_as_if_the_command_had(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, signed: Path
) -> None:
    signed.write_bytes(installation.template.by_one.pdf)  # nobody signed it: it waits for a person
    receipt = add_file(installation.workspace, signed, "fjord", installation.actor)

    def after_the_daemon(workspace: Workspace, due: Receipt) -> object:
        assert judge_due(workspace).done == 1
        return judge_receipt(workspace, due)

    monkeypatch.setattr(sources, "judge_receipt", after_the_daemon)
    again = retry_receipt(installation.workspace, receipt.id, installation.actor)
    assert (again.id, again.state, oldest(installation)) == (receipt.id, ReceiptState.RECEIVED, None)
    assert [judgement.status for judgement in installation.judgements()] == [JudgementStatus.OPEN]


@pytest.mark.usefixtures("killed")
def test_a_file_whose_command_was_killed_is_judged_and_done_with_by_the_next_run(
    installation: Installation, signed: Path
) -> None:
    with pytest.raises(Killed):
        add_file(installation.workspace, signed, "fjord", installation.actor)
    assert oldest(installation) is not None
    installation.run()
    [receipt] = installation.receipts()
    assert (receipt.state, receipt.source_outcome) == (ReceiptState.RECEIVED, SourceOutcome.LEFT)
    assert (oldest(installation), len(installation.mails())) == (None, 1)


@pytest.mark.usefixtures("killed")
def test_a_receipt_that_was_decided_and_left_open_is_ended_by_the_next_run(
    installation: Installation, signed: Path
) -> None:
    with pytest.raises(Killed):
        add_file(installation.workspace, signed, "fjord", installation.actor)
    judge_due(installation.workspace)
    [stuck] = installation.receipts()
    assert (stuck.state, stuck.finished_at) == (ReceiptState.RECEIVED, None)
    installation.run()
    [ended] = installation.receipts()
    assert ended.finished_at is not None
    assert oldest(installation) is None


def test_the_same_document_by_two_ways_at_once_is_no_fault_of_anything(installation: Installation) -> None:
    installation.drop("signert.zip", zipped(("avtale.pdf", installation.template.honest)))
    installation.drop("avtale.pdf", installation.template.honest)
    with sources.watched_folders(installation.workspace) as (folders, _):
        while len(installation.receipts()) < 2:
            folders.look()
    assert installation.run().failed == ()
    assert {receipt.state for receipt in installation.receipts()} == {ReceiptState.RECEIVED}
    assert len(installation.receipts()) == 3
    assert [part.problem for part in read_health(installation.workspace) if part.part == "judging"] == [None]
    assert (len(installation.judgements()), len(installation.mails())) == (1, 1)
