"""Whether the certificate that made a piece of evidence is to be believed, at a moment, by a chain to an anchor.

Path validation as RFC 5280 has it, by the same engine, algorithms and anchors as for signatures in the file itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.context import CertValidationPolicySpec, bootstrap_validation_data_handlers
from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, RevokedError
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
)

from agreements.signature_report import Listing, Revocation, RevocationPolicy
from signatures.algorithms import DatedAlgorithms
from signatures.chain import made_for_documents
from signatures.knowledge import Knowledge
from signatures.qualified import find_listing
from signatures.rules import anchors_of
from signatures.trust import Trust
from signatures.waiting import run

_SIGNING: Final = frozenset({"non_repudiation", "digital_signature"})  # RFC 5280, 4.2.1.3


class Distrust(StrEnum):
    """Why a certificate is not believed. The words people read stand in the catalogues."""

    UNTRUSTED = "untrusted"
    """No chain to an anchor that holds."""
    OUT_OF_DATE = "out-of-date"
    """It was not in force at the moment that is proven."""
    REVOKED = "revoked"
    USAGE = "usage"
    """It is for something else than signing documents."""
    OTHER_ISSUER = "other-issuer"
    """Trusted, but by none of the authorities that the service's profile names."""


@dataclass(frozen=True, kw_only=True)
class CertificateBelief:
    """What is held of one certificate."""

    distrust: Distrust | None
    """None: it is believed, but for what revocation data could tell."""
    revocation: Revocation
    chain: tuple[bytes, ...] = ()
    """DER, from the anchor to its issuer; empty where there is no path."""
    listing: Listing | None = None
    """What the trusted lists say of it, as of `at`; whether they are still fresh is asked again by the judge."""

    @property
    def trusted(self) -> bool:
        """There is a chain to an anchor, and nothing is known against it."""
        return self.distrust is None


def believe_certificate(
    trust: Trust, certificate: Any, others: Iterable[Any], knowledge: Knowledge, at: datetime
) -> CertificateBelief:
    """Judge a certificate (asn1crypto) at a moment that is proven, with no fetching.

    `others`: certificates that came with it. `knowledge`: revocation data and certificates from wherever; none of it is
    believed for being there. Revocation is `GOOD` only where data in force says so of the whole chain.
    """
    try:
        return run(_believe(trust, certificate, [*others, *knowledge.certificates], knowledge, at))
    except Exception:  # noqa: BLE001 - hostile certificates make the engine raise anything
        return CertificateBelief(distrust=Distrust.UNTRUSTED, revocation=Revocation.UNKNOWN)


async def _believe(
    trust: Trust, certificate: Any, others: list[Any], knowledge: Knowledge, at: datetime
) -> CertificateBelief:
    try:
        path = await _path(trust, NO_REVOCATION, (certificate, others), knowledge, at)
    except (ExpiredError, NotYetValidError):
        return CertificateBelief(distrust=Distrust.OUT_OF_DATE, revocation=Revocation.UNKNOWN)
    certificates = list(path.iter_certs(include_root=True))
    chain = tuple(item.dump() for item in certificates[:-1])
    revocation = await _revocation(trust, (certificate, others), knowledge, at, certificates)
    listing = find_listing(trust.lists, certificates, moment=at, at=at)
    return CertificateBelief(
        distrust=_distrust(certificates, revocation), revocation=revocation, chain=chain, listing=listing
    )


def _distrust(certificates: list[Any], revocation: Revocation) -> Distrust | None:
    """Of the path from the anchor to the certificate."""
    if revocation is Revocation.REVOKED:
        return Distrust.REVOKED
    usage = certificates[-1].key_usage_value
    if usage is not None and _SIGNING.isdisjoint(usage.native):
        return Distrust.USAGE
    return None if all(made_for_documents(item) for item in certificates) else Distrust.USAGE


async def _revocation(
    trust: Trust, subject: tuple[Any, list[Any]], knowledge: Knowledge, at: datetime, chain: list[Any]
) -> Revocation:
    if trust.revocation is RevocationPolicy.OFF:
        return Revocation.NOT_CHECKED
    below_root = chain[1:]
    since = [moment for item in below_root if (moment := knowledge.revoked_since(item)) is not None]
    if any(moment <= at for moment in since):
        return Revocation.REVOKED
    try:
        await _path(trust, REQUIRE_REVINFO, subject, _answering(knowledge, subject[0]), at)
    except RevokedError as error:
        return Revocation.REVOKED if error.revocation_dt <= at else Revocation.UNKNOWN
    except Exception:  # noqa: BLE001 - missing, stale, forged and broken data are the same here
        return Revocation.UNKNOWN
    return Revocation.GOOD


def _answering(knowledge: Knowledge, certificate: Any) -> Knowledge:
    """What was said while the certificate had not expired: of those that have, an issuer need not tell any longer."""
    expiry = certificate.not_valid_after
    return Knowledge(
        certificates=knowledge.certificates,
        crls=[crl for crl in knowledge.crls if crl["tbs_cert_list"]["this_update"].native <= expiry],
        ocsps=[response for response in knowledge.ocsps if _told(response) <= expiry],
    )


def _told(response: Any) -> Any:
    data = response["response_bytes"]["response"].parsed["tbs_response_data"]
    return max(single["this_update"].native for single in data["responses"])


async def _path(
    trust: Trust,
    rule: RevocationCheckingPolicy,
    subject: tuple[Any, list[Any]],
    knowledge: Knowledge,
    at: datetime,
) -> Any:
    """The path that holds. What was said of revocation after the moment counts for it, too: it is told by date."""
    certificate, others = subject
    local = Knowledge(certificates=[certificate, *others], crls=knowledge.crls, ocsps=knowledge.ocsps).local()
    policy = CertValidationPolicySpec(
        trust_manager=anchors_of(trust.anchors),
        revinfo_policy=CertRevTrustPolicy(rule, retroactive_revinfo=True),
        algorithm_usage_policy=DatedAlgorithms(),
    )
    handlers = bootstrap_validation_data_handlers(
        fetchers=None, crls=local.known_crls, ocsps=local.known_ocsps, certs=local.known_certs
    )
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True)
    context = policy.build_validation_context(timing_info=timing, handlers=handlers)
    return await CertificateValidator(certificate, validation_context=context).async_validate_path()
