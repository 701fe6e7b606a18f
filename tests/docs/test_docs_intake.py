"""What a mailbox, a mail or an alarm can end in stands in operations.md, with what to do."""

import re

from agreements.findings import all_codes
from agreements.language import Language
from agreements.texts import flat_texts
from intake.sources.mailbox import Place, Problem, TlsFault
from onboarding.alarms import AlarmCode
from tests.docs.reference import named, read, spans, table_rows

OPERATIONS = read("docs/operations.md")
ONLY_VALIDATE = {"INT-013"}  # no such file: `avtale validate` alone says so


def in_tables(*headings: str) -> set[str]:
    """Every code in the first cells of these tables."""
    return {span for heading in headings for row in table_rows(OPERATIONS, heading) for span in spans(row[0])}


def test_every_fault_of_a_mailbox_has_its_row() -> None:
    assert {problem.value for problem in Problem} <= in_tables("error")


def test_everything_the_doctor_says_of_a_mailbox_has_its_row() -> None:
    told = {key.split(".")[1] for key in flat_texts(Language.EN) if key.startswith("errors.doctor_mailbox_")}
    assert told | {f"doctor_mailbox_tls_{fault}" for fault in TlsFault} == {
        code for code in in_tables("`avtale doctor` says") if code.startswith("doctor_mailbox_")
    }


def test_every_alarm_has_its_row() -> None:
    assert named(OPERATIONS, "alarm") == [code.value for code in AlarmCode]


def test_every_finding_of_intake_is_told_with_what_to_do() -> None:
    tables = "\n".join(line for line in OPERATIONS.splitlines() if line.startswith("|"))
    spelled_out = tables
    for first, last in re.findall(r"INT-(\d{3}) to INT-(\d{3})", tables):
        spelled_out += " ".join(f"INT-{number:03d}" for number in range(int(first), int(last) + 1))
    wanted = {code.code for code in all_codes() if code.code.startswith("INT-")} - ONLY_VALIDATE
    assert sorted(code for code in wanted if code not in spelled_out) == []


def test_every_folder_in_the_mailbox_has_its_row() -> None:
    assert named(OPERATIONS, "folder") == [f"Inntak/{place.value}" for place in Place]
