"""Reminders: when one is due, never two at once, and never after the return has come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreements.calendar import is_working_day, norwegian_day, norwegian_moment, norwegian_time
from agreements.case import AgreementState
from agreements.quiet_hours import QuietHours
from onboarding.correspondence.due import write_due
from onboarding.correspondence.reminder_rules import ReminderRules, find_due
from onboarding.purposes import Purpose
from onboarding.review import reject_return
from onboarding.sandbox import Sandbox
from onboarding.sources import add_file
from onboarding.standing import waits_for_signature, why_unwanted
from onboarding.steps.agreement import issue_agreement, void_agreement_in_force
from onboarding.steps.enquiry import hold_case
from outbox.messages import Message
from outbox.states import State
from tests.agreements.ground_examples import a_case
from tests.onboarding.installation import NILS, Installation, Template, sign_return
from tests.onboarding.posted import (
    body,
    content,
    days_on,
    keeping_hours,
    next_working_day,
    posted,
    send,
    set_clock,
    states,
)

RULES = ReminderRules(after_days=(5, 10), at_most=3, quiet=QuietHours(begin=22, end=8))
SENT = norwegian_moment(date(2026, 11, 23), 10)  # a Monday
DEADLINE = date(2026, 12, 23)


def mail(purpose: Purpose, sent: datetime | None, state: State = State.SENT) -> Message:
    """A message of which only purpose, state and time count."""
    fields: dict[str, Any] = dict.fromkeys(Message.__dataclass_fields__)
    fields |= {"purpose": purpose.value, "state": state, "sent_at": sent, "created_at": sent or SENT}
    return Message(**fields)


def reminded(*days: int) -> tuple[Message, ...]:
    """The request on the Monday, and reminders that many days after it."""
    return (mail(Purpose.SIGNING, SENT), *(mail(Purpose.REMINDER, SENT + timedelta(days=day)) for day in days))


def first_due(thread: tuple[Message, ...], rules: ReminderRules = RULES, *, until: int = 60) -> str | None:
    """The first full hour at which a reminder is due."""
    for hours in range(24 * until):
        now = SENT + timedelta(hours=hours)
        if find_due(thread, rules, deadline=DEADLINE, now=now) is not None:
            return norwegian_time(now).strftime("%m-%d %H")
    return None


# --- the rule ---------------------------------------------------------------------------------------------------------


def test_reminders_come_five_and_five_more_days_after_the_mail_before_on_working_mornings() -> None:
    assert first_due(reminded()) == "11-30 08"  # five days later is a Saturday
    assert first_due(reminded(7)) == "12-07 08"  # the one before left on the 30th; a Saturday again
    assert first_due(reminded(7, 14)) == "12-14 08"
    assert first_due(reminded(7, 14, 21)) is None


def test_what_an_outage_kept_back_is_one_reminder_and_the_next_keeps_its_distance() -> None:
    long_after = SENT + timedelta(days=17)
    due = find_due(reminded(), RULES, deadline=DEADLINE, now=long_after)
    assert due is not None
    assert (due.serial, due.reminded) == (1, 0)
    assert first_due(reminded(17)) == "12-15 08"


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENT, State.DELIVERED, State.WITHDRAWN}))
def test_nobody_is_reminded_while_the_mail_before_has_not_left(state: State) -> None:
    assert first_due((mail(Purpose.SIGNING, None, state),)) is None
    assert first_due((*reminded(), mail(Purpose.REMINDER, None, state))) is None


def test_what_was_delivered_was_sent_and_what_was_withdrawn_was_not() -> None:
    assert first_due((mail(Purpose.SIGNING, SENT, State.DELIVERED),)) == "11-30 08"
    withdrawn = (*reminded(), mail(Purpose.REMINDER, None, State.WITHDRAWN))
    due = find_due(withdrawn, RULES, deadline=DEADLINE, now=SENT + timedelta(days=7))
    assert due is not None
    assert (due.serial, due.reminded) == (2, 0)


def test_without_a_request_of_ours_there_is_nothing_to_remind_of() -> None:
    assert first_due((mail(Purpose.REJECTION, SENT), mail(Purpose.FORWARD, SENT))) is None


def test_a_letter_that_turned_a_return_down_asked_anew() -> None:
    assert first_due((*reminded(), mail(Purpose.REJECTION, SENT + timedelta(days=4)))) == "12-02 08"


def test_nobody_is_reminded_after_the_deadline_and_the_last_before_it_says_so() -> None:
    late = reminded(7, 14)
    assert find_due(late, RULES, deadline=date(2026, 12, 13), now=SENT + timedelta(days=21)) is None
    second = find_due(reminded(7), RULES, deadline=date(2026, 12, 10), now=SENT + timedelta(days=14))
    assert second is not None
    assert second.is_last
    free = find_due(reminded(7), RULES, deadline=DEADLINE, now=SENT + timedelta(days=14))
    assert free is not None
    assert not free.is_last


def test_at_most_none_is_none() -> None:
    assert first_due(reminded(), replace(RULES, at_most=0)) is None


@settings(max_examples=200, deadline=None)
@given(
    after=st.lists(st.integers(1, 20), min_size=1, max_size=4, unique=True).map(lambda days: tuple(sorted(days))),
    at_most=st.integers(0, 5),
    looks=st.lists(st.integers(1, 200), max_size=60),
    fate=st.lists(
        st.sampled_from([State.SENT, State.SENT, State.DELIVERED, State.WITHDRAWN]), min_size=60, max_size=60
    ),
)
def test_however_often_one_looks_reminders_are_few_far_apart_and_in_working_hours(
    after: tuple[int, ...], at_most: int, looks: list[int], fate: list[State]
) -> None:
    rules = ReminderRules(after_days=after, at_most=at_most, quiet=RULES.quiet)
    thread, now, left = reminded(), SENT, [SENT]
    for hours, state in zip(looks, fate, strict=False):
        now += timedelta(hours=hours)
        due = find_due(thread, rules, deadline=DEADLINE, now=now)
        if due is None:
            continue
        local = norwegian_time(now)
        assert 8 <= local.hour < 22
        assert is_working_day(local.date())
        assert local.date() <= DEADLINE
        assert due.serial == 1 + sum(message.purpose == Purpose.REMINDER for message in thread)
        assert (norwegian_day(now) - norwegian_day(left[-1])).days >= min(1, *after)
        thread = (*thread, mail(Purpose.REMINDER, None if state is State.WITHDRAWN else now, state))
        left += [now] if state is not State.WITHDRAWN else []
        assert find_due(thread, rules, deadline=DEADLINE, now=now) is None or state is State.WITHDRAWN
    assert len(left) - 1 <= at_most


@pytest.mark.parametrize("state", list(AgreementState))
def test_a_case_waits_for_a_signature_only_while_its_version_is_out(state: AgreementState) -> None:
    case = a_case(agreement_state=state, agreement_version=2)
    waits = state in {AgreementState.ISSUED, AgreementState.SENT}
    assert waits_for_signature(case) is waits
    for purpose in (Purpose.SIGNING, Purpose.REMINDER):
        assert (why_unwanted(purpose, f"{case.number}.2", case) is None) is waits
        assert why_unwanted(purpose, f"{case.number}.1", case) is not None
    assert not waits_for_signature(replace(case, held=True))


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.fixture
def installation(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with keeping_hours(template, tmp_path / "avtale", sandbox) as opened:
        yield opened


@pytest.fixture
def asked(installation: Installation) -> Installation:
    """One organisation has been asked to sign, and the mail has left."""
    next_working_day(installation)
    send(installation, installation.template.by_one.agreement.number.case)
    installation.run()
    assert states(installation, Purpose.SIGNING) == [State.SENT]
    return installation


def go_to_the_reminder(installation: Installation) -> None:
    """Ten o'clock on the first working day that is five days off or more."""
    days_on(installation, 4)
    next_working_day(installation)


