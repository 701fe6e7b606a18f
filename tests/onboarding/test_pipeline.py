"""From a dropped file to the forwarded mail, or to the person who must look."""

import json

import pytest

from agreements.case import AgreementState
from agreements.casenumber import CaseNumber
from agreements.decision import Verdict
from agreements.language import Language
from agreements.national_id import is_national_id
from onboarding.delivery import release_message
from onboarding.review_view import review_answer
from onboarding.steps.agreement import issue_agreement, void_agreement_in_force
from onboarding.steps.enquiry import add_note, hold_case
from onboarding.store.events import list_events
from onboarding.store.judgements import JudgementStatus
from outbox.states import State
from signatures.throwaway import ThrowawayPki, sign
from tests.onboarding.installation import (
    KARI,
    NILS,
    OLA,
    SECOND,
    Installation,
    attached,
    codes,
    sha256_of,
    sign_return,
    synthetic_org_number,
)


def number_of(installation: Installation) -> CaseNumber:
    return installation.template.by_one.agreement.number.case


def test_an_honest_return_is_forwarded_once_byte_for_byte_and_the_record_holds_the_servers_reply(
    installation: Installation,
) -> None:
    issue, honest = installation.template.by_one, installation.template.honest
    judgement = installation.receive(honest)
    assert (judgement.decision.verdict, judgement.status) == (Verdict.APPROVED, JudgementStatus.APPROVED)
    [mail] = installation.mails()
    assert attached(mail)[0] == honest
    assert (mail["X-Agreement-ID"], mail["To"]) == (str(issue.agreement.number), "digipost@localhost")
    assert installation.case(issue).agreement_state is AgreementState.FORWARDED
    with installation.workspace.store.read() as connection:
        events = list_events(connection, str(issue.agreement.number.case))
    assert [event.kind for event in events][-2:] == ["agreement.approved", "agreement.forwarded"]
    assert json.loads(events[-1].data)["reply"].endswith("queued as 0001")
    [message] = installation.messages()
    assert (message.state, message.sha256) == (State.SENT, sha256_of(installation.mailbox.received[0]))
    assert [path.read_bytes() for path in (installation.inbox / "ferdig").iterdir()] == [honest]


def test_two_joint_signers_are_approved_together_and_one_alone_waits_for_a_person(installation: Installation) -> None:
    issue, pki = installation.template.by_two, installation.pki
    once = sign_return(issue.pdf, pki.person(KARI))
    alone = installation.receive(once, "en.pdf")
    assert (alone.decision.verdict, codes(alone)) == (Verdict.NEEDS_REVIEW, ["WHO-003", "CAS-007"])
    assert installation.case(issue).agreement_state is AgreementState.RETURNED
    both = installation.receive(sign_return(once, pki.person(OLA), field=SECOND), "to.pdf")
    assert both.decision.verdict is Verdict.APPROVED
    assert len(installation.mails()) == 1


def test_the_customers_own_seal_is_enough_and_another_firms_is_not(installation: Installation) -> None:
    issue = installation.template.by_one
    other = sign_return(issue.pdf, installation.pki.seal("Annen AS", synthetic_org_number(9)))
    assert "WHO-005" in codes(installation.receive(other, "annen.pdf"))
    number = str(issue.agreement.values["customer.orgnr"])
    own = sign_return(issue.pdf, installation.pki.seal("Eksempel 1 AS", number))
    assert installation.receive(own, "egen.pdf").decision.verdict is Verdict.APPROVED


def test_the_same_bytes_twice_give_two_receipts_one_judgement_and_one_mail(installation: Installation) -> None:
    honest = installation.template.honest
    installation.drop("a.pdf", honest)
    installation.drop("b.pdf", honest)
    installation.run()
    installation.drop("a.pdf", honest)
    installation.run()
    assert len(installation.receipts(honest)) == 3
    assert all(receipt.finished_at for receipt in installation.receipts())
    assert (len(installation.judgements()), len(installation.mails())) == (1, 1)
    assert len(list((installation.inbox / "ferdig").iterdir())) == 3


def test_two_different_honest_returns_of_one_agreement_give_one_mail(installation: Installation) -> None:
    honest = installation.template.honest
    again = sign_return(installation.template.by_one.pdf, installation.pki.person(KARI))
    installation.drop("a.pdf", honest)
    installation.drop("b.pdf", again)
    installation.run()
    judgements = installation.judgements()
    assert [judgement.decision.verdict for judgement in judgements] == [Verdict.APPROVED] * 2
    assert {judgement.status for judgement in judgements} == {JudgementStatus.APPROVED, JudgementStatus.CLOSED}
    assert sum("CAS-003" in codes(judgement) for judgement in judgements) == 1
    assert (len(installation.mails()), len(installation.messages())) == (1, 1)


def test_a_voided_version_is_rejected_whoever_signed_it(installation: Installation) -> None:
    void_agreement_in_force(installation.workspace, number_of(installation), "feil pris", installation.actor)
    judgement = installation.receive(installation.template.honest)
    assert (judgement.decision.verdict, "CAS-001" in codes(judgement)) == (Verdict.REJECTED, True)
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.VOID
    assert installation.messages() == ()


def test_a_superseded_version_is_rejected_and_the_one_in_force_still_approved(installation: Installation) -> None:
    second = issue_agreement(installation.workspace, str(number_of(installation)), installation.actor)
    judgement = installation.receive(installation.template.honest)
    assert (judgement.decision.verdict, "CAS-002" in codes(judgement)) == (Verdict.REJECTED, True)
    assert installation.case(second).agreement_state is AgreementState.ISSUED  # the old return changes nothing
    in_force = installation.receive(sign_return(second.pdf, installation.pki.person(KARI)), "ny.pdf")
    assert in_force.decision.verdict is Verdict.APPROVED
    assert [mail["X-Agreement-ID"] for mail in installation.mails()] == [str(second.agreement.number)]


