"""Which cryptographic algorithms are good enough, and until when.

An allow-list with dates: what is not named is not accepted, and a signature proven older than an algorithm's date may
still be judged by its proof. Sources, read in their order:

* ETSI TS 119 312 v1.5.1 (2024-12), "Cryptographic Suites": what is recommended for making and keeping signatures;
* SOG-IS Agreed Cryptographic Mechanisms v1.3 (2023-02), which it rests on: "recommended" has no end, "legacy" has one;
* SHA-1 was out of ETSI's lists long before that (TS 102 176-1 v2.1.1, 2011-07), and collisions were computed in 2017.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint


@dataclass(frozen=True, kw_only=True)
class Until:
    """How long an algorithm is good enough: `None` means without an end known today. `source` says by whom."""

    end: datetime | None
    source: str


_RECOMMENDED = Until(end=None, source="ETSI TS 119 312 v1.5.1")
DIGESTS: Final[dict[str, Until]] = {
    "sha256": _RECOMMENDED,
    "sha384": _RECOMMENDED,
    "sha512": _RECOMMENDED,
    "sha3_256": _RECOMMENDED,
    "sha3_384": _RECOMMENDED,
    "sha3_512": _RECOMMENDED,
    "shake256": Until(end=None, source="RFC 8419, section 3.1: as Ed448 uses it"),
    "shake256_len": Until(end=None, source="RFC 8419, section 3.1: as Ed448 uses it"),
    "sha224": Until(end=datetime(2026, 1, 1, tzinfo=UTC), source="SOG-IS ACM v1.3: legacy, until 2025-12-31"),
    "sha1": Until(end=datetime(2012, 1, 1, tzinfo=UTC), source="ETSI TS 102 176-1 v2.1.1"),
}
MIN_RSA_BITS: Final = 2048
"""ETSI TS 119 312 and SOG-IS call 2048 bits legacy and recommend 3000. No end is set here while the certificates that
people in Norway sign with have 2048."""
MIN_EC_BITS: Final = 256
"""ETSI TS 119 312 and SOG-IS alike."""
_RSA: Final = frozenset({"rsassa_pkcs1v15", "rsassa_pss"})
_CURVES: Final = frozenset({"ecdsa", "ed25519", "ed448"})

_YES: Final = AlgorithmUsageConstraint(allowed=True)


class DatedAlgorithms(CMSAlgorithmUsagePolicy):
    """The table above in the engine's terms."""

    def digest_algorithm_allowed(self, algo: Any, moment: datetime | None) -> AlgorithmUsageConstraint:
        """Is this digest good enough at that moment?"""
        name = str(algo["algorithm"].native)
        if name not in DIGESTS:
            return AlgorithmUsageConstraint(allowed=False, failure_reason=name)
        until = DIGESTS[name].end
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
