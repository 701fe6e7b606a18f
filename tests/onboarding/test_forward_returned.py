"""Digipost says no, or wants something more; and a person says that its question is answered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agreements.case import AgreementState, Attestations, LaunchPlan, Step, move_returned, move_step
from agreements.duties import waiting_for
from agreements.errors import GateError, NotFoundError, UsageError
from agreements.language import Language
from agreements.turn import Party
from onboarding.case_view import case_details, case_timeline
from onboarding.forwarding import FORWARD
from onboarding.review import approve_return
from onboarding.sandbox import Sandbox
from onboarding.sent_back import MAX_ITEMS, SentBack, close_question, hold_for_items, return_forward
from onboarding.steps.agreement import issue_agreement
from onboarding.steps.configuration import read_summary
from onboarding.steps.enquiry import hold_case, set_values
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent
from onboarding.store.judgements import JudgementStatus
from outbox.holds import PERSON_SENDS, Hold
from outbox.messages import NewMessage, enqueue
from outbox.rows import messages
from outbox.states import State
from tests.onboarding.installation import KARI, NILS, Installation, Template, codes, opened_copy, sign_return


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """An installation whose agreement has been forwarded, to copy."""

    template: Template


@pytest.fixture(scope="module")
def forwarded(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Forwarded:
    with opened_copy(template, tmp_path_factory.mktemp("sent") / "avtale", sandbox=sandbox) as installation:
        installation.receive(template.honest)
        assert len(installation.mails()) == 1
        return Forwarded(template=replace(template, folder=installation.folder))


@pytest.fixture
def office(forwarded: Forwarded, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with opened_copy(forwarded.template, tmp_path / "avtale", sandbox=sandbox) as installation:
        yield installation


def send_back(office: Installation, reason: str = "feil underskriver") -> SentBack:
    return return_forward(office.workspace, office.template.by_one.agreement.number.case, reason, office.actor)


def stand_at(office: Installation, **changes: object) -> None:
    """The case as later issues will bring it there."""
    number = office.template.by_one.agreement.number.case
    with office.workspace.store.begin() as connection:
        case = find_case(connection, number)
        assert case is not None
        event = NewEvent(kind="case.note", actor=office.actor, at=office.clock(), data={"note": "-"})
        move_case(connection, replace(case, **changes), event=event)  # type: ignore[arg-type]  # fields of a case


def waits(office: Installation, purpose: str, *, hold: bool = False) -> int:
    """One more message of this case, which has not left."""
    number = office.template.by_one.agreement.number
    message = NewMessage(
        purpose=purpose,
        idempotency_key=f"{purpose}:test",
        message_id=f"<{purpose}@example.org>",
        sender="a@example.org",
        recipient="b@example.org",
        sha256=office.workspace.blobs.put(purpose.encode()),
        size=len(purpose),
        case_number=str(number.case),
        agreement=str(number),
        holds=(Hold(kind=PERSON_SENDS),) if hold else (),
    )
    with office.workspace.store.begin() as connection:
        identity = enqueue(connection, message, now=office.clock())
    assert identity is not None
    return identity


def states(office: Installation) -> dict[int, State]:
    return {message.id: message.state for message in office.messages()}


# --- Digipost says no -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [Step.AGREEMENT, Step.SETUP, Step.VERIFICATION])
def test_the_case_goes_back_to_the_agreement_from_wherever_it_is(office: Installation, step: Step) -> None:
    stand_at(office, step=step, plan=LaunchPlan.DIRECT, asked=True)
    outcome = send_back(office)
    case = office.case(office.template.by_one)
    assert case == outcome.case
    assert (case.step, case.agreement_state, case.asked) == (Step.AGREEMENT, AgreementState.RETURNED_BY_DIGIPOST, False)
    assert waiting_for(case) is Party.VENDOR
    assert office.kinds(office.template.by_one)[-1] == "forward.returned"


@pytest.mark.parametrize("state", [AgreementState.FORWARDED, AgreementState.ACKNOWLEDGED])
def test_it_may_say_so_before_and_after_it_has_acknowledged(office: Installation, state: AgreementState) -> None:
    stand_at(office, agreement_state=state)
    assert send_back(office).case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST


def test_a_case_on_hold_can_not_refuse_the_fact(office: Installation) -> None:
    number = office.template.by_one.agreement.number.case
    hold_case(office.workspace, number, held=True, reason="venter", actor=office.actor)
    assert send_back(office).case.held


def test_the_version_can_never_be_approved_again_however_it_comes(office: Installation) -> None:
    send_back(office)
    again = sign_return(office.template.by_one.pdf, office.pki.person(KARI))
    judgement = office.receive(again, "igjen.pdf")
    assert "CAS-009" in codes(judgement)
    assert judgement.status is JudgementStatus.OPEN
    with pytest.raises(GateError) as refused:
        approve_return(office.workspace, judgement.id, office.actor, "likevel")
    assert {"review_reject_finding", "review_sent_back"} <= set(refused.value.unmet)
    assert [message.purpose for message in office.messages()] == [FORWARD]


def test_a_return_that_waited_for_a_person_when_it_was_sent_back_can_not_be_approved(office: Installation) -> None:
    stranger = sign_return(office.template.by_one.pdf, office.pki.person(NILS))
    stand_at(office, agreement_state=AgreementState.SENT)
    judgement = office.receive(stranger, "fremmed.pdf")
    assert judgement.status is JudgementStatus.OPEN
    stand_at(office, agreement_state=AgreementState.FORWARDED)
    send_back(office)
    with pytest.raises(GateError) as refused:
        approve_return(office.workspace, judgement.id, office.actor, "likevel")
    assert refused.value.unmet == ("review_sent_back",)


def test_a_new_version_can_be_issued_signed_and_forwarded(office: Installation) -> None:
    number = office.template.by_one.agreement.number
    send_back(office)
    set_values(office.workspace, number.case, {"invoice.reference": "4711"}, office.actor)
    issue = issue_agreement(office.workspace, str(number.case), office.actor)
    assert issue.agreement.number.version == number.version + 1
    signed = sign_return(issue.pdf, office.pki.person(KARI))
    office.receive(signed, "ny.pdf")
    assert office.case(issue).agreement_state is AgreementState.FORWARDED
    assert [message.agreement for message in office.messages()] == [str(number), str(issue.agreement.number)]
    old = office.receive(sign_return(office.template.by_one.pdf, office.pki.person(KARI)), "gammel.pdf")
    assert "CAS-002" in codes(old)


def test_the_configuration_rests_on_no_approval_any_more(office: Installation) -> None:
    number = str(office.template.by_one.agreement.number.case)
    assert read_summary(office.workspace, number).subject.approval is not None
    send_back(office)
    subject = read_summary(office.workspace, number).subject
    assert (subject.approval, subject.signed_sha256) == (None, None)


def test_what_had_not_left_about_that_version_is_withdrawn_and_the_rest_is_told(office: Installation) -> None:
    queued, held, receipt = (
        waits(office, "next_step"),
        waits(office, "verification_request", hold=True),
        waits(office, "receipt"),
    )
    outcome = send_back(office)
    assert [message.id for message in outcome.withdrawn] == [queued, held]
    assert outcome.may_arrive == ()
    after = states(office)
    assert (after[queued], after[held], after[receipt]) == (State.WITHDRAWN, State.WITHDRAWN, State.QUEUED)


def test_a_forward_that_may_be_sent_again_is_named_and_can_be(office: Installation) -> None:
    unknown = waits(office, "next_step")
    with office.workspace.store.begin() as connection:
        connection.execute(messages.update().where(messages.c.id == unknown).values(state=State.UNKNOWN.value))
    assert [message.id for message in send_back(office).may_arrive] == [unknown]


# --- what stands in the way -------------------------------------------------------------------------------------------


def test_nothing_that_was_not_forwarded_can_come_back(office: Installation) -> None:
    waiting = office.template.by_two.agreement.number.case
    with pytest.raises(GateError) as refused:
        return_forward(office.workspace, waiting, "nei", office.actor)
    assert refused.value.unmet == ("agreement_not_forwarded",)
    with pytest.raises(GateError) as refused:
        hold_for_items(office.workspace, waiting, ("fullmakt",), "mer", office.actor)
    assert refused.value.unmet == ("agreement_not_forwarded",)
    assert "forward.item" not in office.kinds(office.template.by_two)


def test_it_comes_back_once(office: Installation) -> None:
    send_back(office)
    with pytest.raises(GateError):
        send_back(office)


def test_a_case_that_is_closed_does_not_go_back(office: Installation) -> None:
    stand_at(office, step=Step.CLOSED)
    with pytest.raises(GateError) as refused:
        send_back(office)
    assert refused.value.unmet == ("case_closed",)


def test_a_case_that_is_launched_does_not_go_back(office: Installation) -> None:
    launched = replace(office.case(office.template.by_one), step=Step.LAUNCHED)
    with pytest.raises(GateError) as refused:
        move_returned(launched, now=office.clock())
    assert refused.value.unmet == ("case_launched",)


def test_a_case_there_is_not_is_not_found(office: Installation) -> None:
    number = replace(office.template.by_one.agreement.number.case, serial=4711)
    with pytest.raises(NotFoundError):
        return_forward(office.workspace, number, "nei", office.actor)
    with pytest.raises(NotFoundError):
        close_question(office.workspace, number, "svart", office.actor)


# --- Digipost wants something more ------------------------------------------------------------------------------------


def test_with_items_the_agreement_stands_and_the_case_waits_for_the_vendor(office: Installation) -> None:
    issue = office.template.by_one
    outcome = hold_for_items(
        office.workspace, issue.agreement.number.case, ("Ny  fullmakt", "Fakturaadresse"), "mangler", office.actor
    )
    case = office.case(issue)
    assert (case.agreement_state, case.held) == (AgreementState.FORWARDED, True)
    assert outcome.case == case
    assert waiting_for(case) is Party.VENDOR
    assert office.kinds(issue)[-3:] == ["forward.item", "forward.item", "case.held"]
    timeline = case_timeline(office.workspace, str(case.number), Language.NB).lines
    assert any("Ny fullmakt" in line for line in timeline)
    shown = case_details(office.workspace, str(case.number), Language.NB).data
    assert isinstance(shown, dict)
    digipost = shown["digipost"]
    assert isinstance(digipost, dict)
    assert [item["item"] for item in digipost["items"] if isinstance(item, dict)] == ["Ny fullmakt", "Fakturaadresse"]
    hold_case(office.workspace, case.number, held=False, reason="alt er sendt", actor=office.actor)
    assert waiting_for(office.case(issue)) is Party.DIGIPOST


@pytest.mark.parametrize("items", [("",), ("fullmakt", " "), ("x",) * (MAX_ITEMS + 1)])
def test_an_item_says_something_and_there_are_not_too_many(office: Installation, items: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="items_form"):
        hold_for_items(office.workspace, office.template.by_one.agreement.number.case, items, "mer", office.actor)
    assert not office.case(office.template.by_one).held


# --- a question is answered -------------------------------------------------------------------------------------------


def test_a_question_that_is_answered_waits_no_more(office: Installation) -> None:
    issue = office.template.by_one
    stand_at(office, asked=True)
    assert waiting_for(office.case(issue)) is Party.VENDOR
    close_question(office.workspace, issue.agreement.number.case, "ringte", office.actor)
    assert waiting_for(office.case(issue)) is Party.DIGIPOST
    assert office.kinds(issue)[-1] == "digipost.question_closed"
    with pytest.raises(GateError) as refused:
        close_question(office.workspace, issue.agreement.number.case, "igjen", office.actor)
    assert refused.value.unmet == ("nothing_asked",)


def test_a_sign_off_given_before_is_of_no_use_after(office: Installation) -> None:
    stand_at(office, step=Step.VERIFICATION, plan=LaunchPlan.DIRECT)
    signed_off = Attestations(vendor="ab" * 32, digipost="ab" * 32, methods=())
    before = office.case(office.template.by_one)
    launched = move_step(before, Step.LAUNCHED, now=office.clock(), attestations=signed_off, configuration="ab" * 32)
    assert launched.step is Step.LAUNCHED
    after = send_back(office).case
    for step in (Step.SETUP, Step.LAUNCHED):
        with pytest.raises(GateError):
            move_step(after, step, now=office.clock(), attestations=signed_off, configuration="ab" * 32)
