"""A case's own e-mail address: `avtaler+<token>@…`, given to that case's organisation alone (RFC 5233 1).

The token is the case's number and a message authentication code over it, under the installation's own key
(`keys.qr`): nothing is stored, the same case always has the same address, and nobody who lacks the key can make one.
It says where a mail belongs, which every other clue must agree with; it proves nothing about who sent it, for whoever
has seen one address can write to it.
"""

import hmac
import re
from collections.abc import Iterable
from typing import Final

from agreements.casenumber import CaseNumber
from agreements.errors import UsageError

TOKEN_LENGTH: Final = 26
"""Characters of five bits (facts/mail-and-folders.md §5): forty bits of number, ninety of code, not to be guessed."""
MAX_NAME: Final = 64
"""Characters before the @ (RFC 5321 4.5.3.1.1)."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648 6, in lower case: mail systems may fold it
_TOKEN: Final = re.compile(rf"\+([{_LETTERS}]{{{TOKEN_LENGTH}}})@")
_SERIAL_BITS: Final = 26
_CODE_BITS: Final = 90


def case_token(key: bytes, case: CaseNumber) -> str:
    """The token of a case. `key`: the installation's secret (`agreements.marking.KEY_BYTES`)."""
    number = (case.year << _SERIAL_BITS | case.serial) << _CODE_BITS | _code(key, case)
    shifts = range(5 * (TOKEN_LENGTH - 1), -1, -5)
    return "".join(_LETTERS[number >> shift & 31] for shift in shifts)


def read_case_token(key: bytes, token: str) -> CaseNumber | None:
    """The case a token was made for under this key; None for every other text."""
    if len(token) != TOKEN_LENGTH or not set(token) <= set(_LETTERS):
        return None
    number = 0
    for letter in token:
        number = number << 5 | _LETTERS.index(letter)
    plain, code = number >> _CODE_BITS, number & (1 << _CODE_BITS) - 1
    try:
        case = CaseNumber(plain >> _SERIAL_BITS, plain & (1 << _SERIAL_BITS) - 1)
    except UsageError:
        return None
    return case if hmac.compare_digest(_bytes(code), _bytes(_code(key, case))) else None


def plus_address(address: str, token: str) -> str | None:
    """The address with the token behind its name; None where the name would be too long."""
    name, at, domain = address.rpartition("@")
    return f"{name}+{token}{at}{domain}" if len(name) + 1 + len(token) <= MAX_NAME else None


def find_tokens(addresses: Iterable[str]) -> tuple[str, ...]:
    """What may be tokens in addresses, in lower case, once each."""
    found = (_TOKEN.search(address.lower()) for address in addresses)
    return tuple(dict.fromkeys(match[1] for match in found if match))


def _code(key: bytes, case: CaseNumber) -> int:
    """Ninety bits of HMAC-SHA-256 (RFC 2104), of a text that no other code of this key is made of."""
    return int.from_bytes(hmac.digest(key, f"address:{case}".encode(), "sha256")[:12], "big") >> 96 - _CODE_BITS


def _bytes(code: int) -> bytes:
    return code.to_bytes(12, "big")
