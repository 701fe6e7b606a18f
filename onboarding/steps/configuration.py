"""Step 4: what was agreed becomes a configuration summary that Digipost, the vendor and the customer act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agreements.agreement import Agreement
from agreements.calendar import norwegian_time
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Party
from agreements.catalogue import load_catalogue
from agreements.errors import GateError
from agreements.language import Language
from agreements.parties import Customer
from agreements.summary import (
    Agreed,
    ConfigurationEntry,
    ConfigurationSummary,
    SetUp,
    SummaryApproval,
    SummarySubject,
    as_json,
    build_summary,
)
from agreements.texts import text
from agreements.values import format_date, format_value
from onboarding.answers import Answer, table
from onboarding.files import write_file
from onboarding.rendering import private_fonts
from onboarding.settings import user_name
from onboarding.steps.enquiry import read_case
from onboarding.store.cases import find_case
from onboarding.store.issued import find_agreement
from onboarding.store.judgements import Judgement, JudgementStatus, list_judgements
from onboarding.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a configuration rests on: the signed document and its approval; both None while nothing is approved."""

    document: str | None = None
    approval: SummaryApproval | None = None


def agreed_summary(workspace: Workspace, agreement: Agreement, basis: Basis) -> ConfigurationSummary:
    """The summary of an issued agreement."""
    catalogue = load_catalogue()
    with workspace.store.read() as connection:
        case = find_case(connection, agreement.number.case)
    assert case is not None
    subject = SummarySubject(
        case_number=str(case.number),
        agreement_number=str(agreement.number),
        customer=Customer(org_number=case.org_number, name=case.customer_name),
        vendor=workspace.vendor(case.vendor_id).party(),
        signed_sha256=basis.document,
        approval=basis.approval,
    )
    return build_summary(
        catalogue,
        subject,
        Agreed(values=agreement.values),
        SetUp(),
        deadline_days=workspace.settings.deadlines.configuration,
    )


def read_summary(workspace: Workspace, number: str) -> ConfigurationSummary:
    """The summary of the version in force. Raises GateError("configuration_refused") while none has been issued."""
    case = read_case(workspace, number)
    if case.in_force is None:
        raise GateError("configuration_refused", unmet=("agreement_not_issued",), case=str(case.number))
    with workspace.store.read() as connection:
        agreement = find_agreement(connection, case.in_force)
        judgements = list_judgements(connection, case=case.number, status=JudgementStatus.APPROVED)
    assert agreement is not None
    sent_back = case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST
    ours = () if sent_back else (judgement for judgement in judgements if judgement.agreement == case.in_force)
    approved = next(iter(ours), None)
    return agreed_summary(workspace, agreement, _basis(workspace, approved))


def export_summary(
    workspace: Workspace, number: str, folder: Path, formats: Sequence[str], language: Language
) -> tuple[Path, ...]:
    """Write the summary into a folder, one file for each format, replacing earlier ones; returns their paths.

    Nothing is written unless every format could be made. Raises as `render_export`.
    """
    private_fonts()
    from onboarding.exports import render_export

    summary = read_summary(workspace, number)
    files = [render_export(summary, language, form) for form in dict.fromkeys(formats)]
    paths: list[Path] = []
    for file in files:
        path = folder / f"Konfigurasjonsoversikt-{summary.subject.case_number}{file.ending}"
        write_file(path, file.data)
        paths.append(path)
    return tuple(paths)


def summary_answer(workspace: Workspace, number: str, language: Language) -> Answer:
    """The summary as data, and as lines: what each party sets up, then what is still open."""
    from renderers.summary import customer_task_lines

    summary = read_summary(workspace, number)
    lines: list[str] = []
    for party in (Party.DIGIPOST, Party.VENDOR, Party.CUSTOMER):
        entries: tuple[ConfigurationEntry, ...] = getattr(summary, party.value)
        heading = text(f"talk.sets_up.{party.value}", language)
        rows = [_row(entry, language) for entry in entries]
        tasks = customer_task_lines(summary, language) if party is Party.CUSTOMER else []
        values = table(("field", "value", "api"), rows, language) if rows else []
        lines += [heading, *values, *(f"- {task}" for task in tasks), ""]
    catalogue = load_catalogue()
    items = [
        [
            catalogue.field(item.field_id).label(language),
            text(f"states.owner.{item.owner.value}", language),
            format_date(item.due, language) if item.due else "",
        ]
        for item in summary.open_items
    ]
    lines += [text("talk.open_items", language), *table(("field", "owner", "due"), items, language)]
    return Answer(data=as_json(summary), lines=lines)


def summary_approval(*, by: str, at: datetime, manual: bool) -> SummaryApproval:
    """An approval as the summary shows it: its day is the Norwegian one."""
    return SummaryApproval(by=by, at=norwegian_time(at), manual=manual)


def _basis(workspace: Workspace, approved: Judgement | None) -> Basis:
    if approved is None:
        return Basis()
    manual = approved.decided_by is not None
    at = approved.decided_at or approved.judged_at
    by = user_name(workspace.settings, approved.decided_by.user) if approved.decided_by else "avtalemottak"
    return Basis(document=approved.sha256, approval=summary_approval(by=by, at=at, manual=manual))


def _row(entry: ConfigurationEntry, language: Language) -> list[str]:
    catalogue = load_catalogue()
    field = catalogue.field(entry.field_id)
    value: JsonValue = entry.value
    return [field.label(language), format_value(catalogue, field, value, language), entry.api or ""]
