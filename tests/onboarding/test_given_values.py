"""What a person may give, wherever they give it: seen, printable, emptied; and what a signing service is told."""

import json
import logging
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agreements.case import AgreementState, Case
from agreements.errors import AvtaleError, ConfigurationError, UsageError
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from agreements.values import Fault
from intake.reading.pages import read_pages
from onboarding.answers import error_lines
from onboarding.bulk import import_answer
from onboarding.case_view import case_details
from onboarding.issuing import Result, issue_many, told
from onboarding.record import EventKind
from onboarding.routes import ORDER_FILE
from onboarding.steps.agreement import issue_agreement, issue_agreements, save_issue
from onboarding.steps.enquiry import Enquiry, create_case, declare_signer, parse_signer, read_case, set_values
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent
from tests.onboarding.installation import KARI, OLA, Installation, synthetic_org_number

SHY = "Ka\u00adri Nordmann"
HAN = "Kari 漢"
IDENTITY = "Åse Sørbø 01017010170"


def faults_of(error: AvtaleError) -> list[tuple[str, str]]:
    faults = error.params["faults"]
    assert isinstance(faults, tuple)
    return [(fault.field_id, fault.code) for fault in faults if isinstance(fault, Fault)]


def imported(installation: Installation, table: Path, *, dry_run: bool) -> dict[str, Any]:
    """What became of the file's only row."""
    answer = import_answer(
        installation.workspace, table, actor=installation.actor, dry_run=dry_run, language=Language.NB
    )
    (result,) = json.loads(answer.as_json())["data"]
    found: dict[str, Any] = result
    return found


def with_old_value(installation: Installation, case: Case, field_id: str, value: str) -> Case:
    """As if it had been stored before there was a rule."""
    workspace = installation.workspace
    event = NewEvent(kind=EventKind.CASE_VALUES_SET, actor=installation.actor, at=workspace.clock(), data={})
    with workspace.store.begin() as connection:
        return move_case(connection, replace(case, values={**case.values, field_id: value}), event=event)


# --- one rule, wherever a value comes from ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [(SHY, "invisible_character"), (HAN, "character_not_in_fonts"), (IDENTITY, "national_id")]
)
def test_a_name_is_held_to_the_rule_wherever_it_is_given(
    installation: Installation, tmp_path: Path, name: str, code: str
) -> None:
    workspace, actor = installation.workspace, installation.actor
    number = installation.enquire().number
    with pytest.raises(UsageError) as refused:
        set_values(workspace, number, {"admin.name": name}, actor)
    assert faults_of(refused.value) == [("admin.name", code)]
    enquiry = Enquiry(vendor_id="fjord", org_number=synthetic_org_number(70), customer_name=name, values={})
    with pytest.raises(UsageError) as refused:
        create_case(workspace, enquiry, actor)
    assert faults_of(refused.value) == [("customer.name", code)]
    with pytest.raises(UsageError) as refused:
        parse_signer(name, "prokura", birth_date=None, email="", phone="")
    assert faults_of(refused.value) == [("signer.name", code)]
    with pytest.raises(UsageError) as refused:
        declare_signer(workspace, number, Signer(name=name, basis=SigningBasis.PROKURA), None, actor)
    assert faults_of(refused.value) == [("signer.name", code)]
    table = tmp_path / "kunder.csv"
    header = "customer.orgnr;customer.name;vendor;signer.name;signer.role;signer2.name;signer2.role"
    row = f"{synthetic_org_number(71)};{name};fjord;{name};prokura;{name};prokura"
    table.write_text(f"{header}\n{row}\n", encoding="utf-8")
    result = imported(installation, table, dry_run=True)
    told_of = {(error["hint"], error["code"]) for error in result["errors"]}
    assert told_of == {(field, f"value_{code}") for field in ("customer.name", "signer.name", "signer2.name")}


