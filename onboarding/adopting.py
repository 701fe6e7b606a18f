"""A signed agreement that we did not issue becomes a case (`intake adopt`): a customer under way, Digipost's own form.

1. the document is opened like every other: signatures, text, identity numbers
2. its values are read by the map of an imported form, where it is one (`onboarding.foreign_forms`)
3. one transaction: the case, the adopted agreement, the judgement that waits for a person, the receipt

There is no issued document to compare with, so nothing proves what was agreed but the signatures and a person's eyes:
it is always for review, and whoever gets it is told that we did not issue it (docs/adr/0031).
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from agreements.agreement import Agreement, IssuedState, SigningRoute, vendor_values
from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case, move_adopted
from agreements.casenumber import AgreementNumber
from agreements.catalogue import Owner, Values, load_catalogue
from agreements.characters import tidy
from agreements.decision import Decision, decide
from agreements.errors import GateError, UsageError
from agreements.findings import PRV_NOT_COMPARED, PRV_SCAN, SIG_NONE, VAL_DIFFERS, Finding
from agreements.machine_readable import value_fields
from agreements.orgnumber import OrgNumber, parse_org_number
from agreements.parties import Actor
from agreements.reconciling import Issued, Reconciled, reconcile
from agreements.returns import ReturnContext, judge_return
from agreements.signature_report import SignatureReport
from agreements.values import check_values
from intake.ledger import get_receipt, mark_judged, reopen
from intake.receipts import Outcome, Receipt, ReceiptState
from onboarding.foreign_forms import FormReading, Signed, read_foreign
from onboarding.guard import identity_findings
from onboarding.inspection import Inspection, inspect_document
from onboarding.pipeline import Claim, expected_signers
from onboarding.record import EventKind
from onboarding.store.cases import find_open_case, insert_case, move_case, next_case_number
from onboarding.store.events import NewEvent
from onboarding.store.issued import insert_agreement
from onboarding.store.judgements import JudgementStatus, NewJudgement, find_judgement_of, save_judgement
from onboarding.workspace import Workspace
from outbox.messages import Connection

_ORG_NUMBER, _NAME = "customer.orgnr", "customer.name"


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """What somebody asks for. An empty name is read from the form."""

    receipt: int
    org_number: str
    vendor_id: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What came of it."""

    agreement: AgreementNumber
    judgement: int
    form: str | None
    """The imported form whose map it was read by; None where none fitted."""


@dataclass(frozen=True, kw_only=True)
class _Work:
    """Everything that is written at once."""

    receipt: Receipt
    org_number: OrgNumber
    vendor_id: str
    values: Values
    inspection: Inspection
    read: FormReading | None
    actor: Actor
    at: datetime

    @property
    def report(self) -> SignatureReport:
        assert self.inspection.report is not None
        return self.inspection.report


def adopt_receipt(workspace: Workspace, adoption: Adoption, actor: Actor) -> Adopted:
    """Make a case of a received document, or take it into the organisation's open case as its next version.

    Raises NotFoundError (receipt, vendor), OrgNumberError, GateError `adopt_refused` for what belongs to an agreement,
    or can't be read, UsageError `adopt_name` where the form does not tell the organisation's name, `values_refused`.
    """
    vendor = workspace.vendor(adoption.vendor_id)
    org_number = parse_org_number(adoption.org_number, allow_synthetic=workspace.settings.allow_synthetic)
    with workspace.store.read() as connection:
        receipt = get_receipt(connection, adoption.receipt)
        _refuse_unadoptable(connection, receipt)
        known = find_open_case(connection, vendor.id, org_number)
    assert receipt.sha256 is not None
    inspection, read = _open(workspace, receipt.sha256)
    if inspection.report is None or inspection.failure is not None:
        raise GateError("adopt_refused", unmet=("adopt_unreadable",), receipt=receipt.id)
    name = tidy(adoption.name) or (known.customer_name if known else "") or _seen(read, _NAME)
    if not name:
        raise UsageError("adopt_name", receipt=receipt.id)
    values = {**vendor_values(vendor.party()), _ORG_NUMBER: org_number.digits, _NAME: name, "agreement.kind": "new"}
    faults = check_values(load_catalogue(), values)
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=faults)
    work = _Work(
        receipt=receipt,
        org_number=org_number,
        vendor_id=vendor.id,
        values=values,
        inspection=inspection,
        read=read,
        actor=actor,
        at=workspace.clock(),
    )
    return _record(workspace, work)


def _refuse_unadoptable(connection: Connection, receipt: Receipt) -> None:
    unmet: tuple[str, ...] = ()
    if receipt.sha256 is None or receipt.state is not ReceiptState.QUARANTINED:
        unmet += ("adopt_not_quarantined",)
    elif find_judgement_of(connection, receipt.sha256) is not None:
        unmet += ("adopt_judged",)
    if unmet:
        raise GateError("adopt_refused", unmet=unmet, receipt=receipt.id)


def _open(workspace: Workspace, sha256: str) -> tuple[Inspection, FormReading | None]:
    with ExitStack() as stack:
        document = workspace.blobs.open(sha256)
        stack.callback(os.close, document)
        inspection = inspect_document(
            workspace.sandbox, document, issued=None, trust=workspace.trust, at=workspace.clock()
        )
        signed = Signed(descriptor=document, sha256=sha256, has_text=inspection.has_text)
        work_dir = workspace.blobs.work_dir
        return inspection, read_foreign(workspace.sandbox, signed, workspace.settings.data_dir, work_dir=work_dir)


def _seen(read: FormReading | None, field_id: str) -> str:
    seen = () if read is None else read.reading.sightings
    return next((tidy(one.text) for one in seen if one.field_id == field_id), "")


