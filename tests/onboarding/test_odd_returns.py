"""Returns that are ours and yet not as they were sent: written anew, cut in two, quoting others, put back by hand."""

import errno
import io
import os

import pikepdf
import pytest

from agreements.case import AgreementState
from agreements.decision import Verdict, decide
from agreements.errors import GateError, NotFoundError
from agreements.findings import INT_NO_CASE
from intake.receipts import ReceiptState
from onboarding import blobs
from onboarding.pipeline import judge_due
from onboarding.review import approve_return
from onboarding.sources import Folders, add_file, retry_receipt, watched_folders
from onboarding.store.judgements import JudgementStatus, NewJudgement, save_judgement
from tests.onboarding.installation import Installation, Template, codes, sha256_of


def written_anew(pdf: bytes, *, pages: int | None = None, also: bytes | None = None) -> bytes:
    """The PDF as a viewer or a service saves it: another file with the same pages, fewer, or more."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        if pages is not None:
            del document.pages[pages:]
        if also is not None:
            with pikepdf.open(io.BytesIO(also)) as other:
                document.add_pages_from(other)
        output = io.BytesIO()
        document.save(output)
    return output.getvalue()


def test_a_return_written_anew_is_found_by_its_number_and_waits_for_a_person(installation: Installation) -> None:
    issue = installation.template.by_one
    judgement = installation.receive(written_anew(issue.pdf))
    assert judgement.agreement == issue.agreement.number
    assert judgement.decision.verdict is Verdict.REJECTED  # nobody has signed it
    assert {"PRV-002", "SIG-001"} <= set(codes(judgement))


def test_a_page_of_the_agreement_alone_is_not_the_agreement(installation: Installation) -> None:
    judgement = installation.receive(written_anew(installation.template.by_one.pdf, pages=1))
    assert (judgement.decision.verdict, "PRV-003" in codes(judgement)) == (Verdict.REJECTED, True)


def test_a_document_that_quotes_two_agreements_is_approved_for_neither(installation: Installation) -> None:
    both = written_anew(installation.template.by_one.pdf, also=installation.template.by_two.pdf)
    installation.drop("begge.pdf", both)
    installation.run()
    [receipt] = installation.receipts(both)
    assert (receipt.state, receipt.reason and receipt.reason.code) == (ReceiptState.QUARANTINED, "CAS-006")
    assert installation.messages() == ()


def settled(folders: Folders, installation: Installation, data: bytes) -> None:
    """Look until these bytes are received, then judge and put away."""
    while not installation.receipts(data):
        folders.look()
    judge_due(installation.workspace)
    folders.finish()


def test_a_file_taken_too_early_is_taken_again_when_its_writer_goes_on(installation: Installation) -> None:
    honest = installation.template.honest
    cut = len(installation.template.by_one.pdf) + 2000
    with watched_folders(installation.workspace) as (folders, _):
        with (installation.inbox / "treg.pdf").open("wb") as slow:
            slow.write(honest[:cut])
            slow.flush()
            settled(folders, installation, honest[:cut])
            [hasty] = installation.receipts()
            assert hasty.finished_at
            slow.write(honest[cut:])
        settled(folders, installation, honest)
    first, second = installation.receipts()
    assert (second.supersedes, second.state) == (first.id, ReceiptState.RECEIVED)
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.APPROVED
    assert [judgement.status for judgement in installation.judgements()].count(JudgementStatus.OPEN) == 0
    assert [path.read_bytes() for path in (installation.inbox / "ferdig").iterdir()] == [honest]


def test_a_file_put_back_by_hand_is_put_away_again_and_counts_once(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    [done] = (installation.inbox / "ferdig").iterdir()
    done.rename(installation.inbox / "avtale.pdf")
    installation.run()
    assert {path.name for path in installation.inbox.iterdir()} == {".avtalemottak", "ferdig"}
    assert (len(installation.judgements()), len(installation.mails())) == (1, 1)


def test_a_full_disk_leaves_the_file_where_it_is_and_takes_it_when_there_is_room(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_descriptor: int, _chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = installation.drop("avtale.pdf", installation.template.honest)
    with monkeypatch.context() as patch:
        patch.setattr("onboarding.blobs._write_all", no_room)
        done = installation.run()
    assert [error.code for error in done.failed] == ["disk_full"]
    assert (path.read_bytes(), installation.receipts()) == (installation.template.honest, ())
    installation.run()
    assert len(installation.mails()) == 1


def test_what_was_received_before_the_disk_filled_is_counted(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = blobs._write_all, list[int]()

    def room_for_two(descriptor: int, chunk: bytes) -> None:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(len(chunk))
        write(descriptor, chunk)

    monkeypatch.setattr("onboarding.blobs._write_all", room_for_two)
    for name in ("en.txt", "to.txt", "tre.txt"):
        installation.drop(name, name.encode())
    with watched_folders(installation.workspace) as (folders, _):
        received = 0
        while not (looked := folders.look()).problems:
            received += looked.received
    assert (received + looked.received, len(installation.receipts())) == (2, 2)


def test_no_room_for_the_mail_leaves_the_return_due_and_approves_nothing_yet(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.drop("avtale.pdf", installation.template.honest)
    with watched_folders(installation.workspace) as (folders, _):
        while not installation.receipts():
            folders.look()

    def no_room(_descriptor: int, _chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("onboarding.blobs._write_all", no_room)
        assert [error.code for error in judge_due(installation.workspace).failed] == ["disk_full"]
    assert (installation.judgements(), installation.messages()) == ((), ())
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.ISSUED
    installation.run()
    assert len(installation.mails()) == 1


def test_a_file_added_by_hand_is_judged_at_once_and_left_where_it_is(installation: Installation) -> None:
    path = installation.folder / "retur.pdf"
    path.write_bytes(installation.template.honest)
    receipt = add_file(installation.workspace, path, None, installation.actor)
    assert (receipt.state, receipt.source) == (ReceiptState.RECEIVED, "manual")
    assert path.read_bytes() == installation.template.honest
    again = add_file(installation.workspace, path, "fjord", installation.actor)
    assert (again.state, len(installation.judgements())) == (ReceiptState.RECEIVED, 1)
    with pytest.raises(NotFoundError):
        add_file(installation.workspace, installation.folder / "borte.pdf", None, installation.actor)
    with pytest.raises(NotFoundError):
        add_file(installation.workspace, path, "ukjent", installation.actor)


def test_what_waits_is_judged_again_when_its_issuer_has_become_trusted(
    installation: Installation, template: Template
) -> None:
    anchor = installation.folder / "trust/anchors/test.pem"
    known = anchor.read_bytes()
    anchor.unlink()
    first = installation.receive(template.honest)
    assert (first.decision.verdict, "SIG-012" in codes(first)) == (Verdict.NEEDS_REVIEW, True)
    anchor.write_bytes(known)
    [receipt] = installation.receipts()
    retry_receipt(installation.workspace, receipt.id, installation.actor)
    [judgement] = installation.judgements()
    assert (judgement.decision.verdict, judgement.status) == (Verdict.APPROVED, JudgementStatus.APPROVED)
    with pytest.raises(GateError):
        retry_receipt(installation.workspace, receipt.id, installation.actor)
    installation.run()
    assert len(installation.mails()) == 1


def test_a_judgement_without_an_agreement_can_not_be_approved(installation: Installation) -> None:
    judgement = NewJudgement(
        sha256=sha256_of(b"x"),
        case=None,
        version=None,
        decision=decide([INT_NO_CASE()]),
        report=None,
        status=JudgementStatus.OPEN,
        judged_at=installation.clock(),
    )
    with installation.workspace.store.begin() as connection:
        identity = save_judgement(connection, judgement)
    assert identity is not None
    with pytest.raises(GateError) as refused:
        approve_return(installation.workspace, identity, installation.actor, "-")
    assert refused.value.unmet == ("review_no_agreement",)
