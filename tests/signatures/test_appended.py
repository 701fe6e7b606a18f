"""Appended bytes that two programs could read in two ways are refused, whatever our own reading of them shows."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signatures.appended import appended_fault
from signatures.throwaway import ThrowawayPki, sign
from tests.signatures.ambiguous import AMBIGUOUS, plain
from tests.signatures.papers import make_agreement

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def issued() -> bytes:
    return make_agreement()


@pytest.fixture(scope="module")
def archived(issued: bytes) -> bytes:
    pki = ThrowawayPki.create(NOW, demo=False)
    once = sign(issued, pki.person("Kari Nordmann"), field="Signatur1", level="B-LTA", now=NOW)
    return sign(once, pki.person("Ola Nordmann"), field="Signatur2", level="B-LTA", now=NOW)


def test_nothing_appended_and_what_honest_signing_appends_can_be_read_in_one_way_only(
    issued: bytes, archived: bytes
) -> None:
    assert appended_fault(issued, issued) is None
    assert appended_fault(archived, issued) is None
    assert appended_fault(plain(archived), issued) is None  # what it changes is for the comparison to see


@pytest.mark.parametrize("name", AMBIGUOUS)
@pytest.mark.parametrize("signed", [False, True], ids=["before signing", "after signing"])
def test_what_can_be_read_in_two_ways_is_named(name: str, issued: bytes, archived: bytes, *, signed: bool) -> None:
    write, fault = AMBIGUOUS[name]
    assert appended_fault(write(archived if signed else issued), issued) == fault


def test_an_ambiguous_section_stays_one_under_later_honest_ones(issued: bytes) -> None:
    pki = ThrowawayPki.create(NOW, demo=False)
    for write, fault in AMBIGUOUS.values():
        below = write(issued)
        try:
            pdf = sign(below, pki.person("Kari Nordmann"), field="Signatur1", now=NOW)
        except Exception:  # noqa: BLE001 - the signing library refuses some of these itself
            continue
        assert appended_fault(pdf, issued) == fault


def test_bytes_without_a_section_of_their_own_are_a_fault(issued: bytes) -> None:
    assert appended_fault(issued + b"5 0 obj\n<<>>\nendobj\n", issued) == "xref-chain"
    assert appended_fault(issued + issued[issued.rindex(b"startxref") :], issued) == "xref-chain"


@given(cut=st.integers(0, 40_000), noise=st.binary(max_size=60))
def test_it_never_raises(cut: int, noise: bytes) -> None:
    issued = make_agreement()
    pdf = plain(issued)
    place = len(issued) + cut % (len(pdf) - len(issued))
    appended_fault(pdf[:place] + noise + pdf[place:], issued)


def test_the_size_that_an_attached_file_states_is_not_taken_for_the_tables(issued: bytes) -> None:
    with_file = _with_attachment(issued, 5_000)
    sizes = [int(size) for size in re.findall(rb"/Size (\d+)", with_file)]
    assert sizes[-1] < max(sizes) == 5_000
    signed = sign(with_file, ThrowawayPki.create(NOW, demo=False).person("Kari Nordmann"), field="Signatur1", now=NOW)
    assert appended_fault(signed, with_file) is None
    stated = list(re.finditer(rb"/Size (\d+)", signed))[-1]
    smaller = b"3".zfill(len(stated[1]))
    assert appended_fault(signed[: stated.start(1)] + smaller + signed[stated.end(1) :], with_file) == "xref-size"


def _with_attachment(pdf: bytes, size: int) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        document.attachments["values.json"] = b"1" * size
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, static_id=True)
    return out.getvalue()
