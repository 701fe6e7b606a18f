"""Step 2, first half: the agreement is issued. Its bytes are stored before anything else happens.

1. gather the values (defaults, vendor's service profile, vendor, case, signers) and refuse if anything is missing or
wrong
2. render the PDF
3. store the bytes among the originals: durable from here on, but not yet an agreement
4. one transaction: the issued version, the case's new state, the event
A crash between 3 and 4 leaves an original that nobody names, and the same command makes the agreement again.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from agreements.agreement import Agreement, IssuedState, TermsFile, agreement_values
from agreements.calendar import norwegian_day
from agreements.case import AgreementState, Case, move_agreement, move_issued
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.catalogue import Values, load_catalogue
from agreements.errors import ConfigurationError, GateError, NotFoundError, TemporaryError
from agreements.language import Language
from agreements.parties import Actor
from agreements.values import Fault, check_values, missing_values
from onboarding.files import write_file
from onboarding.record import EventKind
from onboarding.rendering import private_fonts
from onboarding.steps.enquiry import every_case, read_case
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent
from onboarding.store.issued import find_agreement, insert_agreement, void_agreement
from onboarding.terms import read_terms
from onboarding.workspace import Workspace

if TYPE_CHECKING:
    from renderers.agreement import AgreementDocument


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An agreement version that was just issued, with its bytes."""

    agreement: Agreement
    pdf: bytes


def issue_agreement(workspace: Workspace, number: str, actor: Actor) -> Issue:
    """Make the next version of a case's agreement.

    Raises ConfigurationError (exit 3) listing missing or wrong values, terms or precondition; GateError if the case
    can't be
    issued now; TemporaryError if somebody changed the case meanwhile.
    """
    case = read_case(workspace, number)
    now = workspace.clock()
    moved = move_issued(case, now=now)
    terms = _required_terms(workspace, case)
    version = AgreementNumber(case.number, moved.agreement_version)
    values = issue_values(workspace, case, terms, norwegian_day(now))
    pdf, pages, template_version = _render(workspace, version, values, case, terms)
    agreement = Agreement(
        number=version,
        sha256=workspace.blobs.put(pdf),
        size=len(pdf),
        template_version=template_version,
        language=case.language,
        pages=pages,
        example_terms=not terms,
        values={**values, "agreement.id": str(version), "agreement.template_version": template_version},
        signers=case.signers,
        state=IssuedState.ISSUED,
        issued_at=now,
        issued_by=actor.user,
    )
    event = NewEvent(
        kind=EventKind.AGREEMENT_ISSUED,
        actor=actor,
        at=now,
        data={"agreement": str(version), "sha256": agreement.sha256, "template_version": template_version},
    )
    with workspace.store.begin() as connection:
        insert_agreement(connection, agreement)
        move_case(connection, moved, event=event)
    return Issue(agreement=agreement, pdf=pdf)


def issuable_cases(workspace: Workspace) -> tuple[str, ...]:
    """The numbers of all cases that wait for their agreement to be issued."""
    waiting = {AgreementState.DRAFT, AgreementState.VOID}
    return tuple(
        str(case.number)
        for case in every_case(workspace)
        if case.open and not case.held and case.agreement_state in waiting
    )


def preview_agreement(workspace: Workspace, number: str) -> bytes:
    """The PDF as it would be issued now; nothing is stored and the case is not changed. Raises as `issue_agreement`."""
    case = read_case(workspace, number)
    terms = read_terms(workspace.settings)
    version = AgreementNumber(case.number, case.agreement_version + 1)
    pdf, _, _ = _render(
        workspace, version, issue_values(workspace, case, terms, norwegian_day(workspace.clock())), case, terms
    )
    return pdf


def void_agreement_in_force(workspace: Workspace, number: CaseNumber, reason: str, actor: Actor) -> AgreementNumber:
    """Make the version in force void: it can never be approved again. Raises GateError, NotFoundError."""
    now = workspace.clock()
    with workspace.store.begin() as connection:
        case = find_case(connection, number)
        if case is None:
            raise NotFoundError("case_not_found", case=str(number))
        in_force = case.in_force
        if in_force is None:
            moving = {"agreement_from": case.agreement_state.value, "agreement_to": AgreementState.VOID.value}
            raise GateError("case_move_refused", unmet=("agreement_not_issued",), case=str(number), **moving)
        void_agreement(connection, in_force)
        event = NewEvent(
            kind=EventKind.AGREEMENT_VOIDED, actor=actor, at=now, data={"agreement": str(in_force), "reason": reason}
        )
        move_case(connection, move_agreement(case, AgreementState.VOID, now=now), event=event)
    return in_force


