"""Alarms: raised in time, told once a day, closed by themselves, and never about a person."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.language import Language
from agreements.texts import text
from onboarding import alarms as rules
from onboarding.alarm_watch import look_for_alarms, read_alarms
from onboarding.alarms import (
    Alarm,
    AlarmCode,
    MailPicture,
    Picture,
    Trouble,
    alarm_action,
    alarm_message,
    find_alarms,
    is_over,
)
from onboarding.health import Health, HealthNotes
from onboarding.jobs import loop
from onboarding.mail_troubles import waits_since
from onboarding.pipeline import JudgingPass
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.sources import watched_folders
from onboarding.status import status_answer
from outbox.attempts import claim_due, recover_interrupted
from outbox.evidence import look_again
from outbox.messages import Message, enqueue, find
from outbox.outcome import Reason
from outbox.settling import Policy
from outbox.states import State
from tests.intake.imap_faults import FakeImap, close, no
from tests.intake.mail_rounds import mail
from tests.onboarding.installation import Installation, Template, opened_copy
from tests.outbox.outbox_kit import new_message

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
GUARD = "vakt@localhost"


def picture(**changes: Any) -> Picture:
    calm = Picture(
        health=(), stuck=(), free_bytes=2**40, oldest_item=None, oldest_queued=None, oldest_for_a_person=None
    )
    return Picture(**{**vars(calm), **changes})


def found(**changes: Any) -> list[tuple[str, str]]:
    return [(alarm.code, alarm.part) for alarm in find_alarms(picture(**changes), now=NOW, after=HOUR)]


def note(part: str, problem: str | None, minutes: float, *, silent: float = 0) -> Health:
    """A part that has had a problem for so many minutes, last heard of so many minutes ago."""
    since = NOW - timedelta(minutes=minutes)
    return Health(part=part, problem=problem, at=NOW - timedelta(minutes=silent), since=since if problem else None)


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (note("folder /inn", "folder_unavailable", 5), "source_unavailable"),
        (note("folder /inn", "folder_mark_missing", 500), "source_unavailable"),
        (note("folder /inn", "folder_unavailable", 4.9), None),
        (note("folder /inn", None, 500), None),
        (note("folder /gammel", "folder_unavailable", 500, silent=11), None),  # not in the configuration any more
        (note("mailbox post", "mailbox_unreachable", 5), "source_unavailable"),
        (note("mailbox post", "mailbox_token_failed", 5), "token_expired"),
        (note("mailbox post", "mailbox_token_expired", 5), "token_expired"),
        (note("mailbox post", "mailbox_token_refused", 5), "token_expired"),
        (note("judging", "blob_corrupt", 5), "work_failing"),
        (note("outbox", "auth_refused", 5), "sending_stopped"),
        (note("outbox", "connect_failed", 4.9), None),
        (note("outbox", "database_io", 5), "work_failing"),
        (note("intake", "loop_silent", 500), None),  # the supervisor tells that himself
    ],
)
def test_a_part_that_fails_for_long_is_an_alarm(health: Health, expected: str | None) -> None:
    assert found(health=(health,)) == ([(expected, health.part)] if expected else [])


def test_mail_that_did_not_arrive_or_can_not_be_looked_for_is_an_alarm_without_waiting() -> None:
    young = NOW - timedelta(seconds=1)
    troubled = MailPicture(
        blocked=Trouble(since=young, problem="policy"), failed_later={17: young, 18: young}, copy_lost=young
    )
    assert found(mail=troubled) == [
        ("mail_blocked", "outbox"),
        ("mail_failed_later", "message 17"),
        ("mail_failed_later", "message 18"),
        ("copy_lost", "outbox"),
    ]
    for minutes, expected in ((4.9, []), (5, [("evidence_unreachable", "outbox")])):
        since = NOW - timedelta(minutes=minutes)
        assert found(mail=MailPicture(unsearchable=Trouble(since=since, problem="mailbox_busy"))) == expected


@pytest.mark.parametrize("language", list(Language))
def test_what_to_do_about_refused_mail_is_what_its_reason_says(language: Language) -> None:
    alarm = Alarm(code=AlarmCode.MAIL_BLOCKED, part="outbox", since=NOW, problem="too_large")
    assert alarm_action(alarm, language) == text("outbox_reasons.too_large.action", language)
    came_back = Alarm(code=AlarmCode.MAIL_FAILED_LATER, part="message 17", since=NOW)
    assert "17" in alarm_message(came_back, language)


@pytest.mark.parametrize(
    ("policy", "hours", "waits"),
    [(Policy.ASK, 0, True), (Policy.RESEND, 0, True), (Policy.WAIT, 5 * 24 - 1, False), (Policy.WAIT, 5 * 24, True)],
)
def test_an_unknown_message_waits_since_it_is_unknown_however_often_it_was_looked_for(
    guarded: Installation, policy: Policy, hours: int, waits: bool
) -> None:
    with guarded.workspace.store.begin() as connection:
        enqueue(connection, new_message(), now=NOW)
        assert claim_due(connection, NOW)
        (message,) = recover_interrupted(connection, NOW)
        look_again(connection, message, at=NOW + HOUR, unreached=None, now=NOW + HOUR)
        after = find(connection, message.id)
    assert after is not None
    assert after.updated_at == NOW + HOUR
    since = waits_since(after, policy, NOW + timedelta(hours=hours))
    assert (since is not None) is waits
    assert since in {None, NOW, NOW + timedelta(days=5)}


def test_what_waits_too_long_is_an_alarm() -> None:
    old, young = NOW - HOUR, NOW - HOUR + timedelta(seconds=1)
    assert found(oldest_item=old, oldest_queued=old, oldest_for_a_person=old) == [
        ("item_old", "intake"),
        ("message_old", "outbox"),
        ("person_needed", "outbox"),
    ]
    assert found(oldest_item=young, oldest_queued=young, oldest_for_a_person=young) == []
    waits = Health(part="folder /inn", problem=None, at=NOW, waiting_since=old)
    assert found(health=(waits,)) == [("item_old", "folder /inn")]


def test_a_loop_that_is_stuck_and_a_disk_that_fills_are_alarms_at_once() -> None:
    assert found(stuck=("intake",), free_bytes=2**30 - 1) == [("loop_stuck", "intake"), ("disk_low", "data")]
    assert found(free_bytes=2**30) == []


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", list(AlarmCode))
def test_every_alarm_says_what_is_wrong_and_what_to_do(code: AlarmCode, language: Language) -> None:
    for problem in (None, "folder_unavailable", "folder_mark_missing", "mailbox_token_failed", "blob_corrupt"):
        alarm = Alarm(code=code, part="folder /inn", since=NOW, problem=problem)
        assert alarm_message(alarm, language)
        assert alarm_action(alarm, language)


@pytest.mark.parametrize("language", list(Language))
def test_a_standstill_says_what_is_wrong_with_the_mail_server(language: Language) -> None:
    for reason in Reason:
        alarm = Alarm(code=AlarmCode.SENDING_STOPPED, part="outbox", since=NOW, problem=reason)
        assert alarm_action(alarm, language) == text(f"outbox_reasons.{reason}.action", language)


# --- kept and told --------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation that tells somebody."""

    def change(document: dict[str, Any]) -> None:
        document["alarms"] = {"to": "vakt@fjordsystem.no", "after_minutes": 30}

    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change) as opened:
        # In the morning, whenever the tests run: what is told once a day is told twice across midnight.
        now = opened.clock()
        opened.clock.ahead += (now.replace(hour=8, minute=0) - now) % timedelta(days=1)
        yield opened


