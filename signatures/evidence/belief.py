"""Whether the certificate that signed evidence is believed, and as of when: offline, by our anchors and algorithms."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509  # type: ignore[import-untyped]
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, ValidationError

from agreements.signature_report import Listing, Revocation, RevocationPolicy
from signatures.algorithms import DatedAlgorithms
from signatures.chain import made_for_documents
from signatures.cms import require_searchable
from signatures.knowledge import Knowledge
from signatures.qualified import find_listing
from signatures.trust import Trust
from signatures.waiting import run

_USAGES: Final = frozenset({"non_repudiation", "digital_signature"})
"""Either is enough: the evidence's own certificate signs what a person saw, or what a service records."""


@dataclass(frozen=True, kw_only=True)
class CertificateBelief:
    """What is held of a certificate."""

    trusted: bool
    revocation: Revocation
    chain: tuple[str, ...] = ()
    """SHA-256 of each certificate from the anchor to the issuer."""
    listing: Listing | None = None
    """What the trusted lists say of it, as of `at`; whether they are still fresh is asked again by the judge."""


_NOT: Final = CertificateBelief(trusted=False, revocation=Revocation.NOT_CHECKED)


def believe_certificate(
    trust: Trust, certificate: bytes, others: tuple[bytes, ...], knowledge: Knowledge, *, at: datetime
) -> CertificateBelief:
    """Whether it led to an anchor and was in force at `at`, by when what it signed is proven to have existed.

    `knowledge`: certificates and revocation data to use. Raises TooManyError; all else that goes wrong is no belief.
    """
    if not trust.anchors:
        return _NOT
    try:
        leaf = x509.Certificate.load(certificate)
        pool = [x509.Certificate.load(der) for der in others] + list(knowledge.certificates)
        require_searchable([leaf, *pool])
        return _Question(trust=trust, leaf=leaf, pool=pool, knowledge=knowledge, at=at).answer()
    except (PathBuildingError, PathValidationError, ValidationError, ValueError, TypeError):
        return _NOT


@dataclass(frozen=True, kw_only=True)
class _Question:
    """One certificate, and what it is judged by."""

    trust: Trust
    leaf: Any
    pool: list[Any]
    knowledge: Knowledge
    at: datetime

    def answer(self) -> CertificateBelief:
        certificates = list(self._path("soft-fail").iter_certs(include_root=True))
        usage = self.leaf.key_usage_value
        fit = usage is None or not _USAGES.isdisjoint(usage.native)
        if not fit or not all(made_for_documents(one) for one in certificates):
            return _NOT
        return CertificateBelief(
            trusted=True,
            revocation=self._revocation(certificates),
            chain=tuple(hashlib.sha256(one.dump()).hexdigest() for one in certificates[:-1]),
            listing=find_listing(self.trust.lists, certificates, moment=self.at, at=self.at),
        )

    def _revocation(self, certificates: list[Any]) -> Revocation:
        if self.trust.revocation is RevocationPolicy.OFF:
            return Revocation.NOT_CHECKED
        dates = (self.knowledge.revoked_since(one) for one in certificates)
        if any(date is not None and date <= self.at for date in dates):
            return Revocation.REVOKED
        try:
            self._path("require")
        except (PathBuildingError, PathValidationError, ValidationError, ValueError):
            return Revocation.UNKNOWN
        return Revocation.GOOD

    def _path(self, mode: str) -> Any:
        """The path that holds at that moment. Revocation data made later say what was known then, too."""
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(der) for der in self.trust.anchors],
            other_certs=self.pool,
            crls=list(self.knowledge.crls),
            ocsps=list(self.knowledge.ocsps),
            allow_fetching=False,
            revocation_mode=mode,
            moment=self.at,
            best_signature_time=self.at,
            retroactive_revinfo=True,
            algorithm_usage_policy=DatedAlgorithms(),
        )
        validator = CertificateValidator(self.leaf, intermediate_certs=self.pool, validation_context=context)
        return run(validator.async_validate_usage(set()))  # type: ignore[no-untyped-call]
