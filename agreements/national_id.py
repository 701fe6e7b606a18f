"""Norwegian national identity numbers (fødselsnummer, D-nummer) in text: find them, mask them, never keep them.

Rule: eleven digits, modulus 11 on both check digits (Skatteetaten, "Fødselsnummer"), a day of 1–31 (+40 for D-numbers)
and a month of 1–12 (+40, +65 or +80 for H-numbers and synthetic ones). Whether the month has that day is not checked: a
detector that guards privacy errs on the side of finding. `find_certain` checks it, for it refuses what a person
typed: one of some forty bank account numbers (eleven digits, too) has such a form and such check digits.

A number is known in any script's digits, and with spaces, points, dashes, line breaks or characters that nobody sees
between its parts: `010190 12345`, `01.01.90-12345`, `010190 123 45`. A bank account's own grouping (4, 2, 5) is not one
of them. What stands within a digest in hexadecimal is part of that.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import Final

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_MONTH_OFFSETS = (0, 40, 65, 80)
_DAY_OFFSETS = (0, 40)
_CENTURIES = (1800, 1900, 2000)
"""In which somebody with such a number may be born (Skatteetaten: individual numbers from 1854 on)."""
_BORN: Final = (
    (1900, range(500), range(100)),
    (1800, range(500, 750), range(54, 100)),
    (2000, range(500, 1000), range(40)),
    (1900, range(900, 1000), range(40, 100)),
)
"""Century, individual numbers, years."""
_MIN_DIGEST: Final = 32  # hexadecimal digits: MD5, the shortest that anybody writes out
_UNSEEN: Final = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
"""Soft hyphens, joiners, direction marks: they may stand between any two digits and nobody sees them."""
_DASHES: Final = "\\-\u2010-\u2015\u2212"
_D: Final = rf"[0-9][{_UNSEEN}]*"
_MARK: Final = rf"[ \u00a0./{_DASHES}]"
_BREAK: Final = rf"[\s./·\u2022{_DASHES}{_UNSEEN}]{{0,4}}"
_CANDIDATE = re.compile(
    rf"[0-9](?<![0-9][0-9])[{_UNSEEN}]*"
    rf"(?:(?:{_D}){{5}}|{_D}(?P<mark>{_MARK})(?:{_D}){{2}}(?P=mark)(?:{_D}){{2}})"
    rf"{_BREAK}(?:(?:{_D}){{5}}|(?:{_D}){{3}}[ \u00a0](?:{_D}){{2}})(?![0-9])"
)
"""The six digits of a date and the five of the person, each alone or in its usual groups."""
_NOT_HEXADECIMAL: Final = re.compile(r"[^0-9a-fA-F]")


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


def birth_date_of(digits: str) -> date | None:
    """The day of birth that a number tells; None where it is no such number or tells no day.

    The first three digits of the person tell the century (Skatteetaten, "Fødselsnummer"; valid for births to 2039).
    """
    if not is_national_id(digits):
        return None
    day, month, year, person = int(digits[:2]), int(digits[2:4]), int(digits[4:6]), int(digits[6:9])
    century = next((c for c, people, years in _BORN if person in people and year in years), None)
    if century is None:
        return None
    born_day = day - max(offset for offset in _DAY_OFFSETS if day > offset)
    born_month = month - max(offset for offset in _MONTH_OFFSETS if month > offset)
    try:
        return date(century + year, born_month, born_day)
    except ValueError:
        return None


def find_certain(text: str) -> str | None:
    """The first national identity number in the text whose birth date exists, masked; None if there is none."""
    return next((mask(digits) for _, digits in _find(text) if _is_a_day(digits[:6])), None)


def _is_a_day(digits: str) -> bool:
    """Whether DDMMYY is a day of any century, less what D-numbers, H-numbers and synthetic ones add."""
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    months = [month - offset for offset in _MONTH_OFFSETS if 1 <= month - offset <= 12]
    longest = max((monthrange(century + year, one)[1] for century in _CENTURIES for one in months), default=0)
    return any(1 <= day - offset <= longest for offset in _DAY_OFFSETS)


def find_national_ids(text: str) -> tuple[str, ...]:
    """Every national identity number in the text, as eleven plain digits, in order. Only to be masked and counted."""
    return tuple(digits for _, digits in _find(text))


def mask(digits: str) -> str:
    """A number as it may be shown: `010190*****`, the day of birth without the person."""
    return f"{digits[:6]}*****"


def contains_national_id(text: str) -> bool:
    """True if a national identity number stands anywhere in the text."""
    return next(_find(text), None) is not None


def mask_national_ids(text: str) -> str:
    """The text with every national identity number as `mask` shows it."""
    pieces, end = list[str](), 0
    for match, digits in _find(text):
        pieces += [text[end : match.start()], mask(digits)]
        end = match.end()
    return "".join([*pieces, text[end:]])


def _find(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each place in the text that is a national identity number, with its digits."""
    if not text.isascii():
        text = _in_plain_digits(text)
    for match in _CANDIDATE.finditer(text):
        digits = "".join(filter(str.isdecimal, match[0]))
        if is_national_id(digits) and not _in_a_digest(text, match):
            yield match, digits


def _in_plain_digits(text: str) -> str:
    """The text, as long as it was, with every script's digits as ours: full-width, Arabic, superscript."""
    strange = {character for character in set(text) if not character.isascii() and character.isdigit()}
    plain = {ord(character): str(unicodedata.digit(character)) for character in strange}
    return text.translate(plain) if plain else text


def _in_a_digest(text: str, match: re.Match[str]) -> bool:
    """Whether the number is but a stretch of a long hexadecimal one."""
    before = _NOT_HEXADECIMAL.split(text[max(0, match.start() - _MIN_DIGEST) : match.start()])[-1]
    after = _NOT_HEXADECIMAL.split(text[match.end() : match.end() + _MIN_DIGEST])[0]
    return len(match[0]) == 11 and len(before) + 11 + len(after) >= _MIN_DIGEST