def told(installation: Installation) -> list[Message]:
    return [message for message in installation.messages() if message.purpose == Purpose.ALARM]


def look(installation: Installation, **ahead: float) -> list[tuple[str, str]]:
    """One look, so much later."""
    installation.clock.ahead += timedelta(**ahead)
    return [(alarm.code, alarm.part) for alarm in look_for_alarms(installation.workspace, stuck=())]


def test_a_folder_that_is_gone_is_told_by_one_mail_a_day_and_once_when_it_is_back(guarded: Installation) -> None:
    part = f"folder {guarded.inbox}"
    guarded.run()
    away = guarded.inbox.rename(guarded.folder / "borte")
    guarded.run()
    assert look(guarded) == []
    guarded.clock.ahead += timedelta(minutes=6)
    guarded.run()
    assert [(alarm.code, alarm.part) for alarm in read_alarms(guarded.workspace)] == [("source_unavailable", part)]
    assert look(guarded) == look(guarded) == [("source_unavailable", part)]
    (first,) = told(guarded)
    assert first.state is State.SENT
    guarded.clock.ahead += timedelta(days=1)
    guarded.run()
    assert len(told(guarded)) == 2
    away.rename(guarded.inbox)
    guarded.run()
    guarded.run()
    assert read_alarms(guarded.workspace) == ()
    over = guarded.mails_for("alarm")[-1]
    assert len(told(guarded)) == len(guarded.mails_for("alarm")) == 3
    assert str(over["Subject"]).startswith("[TEST] ")
    assert guarded.workspace.settings.forward.test_to == str(over["To"])  # never vakt@fjordsystem.no from a test
    assert str(guarded.inbox) in guarded.mails_for("alarm")[0].get_content()
    assert over["Auto-Submitted"] == "auto-generated"
    assert "agreement.forwarded" not in guarded.kinds()


