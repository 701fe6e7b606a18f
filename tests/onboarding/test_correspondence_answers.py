"""A return that a person turned down, and an agreement that has left for Digipost: the organisation is told, once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agreements.case import AgreementState
from agreements.errors import GateError
from onboarding.correspondence.next_steps import TOLD_WITHIN
from onboarding.correspondence.rejections import Untold, write_rejection
from onboarding.delivery import settle_message
from onboarding.purposes import Purpose
from onboarding.review import Rejected, reject_return
from onboarding.sandbox import Sandbox
from onboarding.steps.agreement import issue_agreement, void_agreement_in_force
from onboarding.steps.enquiry import hold_case
from outbox.outcome import Outcome, Phase, Result
from outbox.states import State
from tests.onboarding.installation import KARI, NILS, OLA, Installation, Template, sign_return
from tests.onboarding.posted import body, content, days_on, keeping_hours, next_working_day, posted, send, states

REASON = "Kari ringte, dette er internt"


@pytest.fixture
def installation(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with keeping_hours(template, tmp_path / "avtale", sandbox) as opened:
        yield opened


@pytest.fixture
def at_ten(installation: Installation) -> Installation:
    next_working_day(installation)
    return installation


def turn_down(installation: Installation, pdf: bytes | None = None) -> Rejected:
    """Somebody signed who should not have, and a person says no."""
    stranger = sign_return(installation.template.by_one.pdf, installation.pki.person(NILS))
    judgement = installation.receive(pdf or stranger)
    return reject_return(installation.workspace, judgement.id, installation.actor, REASON)


# --- turned down ------------------------------------------------------------------------------------------------------


def test_the_organisation_is_told_why_and_what_to_do_and_nothing_of_the_persons_own_reason(
    at_ten: Installation,
) -> None:
    rejected = turn_down(at_ten)
    (message,) = posted(at_ten, Purpose.REJECTION)
    version = at_ten.template.by_one.agreement.number
    assert (rejected.told, rejected.untold) == (message.id, None)
    assert (message.agreement, message.idempotency_key) == (str(version), f"rejection:{rejected.judgement.id}")
    mail = content(at_ten, message)
    said = body(mail)
    assert f"Avtalen er signert av {NILS}, som ikke er oppgitt som underskriver" in said
    assert f"Signaturen til {KARI} mangler." in said
    assert "Gjør slik:" in said
    assert f"Avtale: {version}" in said  # how to sign anew
    assert REASON not in said + mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    at_ten.run()
    assert states(at_ten, Purpose.REJECTION) == [State.SENT]
    assert at_ten.case(at_ten.template.by_one).agreement_state is AgreementState.ISSUED


def test_a_machine_rejects_nothing_towards_the_organisation_before_a_person_has(at_ten: Installation) -> None:
    judgement = at_ten.receive(at_ten.template.by_one.pdf)
    assert judgement.decision.verdict.value == "rejected"
    at_ten.run()
    assert posted(at_ten, Purpose.REJECTION) == []


def test_turning_down_twice_tells_once(at_ten: Installation) -> None:
    rejected = turn_down(at_ten)
    with pytest.raises(GateError, match="judgement_not_open"):
        reject_return(at_ten.workspace, rejected.judgement.id, at_ten.actor, REASON)
    assert len(posted(at_ten, Purpose.REJECTION)) == 1


def test_while_another_return_waits_nobody_is_asked_to_sign_anew(at_ten: Installation) -> None:
    other = at_ten.receive(at_ten.template.by_one.pdf, "usignert.pdf")
    assert turn_down(at_ten).untold is Untold.OTHERS_OPEN
    assert posted(at_ten, Purpose.REJECTION) == []
    last = reject_return(at_ten.workspace, other.id, at_ten.actor, REASON)
    assert last.untold is None
    assert "ingen elektronisk signatur" in body(content(at_ten, posted(at_ten, Purpose.REJECTION)[0]))


def test_on_hold_or_after_an_approval_nobody_is_told_and_the_person_hears_it(at_ten: Installation) -> None:
    number = at_ten.template.by_one.agreement.number.case
    hold_case(at_ten.workspace, number, held=True, reason="vent", actor=at_ten.actor)
    with pytest.raises(GateError) as refused:  # a case on hold takes no decision, and so tells of none
        turn_down(at_ten)
    assert "case_held" in refused.value.unmet
    (waiting,) = at_ten.judgements()
    assert write_rejection(at_ten.workspace, waiting).untold is Untold.CASE_HELD
    hold_case(at_ten.workspace, number, held=False, reason="videre", actor=at_ten.actor)
    at_ten.receive(at_ten.template.honest, "rett.pdf")
    assert turn_down(at_ten, at_ten.template.by_one.pdf).untold is Untold.APPROVED
    assert posted(at_ten, Purpose.REJECTION) == []


def test_where_the_version_is_void_they_are_asked_to_wait_for_a_new_one(at_ten: Installation) -> None:
    void_agreement_in_force(at_ten.workspace, at_ten.template.by_one.agreement.number.case, "feil", at_ten.actor)
    rejected = turn_down(at_ten)
    said = body(content(at_ten, posted(at_ten, Purpose.REJECTION)[0]))
    assert rejected.untold is None
    assert "Vent med å signere til dere har fått den" in said
    assert "Slik signerer dere" not in said


def test_an_old_version_is_answered_with_the_one_in_force(at_ten: Installation) -> None:
    case = at_ten.template.by_one.agreement.number.case
    issue_agreement(at_ten.workspace, str(case), at_ten.actor)
    turn_down(at_ten, at_ten.template.honest)
    (message,) = posted(at_ten, Purpose.REJECTION)
    assert message.agreement == f"{case}.2"
    assert f"Den som gjelder nå, er {case}.2" in body(content(at_ten, message))


def test_what_belongs_to_no_case_tells_nobody(at_ten: Installation) -> None:
    judgement = at_ten.receive(at_ten.template.by_one.pdf)
    assert write_rejection(at_ten.workspace, replace(judgement, case=None, version=None)).untold is Untold.NO_CASE


def test_a_letter_that_has_not_left_when_the_agreement_is_approved_is_taken_back(at_ten: Installation) -> None:
    next_working_day(at_ten, 23)
    turn_down(at_ten)
    at_ten.receive(at_ten.template.honest, "rett.pdf")
    next_working_day(at_ten)
    at_ten.run()
    (message,) = posted(at_ten, Purpose.REJECTION)
    assert (message.state, message.reason) == (State.WITHDRAWN, "already_approved")


# --- the next step ----------------------------------------------------------------------------------------------------


def test_when_the_agreement_has_left_the_organisation_is_told_once_what_comes_next(at_ten: Installation) -> None:
    at_ten.receive(at_ten.template.honest)
    for _ in range(3):
        at_ten.run()
    (message,) = posted(at_ten, Purpose.NEXT_STEP)
    version = at_ten.template.by_one.agreement.number
    assert (message.state, message.agreement) == (State.SENT, str(version))
    mail = content(at_ten, message)
    assert mail["Subject"] == f"[TEST] Avtalen om bruk av Digipost er godkjent [{version.case}]"
    assert f"Avtalen {version}" in body(mail)
    assert "Vent med å sende post i Digipost til det er gjort." in body(mail)
    assert "Dette gjør dere selv" in body(mail)
    assert list(mail.iter_attachments()) == []
    assert at_ten.kinds(at_ten.template.by_one)[-1] == "letter.queued"


def test_nobody_is_told_before_it_is_known_that_the_agreement_left(at_ten: Installation) -> None:
    at_ten.mailbox.answers["MAIL"] = "451 4.3.0 not now"
    at_ten.receive(at_ten.template.honest)
    at_ten.run()
    assert posted(at_ten, Purpose.NEXT_STEP) == []
    at_ten.mailbox.answers.clear()
    at_ten.clock.ahead += timedelta(hours=1)
    for _ in range(2):
        at_ten.run()
    assert states(at_ten, Purpose.NEXT_STEP) == [State.SENT]


def test_a_forward_that_a_person_settled_counts_as_one_that_left(
    at_ten: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = Outcome(result=Result.UNKNOWN, phase=Phase.AFTER_DOT)
    with monkeypatch.context() as patched:
        patched.setattr("outbox.sending._attempt", lambda *_, **__: unknown)
        at_ten.receive(at_ten.template.honest)
    (forward,) = posted(at_ten, Purpose.FORWARD)
    assert forward.state is State.UNKNOWN
    assert posted(at_ten, Purpose.NEXT_STEP) == []
    settle_message(at_ten.workspace, forward.id, sent=True, actor=at_ten.actor)
    at_ten.run()
    assert states(at_ten, Purpose.NEXT_STEP) == [State.SENT]


def test_it_waits_for_the_morning(at_ten: Installation) -> None:
    next_working_day(at_ten, 23)
    at_ten.receive(at_ten.template.honest)
    at_ten.run()
    assert states(at_ten, Purpose.FORWARD) == [State.SENT]
    assert states(at_ten, Purpose.NEXT_STEP) == [State.QUEUED]
    days_on(at_ten, 1, 8)
    at_ten.run()
    assert states(at_ten, Purpose.NEXT_STEP) == [State.SENT]


def test_a_forward_of_long_ago_is_no_news_so_that_an_upgrade_writes_to_nobody(
    at_ten: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("onboarding.jobs.loop.write_due", lambda *_, **__: ())
        at_ten.receive(at_ten.template.honest)
    at_ten.clock.ahead += TOLD_WITHIN + timedelta(hours=1)
    at_ten.run()
    assert posted(at_ten, Purpose.NEXT_STEP) == []


def test_the_whole_talk_with_an_organisation_is_one_mail_of_each_kind(at_ten: Installation) -> None:
    send(at_ten, at_ten.template.by_two.agreement.number.case)
    at_ten.run()
    once = sign_return(at_ten.template.by_two.pdf, at_ten.pki.person(KARI))
    at_ten.receive(sign_return(once, at_ten.pki.person(OLA), field="Signatur2"))
    for _ in range(3):
        at_ten.run()
    told = [message.purpose for message in at_ten.messages()]
    assert told == [Purpose.SIGNING, Purpose.FORWARD, Purpose.NEXT_STEP]
