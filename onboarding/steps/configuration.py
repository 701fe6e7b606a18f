"""Step 4: what was agreed becomes a configuration summary that Digipost, the vendor and the customer act on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from agreements.agreement import Agreement, IssuedState
from agreements.calendar import add_working_days, norwegian_time
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case
from agreements.casenumber import AgreementNumber
from agreements.catalogue import load_catalogue
from agreements.configuration import Difference, Setting
from agreements.errors import GateError
from agreements.language import Language
from agreements.parameters import Parameters
from agreements.parties import Customer
from agreements.summary import (
    Agreed,
    ConfigurationSummary,
    SetUp,
    SummaryApproval,
    SummarySubject,
    build_summary,
    find_changes,
    values_in_force,
)
from agreements.turn import Duty, Party
from agreements.worklist import TASK, WorkItem, work_list
from onboarding.agreed import agreed_values, settings_in_force
from onboarding.files import write_file
from onboarding.rendering import private_fonts
from onboarding.settings import user_name
from onboarding.steps.enquiry import read_case
from onboarding.store.cases import find_case
from onboarding.store.issued import find_agreement
from onboarding.store.judgements import Judgement, JudgementStatus, list_approved, list_judgements
from onboarding.store.settings import StoredSetting, list_settings
from onboarding.turns import deadlines_of
from onboarding.workspace import Workspace
from outbox.messages import Connection

_BASE_URLS: Final = {"production": "https://api.digipost.no"}
"""By `environment:`; every other one is Digipost's test environment. Source: facts/domain.md §2 (Environment.cs)."""
_TEST_URL: Final = "https://api.test.digipost.no"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a configuration rests on: the signed document, its approval, and what was read of it.

    All None while nothing is approved.
    """

    document: str | None = None
    approval: SummaryApproval | None = None
    parameters: Parameters | None = None

    @property
    def read(self) -> Parameters | None:
        """What was read of the signed document: nothing where it could not be read, None where there is none."""
        return None if self.document is None else self.parameters or Parameters()


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What the summary of a version is built from."""

    case: Case
    agreement: Agreement
    basis: Basis
    agreed: Agreed
    set_up: SetUp
    history: tuple[StoredSetting, ...]
    """Everything that was ever set in the case, oldest first."""

    @property
    def values(self) -> dict[str, JsonValue]:
        """The values in force."""
        return values_in_force(self.agreed, self.set_up)


def agreed_summary(workspace: Workspace, agreement: Agreement, basis: Basis) -> ConfigurationSummary:
    """The summary of an issued agreement, with everything that was set since."""
    with workspace.store.read() as connection:
        case = find_case(connection, agreement.number.case)
        assert case is not None
        configuration = _configuration(workspace, connection, case, agreement, basis)
    return summary_of(workspace, configuration)


def read_summary(workspace: Workspace, number: str) -> ConfigurationSummary:
    """The summary of the version in force. Raises GateError("configuration_refused") while none has been issued."""
    return summary_of(workspace, read_configuration(workspace, number))


def read_configuration(workspace: Workspace, number: str) -> Configuration:
    """What the summary of the version in force is built from. Raises as `read_summary`."""
    case = read_case(workspace, number)
    if case.in_force is None:
        raise GateError("configuration_refused", unmet=("agreement_not_issued",), case=str(case.number))
    with workspace.store.read() as connection:
        agreement = find_agreement(connection, case.in_force)
        assert agreement is not None
        basis = find_basis(workspace, connection, case)
        return _configuration(workspace, connection, case, agreement, basis)


def find_basis(workspace: Workspace, connection: Connection, case: Case) -> Basis:
    """What the version in force rests on: its approved return, unless Digipost has sent it back."""
    if case.agreement_state is AgreementState.RETURNED_BY_DIGIPOST:
        return Basis()
    approved = list_judgements(connection, case=case.number, status=JudgementStatus.APPROVED)
    ours = (judgement for judgement in approved if judgement.agreement == case.in_force)
    return _basis(workspace, next(ours, None))


def summary_of(workspace: Workspace, configuration: Configuration) -> ConfigurationSummary:
    """The summary itself."""
    case, basis = configuration.case, configuration.basis
    subject = SummarySubject(
        case_number=str(case.number),
        agreement_number=str(configuration.agreement.number),
        customer=Customer(org_number=case.org_number, name=case.customer_name),
        vendor=workspace.vendor(case.vendor_id).party(),
        signed_sha256=basis.document,
        approval=basis.approval,
    )
    set_up, due = _with_names(workspace, configuration.set_up), _due(workspace, configuration)
    return build_summary(load_catalogue(), subject, configuration.agreed, set_up, due=due)


