"""Many enquiries from one file, as spreadsheets save them: every row checked, nothing written.

The first line names the columns: field ids of the catalogue, `signer.*` and `signer2.*` for those who sign, `signing`
for how they do, and `vendor` where the configuration has several. Separator `;` or `,`; UTF-8 or, for older
spreadsheets, Windows-1252. An empty cell says nothing, so that the vendor's settings or the catalogue's default count.
What a spreadsheet has done to a number is put right where that is certain, and told (`cell_repairs`). An XLSX file
comes here as CSV (`spreadsheets`). Whether a case exists already is for whoever makes the cases.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Final

from agreements.agreement import SigningRoute
from agreements.canonical import JsonValue
from agreements.catalogue import Field, FieldType, Phase, Values, load_catalogue
from agreements.day_rules import check_days
from agreements.errors import UsageError
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from agreements.values import Fault, ValueFault, check_values, parse_email, parse_phone, parse_value
from onboarding.cell_repairs import repair_cell
from onboarding.routes import SIGNING, parse_route

MAX_FILE_BYTES: Final = 5 * 2**20  # 5,000 rows of 1 kB; ours
MAX_ROWS: Final = 5_000  # more customers than any vendor takes on in one go; ours
MAX_ROW_BYTES: Final = 64 * 2**10  # an honest row has 1 kB; ours
MAX_NAME: Final = 130  # as the catalogue's names (xsd: name)
XLSX: Final = b"PK\x03\x04"
"""How a spreadsheet in the present form begins: it is a zip."""
_OLD_SPREADSHEET: Final = b"\xd0\xcf\x11\xe0"  # XLS, and any Office file with a password: an OLE container
_SET_ELSEWHERE: Final = frozenset(
    {"vendor.orgnr", "vendor.name", "vendor.system_name", "vendor.broker_id"}  # the vendor's own settings
    | {"agreement.terms_version", "signer.joint", "signer2"}  # `terms:`, and how many sign
)
_REQUIRED: Final = ("customer.orgnr", "customer.name")
_SIGNER: Final = ("name", "role", "birth_date", "email", "phone")
_CONTACT: Final[Mapping[str, Callable[[str], str | None]]] = {"email": parse_email, "phone": parse_phone}
"""A signer's columns that tell a signing service where to reach them."""
_WHO: Final = ("signer", "signer2")
_VENDOR: Final = "vendor"


@dataclass(frozen=True, kw_only=True)
class EnquiryRow:
    """One customer. `values` are canonical, by field id, without what has a place of its own here."""

    line: int
    vendor_id: str
    org_number: str
    customer_name: str
    language: Language | None
    """None: as the configuration says."""
    values: Values
    signing: SigningRoute | None
    """None: as the vendor's organisations usually sign."""
    signers: tuple[Signer, ...]
    repaired: tuple[Fault, ...] = ()
    """Cells that were read as something else than stands there: no faults, but to be told."""


@dataclass(frozen=True, kw_only=True)
class RefusedRow:
    """A row that makes no case, with everything that is wrong with it."""

    line: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, kw_only=True)
class _Columns:
    names: tuple[str, ...]
    profiles: Mapping[str, Values]
    allow_synthetic: bool
    today: date


def read_enquiries(
    data: bytes, *, profiles: Mapping[str, Values], allow_synthetic: bool, today: date
) -> tuple[EnquiryRow | RefusedRow, ...]:
    """Every row of a CSV file, in its order. `profiles`: vendor id -> service profile. `today`: in Norway.

    Raises UsageError where the file as a whole can't be read: `import_is_spreadsheet`, `import_too_large`,
    `import_not_text`, `import_empty`, `import_broken`, `import_columns`, `import_too_many_rows`.
    """
    lines = _split(_decode(data))
    header = next(lines, None)
    if header is None:
        raise UsageError("import_empty")
    columns = _Columns(names=_columns(header[1]), profiles=profiles, allow_synthetic=allow_synthetic, today=today)
    rows = [_row(line, cells, columns) for line, cells in _limited(lines)]
    if not rows:
        raise UsageError("import_empty")
    return tuple(_refuse_repeated(rows))