def test_the_run_loop_reminds_in_the_thread_of_the_request_and_says_it_in_the_record(asked: Installation) -> None:
    asked.clock.ahead += timedelta(days=1)
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []
    go_to_the_reminder(asked)
    asked.run()
    asked.run()
    (reminder,) = posted(asked, Purpose.REMINDER)
    version = asked.template.by_one.agreement.number
    assert (reminder.state, reminder.idempotency_key) == (State.SENT, f"reminder:{version}:1")
    mail_sent = content(asked, reminder)
    assert mail_sent["In-Reply-To"] == posted(asked, Purpose.SIGNING)[0].message_id
    assert mail_sent["Auto-Submitted"] == "auto-generated"
    assert "Påminnelse:" in mail_sent["Subject"]
    assert str(version) in body(mail_sent)
    assert list(mail_sent.iter_attachments()) == []
    assert asked.kinds(asked.template.by_one)[-1] == "letter.queued"


def test_the_reminders_say_which_they_are_until_there_have_been_enough(asked: Installation) -> None:
    for _ in range(6):
        go_to_the_reminder(asked)
        asked.run()
    subjects = [str(content(asked, message)["Subject"]) for message in posted(asked, Purpose.REMINDER)]
    assert [subject.removeprefix("[TEST] ").partition(":")[0] for subject in subjects] == [
        "Påminnelse",
        "Ny påminnelse",
        "Siste påminnelse",
    ]


