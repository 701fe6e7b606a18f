"""`avtale outbox …`: messages leaving."""

from typing import TYPE_CHECKING

import click

from agreements.errors import UsageError
from onboarding.answers import Answer, table
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

if TYPE_CHECKING:
    from outbox.messages import Message

_ID = argument("identity", metavar="ID", type=int)
_STATES = (
    "queued",
    "sending",
    "sent",
    "delivered",
    "failed_later",
    "unknown",
    "blocked",
    "held",
    "gave_up",
    "withdrawn",
)

group = TextGroup(
    "outbox",
    {
        "list": "onboarding.commands.outbox:list_",
        "show": "onboarding.commands.outbox:show",
        "retry": "onboarding.commands.outbox:retry",
        "settle": "onboarding.commands.outbox:settle",
        "release": "onboarding.commands.outbox:release",
    },
    name="outbox",
)


@command("outbox.list", option("--state", type=click.Choice(_STATES)))
def list_(call: Call, state: str | None) -> Answer:
    """List messages."""
    from onboarding.delivery import read_messages
    from onboarding.views import MESSAGE_COLUMNS, message_data, message_row
    from outbox.states import State

    messages = read_messages(call.workspace, State(state) if state else None)
    rows = [message_row(message, call.lang) for message in messages]
    return Answer(data=[message_data(message) for message in messages], lines=table(MESSAGE_COLUMNS, rows, call.lang))


@command("outbox.show", _ID)
def show(call: Call, identity: int) -> Answer:
    """Show one message: where it stands, how it came there, and what it says."""
    from onboarding.message_view import message_answer

    return message_answer(call.workspace, identity, call.lang)


@command("outbox.retry", _ID)
def retry(call: Call, identity: int) -> Answer:
    """Send a blocked message again."""
    from onboarding.delivery import retry_message

    return _answer(call, retry_message(call.workspace, identity, call.actor))


@command("outbox.settle", _ID, option("--sent", is_flag=True), option("--resend", is_flag=True))
def settle(call: Call, identity: int, sent: bool, resend: bool) -> Answer:
    """Say what became of a message nobody knows about."""
    from onboarding.delivery import settle_message

    if sent == resend:
        raise UsageError("settle_one_of")
    return _answer(call, settle_message(call.workspace, identity, sent=sent, actor=call.actor))


@command("outbox.release", _ID, option("--by"), option("--reason", required=True))
def release(call: Call, identity: int, by: str | None, reason: str) -> Answer:
    """Let a held message go."""
    from onboarding.delivery import release_message

    return _answer(call, release_message(call.workspace, identity, reason, call.actor))


def _answer(call: Call, message: "Message") -> Answer:
    from onboarding.views import MESSAGE_COLUMNS, message_data, message_row

    return Answer(
        data=message_data(message), lines=table(MESSAGE_COLUMNS, [message_row(message, call.lang)], call.lang)
    )
