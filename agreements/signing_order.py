"""The order for a signing service (`oppdrag.json`): what a person uploads, and what the service is asked for.

Held to the limits of Posten signering, the strictest of the services the facts name (facts/product.md §1 and §5;
digipost/signering-docs, "opprette oppdrag" and "lagring"). A service with wider limits takes the same order.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.parties import Signer

SCHEMA: Final = "avtale/signing-order/v1"
MAX_SIGNERS: Final = 10
MAX_TITLE: Final = 80
MAX_DESCRIPTION: Final = 220
MAX_DOCUMENT_BYTES: Final = 10_485_760
DOCUMENT_VERSIONS: Final = tuple(f"1.{minor}" for minor in range(1, 8))
DELETED_AFTER_DAYS: Final = 40
"""The service deletes signed documents then: the vendor's archive is the only copy that lasts."""
MAX_SIGNING_DAYS: Final = DELETED_AFTER_DAYS - 5
"""Latest deadline, in days from the issue: leaves five to fetch what was signed on the last (facts/product.md §0)."""
ON_BEHALF_OF: Final = "OTHER"
"""Each signer signs for the organisation, not for themselves (the service's `on-behalf-of`)."""
MISSING_CONTACT: Final = "email_or_phone"
"""What `to_complete` says of a signer with neither: a service needs one of them to tell the person."""
_VERSION = re.compile(rb"%PDF-(\d\.\d)")
_HEADER_BYTES = 1024  # where readers look for the header (ISO 32000-1 annex H, note 13)


@dataclass(frozen=True, kw_only=True)
class BrokenLimit:
    """A limit of the service that an order breaks. `code` names a text under `errors.`; `params` fill its places."""

    code: str
    params: Mapping[str, str | int]


@dataclass(frozen=True, kw_only=True)
class OrderDocument:
    """The PDF to sign, as it was issued."""

    file: str
    """Its name in the folder of the order."""
    sha256: str
    size: int
    version: str
    """PDF version as its first bytes say, e.g. `1.7`; empty if they say none."""


@dataclass(frozen=True, kw_only=True)
class SigningOrder:
    """Everything the service asks for. Of the signers no birth dates; e-mail and telephone where they were given."""

    number: AgreementNumber
    """Also the service's `reference`: what comes back names the agreement."""
    title: str
    description: str
    language: Language
    document: OrderDocument
    signers: tuple[Signer, ...]
    """In signing order."""
    issued_on: date
    deadline: date
    """The last day to sign, by Norwegian calendar."""


def signing_deadline(issued_on: date, days: int) -> date:
    """The last day to sign an agreement issued on a day."""
    return issued_on + timedelta(days=days)


def pdf_version(pdf: bytes) -> str:
    """The version a PDF's header names; empty if there is none."""
    found = _VERSION.search(pdf[:_HEADER_BYTES])
    return found[1].decode() if found else ""


def broken_limits(order: SigningOrder) -> tuple[BrokenLimit, ...]:
    """Every limit of the service that the order breaks; empty if it can be uploaded."""
    return tuple(_broken(order))


def require_accepted(order: SigningOrder) -> None:
    """Raises ConfigurationError("signing_service_limits") with every limit that is broken."""
    broken = broken_limits(order)
    if broken:
        raise ConfigurationError(
            "signing_service_limits", agreement=str(order.number), count=len(broken), faults=broken
        )


def unreachable_signers(order: SigningOrder) -> tuple[int, ...]:
    """Places in the order, from 1, of those without e-mail and telephone: the service can tell them nothing.

    No reason to refuse the order, for whoever uploads it can give the service an address.
    """
    return tuple(
        place for place, signer in enumerate(order.signers, start=1) if signer.email is None and signer.phone is None
    )


def order_json(order: SigningOrder) -> dict[str, JsonValue]:
    """The order as `oppdrag.json` holds it."""
    document = order.document
    return {
        "schema": SCHEMA,
        "reference": str(order.number),
        "title": order.title,
        "description": order.description,
        "language": order.language.value,
        "document": {
            "file": document.file,
            "media_type": "application/pdf",
            "pdf_version": document.version,
            "sha256": document.sha256,
            "size": document.size,
        },
        "signers": [_signer_json(place, signer) for place, signer in enumerate(order.signers, start=1)],
        "to_complete": [{"signer": place, "missing": MISSING_CONTACT} for place in unreachable_signers(order)],
        "issued_on": order.issued_on.isoformat(),
        "deadline": order.deadline.isoformat(),
    }


def _signer_json(place: int, signer: Signer) -> dict[str, JsonValue]:
    return {
        "order": place,
        "name": signer.name,
        "basis": signer.basis.value,
        "on_behalf_of": ON_BEHALF_OF,
        "email": signer.email,
        "phone": signer.phone,
    }


def _broken(order: SigningOrder) -> Iterator[BrokenLimit]:
    if not 0 < len(order.signers) <= MAX_SIGNERS:
        yield _limit("signing_order_signers", found=len(order.signers), limit=MAX_SIGNERS)
    if not 0 < len(order.title) <= MAX_TITLE:
        yield _limit("signing_order_title", found=len(order.title), limit=MAX_TITLE)
    if not 0 < len(order.description) <= MAX_DESCRIPTION:
        yield _limit("signing_order_description", found=len(order.description), limit=MAX_DESCRIPTION)
    if not 0 < order.document.size <= MAX_DOCUMENT_BYTES:
        yield _limit("signing_order_size", found=order.document.size, limit=MAX_DOCUMENT_BYTES)
    if order.document.version not in DOCUMENT_VERSIONS:
        first, *_, last = DOCUMENT_VERSIONS
        yield _limit("signing_order_version", found=order.document.version or "?", first=first, last=last)
    latest = signing_deadline(order.issued_on, MAX_SIGNING_DAYS)
    if not order.issued_on < order.deadline <= latest:
        yield _limit("signing_order_deadline", found=order.deadline.isoformat(), limit=latest.isoformat())


def _limit(code: str, **params: str | int) -> BrokenLimit:
    return BrokenLimit(code=code, params=params)
