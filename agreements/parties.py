"""The parties: the vendor (systemleverandør), its customer (virksomheten), who signs, and who uses the program."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from agreements.orgnumber import OrgNumber

POSTEN_ORG_NUMBER = OrgNumber("984661185")
"""Posten Bring AS, whose service Digipost is (the Norwegian register of business enterprises)."""


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A system vendor that brings its customers onto Digipost."""

    id: str
    name: str
    org_number: OrgNumber
    system_name: str
    broker_id: int
    """The vendor's own account id at Digipost (`X-Digipost-UserId`)."""
    contact_name: str
    contact_email: str


@dataclass(frozen=True, kw_only=True)
class Customer:
    """The organisation that starts using Digipost."""

    org_number: OrgNumber
    name: str


class SigningBasis(StrEnum):
    """On what basis a person signs for the organisation (catalogue: signer.role)."""

    SIGNATURE_RIGHT = "signature_right"
    PROKURA = "prokura"
    POWER_OF_ATTORNEY = "power_of_attorney"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A person who shall sign, declared before issue. A name first seen in the return never counts."""

    name: str
    basis: SigningBasis
    birth_date: date | None = None
    email: str | None = None
    """Where a signing service tells the person that there is something to sign; so is `phone` (E.164)."""
    phone: str | None = None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something: a user of `users:` (or `system`), and the operating system's user beside."""

    user: str
    os_user: str
