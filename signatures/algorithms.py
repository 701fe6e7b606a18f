"""Which cryptographic algorithms are good enough, and until when.

An allow-list: what is not named is not accepted. After ETSI TS 119 312 v1.5.1 (2024-12) and SOG-IS Agreed Cryptographic
Mechanisms v1.3: SHA-2 and SHA-3 from 256 bits on, RSA from 2048 bits, elliptic curves from 256 bits. SHA-224 and
SHA-1 are past their dates (collisions were computed in 2017); a signature proven older than the date may still be
judged by its proof.
"""

from datetime import UTC, datetime
from typing import Any, Final

from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint

MIN_RSA_BITS: Final = 2048  # TS 119 312, table 4
MIN_EC_BITS: Final = 256  # TS 119 312, table 5
DIGESTS_UNTIL: Final[dict[str, datetime | None]] = {
    "sha256": None,
    "sha384": None,
    "sha512": None,
    "sha3_256": None,
    "sha3_384": None,
    "sha3_512": None,
    "shake256": None,  # as Ed448 uses it
    "shake256_len": None,
    "sha224": datetime(2026, 1, 1, tzinfo=UTC),
    "sha1": datetime(2012, 1, 1, tzinfo=UTC),
}
_RSA: Final = frozenset({"rsassa_pkcs1v15", "rsassa_pss"})
_CURVES: Final = frozenset({"ecdsa", "ed25519", "ed448"})

_YES: Final = AlgorithmUsageConstraint(allowed=True)


class DatedAlgorithms(CMSAlgorithmUsagePolicy):
    """The table above in the engine's terms."""

    def digest_algorithm_allowed(self, algo: Any, moment: datetime | None) -> AlgorithmUsageConstraint:
        """Is this digest good enough at that moment?"""
        name = str(algo["algorithm"].native)
        if name not in DIGESTS_UNTIL:
            return AlgorithmUsageConstraint(allowed=False, failure_reason=name)
        until = DIGESTS_UNTIL[name]
        if until is None or (moment is not None and moment < until):
            return _YES
        return AlgorithmUsageConstraint(allowed=False, not_allowed_after=until, failure_reason=name)

    def signature_algorithm_allowed(
        self, algo: Any, moment: datetime | None, public_key: Any
    ) -> AlgorithmUsageConstraint:
        """Is this signature algorithm, with this key and its digest, good enough at that moment?"""
        try:
            name = str(algo.signature_algo)
        except ValueError:
            name = str(algo["algorithm"].native)
        if name not in _RSA | _CURVES or not _key_is_long_enough(name, public_key):
            return AlgorithmUsageConstraint(allowed=False, failure_reason=name)
        digest = _digest_of(algo)
        return _YES if digest is None else self.digest_algorithm_allowed({"algorithm": digest}, moment)


def _key_is_long_enough(name: str, public_key: Any) -> bool:
    if public_key is None or name in ("ed25519", "ed448"):
        return True
    return int(public_key.bit_size) >= (MIN_RSA_BITS if name in _RSA else MIN_EC_BITS)


class _Named:
    """Quacks like the ASN.1 value whose name was asked for."""

    def __init__(self, native: str) -> None:
        self.native = native


def _digest_of(algo: Any) -> _Named | None:
    """The digest a signature algorithm implies; None where the digest is named elsewhere."""
    try:
        return _Named(str(algo.hash_algo))
    except ValueError:
        return None
