"""Which values `config set` takes. Every rule gives faults, so that whoever types hears of all of them at once.

Whose value a field is decides (catalogue: `owner`, `phase`). Vendor's and Digipost's may be set; what the customer has
signed changes only by a new signed agreement. What the catalogue says of each value is `agreements.values`'.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, Owner, Values
from agreements.parties import POSTEN_ORG_NUMBER
from agreements.values import Fault, ValueFault, check_values
from onboarding.agreed import is_customers, may_transcribe
from onboarding.settings import VendorSettings
from onboarding.steps.configuration import Configuration

SENDER_ID: Final = "setup.sender_id"
_BROKER_ID: Final = "vendor.broker_id"
_IDENTITY: Final = frozenset({"vendor.orgnr", "vendor.name", "customer.orgnr", "customer.name"})
"""Whose agreement it is: another party is another agreement."""


def settable_field(catalogue: Catalogue, configuration: Configuration, field_id: str) -> Field:
    """The field, if it may be set as things stand. Raises ValueFault that says why not."""
    field = catalogue.find_field(field_id)
    if field is None:
        raise ValueFault("unknown_field")
    if field.id in _IDENTITY or field.id.startswith("agreement."):
        raise ValueFault("part_of_agreement")
    if field.owner is Owner.PIPELINE:
        raise ValueFault("derived_by_program")
    if is_customers(field):
        _require_unread(configuration, field)
    return field


def _require_unread(configuration: Configuration, field: Field) -> None:
    """What the customer signed may be typed only where the program has not read it; of a foreign form, any of it."""
    agreement, agreed = configuration.agreement, configuration.agreed
    transcribed = any(setting.field_id == field.id for setting in configuration.set_up.settings)
    if not may_transcribe(field):
        raise ValueFault("signed_by_customer")
    if field.id in agreement.open_fields and configuration.basis.document is None:
        raise ValueFault("not_signed_yet")
    unknown = field.id in agreement.open_fields and field.id not in agreed.values
    if not (agreement.adopted or transcribed or unknown):
        raise ValueFault("signed_by_customer")


def find_faults(
    catalogue: Catalogue, before: Values, after: Values, changes: Mapping[str, JsonValue]
) -> Iterator[Fault]:
    """Every rule of the catalogue that the values break now: those that were set, and others because of them."""
    known = set(map(_key, check_values(catalogue, before)))
    for fault in check_values(catalogue, after):
        if fault.field_id in changes or _key(fault) not in known:
            yield fault
    for field_id, value in changes.items():
        field = catalogue.field(field_id)
        if value is not None and field.when is not None and not catalogue.is_asked(field, after):
            yield Fault(field_id=field_id, code="not_asked_for", params={"condition": field.when})


def sender_id_faults(
    values: Values, configuration: Configuration, vendors: tuple[VendorSettings, ...]
) -> Iterator[Fault]:
    """Digipost's number for the sender is neither an organisation number nor anybody's broker id.

    It is the most frequent confusion there is (facts/domain.md §2); each of the numbers it is taken for is told apart.
    """
    value = values.get(SENDER_ID)
    case = configuration.case
    mine = next((vendor for vendor in vendors if vendor.id == case.vendor_id), None)
    mistaken: dict[str, set[str]] = {
        "sender_id_of_customer": {case.org_number.digits},
        "sender_id_of_vendor": set() if mine is None else {str(mine.org_number)},
        "sender_id_of_posten": {POSTEN_ORG_NUMBER.digits},
        "sender_id_is_broker": {str(values.get(_BROKER_ID)), *(() if mine is None else (str(mine.broker_id),))},
        "sender_id_of_other_vendor": {
            number for one in vendors for number in (str(one.org_number), str(one.broker_id))
        },
    }
    code = next((code for code, numbers in mistaken.items() if value is not None and str(value) in numbers), None)
    if code is not None:
        yield Fault(field_id=SENDER_ID, code=code, params={})


def _key(fault: Fault) -> tuple[str, str]:
    return fault.field_id, fault.code
