"""A spreadsheet of enquiries (XLSX) as the CSV that `avtale import` reads: one line for each row, in its place.

Pure, over hostile bytes, to be run in the sandbox. What a person sees in a cell decides: text as it stands, numbers
with all the digits the file holds (a spreadsheet shows 9,87E+08 and has them all), days as ISO 8601. Of several sheets
with something on them nothing is guessed; a formula whose result the file does not hold has no value to read.

Not promised: what a formula's stored result means, and hidden rows, which count as all others.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

MAX_UNPACKED_BYTES: Final = 64 * 2**20
"""Of a spreadsheet unpacked; ours: 5,000 rows of 1 kB are some 15 MB of XML."""
MAX_COLUMNS: Final = 200
"""Columns of a sheet; ours: the catalogue has some 70 fields."""
MAX_SHEET_ROWS: Final = 20_000
"""Rows looked at, empty ones too; ours: a spreadsheet that was edited much has many."""


class SheetFault(Exception):
    """The spreadsheet can't be read as a list of enquiries; `code` names a text under `errors.`."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def sheet_as_csv(data: bytes) -> bytes:
    """UTF-8, separated by semicolons, an empty line for an empty row.

    Raises SheetFault: `import_sheet_broken`, `import_sheet_too_large`, `import_sheets` (several have content, or none),
    `import_formula` (a formula without a stored result).
    """
    _require_small(data)
    try:
        values = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        formulas = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # the library raises whatever a broken file makes it stumble on
        raise SheetFault("import_sheet_broken") from error
    filled = [name for name in values.sheetnames if _is_filled(values[name])]
    if len(filled) != 1:
        raise SheetFault("import_sheets", count=len(filled))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    for row in _rows(values[filled[0]], formulas[filled[0]]):
        if any(row):
            writer.writerow(row)
        else:
            text.write("\n")
    return text.getvalue().encode()


def _require_small(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise SheetFault("import_sheet_broken") from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise SheetFault("import_sheet_too_large", limit=MAX_UNPACKED_BYTES)


def _is_filled(sheet: Any) -> bool:
    """Charts are sheets too, without cells."""
    if not hasattr(sheet, "iter_rows"):
        return False
    rows = sheet.iter_rows(max_row=MAX_SHEET_ROWS, max_col=MAX_COLUMNS, values_only=True)
    return any(_text(value) for row in rows for value in row)


def _rows(values: Any, formulas: Any) -> Iterator[list[str]]:
    """Each row, as wide as its heading; cells beyond it that hold something stay, so that the row is told of."""
    width = 0
    pairs = zip(_cells(values), _cells(formulas), strict=False)
    for number, (row, written) in enumerate(pairs, start=1):
        if number > MAX_SHEET_ROWS:
            raise SheetFault("import_sheet_too_large", limit=MAX_SHEET_ROWS)
        cells = [_text(value) for value in row]
        for column, (cell, source) in enumerate(zip(cells, written, strict=False), start=1):
            if not cell and isinstance(source, str) and source.startswith("="):
                raise SheetFault("import_formula", cell=f"{get_column_letter(column)}{number}")
        while cells and not cells[-1]:
            cells.pop()
        width = width or len(cells)
        yield [*cells, *[""] * (width - len(cells))] if cells else []


def _cells(sheet: Any) -> Iterator[tuple[Any, ...]]:
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_row=MAX_SHEET_ROWS + 1, max_col=MAX_COLUMNS, values_only=True)
    return rows


def _text(value: object) -> str:
    """What a person sees in the cell, on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nei"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # all its digits are certain (IEEE 754)
        return str(int(value))
    return " ".join(str(value).split())
