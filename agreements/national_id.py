"""Norwegian national identity numbers (fødselsnummer, D-nummer) in text: find them, mask them, never keep them.

Rule: eleven digits, modulus 11 on both check digits (Skatteetaten, "Fødselsnummer"), a day of 1–31 (+40 for D-numbers)
and a month of 1–12 (+40, +65 or +80 for H-numbers and synthetic ones). The birth date itself is not checked: a detector
that guards privacy errs on the side of finding.
"""

import re

_CANDIDATE = re.compile(r"(?<!\d)(\d{6})[ \u00a0.-]?(\d{5})(?!\d)")
_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_MONTH_OFFSETS = (0, 40, 65, 80)
_DAY_OFFSETS = (0, 40)


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


def contains_national_id(text: str) -> bool:
    """True if a national identity number stands anywhere in the text."""
    return any(is_national_id(match[1] + match[2]) for match in _CANDIDATE.finditer(text))


def mask_national_ids(text: str) -> str:
    """The text with the last five digits of every national identity number replaced by asterisks."""
    return _CANDIDATE.sub(lambda match: f"{match[1]}*****" if is_national_id(match[1] + match[2]) else match[0], text)
