"""The configuration summary as a value: who sets up what, what is open; a sender id is no organisation number."""

from datetime import UTC, date, datetime

import pytest

from agreements.canonical import JsonValue, canonical_json
from agreements.catalogue import Owner, Phase, load_catalogue
from agreements.orgnumber import OrgNumber
from agreements.parties import Customer, Vendor
from agreements.summary import (
    Agreed,
    ConfigurationSummary,
    EntrySource,
    OpenReason,
    SetUp,
    SummaryApproval,
    SummarySubject,
    TaskKey,
    as_json,
    build_summary,
    expected_features,
    who_sets_up,
)
from agreements.turn import Party
from agreements.values import with_defaults
from tests.agreements.ground_examples import settings_of

CATALOGUE = load_catalogue()
CUSTOMER = Customer(org_number=OrgNumber("310987654"), name="Blåbær & Sønn AS")
VENDOR = Vendor(
    id="fjord",
    name="Fjordsystem AS",
    org_number=OrgNumber("312345676"),
    system_name="Fjord HR",
    broker_id=8541208,
    contact_name="Åse",
    contact_email="aase@example.org",
)
FRIDAY = datetime(2026, 11, 27, 14, 3, tzinfo=UTC)
AGREED: dict[str, JsonValue] = {
    "customer.orgnr": "310987654",
    "customer.name": "Blåbær & Sønn AS",
    "customer.sector": "private",
    "admin.name": "Siv Hætta",
    "admin.birth_date": "1980-05-17",
    "contact.contract.name": "Kari Nordmann",
    "vendor.broker_id": 8541208,
    "vendor.may_send_on_behalf": True,
    "service.channel": "api",
    "service.digital": True,
    "defaults.authentication_level": "PASSWORD",
    "invoice.method": "email",
}
SET_UP: dict[str, JsonValue] = {
    "setup.sender_id": 1234567,
    "setup.environment": "https://api.test.digipost.no",
    "setup.certificate": "CN=Fjordsystem AS",
    "setup.certificate_kind": "buypass",
}


def build(
    agreed: dict[str, JsonValue] | None = None,
    setup: dict[str, JsonValue] | None = None,
    *,
    approval: SummaryApproval | None = SummaryApproval(by="avtalemottak", at=FRIDAY, manual=False),  # noqa: B008 - frozen
    due: date | None = None,
) -> ConfigurationSummary:
    subject = SummarySubject(
        case_number="DA-2026-000042-J",
        agreement_number="DA-2026-000042-J.1",
        customer=CUSTOMER,
        vendor=VENDOR,
        signed_sha256="ab" * 32 if approval else None,
        approval=approval,
    )
    values = with_defaults(CATALOGUE, AGREED | (agreed or {}))
    set_up = SetUp(settings=settings_of(setup or {}))
    return build_summary(CATALOGUE, subject, Agreed(values=values), set_up, due=due)


@pytest.mark.parametrize(
    ("ordered", "features"),
    [
        ({}, ["delivery.digipost"]),
        ({"service.digital": False}, []),
        ({"service.print_fallback": True}, ["delivery.digipost", "delivery.digipost-with-print-fallback"]),
        ({"service.direct_print": True}, ["delivery.digipost", "delivery.direct-to-print"]),
        ({"service.invoice_without_kid": True}, ["delivery.digipost", "validation.digipost.invoice-allow-no-kid"]),
        ({"service.channel": "batch_sftp"}, ["delivery.digipost", "batch.masseutsendelse"]),
        ({"service.html": True}, ["delivery.digipost"]),
    ],
)
def test_the_expected_features_follow_from_the_ordered_services(
    ordered: dict[str, JsonValue], features: list[str]
) -> None:
    full = [f"no.digipost.feature.{name}" for name in features]
    assert expected_features(CATALOGUE, AGREED | ordered) == full
    granted = [entry.value for entry in build(ordered).digipost if entry.field_id == "setup.expected_features"]
    assert granted == ([full] if full else [])


def test_every_field_with_an_api_name_or_of_the_set_up_is_somebodys_to_set_up() -> None:
    for field in CATALOGUE.fields:
        if field.api is not None or field.phase is Phase.SETUP:
            assert who_sets_up(field.id), field.id


def test_every_field_that_affects_verification_is_in_the_summary() -> None:
    assert [field.id for field in CATALOGUE.fields if field.affects_verification and not who_sets_up(field.id)] == []