def test_two_spellings_of_a_name_that_look_alike_are_one(installation: Installation) -> None:
    workspace, actor = installation.workspace, installation.actor
    number = installation.enquire().number
    signer = parse_signer("Ka\u030are\u00a0 A\u030as", "prokura", birth_date=None, email="", phone="")
    assert signer.name == "Kåre Ås"
    enquiry = Enquiry(vendor_id="fjord", org_number=synthetic_org_number(72), customer_name="A\u030as  AS", values={})
    case = create_case(workspace, enquiry, actor)
    assert (case.customer_name, case.values["customer.name"]) == ("Ås AS", "Ås AS")
    assert declare_signer(workspace, number, signer, None, actor).signers == (signer,)


@pytest.mark.parametrize("language", list(Language))
def test_an_older_value_that_the_fonts_lack_is_told_per_case_with_its_label_and_the_others_are_issued(
    installation: Installation, tmp_path: Path, language: Language
) -> None:
    odd = with_old_value(installation, installation.enquire(KARI), "admin.name", HAN)
    good = installation.enquire(KARI)
    numbers = (str(odd.number), str(good.number))
    results = {
        result.number: result
        for result in issue_agreements(installation.workspace, numbers, installation.actor, workers=0)
    }
    error = results[numbers[0]].error
    assert isinstance(error, ConfigurationError)
    assert (error.exit_code, error.code, faults_of(error)) == (
        3,
        "agreement_incomplete",
        [("admin.name", "character_not_in_fonts")],
    )
    (line,) = [line for line in error_lines(error, language) if "漢" in line]
    assert "U+6F22" in line
    assert "Administrator i Digipost" in line or "Digipost administrator" in line
    assert results[numbers[1]].issue is not None
    assert read_case(installation.workspace, numbers[0]).agreement_state is AgreementState.DRAFT


@pytest.mark.parametrize("language", list(Language))
def test_an_older_identity_number_is_told_with_its_label_and_masked_and_nothing_is_issued(
    installation: Installation, language: Language
) -> None:
    odd = with_old_value(installation, installation.enquire(KARI), "invoice.reference", "01017010170")
    with pytest.raises(ConfigurationError) as refused:
        issue_agreement(installation.workspace, str(odd.number), installation.actor)
    assert faults_of(refused.value) == [("invoice.reference", "national_id")]
    said = "\n".join(error_lines(refused.value, language))
    assert "010170*****" in said
    assert "01017010170" not in said


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "code"), [("0001-01-01", "day_has_passed"), ("9999-12-31", "day_too_far_ahead")])
def test_an_impossible_start_is_refused_wherever_it_is_given_and_when_the_agreement_is_issued(
    installation: Installation, tmp_path: Path, day: str, code: str
) -> None:
    workspace, actor, expected = installation.workspace, installation.actor, [("launch.first_send_date", code)]
    case = installation.enquire(KARI)
    with pytest.raises(UsageError) as refused:
        set_values(workspace, case.number, {"launch.first_send_date": day}, actor)
    assert faults_of(refused.value) == expected
    with pytest.raises(UsageError) as refused:
        installation.enquire(values={"launch.first_send_date": day})
    assert faults_of(refused.value) == expected
    table = tmp_path / "kunder.csv"
    table.write_text(
        f"customer.orgnr;customer.name;vendor;launch.first_send_date\n{synthetic_org_number(74)};A AS;fjord;{day}\n"
    )
    assert [error["code"] for error in imported(installation, table, dry_run=True)["errors"]] == [f"value_{code}"]
    with_old_value(installation, case, "launch.first_send_date", day)
    with pytest.raises(ConfigurationError) as failed:
        issue_agreement(workspace, str(case.number), actor)
    assert (failed.value.exit_code, faults_of(failed.value)) == (3, expected)


def test_a_start_that_passes_while_the_case_waits_stops_the_issue_and_nothing_else(installation: Installation) -> None:
    workspace, case = installation.workspace, installation.enquire(KARI)
    installation.clock.ahead = timedelta(days=400)
    set_values(workspace, case.number, {"invoice.reference": "KST 2"}, installation.actor)
    with pytest.raises(ConfigurationError) as refused:
        issue_agreement(workspace, str(case.number), installation.actor)
    assert faults_of(refused.value) == [("launch.first_send_date", "day_has_passed")]


