"""Digipost hears of unanswered forwards once a week, in one letter that a person sends, and never one by one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from agreements.calendar import norwegian_day, norwegian_moment, working_days_between
from agreements.case import AgreementState, move_agreement
from agreements.errors import ConfigurationError
from agreements.verification import Method, attestation_code
from onboarding.alarm_watch import look_for_alarms
from onboarding.correspondence.digipost import VerificationAsked, write_verification_request
from onboarding.delivery import release_message
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent
from outbox.messages import enqueue
from outbox.states import State
from tests.onboarding.installation import KARI, Installation, Template, attached, sign_return
from tests.onboarding.posted import body, content, keeping_hours, next_working_day, posted, set_clock, states

HASH = "3f9a0c71" * 8


def monday(installation: Installation, hour: int = 9, *, weeks: int = 1) -> None:
    """Go to the Monday that many weeks on; around Christmas or Easter it may be no working day."""
    today = norwegian_day(installation.clock())
    day = today + timedelta(days=7 * weeks - today.weekday())
    set_clock(installation, norwegian_moment(day, hour))


@pytest.fixture
def installation(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with keeping_hours(template, tmp_path / "avtale", sandbox) as opened:
        yield opened


@pytest.fixture
def forwarded(installation: Installation) -> Installation:
    """One agreement has left for Digipost, on a Tuesday."""
    # Never a whole week ahead: the throwaway certificates live no longer. On a Tuesday it is today, if need be as late.
    morning = norwegian_moment(_plain_tuesday(installation), 10)
    if morning > installation.clock():
        set_clock(installation, morning)
    installation.receive(installation.template.honest)
    assert states(installation, Purpose.FORWARD) == [State.SENT]
    return installation


def _plain_tuesday(installation: Installation) -> date:
    """Today or the next Tuesday that three weeks without a holiday follow."""
    today = norwegian_day(installation.clock())
    days = (today + timedelta(days=ahead) for ahead in range(200))
    return next(day for day in days if day.weekday() == 1 and working_days_between(day, day + timedelta(days=20)) == 14)


def test_a_forward_without_an_answer_for_five_working_days_stands_in_mondays_letter(forwarded: Installation) -> None:
    monday(forwarded)  # four working days after the Tuesday
    forwarded.run()
    assert posted(forwarded, Purpose.DIGIPOST_DIGEST) == []
    monday(forwarded, 7)
    forwarded.run()
    assert posted(forwarded, Purpose.DIGIPOST_DIGEST) == []  # not in quiet hours
    forwarded.clock.ahead += timedelta(hours=2)
    for _ in range(2):
        forwarded.run()
    (digest,) = posted(forwarded, Purpose.DIGIPOST_DIGEST)
    year, week, _ = norwegian_day(forwarded.clock()).isocalendar()
    assert digest.idempotency_key == f"digipost_digest:fjord:{year}-W{week:02}"
    assert (digest.state, digest.reason, digest.case_number) == (State.HELD, "person_sends", None)
    mail = content(forwarded, digest)
    issued = forwarded.template.by_one.agreement
    assert f"- {issued.number}: {issued.values['customer.name']} (" in body(mail)
    assert mail["Subject"].startswith("[TEST] Avtaler som venter på svar fra Digipost")
    assert f"uke {week}" in mail["Subject"]


def test_it_leaves_when_a_person_says_so_and_not_before(forwarded: Installation) -> None:
    monday(forwarded, weeks=2)
    forwarded.run()
    before = len(forwarded.every_mail())
    (digest,) = posted(forwarded, Purpose.DIGIPOST_DIGEST)
    forwarded.clock.ahead += timedelta(days=3)
    forwarded.run()
    assert len(forwarded.every_mail()) == before
    assert [
        alarm.part for alarm in look_for_alarms(forwarded.workspace, stuck=()) if alarm.code == "person_needed"
    ] == []
    release_message(forwarded.workspace, digest.id, "purret", forwarded.actor)
    forwarded.run()
    assert states(forwarded, Purpose.DIGIPOST_DIGEST) == [State.SENT]
    assert forwarded.every_mail()[-1]["Subject"] == content(forwarded, digest)["Subject"]


def test_a_new_weeks_letter_takes_back_last_weeks_and_a_week_is_looked_at_once(forwarded: Installation) -> None:
    monday(forwarded, weeks=2)
    forwarded.run()
    monday(forwarded)
    forwarded.run()
    first, second = posted(forwarded, Purpose.DIGIPOST_DIGEST)
    assert (first.state, first.reason) == (State.WITHDRAWN, "newer_digest")
    assert second.state is State.HELD
    forwarded.clock.ahead += timedelta(days=2)
    forwarded.run()
    assert len(posted(forwarded, Purpose.DIGIPOST_DIGEST)) == 2


def test_what_digipost_has_answered_is_not_asked_for_and_an_old_letter_about_it_is_taken_back(
    forwarded: Installation,
) -> None:
    monday(forwarded, weeks=2)
    forwarded.run()
    case = forwarded.case(forwarded.template.by_one)
    now = forwarded.clock()
    with forwarded.workspace.store.begin() as connection:
        event = NewEvent(kind="case.note", actor=forwarded.actor, at=now)
        move_case(connection, move_agreement(case, AgreementState.ACKNOWLEDGED, now=now), event=event)
    monday(forwarded)
    forwarded.run()
    assert states(forwarded, Purpose.DIGIPOST_DIGEST) == [State.WITHDRAWN]


def test_all_of_a_vendors_forwards_stand_in_one_letter_and_nobody_elses(forwarded: Installation) -> None:
    issue = forwarded.issue(KARI)
    forwarded.receive(sign_return(issue.pdf, forwarded.pki.person(KARI)), "to.pdf")
    monday(forwarded, weeks=2)
    forwarded.run()
    (digest,) = posted(forwarded, Purpose.DIGIPOST_DIGEST)
    listed = [line for line in body(content(forwarded, digest)).splitlines() if line.startswith("- ")]
    assert [line.split(":")[0] for line in listed] == [
        f"- {forwarded.template.by_one.agreement.number}",
        f"- {issue.agreement.number}",
    ]


def test_a_week_whose_monday_is_no_working_day_is_looked_at_on_its_first_one(installation: Installation) -> None:
    from agreements.quiet_hours import next_allowed

    easter_monday = norwegian_moment(date(2027, 3, 29), 9)
    allowed = next_allowed(easter_monday, installation.workspace.settings.reminders.quiet_hours, working_days=True)
    assert norwegian_day(allowed) == date(2027, 3, 30)


def test_the_request_to_verify_is_held_with_its_summary_and_names_its_hash(installation: Installation) -> None:
    next_working_day(installation)
    case = installation.case(installation.template.by_one)
    asked = VerificationAsked(
        methods=(Method.V1, Method.V3), agreed=True, configuration_id=1, configuration_sha256=HASH, sender_id=123456
    )
    message = write_verification_request(installation.workspace, case, asked, summary=b"%PDF-1.7 oversikt")
    with installation.workspace.store.begin() as connection:
        for _ in range(2):  # the same configuration is asked about once
            enqueue(connection, message, now=installation.clock())
    installation.run()
    (held,) = posted(installation, Purpose.VERIFICATION_REQUEST)
    assert (held.state, held.attempts) == (State.HELD, 0)
    mail = content(installation, held)
    assert attestation_code(str(case.number), HASH) in body(mail)
    assert attached(mail) == [b"%PDF-1.7 oversikt"]
    assert f"[{case.number}]" in mail["Subject"]


def test_a_letter_to_digipost_goes_to_the_allowed_address_only(installation: Installation) -> None:
    settings = installation.workspace.settings
    forward = settings.forward.model_copy(update={"allow": ("andre@example.org",)})
    workspace = replace(installation.workspace, settings=settings.model_copy(update={"forward": forward}))
    asked = VerificationAsked(methods=(), agreed=False, configuration_id=1, configuration_sha256=HASH)
    with pytest.raises(ConfigurationError, match="recipient_not_allowed"):
        write_verification_request(workspace, installation.case(installation.template.by_one), asked, summary=b"")
