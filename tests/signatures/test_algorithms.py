"""Which algorithms are good enough, and until when: by a table with dates and sources."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import algos  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from agreements.signature_report import Indication
from signatures.algorithms import DIGESTS, DatedAlgorithms
from signatures.throwaway import LeafOptions, ThrowawayPki, sign
from tests.signatures.conftest import Judge
from tests.signatures.papers import NOW

POLICY = DatedAlgorithms()


def digest(name: str, moment: datetime | None) -> bool:
    return bool(POLICY.digest_algorithm_allowed(algos.DigestAlgorithm({"algorithm": name}), moment).allowed)


def signature(name: str, key: Any = None) -> bool:
    return bool(POLICY.signature_algorithm_allowed(algos.SignedDigestAlgorithm({"algorithm": name}), NOW, key).allowed)


@pytest.mark.parametrize("name", [name for name, until in DIGESTS.items() if until.end is not None])
def test_a_digest_past_its_date_holds_only_for_what_is_proven_older(name: str) -> None:
    end = DIGESTS[name].end
    assert end is not None
    assert digest(name, end - timedelta(days=1))
    assert not digest(name, end)
    assert not digest(name, None)


def test_the_digests_without_an_end_hold_at_any_time() -> None:
    for name in ("sha256", "sha384", "sha512", "sha3_256"):
        assert digest(name, datetime(2040, 1, 1, tzinfo=UTC))
        assert digest(name, None)


@pytest.mark.parametrize("name", ["md5", "md2", "sha512_224"])
def test_what_is_not_named_is_not_good_enough(name: str) -> None:
    assert not digest(name, datetime(2000, 1, 1, tzinfo=UTC))


def test_signatures_are_as_good_as_their_digest_and_of_a_kind_that_is_named() -> None:
    assert signature("sha256_rsa")
    assert signature("sha384_ecdsa")
    assert signature("ed25519")
    assert not signature("sha1_rsa")
    assert not signature("md5_rsa")
    assert not signature("sha256_dsa")


def test_every_row_of_the_table_names_its_source() -> None:
    assert all(until.source for until in DIGESTS.values())


@pytest.mark.parametrize(("bits", "passes"), [(1536, False), (2048, True)])
def test_a_key_is_long_enough_from_2048_bits_on(
    bits: int, passes: bool, pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    person = pki.person("Kari Nordmann", options=LeafOptions(key=key, digest=hashes.SHA256))
    report = judged(sign(agreement, person, field="Signatur1", now=NOW))
    assert (report.indication is Indication.TOTAL_PASSED) is passes