@pytest.mark.parametrize(
    ("born", "code"),
    [
        (date(2090, 1, 1), "birth_date_in_future"),
        (date(2020, 1, 1), "birth_date_too_young"),
        (date(1880, 1, 1), "birth_date_too_old"),
    ],
)
def test_an_impossible_birth_date_is_refused_for_every_signer(
    installation: Installation, tmp_path: Path, born: date, code: str
) -> None:
    workspace, actor, case = installation.workspace, installation.actor, installation.enquire(KARI, OLA)
    ola = parse_signer(OLA, "prokura", birth_date=born, email="", phone="")
    with pytest.raises(UsageError) as refused:
        declare_signer(workspace, case.number, ola, None, actor)
    assert faults_of(refused.value) == [("signer.birth_date", code)]
    table = tmp_path / "kunder.csv"
    columns = ("name", "role", "birth_date")
    header = ";".join(f"{who}.{column}" for who in ("signer", "signer2") for column in columns)
    row = f"{synthetic_org_number(75)};A AS;fjord;Kari;prokura;{born};Ola;prokura;{born}"
    table.write_text(f"customer.orgnr;customer.name;vendor;{header}\n{row}\n", encoding="utf-8")
    errors = imported(installation, table, dry_run=True)["errors"]
    told_of = {(error["hint"], error["code"]) for error in errors}
    assert told_of == {(f"{who}.birth_date", f"value_{code}") for who in ("signer", "signer2")}
    assert not any("signer" in error["message"].partition(":")[0] for error in errors)  # labels, not ids
    event = NewEvent(kind=EventKind.CASE_SIGNER_DECLARED, actor=actor, at=workspace.clock(), data={})
    with workspace.store.begin() as connection:  # as if it had been stored before there was a rule
        move_case(connection, replace(case, signers=(case.signers[0], ola)), event=event)
    with pytest.raises(ConfigurationError) as failed:
        issue_agreement(workspace, str(case.number), actor)
    assert faults_of(failed.value) == [("signer2.birth_date", code)]


# --- emptied ----------------------------------------------------------------------------------------------------------


def test_optional_values_of_every_type_are_emptied_and_the_agreement_is_issued_without_them(
    installation: Installation,
) -> None:
    workspace, actor, case = installation.workspace, installation.actor, installation.enquire(KARI)
    given = {
        "admin.birth_date": "17.05.1980",
        "contact.contract.phone": "22 86 55 00",
        "contact.operations.name": "Vakta",
        "invoice.reference": "KST 1",
        "launch.recruitment": "Brev",
        "print.return_address": "Postboks 1, 0155 Oslo",
    }
    filled = set_values(workspace, case.number, given, actor)
    assert all(filled.values[field_id] for field_id in given)
    emptied = set_values(workspace, case.number, {**dict.fromkeys(given, ""), "service.print_fallback": "nei"}, actor)
    assert all(emptied.values[field_id] in (None, "", []) for field_id in given)
    assert case_details(workspace, str(case.number), Language.NB).lines
    issued = issue_agreement(workspace, str(case.number), actor).agreement
    assert all(issued.values.get(field_id) in (None, "", []) for field_id in given)
    assert None not in issued.values.values()


def test_a_required_value_that_was_emptied_is_missing_when_the_agreement_is_issued(installation: Installation) -> None:
    workspace, actor, case = installation.workspace, installation.actor, installation.enquire(KARI)
    emptied = {"customer.business_address": "", "admin.email": "", "contact.contract.name": "", "invoice.method": ""}
    set_values(workspace, case.number, emptied, actor)
    with pytest.raises(ConfigurationError) as refused:
        issue_agreement(workspace, str(case.number), actor)
    assert {(field, "missing") for field in emptied} <= set(faults_of(refused.value))


def test_the_language_is_the_one_value_that_no_case_is_without(installation: Installation) -> None:
    number = installation.enquire().number
    with pytest.raises(UsageError) as refused:
        set_values(installation.workspace, number, {"agreement.language": ""}, installation.actor)
    assert faults_of(refused.value) == [("agreement.language", "missing")]


# --- where a signing service reaches those who sign -------------------------------------------------------------------


