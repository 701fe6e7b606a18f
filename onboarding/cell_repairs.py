"""What spreadsheets do to numbers, put right where the cell leaves no doubt, and told; where it does, a fault.

Excel takes `0155` for 155, `+4790000000` for 4790000000 and a long number for 9,88E+08. The first two lose nothing that
can't be known; of the third only a mantissa with all its digits does.
"""

import re
from dataclasses import dataclass
from typing import Final

from agreements.catalogue import FieldType
from agreements.values import ValueFault

_EXPONENT: Final = re.compile(r"(\d)[.,](\d{1,18})[eE]\+?(\d{1,2})")
_ANY_EXPONENT: Final = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d{1,3}")
_DECIMALS: Final = re.compile(r"(\d{1,15})[.,]0+")
_COUNTRY_CODE: Final = re.compile(r"47(\d{8})")  # Norwegian numbers have eight digits (Nkom's numbering plan)
_LOST_ZERO: Final = re.compile(r"(.*,\s*)(\d{3})(\s+\S.*)")  # postal codes have four (Brønnøysund `^\d{4}$`)
_NUMBERS: Final = frozenset({FieldType.ORGNR, FieldType.INT, FieldType.INT64, FieldType.PHONE})


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """A cell as it is read, and whether that is another text than stands there."""

    text: str
    changed: bool = False


def repair_cell(text: str, kind: FieldType) -> Repaired:
    """The cell put right. Raises ValueFault `cell_exponent` for a number whose last digits are lost."""
    if kind in _NUMBERS:
        text, before = _all_digits(text), text
        if kind is FieldType.PHONE and (national := _COUNTRY_CODE.fullmatch(text)):
            text = f"+47{national[1]}"
        return Repaired(text=text, changed=text != before)
    if kind is FieldType.ADDRESS and (lost := _LOST_ZERO.fullmatch(text)):
        return Repaired(text=f"{lost[1]}0{lost[2]}{lost[3]}", changed=True)
    return Repaired(text=text)


def _all_digits(text: str) -> str:
    exponent = _EXPONENT.fullmatch(text)
    if exponent is not None and len(exponent[2]) == int(exponent[3]):
        return exponent[1] + exponent[2]
    if _ANY_EXPONENT.fullmatch(text):
        raise ValueFault("cell_exponent")
    whole = _DECIMALS.fullmatch(text)
    return text if whole is None else whole[1]