def _due(workspace: Workspace, configuration: Configuration) -> date | None:
    """By the clock of the set-up; before it has begun, as if that had been at the approval."""
    days, clock, approval = (
        workspace.settings.deadlines.configuration,
        configuration.case.clock,
        configuration.basis.approval,
    )
    if clock is not None:
        return None if clock.counts_from is None else add_working_days(clock.counts_from, days)
    return None if approval is None else add_working_days(approval.at.date(), days)


def read_work(
    workspace: Workspace, configuration: Configuration, summary: ConfigurationSummary
) -> tuple[WorkItem, ...]:
    """The work list of step 4. What the customer does itself has a deadline of its own while it has the ball."""
    turn, ours = configuration.case.turn, _due(workspace, configuration)
    theirs = None
    if turn is not None and (turn.duty, turn.party) == (Duty.SET_UP, Party.CUSTOMER):
        theirs = deadlines_of(workspace.settings).due(turn, configuration.case.vendor_id)
    due = {Party.VENDOR: ours, Party.DIGIPOST: ours, Party.CUSTOMER: theirs}
    return work_list(load_catalogue(), summary, read_ticks(configuration), due)


def read_ticks(configuration: Configuration) -> dict[str, Setting]:
    """By task, what is ticked off for the version in force: the next agreement begins anew."""
    version = configuration.agreement.number.version
    last = {one.setting.field_id: one for one in configuration.history if one.setting.field_id.startswith(TASK)}
    return {name: one.setting for name, one in last.items() if one.setting.value and one.version == version}


def _with_names(workspace: Workspace, set_up: SetUp) -> SetUp:
    """Digipost and the organisation know the people, not the users of this installation."""
    settings = (replace(one, by=user_name(workspace.settings, one.by)) for one in set_up.settings)
    return replace(set_up, settings=tuple(settings))


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


def summary_approval(*, by: str, at: datetime, manual: bool) -> SummaryApproval:
    """An approval as the summary shows it: its day is the Norwegian one."""
    return SummaryApproval(by=by, at=norwegian_time(at), manual=manual)


def _basis(workspace: Workspace, approved: Judgement | None) -> Basis:
    if approved is None:
        return Basis()
    by = user_name(workspace.settings, approved.decided_by.user) if approved.decided_by else "avtalemottak"
    approval = summary_approval(by=by, at=approved.approved_at, manual=approved.decided_by is not None)
    return Basis(document=approved.sha256, approval=approval, parameters=approved.parameters)


def _configuration(
    workspace: Workspace, connection: Connection, case: Case, agreement: Agreement, basis: Basis
) -> Configuration:
    catalogue, history = load_catalogue(), list_settings(connection, case.number)
    settings = settings_in_force(catalogue, history, agreement.number.version)
    agreed = agreed_values(catalogue, agreement, basis.read, settings)
    environment = _BASE_URLS.get(workspace.settings.environment, _TEST_URL)
    until = None if basis.approval is None else basis.approval.at
    set_up = SetUp(
        settings=settings,
        derived={"setup.environment": environment},
        difference=_find_difference(connection, case, agreement.number, agreed, until),
    )
    return Configuration(case=case, agreement=agreement, basis=basis, agreed=agreed, set_up=set_up, history=history)


# --- the agreement before this one ------------------------------------------------------------------------------------


def _find_difference(
    connection: Connection, case: Case, number: AgreementNumber, agreed: Agreed, until: datetime | None
) -> Difference | None:
    """What a version changes in comparison with the one approved last before it (`until`), for the same organisation
    and vendor.

    A version that was voided never reached Digipost, and is nothing to compare with.
    """
    earlier = [
        judgement
        for judgement in list_approved(connection, case.vendor_id, case.org_number)
        if judgement.agreement != number and (until is None or judgement.approved_at < until)
    ]
    for judgement in sorted(earlier, key=lambda one: one.approved_at, reverse=True):
        before = None if judgement.agreement is None else find_agreement(connection, judgement.agreement)
        if before is not None and before.state is not IssuedState.VOID:
            return _difference(connection, before, judgement, agreed)
    return None


def _difference(connection: Connection, before: Agreement, judgement: Judgement, agreed: Agreed) -> Difference:
    catalogue, number = load_catalogue(), before.number
    settings = settings_in_force(catalogue, list_settings(connection, number.case), number.version)
    read = judgement.parameters or Parameters()
    return Difference(
        agreement=str(number),
        approved_at=judgement.approved_at,
        changes=find_changes(catalogue, agreed_values(catalogue, before, read, settings).values, agreed.values),
    )
