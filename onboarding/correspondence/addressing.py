"""Who gets mail: addresses that stand on the case, and no others.

What we begin goes to one person, the contract owner, else the business owner, of the version in force. Not to those who
sign: their addresses were given for the signing service, which tells them itself; and where two sign the same file in
turn, two mails with the same file would come back as two halves. The letter asks to be passed on.

What answers a mail goes to its sender, if that address stands on the case.
"""

from typing import Final

from agreements.agreement import agreement_values
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.catalogue import FieldType, Values, load_catalogue
from onboarding.settings import Settings
from onboarding.store.issued import list_agreements
from onboarding.workspace import Workspace
from outbox.messages import Connection
from outbox.recipients import Resolved, resolve_recipient

CONTACTS: Final = ("contact.contract.email", "contact.business.email")
"""Whom the organisation is written to by: the first that has a value."""


def find_contact(values: Values) -> str | None:
    """The address by which an organisation is written to; None if neither contact has one (they may be left open)."""
    found = (values.get(field) for field in CONTACTS)
    return next((address for address in found if isinstance(address, str) and address), None)


def stands_on_case(workspace: Workspace, connection: Connection, case: Case, address: str) -> bool:
    """Whether an address is one of those that the case, or a version issued for it, names."""
    vendor = workspace.vendor(case.vendor_id)
    now = agreement_values(
        load_catalogue(),
        case_values=case.values,
        vendor=vendor.party(),
        profile=vendor.service_profile,
        signers=case.signers,
    )
    issued = (agreement.values for agreement in list_agreements(connection, case.number))
    named = {found for values in (now, *issued) for found in _addresses(values)}
    return bool(address) and address.casefold() in named


def resolve_address(settings: Settings, address: str) -> Resolved:
    """Where mail to an address on a case, or of the configuration, goes: there in production, to `forward.test_to` in
    test and demo.

    Raises ConfigurationError: `recipient_form` for one that mail can't be sent to, `test_recipient_unsafe`.
    """
    return resolve_recipient(address, (address,), settings.environment, settings.forward.test_to)


def _addresses(values: Values) -> set[str]:
    fields = (field.id for field in load_catalogue().fields if field.type is FieldType.EMAIL)
    found: list[JsonValue] = [values.get(field) for field in fields]
    return {address.casefold() for address in found if isinstance(address, str)}
