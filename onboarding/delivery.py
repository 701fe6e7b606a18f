"""Step 7 of the pipeline: what is due leaves, and a person's word on what did not."""

from dataclasses import replace
from datetime import datetime

from agreements.errors import NotFoundError
from agreements.parties import Actor
from onboarding.aftermath import record_told_before
from onboarding.correspondence.permit import permit_of
from onboarding.forwarding import record_forwarded, record_outcome
from onboarding.record import EventKind
from onboarding.settings import Settings, smtp_password
from onboarding.store.events import NewEvent, append_event
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message, find, list_messages, release, retry, settle
from outbox.outcome import Outcome
from outbox.sending import Sender, read_pace
from outbox.smtp import SmtpServer
from outbox.states import State


def smtp_server(settings: Settings) -> SmtpServer:
    """The configured mail server and how to log in to it; nobody is asked yet. Raises ConfigurationError."""
    smtp = settings.smtp
    server = SmtpServer(host=smtp.host, port=smtp.port, tls=smtp.tls, username=smtp.username)
    if smtp.auth == "password":
        return replace(server, password=smtp_password(settings))
    from onboarding.tokens import access_tokens, token_source

    return replace(server, token=token_source(access_tokens(smtp, smtp.username or "")))


def sender_of(workspace: Workspace) -> Sender:
    """The sender for this workspace. One process uses one, under the run lock."""

    def follow_up(connection: Connection, message: Message, outcome: Outcome) -> None:
        record_outcome(connection, message, outcome, actor=workspace.system, now=workspace.clock())
        record_told_before(connection, message, outcome, actor=workspace.system, now=workspace.clock())

    with workspace.store.read() as connection:
        pace = read_pace(connection, workspace.settings.smtp.per_minute, now=workspace.clock())
    return Sender(
        begin=workspace.store.begin,
        blobs=workspace.blobs,
        server=smtp_server(workspace.settings),
        clock=workspace.clock,
        on_outcome=follow_up,
        permit=permit_of(workspace),
        pace=pace,
    )


def read_messages(workspace: Workspace, state: State | None = None) -> tuple[Message, ...]:
    """Messages, all or of one state, in the order they were made."""
    with workspace.store.read() as connection:
        return list_messages(connection, state)


def read_message(workspace: Workspace, identity: int) -> Message:
    """One message. Raises NotFoundError."""
    with workspace.store.read() as connection:
        message = find(connection, identity)
    if message is None:
        raise NotFoundError("message_not_found", id=identity)
    return message


def settle_message(workspace: Workspace, identity: int, *, sent: bool, actor: Actor) -> Message:
    """A person says what became of a message that is `unknown` or `failed_later`: the recipient has it, or it is to be
    sent again. Raises GateError.
    """
    now = workspace.clock()
    with workspace.store.begin() as connection:
        message = settle(connection, identity, sent=sent, now=now)
        _append(connection, EventKind.MESSAGE_SETTLED, message, actor, now, sent=sent)
        if sent:
            record_forwarded(connection, message, actor=actor, now=now, data={"message": message.id, "settled": True})
    return message


def retry_message(workspace: Workspace, identity: int, actor: Actor) -> Message:
    """Queue a `blocked`, `gave_up` or `failed_later` message again, or have a `queued` one go now. Raises GateError."""
    now = workspace.clock()
    with workspace.store.begin() as connection:
        message = retry(connection, identity, now=now)
        _append(connection, EventKind.MESSAGE_REQUEUED, message, actor, now)
    return message


def release_message(workspace: Workspace, identity: int, reason: str, actor: Actor) -> Message:
    """Let a `held` message go. Raises GateError."""
    now = workspace.clock()
    with workspace.store.begin() as connection:
        message = release(connection, identity, now=now)
        _append(connection, EventKind.MESSAGE_RELEASED, message, actor, now, reason=reason)
    return message


def _append(
    connection: Connection, kind: EventKind, message: Message, actor: Actor, now: datetime, **data: str | bool
) -> None:
    event = NewEvent(
        kind=kind, actor=actor, at=now, case_number=message.case_number, data={"message": message.id, **data}
    )
    append_event(connection, event)
