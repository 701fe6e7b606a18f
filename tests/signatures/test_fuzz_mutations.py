"""The damage that `make fuzz` does must itself survive any document: a gate may only fail for what it tests."""

from random import Random

import pytest

from tests.fuzz.mutations import MUTATIONS, Mutation, mutate

WHOLE = b"%PDF-1.7\n1 0 obj\n<< /ByteRange [0 10 20 30] /Contents <00> >>\nendobj\nxref\n%%EOF\n" * 3
WITHOUT_END = WHOLE.replace(b"%%EOF", b"")
DIGITS = b"0" * 100


@pytest.mark.parametrize("document", [WHOLE, WITHOUT_END, DIGITS, b"x" * 100], ids=["whole", "no end", "digits", "x"])
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_mutation_takes_every_document(mutation: Mutation, document: bytes) -> None:
    for seed in range(200):
        assert isinstance(mutation(document, Random(seed), (WHOLE,)), bytes)


def test_two_mutations_after_each_other_go_well() -> None:
    for seed in range(5_000):
        mutate(WHOLE, Random(seed), (WHOLE, WITHOUT_END))
