"""How the values of an agreement come together, and what its signers give it."""

from dataclasses import replace
from datetime import date

from agreements.agreement import SIGNATURE_FIELDS, agreement_values, signer_values
from agreements.canonical import JsonValue
from agreements.case import MAX_SIGNERS
from agreements.catalogue import load_catalogue
from agreements.parties import Signer
from agreements.values import check_values
from tests.agreements.ground_examples import KARI, OLA, VENDOR

CATALOGUE = load_catalogue()


def values(profile: dict[str, JsonValue], case: dict[str, JsonValue], *signers: Signer) -> dict[str, JsonValue]:
    return agreement_values(CATALOGUE, case_values=case, vendor=VENDOR, profile=profile, signers=signers)


def test_later_sources_win_default_then_profile_then_case() -> None:
    assert values({}, {})["service.direct_print"] is False
    assert values({"service.direct_print": True}, {})["service.direct_print"] is True
    assert values({"service.direct_print": True}, {"service.direct_print": False})["service.direct_print"] is False


def test_the_vendor_is_who_the_configuration_says_whatever_its_profile_holds() -> None:
    made = values({"vendor.orgnr": "310000034", "vendor.broker_id": 1, "agreement.kind": "change"}, {})
    assert (made["vendor.orgnr"], made["vendor.name"]) == (VENDOR.org_number.digits, "Fjordsystem AS")
    assert (made["vendor.broker_id"], made["vendor.system_name"]) == (8541208, "Fjord HR")
    assert made["agreement.kind"] == "change"


def test_a_profile_may_name_another_technical_contact_than_the_vendors() -> None:
    assert values({}, {})["contact.technical.email"] == "teknisk@example.org"
    assert (
        values({"contact.technical.email": "drift@example.org"}, {})["contact.technical.email"] == "drift@example.org"
    )


def test_what_is_not_ordered_is_not_in_the_agreement() -> None:
    address: JsonValue = {"lines": [], "postal_code": "0155", "city": "Oslo"}
    assert "print.return_address" not in values({}, {"print.return_address": address})
    ordered = values({"service.print_fallback": True}, {"print.return_address": address})
    assert ordered["print.return_address"] == address
    assert ordered["print.color"] == "MONOCHROME"


def test_an_unknown_field_stays_so_that_checking_can_name_it() -> None:
    made = values({}, {"customer.nme": "x"})
    assert [fault.field_id for fault in check_values(CATALOGUE, made)] == ["customer.nme"]


def test_what_the_program_fills_in_itself_has_no_faults() -> None:
    assert check_values(CATALOGUE, values({}, {}, KARI, OLA)) == ()


def test_the_signers_are_those_declared_on_the_case() -> None:
    assert signer_values(()) == {}
    assert signer_values((KARI,)) == {
        "signer.name": "Kari Nordmann",
        "signer.role": "signature_right",
        "signer.joint": False,
    }
    born = replace(KARI, birth_date=date(1980, 1, 2))
    joint = signer_values((born, OLA))
    assert joint["signer.birth_date"] == "1980-01-02"
    assert joint["signer.joint"] is True
    assert joint["signer2"] == {"name": "Ola Nordmann", "role": "prokura"}


def test_a_case_can_not_slip_in_a_signer_as_a_value() -> None:
    made = values({"signer.name": "Per Hansen"}, {"signer.name": "Per Hansen"}, KARI)
    assert made["signer.name"] == "Kari Nordmann"
    assert "signer2" not in values({}, {"signer2": {"name": "Per Hansen", "role": "prokura"}}, KARI)


def test_there_is_a_signature_field_for_every_signer_there_can_be() -> None:
    assert len(SIGNATURE_FIELDS) == MAX_SIGNERS
