"""Organisation numbers: nine digits, modulus 11, synthetic ones only where they are allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.orgnumber import OrgNumber, OrgNumberError, check_digit, find_org_number, parse_org_number

EIGHT_DIGITS = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize(
    "typed", ["984661185", "984 661 185", " 984661185 ", "984\u00a0661\u00a0185", "NO984661185MVA", "984.661.185"]
)
def test_a_real_number_is_read_however_people_write_it(typed: str) -> None:
    assert parse_org_number(typed) == OrgNumber("984661185")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("984661186", "orgnr_check_digit"),
        ("123456789", "orgnr_check_digit"),
        ("98466118", "orgnr_not_nine_digits"),
        ("9846611855", "orgnr_not_nine_digits"),
        ("98466118x", "orgnr_not_nine_digits"),
        ("", "orgnr_not_nine_digits"),
        (
            "\uff19\uff18\uff14\uff16\uff16\uff11\uff11\uff18\uff15",
            "orgnr_not_nine_digits",
        ),  # digits of another script are no digits here
        ("100101688", "orgnr_synthetic"),
    ],
)
def test_a_wrong_number_is_refused_and_the_error_says_which_rule(typed: str, code: str) -> None:
    with pytest.raises(OrgNumberError) as refused:
        parse_org_number(typed)
    assert refused.value.code == code
    assert refused.value.params == {"text": typed}
    assert refused.value.exit_code == 2


def test_a_synthetic_number_passes_only_where_it_is_allowed() -> None:
    assert parse_org_number("100101688", allow_synthetic=True).synthetic
    assert not parse_org_number("984661185").synthetic
    assert find_org_number("100101688") is not None
    assert find_org_number("100101688", allow_synthetic=False) is None


def test_finding_never_raises() -> None:
    assert find_org_number(None) is None
    assert find_org_number("no number") is None
    assert find_org_number("984661185") == OrgNumber("984661185")


def test_it_is_written_in_groups_of_three_that_do_not_break() -> None:
    assert OrgNumber("984661185").grouped == "984\u00a0661\u00a0185"
    assert str(OrgNumber("984661185")) == "984661185"


@given(EIGHT_DIGITS)
def test_a_number_is_accepted_with_its_check_digit_and_with_no_other(eight: str) -> None:
    right = check_digit(eight)
    accepted = [digit for digit in "0123456789" if find_org_number(eight + digit)]
    assert accepted == ([] if right is None else [right])


@given(EIGHT_DIGITS, st.integers(0, 7), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_noticed(eight: str, position: int, digit: str) -> None:
    right = check_digit(eight)
    if right is None or eight[position] == digit:
        return
    assert find_org_number(eight[:position] + digit + eight[position + 1 :] + right) is None