def test_a_case_on_hold_approves_nothing_by_itself_but_takes_the_return(installation: Installation) -> None:
    hold_case(installation.workspace, number_of(installation), held=True, reason="venter", actor=installation.actor)
    judgement = installation.receive(installation.template.honest)
    assert (judgement.decision.verdict, "CAS-004" in codes(judgement)) == (Verdict.NEEDS_REVIEW, True)
    case = installation.case(installation.template.by_one)
    assert (case.agreement_state, case.held) == (AgreementState.RETURNED, True)


def test_a_return_through_another_vendors_folder_waits_for_a_person(installation: Installation) -> None:
    judgement = installation.receive(installation.template.honest, inbox=installation.folder / "inn-vidda")
    assert (judgement.decision.verdict, "CAS-005" in codes(judgement)) == (Verdict.NEEDS_REVIEW, True)
    assert installation.mails() == []


def test_a_strangers_valid_signature_and_an_unknown_issuers_wait_for_a_person(installation: Installation) -> None:
    issue = installation.template.by_one
    stranger = installation.receive(sign_return(issue.pdf, installation.pki.person(NILS)), "fremmed.pdf")
    assert (stranger.decision.verdict, "WHO-002" in codes(stranger)) == (Verdict.NEEDS_REVIEW, True)
    elsewhere = ThrowawayPki.create(installation.clock(), demo=False)
    unknown = installation.receive(sign_return(issue.pdf, elsewhere.person(KARI)), "ukjent.pdf")
    assert (unknown.decision.verdict, "SIG-010" in codes(unknown)) == (Verdict.NEEDS_REVIEW, True)
    assert installation.mails() == []


def test_the_demos_certificates_are_refused_outside_the_demo(installation: Installation) -> None:
    demo = ThrowawayPki.create(installation.clock(), demo=True)
    judgement = installation.receive(sign_return(installation.template.by_one.pdf, demo.person(KARI)))
    assert (judgement.decision.verdict, "SIG-020" in codes(judgement)) == (Verdict.REJECTED, True)


def test_missing_revocation_data_is_never_good_enough_for_a_case(installation: Installation) -> None:
    pdf, now = installation.template.by_one.pdf, installation.clock()
    bare = sign(pdf, installation.pki.person(KARI), field="Signatur1", level="B-B", embed_revocation=False, now=now)
    judgement = installation.receive(bare)
    assert (judgement.decision.verdict, "SIG-013" in codes(judgement)) == (Verdict.NEEDS_REVIEW, True)


def test_an_honest_return_after_an_unsigned_one_is_approved(installation: Installation) -> None:
    unsigned = installation.receive(installation.template.by_one.pdf, "usignert.pdf")
    assert (unsigned.decision.verdict, "SIG-001" in codes(unsigned)) == (Verdict.REJECTED, True)
    assert installation.receive(installation.template.honest, "signert.pdf").decision.verdict is Verdict.APPROVED


def test_a_national_identity_number_holds_the_mail_until_somebody_releases_it(installation: Installation) -> None:
    # Of the 31st of February: what is certain is refused before issue, what may be one is held when it comes back.
    synthetic = next(digits for n in range(10**5) if is_national_id(digits := f"318290{n:05}"))
    issue = installation.issue(KARI, values={"invoice.reference": f"Ref {synthetic}"})
    judgement = installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
    assert (judgement.decision.verdict, "PID-001" in codes(judgement)) == (Verdict.APPROVED, True)
    [held] = installation.messages()
    assert (held.state, held.reason, installation.mails()) == (State.HELD, "national_id", [])
    installation.run()
    assert installation.mails() == []
    assert synthetic not in json.dumps(review_answer(installation.workspace, judgement.id, Language.NB).data)
    release_message(installation.workspace, held.id, "vurdert", installation.actor)
    installation.run()
    assert (len(installation.mails()), installation.messages()[0].state) == (1, State.SENT)
    assert "message.released" in installation.kinds(issue)


def test_a_case_that_is_changed_while_its_return_is_judged_leaves_it_due_for_the_next_time(
    installation: Installation,
) -> None:
    workspace = installation.workspace
    real = workspace.sandbox

    class Meanwhile:
        def run(self, *args: object, **kwargs: object) -> object:
            add_note(workspace, number_of(installation), "ringte kunden", installation.actor)
            return real.run(*args, **kwargs)  # type: ignore[arg-type]

    vars(workspace)["sandbox"] = Meanwhile()
    installation.drop("avtale.pdf", installation.template.honest)
    assert installation.run().judged == 0
    [receipt] = installation.receipts()
    assert (receipt.state.value, installation.judgements(), installation.messages()) == ("stored", (), ())
    assert (installation.inbox / "avtale.pdf").exists()
    vars(workspace)["sandbox"] = real
    assert installation.run().judged == 1
    assert len(installation.mails()) == 1
    assert [path.name for path in installation.inbox.iterdir()] == [".avtalemottak", "ferdig"]


@pytest.mark.parametrize("language", ["nn", "en"])
def test_agreements_in_every_language_come_back_approved(installation: Installation, language: str) -> None:
    issue = installation.issue(KARI, values={"agreement.language": language})
    judgement = installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
    assert judgement.decision.verdict is Verdict.APPROVED
