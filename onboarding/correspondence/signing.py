"""The request to sign: an issued agreement goes to its organisation, once for each version.

1. prepare   everything that stands in the way is told at once; nothing is written
2. freeze    the mail's bytes, with the agreement as it was issued, among the originals
3. one transaction: the message, the case's move to `sent`, the event
A crash between 2 and 3 leaves bytes that nobody names, and the same command sends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agreements.agreement import Agreement, SigningRoute
from agreements.case import AgreementState, Case, move_agreement
from agreements.casenumber import AgreementNumber
from agreements.errors import ConfigurationError, GateError
from agreements.parties import Actor
from agreements.turn import Duty
from agreements.values import Fault
from onboarding.correspondence.addressing import CONTACTS, find_contact, resolve_address
from onboarding.correspondence.thread import find_request
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.record import EventKind
from onboarding.rendering import private_fonts
from onboarding.return_address import return_address
from onboarding.routes import agreement_file_name, signing_task
from onboarding.steps.agreement import read_issued
from onboarding.steps.enquiry import read_case
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent
from onboarding.store.overview import CaseFilter, list_page
from onboarding.workspace import Workspace
from outbox.compose import Attachment
from outbox.messages import Connection, enqueue
from outbox.recipients import Resolved


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to sign that may be sent as it stands."""

    case: Case
    """As it was when this was prepared: compare-and-set refuses the move if anybody changes it meanwhile."""
    agreement: Agreement
    to: str
    """The address on the agreement; `written` has where the mail really goes."""
    written: Written

    @property
    def pdf(self) -> Attachment:
        """The agreement as it was issued."""
        return self.written.attachments[0]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason why an agreement is not sent. `code` names a text under `errors.`; `params` fill its places."""

    code: str
    params: dict[str, str]


def sendable_cases(workspace: Workspace) -> tuple[str, ...]:
    """The numbers of all cases whose version in force waits to be sent: issued, and never asked to be signed."""
    with workspace.store.read() as connection:
        return tuple(
            str(case.number)
            for case in list_page(connection, CaseFilter(duty=Duty.SIGN))
            if case.agreement_state is AgreementState.ISSUED
            and case.in_force is not None
            and find_request(connection, case.in_force) is None
        )


def signing_key(number: AgreementNumber) -> str:
    """One request for each version, however often it is asked for."""
    return f"{Purpose.SIGNING}:{number}"


def prepare_request(workspace: Workspace, number: str) -> Request:
    """What would be sent for a case now. Writes nothing.

    Raises GateError if the version in force can't be sent now or was sent before; ConfigurationError
    `agreement_not_sendable` (exit 3) with every missing value, terms or precondition.
    """
    case = read_case(workspace, number)
    with workspace.store.read() as connection:
        in_force = _require_movable(connection, case)
    agreement = read_issued(workspace, in_force)
    refusals = tuple(_refusals(workspace, case, agreement))
    if refusals:
        raise ConfigurationError(
            "agreement_not_sendable", agreement=str(in_force), count=len(refusals), faults=refusals
        )
    to = find_contact(agreement.values)
    assert to is not None
    resolved = resolve_address(workspace.settings, to)
    return Request(case=case, agreement=agreement, to=to, written=_written(workspace, case, agreement, resolved))


def send_request(workspace: Workspace, number: str, actor: Actor) -> tuple[Request, int]:
    """Steps 1 to 3 for one case; returns the request and its message's row.

    Raises as `prepare_request`; TemporaryError if somebody changed the case meanwhile.
    """
    request = prepare_request(workspace, number)
    now, version = workspace.clock(), request.agreement.number
    message = make_message(workspace, request.written, now=now)
    with workspace.store.begin() as connection:
        row = enqueue(connection, message, now=now)
        if row is None:
            raise _sent_before(connection, version)  # by somebody else, meanwhile
        event = NewEvent(
            kind=EventKind.AGREEMENT_SENT,
            actor=actor,
            at=now,
            data={"agreement": str(version), "message": row, "sha256": request.agreement.sha256},
        )
        move_case(connection, _sent(request.case, now), event=event)
    return request, row


def _sent(case: Case, now: datetime) -> Case:
    return move_agreement(case, AgreementState.SENT, now=now)


def _require_movable(connection: Connection, case: Case) -> AgreementNumber:
    """The version in force, if the case lets it be sent."""
    if case.in_force is None:
        raise GateError("agreement_not_sent", unmet=("agreement_not_issued",), case=str(case.number))
    if find_request(connection, case.in_force) is not None:
        raise _sent_before(connection, case.in_force)
    _sent(case, case.updated_at)
    return case.in_force


def _sent_before(connection: Connection, version: AgreementNumber) -> GateError:
    before = find_request(connection, version)
    return GateError(
        "agreement_sent_before",
        unmet=("agreement_sent",),
        agreement=str(version),
        message=0 if before is None else before.id,
    )


def _refusals(workspace: Workspace, case: Case, agreement: Agreement) -> Iterator[Fault | Refusal]:
    if find_contact(agreement.values) is None:
        yield from (Fault(field_id=field, code="missing", params={}) for field in CONTACTS)
    if workspace.settings.environment != "production":
        return
    if agreement.example_terms:
        yield Refusal(code="example_not_sent", params={"agreement": str(agreement.number)})
    if workspace.vendor(case.vendor_id).integration_verified is None:
        yield Refusal(code="integration_not_verified", params={"vendor": case.vendor_id})


def _written(workspace: Workspace, case: Case, agreement: Agreement, resolved: Resolved) -> Written:
    private_fonts()
    from renderers.letters import SigningLetter, render_signing

    vendor = workspace.vendor(case.vendor_id)
    letter = SigningLetter(
        about=about(workspace, case, resolved, agreement.language),
        task=signing_task(agreement, vendor, return_to=return_address(workspace, vendor, case.number)),
        kind=str(agreement.values["agreement.kind"]),
        copy_attached=agreement.route is SigningRoute.SERVICE,
    )
    subject, body = render_signing(letter, agreement.language)
    pdf = Attachment(
        name=agreement_file_name(agreement.number),
        media_type="application/pdf",
        data=workspace.blobs.read(agreement.sha256),
    )
    return Written(
        purpose=Purpose.SIGNING,
        key=signing_key(agreement.number),
        vendor=vendor,
        case=case.number,
        agreement=agreement.number,
        resolved=resolved,
        subject=subject,
        body=body,
        attachments=(pdf,),
    )
