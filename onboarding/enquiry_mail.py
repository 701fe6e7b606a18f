"""Enquiries by mail (step 1): a mail without a document that names one organisation makes a case nobody has confirmed.

1. whose     the vendor whose channel it came by; the only one there is, where the channel is everybody's
2. what of   exactly one organisation number, less the vendors' own and Digipost's; a name and an address if it has them
3. made      in the transaction that decides the mail: an unconfirmed case, for which nothing is issued or mailed until
             the vendor has confirmed it (`avtale case confirm`). An open case is never touched: a person reads the mail

Anybody can write a mail. What a forger can reach is a row on a list that a person goes through, and at most
MAX_UNCONFIRMED of them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.characters import find_unfit, tidy
from agreements.findings import INT_ENQUIRY, INT_ENQUIRY_KNOWN, INT_ENQUIRY_UNCLEAR, Finding
from agreements.orgnumber import OrgNumber, find_org_number
from agreements.parties import POSTEN_ORG_NUMBER, Actor
from agreements.turn import Duty, Party
from agreements.values import ValueFault, parse_email, refuse_national_id
from intake.matching import Match
from intake.receipts import Receipt
from intake.unpacking import MailKind, MailReading, Unpacking
from onboarding.correspondence.addressing import CONTACTS
from onboarding.digipost_answers import is_from_digipost
from onboarding.record import EventKind
from onboarding.settings import Settings
from onboarding.store.cases import find_open_case, insert_case, next_case_number
from onboarding.store.events import NewEvent
from onboarding.store.overview import count_turns
from onboarding.workspace import Workspace
from outbox.messages import Connection

MAX_UNCONFIRMED: Final = 200
"""Cases that wait to be confirmed before mails make no more of them; ours: more is an attack or a backlog."""


@dataclass(frozen=True, kw_only=True)
class MailEnquiry:
    """What a mail asks for, as far as a case can be made of it."""

    vendor_id: str
    org_number: OrgNumber
    name: str
    """The organisation's number where the mail gives no name: whoever confirms gives one."""
    email: str | None
    receipt: int
    passed_on: bool
    """Somebody at Digipost passed it on (seed, step 1)."""


def find_enquiry(
    workspace: Workspace, receipt: Receipt, unpacking: Unpacking, match: Match
) -> MailEnquiry | Finding | None:
    """The enquiry that a mail is; why none can be made of one that looks like it; None for any other mail."""
    mail = unpacking.mail
    if mail is None or unpacking.candidates or unpacking.findings or not _may_enquire(mail, match):
        return None
    numbers = _possible(workspace.settings, mail)
    if not numbers and not mail.enquired.about_the_service:
        return None
    vendor_id = _vendor_of(workspace.settings, receipt)
    if len(numbers) != 1 or vendor_id is None:
        return INT_ENQUIRY_UNCLEAR(count=len(numbers))
    return MailEnquiry(
        vendor_id=vendor_id,
        org_number=numbers[0],
        name=_fit_name(mail.enquired.name) or str(numbers[0]),
        email=_address(workspace.settings, mail),
        receipt=receipt.id,
        passed_on=is_from_digipost(workspace.settings, mail),
    )


def file_enquiry(
    workspace: Workspace, connection: Connection, enquiry: MailEnquiry, *, actor: Actor, now: datetime
) -> Finding:
    """Make the case, in the transaction that decides the mail; returns what the receipt says."""
    known = find_open_case(connection, enquiry.vendor_id, enquiry.org_number)
    if known is not None:
        return INT_ENQUIRY_KNOWN(case=str(known.number))
    if count_turns(connection).get((Duty.CONFIRM, Party.VENDOR), 0) >= MAX_UNCONFIRMED:
        return INT_ENQUIRY_UNCLEAR(count=1)
    case = _new_case(workspace.settings, connection, enquiry, now)
    data: dict[str, JsonValue] = {
        "fields": sorted(case.values),
        "signers": 0,
        "receipt": enquiry.receipt,
        "passed_on": enquiry.passed_on,
    }
    event = NewEvent(kind=EventKind.CASE_CREATED, actor=actor, at=now, data=data)
    return INT_ENQUIRY(case=str(insert_case(connection, case, event=event).number))


def _new_case(settings: Settings, connection: Connection, enquiry: MailEnquiry, now: datetime) -> Case:
    values: dict[str, JsonValue] = {
        "agreement.language": settings.language.value,
        "customer.orgnr": enquiry.org_number.digits,
        "customer.name": enquiry.name,
    }
    if enquiry.email is not None:
        values[CONTACTS[0]] = enquiry.email
    return Case(
        number=next_case_number(connection, now.year),
        vendor_id=enquiry.vendor_id,
        org_number=enquiry.org_number,
        customer_name=enquiry.name,
        language=settings.language,
        values=values,
        unconfirmed=True,
        created_at=now,
        updated_at=now,
    )


def _may_enquire(mail: MailReading, match: Match) -> bool:
    """A person wrote it, and nothing points at a case of ours: that would be an answer."""
    points_at_case = match.case is not None or bool(match.conflicting) or bool(match.other_vendor)
    return mail.kind is MailKind.PLAIN and not mail.by_program and not points_at_case


def _possible(settings: Settings, mail: MailReading) -> tuple[OrgNumber, ...]:
    """The organisations it names that may be customers: signatures name vendor and Digipost too."""
    own = {POSTEN_ORG_NUMBER, *(vendor.org_number for vendor in settings.vendors)}
    found = (find_org_number(one, allow_synthetic=settings.allow_synthetic) for one in mail.enquired.org_numbers)
    return tuple(number for number in found if number is not None and number not in own)


def _vendor_of(settings: Settings, receipt: Receipt) -> str | None:
    """Never guessed: between vendors there is a wall."""
    if receipt.vendor_id is not None:
        return receipt.vendor_id
    return settings.vendors[0].id if len(settings.vendors) == 1 else None


def _fit_name(name: str) -> str:
    name = tidy(name)
    try:
        refuse_national_id(name)
    except ValueFault:
        return ""
    return "" if find_unfit(name) is not None else name


def _address(settings: Settings, mail: MailReading) -> str | None:
    """What the mail calls the address, else who wrote it, unless that is Digipost or the vendor passing it on."""
    ours = {vendor.contact.email.rpartition("@")[2].casefold() for vendor in settings.vendors}
    own = mail.sender.rpartition("@")[2].casefold() in ours or is_from_digipost(settings, mail)
    for typed in (mail.enquired.email, "" if own else mail.sender):
        try:
            if typed and (address := parse_email(typed)) is not None:
                return address
        except ValueFault:
            continue
    return None
