"""What ties a sheet of paper to an issued agreement: the QR code of each page, and the control code in each footer.

Both carry a short message authentication code under the installation's own key (`keys.qr`). They find the agreement
behind a scan and show mistakes; forty bits are no proof against a forger who may try as often as he likes, so nothing
is ever approved on them alone (ADR 0015).
"""

import hmac
from dataclasses import dataclass

from agreements.canonical import canonical_json
from agreements.casenumber import AgreementNumber, parse_agreement_number
from agreements.catalogue import Values
from agreements.errors import UsageError

KEY_BYTES = 32  # HMAC-SHA-256: as long as its output (RFC 2104 section 3)
_KIND = "DA1"  # names the form of the payload: a later one gets another
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O or U to mistake when read aloud
_CODE_CHARACTERS = 8  # forty bits
_MAX_PAGE = 999


@dataclass(frozen=True, kw_only=True)
class PageMark:
    """What a page's QR code says."""

    number: AgreementNumber
    page: int
    """From 1, as printed."""


def control_code(key: bytes, number: AgreementNumber, values: Values) -> str:
    """The footer's code `7K3M-9QXA`, over the agreement's number and all its values."""
    code = _code(key, f"control:{number}:{canonical_json(values)}")
    return f"{code[:4]}-{code[4:]}"


def qr_payload(key: bytes, mark: PageMark) -> str:
    """`DA1:DA-2026-000042-J.2:3:7K3M9QXA`: capitals, digits and marks that QR's alphanumeric mode holds."""
    said = f"{_KIND}:{mark.number}:{mark.page}"
    return f"{said}:{_code(key, said)}"


def read_qr_payload(key: bytes, payload: str) -> PageMark | None:
    """The mark a payload carries, if it is one of ours under this key; None for every other text."""
    kind, _, rest = payload.partition(":")
    if kind != _KIND or not payload.isascii() or rest.count(":") != 2:
        return None
    number, page, code = rest.split(":")
    if not (page.isdigit() and 1 <= int(page[:4]) <= _MAX_PAGE):
        return None
    if not hmac.compare_digest(code, _code(key, f"{_KIND}:{number}:{page}")):
        return None
    try:
        return PageMark(number=parse_agreement_number(number), page=int(page))
    except UsageError:
        return None


def _code(key: bytes, said: str) -> str:
    """Forty bits of HMAC-SHA-256 (RFC 2104) in eight characters."""
    digest = int.from_bytes(hmac.digest(key, said.encode(), "sha256")[:5], "big")
    return "".join(_ALPHABET[digest >> shift & 31] for shift in range(5 * (_CODE_CHARACTERS - 1), -1, -5))