def test_the_order_says_where_each_signer_is_told_and_the_record_does_not(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    workspace, actor = installation.workspace, installation.actor
    case = installation.enquire(KARI, OLA)
    kari = parse_signer(KARI, "signature_right", birth_date=None, email=" kari@example.org ", phone="")
    ola = parse_signer(OLA, "prokura", birth_date=None, email="", phone="22 86 55 00")
    for signer in (kari, ola):
        declare_signer(workspace, case.number, signer, None, actor)
    assert read_case(workspace, str(case.number)).signers == (kari, ola)
    set_values(workspace, case.number, {"signing": "service"}, actor)
    issue = issue_agreement(workspace, str(case.number), actor)
    path = save_issue(issue, tmp_path / "ut")
    order = json.loads((path.parent / str(issue.handout.folder) / ORDER_FILE).read_bytes())
    assert [(one["name"], one["email"], one["phone"]) for one in order["signers"]] == [
        (KARI, "kari@example.org", None),
        (OLA, None, "+4722865500"),
    ]
    assert (order["to_complete"], issue.handout.unreachable) == ([], ())
    assert issue.agreement.values["signer.email"] == "kari@example.org"
    shown = case_details(workspace, str(case.number), Language.NB)
    assert "kari@example.org" in "\n".join(shown.lines)
    with workspace.store.read() as connection:
        record = str(connection.exec_driver_sql("SELECT data FROM events").fetchall())
    for secret in ("kari@example.org", "22865500"):
        assert secret not in record
        assert secret not in caplog.text


def test_a_signer_whom_nobody_can_tell_is_named_to_the_person_and_in_the_order(
    installation: Installation, tmp_path: Path
) -> None:
    case = installation.enquire(KARI)
    set_values(installation.workspace, case.number, {"signing": "service"}, installation.actor)
    folder = tmp_path / "ut"
    folder.mkdir()
    (outcome,) = issue_many(
        installation.workspace, [str(case.number)], folder, installation.actor, stop=Event(), done=lambda: None
    )
    assert (outcome.result, outcome.unreachable) == (Result.ISSUED, (KARI,))
    for language in Language:
        (line,) = told([outcome], language)
        assert line.startswith(f"{case.number}: {KARI} ")
        assert "--email" in line
    assert outcome.handout is not None
    order = json.loads((outcome.handout / ORDER_FILE).read_bytes())
    assert order["to_complete"] == [{"signer": 1, "missing": "email_or_phone"}]


def test_a_wrong_address_and_a_wrong_number_are_told_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        parse_signer(KARI, "prokura", birth_date=None, email="kari", phone="12")
    assert faults_of(refused.value) == [("signer.email", "not_an_email"), ("signer.phone", "not_a_phone_number")]


def test_the_list_of_customers_says_where_signers_are_told(installation: Installation, tmp_path: Path) -> None:
    workspace, table = installation.workspace, tmp_path / "kunder.csv"
    columns = ("name", "role", "email", "phone")
    header = ";".join(
        ["customer.orgnr", "customer.name", "vendor", *(f"{w}.{c}" for w in ("signer", "signer2") for c in columns)]
    )
    row = f"{synthetic_org_number(73)};A AS;fjord;Kari;prokura;kari@example.org;;Ola;prokura;;22865500"
    table.write_text(f"{header}\n{row}\n", encoding="utf-8")
    case = read_case(workspace, imported(installation, table, dry_run=False)["case"])
    assert [(signer.email, signer.phone) for signer in case.signers] == [
        ("kari@example.org", None),
        (None, "+4722865500"),
    ]


# --- whom to ask ------------------------------------------------------------------------------------------------------


def test_the_agreement_and_its_letter_name_the_same_address_for_questions_of_privacy(
    installation: Installation, tmp_path: Path
) -> None:
    workspace, case = installation.workspace, installation.enquire(KARI)
    set_values(workspace, case.number, {"contact.technical.email": "drift@example.org"}, installation.actor)
    issue = issue_agreement(workspace, str(case.number), installation.actor)
    configured = workspace.vendor("fjord").contact.email
    printed = " ".join(read_pages(issue.pdf).text.split())
    asked = printed.partition("Datatilsynet")[2][:200]
    assert configured in asked
    assert "drift@example.org" not in asked
    letter = next(data for name, data in issue.handout.files.items() if name.endswith("folgebrev.txt")).decode()
    assert configured in letter
    assert "drift@example.org" not in letter
