"""Case and agreement numbers: right or refused, wherever they are read from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.casenumber import (
    MAX_SERIAL,
    AgreementNumber,
    CaseNumber,
    check_character,
    find_agreement_numbers,
    parse_agreement_number,
    parse_case_number,
)
from agreements.errors import UsageError

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CASES = st.builds(CaseNumber, st.integers(1000, 9999), st.integers(1, MAX_SERIAL))


def test_the_check_character_is_that_of_the_documents() -> None:
    assert check_character("2026000042") == "J"
    assert str(CaseNumber(2026, 42)) == "DA-2026-000042-J"
    assert str(AgreementNumber(CaseNumber(2026, 42), 2)) == "DA-2026-000042-J.2"


@given(CASES, st.integers(1, 999))
def test_what_is_written_is_read_again(case: CaseNumber, version: int) -> None:
    agreement = AgreementNumber(case, version)
    assert parse_case_number(str(case)) == case
    assert parse_case_number(f"  {str(case).lower()} ") == case
    assert parse_agreement_number(str(agreement)) == agreement


@given(CASES, st.integers(0, 10), st.sampled_from(ALPHABET))
def test_any_single_changed_character_is_refused(case: CaseNumber, position: int, character: str) -> None:
    """ISO/IEC 7064: every single substitution error is found."""
    whole = str(case).replace("DA-", "").replace("-", "")
    changed = whole[:position] + character + whole[position + 1 :]
    if changed == whole:
        return
    with pytest.raises(UsageError):
        parse_case_number(f"DA-{changed[:4]}-{changed[4:10]}-{changed[10]}")


def test_nearly_every_pair_of_neighbours_in_the_wrong_order_is_refused() -> None:
    """ISO/IEC 7064 promises "nearly all" for its hybrid systems: one swap in four hundred slips through."""
    tried = missed = 0
    for serial in range(1, 5_000):
        digits = f"2026{serial:06d}"
        for position in range(len(digits) - 1):
            swapped = digits[:position] + digits[position + 1] + digits[position] + digits[position + 2 :]
            if swapped != digits:
                tried += 1
                missed += check_character(swapped) == check_character(digits)
    assert missed / tried < 0.01


@pytest.mark.parametrize(
    "text", ["", "DA-2026-42-J", "DA-2026-000042", "XX-2026-000042-J", "DA-2026-000042-J.2", "DA-٢٠٢٦-٠٠٠٠٤٢-J"]
)
def test_what_is_no_case_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_case_number(text)
    assert refused.value.code == "case_number_form"


@pytest.mark.parametrize(
    "text", ["", "DA-2026-000042-J", "DA-2026-000042-J.0", "DA-2026-000042-J.1000", "DA-2026-000042-J.x"]
)
def test_what_is_no_agreement_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_agreement_number(text)
    assert refused.value.code == "agreement_number_form"


def test_a_wrong_check_character_is_told_from_a_wrong_form() -> None:
    for parse, text in ((parse_case_number, "DA-2026-000042-K"), (parse_agreement_number, "DA-2026-000042-K.1")):
        with pytest.raises(UsageError) as refused:
            parse(text)
        assert refused.value.code == "case_number_check"


@pytest.mark.parametrize(("year", "serial"), [(999, 1), (10000, 1), (2026, 0), (2026, MAX_SERIAL + 1)])
def test_numbers_that_can_not_be_written_can_not_be_made(year: int, serial: int) -> None:
    with pytest.raises(UsageError) as refused:
        CaseNumber(year, serial)
    assert refused.value.code == "case_number_range"


def test_numbers_are_found_in_a_text_in_order_and_once_each() -> None:
    other = CaseNumber(2026, 43)
    text = f"Re: {other}.1 og da-2026-000042-j.2 (DA-2026-000042-J.2), sak DA-2026-000042-J."
    assert find_agreement_numbers(text) == ((other, 1), (CaseNumber(2026, 42), 2), (CaseNumber(2026, 42), None))


@pytest.mark.parametrize(
    "text",
    [
        "DA-2026-000042-K",  # wrong check character
        "XDA-2026-000042-J",  # part of something longer
        "DA-2026-000042-JX",
        "DA-0000-000042-" + check_character("0000000042"),  # no such year
        "DA-2026-000000-" + check_character("2026000000"),
        "DA-٢٠٢٦-٠٠٠٠٤٢-J",
    ],
)
def test_what_only_looks_like_a_number_is_not_found(text: str) -> None:
    assert find_agreement_numbers(text) == ()


@given(st.text())
def test_looking_for_numbers_never_fails(text: str) -> None:
    find_agreement_numbers(text)
    find_agreement_numbers(f"DA-{text}-000042-J")


@given(CASES, st.one_of(st.none(), st.integers(1, 999)), st.text(" \n.,:()/", max_size=5))
def test_a_number_in_a_text_is_found(case: CaseNumber, version: int | None, around: str) -> None:
    written = str(case) if version is None else f"{case}.{version}"
    assert find_agreement_numbers(f"{around}{written} {around}") == ((case, version),)
