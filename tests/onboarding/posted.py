"""Mail to organisations in an installation: its clock set to an hour of Norway, and what lies in the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from agreements.calendar import add_working_days, norwegian_day, norwegian_moment
from onboarding.correspondence.signing import Request, send_request
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from outbox.messages import Message
from outbox.states import State
from tests.onboarding.installation import Installation, Template, opened_copy, parsed


def set_clock(installation: Installation, moment: datetime) -> None:
    """From now on it is this moment, and time goes on from it."""
    installation.clock.ahead = moment - datetime.now(UTC)


def next_working_day(installation: Installation, hour: int = 10, *, days: int = 1) -> None:
    """Go to an hour of the working day that many after today."""
    today = norwegian_day(installation.clock())
    set_clock(installation, norwegian_moment(add_working_days(today, days), hour))


def days_on(installation: Installation, days: int, hour: int = 10) -> None:
    """Go to an hour of the day that many after today, whatever day it is."""
    today = norwegian_day(installation.clock())
    set_clock(installation, norwegian_moment(today + timedelta(days=days), hour))


def send(installation: Installation, number: object) -> Request:
    """The request to sign is put into the outbox."""
    return send_request(installation.workspace, str(number), installation.actor)[0]


def posted(installation: Installation, purpose: Purpose) -> list[Message]:
    """The messages of one purpose, in the order they were written."""
    return [message for message in installation.messages() if message.purpose == purpose]


def states(installation: Installation, purpose: Purpose) -> list[State]:
    return [message.state for message in posted(installation, purpose)]


def content(installation: Installation, message: Message) -> EmailMessage:
    """A message as it was frozen."""
    return parsed(installation.workspace.blobs.read(message.sha256))


def body(mail: EmailMessage) -> str:
    """Its text."""
    part = mail.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


@contextmanager
def keeping_hours(template: Template, folder: Path, sandbox: Sandbox) -> Iterator[Installation]:
    """An installation with the quiet hours of the program's own defaults."""

    def change(document: dict[str, Any]) -> None:
        document["reminders"]["quiet"] = "22-08"

    with opened_copy(template, folder, sandbox=sandbox, change=change) as installation:
        yield installation
