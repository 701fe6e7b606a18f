"""A return was turned down by a person: the organisation is told why, and what to do (docs/adr/0026).

The letter has the reasons that the findings give; the person's own reason is for the record and is not sent. It goes to
the contact that the version in force names, in the transaction that turns the return down.
"""

from dataclasses import dataclass
from enum import StrEnum

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.case import AgreementState, Case
from agreements.errors import ConfigurationError, UsageError
from onboarding.correspondence.addressing import find_contact, resolve_address
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.return_address import return_address
from onboarding.routes import signing_task
from onboarding.standing import why_unwanted
from onboarding.store.cases import find_case
from onboarding.store.issued import list_agreements
from onboarding.store.judgements import Judgement, JudgementStatus, list_judgements
from onboarding.workspace import Workspace
from outbox.messages import NewMessage
from outbox.recipients import Resolved


class Untold(StrEnum):
    """Why an organisation is not told by mail that its return was turned down. Texts: `untold.<code>`."""

    NO_CASE = "no_case"
    NO_ADDRESS = "no_address"
    APPROVED = "approved"
    """Its agreement is approved already: a document more changes nothing."""
    CASE_HELD = "case_held"
    CASE_CLOSED = "case_closed"
    OTHERS_OPEN = "others_open"
    """Another return of the case waits for a person: what is to be done depends on it."""
    BY_DIGIPOST = "by_digipost"
    """Digipost has sent the agreement back, and that is told in a letter of its own."""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What the organisation is told: a message, its bytes stored, or why there is none."""

    message: NewMessage | None = None
    untold: Untold | None = None


def write_rejection(workspace: Workspace, judgement: Judgement) -> Telling:
    """The letter about a return that is about to be turned down. Writes nothing but the letter's bytes."""
    draft = draft_rejection(workspace, judgement)
    if isinstance(draft, Untold):
        return Telling(untold=draft)
    try:
        return Telling(message=make_message(workspace, draft, now=workspace.clock()))
    except (ConfigurationError, UsageError):  # an address that mail can't be sent to
        return Telling(untold=Untold.NO_ADDRESS)


def draft_rejection(workspace: Workspace, judgement: Judgement) -> Written | Untold:
    """What the organisation would be told, asking for exactly what the findings name; or why it would not be."""
    with workspace.store.read() as connection:
        case = None if judgement.case is None else find_case(connection, judgement.case)
        versions = () if case is None else list_agreements(connection, case.number)
        waiting = list_judgements(connection, status=JudgementStatus.OPEN, case=judgement.case) if case else ()
    if case is None:
        return Untold.NO_CASE
    untold = _untold(case, others_open=any(other.id != judgement.id for other in waiting))
    latest = versions[-1] if versions else None
    to = None if latest is None else find_contact(latest.values)
    if untold is not None or latest is None or to is None:
        return untold or Untold.NO_ADDRESS
    try:
        resolved = resolve_address(workspace.settings, to)
    except (ConfigurationError, UsageError):
        return Untold.NO_ADDRESS
    return _written(workspace, case, latest, judgement, resolved)


def _untold(case: Case, *, others_open: bool) -> Untold | None:
    if not case.open:
        return Untold.CASE_CLOSED
    if case.held:
        return Untold.CASE_HELD
    if case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST:
        return Untold.BY_DIGIPOST
    unwanted = why_unwanted(Purpose.REJECTION, None, case)
    if unwanted is not None:
        return Untold.APPROVED
    return Untold.OTHERS_OPEN if others_open else None


def _written(workspace: Workspace, case: Case, latest: Agreement, judgement: Judgement, resolved: Resolved) -> Written:
    private_fonts()
    from renderers.letters import RejectionLetter, render_rejection

    vendor = workspace.vendor(case.vendor_id)
    task = signing_task(latest, vendor, return_to=return_address(workspace, vendor, case.number))
    letter = RejectionLetter(
        about=about(workspace, case, resolved, latest.language),
        received_on=norwegian_day(judgement.judged_at),
        findings=judgement.decision.findings,
        task=task if case.in_force == latest.number else None,
    )
    subject, body = render_rejection(letter, latest.language)
    return Written(
        purpose=Purpose.REJECTION,
        key=f"{Purpose.REJECTION}:{judgement.id}",
        vendor=vendor,
        case=case.number,
        agreement=case.in_force,
        resolved=resolved,
        subject=subject,
        body=body,
    )
