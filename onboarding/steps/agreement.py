"""Step 2, first half: the agreement is issued. Its bytes are stored before anything else happens.

1. gather the values (defaults, vendor's service profile, vendor, case, signers) and refuse if anything is missing or
wrong                                                                                       (`onboarding.preparing`)
2. render the PDF, and read its pages as a return's will be read                                 (`onboarding.press`)
3. put the vendor's seal on it, where there is one                                             (`onboarding.sealing`)
4. store its bytes, and its field map, among the originals: durable from here on, but not yet an agreement
5. one transaction: the issued version, the case's new state, the event
A crash between 4 and 5 leaves originals that nobody names, and the same command makes the agreement again.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agreements.agreement import Agreement, IssuedState
from agreements.canonical import canonical_json
from agreements.case import AgreementState, Case, move_voided
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.errors import AvtaleError, ConfigurationError, GateError, NotFoundError, TemporaryError
from agreements.parties import Actor
from agreements.turn import Duty
from onboarding.files import write_file
from onboarding.preparing import Prepared, prepare_issue, preview_document
from onboarding.press import Pressed, press, press_all
from onboarding.purposes import ASKS_TO_SIGN, Purpose
from onboarding.record import EventKind
from onboarding.return_address import return_address
from onboarding.routes import Handout, agreement_file_name, make_handout
from onboarding.standing import VERSION_REPLACED
from onboarding.steps.enquiry import read_case
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent
from onboarding.store.issued import find_agreement, insert_agreement, void_agreement
from onboarding.store.overview import CaseFilter, list_page
from onboarding.terms import MAX_ISSUED_BYTES, Terms, read_terms
from onboarding.workspace import Workspace
from outbox.evidence import ANYBODYS_REPORT, left_before
from outbox.messages import Connection, list_messages, withdraw, withdraw_all
from outbox.states import WITHDRAWABLE, State

if TYPE_CHECKING:
    from renderers.agreement import AgreementDocument

VOIDED: Final = "agreement_voided"
"""Why a forward was withdrawn. Text: `outbox_reasons.<code>`; so of the next."""
VOIDED_AFTER_FAILURE: Final = "voided_after_failure"


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An agreement version that was just issued, with its bytes and what the organisation is handed beside."""

    agreement: Agreement
    pdf: bytes
    handout: Handout
    replaces: AgreementNumber | None = None
    """The version that was in force until now, and is valid no more."""


@dataclass(frozen=True, kw_only=True)
class IssueResult:
    """What came of one case of many: an issue, or why there is none."""

    number: str
    """The case's, as it was given."""
    issue: Issue | None = None
    error: AvtaleError | None = None


def issue_agreement(workspace: Workspace, number: str, actor: Actor) -> Issue:
    """Make the next version of a case's agreement, in this process.

    Raises ConfigurationError (exit 3) listing missing or wrong values, terms or precondition; GateError if the case
    can't be issued now; TemporaryError if somebody changed the case meanwhile.
    """
    prepared = prepare_issue(workspace, read_case(workspace, number), read_terms(workspace.settings))
    return _store(workspace, prepared, press(prepared.document), actor)


def issue_agreements(
    workspace: Workspace, numbers: tuple[str, ...], actor: Actor, *, workers: int
) -> Generator[IssueResult]:
    """Make the next version of many cases' agreements: a result for each, in any order, as soon as it is stored.

    Rendered by `workers` processes; checked and stored here, one case at a time. Whoever stops drawing results stops
    the work: what was drawn is issued, the rest is not. One case's failure does not stop the others; only what all of
    them need and lack (the terms) raises.
    """
    terms = read_terms(workspace.settings)
    refused: list[IssueResult] = []
    prepared = _prepare_each(workspace, numbers, terms, refused)
    with closing(press_all(prepared, workers=workers)) as pressed:
        for work, outcome in pressed:
            yield from _drained(refused)
            yield _stored(workspace, work, outcome, actor)
    yield from _drained(refused)


def issuable_cases(workspace: Workspace) -> tuple[str, ...]:
    """The numbers of all cases that wait for their agreement to be issued."""
    waiting = {AgreementState.DRAFT, AgreementState.VOID}
    with workspace.store.read() as connection:
        found = list_page(connection, CaseFilter(duty=Duty.ISSUE))
    return tuple(str(case.number) for case in found if case.agreement_state in waiting)


