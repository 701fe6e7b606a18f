"""Which cryptographic algorithms are good enough, and until when.

An allow-list with dates: what is not named is not accepted, and a signature proven older than an algorithm's date may
still be judged by its proof. The dates are those of ETSI TS 119 312 v1.5.1 (2024-12), "Cryptographic Suites", read in
its machine-readable form (ETSI TS 119 322) as the EU's reference validator carries it: repository esig/dss,
dss-policy-crypto-xml/src/main/resources/suite/dss-crypto-suite.xml, issued 2024-10-13, read 2026-11-23. What it calls
recommended has no end.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint

_SUITE = "ETSI TS 119 312 v1.5.1"
_SUITE_DATE = datetime(2024, 10, 13, tzinfo=UTC)
"""Stands in where the engine asks without a time: what had ended before the table was made is refused even then."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """How long an algorithm is good enough: `None` means without an end known today. `source` says by whom."""

    end: datetime | None
    source: str = _SUITE


_RECOMMENDED = Until(end=None)
_LEGACY = Until(end=datetime(2029, 1, 1, tzinfo=UTC))
DIGESTS: Final[dict[str, Until]] = {
    "sha256": _RECOMMENDED,
    "sha384": _RECOMMENDED,
    "sha512": _RECOMMENDED,
    "sha3_256": _RECOMMENDED,
    "sha3_384": _RECOMMENDED,
    "sha3_512": _RECOMMENDED,
    "shake256": Until(end=None, source="RFC 8419, section 3.1: as Ed448 uses it"),
    "shake256_len": Until(end=None, source="RFC 8419, section 3.1: as Ed448 uses it"),
    "sha224": _LEGACY,
    "sha1": Until(end=datetime(2012, 8, 1, tzinfo=UTC)),
}
_RSA_SHORT = Until(end=datetime(2019, 10, 1, tzinfo=UTC))
_EC_SHORT = Until(end=datetime(2021, 10, 1, tzinfo=UTC))
_EDWARDS = Until(end=None, source="RFC 8419; not in ETSI's list; as strong as P-256 or stronger: RFC 8032, section 8.5")
KEYS: Final[dict[str, tuple[tuple[int, Until], ...]]] = {
    "rsassa_pkcs1v15": ((1900, _LEGACY), (1024, _RSA_SHORT)),
    "rsassa_pss": ((3000, _RECOMMENDED), (1900, _LEGACY), (1024, _RSA_SHORT)),
    "ecdsa": ((256, _RECOMMENDED), (224, _EC_SHORT)),
    "ed25519": (
        (0, Until(end=None, source="RFC 8419; not in ETSI's list, as strong as P-256 (RFC 8032, section 8.5)")),
    ),
    "ed448": (
        (0, Until(end=None, source="RFC 8419; not in ETSI's list, stronger than P-256 (RFC 8032, section 8.5)")),
    ),
}
"""Signature algorithm -> (key length in bits from which it holds, until when), the longest first. Shorter: refused."""

_YES: Final = AlgorithmUsageConstraint(allowed=True)


class DatedAlgorithms(CMSAlgorithmUsagePolicy):
    """The tables above in the engine's terms."""

    def digest_algorithm_allowed(self, algo: Any, moment: datetime | None) -> AlgorithmUsageConstraint:
        """Is this digest good enough at that moment?"""
        name = str(algo["algorithm"].native)
        return _at(DIGESTS.get(name), moment, name)

    def signature_algorithm_allowed(
        self, algo: Any, moment: datetime | None, public_key: Any
    ) -> AlgorithmUsageConstraint:
        """Is this signature algorithm, with this key and its digest, good enough at that moment?"""
        try:
            name = str(algo.signature_algo)
        except ValueError:
            name = str(algo["algorithm"].native)
        by_key = _at(_until(name, public_key), moment, name)
        digest = _digest_of(algo)
        if digest is None:
            return by_key
        by_digest = self.digest_algorithm_allowed({"algorithm": digest}, moment)
        return _stricter(by_key, by_digest)


def key_allowed(name: str, bits: int, moment: datetime) -> bool:
    """Is a key of so many bits good enough for this signature algorithm (a name of `KEYS`) at that moment?"""
    return _at(_by_length(name, bits), moment, name).allowed


def _until(name: str, public_key: Any) -> Until | None:
    """How long an algorithm holds with a key; without a key (the engine asks twice) as with the longest."""
    if public_key is None or name.startswith("ed"):  # a curve of Edwards's has one length
        return _by_length(name, max((least for least, _ in KEYS.get(name, ())), default=0))
    return _by_length(name, int(public_key.bit_size))


def _by_length(name: str, bits: int) -> Until | None:
    return next((until for least, until in KEYS.get(name, ()) if bits >= least), None)


def _at(until: Until | None, moment: datetime | None, name: str) -> AlgorithmUsageConstraint:
    if until is None:
        return AlgorithmUsageConstraint(allowed=False, failure_reason=name)
    if until.end is None or (moment or _SUITE_DATE) < until.end:
        return _YES
    return AlgorithmUsageConstraint(allowed=False, not_allowed_after=until.end, failure_reason=name)


def _stricter(first: AlgorithmUsageConstraint, second: AlgorithmUsageConstraint) -> AlgorithmUsageConstraint:
    """The refusal of the two; of two refusals the one for ever, else the earlier."""
    refused = [constraint for constraint in (first, second) if not constraint.allowed]
    beginning = datetime.min.replace(tzinfo=UTC)
    return min(refused, key=lambda constraint: constraint.not_allowed_after or beginning, default=_YES)


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
