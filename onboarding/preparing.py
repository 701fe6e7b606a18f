"""Everything an agreement is made of, gathered and checked before a page is laid out. Nothing is written."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from agreements.agreement import Agreement, SigningRoute, TermsFile, agreement_values
from agreements.calendar import norwegian_day
from agreements.case import Case, move_issued
from agreements.casenumber import AgreementNumber
from agreements.catalogue import Values, load_catalogue
from agreements.day_rules import birth_date_fault, check_days
from agreements.errors import ConfigurationError
from agreements.open_values import open_fields
from agreements.parties import Signer
from agreements.values import Fault, check_values, missing_values
from onboarding.authority import require_right_to_sign
from onboarding.forms.storage import read_form
from onboarding.overrides import read_overrides
from onboarding.settings import VendorSettings
from onboarding.settings.model import STANDARD_TEMPLATE
from onboarding.store.cases import find_case
from onboarding.terms import Terms
from onboarding.workspace import Workspace
from renderers.forms.model import Form

if TYPE_CHECKING:
    from renderers.agreement import AgreementDocument


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An agreement that may be rendered and issued as it stands."""

    case: Case
    """As it will be once this is issued: compare-and-set refuses it if anybody changes the case meanwhile."""
    version: AgreementNumber
    replaces: AgreementNumber | None
    """The version in force so far; None if there is none, or it is void already."""
    document: "AgreementDocument"
    at: datetime


def prepare_issue(workspace: Workspace, case: Case, terms: Terms) -> Prepared:
    """The next version of a case's agreement.

    Raises ConfigurationError (exit 3) listing missing or wrong values, terms or precondition; GateError if the case
    can't be issued now.
    """
    now = workspace.clock()
    moved = move_issued(case, now=now)
    _require_terms(workspace, case, terms)
    require_right_to_sign(workspace, case.org_number, case.signers, str(case.number))
    version = AgreementNumber(case.number, moved.agreement_version)
    document = _document(workspace, case, version, terms, issued_on=norwegian_day(now))
    return Prepared(case=moved, version=version, replaces=case.in_force, document=document, at=now)


def preview_document(workspace: Workspace, case: Case, terms: Terms) -> "AgreementDocument":
    """The next version as it would be issued now, marked as a preview; what keeps the case from being issued aside."""
    version = AgreementNumber(case.number, case.agreement_version + 1)
    return replace(_document(workspace, case, version, terms, issued_on=norwegian_day(workspace.clock())), preview=True)


def issued_document(workspace: Workspace, agreement: Agreement, terms: Terms) -> "AgreementDocument":
    """What an issued agreement was rendered from, its terms aside."""
    from renderers.agreement import AgreementDocument

    with workspace.store.read() as connection:
        case = find_case(connection, agreement.number.case)
    assert case is not None
    return AgreementDocument(
        number=str(agreement.number),
        values=agreement.values,
        signers=agreement.signers,
        language=agreement.language,
        issued_on=norwegian_day(agreement.issued_at),
        terms=terms.files,
        terms_content=terms.content,
        example=agreement.example_terms,
        contact_email=workspace.vendor(case.vendor_id).contact.email,
        marking_key=workspace.marking_key,
        route=agreement.route,
        open_fields=agreement.open_fields,
    )


def signing_route(case: Case, vendor: VendorSettings) -> SigningRoute:
    """How this case's organisation signs: as the case says, else as the vendor's organisations usually do."""
    return case.signing or SigningRoute(vendor.signing)


def terms_version(terms: tuple[TermsFile, ...], form: Form | None = None) -> str:
    """Name, date and hash of each terms file, as the agreement records them; without any the form's, or `example`."""
    own = "example" if form is None else f"{form.name} sha256:{sha256(form.base).hexdigest()[:16]}"
    return "; ".join(f"{file.name} {file.date} sha256:{file.sha256[:16]}" for file in terms) or own


def _require_terms(workspace: Workspace, case: Case, terms: Terms) -> None:
    """Production issues nothing without the operator's terms or form, nor before the integration is verified (seed)."""
    if workspace.settings.environment != "production":
        return
    vendor = workspace.vendor(case.vendor_id)
    if not terms.files and vendor.template == STANDARD_TEMPLATE:  # a form of Digipost's own brings its terms with it
        raise ConfigurationError("terms_missing")
    if vendor.integration_verified is None:
        raise ConfigurationError("integration_not_verified", vendor=case.vendor_id)


def _document(
    workspace: Workspace, case: Case, version: AgreementNumber, terms: Terms, *, issued_on: date
) -> "AgreementDocument":
    from renderers.agreement import AgreementDocument
    from renderers.overrides import STANDARD

    vendor = workspace.vendor(case.vendor_id)
    route = signing_route(case, vendor)
    form = None if vendor.template == STANDARD_TEMPLATE else read_form(workspace.settings.data_dir, vendor.template)
    values = _values(case, vendor, terms_version(terms.files, form), issued_on)
    left_open = open_fields(load_catalogue(), values, allowed=vendor.open, route=route)
    _require_complete(case, values, left_open, issued_on)
    return AgreementDocument(
        number=str(version),
        values=values,
        signers=case.signers,
        language=case.language,
        issued_on=issued_on,
        terms=terms.files,
        terms_content=terms.content,
        example=not terms.files and form is None,
        contact_email=vendor.contact.email,
        marking_key=workspace.marking_key,
        route=route,
        open_fields=left_open,
        form=form,
        overrides=read_overrides(workspace.settings, case.vendor_id) if form is None else STANDARD,
    )


def _values(case: Case, vendor: VendorSettings, terms: str, issued_on: date) -> Values:
    values = agreement_values(
        load_catalogue(),
        case_values=case.values,
        vendor=vendor.party(),
        profile=vendor.service_profile,
        signers=case.signers,
    )
    return {
        **values,
        "agreement.issued_at": issued_on.isoformat(),
        "agreement.terms_version": terms,
    }


def _require_complete(case: Case, values: Values, left_open: tuple[str, ...], issued_on: date) -> None:
    """Raises ConfigurationError("agreement_incomplete") with every gap and fault."""
    catalogue = load_catalogue()
    pending = {**values, "agreement.id": "-", "agreement.template_version": "- 000000000000"}  # made by the rendering
    missing = [
        Fault(field_id=field.id, code="missing", params={})
        for field in missing_values(catalogue, pending)
        if field.id not in left_open
    ]
    faults = (*missing, *check_values(catalogue, values), *check_days(values, today=issued_on))
    if len(case.signers) > 1:  # whose birth date the catalogue's second signer does not have
        faults += _second_birth_date(case.signers[1], issued_on)
    if faults:
        raise ConfigurationError("agreement_incomplete", case=str(case.number), count=len(faults), faults=faults)


def _second_birth_date(signer: Signer, issued_on: date) -> tuple[Fault, ...]:
    born = signer.birth_date
    found = None if born is None else birth_date_fault("signer2.birth_date", born, today=issued_on)
    return () if found is None else (found,)
