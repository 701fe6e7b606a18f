"""Norwegian national identity numbers (fødselsnummer, D-nummer) in text: find them, mask them, never keep them.

Rule: eleven digits, modulus 11 on both check digits (Skatteetaten, "Fødselsnummer"), a day of 1–31 (+40 for D-numbers)
and a month of 1–12 (+40, +65 or +80 for H-numbers and synthetic ones). Whether the month has that day is not checked: a
detector that guards privacy errs on the side of finding. `find_certain` checks it, for it refuses what a person
typed: one of some forty bank account numbers (eleven digits, too) has such a form and such check digits.
"""

import re
from calendar import monthrange

_CANDIDATE = re.compile(r"(?<!\d)(\d{6})[ \u00a0.-]?(\d{5})(?!\d)")
_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_MONTH_OFFSETS = (0, 40, 65, 80)
_DAY_OFFSETS = (0, 40)
_CENTURIES = (1800, 1900, 2000)
"""In which somebody with such a number may be born (Skatteetaten: individual numbers from 1854 on)."""


def is_national_id(digits: str) -> bool:
    """True if eleven digits have the form and the check digits of a national identity number."""
    if len(digits) != 11 or not (digits.isascii() and digits.isdigit()):
        return False
    numbers = [int(digit) for digit in digits]
    day, month = int(digits[:2]), int(digits[2:4])
    return (
        any(1 <= day - offset <= 31 for offset in _DAY_OFFSETS)
        and any(1 <= month - offset <= 12 for offset in _MONTH_OFFSETS)
        and sum(w * n for w, n in zip(_FIRST, numbers, strict=False)) % 11 == 0
        and sum(w * n for w, n in zip(_SECOND, numbers, strict=True)) % 11 == 0
    )


def find_certain(text: str) -> str | None:
    """The first national identity number in the text whose birth date exists, masked; None if there is none."""
    for match in _CANDIDATE.finditer(text):
        if is_national_id(match[1] + match[2]) and _is_a_day(match[1]):
            return _masked(match[1])
    return None


def _is_a_day(digits: str) -> bool:
    """Whether DDMMYY is a day of any century, less what D-numbers, H-numbers and synthetic ones add."""
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    months = [month - offset for offset in _MONTH_OFFSETS if 1 <= month - offset <= 12]
    longest = max((monthrange(century + year, one)[1] for century in _CENTURIES for one in months), default=0)
    return any(1 <= day - offset <= longest for offset in _DAY_OFFSETS)


def _masked(birth_date: str) -> str:
    return f"{birth_date}*****"


def contains_national_id(text: str) -> bool:
    """True if a national identity number stands anywhere in the text."""
    return any(is_national_id(match[1] + match[2]) for match in _CANDIDATE.finditer(text))


def mask_national_ids(text: str) -> str:
    """The text with the last five digits of every national identity number replaced by asterisks."""
    return _CANDIDATE.sub(lambda match: _masked(match[1]) if is_national_id(match[1] + match[2]) else match[0], text)
