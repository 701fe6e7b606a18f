"""Case numbers: `DA-2026-000042-J`, and agreement numbers: `DA-2026-000042-J.2` (the case's second version).

The last character is a check character, ISO/IEC 7064 MOD 37,36 over year and serial (`2026000042` gives J), so that a
number read wrongly from a subject line, a scan or the telephone is refused: every single wrong character, and all but
one in four hundred pairs of neighbours in the wrong order.
"""

import re
from dataclasses import dataclass

from agreements.errors import UsageError

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CASE = r"DA-([0-9]{4})-([0-9]{6})-([0-9A-Z])"
_CASE_NUMBER = re.compile(_CASE)
_AGREEMENT_NUMBER = re.compile(_CASE + r"\.([1-9][0-9]{0,2})")
_IN_TEXT = re.compile(
    r"(?<![0-9A-Za-z])" + _CASE + r"(?:\.([1-9][0-9]{0,2}))?(?![0-9A-Za-z])", re.ASCII | re.IGNORECASE
)
MAX_SERIAL = 999_999


def check_character(digits: str) -> str:
    """The ISO/IEC 7064 MOD 37,36 check character of a string over 0–9 and A–Z."""
    product = 36
    for character in digits:
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


@dataclass(frozen=True, order=True)
class CaseNumber:
    """A case's number. Build with `CaseNumber(2026, 42)`; `str()` gives `DA-2026-000042-J`."""

    year: int
    serial: int

    def __post_init__(self) -> None:
        if not (1000 <= self.year <= 9999 and 1 <= self.serial <= MAX_SERIAL):
            raise UsageError("case_number_range", year=self.year, serial=self.serial)

    def __str__(self) -> str:
        digits = f"{self.year:04d}{self.serial:06d}"
        return f"DA-{digits[:4]}-{digits[4:]}-{check_character(digits)}"


@dataclass(frozen=True, order=True)
class AgreementNumber:
    """One version of a case's agreement: `DA-2026-000042-J.2`."""

    case: CaseNumber
    version: int

    def __str__(self) -> str:
        return f"{self.case}.{self.version}"


def parse_case_number(text: str) -> CaseNumber:
    """Parse a case number, in any letter case. Raises UsageError, also for a wrong check character."""
    match = _CASE_NUMBER.fullmatch(text.strip().upper())
    if match is None:
        raise UsageError("case_number_form", text=text)
    return _checked(match[1], match[2], match[3], text)


def parse_agreement_number(text: str) -> AgreementNumber:
    """Parse an agreement number (case number, full stop, version). Raises UsageError."""
    match = _AGREEMENT_NUMBER.fullmatch(text.strip().upper())
    if match is None:
        raise UsageError("agreement_number_form", text=text)
    return AgreementNumber(_checked(match[1], match[2], match[3], text), int(match[4]))


def find_agreement_numbers(text: str) -> tuple[tuple[CaseNumber, int | None], ...]:
    """Every case number in a text, once each, in order, with its version where one follows. Wrong ones are skipped."""
    found: dict[tuple[CaseNumber, int | None], None] = {}
    for match in _IN_TEXT.finditer(text):
        try:
            case = _checked(match[1], match[2], match[3].upper(), match[0])
        except UsageError:
            continue
        found[(case, int(match[4]) if match[4] else None)] = None
    return tuple(found)


def _checked(year: str, serial: str, check: str, text: str) -> CaseNumber:
    if check_character(year + serial) != check:
        raise UsageError("case_number_check", text=text)
    return CaseNumber(int(year), int(serial))
