"""The agreement has left for Digipost: the organisation is told, once, and what comes next."""

from datetime import datetime, timedelta
from typing import Final

from agreements.calendar import norwegian_day
from agreements.case import Case
from onboarding.correspondence.addressing import find_contact, resolve_address
from onboarding.correspondence.letters import enqueue_letter
from onboarding.correspondence.thread import list_thread
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.standing import why_unwanted
from onboarding.steps.configuration import agreed_summary, find_basis
from onboarding.store.cases import find_case
from onboarding.store.issued import find_agreement
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message
from outbox.states import LEFT

TOLD_WITHIN: Final = timedelta(days=7)
"""How long after the forward left it is still news: an upgrade must not write to everybody of last year."""


def tells_next_step(thread: tuple[Message, ...], *, now: datetime) -> bool:
    """Whether the mails about a version call for one more: its forward left a short while ago, and nobody was told."""
    if any(message.purpose == Purpose.NEXT_STEP for message in thread):
        return False
    return any(
        message.purpose == Purpose.FORWARD
        and message.state in LEFT
        and message.sent_at is not None
        and now - message.sent_at <= TOLD_WITHIN
        for message in thread
    )


def tell_next_step(workspace: Workspace, case: Case) -> bool:
    """Write the letter if it is due for a case; whether it was. May be repeated.

    Raises ConfigurationError for an address that mail can't be sent to.
    """
    now = workspace.clock()
    if not _may_be_due(case, now):
        return False
    with workspace.store.read() as connection:
        if not _is_due(connection, case, now):
            return False
    written = _write(workspace, case)
    if written is None:
        return False
    message = make_message(workspace, written, now=now)
    with workspace.store.begin() as connection:
        case_now = find_case(connection, case.number)
        if case_now is None or not _is_due(connection, case_now, now):
            return False
        return enqueue_letter(connection, message, actor=workspace.system, now=now) is not None


def _may_be_due(case: Case, now: datetime) -> bool:
    """By the case alone: years of cases cost no look at their mail."""
    if case.in_force is None or why_unwanted(Purpose.NEXT_STEP, str(case.in_force), case) is not None:
        return False
    return now - case.updated_at <= TOLD_WITHIN  # its forward left no later


def _is_due(connection: Connection, case: Case, now: datetime) -> bool:
    if case.in_force is None or not _may_be_due(case, now):
        return False
    return tells_next_step(list_thread(connection, case.in_force), now=now)


def _write(workspace: Workspace, case: Case) -> Written | None:
    """None if the version names no address to send it to, or nothing tells when it was approved."""
    with workspace.store.read() as connection:
        agreement = None if case.in_force is None else find_agreement(connection, case.in_force)
        basis = find_basis(workspace, connection, case)
    to = None if agreement is None else find_contact(agreement.values)
    if agreement is None or to is None or basis.approval is None:
        return None
    private_fonts()
    from renderers.letters import NextStepLetter, render_next_step

    summary = agreed_summary(workspace, agreement, basis)
    resolved = resolve_address(workspace.settings, to)
    letter = NextStepLetter(
        about=about(workspace, case, resolved, agreement.language),
        agreement_number=str(agreement.number),
        approved_on=norwegian_day(basis.approval.at),
        kind=str(agreement.values["agreement.kind"]),
        plan=case.plan,
        tasks=summary.customer_tasks,
        deviations=summary.deviations,
    )
    subject, body = render_next_step(letter, agreement.language)
    return Written(
        purpose=Purpose.NEXT_STEP,
        key=f"{Purpose.NEXT_STEP}:{agreement.number}",
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        agreement=agreement.number,
        resolved=resolved,
        subject=subject,
        body=body,
    )