def preview_agreement(workspace: Workspace, number: str) -> bytes:
    """The PDF as it would be issued now, marked as a preview on every page and without a place to sign.

    Nothing is stored and the case is not changed. Raises as `issue_agreement`.
    """
    document = preview_document(workspace, read_case(workspace, number), read_terms(workspace.settings))
    return press(document).pdf


def void_agreement_in_force(workspace: Workspace, number: CaseNumber, reason: str, actor: Actor) -> AgreementNumber:
    """Make the version in force void: it can never be approved again. Raises GateError, NotFoundError.

    One that is approved too, as long as its message to Digipost can be taken back: it is held, say, and must not leave.
    """
    now = workspace.clock()
    with workspace.store.begin() as connection:
        case = find_case(connection, number)
        if case is None:
            raise NotFoundError("case_not_found", case=str(number))
        in_force = case.in_force
        if in_force is None:
            moving = {"agreement_from": case.agreement_state.value, "agreement_to": AgreementState.VOID.value}
            raise GateError("case_move_refused", unmet=("agreement_not_issued",), case=str(number), **moving)
        if case.agreement_state is AgreementState.APPROVED:
            _take_back(connection, case, in_force, now)
        void_agreement(connection, in_force)
        event = NewEvent(
            kind=EventKind.AGREEMENT_VOIDED, actor=actor, at=now, data={"agreement": str(in_force), "reason": reason}
        )
        move_case(connection, move_voided(case, now=now), event=event)
        _withdraw_requests(connection, number, now)
    return in_force


def _take_back(connection: Connection, case: Case, number: AgreementNumber, now: datetime) -> None:
    """Withdraw the forward of an approved version. Raises GateError if it is under way, or may have arrived.

    One that a mail system has told did not arrive goes, too: else a wrong address would be the end of the case.
    """
    for message in list_messages(connection, case_number=str(number.case)):
        if message.purpose == Purpose.FORWARD and message.agreement == str(number):
            failed = message.state is State.FAILED_LATER and message.reason != ANYBODYS_REPORT
            if not failed and (message.state not in WITHDRAWABLE or left_before(connection, message)):
                moving = {"agreement_from": case.agreement_state.value, "agreement_to": AgreementState.VOID.value}
                raise GateError("case_move_refused", unmet=("forward_may_have_left",), case=str(case.number), **moving)
            withdraw(connection, message.id, reason=VOIDED_AFTER_FAILURE if failed else VOIDED, now=now)


def read_issued(workspace: Workspace, number: AgreementNumber) -> Agreement:
    """An issued version. Raises NotFoundError."""
    with workspace.store.read() as connection:
        agreement = find_agreement(connection, number)
    if agreement is None:
        raise NotFoundError("agreement_not_found", agreement=str(number))
    return agreement


def unsaved_issue(workspace: Workspace, number: str, folder: Path) -> Issue | None:
    """A case's agreement that was issued but whose files are not all in the folder; None if there is none such."""
    case = read_case(workspace, number)
    if case.in_force is None or case.agreement_state is not AgreementState.ISSUED:
        return None
    agreement = read_issued(workspace, case.in_force)
    pdf = workspace.blobs.read(agreement.sha256)
    issue = Issue(agreement=agreement, pdf=pdf, handout=_handout(workspace, case, agreement, pdf))
    path = folder / agreement_file_name(agreement.number)
    wanted = {path: pdf, **issue.handout.paths(path)}
    return None if all(_holds(place, data) for place, data in wanted.items()) else issue


def save_issue(issue: Issue, folder: Path) -> Path:
    """Write the PDF into a folder, and its handout beside; returns the PDF's path. Other files there stay as they are,
    but one that a killed process left half written is finished.

    Raises ConfigurationError: `agreement_not_saved`, which says where the agreement lies, for it is issued all the
    same; `handout_not_saved` if its PDF is there and something beside it is not.
    """
    path = folder / agreement_file_name(issue.agreement.number)
    number, sha256 = str(issue.agreement.number), issue.agreement.sha256
    told = {"agreement": number, "folder": str(folder)}
    if not _save(path, issue.pdf):
        original = f"{sha256[:2]}/{sha256}"
        raise ConfigurationError("agreement_not_saved", **told, path=str(path), original=original)
    for place, data in issue.handout.paths(path).items():
        if not _save(place, data):
            raise ConfigurationError("handout_not_saved", **told, path=str(place), pdf=str(path))
    return path