def test_the_parts_hold_what_each_party_needs() -> None:
    summary = build(setup=SET_UP)
    digipost = {entry.field_id for entry in summary.digipost}
    vendor = {entry.field_id for entry in summary.vendor}
    assert {"customer.name", "admin.name", "vendor.may_send_on_behalf", "setup.expected_features"} <= digipost
    assert {"defaults.authentication_level", "setup.environment", "setup.certificate"} <= vendor
    assert {"setup.sender_id", "customer.orgnr", "vendor.broker_id"} <= digipost & vendor
    assert who_sets_up("setup.logo") == (Party.CUSTOMER,)


def test_each_entry_says_where_its_value_comes_from_and_what_it_is_called_in_the_api() -> None:
    entries = {entry.field_id: entry for entry in build(setup=SET_UP).vendor}
    assert entries["setup.sender_id"].source is EntrySource.SETUP
    assert entries["setup.sender_id"].api == "sender-id"
    assert entries["defaults.authentication_level"].source is EntrySource.AGREEMENT
    assert entries["defaults.authentication_level"].value == "PASSWORD"


def test_no_personal_data_beyond_the_administrators_name_is_in_the_summary() -> None:
    printed = canonical_json(as_json(build()))
    assert "1980" not in printed
    assert "Kari Nordmann" not in printed


def test_what_is_required_and_lacking_is_open_with_owner_and_the_day_it_is_due() -> None:
    items = {item.field_id: item for item in build(due=date(2026, 12, 1)).open_items}
    assert items.keys() == {"setup.sender_id", "setup.environment", "setup.certificate", "setup.certificate_kind"}
    assert items["setup.sender_id"].owner is Owner.DIGIPOST
    assert items["setup.environment"].owner is Owner.VENDOR
    assert {item.due for item in items.values()} == {date(2026, 12, 1)}
    assert {item.reason for item in items.values()} == {OpenReason.MISSING}


def test_nothing_is_open_when_all_is_set_up() -> None:
    assert build(setup=SET_UP).open_items == ()


def test_a_key_for_sftp_is_asked_for_only_where_batches_are_sent() -> None:
    assert "setup.sftp_key" not in {item.field_id for item in build().open_items}
    assert "setup.sftp_key" in {item.field_id for item in build({"service.channel": "batch_sftp"}).open_items}


def test_before_approval_there_is_no_due_day() -> None:
    summary = build(approval=None)
    assert {item.due for item in summary.open_items} == {None}
    assert as_json(summary)["approval"] is None


@pytest.mark.parametrize("wrong", [310987654, "310987654", 312345676], ids=["number", "text", "vendor"])
def test_an_organisation_number_is_never_taken_for_a_sender_id(wrong: JsonValue) -> None:
    summary = build(setup=SET_UP | {"setup.sender_id": wrong})
    (item,) = summary.open_items
    assert item.field_id == "setup.sender_id"
    assert item.reason is OpenReason.IS_ORG_NUMBER
    entries = (*summary.digipost, *summary.vendor, *summary.customer)
    assert "setup.sender_id" not in {entry.field_id for entry in entries}


def test_the_customers_tasks_follow_from_what_was_ordered() -> None:
    few = [task.key for task in build().customer_tasks]
    much: dict[str, JsonValue] = {
        "service.channel": "batch_sftp",
        "service.print_fallback": True,
        "invoice.method": "ehf",
        "invoice.endpoint": "0192:310987654",
    }
    many = build(much).customer_tasks
    assert few == [TaskKey.LOG_IN, TaskKey.CHECK_ACCOUNT, TaskKey.GIVE_SENDER_ID]
    assert [task.key for task in many] == list(TaskKey)
    assert many[-1].params == {"endpoint": "0192:310987654"}


def test_the_json_structure_is_canonical_and_names_its_schema() -> None:
    summary = as_json(build(setup=SET_UP))
    assert summary["schema"] == "avtale/config/v1"
    assert summary["customer"] == {"org_number": "310987654", "name": "Blåbær & Sønn AS"}
    assert summary["approval"] == {
        "verdict": "approved",
        "by": "avtalemottak",
        "at": "2026-11-27T14:03:00.000000Z",
        "manual": False,
    }
    assert canonical_json(summary) == canonical_json(as_json(build(setup=dict(reversed(SET_UP.items())))))
