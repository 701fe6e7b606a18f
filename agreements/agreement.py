"""The agreement: one issued version of a case's "Avtale om bruk av Digipost", and how its values come together.

Only the version in force (the latest issued one that is not void) can be approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber
from agreements.catalogue import Catalogue, Values
from agreements.language import Language
from agreements.parties import Signer, Vendor
from agreements.values import with_defaults

SIGNATURE_FIELDS = ("Signatur1", "Signatur2")
"""The names of the empty signature fields in the issued PDF, in signing order; one per required signer."""
SEAL_FIELD = "Utsteder"
"""The name of the field that holds the issuer's own seal, where there is one."""


class SigningRoute(StrEnum):
    """How the customer signs: in a signing service, in a PDF program of its own, or on paper (facts/domain.md §5)."""

    SERVICE = "service"
    OWN_TOOL = "own_tool"
    PAPER = "paper"


class IssuedState(StrEnum):
    """What has become of an issued version itself (the case carries the rest)."""

    ISSUED = "issued"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class TermsFile:
    """One of the operator's terms files, as listed in the agreement."""

    name: str
    date: str
    """ISO 8601 date of the terms' version."""
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """An issued version. Its bytes are stored under `sha256` before anything else happens and never change."""

    number: AgreementNumber
    sha256: str
    size: int
    template_version: str
    language: Language
    pages: int
    example_terms: bool
    """True if it was issued without the operator's configured terms: such a one is never forwarded in production."""
    route: SigningRoute
    open_fields: tuple[str, ...] = ()
    """Catalogue ids the customer fills in when it signs; `values` does not hold them."""
    control_code: str
    """As printed in each footer (`agreements.marking`); empty for one issued before there were any."""
    field_map_sha256: str | None
    """The stored `FieldMap` of this version; None for one issued before there were any."""
    values: Values
    signers: tuple[Signer, ...]
    state: IssuedState
    issued_at: datetime
    issued_by: str
    adopted: bool = False
    """True if we did not issue it: its bytes are the signed document of somebody else's form."""


def agreement_values(
    catalogue: Catalogue,
    *,
    case_values: Values,
    vendor: Vendor,
    profile: Values,
    signers: tuple[Signer, ...],
) -> dict[str, JsonValue]:
    """The values an agreement is made of.

    From defaults, the vendor's contact, its service profile, who the vendor is, the case and its signers: later sources
    win, and an empty one hides what stands before it. What the pipeline alone knows (number, template version, date of
    issue) is added when it is issued.
    """
    usual: Mapping[str, JsonValue] = {
        "agreement.kind": "new",
        "contact.technical.name": vendor.contact_name,
        "contact.technical.email": vendor.contact_email,
    }
    known = {**usual, **profile, **vendor_values(vendor), **case_values, **signer_values(signers)}
    values = with_defaults(catalogue, known)
    return {
        field_id: value
        for field_id, value in values.items()
        if value is not None and _belongs(catalogue, field_id, values)
    }


def vendor_values(vendor: Vendor) -> dict[str, JsonValue]:
    """Who the vendor is, by the catalogue's ids."""
    return {
        "vendor.orgnr": vendor.org_number.digits,
        "vendor.name": vendor.name,
        "vendor.system_name": vendor.system_name,
        "vendor.broker_id": vendor.broker_id,
    }


def signer_values(signers: tuple[Signer, ...]) -> dict[str, JsonValue]:
    """The catalogue's signer fields for the declared signers; empty while nobody is declared."""
    if not signers:
        return {}
    first, *rest = signers
    values: dict[str, JsonValue] = {
        "signer.name": first.name,
        "signer.role": first.basis.value,
        "signer.joint": bool(rest),
    }
    if first.birth_date is not None:
        values["signer.birth_date"] = first.birth_date.isoformat()
    if first.email is not None:
        values["signer.email"] = first.email
    if rest:
        values["signer2"] = {"name": rest[0].name, "role": rest[0].basis.value}
    return values


def _belongs(catalogue: Catalogue, field_id: str, values: Values) -> bool:
    """True unless the field's `when:` does not hold; unknown ids stay, so that checking names them."""
    field = catalogue.find_field(field_id)
    return field is None or catalogue.is_asked(field, values)
