"""Norwegian organisation numbers (organisasjonsnummer).

Nine digits, the last one a modulus 11 check digit over the first eight with weights 3,2,7,6,5,4,3,2; real ones begin
with 8 or 9 (Brønnøysundregistrene, "Om organisasjonsnummeret"). Synthetic test organisations (Tenor: 2 and 3, Buypass
test: 1) pass the modulus but not the first digit.
"""

import re
from dataclasses import dataclass

from agreements.errors import AvtaleError

_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
_SEPARATORS = re.compile(r"[\s\u00a0.]")


class OrgNumberError(AvtaleError):
    """The text is no organisation number; `code` says which rule it breaks."""

    exit_code = 2


_IN_TEXT = re.compile(r"(?<![0-9])[0-9]{3}([ \u00a0.]?)[0-9]{3}\1[0-9]{3}(?![0-9])")


@dataclass(frozen=True, order=True)
class OrgNumber:
    """A checked organisation number. Not a `SenderId`: Digipost's technical sender id is another number."""

    digits: str

    def __str__(self) -> str:
        return self.digits

    @property
    def grouped(self) -> str:
        """`987 654 321` with no-break spaces, as people write it."""
        return "\u00a0".join((self.digits[:3], self.digits[3:6], self.digits[6:]))

    @property
    def synthetic(self) -> bool:
        """True for numbers no real organisation can have (first digit neither 8 nor 9)."""
        return self.digits[0] not in "89"


def check_digit(first_eight: str) -> str | None:
    """The ninth digit for eight digits, or None where modulus 11 gives 10 and no such number exists."""
    remainder = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_eight, strict=True)) % 11
    control = (11 - remainder) % 11
    return None if control == 10 else str(control)


def parse_org_number(text: str, *, allow_synthetic: bool = False) -> OrgNumber:
    """Parse `987654321`, `987 654 321` or `NO987654321MVA`.

    `allow_synthetic` is for `environment: test|demo` only. Raises OrgNumberError.
    """
    digits = _SEPARATORS.sub("", text).upper().removeprefix("NO").removesuffix("MVA")
    if len(digits) != 9 or not (digits.isascii() and digits.isdigit()):
        raise OrgNumberError("orgnr_not_nine_digits", text=text)
    if check_digit(digits[:8]) != digits[8]:
        raise OrgNumberError("orgnr_check_digit", text=text)
    number = OrgNumber(digits)
    if number.synthetic and not allow_synthetic:
        raise OrgNumberError("orgnr_synthetic", text=text)
    return number


def find_org_number(text: str | None, *, allow_synthetic: bool = True) -> OrgNumber | None:
    """The organisation number that `text` is, or None. For values read from certificates and documents."""
    if text is None:
        return None
    try:
        return parse_org_number(text, allow_synthetic=allow_synthetic)
    except OrgNumberError:
        return None


def find_org_numbers(text: str) -> tuple[OrgNumber, ...]:
    """Every organisation number in a text, once each, in order: nine digits in one piece or in groups of three."""
    found = (find_org_number(match[0]) for match in _IN_TEXT.finditer(text))
    return tuple(dict.fromkeys(number for number in found if number is not None))