def _reconciled(workspace: Workspace, work: _Work) -> Reconciled:
    """What the form says, by the catalogue's rules; the organisation's own number must be the one that was given."""
    if work.read is None:
        return Reconciled()
    fields = [name for name in work.read.fields if name not in (_ORG_NUMBER, _NAME) and name not in work.values]
    issued = Issued(values=work.values, language=workspace.settings.language, printed=(), open_fields=tuple(fields))
    found = reconcile(
        load_catalogue(),
        issued,
        work.read.reading,
        today=norwegian_day(work.at),
        allow_synthetic=workspace.settings.allow_synthetic,
    )
    return replace(found, findings=(*found.findings, *_other_organisation(work)))


def _other_organisation(work: _Work) -> tuple[Finding, ...]:
    seen = "".join(filter(str.isdecimal, _seen(work.read, _ORG_NUMBER)))
    if not seen or seen == work.org_number.digits:
        return ()
    page = next(one.page for one in work.read.reading.sightings if one.field_id == _ORG_NUMBER) if work.read else 1
    return (VAL_DIFFERS(entry=_ORG_NUMBER, page=page, seen=seen[:20], issued=work.org_number.digits),)


def _record(workspace: Workspace, work: _Work) -> Adopted:
    values = _reconciled(workspace, work)
    with workspace.store.begin() as connection:
        _refuse_unadoptable(connection, get_receipt(connection, work.receipt.id))
        case = _adopting_case(connection, workspace, work)
        number = AgreementNumber(case.number, case.agreement_version)
        agreement = _agreement(workspace, work, number)
        insert_agreement(connection, agreement)
        decision = _decided(workspace, work, case, agreement, values)
        judgement = NewJudgement(
            sha256=work.report.sha256,
            case=case.number,
            version=number.version,
            decision=decision,
            report=work.report,
            status=JudgementStatus.OPEN,
            judged_at=work.at,
            parameters=values.parameters,
        )
        identity = save_judgement(connection, judgement)
        assert identity is not None  # there was none a moment ago, in this transaction
        reopen(connection, work.receipt.id)
        outcome = Outcome(state=ReceiptState.RECEIVED, case_number=str(case.number), agreement=str(number))
        mark_judged(connection, work.report.sha256, outcome, now=work.at)
    return Adopted(agreement=number, judgement=identity, form=None if work.read is None else work.read.form)


def _adopting_case(connection: Connection, workspace: Workspace, work: _Work) -> Case:
    """The organisation's open case with the vendor, or a new one; the agreement is its next version."""
    data: dict[str, JsonValue] = {"receipt": work.receipt.id, "sha256": work.receipt.sha256}
    event = NewEvent(kind=EventKind.AGREEMENT_ADOPTED, actor=work.actor, at=work.at, data=data)
    case = find_open_case(connection, work.vendor_id, work.org_number)
    if case is not None:
        return move_case(connection, move_adopted(case, now=work.at), event=event)
    language = workspace.settings.language
    new = Case(
        number=next_case_number(connection, work.at.year),
        vendor_id=work.vendor_id,
        org_number=work.org_number,
        customer_name=str(work.values[_NAME]),
        language=language,
        values={
            _ORG_NUMBER: work.org_number.digits,
            _NAME: work.values[_NAME],
            "agreement.language": language.value,
        },
        created_at=work.at,
        updated_at=work.at,
    )
    new = move_adopted(new, now=work.at)
    insert_case(connection, new, event=event)
    return new


def _agreement(workspace: Workspace, work: _Work, number: AgreementNumber) -> Agreement:
    """The version that was adopted: the document itself stands where an issued one would."""
    return Agreement(
        number=number,
        sha256=work.report.sha256,
        size=work.report.size,
        template_version=f"adopted {work.report.sha256[:12]}",
        language=workspace.settings.language,
        pages=0,
        example_terms=False,
        route=SigningRoute.OWN_TOOL if work.report.signatures else SigningRoute.PAPER,
        open_fields=tuple(_unknown(work)),
        control_code="",
        field_map_sha256=None,
        values=work.values,
        signers=(),
        state=IssuedState.ISSUED,
        adopted=True,
        issued_at=work.at,
        issued_by=work.actor.user,
    )


def _unknown(work: _Work) -> Iterator[str]:
    """What the form asks for, and what every agreement must say: the signed document alone tells, by machine or eye."""
    on_form = frozenset() if work.read is None else frozenset(work.read.fields)
    for field in value_fields(load_catalogue()):
        needed = field.required and field.when is None and field.owner is Owner.CUSTOMER
        if field.id not in work.values and (field.id in on_form or needed):
            yield field.id


def _decided(workspace: Workspace, work: _Work, case: Case, agreement: Agreement, values: Reconciled) -> Decision:
    expected = expected_signers(workspace, Claim(case=case, agreement=agreement))
    context = ReturnContext(
        case=replace(case, agreement_version=agreement.number.version),
        agreement=agreement,
        delivered_by=work.receipt.vendor_id,
        expected=expected,
        values=values,
    )
    report = work.report.model_copy(update={"findings": _as_foreign(work)})
    findings = judge_return(report, context, None).decision.findings
    return decide((*findings, *identity_findings(work.inspection.identity)))


def _as_foreign(work: _Work) -> tuple[Finding, ...]:
    """Of a picture of paper, that it is a scan stands in place of its lacking signature, as for an issued one."""
    findings = work.report.findings
    if work.inspection.has_text:
        return findings
    told = {SIG_NONE.code, PRV_NOT_COMPARED.code}
    return (*(finding for finding in findings if finding.code not in told), PRV_SCAN())
