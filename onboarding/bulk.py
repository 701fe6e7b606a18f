"""`avtale import`: cases from a file, a result for each row. Running it again creates nothing twice."""

from collections.abc import Sequence
from pathlib import Path

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.errors import AvtaleError, NotFoundError, UsageError
from agreements.language import Language
from agreements.orgnumber import parse_org_number
from agreements.parties import Actor
from agreements.texts import text
from agreements.values import Fault
from onboarding.answers import Answer, error_entries, fault_entry, table
from onboarding.files import OddFileError, open_file
from onboarding.importing import MAX_FILE_BYTES, XLSX, EnquiryRow, RefusedRow, read_enquiries
from onboarding.spreadsheets import read_sheet
from onboarding.steps.enquiry import Enquiry, create_case
from onboarding.store.cases import find_open_case
from onboarding.workspace import Workspace


def import_answer(workspace: Workspace, path: Path, *, actor: Actor, dry_run: bool, language: Language) -> Answer:
    """Import a file; exit 2 if any row was refused. Raises NotFoundError, UsageError for the file as a whole."""
    settings = workspace.settings
    profiles = {vendor.id: vendor.service_profile for vendor in settings.vendors}
    today = norwegian_day(workspace.clock())
    data = _read(path)
    if data.startswith(XLSX):
        data = read_sheet(workspace.sandbox, data, work_dir=workspace.blobs.work_dir)
    rows = read_enquiries(data, profiles=profiles, allow_synthetic=settings.allow_synthetic, today=today)
    results = [_import(workspace, row, actor, dry_run=dry_run, language=language) for row in rows]
    refused = [result for result in results if result["result"] == "refused"]
    shown = [
        [str(result["line"]), str(result["case"] or ""), _result_text(result, language), _why(result)]
        for result in results
    ]
    return Answer(
        data=[dict(result) for result in results],
        lines=table(("line", "case", "result", "why"), shown, language),
        exit_code=2 if refused else 0,
    )


def _read(path: Path) -> bytes:
    try:
        with open_file(path) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OddFileError as error:
        raise NotFoundError("not_a_file", path=str(path)) from error
    except OSError as error:
        raise NotFoundError("file_not_found", path=str(path)) from error
    if len(data) > MAX_FILE_BYTES:  # of a spreadsheet cut short nobody could tell that it is too large
        raise UsageError("import_too_large", limit=MAX_FILE_BYTES)
    return data


def _import(
    workspace: Workspace, row: EnquiryRow | RefusedRow, actor: Actor, *, dry_run: bool, language: Language
) -> dict[str, JsonValue]:
    if isinstance(row, RefusedRow):
        return _result(row.line, "refused", language, errors=[fault_entry(fault, language) for fault in row.faults])
    with workspace.store.read() as connection:
        number = parse_org_number(row.org_number, allow_synthetic=True)
        existing = find_open_case(connection, row.vendor_id, number)
    notices = list(row.repaired)
    if existing is not None:
        if differing := _differing(row, existing):
            notices.append(Fault(field_id="", code="row_differs", params={"fields": ", ".join(differing)}))
        return _result(row.line, "exists", language, case=str(existing.number), notices=notices)
    if dry_run:
        return _result(row.line, "would_create", language, notices=notices)
    values = {**row.values, **({"agreement.language": row.language.value} if row.language else {})}
    enquiry = Enquiry(
        vendor_id=row.vendor_id,
        org_number=row.org_number,
        customer_name=row.customer_name,
        values=values,
        signing=row.signing,
        signers=row.signers,
    )
    try:
        case = create_case(workspace, enquiry, actor)
    except AvtaleError as error:
        return _result(row.line, "refused", language, errors=error_entries(error, language))
    return _result(row.line, "created", language, case=str(case.number), notices=notices)


def _differing(row: EnquiryRow, existing: Case) -> list[str]:
    """What the row says otherwise than the open case, which is never changed by an import."""
    differing = [name for name, value in row.values.items() if existing.values.get(name) != value]
    if row.customer_name != existing.customer_name:
        differing.append("customer.name")
    if row.signers and row.signers != existing.signers:
        differing.append("signer")
    return sorted(differing)


def _result(
    line: int,
    result: str,
    language: Language,
    *,
    case: str | None = None,
    errors: list[dict[str, str]] | None = None,
    notices: Sequence[Fault] = (),
) -> dict[str, JsonValue]:
    return {
        "line": line,
        "result": result,
        "case": case,
        "errors": [dict(error) for error in errors or []],
        "notices": [{"code": one.code, "message": fault_entry(one, language)["message"]} for one in notices],
    }


def _result_text(result: dict[str, JsonValue], language: Language) -> str:
    return text(f"talk.import.{result['result']}", language)


def _why(result: dict[str, JsonValue]) -> str:
    told = (entries for name in ("errors", "notices") if isinstance(entries := result[name], list))
    return " ".join(str(entry["message"]) for entries in told for entry in entries if isinstance(entry, dict))
