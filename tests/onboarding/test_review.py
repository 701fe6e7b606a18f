"""What waits for a person: approved or turned down by a user, never against the rules."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from agreements.case import AgreementState
from agreements.decision import decide
from agreements.errors import GateError, NotFoundError, TemporaryError
from agreements.findings import PRV_REWRITTEN, PRV_SCAN
from agreements.language import Language
from agreements.parties import Actor
from onboarding.pictures import draw_pages
from onboarding.review import (
    approve_return,
    must_be_seen,
    open_reviews,
    read_judgement,
    record_seen,
    reject_return,
)
from onboarding.review_view import write_review_page
from onboarding.settings import current_os_user
from onboarding.steps.agreement import void_agreement_in_force
from onboarding.steps.enquiry import hold_case
from onboarding.store.events import list_events
from onboarding.store.judgements import (
    Judgement,
    JudgementStatus,
    NewJudgement,
    Ruling,
    add_approval,
    list_approvals,
    save_judgement,
)
from tests.onboarding.installation import KARI, NILS, OLA, Installation, attached, sign_return
from tests.zoo.carriers import ghostscript

SECOND_USER = Actor(user="ola", os_user="nobody-ola")


def stranger(installation: Installation) -> bytes:
    return installation.template.signed("stranger", installation.template.by_one.pdf, installation.pki.person(NILS))


def scanned(installation: Installation) -> int:
    """A judgement of a scan of the honest return."""
    agreement = installation.template.by_one.agreement
    judgement = NewJudgement(
        sha256=installation.workspace.blobs.put(installation.template.honest),
        case=agreement.number.case,
        version=agreement.number.version,
        decision=decide([PRV_SCAN()]),
        report=None,
        status=JudgementStatus.OPEN,
        judged_at=installation.clock(),
    )
    with installation.workspace.store.begin() as connection:
        identity = save_judgement(connection, judgement)
    assert identity is not None
    return identity


def unmet(error: pytest.ExceptionInfo[GateError]) -> tuple[str, ...]:
    return error.value.unmet


def approve(installation: Installation, judgement: Judgement, actor: Actor | None = None) -> bool:
    actor = actor or installation.actor
    return approve_return(installation.workspace, judgement.id, actor, "sett på den").final


def test_a_return_approved_by_hand_is_forwarded_and_user_reason_and_os_user_are_recorded(
    installation: Installation,
) -> None:
    data = stranger(installation)
    judgement = installation.receive(data)
    assert open_reviews(installation.workspace) == (judgement,)
    approved = approve_return(installation.workspace, judgement.id, SECOND_USER, "Nils har fullmakt")
    assert (approved.final, approved.judgement.status) == (True, JudgementStatus.APPROVED)
    decided = approved.judgement
    assert (decided.decided_by, decided.reason) == (SECOND_USER, "Nils har fullmakt")
    installation.run()
    [mail] = installation.mails()
    assert attached(mail)[0] == data
    assert OLA in str(mail.get_body())
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.FORWARDED
    with installation.workspace.store.read() as connection:
        [event] = [event for event in list_events(connection) if event.kind == "agreement.approved"]
    assert (event.actor, "Nils har fullmakt" in event.data) == (SECOND_USER, True)
    assert open_reviews(installation.workspace) == ()


def test_a_rejected_return_leaves_the_same_version_waiting_for_the_customer(installation: Installation) -> None:
    judgement = installation.receive(stranger(installation))
    rejected = reject_return(installation.workspace, judgement.id, installation.actor, "feil person")
    assert (rejected.judgement.status, rejected.judgement.reason) == (JudgementStatus.REJECTED, "feil person")
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.ISSUED
    honest = installation.receive(installation.template.honest, "ny.pdf")
    assert honest.status is JudgementStatus.APPROVED


def test_rejecting_one_of_two_open_returns_keeps_the_case_with_the_vendor(installation: Installation) -> None:
    first = installation.receive(stranger(installation))
    installation.receive(installation.template.by_one.pdf, "usignert.pdf")
    reject_return(installation.workspace, first.id, installation.actor, "feil person")
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.RETURNED
    assert len(open_reviews(installation.workspace)) == 1


@pytest.mark.parametrize("actor", [None, SECOND_USER])
def test_a_finding_that_rejects_can_be_approved_by_nobody(installation: Installation, actor: Actor | None) -> None:
    judgement = installation.receive(installation.template.by_one.pdf)
    with pytest.raises(GateError) as refused:
        approve(installation, judgement, actor)
    assert unmet(refused) == ("review_reject_finding",)
    assert installation.messages() == ()
    rejected = reject_return(installation.workspace, judgement.id, installation.actor, "usignert")
    assert rejected.judgement.status is JudgementStatus.REJECTED


def test_a_scan_takes_two_users_and_the_same_one_twice_is_one(installation: Installation) -> None:
    workspace, identity = installation.workspace, scanned(installation)
    for _ in range(2):
        once = approve_return(workspace, identity, installation.actor, "sett på papiret")
        assert (once.given, once.needed, once.final) == (1, 2, False)
        assert (once.judgement.status, installation.messages()) == (JudgementStatus.OPEN, ())
    twice = approve_return(workspace, identity, SECOND_USER, "jeg også")
    assert (twice.given, twice.final, len(installation.messages())) == (2, True, 1)


def test_two_users_who_approve_a_scan_at_the_same_moment_never_leave_it_unsent_unnoticed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, identity = installation.workspace, scanned(installation)
    begin = workspace.store.begin

    @contextmanager
    def after_somebody_else() -> Iterator[sa.Connection]:
        with begin() as connection:
            add_approval(connection, identity, Ruling(by=SECOND_USER, at=installation.clock(), reason="jeg også"))
        with begin() as connection:
            yield connection

    with monkeypatch.context() as patch:
        patch.setattr(workspace.store, "begin", after_somebody_else)
        with pytest.raises(TemporaryError, match="case_changed"):
            approve_return(workspace, identity, installation.actor, "sett på papiret")
    with workspace.store.read() as connection:
        assert [approval.by.user for approval in list_approvals(connection, identity)] == ["ola"]
    assert approve_return(workspace, identity, installation.actor, "sett på papiret").final
    assert len(installation.messages()) == 1


def test_a_return_is_approved_once(installation: Installation) -> None:
    judgement = installation.receive(stranger(installation))
    approve(installation, judgement)
    with pytest.raises(GateError) as refused:
        approve(installation, judgement, SECOND_USER)
    assert unmet(refused) == ("judgement_not_open", "review_already_approved")
    with pytest.raises(GateError):
        reject_return(installation.workspace, judgement.id, installation.actor, "angrer")
    assert len(installation.messages()) == 1


def test_a_second_return_of_what_was_approved_meanwhile_is_refused(installation: Installation) -> None:
    waiting = installation.receive(stranger(installation))
    installation.receive(installation.template.honest, "ny.pdf")
    with pytest.raises(GateError) as refused:
        approve(installation, waiting)
    assert unmet(refused) == ("review_already_approved",)
    reject_return(installation.workspace, waiting.id, installation.actor, "en annen ble godkjent")
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.FORWARDED


def test_a_version_that_was_voided_meanwhile_is_not_approved(installation: Installation) -> None:
    judgement = installation.receive(stranger(installation))
    number = installation.template.by_one.agreement.number.case
    void_agreement_in_force(installation.workspace, number, "ny pris", installation.actor)
    with pytest.raises(GateError) as refused:
        approve(installation, judgement)
    assert unmet(refused) == ("review_not_in_force",)


def test_a_case_on_hold_is_resumed_before_anything_is_approved(installation: Installation) -> None:
    workspace, number = installation.workspace, installation.template.by_one.agreement.number.case
    hold_case(workspace, number, held=True, reason="uklart", actor=installation.actor)
    judgement = installation.receive(installation.template.honest)
    with pytest.raises(GateError) as refused:
        approve(installation, judgement)
    assert unmet(refused) == ("case_held",)
    hold_case(workspace, number, held=False, reason="avklart", actor=installation.actor)
    assert approve(installation, judgement)


def test_a_judgement_that_does_not_exist_is_not_found(installation: Installation) -> None:
    for decide_on in (approve_return, reject_return):
        with pytest.raises(NotFoundError):
            decide_on(installation.workspace, 99, installation.actor, "-")


def test_the_decider_is_the_user_with_the_os_user_beside(installation: Installation) -> None:
    assert installation.actor.os_user == current_os_user()


@pytest.mark.parametrize("language", list(Language))
def test_the_review_page_shows_every_finding_and_runs_nothing(
    installation: Installation, tmp_path: Path, language: Language
) -> None:
    pdf = installation.template.by_one.pdf
    judgement = installation.receive(sign_return(pdf, installation.pki.person("<script>alert(1)</script> Ås")))
    page = tmp_path / "side.html"
    write_review_page(installation.workspace, judgement.id, page, language)
    html = page.read_text(encoding="utf-8")
    assert all(finding.code in html for finding in judgement.decision.findings)
    assert "<script" not in html
    assert KARI in html
    assert html.count('<img src="data:image/png;base64,') >= 2
    assert re.search(r'(?:src|href)="(?!data:)', html) is None  # nothing is fetched
    assert "img-src data:" in html


def test_a_document_that_can_not_be_drawn_says_so_on_the_page(installation: Installation, tmp_path: Path) -> None:
    judgement = installation.receive(sign_return(installation.template.by_one.pdf, installation.pki.person("Nils")))
    broken = installation.workspace.blobs.put(b"%PDF-1.7 and nothing else")
    agreement = installation.template.by_one.agreement
    pages = draw_pages(installation.workspace, issued=agreement.sha256, returned=broken)
    assert [pair.returned for pair in pages] == [None] * agreement.pages
    assert all(pair.issued is not None and pair.issued.startswith(b"\x89PNG") for pair in pages)
    assert draw_pages(installation.workspace, issued=None, returned=broken) == ()
    assert judgement.status is JudgementStatus.OPEN


def written_anew(installation: Installation) -> Judgement:
    """A judgement of the honest return as if a service had written it anew, and nothing else were to be said."""
    agreement, data = installation.template.by_one.agreement, ghostscript(installation.template.honest)
    report = installation.receive(data, "skrevet-paa-nytt.pdf").report
    new = NewJudgement(
        sha256=installation.workspace.blobs.put(installation.template.honest),
        case=agreement.number.case,
        version=agreement.number.version,
        decision=decide((PRV_REWRITTEN(),)),
        report=report,
        status=JudgementStatus.OPEN,
        judged_at=installation.workspace.clock(),
        parameters=None,
    )
    with installation.workspace.store.begin() as connection:
        saved = save_judgement(connection, new)
    assert saved is not None
    return read_judgement(installation.workspace, installation.judgements()[-1].id)


def test_a_file_that_was_written_anew_is_approved_only_by_whoever_has_seen_the_differences(
    installation: Installation,
) -> None:
    judgement = written_anew(installation)
    assert must_be_seen(judgement)
    with pytest.raises(GateError) as refused:
        approve_return(installation.workspace, judgement.id, installation.actor, "ser riktig ut")
    assert "review_not_seen" in refused.value.unmet
    other = replace(installation.actor, user="en-annen")
    for _ in range(2):
        record_seen(installation.workspace, judgement.id, installation.actor)
    with pytest.raises(GateError):
        approve_return(installation.workspace, judgement.id, other, "ser riktig ut")
    assert installation.kinds().count("review.seen") == 1
    approve_return(installation.workspace, judgement.id, installation.actor, "ser riktig ut")


def test_of_what_was_not_written_anew_no_look_is_written_down(installation: Installation) -> None:
    judgement = installation.receive(sign_return(installation.template.by_one.pdf, installation.pki.person("Nils")))
    record_seen(installation.workspace, judgement.id, installation.actor)
    assert "review.seen" not in installation.kinds()