def test_after_a_long_outage_there_is_one_reminder(asked: Installation) -> None:
    days_on(asked, 20)
    next_working_day(asked)
    for _ in range(3):
        asked.run()
    assert states(asked, Purpose.REMINDER) == [State.SENT]


def test_nobody_is_reminded_at_night_or_on_a_sunday(asked: Installation) -> None:
    go_to_the_reminder(asked)
    monday = norwegian_day(asked.clock()) + timedelta(days=7 - norwegian_day(asked.clock()).weekday())
    for moment in (norwegian_moment(monday - timedelta(days=1), 12), norwegian_moment(monday, 7)):
        set_clock(asked, moment)
        asked.run()
        assert posted(asked, Purpose.REMINDER) == []
    days_on(asked, 1)
    next_working_day(asked)
    asked.run()
    assert len(posted(asked, Purpose.REMINDER)) == 1


def test_after_the_return_nobody_is_reminded_whatever_came_of_it(asked: Installation) -> None:
    stranger = sign_return(asked.template.by_one.pdf, asked.pki.person(NILS))
    asked.receive(stranger)
    go_to_the_reminder(asked)
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []


def test_a_return_in_the_very_round_in_which_it_would_be_due_comes_first(asked: Installation) -> None:
    go_to_the_reminder(asked)
    asked.receive(asked.template.honest)
    assert posted(asked, Purpose.REMINDER) == []


def test_a_return_takes_back_a_reminder_that_waits_to_leave(asked: Installation) -> None:
    go_to_the_reminder(asked)
    asked.mailbox.answers["MAIL"] = "451 4.3.0 not now"
    asked.run()
    assert states(asked, Purpose.REMINDER) == [State.QUEUED]
    asked.mailbox.answers.clear()
    asked.receive(asked.template.honest)
    (reminder,) = posted(asked, Purpose.REMINDER)
    assert (reminder.state, reminder.reason) == (State.WITHDRAWN, "return_arrived")
    asked.clock.ahead += timedelta(days=1)
    asked.run()
    assert [mail_sent for mail_sent in asked.every_mail() if "Påminnelse" in mail_sent["Subject"]] == []


