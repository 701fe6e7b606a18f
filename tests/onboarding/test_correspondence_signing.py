"""`agreement send`: the agreement goes to its organisation with the words of its covering letter, once a version."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.agreement import SigningRoute
from agreements.case import AgreementState
from agreements.errors import AvtaleError, ConfigurationError, GateError
from agreements.language import Language
from onboarding.correspondence.signing import prepare_request, send_request, sendable_cases
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.steps.agreement import issue_agreement, void_agreement_in_force
from onboarding.steps.enquiry import hold_case
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import list_events
from outbox.history import History, list_history
from outbox.states import State
from tests.onboarding.installation import KARI, OLA, Installation, Template, attached, opened_copy, parsed, sha256_of
from tests.onboarding.posted import body, content, keeping_hours, next_working_day, posted, send, set_clock, states


@pytest.fixture
def installation(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with keeping_hours(template, tmp_path / "avtale", sandbox) as opened:
        yield opened


@pytest.fixture
def at_ten(installation: Installation) -> Installation:
    """It is ten in the morning of a working day."""
    next_working_day(installation)
    return installation


def test_the_agreement_goes_out_byte_for_byte_and_the_case_moves_with_it(at_ten: Installation) -> None:
    issue = at_ten.template.by_one
    number = issue.agreement.number
    send(at_ten, number.case)
    (message,) = posted(at_ten, Purpose.SIGNING)
    assert (message.case_number, message.agreement) == (str(number.case), str(number))
    assert at_ten.case(issue).agreement_state is AgreementState.SENT
    assert at_ten.kinds(issue)[-1] == "agreement.sent"
    at_ten.run()
    (mail,) = at_ten.every_mail()
    assert [sha256_of(data) for data in attached(mail)] == [issue.agreement.sha256]
    assert [part.get_filename() for part in mail.iter_attachments()] == [f"Avtale-{number}.pdf"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Agreement-ID"] == str(number)
    assert mail["In-Reply-To"] is None
    assert mail["Subject"].startswith("[TEST] Til signering:")
    assert f"[{number.case}]" in mail["Subject"]
    assert KARI in body(mail)
    assert states(at_ten, Purpose.SIGNING) == [State.SENT]


@pytest.mark.parametrize(("route", "language"), list(zip(SigningRoute, Language, strict=True)))
def test_the_text_is_the_covering_letters_in_the_agreements_language(
    template: Template, sandbox: Sandbox, tmp_path: Path, route: SigningRoute, language: Language
) -> None:
    def change(document: dict[str, Any]) -> None:
        document["vendors"][0]["signing"] = route.value

    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change) as installation:
        next_working_day(installation)
        issue = installation.issue(KARI, OLA, values={"agreement.language": language.value})
        request = prepare_request(installation.workspace, str(issue.agreement.number.case))
    file = next(data.decode() for name, data in issue.handout.files.items() if name.endswith("folgebrev.txt"))
    first, _, letter = file.partition("\n\n")
    assert request.written.subject == f"[TEST] {first.partition(': ')[2]}"
    ours = request.written.body.splitlines()
    if route is SigningRoute.SERVICE:  # one sentence more: the agreement comes along to be read
        assert [line for line in ours if line not in letter.splitlines()] == [ours[2]]
        assert ours[2].startswith(letter.splitlines()[2] + " ")
    else:
        assert request.written.body == letter
    assert request.pdf.data == issue.pdf


def test_a_version_is_sent_once_and_a_second_time_is_a_gate_that_names_the_message(at_ten: Installation) -> None:
    number = str(at_ten.template.by_one.agreement.number.case)
    send(at_ten, number)
    for _ in range(2):
        with pytest.raises(GateError, match="agreement_sent_before") as refused:
            send(at_ten, number)
        assert refused.value.params["message"] == posted(at_ten, Purpose.SIGNING)[0].id
        at_ten.run()
    assert len(at_ten.every_mail()) == 1


def test_two_hands_at_once_send_one_mail(at_ten: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    number = str(at_ten.template.by_one.agreement.number.case)
    request = prepare_request(at_ten.workspace, number)
    send(at_ten, number)
    monkeypatch.setattr("onboarding.correspondence.signing.prepare_request", lambda *_: request)
    with pytest.raises(GateError, match="agreement_sent_before"):
        send_request(at_ten.workspace, number, at_ten.actor)
    assert len(posted(at_ten, Purpose.SIGNING)) == 1


def test_when_the_case_was_changed_meanwhile_nothing_is_queued(
    at_ten: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = at_ten.template.by_one.agreement.number.case
    request = prepare_request(at_ten.workspace, str(number))
    hold_case(at_ten.workspace, number, held=True, reason="vent", actor=at_ten.actor)
    monkeypatch.setattr("onboarding.correspondence.signing.prepare_request", lambda *_: request)
    with pytest.raises(AvtaleError, match="case_changed"):
        send_request(at_ten.workspace, str(number), at_ten.actor)
    assert posted(at_ten, Purpose.SIGNING) == []
    assert at_ten.case(at_ten.template.by_one).agreement_state is AgreementState.ISSUED


def test_what_is_not_issued_voided_or_on_hold_is_not_sent(at_ten: Installation) -> None:
    case = at_ten.enquire(KARI)
    with pytest.raises(GateError, match="agreement_not_sent"):
        send(at_ten, case.number)
    issue_agreement(at_ten.workspace, str(case.number), at_ten.actor)
    hold_case(at_ten.workspace, case.number, held=True, reason="vent", actor=at_ten.actor)
    with pytest.raises(GateError) as held:
        send(at_ten, case.number)
    assert "case_held" in held.value.unmet
    hold_case(at_ten.workspace, case.number, held=False, reason="videre", actor=at_ten.actor)
    void_agreement_in_force(at_ten.workspace, case.number, "feil", at_ten.actor)
    with pytest.raises(GateError, match="agreement_not_sent"):
        send(at_ten, case.number)
    assert at_ten.messages() == ()


def test_all_that_waits_is_what_was_issued_and_never_asked_for(at_ten: Installation) -> None:
    first, second = (str(issue.agreement.number.case) for issue in (at_ten.template.by_one, at_ten.template.by_two))
    at_ten.enquire(KARI)
    assert sendable_cases(at_ten.workspace) == (first, second)
    send(at_ten, first)
    assert sendable_cases(at_ten.workspace) == (second,)
    with at_ten.workspace.store.begin() as connection:  # turned down after its return: asked for once already
        case = find_case(connection, at_ten.template.by_one.agreement.number.case)
        assert case is not None
        again = type(case)(**{**case.__dict__, "agreement_state": AgreementState.ISSUED})
        move_case(connection, again, event=_event(at_ten))
    assert sendable_cases(at_ten.workspace) == (second,)


def _event(installation: Installation) -> Any:
    from onboarding.store.events import NewEvent

    return NewEvent(kind="case.note", actor=installation.actor, at=installation.clock())


def test_the_recipient_is_the_contract_owner_else_the_business_owner_and_never_a_signer(at_ten: Installation) -> None:
    whole = at_ten.issue(KARI, values={"contact.contract.email": "avtale@kunde.example.org"})
    assert prepare_request(at_ten.workspace, str(whole.agreement.number.case)).to == "avtale@kunde.example.org"


def test_an_agreement_without_an_address_tells_which_values_are_missing(
    at_ten: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onboarding.correspondence import signing

    issued = at_ten.template.by_one.agreement
    values = dict(issued.values)
    del values["contact.contract.email"]
    monkeypatch.setattr(signing, "read_issued", lambda *_: type(issued)(**{**issued.__dict__, "values": values}))
    fallback = prepare_request(at_ten.workspace, str(issued.number.case))
    assert fallback.to == values.pop("contact.business.email")
    with pytest.raises(ConfigurationError, match="agreement_not_sendable") as refused:
        prepare_request(at_ten.workspace, str(issued.number.case))
    assert refused.value.exit_code == 3
    assert [fault.field_id for fault in refused.value.params["faults"]] == [  # type: ignore[attr-defined]
        "contact.contract.email",
        "contact.business.email",
    ]


def test_production_sends_no_example_and_nothing_before_the_integration_is_verified(at_ten: Installation) -> None:
    settings = at_ten.workspace.settings
    vendors = tuple(vendor.model_copy(update={"integration_verified": None}) for vendor in settings.vendors)
    settings = settings.model_copy(update={"environment": "production", "vendors": vendors})
    workspace = replace(at_ten.workspace, settings=settings)
    with pytest.raises(ConfigurationError) as refused:
        prepare_request(workspace, str(at_ten.template.by_one.agreement.number.case))
    faults = refused.value.params["faults"]
    assert [fault.code for fault in faults] == ["example_not_sent", "integration_not_verified"]  # type: ignore[attr-defined]


def test_a_message_holds_one_organisations_data_only(at_ten: Installation) -> None:
    cases = [at_ten.enquire(KARI, customer=f"Særnavn{letter} AS") for letter in "ABC"]
    for case in cases:
        issue_agreement(at_ten.workspace, str(case.number), at_ten.actor)
        send(at_ten, case.number)
    for message, case in zip(posted(at_ten, Purpose.SIGNING), cases, strict=True):
        mail = content(at_ten, message)
        text = str(mail["Subject"]) + body(mail)
        assert case.customer_name in text
        assert not any(other.customer_name in text for other in cases if other != case)


def test_in_quiet_hours_it_waits_for_the_morning_and_raises_no_alarm(at_ten: Installation) -> None:
    from onboarding.alarm_watch import look_for_alarms

    next_working_day(at_ten, 23)
    send(at_ten, at_ten.template.by_one.agreement.number.case)
    at_ten.run()
    (message,) = posted(at_ten, Purpose.SIGNING)
    assert (message.state, message.attempts, len(at_ten.every_mail())) == (State.QUEUED, 0, 0)
    with at_ten.workspace.store.read() as connection:
        entry = list_history(connection, message.id)[-1]
    assert (entry.kind, entry.reason) == (History.PUT_OFF, "quiet_hours")
    assert message.next_attempt_at - at_ten.clock() > timedelta(hours=8)
    at_ten.clock.ahead += timedelta(hours=3)
    assert "message_old" not in [alarm.code for alarm in look_for_alarms(at_ten.workspace, stuck=())]
    set_clock(at_ten, message.next_attempt_at)
    at_ten.run()
    assert states(at_ten, Purpose.SIGNING) == [State.SENT]


def test_a_return_takes_back_the_request_that_has_not_left(at_ten: Installation) -> None:
    next_working_day(at_ten, 23)
    send(at_ten, at_ten.template.by_one.agreement.number.case)
    at_ten.receive(at_ten.template.honest)
    (message,) = posted(at_ten, Purpose.SIGNING)
    assert (message.state, message.reason) == (State.WITHDRAWN, "return_arrived")
    next_working_day(at_ten)
    at_ten.run()
    assert [mail["To"] for mail in at_ten.every_mail() if "Til signering" in mail["Subject"]] == []


def test_a_voided_or_replaced_version_is_taken_back_in_the_same_transaction(at_ten: Installation) -> None:
    first, second = at_ten.template.by_one.agreement.number, at_ten.template.by_two.agreement.number
    for number in (first, second):
        send(at_ten, number.case)
    void_agreement_in_force(at_ten.workspace, first.case, "feil", at_ten.actor)
    issue_agreement(at_ten.workspace, str(second.case), at_ten.actor)
    assert [(message.state, message.reason) for message in posted(at_ten, Purpose.SIGNING)] == [
        (State.WITHDRAWN, "version_replaced")
    ] * 2
    send(at_ten, second.case)
    assert posted(at_ten, Purpose.SIGNING)[-1].agreement == f"{second.case}.2"


def test_a_request_for_a_case_on_hold_waits_until_it_goes_on(at_ten: Installation) -> None:
    number = at_ten.template.by_one.agreement.number.case
    send(at_ten, number)
    hold_case(at_ten.workspace, number, held=True, reason="vent", actor=at_ten.actor)
    at_ten.run()
    assert states(at_ten, Purpose.SIGNING) == [State.QUEUED]
    hold_case(at_ten.workspace, number, held=False, reason="videre", actor=at_ten.actor)
    at_ten.clock.ahead += timedelta(hours=1)
    at_ten.run()
    assert states(at_ten, Purpose.SIGNING) == [State.SENT]


def test_the_event_names_no_address(at_ten: Installation) -> None:
    number = at_ten.template.by_one.agreement.number.case
    request = send(at_ten, number)
    with at_ten.workspace.store.read() as connection:
        event = list_events(connection, str(number))[-1]
    assert event.kind == "agreement.sent"
    assert "@" not in event.data
    assert request.agreement.sha256 in event.data


def test_mail_goes_nowhere_but_to_the_test_address_outside_production(at_ten: Installation) -> None:
    send(at_ten, at_ten.template.by_one.agreement.number.case)
    at_ten.run()
    test_to = at_ten.workspace.settings.forward.test_to
    assert {mail["To"] for mail in map(parsed, at_ten.mailbox.received)} == {test_to}
    assert all(mail["Reply-To"] is None for mail in at_ten.every_mail())  # without a mailbox: the contact is a person
