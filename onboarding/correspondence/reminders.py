"""An organisation is reminded of an agreement that waits: one letter, written when it is due and still wanted.

Never after the return has come: asked in the transaction that writes the reminder, once more in the one that would let
it leave (`permit`), and a return takes back what has not left (`pipeline`).
"""

from datetime import datetime

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.case import Case
from agreements.errors import ConfigurationError
from onboarding.correspondence.addressing import find_contact, resolve_address
from onboarding.correspondence.letters import enqueue_letter
from onboarding.correspondence.permit import may_hold_a_return
from onboarding.correspondence.reminder_rules import DueReminder, ReminderRules, find_due
from onboarding.correspondence.thread import list_thread
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.return_address import return_address
from onboarding.routes import last_day_to_sign, signing_task
from onboarding.settings import Settings
from onboarding.standing import waits_for_signature
from onboarding.store.cases import find_case
from onboarding.store.issued import find_agreement
from onboarding.workspace import Workspace
from outbox.compose import Answered
from outbox.messages import Connection


def reminder_rules(settings: Settings) -> ReminderRules:
    """As configured."""
    reminders = settings.reminders
    return ReminderRules(after_days=reminders.after_days, at_most=reminders.at_most, quiet=reminders.quiet_hours)


def remind(workspace: Workspace, case: Case) -> bool:
    """Write the reminder that is due for a case; whether one was. May be repeated.

    Raises ConfigurationError for an address that mail can't be sent to.
    """
    if not waits_for_signature(case):  # years of cases cost no look at their mail
        return False
    now = workspace.clock()
    with workspace.store.read() as connection:
        found = _find(workspace, connection, case, now)
    if found is None:
        return False
    agreement, due = found
    message = make_message(workspace, _written(workspace, case, agreement, due), now=now)
    with workspace.store.begin() as connection:
        case_now = find_case(connection, case.number)
        if case_now is None or _find(workspace, connection, case_now, now) != found:
            return False  # the return came, or another hand was quicker, while the letter was made
        return enqueue_letter(connection, message, actor=workspace.system, now=now) is not None


def _find(
    workspace: Workspace, connection: Connection, case: Case, now: datetime
) -> tuple[Agreement, DueReminder] | None:
    """What is due by the rows as they stand, with the version in force."""
    if not waits_for_signature(case) or case.in_force is None or may_hold_a_return(connection, case.vendor_id):
        return None
    agreement = find_agreement(connection, case.in_force)
    assert agreement is not None
    due = find_due(
        list_thread(connection, case.in_force),
        reminder_rules(workspace.settings),
        deadline=last_day_to_sign(agreement, workspace.vendor(case.vendor_id)),
        now=now,
    )
    return None if due is None else (agreement, due)


def _written(workspace: Workspace, case: Case, agreement: Agreement, due: DueReminder) -> Written:
    private_fonts()
    from renderers.letters import ReminderLetter, ReminderNumber, render_reminder

    vendor, to = workspace.vendor(case.vendor_id), find_contact(agreement.values)
    if to is None:  # a version has the address for ever that its request was sent to
        raise ConfigurationError("recipient_missing", agreement=str(agreement.number))
    number = ReminderNumber.SECOND if due.reminded else ReminderNumber.FIRST
    resolved = resolve_address(workspace.settings, to)
    letter = ReminderLetter(
        about=about(workspace, case, resolved, agreement.language),
        task=signing_task(agreement, vendor, return_to=return_address(workspace, vendor, case.number)),
        sent_on=norwegian_day(due.request.sent_at or due.request.created_at),
        number=ReminderNumber.LAST if due.reminded and due.is_last else number,
    )
    subject, body = render_reminder(letter, agreement.language)
    return Written(
        purpose=Purpose.REMINDER,
        key=f"{Purpose.REMINDER}:{agreement.number}:{due.serial}",
        vendor=vendor,
        case=case.number,
        agreement=agreement.number,
        resolved=resolved,
        subject=subject,
        body=body,
        answered=Answered(message_id=due.request.message_id),
    )
