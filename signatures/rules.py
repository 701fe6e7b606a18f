"""How the engine is asked: offline, with our tables of algorithms, and with the anchors of one trust configuration."""

from functools import lru_cache
from typing import Any, Final

from asn1crypto import x509  # type: ignore[import-untyped]
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import util as certvalidator_util
from pyhanko_certvalidator import validate as certvalidator
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.fetchers import FetcherBackend, Fetchers
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from signatures.algorithms import DatedAlgorithms
from signatures.trust import Trust

_names_a_list = certvalidator_util.get_declared_revinfo


def _answers_count_anyway(certificate: Any) -> tuple[bool, bool]:
    """Stands where the engine asks whether a certificate names (a list, a responder); the second is always yes.

    The engine passes over every answer it has been given about a certificate that names no responder (pyHanko 0.38,
    `_check_revocation`). Where an answer could be fetched says nothing of what it is worth: that is for the
    responder's right to answer (RFC 6960, 4.2.2.2), which the engine checks of each.
    """
    return _names_a_list(certificate)[0], True


vars(certvalidator)["get_declared_revinfo"] = _answers_count_anyway


class _NoFetching(FetcherBackend):
    """Stands where the engine would otherwise make an HTTP client it never uses. Asked for anything, it fails."""

    def get_fetchers(self) -> Fetchers:
        raise RuntimeError("nothing is fetched while judging")

    async def close(self) -> None:
        """Nothing is open."""


_OFFLINE: Final = RevocationInfoGatheringSpec(
    online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
    certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
    fetcher_backend=_NoFetching(),
)


def specification(trust: Trust, rule: RevocationCheckingPolicy, knowledge: LocalKnowledge) -> SignatureValidationSpec:
    """What one signature is judged by."""
    return SignatureValidationSpec(
        cert_validation_policy=_policy(trust.anchors, rule),
        # No document can hold fresh revocation data for its own last time-stamp; that any data it holds calls the
        # authority revoked is looked for by ourselves.
        ts_cert_validation_policy=_policy(trust.timestamp_anchors, NO_REVOCATION),
        revinfo_gathering_policy=_OFFLINE,
        local_knowledge=knowledge,
        key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
        signature_algorithm_policy=DatedAlgorithms(),
    )


def _policy(anchors: tuple[bytes, ...], rule: RevocationCheckingPolicy) -> CertValidationPolicySpec:
    return CertValidationPolicySpec(
        trust_manager=anchors_of(anchors),
        revinfo_policy=CertRevTrustPolicy(rule),
        algorithm_usage_policy=DatedAlgorithms(),
    )


@lru_cache(maxsize=8)
def anchors_of(anchors: tuple[bytes, ...]) -> SimpleTrustManager:
    """Anchors (DER), in the engine's terms."""
    return SimpleTrustManager.build(trust_roots=[x509.Certificate.load(der) for der in anchors])