def test_without_an_address_nothing_is_mailed_and_status_shows_it_all_the_same(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MIN_FREE_BYTES", 2**62)
    assert look(installation) == [("disk_low", "data")]
    since = read_alarms(installation.workspace)[0].since
    assert look(installation, minutes=10) == [("disk_low", "data")]
    assert read_alarms(installation.workspace)[0].since == since
    monkeypatch.undo()
    assert look(installation) == []
    assert (installation.messages(), read_alarms(installation.workspace)) == ((), ())


def test_an_alarm_that_comes_and_goes_is_told_once_a_day(
    guarded: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        monkeypatch.setattr(rules, "MIN_FREE_BYTES", 2**62)
        look(guarded)
        monkeypatch.undo()
        look(guarded)
    assert len(told(guarded)) == 2  # that it is so, and that it is over


def test_a_file_that_can_not_be_read_and_one_that_waits_are_old_after_a_while(guarded: Installation) -> None:
    (guarded.inbox / "mappe.pdf").symlink_to("nowhere")
    guarded.drop("avtale.pdf", guarded.template.honest)
    guarded.run()
    assert look(guarded, minutes=31) == []  # both are done with
    notes = HealthNotes(guarded.workspace)
    notes.note(f"folder {guarded.inbox}", None, waiting_since=guarded.clock() - timedelta(minutes=31))
    assert look(guarded) == [("item_old", f"folder {guarded.inbox}")]


def test_a_message_that_is_refused_is_told_at_once_and_once_but_not_the_alarms_own(guarded: Installation) -> None:
    guarded.mailbox.answers["RCPT"] = "550 5.1.1 no such user"
    guarded.receive(guarded.template.honest)
    assert guarded.messages()[0].state is State.BLOCKED
    assert look(guarded) == [("mail_blocked", "outbox")]
    guarded.run()
    assert [message.state for message in told(guarded)] == [State.BLOCKED]
    assert look(guarded, hours=1) == [("mail_blocked", "outbox")]
    assert len(told(guarded)) == 1


def test_a_message_that_waits_for_a_person_is_told_after_a_while(guarded: Installation) -> None:
    with guarded.workspace.store.begin() as connection:
        enqueue(connection, new_message(hold="national_id"), now=guarded.clock())
    assert look(guarded, minutes=29) == []
    assert look(guarded, minutes=2) == [("person_needed", "outbox")]


def test_since_when_a_part_fails_outlives_the_process(installation: Installation) -> None:
    part = f"folder {installation.inbox}"
    HealthNotes(installation.workspace).note(part, "mailbox_unreachable")
    for _ in range(6):
        installation.clock.ahead += timedelta(minutes=1)
        HealthNotes(installation.workspace).note(part, "mailbox_unreachable")
    assert look(installation) == [("source_unavailable", part)]


@pytest.fixture
def marked(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation that tells somebody, and takes no file without its marker."""

    def change(document: dict[str, Any]) -> None:
        document["alarms"] = {"to": "vakt@fjordsystem.no", "after_minutes": 30}
        document["vendors"][0]["folders"][0]["done_marker"] = ".ferdig"

    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change) as opened:
        yield opened


def kinds_told(installation: Installation) -> set[str]:
    return {message.idempotency_key.rpartition(":")[2] for message in told(installation)}


def process(installation: Installation, *, minutes: float = 0) -> list[tuple[str, datetime]]:
    """A process that looks twice and dies after so many minutes: the open alarms of folders."""
    with watched_folders(installation.workspace) as (folders, _):
        notes = HealthNotes(installation.workspace)
        for _ in range(2):
            look_for_alarms(installation.workspace, stuck=())
            loop._note_round(notes, folders.look(), JudgingPass(done=0, failed=()))
        look_for_alarms(installation.workspace, stuck=())
    installation.clock.ahead += timedelta(minutes=minutes)
    return [(alarm.code, alarm.since) for alarm in read_alarms(installation.workspace)]


def test_a_file_that_waits_grows_old_over_any_number_of_restarts_and_its_alarm_holds_until_it_is_gone(
    marked: Installation,
) -> None:
    path = marked.drop("avtale.pdf", marked.template.honest)
    began = marked.clock()
    for _ in range(3):
        assert process(marked, minutes=11) == []
    for _ in range(3):  # with three hours between: nobody has heard of the folder when the next one begins
        [(code, since)] = process(marked, minutes=180)
        assert (code, abs(since - began) < timedelta(seconds=5)) == ("item_old", True)
    assert kinds_told(marked) == {"raised"}
    path.unlink()
    assert process(marked) == []
    assert kinds_told(marked) == {"raised", "over"}
    marked.drop("avtale.pdf", marked.template.honest)
    assert process(marked) == []  # another file: it has waited for nothing yet


def test_a_folder_that_is_away_when_a_process_begins_forgets_nothing(marked: Installation) -> None:
    marked.drop("avtale.pdf", marked.template.honest)
    process(marked, minutes=31)
    [(code, since)] = process(marked)
    away = marked.inbox.rename(marked.folder / "borte")
    assert process(marked, minutes=1) == [(code, since)]
    away.rename(marked.inbox)
    assert process(marked) == [(code, since)]


def test_of_two_files_that_wait_the_one_that_remains_says_since_when(marked: Installation) -> None:
    first = marked.drop("en.pdf", marked.template.honest)
    process(marked, minutes=20)
    began = marked.clock()
    marked.drop("to.pdf", marked.template.honest)
    process(marked, minutes=60)
    [(_, since)] = process(marked)
    assert since < began - timedelta(minutes=19)
    first.unlink()
    [(code, since)] = process(marked)
    assert (code, abs(since - began) < timedelta(seconds=5)) == ("item_old", True)


def test_an_alarm_of_a_part_that_nobody_has_looked_at_lately_is_not_over() -> None:
    alarm = Alarm(code=AlarmCode.SOURCE_UNAVAILABLE, part="folder /inn", since=NOW - HOUR)
    for health, over in (
        ((note("folder /inn", "folder_unavailable", 60, silent=10),), False),
        ((Health(part="folder /inn", problem=None, at=NOW - HOUR, waiting_since=NOW - HOUR),), False),
        ((note("folder /inn", None, 60),), True),
        ((note("folder /inn", None, 60, silent=600),), True),  # it was well when it was last looked at
        ((note("folder /annen", "folder_unavailable", 60, silent=10),), True),
        ((), True),  # not in the configuration any more
    ):
        assert is_over(alarm, picture(health=health), now=NOW) is over


def test_a_mailbox_that_fails_now_this_way_and_now_that_is_an_alarm_all_the_same(posted: "Posted") -> None:
    installation, _, _ = posted
    part, notes = "mailbox avtaler", HealthNotes(installation.workspace)
    for minute in range(7):
        notes.note(part, ("mailbox_unreachable", "mailbox_busy", "mailbox_token_failed")[minute % 3])
        installation.clock.ahead += timedelta(minutes=1)
    assert look(installation) == [("source_unavailable", part)]
    notes.note(part, "mailbox_token_expired")
    assert look(installation) == [("token_expired", part)]
    notes.note(part, None)
    assert look(installation) == []


# --- each alarm of intake, the whole way: log, status, mail -----------------------------------------------------------


Posted = tuple[Installation, FakeImap, Path]


@pytest.fixture
def posted(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Posted]:
    """An installation that tells somebody, its mailbox's server, and the file that holds the access token."""
    token = tmp_path / "token"
    token.write_text("a-token")
    with FakeImap() as server:

        def change(document: dict[str, Any]) -> None:
            document["alarms"] = {"to": "vakt@fjordsystem.no", "after_minutes": 6}
            mailbox = {"id": "avtaler", "address": "avtaler@example.org", "host": "127.0.0.1", "port": server.port}
            mailbox |= {"tls": "none", "username": "avtaler", "auth": "token_command"}
            document["mailboxes"] = [mailbox | {"token_command": ["/bin/cat", str(token)]}]

        with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change) as installation:
            yield installation, server, token


def lose_folder(installation: Installation, server: FakeImap) -> None:
    installation.inbox.rename(installation.folder / "borte")


def stop_answering(installation: Installation, server: FakeImap) -> None:
    server.script["greeting"] = close


def refuse_mail(installation: Installation, server: FakeImap) -> None:
    server.mails[1] = mail(1)
    server.script["UID FETCH"] = no(b"[SERVERBUG] no")


def take_no_token(installation: Installation, server: FakeImap) -> None:
    """The command goes on printing the one that was good before."""
    server.script["AUTHENTICATE"] = no(b"[AUTHENTICATIONFAILED] invalid credentials")


def nothing(installation: Installation, server: FakeImap) -> None:
    pass


Happening = Callable[[Installation, FakeImap], None]


@pytest.mark.parametrize(
    ("happens", "alarm"),
    [
        (stop_answering, ("source_unavailable", "mailbox avtaler")),
        (lose_folder, ("source_unavailable", "folder {inbox}")),
        (take_no_token, ("token_expired", "mailbox avtaler")),
        (nothing, ("token_expired", "mailbox avtaler")),
        (nothing, ("disk_low", "data")),
        (refuse_mail, ("item_old", "intake")),
    ],
    ids=["mailbox", "folder", "refused-token", "token", "disk", "item"],
)
def test_each_alarm_is_a_log_event_a_line_of_status_and_a_mail(
    posted: Posted, caplog: pytest.LogCaptureFixture, happens: Happening, alarm: tuple[str, str]
) -> None:
    installation, server, token = posted
    code, part = alarm[0], alarm[1].format(inbox=installation.inbox)
    installation.run()
    assert open_alarms(installation) == []
    happens(installation, server)
    if happens is nothing and code == "token_expired":
        token.write_text("")
    installation.run()
    installation.clock.ahead += timedelta(minutes=7)
    with caplog.at_level(logging.ERROR), pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "MIN_FREE_BYTES", 2**62 if code == "disk_low" else 0)
        installation.run()
        assert open_alarms(installation) == [(code, part)]
        installation.run()
    raised = [record.__dict__["alarm"] for record in caplog.records if record.message == "alarm raised"]
    assert raised == [code]
    (told_of,) = installation.mails_for("alarm")
    title = text(f"alarms.{code}.title", Language.NB)
    assert title in told_of["Subject"]


def open_alarms(installation: Installation) -> list[tuple[str, str]]:
    """As `status --json` tells them."""
    data = status_answer(installation.workspace, Language.NB).data
    assert isinstance(data, dict)
    alarms = json.loads(json.dumps(data["alarms"]))
    return [(alarm["code"], alarm["part"]) for alarm in alarms]


def test_no_mail_of_an_alarm_names_a_case_or_a_customer(guarded: Installation) -> None:
    case = guarded.enquire("Kari Nordmann", customer="Sjelden Virksomhet AS")
    guarded.mailbox.answers["RCPT"] = "550 5.1.1 no such user"
    guarded.receive(guarded.template.honest)
    look(guarded, minutes=31)
    guarded.mailbox.answers.clear()
    guarded.run()
    (mail,) = guarded.mails_for("alarm")
    said = f"{mail['Subject']} {mail.get_content()}"
    for secret in (str(case.number), "Sjelden Virksomhet", "Kari", "Eksempel 1", "avtale.pdf"):
        assert secret not in said
