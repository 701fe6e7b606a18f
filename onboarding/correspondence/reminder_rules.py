"""When an organisation is reminded of an agreement that waits to be signed.

Pure. Days are counted from the last mail that asked for the signature and left: the request, a reminder, or the letter
that turned a return down. So reminders that an outage kept back become one, and the next keeps its distance; and nobody
is reminded of a mail that never left.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agreements.calendar import norwegian_day, norwegian_moment
from agreements.quiet_hours import QuietHours, next_allowed
from onboarding.purposes import Purpose
from outbox.messages import Message
from outbox.states import LEFT, State


@dataclass(frozen=True, kw_only=True)
class ReminderRules:
    """As configured (`reminders`)."""

    after_days: tuple[int, ...]
    """Days from the request to each reminder, growing; beyond the last, its distance to the one before is kept."""
    at_most: int
    quiet: QuietHours | None

    def distance(self, reminded: int) -> int:
        """Days from the mail before to the reminder after `reminded` others."""
        steps = [day - before for before, day in zip((0, *self.after_days), self.after_days, strict=False)]
        return steps[min(reminded, len(steps) - 1)]


@dataclass(frozen=True, kw_only=True)
class DueReminder:
    """A reminder that may be written now."""

    serial: int
    """Of those ever enqueued for the version, from 1: part of its key."""
    reminded: int
    """Reminders that have left before."""
    is_last: bool
    """None may follow: there have been enough, or the next would come after the deadline."""
    request: Message
    """The request that it reminds of."""


def find_due(thread: tuple[Message, ...], rules: ReminderRules, *, deadline: date, now: datetime) -> DueReminder | None:
    """The reminder that is due now by the mails about a version; None if there is none, or not at this hour.

    `deadline`: the last day to sign; nobody is reminded after it. Whether the version still waits is not asked here.
    """
    asked = [message for message in thread if message.purpose in _ASKING and message.state is not State.WITHDRAWN]
    request = next((message for message in asked if message.purpose == Purpose.SIGNING), None)
    if request is None or any(message.state not in LEFT for message in asked):
        return None
    reminded = sum(message.purpose == Purpose.REMINDER for message in asked)
    if reminded >= rules.at_most:
        return None
    due = norwegian_day(_last_left(asked)) + timedelta(days=rules.distance(reminded))
    if now < next_allowed(norwegian_moment(due, 0), rules.quiet, working_days=True) or norwegian_day(now) > deadline:
        return None
    if next_allowed(now, rules.quiet, working_days=True) != now:
        return None
    following = norwegian_day(now) + timedelta(days=rules.distance(reminded + 1))
    serial = 1 + sum(message.purpose == Purpose.REMINDER for message in thread)
    return DueReminder(
        serial=serial,
        reminded=reminded,
        is_last=reminded + 1 >= rules.at_most or following > deadline,
        request=request,
    )


_ASKING = (Purpose.SIGNING, Purpose.REMINDER, Purpose.REJECTION)


def _last_left(asked: list[Message]) -> datetime:
    return max(message.sent_at or message.created_at for message in asked)
