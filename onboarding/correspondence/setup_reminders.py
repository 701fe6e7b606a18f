"""An organisation that alone has something to do in the set-up (step 4) is reminded of it: what is left, nothing else.

By the same days, hours and number as for signing (`reminders`), counted from when it got the ball. Asked again in the
transaction that writes the letter; a task that is ticked off takes the ball away, and with it the next reminder.
"""

from datetime import datetime, timedelta

from agreements.calendar import norwegian_day
from agreements.case import Case
from agreements.quiet_hours import next_allowed
from agreements.summary import CustomerTask
from agreements.turn import Duty, Party, Turn
from onboarding.correspondence.addressing import find_contact, resolve_address
from onboarding.correspondence.letters import enqueue_letter
from onboarding.correspondence.reminders import reminder_rules
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.steps.configuration import Configuration, read_configuration, read_work, summary_of
from onboarding.store.cases import find_case
from onboarding.workspace import Workspace
from outbox.messages import Connection, list_messages


def remind_of_setup(workspace: Workspace, case: Case) -> bool:
    """Write the reminder that is due for a case; whether one was. May be repeated.

    Raises ConfigurationError for an address that mail can't be sent to.
    """
    now = workspace.clock()
    with workspace.store.read() as connection:
        serial = _find_due(workspace, connection, case, now)
    if serial is None or case.turn is None:
        return False
    written = _write(workspace, read_configuration(workspace, str(case.number)), case.turn, serial)
    if written is None:
        return False
    message = make_message(workspace, written, now=now)
    with workspace.store.begin() as connection:
        case_now = find_case(connection, case.number)
        if case_now is None or _find_due(workspace, connection, case_now, now) != serial:
            return False
        return enqueue_letter(connection, message, actor=workspace.system, now=now) is not None


def _find_due(workspace: Workspace, connection: Connection, case: Case, now: datetime) -> int | None:
    """Which reminder of this turn is due now, from 1; None if none is, or not at this hour."""
    turn, rules = case.turn, reminder_rules(workspace.settings)
    if turn is None or (turn.duty, turn.party) != (Duty.SET_UP, Party.CUSTOMER):
        return None
    if next_allowed(now, rules.quiet, working_days=True) != now:
        return None
    messages = list_messages(connection, case_number=str(case.number))
    made = [
        one.created_at for one in messages if one.purpose == Purpose.SETUP_REMINDER and one.created_at >= turn.since
    ]
    if len(made) >= rules.at_most:
        return None
    due = norwegian_day(max(made, default=turn.since)) + timedelta(days=rules.distance(len(made)))
    return len(made) + 1 if norwegian_day(now) >= due else None


def _write(workspace: Workspace, configuration: Configuration, turn: Turn, serial: int) -> Written | None:
    """None where the agreement names no address, or nothing is left to do."""
    case, agreement = configuration.case, configuration.agreement
    to, tasks = find_contact(agreement.values), _open_tasks(workspace, configuration)
    if to is None or not tasks:
        return None
    resolved = resolve_address(workspace.settings, to)
    private_fonts()
    from renderers.letters import SetupReminderLetter, render_setup_reminder

    letter = SetupReminderLetter(about=about(workspace, case, resolved, agreement.language), tasks=tasks)
    subject, body = render_setup_reminder(letter, agreement.language)
    return Written(
        purpose=Purpose.SETUP_REMINDER,
        key=f"{Purpose.SETUP_REMINDER}:{agreement.number}:{turn.since.isoformat()}:{serial}",
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        agreement=agreement.number,
        resolved=resolved,
        subject=subject,
        body=body,
    )


def _open_tasks(workspace: Workspace, configuration: Configuration) -> tuple[CustomerTask, ...]:
    work = read_work(workspace, configuration, summary_of(workspace, configuration))
    return tuple(item.task for item in work if item.open and item.task is not None)
