"""A case's own address: made of its number and a code that only this installation can make."""

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.case_address import TOKEN_LENGTH, case_token, find_tokens, plus_address, read_case_token
from agreements.casenumber import MAX_SERIAL, CaseNumber

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
LETTERS = ascii_lowercase + "234567"
CASES = st.builds(CaseNumber, st.integers(1000, 9999), st.integers(1, MAX_SERIAL))


@given(case=CASES)
def test_every_case_is_read_back_from_its_address(case: CaseNumber) -> None:
    address = plus_address("avtaler@example.org", case_token(KEY, case))
    assert address is not None
    (token,) = find_tokens(["ola@example.org", f"Avtaler <{address.upper()}>", address])
    assert (len(token), read_case_token(KEY, token)) == (TOKEN_LENGTH, case)


@given(case=CASES, place=st.integers(0, TOKEN_LENGTH - 1), letter=st.sampled_from(LETTERS))
def test_no_token_with_another_letter_is_anybodys(case: CaseNumber, place: int, letter: str) -> None:
    token = case_token(KEY, case)
    changed = token[:place] + letter + token[place + 1 :]
    assert read_case_token(KEY, changed) == (case if changed == token else None)


@given(token=st.text(LETTERS, min_size=TOKEN_LENGTH, max_size=TOKEN_LENGTH))
def test_a_guess_is_nobodys(token: str) -> None:
    assert read_case_token(KEY, token) is None


def test_another_installations_token_is_nobodys_and_neighbours_share_no_code() -> None:
    case = CaseNumber(2026, 42)
    assert read_case_token(OTHER_KEY, case_token(KEY, case)) is None
    one, two = case_token(KEY, case), case_token(KEY, CaseNumber(2026, 43))
    assert one[8:] != two[8:]


@pytest.mark.parametrize("token", ["", "a" * 25, "a" * 27, "1" * 26, "å" * 26])
def test_what_has_not_the_form_of_a_token_is_none(token: str) -> None:
    assert read_case_token(KEY, token) is None
    assert find_tokens([f"avtaler+{token}@example.org"]) == ()


def test_a_name_that_would_become_too_long_gets_no_token() -> None:
    token = case_token(KEY, CaseNumber(2026, 42))
    assert plus_address("a" * 37 + "@example.org", token) is not None
    assert plus_address("a" * 38 + "@example.org", token) is None