def _save(path: Path, data: bytes) -> bool:
    """False if the file could not be written."""
    try:
        if not _holds(path, data):
            write_file(path, data, replace=_is_begun(path, data))
    except (ConfigurationError, TemporaryError):
        return False
    return True


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def _is_begun(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size < len(data) and data.startswith(path.read_bytes())


def _prepare_each(
    workspace: Workspace, numbers: tuple[str, ...], terms: Terms, refused: list[IssueResult]
) -> "Iterator[tuple[_Work, AgreementDocument]]":
    """Drawn from as workers have room, so that a case is read shortly before it is written. Fills `refused`."""
    for number in numbers:
        try:
            prepared = prepare_issue(workspace, read_case(workspace, number), terms)
        except AvtaleError as error:
            refused.append(IssueResult(number=number, error=error))
        else:
            yield _Work(number, prepared), prepared.document


@dataclass(frozen=True, eq=False)
class _Work:
    """A case on its way through the press; each is a key of its own."""

    number: str
    prepared: Prepared


def _drained(refused: list[IssueResult]) -> Iterator[IssueResult]:
    while refused:
        yield refused.pop(0)


def _stored(workspace: Workspace, work: _Work, outcome: Pressed | AvtaleError, actor: Actor) -> IssueResult:
    if isinstance(outcome, AvtaleError):
        return IssueResult(number=work.number, error=outcome)
    try:
        return IssueResult(number=work.number, issue=_store(workspace, work.prepared, outcome, actor))
    except AvtaleError as error:
        return IssueResult(number=work.number, error=error)


def _store(workspace: Workspace, prepared: Prepared, pressed: Pressed, actor: Actor) -> Issue:
    """Steps 3 to 5. Raises TemporaryError, ConfigurationError: `document_too_large`, `signing_service_limits`."""
    vendor = workspace.vendor(prepared.case.vendor_id)
    pressed = replace(pressed, pdf=workspace.sealers.seal(pressed.pdf, vendor, prepared.at))
    if len(pressed.pdf) > MAX_ISSUED_BYTES:
        raise ConfigurationError("document_too_large", size=len(pressed.pdf), limit=MAX_ISSUED_BYTES)
    field_map = canonical_json(pressed.field_map.model_dump(mode="json")).encode()
    agreement = _agreement(
        prepared,
        pressed,
        sha256=workspace.blobs.put(pressed.pdf),
        field_map_sha256=workspace.blobs.put(field_map),
        issued_by=actor.user,
    )
    handout = _handout(workspace, prepared.case, agreement, pressed.pdf)
    event = NewEvent(
        kind=EventKind.AGREEMENT_ISSUED,
        actor=actor,
        at=prepared.at,
        data={
            "agreement": str(agreement.number),
            "sha256": agreement.sha256,
            "field_map_sha256": agreement.field_map_sha256,
            "template_version": agreement.template_version,
        },
    )
    with workspace.store.begin() as connection:
        insert_agreement(connection, agreement)
        move_case(connection, prepared.case, event=event)
        _withdraw_requests(connection, prepared.case.number, prepared.at)
    return Issue(agreement=agreement, pdf=pressed.pdf, handout=handout, replaces=prepared.replaces)


def _withdraw_requests(connection: Connection, case: CaseNumber, now: datetime) -> None:
    """Nobody is to be asked to sign a version that is valid no more, nor told what deviates from it."""
    about = (*ASKS_TO_SIGN, Purpose.DEVIATION)
    withdraw_all(connection, case_number=str(case), purposes=about, reason=VERSION_REPLACED, now=now)


def _handout(workspace: Workspace, case: Case, agreement: Agreement, pdf: bytes) -> Handout:
    vendor = workspace.vendor(case.vendor_id)
    return make_handout(agreement, pdf, vendor, return_to=return_address(workspace, vendor, case.number))


def _agreement(
    prepared: Prepared, pressed: Pressed, *, sha256: str, field_map_sha256: str, issued_by: str
) -> Agreement:
    document, made = prepared.document, {"agreement.id": str(prepared.version)}
    made["agreement.template_version"] = pressed.template_version
    return Agreement(
        number=prepared.version,
        sha256=sha256,
        size=len(pressed.pdf),
        template_version=pressed.template_version,
        language=document.language,
        pages=pressed.pages,
        example_terms=document.example,
        route=document.route,
        open_fields=document.open_fields,
        control_code=pressed.control_code,
        field_map_sha256=field_map_sha256,
        values={**document.values, **made},
        signers=document.signers,
        state=IssuedState.ISSUED,
        issued_at=prepared.at,
        issued_by=issued_by,
    )
