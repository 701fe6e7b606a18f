"""The roof's word on a message that is due, asked in the transaction that would let it leave.

What is no longer wanted is withdrawn, with a reason. What is wanted later waits: for the end of the quiet hours, for a
working day, for a case on hold, for a recipient to be allowed again; a reminder for what has been received and not
judged yet, for that may be the return.
"""

from datetime import datetime, timedelta
from typing import Final

from agreements.case import Case
from agreements.quiet_hours import QuietHours, next_allowed
from intake.ledger import receipts_to_judge
from onboarding.purposes import TO_ORGANISATIONS, Purpose
from onboarding.standing import why_unwanted
from onboarding.store.cases import find_case_of
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message
from outbox.sending import GO, AskPermit, Permit

LOOK_AGAIN: Final = timedelta(minutes=15)
"""How long a message waits for something that has no time: a case on hold, a document that is not judged."""
QUIET_HOURS: Final = "quiet_hours"
NOT_WORKING_DAY: Final = "not_working_day"
CASE_HELD: Final = "case_held"
NOT_JUDGED: Final = "not_judged"
RECIPIENT_NOT_ALLOWED: Final = "recipient_not_allowed"


def permit_of(workspace: Workspace) -> AskPermit:
    """The rules of this installation."""
    quiet = workspace.settings.reminders.quiet_hours

    def ask(connection: Connection, message: Message, now: datetime) -> Permit:
        if not _still_allowed(workspace, message):
            return Permit.wait(now + LOOK_AGAIN, RECIPIENT_NOT_ALLOWED)
        case = find_case_of(connection, message.case_number)
        if case is not None and message.purpose in TO_ORGANISATIONS:
            return _of_case(connection, message, case, quiet, now)
        return GO

    return ask


def _still_allowed(workspace: Workspace, message: Message) -> bool:
    """Whether the recipient that was frozen into a message may have mail today: the configuration may have changed."""
    settings, recipient = workspace.settings, message.recipient.casefold()
    if settings.environment != "production":
        return recipient == (settings.forward.test_to or "").casefold()
    return message.purpose != Purpose.FORWARD or recipient in {one.casefold() for one in settings.forward.allow}


def may_hold_a_return(connection: Connection, vendor_id: str) -> bool:
    """Whether something has been received, by this vendor's ways or by everybody's, that is not judged yet."""
    return any(receipt.vendor_id in (None, vendor_id) for receipt in receipts_to_judge(connection))


def allowed_from(purpose: str, quiet: QuietHours | None, now: datetime) -> datetime:
    """When a message of this purpose may leave by the clock alone: `now`, or later."""
    if purpose not in TO_ORGANISATIONS:
        return now
    return next_allowed(now, quiet, working_days=purpose == Purpose.REMINDER)


def _of_case(connection: Connection, message: Message, case: Case, quiet: QuietHours | None, now: datetime) -> Permit:
    unwanted = why_unwanted(message.purpose, message.agreement, case)
    if unwanted is not None:
        return Permit.withdraw(unwanted)
    reminds = message.purpose == Purpose.REMINDER
    if case.held:  # another reminder comes when the case goes on; everything else is wanted then as it is
        return Permit.withdraw(CASE_HELD) if reminds else Permit.wait(now + LOOK_AGAIN, CASE_HELD)
    allowed = allowed_from(message.purpose, quiet, now)
    if allowed != now:
        awake = next_allowed(now, quiet) == now
        return Permit.wait(allowed, NOT_WORKING_DAY if awake else QUIET_HOURS)
    if reminds and may_hold_a_return(connection, case.vendor_id):
        return Permit.wait(now + LOOK_AGAIN, NOT_JUDGED)
    return GO
