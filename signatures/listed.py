"""What a trusted list says, as values: the services a country vouches for, and until when it may be relied on.

A list (ETSI TS 119 612) is read once (`signatures.lists`) and kept as these values, which are small, plain JSON and
load in a millisecond. Authorities stand there by a digest of name and key: a list never makes anybody trusted, it
says of who is trusted already whether what they issue is qualified.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class ListKind(StrEnum):
    """Which of the two kinds of list."""

    LOTL = "lotl"
    """The EU's list of the lists: who may sign each country's."""
    NATIONAL = "national"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyUsage(_Value):
    """A criterion: what the certificate's key may, or may not, be used for."""

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    extended: tuple[str, ...] = ()


class Criteria(_Value):
    """Of which certificates a qualifier speaks (TS 119 612, 5.5.9.2.2)."""

    combine: Literal["all", "atLeastOne", "none"]
    policies: tuple[tuple[str, ...], ...] = ()
    usages: tuple[KeyUsage, ...] = ()
    subject: tuple[tuple[str, ...], ...] = ()
    """Attributes (object identifiers) that the subject must have."""
    inner: tuple["Criteria", ...] = ()


class Qualifying(_Value):
    """Qualifiers (`NotQualified`, `QCForESeal`, …) for the certificates that meet the criteria."""

    qualifiers: tuple[str, ...]
    criteria: Criteria


class ListedService(_Value):
    """A service that issues qualified certificates, for one time in which it was granted."""

    name: str
    authorities: tuple[str, ...]
    """`authority_digest` of each of its certificates."""
    since: datetime
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    """`qct_esign`, `qct_eseal`, `qct_web`: what it may issue; all where empty."""
    qualifying: tuple[Qualifying, ...] = ()


class TrustedList(_Value):
    """One list, its signature verified against the certificate it names."""

    sha256: str
    """Of the file."""
    kind: ListKind
    territory: str
    """Two capital letters; `EU` for the list of the lists."""
    sequence: int
    issued: datetime
    next_update: datetime
    """It may not be relied on after this."""
    signer: str
    """Subject of the certificate it is signed with, for people."""
    signer_sha256: str
    signer_from: datetime
    signer_until: datetime
    pointers: dict[str, tuple[str, ...]] = {}
    """Of a list of the lists: SHA-256 of the certificates that may sign a territory's list."""
    services: tuple[ListedService, ...] = ()
    known: tuple[str, ...] = ()
    """Every authority that the list has ever named as issuing qualified certificates, granted or not."""

    def is_stale(self, at: datetime) -> bool:
        """Whether a newer one should have come by then (TS 119 612, 5.3.15)."""
        return at >= self.next_update


def authority_digest(certificate: Any) -> str:
    """Names an authority by its name and its key (SHA-256, hex), of a certificate as asn1crypto has it."""
    key = certificate.public_key.dump()
    return hashlib.sha256(certificate.subject.hashable.encode() + b"\0" + key).hexdigest()
