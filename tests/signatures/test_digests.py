"""Digests that share what they begin with are those of the bytes they are asked for."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signatures.digests import Digests

PDF = bytes(range(256)) * 4
SPLITS = st.tuples(*[st.integers(0, len(PDF))] * 3).map(sorted)
ASKED = st.lists(st.tuples(st.sampled_from(["sha256", "sha512", "sha3_256", "sha512_256"]), SPLITS), max_size=12)


@given(asked=ASKED)
def test_in_whatever_order_they_are_asked_for(asked: list[tuple[str, list[int]]]) -> None:
    digests = Digests(PDF)
    for algorithm, (first, second, end) in asked:
        expected = hashlib.new(algorithm, PDF[:first] + PDF[second:end]).digest()
        assert digests.over(algorithm, (0, first, second, end - second)) == expected
    assert digests.whole() == hashlib.sha256(PDF).hexdigest()


def test_a_first_stretch_from_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="first byte"):
        Digests(PDF).over("sha256", (1, 5, 8, 3))


def test_an_algorithm_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="unsupported"):
        Digests(PDF).over("md7", (0, 5, 8, 3))
