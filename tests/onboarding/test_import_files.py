"""`avtale import`: spreadsheets, what they do to numbers, and that killing it half-way loses and doubles nothing."""

import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from agreements.catalogue import FieldType
from agreements.errors import UsageError
from agreements.language import Language
from agreements.values import ValueFault
from intake.reading import sheet
from onboarding.answers import Answer
from onboarding.bulk import import_answer
from onboarding.cell_repairs import repair_cell
from onboarding.importing import MAX_FILE_BYTES
from onboarding.store.cases import list_cases
from tests.onboarding.installation import Installation, synthetic_org_number

HEAD = ["vendor", "customer.orgnr", "customer.name", "contact.contract.email", "launch.monthly_volume"]
NUMBERS = [synthetic_org_number(serial) for serial in range(200, 240)]


def workbook(*rows: list[Any], change: Callable[[Workbook], None] = lambda _: None) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    change(book)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def run(installation: Installation, data: bytes, *, dry_run: bool = False, name: str = "kunder.xlsx") -> Answer:
    path = installation.folder / name
    path.write_bytes(data)
    return import_answer(installation.workspace, path, actor=installation.actor, dry_run=dry_run, language=Language.NB)


def results(answer: Answer) -> list[dict[str, Any]]:
    assert isinstance(answer.data, list)
    return [row for row in answer.data if isinstance(row, dict)]


def a_row(number: object, name: str = "Fjell AS", volume: object = 100) -> list[Any]:
    return ["fjord", number, name, "post@example.org", volume]


def test_a_spreadsheet_makes_the_cases_that_its_csv_would_and_tells_the_rows_by_their_numbers(
    installation: Installation,
) -> None:
    book = workbook(HEAD, a_row(int(NUMBERS[0])), [], a_row(f"{NUMBERS[1]}"), a_row("123456789"))
    answer = run(installation, book)
    told = [(row["line"], row["result"]) for row in results(answer)]
    assert told == [(2, "created"), (4, "created"), (5, "refused")]
    assert answer.exit_code == 2
    again = [(row["line"], row["result"], row["notices"]) for row in results(run(installation, book))]
    assert again[:2] == [(2, "exists", []), (4, "exists", [])]


def test_cells_are_read_as_a_person_sees_them() -> None:
    midnight = datetime(2027, 1, 5)  # noqa: DTZ001 - a cell has no time zone
    book = workbook(["a", "b", "c", "d", "e"], [310000000.0, True, date(2027, 1, 5), midnight, "å\nø"])
    assert sheet.sheet_as_csv(book).decode() == "a;b;c;d;e\n310000000;ja;2027-01-05;2027-01-05;å ø\n"


def two_sheets(book: Workbook) -> None:
    book.create_sheet("To").append(["mer"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbook(HEAD, a_row(NUMBERS[0]), change=two_sheets), "import_sheets"),
        (workbook(), "import_sheets"),
        (workbook(HEAD, a_row("=1+1")), "import_formula"),
        (b"PK\x03\x04 and nothing of a zip", "import_sheet_broken"),
        (workbook(HEAD)[:600], "import_sheet_broken"),
        (b"PK\x03\x04" + b"0" * MAX_FILE_BYTES, "import_too_large"),
    ],
    ids=["two", "none", "formula", "no zip", "cut", "large"],
)
def test_a_spreadsheet_that_leaves_doubt_is_refused_as_a_whole(
    installation: Installation, data: bytes, code: str
) -> None:
    with pytest.raises(UsageError) as refused:
        run(installation, data)
    assert refused.value.code == code


def test_a_spreadsheet_that_unpacks_to_more_than_there_is_room_for_is_not_opened() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (sheet.MAX_UNPACKED_BYTES + 1))
    with pytest.raises(sheet.SheetFault, match="import_sheet_too_large"):
        sheet.sheet_as_csv(data.getvalue())