def read_issued(workspace: Workspace, number: AgreementNumber) -> Agreement:
    """An issued version. Raises NotFoundError."""
    with workspace.store.read() as connection:
        agreement = find_agreement(connection, number)
    if agreement is None:
        raise NotFoundError("agreement_not_found", agreement=str(number))
    return agreement


def issue_values(workspace: Workspace, case: Case, terms: tuple[TermsFile, ...], issued_on: date) -> Values:
    """All values of the agreement to be issued.

    Raises ConfigurationError("agreement_incomplete") with every gap and fault.
    """
    catalogue = load_catalogue()
    vendor = workspace.vendor(case.vendor_id)
    values = agreement_values(
        catalogue,
        case_values=case.values,
        vendor=vendor.party(),
        profile=vendor.service_profile,
        signers=case.signers,
    )
    values |= {"agreement.issued_at": issued_on.isoformat(), "agreement.terms_version": terms_version(terms)}
    pending = {**values, "agreement.id": "-", "agreement.template_version": "- 000000000000"}  # made by the rendering
    missing = [Fault(field_id=field.id, code="missing", params={}) for field in missing_values(catalogue, pending)]
    faults = (*missing, *check_values(catalogue, values))
    if faults:
        raise ConfigurationError("agreement_incomplete", case=str(case.number), count=len(faults), faults=faults)
    return values


def terms_version(terms: tuple[TermsFile, ...]) -> str:
    """Name, date and hash of each terms file, as the agreement records them; `example` without any."""
    return "; ".join(f"{file.name} {file.date} sha256:{file.sha256[:16]}" for file in terms) or "example"


def agreement_file_name(number: AgreementNumber) -> str:
    """The file name of an issued agreement: ASCII, with its number."""
    return f"Avtale-{number}.pdf"


def save_issue(issue: Issue, folder: Path) -> Path:
    """Write the PDF into a folder and return its path; an existing file with other bytes is not overwritten.

    Raises ConfigurationError("agreement_not_saved"): the agreement is issued all the same, and says where it lies.
    """
    path = folder / agreement_file_name(issue.agreement.number)
    if not _holds(path, issue.pdf):
        try:
            write_file(path, issue.pdf, replace=False)
        except (ConfigurationError, TemporaryError) as error:
            number, sha256 = str(issue.agreement.number), issue.agreement.sha256
            original = f"{sha256[:2]}/{sha256}"
            raise ConfigurationError(
                "agreement_not_saved", agreement=number, path=str(path), original=original
            ) from error
    return path


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def _required_terms(workspace: Workspace, case: Case) -> tuple[TermsFile, ...]:
    """The operator's terms; production issues nothing without them, nor before the integration is verified (seed)."""
    terms = read_terms(workspace.settings)
    if workspace.settings.environment == "production":
        if not terms:
            raise ConfigurationError("terms_missing")
        if workspace.vendor(case.vendor_id).integration_verified is None:
            raise ConfigurationError("integration_not_verified", vendor=case.vendor_id)
    return terms


def agreement_document(agreement: Agreement, terms: tuple[TermsFile, ...]) -> "AgreementDocument":
    """What an agreement is rendered from."""
    from renderers.agreement import AgreementDocument

    return AgreementDocument(
        number=str(agreement.number),
        values=agreement.values,
        signers=agreement.signers,
        language=agreement.language,
        issued_on=norwegian_day(agreement.issued_at),
        terms=terms,
        example=agreement.example_terms,
    )


def _render(
    workspace: Workspace, version: AgreementNumber, values: Values, case: Case, terms: tuple[TermsFile, ...]
) -> tuple[bytes, int, str]:
    private_fonts()
    from renderers.agreement import AgreementDocument, render_agreement

    rendered = render_agreement(
        AgreementDocument(
            number=str(version),
            values=values,
            signers=case.signers,
            language=Language(case.language),
            issued_on=date.fromisoformat(str(values["agreement.issued_at"])),
            terms=terms,
            example=not terms,
        )
    )
    return rendered.pdf, rendered.pages, rendered.template_version
