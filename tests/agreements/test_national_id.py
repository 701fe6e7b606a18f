"""National identity numbers are found and masked; other numbers are left alone."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agreements.national_id import (
    contains_national_id,
    find_certain,
    find_national_ids,
    is_national_id,
    mask,
    mask_national_ids,
)

FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2)
SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def with_check_digits(nine: str) -> str | None:
    """The identity number that begins with these nine digits, by the rule itself; None where there is none."""
    first = -sum(weight * int(digit) for weight, digit in zip(FIRST_WEIGHTS, nine, strict=True)) % 11
    ten = f"{nine}{first}"
    second = (
        -sum(weight * int(digit) for weight, digit in zip(SECOND_WEIGHTS, ten, strict=True)) % 11 if first < 10 else 10
    )
    return f"{ten}{second}" if second < 10 else None


@st.composite
def national_ids(draw: st.DrawFn) -> str:
    """Ordinary ones, D-numbers (day + 40), H-numbers (month + 40) and synthetic ones (month + 65, + 80)."""
    day = draw(st.integers(1, 31)) + draw(st.sampled_from((0, 40)))
    month = draw(st.integers(1, 12)) + draw(st.sampled_from((0, 40, 65, 80)))
    number = with_check_digits(f"{day:02d}{month:02d}{draw(st.integers(0, 99)):02d}{draw(st.integers(0, 999)):03d}")
    assume(number is not None)
    assert number is not None
    return number


@given(national_ids())
def test_every_kind_of_number_is_recognised(number: str) -> None:
    assert is_national_id(number)


@given(
    national_ids(),
    st.sampled_from(["", " ", "-", ".", "\u00a0"]),
    st.sampled_from(["", "fnr:", "Kari Nordmann (", "\n"]),
)
def test_a_number_in_a_text_is_found_and_masked(number: str, separator: str, before: str) -> None:
    text = f"{before}{number[:6]}{separator}{number[6:]})"
    masked = mask_national_ids(text)
    assert contains_national_id(text)
    assert masked == f"{before}{number[:6]}*****)"
    assert not contains_national_id(masked)


BREAKS = ["", " ", "  ", "\u00a0", "\u202f", "-", "–", ".", "/", "\n", "\r\n", "-\n", "\u00ad", "\u200b", " \n "]
SCRIPTS = [ord("0"), 0xFF10, 0x0660, 0x06F0, 0x0966, 0x1D7CE]
"""Where the digits of some scripts begin: ASCII, full width, Arabic (two), Devanagari, mathematical bold."""


@given(
    number=national_ids(),
    marks=st.sampled_from(["", ".", "-", " ", "/"]),
    between=st.sampled_from(BREAKS),
    gap=st.sampled_from(["", " "]),
    zero=st.sampled_from(SCRIPTS),
)
def test_a_number_is_found_in_every_group_break_and_script(
    number: str, marks: str, between: str, gap: str, zero: int
) -> None:
    written = marks.join((number[:2], number[2:4], number[4:6])) + between + number[6:9] + gap + number[9:]
    written = "".join(chr(zero + int(each)) if each.isdigit() else each for each in written)
    assert find_national_ids(f"Født: {written}.") == (number,)
    assert mask_national_ids(f"Født: {written}.") == f"Født: {number[:6]}*****."


@given(national_ids(), st.sampled_from(["\u00ad", "\u200b", "\u2060"]), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_what_nobody_sees_between_the_digits_hides_nothing(number: str, unseen: str, code: str) -> None:
    text = unseen.join(number).encode(code).decode(code)
    assert find_national_ids(text) == (number,)


@given(national_ids())
def test_a_bank_account_in_its_own_groups_and_a_piece_of_a_digest_are_other_numbers(number: str) -> None:
    assert not contains_national_id(f"{number[:4]}.{number[4:6]}.{number[6:]}")
    assert not contains_national_id(f"sha256 ab{number}{'c0ffee' * 8}".lower())
    assert contains_national_id(f"abc{number}def")


@given(national_ids(), national_ids())
def test_every_number_of_a_text_is_found_and_masked(first: str, second: str) -> None:
    text = f"{first}, {second[:6]} {second[6:]}"
    assert find_national_ids(text) == (first, second)
    assert mask_national_ids(text) == f"{mask(first)}, {mask(second)}"


@given(national_ids(), st.sampled_from("0123456789"))
def test_a_number_inside_a_longer_one_is_another_number(number: str, digit: str) -> None:
    assert not contains_national_id(digit + number)
    assert not contains_national_id(number + digit)


@given(national_ids(), st.integers(9, 10), st.integers(1, 9))
def test_a_wrong_check_digit_is_no_identity_number(number: str, position: int, shift: int) -> None:
    digit = str((int(number[position]) + shift) % 10)
    assert not is_national_id(number[:position] + digit + number[position + 1 :])


@pytest.mark.parametrize("digits", ["", "0101", "0101901234x", "٠١٠١٩٠١٢٣٤٥", "00000000000", "984661185"])
def test_what_has_not_the_form_is_no_identity_number(digits: str) -> None:
    assert not is_national_id(digits)


def test_random_digits_are_mostly_left_alone() -> None:
    numbers = random.Random(20261123)
    hits = sum(is_national_id(f"{numbers.randrange(10**11):011d}") for _ in range(20_000))
    assert hits < 100  # two check digits let one in 121 through, day and month far fewer


@given(st.text())
def test_masking_never_fails_and_leaves_none_behind(text: str) -> None:
    assert not contains_national_id(mask_national_ids(text))


@given(national_ids())
def test_a_number_with_a_birth_date_that_exists_is_certain_and_never_repeated(number: str) -> None:
    assume(int(number[:2]) % 40 <= 28)
    assert find_certain(f"Åse {number[:6]} {number[6:]}") == f"{number[:6]}*****"


@pytest.mark.parametrize("birth_date", ["300270", "310470", "710670", "296501"])
def test_a_number_whose_birth_date_is_no_day_is_masked_but_not_refused(birth_date: str) -> None:
    numbers = (with_check_digits(f"{birth_date}{serial:03d}") for serial in range(1000))
    number = next(number for number in numbers if number is not None)
    assert find_certain(number) is None
    assert mask_national_ids(number).endswith("*****") == contains_national_id(number)


def test_a_leap_day_of_any_century_is_a_day() -> None:
    numbers = (with_check_digits(f"290200{serial:03d}") for serial in range(1000))
    assert find_certain(next(number for number in numbers if number is not None)) == "290200*****"
