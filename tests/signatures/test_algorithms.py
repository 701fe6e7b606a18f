"""Which algorithms are good enough, and until when: by a table with dates and sources."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import algos  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import rsa

from agreements.signature_report import Indication
from signatures.algorithms import DIGESTS, KEYS, DatedAlgorithms
from signatures.throwaway import LeafOptions, ThrowawayPki, sign
from tests.signatures.conftest import Judge
from tests.signatures.papers import NOW

POLICY = DatedAlgorithms()


def digest(name: str, moment: datetime | None) -> bool:
    return bool(POLICY.digest_algorithm_allowed(algos.DigestAlgorithm({"algorithm": name}), moment).allowed)


def signature(name: str, key: Any = None, moment: datetime | None = NOW) -> bool:
    algorithm = algos.SignedDigestAlgorithm({"algorithm": name})
    return bool(POLICY.signature_algorithm_allowed(algorithm, moment, key).allowed)


@dataclass(frozen=True)
class Key:
    """As much of a public key as the policy asks for."""

    bit_size: int


@pytest.mark.parametrize("name", [name for name, until in DIGESTS.items() if until.end is not None])
def test_a_digest_past_its_date_holds_only_for_what_is_proven_older(name: str) -> None:
    end = DIGESTS[name].end
    assert end is not None
    assert digest(name, end - timedelta(days=1))
    assert not digest(name, end)


def test_without_a_time_what_had_ended_before_the_table_was_made_is_refused() -> None:
    assert not digest("sha1", None)
    assert not signature("sha256_rsa", Key(1024), None)
    assert digest("sha224", None)
    assert signature("sha256_rsa", Key(2048), None)


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


@pytest.mark.parametrize(
    ("name", "bits", "end"),
    [
        ("sha256_rsa", 1024, datetime(2019, 10, 1, tzinfo=UTC)),
        ("sha256_rsa", 2048, datetime(2029, 1, 1, tzinfo=UTC)),
        ("sha256_rsa", 4096, datetime(2029, 1, 1, tzinfo=UTC)),
        ("sha256_ecdsa", 224, datetime(2021, 10, 1, tzinfo=UTC)),
        ("sha1_rsa", 4096, datetime(2012, 8, 1, tzinfo=UTC)),
        ("sha1_rsa", 1024, datetime(2012, 8, 1, tzinfo=UTC)),
    ],
)
def test_a_signature_holds_until_its_key_or_its_digest_has_ended(name: str, bits: int, end: datetime) -> None:
    assert signature(name, Key(bits), end - timedelta(days=1))
    assert not signature(name, Key(bits), end)


def test_keys_shorter_than_the_table_never_were_good_enough() -> None:
    long_ago = datetime(2005, 1, 1, tzinfo=UTC)
    assert not signature("sha256_rsa", Key(786), long_ago)
    assert not signature("sha256_ecdsa", Key(192), long_ago)


def test_the_longest_keys_and_curves_have_no_end() -> None:
    later = datetime(2040, 1, 1, tzinfo=UTC)
    assert signature("sha256_ecdsa", Key(256), later)
    assert signature("ed25519", Key(256), later)
    assert signature("ed448", Key(456), later)


def test_every_row_of_the_tables_names_its_source() -> None:
    rows = [*DIGESTS.values(), *(until for lengths in KEYS.values() for _, until in lengths)]
    assert all(until.source for until in rows)


@pytest.mark.parametrize(("bits", "passes"), [(1536, False), (2048, True)])
def test_a_key_is_long_enough_from_2048_bits_on(
    bits: int, passes: bool, pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    person = pki.person("Kari Nordmann", options=LeafOptions(key=key))
    report = judged(sign(agreement, person, field="Signatur1", now=NOW))
    assert (report.indication is Indication.TOTAL_PASSED) is passes