def test_what_is_received_and_not_judged_keeps_reminders_back(
    asked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to_the_reminder(asked)
    asked.drop("avtale.pdf", asked.template.honest)

    def fails(*_: object) -> None:
        raise OSError("the sandbox does not start")

    monkeypatch.setattr("onboarding.pipeline.judge_receipt", fails)
    asked.run()
    assert asked.judgements() == ()
    assert posted(asked, Purpose.REMINDER) == []
    monkeypatch.undo()
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []
    assert asked.case(asked.template.by_one).agreement_state is AgreementState.FORWARDED


def test_a_reminder_that_waits_its_turn_is_kept_by_what_came_meanwhile(
    asked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to_the_reminder(asked)
    asked.mailbox.answers["MAIL"] = "451 4.3.0 not now"
    asked.run()
    asked.mailbox.answers.clear()
    asked.clock.ahead += timedelta(hours=2)
    monkeypatch.setattr("onboarding.correspondence.permit.may_hold_a_return", lambda *_: True)
    asked.run()
    assert states(asked, Purpose.REMINDER) == [State.QUEUED]
    assert len(asked.every_mail()) == 1
    monkeypatch.undo()
    asked.clock.ahead += timedelta(hours=1)
    asked.run()
    assert states(asked, Purpose.REMINDER) == [State.SENT]


def test_while_a_folder_can_not_be_looked_into_nobody_is_reminded(asked: Installation) -> None:
    go_to_the_reminder(asked)
    asked.inbox.rename(asked.folder / "borte")
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []
    (asked.folder / "borte").rename(asked.inbox)
    asked.run()
    assert len(posted(asked, Purpose.REMINDER)) == 1


def test_a_process_that_has_not_looked_yet_reminds_nobody_however_well_things_were_before(asked: Installation) -> None:
    go_to_the_reminder(asked)
    assert write_due(asked.workspace, since=asked.clock()) == ()
    assert posted(asked, Purpose.REMINDER) == []


def test_a_case_on_hold_voided_or_issued_anew_is_not_reminded(asked: Installation) -> None:
    number = asked.template.by_one.agreement.number.case
    go_to_the_reminder(asked)
    hold_case(asked.workspace, number, held=True, reason="vent", actor=asked.actor)
    asked.run()
    hold_case(asked.workspace, number, held=False, reason="videre", actor=asked.actor)
    void_agreement_in_force(asked.workspace, number, "feil", asked.actor)
    asked.run()
    issue_agreement(asked.workspace, str(number), asked.actor)
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []


def test_one_that_waits_is_taken_back_when_the_case_is_put_on_hold_and_another_comes_later(asked: Installation) -> None:
    number = asked.template.by_one.agreement.number.case
    go_to_the_reminder(asked)
    asked.mailbox.answers["MAIL"] = "451 4.3.0 not now"
    asked.run()
    asked.mailbox.answers.clear()
    hold_case(asked.workspace, number, held=True, reason="vent", actor=asked.actor)
    asked.clock.ahead += timedelta(hours=2)
    asked.run()
    assert [(one.state, one.reason) for one in posted(asked, Purpose.REMINDER)] == [(State.WITHDRAWN, "case_held")]
    hold_case(asked.workspace, number, held=False, reason="videre", actor=asked.actor)
    asked.run()
    assert states(asked, Purpose.REMINDER) == [State.WITHDRAWN, State.SENT]


def test_a_return_turned_down_is_waited_for_anew(asked: Installation) -> None:
    stranger = sign_return(asked.template.by_one.pdf, asked.pki.person(NILS))
    judgement = asked.receive(stranger)
    reject_return(asked.workspace, judgement.id, asked.actor, "feil person")
    asked.run()
    assert states(asked, Purpose.REJECTION) == [State.SENT]
    asked.clock.ahead += timedelta(days=1)
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []
    go_to_the_reminder(asked)
    asked.run()
    assert states(asked, Purpose.REMINDER) == [State.SENT]


def test_one_case_that_fails_keeps_no_other_from_its_reminder(
    asked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onboarding.correspondence import due, reminders

    send(asked, asked.template.by_two.agreement.number.case)
    asked.run()
    go_to_the_reminder(asked)
    first = asked.template.by_one.agreement.number.case

    def remind(workspace: Any, case: Any) -> bool:
        if case.number == first:
            raise OSError("quoted: kari@example.org")
        return reminders.remind(workspace, case)

    monkeypatch.setattr(due, "remind", remind)
    asked.run()
    (reminder,) = posted(asked, Purpose.REMINDER)
    assert reminder.agreement == str(asked.template.by_two.agreement.number)
    from onboarding.health import read_health

    assert next(health.problem for health in read_health(asked.workspace) if health.part == "letters") == "internal"


def test_a_document_added_by_hand_counts_like_every_other(asked: Installation, tmp_path: Any) -> None:
    go_to_the_reminder(asked)
    path = tmp_path / "retur.pdf"
    path.write_bytes(asked.template.honest)
    add_file(asked.workspace, path, "fjord", asked.actor)
    asked.run()
    assert posted(asked, Purpose.REMINDER) == []


def test_the_times_of_this_file_are_norways() -> None:
    assert datetime(2026, 11, 23, 9, tzinfo=UTC) == SENT
