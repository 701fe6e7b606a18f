"""What approves a return also sends it: whatever the mail server does, once, and never silently not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from agreements.case import AgreementState
from agreements.errors import ConfigurationError, GateError, NotFoundError
from agreements.language import Language
from onboarding.alarm_watch import look_for_alarms
from onboarding.delivery import read_message, release_message, retry_message, settle_message
from onboarding.health import read_health
from onboarding.jobs.loop import run_once
from onboarding.sandbox import Sandbox
from onboarding.settings import load_settings
from onboarding.status import status_answer
from onboarding.workspace import open_workspace
from outbox.history import list_history
from outbox.states import State
from tests.onboarding.installation import (
    Clock,
    Installation,
    Template,
    attached,
    change_config,
    opened_copy,
    parsed,
    point_at,
)
from tests.outbox.mail_servers import CLOSE, FaultyServer, closed_port


@contextmanager
def sending_to(template: Template, folder: Path, sandbox: Sandbox, port: int) -> Iterator[Installation]:
    """An installation whose mail goes to this port, with the honest return dropped and everything due done."""
    with opened_copy(
        template, folder, sandbox=sandbox, change=lambda document: document["smtp"].update(port=port)
    ) as installation:
        installation.drop("avtale.pdf", template.honest)
        installation.run()
        yield installation


def later(installation: Installation, port: int | None = None, *, days: int = 1) -> None:
    """Another process, later: everything that is due, by the mail server at `port`."""
    point_at(installation.folder, port or installation.port)
    with open_workspace(load_settings(installation.config), Clock(ahead=timedelta(days=days))) as workspace:
        run_once(workspace)


def waiting_for_a_person(installation: Installation) -> object:
    data = status_answer(installation.workspace, Language.NB).data
    assert isinstance(data, dict)
    return data["messages_waiting_for_a_person"]


def test_a_mail_server_that_is_down_keeps_the_message_queued_and_it_leaves_later(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with closed_port() as port, sending_to(template, tmp_path / "avtale", sandbox, port) as installation:
        [message] = installation.messages()
        assert (message.state, message.attempts, message.reason) == (State.QUEUED, 1, "connect_failed")
        assert installation.case(template.by_one).agreement_state is AgreementState.APPROVED
        installation.run()
        assert installation.messages()[0].attempts == 1  # not before its time
        later(installation)
        assert installation.messages()[0].state is State.SENT
        assert attached(installation.mails()[0])[0] == template.honest
        assert installation.case(template.by_one).agreement_state is AgreementState.FORWARDED
        assert installation.kinds(template.by_one)[-3:] == [
            "agreement.approved",
            "message.retry",
            "agreement.forwarded",
        ]


def test_a_server_that_asks_for_patience_gets_the_same_bytes_once(installation: Installation) -> None:
    installation.mailbox.answers["DATA"] = "451 4.3.0 try again later"
    installation.drop("avtale.pdf", installation.template.honest)
    installation.run()
    [message] = installation.messages()
    assert (message.state, installation.mails()) == (State.QUEUED, [])
    installation.mailbox.answers.clear()
    later(installation)
    assert len(installation.mails()) == 1
    assert installation.messages()[0].sha256 == message.sha256


def test_a_refused_recipient_blocks_the_message_where_status_shows_it_until_somebody_tries_again(
    installation: Installation,
) -> None:
    installation.mailbox.answers["RCPT"] = "550 5.1.1 no such mailbox"
    installation.drop("avtale.pdf", installation.template.honest)
    installation.run()
    [message] = installation.messages()
    assert (message.state, message.reply) == (State.BLOCKED, "550 5.1.1 no such mailbox")
    assert waiting_for_a_person(installation) == 1
    installation.mailbox.answers.clear()
    installation.run()
    assert installation.mails() == []  # nothing blocked goes by itself
    retry_message(installation.workspace, message.id, installation.actor)
    installation.run()
    assert (len(installation.mails()), waiting_for_a_person(installation)) == (1, 0)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_message_nobody_knows_the_fate_of_waits_until_a_person_settles_it(
    template: Template, sandbox: Sandbox, tmp_path: Path, arrived: bool
) -> None:
    with (
        FaultyServer(dot=CLOSE) as faulty,
        sending_to(template, tmp_path / "avtale", sandbox, faulty.port) as installation,
    ):
        [message] = installation.messages()
        assert (message.state, waiting_for_a_person(installation)) == (State.UNKNOWN, 1)
        later(installation)
        assert (installation.mails(), installation.messages()[0].state) == ([], State.UNKNOWN)
        settle_message(installation.workspace, message.id, sent=arrived, actor=installation.actor)
        later(installation, days=2)
        assert installation.messages()[0].state is State.SENT
        assert installation.case(template.by_one).agreement_state is AgreementState.FORWARDED
        [first] = faulty.bodies
        assert [mail["Message-ID"] for mail in installation.mails()] == ([] if arrived else [message.message_id])
        resent = [sent for sent in installation.mailbox.received if parsed(sent)["Message-ID"] == message.message_id]
        assert resent == ([] if arrived else [first])
        assert parsed(first)["Message-ID"] == message.message_id


def test_a_refused_log_in_is_told_with_its_reason_and_ends_when_a_person_sends_again(
    template: Template, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVTALE_SMTP_PASSWORD", "feil")
    with (
        FaultyServer(EHLO="250-x\r\n250 AUTH PLAIN", AUTH="535 5.7.8 no") as strict,
        opened_copy(
            template,
            tmp_path / "avtale",
            sandbox=sandbox,
            change=lambda document: document["smtp"].update(port=strict.port, username="avtaler"),
        ) as installation,
    ):
        installation.drop("avtale.pdf", template.honest)
        installation.run()
        installation.run()
        assert (outbox_problem(installation), strict.connections) == ("auth_refused", 1)
        [message] = installation.messages()
        assert (message.state, message.reason, message.reply) == (State.QUEUED, "auth_refused", "535 5.7.8 no")
        installation.clock.ahead += timedelta(minutes=6)
        assert [alarm.code for alarm in look_for_alarms(installation.workspace, stuck=())] == ["sending_stopped"]
        installation.clock.ahead = timedelta()
        change_config(installation.config, lambda document: document["smtp"].update(username=None))
        later(installation, days=0)
        assert installation.mails() == []  # nobody has said that it was mended
        retry_message(installation.workspace, message.id, installation.actor)
        later(installation, days=0)
        assert (len(installation.mails()), outbox_problem(installation)) == (1, None)


def outbox_problem(installation: Installation) -> str | None:
    [part] = [part for part in read_health(installation.workspace) if part.part == "outbox"]
    return part.problem


def test_a_message_is_moved_only_from_the_state_it_is_in(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    [message] = installation.messages()
    workspace, actor = installation.workspace, installation.actor
    with pytest.raises(GateError, match="message_state"):
        settle_message(workspace, message.id, sent=True, actor=actor)
    with pytest.raises(GateError, match="message_state"):
        retry_message(workspace, message.id, actor)
    with pytest.raises(GateError, match="message_state"):
        release_message(workspace, message.id, "-", actor)
    with pytest.raises(NotFoundError):
        read_message(workspace, 99)


def test_a_recipient_that_is_not_allowed_any_more_leaves_the_document_due_and_says_so(
    installation: Installation,
) -> None:
    forward = installation.workspace.settings.forward.model_copy(update={"allow": ("annen@example.org",)})
    installation.workspace.settings.__dict__["forward"] = forward
    installation.drop("avtale.pdf", installation.template.honest)
    [error] = installation.run().failed
    assert (type(error), installation.messages(), installation.judgements()) == (ConfigurationError, (), ())


def test_a_message_whose_recipient_is_not_allowed_any_more_waits_and_leaves_when_he_is_again(
    installation: Installation,
) -> None:
    installation.mailbox.answers["RCPT"] = "550 5.1.1 no such mailbox"
    installation.drop("avtale.pdf", installation.template.honest)
    installation.run()
    [message] = installation.messages()
    installation.mailbox.answers.clear()
    before = installation.workspace.settings.forward
    installation.workspace.settings.__dict__["forward"] = before.model_copy(update={"test_to": "annen@localhost"})
    retry_message(installation.workspace, message.id, installation.actor)
    installation.run()
    assert (installation.every_mail(), installation.messages()[0].state) == ([], State.QUEUED)
    with installation.workspace.store.read() as connection:
        assert list_history(connection, message.id)[-1].reason == "recipient_not_allowed"
    installation.workspace.settings.__dict__["forward"] = before
    installation.clock.ahead += timedelta(hours=1)
    installation.run()
    assert len(installation.mails()) == 1
