"""The letter that forwards an approved agreement to Digipost (facts/domain.md §7 d).

Contacts at work stand in it, and nothing of the signers.
"""

from dataclasses import dataclass
from datetime import date

from agreements.catalogue import Catalogue, Field, Values, load_catalogue
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.parties import Customer, Vendor
from agreements.summary import expected_features
from agreements.values import format_date, format_value
from renderers.letters.heading import Correspondence, inline, write

_SERVICES = "service."
_PLANNING = ("service.channel", "launch.first_send_date", "launch.monthly_volume")
_CONTACTS = ("contact.contract", "contact.business", "contact.technical", "admin")


@dataclass(frozen=True, kw_only=True)
class ForwardLetter:
    """An approved agreement on its way to Digipost."""

    case_number: str
    agreement_number: str
    values: Values
    """The values of the issued agreement."""
    vendor: Vendor
    document_sha256: str
    """SHA-256 of the signed PDF that is attached."""
    approved_by: str
    """The name of the person; read only if `manual`, for otherwise avtalemottak approved by itself."""
    approved_on: date
    manual: bool
    audit_head: str
    """The latest hash of the event log's chain: ties this mail to the record as it was."""
    subject_prefix: str = ""
    """Marks mail that is not for real (test, demo)."""


def render_forward(letter: ForwardLetter, language: Language) -> tuple[str, str]:
    """Subject (one line) and body of the letter to Digipost.

    The case number stands in brackets in the subject, so that an answer finds its case.
    """
    catalogue = load_catalogue()
    texts = {
        field_id: inline(format_value(catalogue, catalogue.field(field_id), value, language))
        for field_id, value in letter.values.items()
        if catalogue.find_field(field_id)
    }
    return write(
        "forward.txt",
        _about(letter),
        language,
        subject="forward.subject",
        letter=letter,
        vendor_number=letter.vendor.org_number.grouped,
        kind=texts.get("agreement.kind", ""),
        services=_services(catalogue, letter.values, language),
        planning=[
            (catalogue.field(field_id).label(language), texts[field_id])
            for field_id in _PLANNING
            if texts.get(field_id)
        ],
        features=expected_features(catalogue, letter.values),
        contacts=_contacts(catalogue, texts, language),
        approved_on=format_date(letter.approved_on, language),
        approved_by=inline(letter.approved_by),
    )


def _about(letter: ForwardLetter) -> Correspondence:
    org_number, name = letter.values["customer.orgnr"], letter.values["customer.name"]
    return Correspondence(
        case_number=letter.case_number,
        customer=Customer(org_number=OrgNumber(str(org_number)), name=str(name)),
        vendor=letter.vendor,
        subject_prefix=letter.subject_prefix,
    )


def _services(catalogue: Catalogue, values: Values, language: Language) -> list[str]:
    return [field.label(language) for field in catalogue.fields if _is_ordered(catalogue, field, values)]


def _is_ordered(catalogue: Catalogue, field: Field, values: Values) -> bool:
    return field.id.startswith(_SERVICES) and values.get(field.id) is True and catalogue.is_asked(field, values)


def _contacts(catalogue: Catalogue, texts: dict[str, str], language: Language) -> list[tuple[str, str]]:
    contacts: list[tuple[str, str]] = []
    for role in _CONTACTS:
        parts = [texts[field_id] for part in ("name", "email", "phone") if texts.get(field_id := f"{role}.{part}")]
        if parts:
            contacts.append((catalogue.field(f"{role}.name").label(language), ", ".join(parts)))
    return contacts