def _decode(data: bytes) -> str:
    """UTF-8 if it is that, else Windows-1252: text in the one is almost never valid in the other."""
    if len(data) > MAX_FILE_BYTES:
        raise UsageError("import_too_large", limit=MAX_FILE_BYTES)
    if data.startswith(_OLD_SPREADSHEET):
        raise UsageError("import_is_spreadsheet")
    if b"\x00" in data:  # UTF-16, or no text at all
        raise UsageError("import_not_text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UsageError("import_not_text") from error


def _split(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the line each begins on; empty lines are passed over."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError("import_broken", line=line) from error


def _limited(lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for count, row in enumerate(lines, start=1):
        if count > MAX_ROWS:
            raise UsageError("import_too_many_rows", limit=MAX_ROWS)
        yield row


# --- columns ---------------------------------------------------------------------------------------------------------


def _columns(header: list[str]) -> tuple[str, ...]:
    """The column names. Raises UsageError("import_columns") with every fault at once."""
    names = tuple(name.strip() for name in header)
    known = {_VENDOR, SIGNING, *(f"{who}.{part}" for who in _WHO for part in _SIGNER)}
    known |= {field.id for field in load_catalogue().of_phase(Phase.AGREEMENT) if _may_be_imported(field)}
    faults = [_unknown_column(name, known) for name in names if name not in known]
    faults += [_fault(name, "column_twice") for name in sorted(set(names) & known) if names.count(name) > 1]
    faults += [_fault(name, "column_missing") for name in _REQUIRED if name not in names]
    if faults:
        raise UsageError("import_columns", count=len(faults), faults=tuple(faults))
    return names


def _may_be_imported(field: Field) -> bool:
    return field.filled_by not in {"pipeline", "digipost"} and field.id not in _SET_ELSEWHERE


def _unknown_column(name: str, known: set[str]) -> Fault:
    shown = "".join(character if character.isprintable() else "?" for character in name)[:60]
    near = get_close_matches(shown, known, n=1)
    return _fault(shown, "column_unknown_near", near=near[0]) if near else _fault(shown, "column_unknown")


def _fault(field_id: str, code: str, **params: str | int) -> Fault:
    return Fault(field_id=field_id, code=code, params=params)


# --- one row ---------------------------------------------------------------------------------------------------------


def _row(line: int, cells: list[str], columns: _Columns) -> EnquiryRow | RefusedRow:
    if sum(len(cell.encode()) for cell in cells) > MAX_ROW_BYTES:
        return RefusedRow(line=line, faults=(_fault("", "row_too_large", limit=MAX_ROW_BYTES),))
    if len(cells) != len(columns.names):
        fault = _fault("", "row_cells", found=len(cells), expected=len(columns.names))
        return RefusedRow(line=line, faults=(fault,))
    typed = {name: cell.strip() for name, cell in zip(columns.names, cells, strict=True) if cell.strip()}
    values, faults, repaired = _parse(typed, columns)
    faults += check_days(values, today=columns.today)
    signers, more = _signers(values)
    faults += more
    vendor_id = _vendor(typed, columns, faults)
    signing = _signing(typed, faults)
    faults += [_fault(name, "missing") for name in _REQUIRED if name not in typed]
    profile = columns.profiles.get(vendor_id, {})
    faults += check_values(load_catalogue(), {**profile, **values})
    if faults:
        return RefusedRow(line=line, faults=_without_echoes(faults))
    language = values.pop("agreement.language", None)
    return EnquiryRow(
        line=line,
        vendor_id=vendor_id,
        org_number=str(values.pop("customer.orgnr")),
        customer_name=str(values.pop("customer.name")),
        language=None if language is None else Language(str(language)),
        values=values,
        signing=signing,
        signers=signers,
        repaired=tuple(repaired),
    )


def _without_echoes(faults: list[Fault]) -> tuple[Fault, ...]:
    """A value that could not be read is not missing as well."""
    wrong = {fault.field_id for fault in faults if fault.code != "missing"}
    return tuple(fault for fault in faults if fault.code != "missing" or fault.field_id not in wrong)


def _parse(typed: Mapping[str, str], columns: _Columns) -> tuple[dict[str, JsonValue], list[Fault], list[Fault]]:
    """Canonical values by column, signers' still among them, under their column names; faults; what was put right."""
    values: dict[str, JsonValue] = {}
    faults: list[Fault] = []
    repaired: list[Fault] = []
    for name, text in typed.items():
        if name in {_VENDOR, SIGNING}:
            continue
        try:
            cell = repair_cell(text, _kind(name))
            values[name] = _parse_cell(name, cell.text, allow_synthetic=columns.allow_synthetic)
        except ValueFault as fault:
            faults.append(_fault(name, fault.code, **fault.params))
            continue
        if cell.changed:
            repaired.append(_fault(name, "cell_repaired", found=text[:40], read=cell.text[:40]))
    return values, faults, repaired


def _kind(name: str) -> FieldType:
    who, _, part = name.partition(".")
    if who in _WHO and part in _CONTACT:
        return FieldType.PHONE if part == "phone" else FieldType.EMAIL
    return load_catalogue().field(name.replace("signer2.", "signer.")).type


def _parse_cell(name: str, text: str, *, allow_synthetic: bool) -> JsonValue:
    who, _, part = name.partition(".")
    if who in _WHO and part in _CONTACT:
        return _CONTACT[part](text)
    field = load_catalogue().field(name.replace("signer2.", "signer."))
    return parse_value(field, text, allow_synthetic=allow_synthetic)


def _vendor(typed: Mapping[str, str], columns: _Columns, faults: list[Fault]) -> str:
    """The row's vendor; the only one if the row names none."""
    named = typed.get(_VENDOR)
    if named is None and len(columns.profiles) == 1:
        return next(iter(columns.profiles))
    if named not in columns.profiles:
        code = "missing" if named is None else "vendor_unknown"
        faults.append(_fault(_VENDOR, code, **({} if named is None else {"known": ", ".join(columns.profiles)})))
    return named or ""


def _signing(typed: Mapping[str, str], faults: list[Fault]) -> SigningRoute | None:
    try:
        return parse_route(typed.get(SIGNING, ""))
    except ValueFault as fault:
        faults.append(_fault(SIGNING, fault.code, **fault.params))
        return None


def _signers(values: dict[str, JsonValue]) -> tuple[tuple[Signer, ...], list[Fault]]:
    """Takes the signers' columns out of the values. A person needs a name and a basis; a second one needs a first."""
    faults: list[Fault] = []
    signers: list[Signer] = []
    for who in _WHO:
        given = {part: values.pop(f"{who}.{part}", None) for part in _SIGNER}
        if not any(given.values()):
            continue
        faults += _signer_faults(who, given, first_is_known=who == "signer" or bool(signers or faults))
        if not faults:
            signers.append(_signer(given))
    return tuple(signers), faults


def _signer_faults(who: str, given: Mapping[str, JsonValue], *, first_is_known: bool) -> Iterator[Fault]:
    field = load_catalogue().field("signer.role")
    if not first_is_known:
        yield _fault("signer.name", "missing")
    if not given["name"]:
        yield _fault(f"{who}.name", "missing")
    elif len(str(given["name"])) > MAX_NAME:
        yield _fault(f"{who}.name", "too_long", limit=MAX_NAME)
    if not given["role"]:
        yield _fault(f"{who}.role", "missing")
    elif given["role"] not in field.values:
        yield _fault(f"{who}.role", "not_in_list", allowed=", ".join(field.values))


def _signer(given: Mapping[str, JsonValue]) -> Signer:
    born = given["birth_date"]
    return Signer(
        name=str(given["name"]),
        basis=SigningBasis(str(given["role"])),
        birth_date=None if born is None else date.fromisoformat(str(born)),
        email=None if given["email"] is None else str(given["email"]),
        phone=None if given["phone"] is None else str(given["phone"]),
    )


def _refuse_repeated(rows: list[EnquiryRow | RefusedRow]) -> Iterator[EnquiryRow | RefusedRow]:
    """A customer that stands in the file twice makes one case; which of two rows is right is not for us to say."""
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        if isinstance(row, RefusedRow):
            yield row
            continue
        first = seen.setdefault((row.vendor_id, row.org_number), row.line)
        if first == row.line:
            yield row
        else:
            yield RefusedRow(line=row.line, faults=(_fault("customer.orgnr", "row_repeated", first=first),))
