"""Many cases: the queries behind `status` and `case list` at 100,000, and an import of 5,000 rows. Printed, never
asserted. Beside them the least that SQLite can do: counting the rows, and inserting as many with as many syncs.
"""

import csv
import io
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from agreements.calendar import norwegian_day
from agreements.case import AgreementState, Step
from agreements.casenumber import CaseNumber
from agreements.duties import hand_over
from agreements.language import Language
from agreements.orgnumber import check_digit
from agreements.parties import Actor
from agreements.turn import Party
from onboarding.bulk import import_answer
from onboarding.case_list import case_page
from onboarding.status import status_answer
from onboarding.store.cases import case_columns
from onboarding.store.overview import CaseFilter, count_overdue, count_steps, count_turns, list_overdue, list_page
from onboarding.store.tables import cases
from onboarding.store.triggers import create_triggers
from onboarding.turns import deadlines_of
from tests.onboarding.conftest import installation, sandbox, template
from tests.onboarding.installation import Installation
from tests.store.examples import NOW, a_case

pytestmark = pytest.mark.bench
__all__ = ["installation", "sandbox", "template"]
CASES, ROWS, ROUNDS = 100_000, 5_000, 15
_STATES = [
    (Step.ENQUIRY, AgreementState.DRAFT),
    (Step.AGREEMENT, AgreementState.SENT),
    (Step.AGREEMENT, AgreementState.RETURNED),
    (Step.AGREEMENT, AgreementState.FORWARDED),
    (Step.SETUP, AgreementState.ACKNOWLEDGED),
    *[(Step.LAUNCHED, AgreementState.ACKNOWLEDGED)] * 15,
]
"""Three of four are launched; of the rest each fourth waits for the customer."""


def say(line: str) -> None:
    print(f"\n{line}", end="")  # noqa: T201 - the figures are what the bench is for


def milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def rows() -> Iterator[dict[str, object]]:
    for serial in range(10, CASES + 10):
        step, state = _STATES[serial % len(_STATES)]
        moment = NOW - timedelta(hours=serial % 5000)
        case = replace(
            a_case(),
            step=step,
            agreement_state=state,
            unconfirmed=False,
            updated_at=moment,
            issued_on=norwegian_day(moment),
        )
        number = f"{serial:09}"
        yield {
            **case_columns(hand_over(case)),
            "case_number": str(CaseNumber(2026, serial)),
            "year": 2026,
            "serial": serial,
            "org_number": number,
        }


def test_status_and_case_list_at_a_hundred_thousand_cases(installation: Installation) -> None:
    with installation.workspace.store.begin() as connection:
        for name in ("cases_begin_open", "cases_no_replace"):  # nobody launches a case by inserting it
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(cases.insert(), list(rows()))
        create_triggers(connection)
    with installation.workspace.store.begin() as connection:
        connection.execute(sa.text("ANALYZE"))
    deadlines, today = deadlines_of(installation.workspace.settings), date(2026, 11, 24)
    with installation.workspace.store.read() as connection:
        queries: dict[str, Callable[[], object]] = {
            "status: steps with their oldest": lambda: count_steps(connection),
            "status: turns": lambda: count_turns(connection),
            "status: overdue, counted": lambda: count_overdue(connection, deadlines, today),
            "status: overdue, the first ten": lambda: list_overdue(connection, deadlines, today, limit=10),
            "case list: the first 500": lambda: list_page(connection, CaseFilter(), limit=501),
            "case list: one step": lambda: list_page(connection, CaseFilter(step=Step.SETUP), limit=501),
            "case list: one party": lambda: list_page(connection, CaseFilter(waiting_for=Party.CUSTOMER), limit=501),
            "case list: overdue": lambda: list_overdue(connection, deadlines, today, limit=500),
            "peer: SELECT count(*)": lambda: connection.execute(sa.select(sa.func.count()).select_from(cases)).scalar(),
        }
        for name, query in queries.items():
            say(f"{CASES:,} cases, {name}: {milliseconds(query):.1f} ms")
    say(f"status as a whole: {milliseconds(lambda: status_answer(installation.workspace, Language.NB)):.0f} ms")
    page = milliseconds(lambda: case_page(installation.workspace, CaseFilter(), Language.NB, after=None, limit=500))
    say(f"case list as a whole, 500 cases: {page:.0f} ms\n")


def test_an_import_of_five_thousand_rows(installation: Installation, tmp_path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["vendor", "customer.orgnr", "customer.name", "contact.contract.email", "launch.monthly_volume"])
    numbers = many_org_numbers(ROWS)
    writer.writerows(
        ["fjord", number, f"Virksomhet {n} AS", f"post{n}@example.org", "100"] for n, number in enumerate(numbers)
    )
    path = tmp_path / "mange.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    actor = Actor(user="kari", os_user="kari")
    start = time.perf_counter()
    answer = import_answer(installation.workspace, path, actor=actor, dry_run=False, language=Language.NB)
    seconds = time.perf_counter() - start
    assert answer.exit_code == 0
    peer = plain_inserts(tmp_path / "peer.sqlite", text.getvalue())
    figures = f"{ROWS / seconds:.0f} rows/s; sqlite3, a synced insert each: {ROWS / peer:.0f} rows/s"
    say(f"import of {ROWS:,} rows: {figures}\n")


def many_org_numbers(count: int) -> list[str]:
    found = (f"316{n:05d}{digit}" for n in range(100_000) if (digit := check_digit(f"316{n:05d}")) is not None)
    return [next(found) for _ in range(count)]


def plain_inserts(path: Path, text: str) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE enquiries (number TEXT PRIMARY KEY, row TEXT)")
    start = time.perf_counter()
    for row in csv.reader(io.StringIO(text), delimiter=";"):
        connection.execute("BEGIN")
        connection.execute("INSERT INTO enquiries VALUES (?, ?)", (row[1], "|".join(row)))
        connection.execute("COMMIT")
    return time.perf_counter() - start