def test_a_child_that_dies_of_it_is_a_broken_spreadsheet(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onboarding import spreadsheets

    tiny = type(spreadsheets._LIMITS)(memory_bytes=2**30, cpu_seconds=30, wall_seconds=45.0, file_bytes=10)
    monkeypatch.setattr(spreadsheets, "_LIMITS", tiny)
    with pytest.raises(UsageError, match="import_sheet_broken"):
        run(installation, workbook(HEAD, a_row(NUMBERS[0])))


@pytest.mark.parametrize(
    ("written", "kind", "read"),
    [
        ("9,87654321E+08", FieldType.ORGNR, "987654321"),
        ("9.87654321e8", FieldType.ORGNR, "987654321"),
        ("987654321,0", FieldType.ORGNR, "987654321"),
        ("4790000000", FieldType.PHONE, "+4790000000"),
        ("4,790000000E+09", FieldType.PHONE, "+4790000000"),
        ("90000000", FieldType.PHONE, "90000000"),
        ("1E+05", FieldType.STRING, "1E+05"),
        ("Storgata 1, 155 Oslo", FieldType.ADDRESS, "Storgata 1, 0155 Oslo"),
        ("Storgata 1, 15 Oslo", FieldType.ADDRESS, "Storgata 1, 15 Oslo"),
        ("Storgata 155, 0155 Oslo", FieldType.ADDRESS, "Storgata 155, 0155 Oslo"),
    ],
)
def test_what_a_spreadsheet_did_is_put_right_only_where_it_is_certain(written: str, kind: FieldType, read: str) -> None:
    found = repair_cell(written, kind)
    assert (found.text, found.changed) == (read, written != read)


@pytest.mark.parametrize("written", ["9,87E+08", "9.8765432E+08", "1E+9", "9,876543210E+08"])
def test_digits_that_are_lost_are_a_fault(written: str) -> None:
    with pytest.raises(ValueFault, match="cell_exponent"):
        repair_cell(written, FieldType.ORGNR)


def test_a_repair_is_told_and_a_doubt_refuses_its_row_alone(installation: Installation) -> None:
    first, exponent = NUMBERS[0], f"{NUMBERS[1][0]},{NUMBERS[1][1:]}E+08"
    rows = [HEAD, a_row(first), a_row(exponent), a_row("3,15E+08")]
    text = "\ufeff" + "\n".join(";".join(str(cell) for cell in row) for row in rows)
    created, repaired, refused = results(run(installation, text.encode(), name="kunder.csv"))
    assert (created["result"], created["notices"]) == ("created", [])
    assert repaired["result"] == "created"
    assert [notice["code"] for notice in repaired["notices"]] == ["cell_repaired"]
    assert refused["result"] == "refused"
    assert "potens" in str(refused["errors"])


def test_windows_letters_are_read(installation: Installation) -> None:
    text = ";".join(HEAD) + "\n" + ";".join(map(str, a_row(NUMBERS[0], "Blåbær & Ørret AS")))
    assert results(run(installation, text.encode("cp1252"), name="kunder.csv"))[0]["result"] == "created"
    with installation.workspace.store.read() as connection:
        assert list_cases(connection)[-1].customer_name == "Blåbær & Ørret AS"


def test_an_open_case_is_never_changed_and_what_differs_is_told(installation: Installation) -> None:
    run(installation, workbook(HEAD, a_row(NUMBERS[0])))
    [row] = results(run(installation, workbook(HEAD, a_row(NUMBERS[0], "Annet AS", 900))))
    assert row["result"] == "exists"
    assert "customer.name, launch.monthly_volume" in str(row["notices"])
    with installation.workspace.store.read() as connection:
        assert list_cases(connection)[-1].customer_name == "Fjell AS"


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
import onboarding.bulk as bulk
from onboarding.cli import run_cli
made, create = [], bulk.create_case
def dying(*given):
    made.append(create(*given))
    if len(made) == 17:
        os.kill(os.getpid(), signal.SIGKILL)
    return made[-1]
bulk.create_case = dying
sys.exit(run_cli(sys.argv[1:]))
"""


def test_killed_at_row_17_and_run_again_every_customer_has_one_case(installation: Installation) -> None:
    path = installation.folder / "førti.csv"
    rows = [HEAD, *(a_row(number, f"Nr {n} AS") for n, number in enumerate(NUMBERS))]
    path.write_text("\n".join(";".join(str(cell) for cell in row) for row in rows), encoding="utf-8")
    command = [sys.executable, "-c", KILLED, "--config", str(installation.config), "--by", "ola", "import", str(path)]
    killed = subprocess.run(command, capture_output=True, check=False, env={**os.environ})
    assert killed.returncode == -signal.SIGKILL
    assert len(made(installation)) == 17
    done = import_answer(installation.workspace, path, actor=installation.actor, dry_run=False, language=Language.NB)
    told = [row["result"] for row in results(done)]
    assert told == ["exists"] * 17 + ["created"] * 23
    assert sorted(made(installation)) == sorted(NUMBERS)


def made(installation: Installation) -> list[str]:
    with installation.workspace.store.read() as connection:
        return [case.org_number.digits for case in list_cases(connection) if case.org_number.digits in NUMBERS]
