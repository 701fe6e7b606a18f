"""The mark on every certificate of the throwaway infrastructure, and how it is recognised.

A certificate made by `avtale demo` carries a non-critical extension with this object identifier (a UUID-based arc,
ITU-T X.667, made for this purpose and registered for nothing else) and the value NULL. Outside `environment: demo`
such a certificate is refused wherever it lies. Recognised by its encoded bytes: that finds it in signer chains,
nested time-stamp tokens, revocation responses and certificate stores alike, and needs no parser that could be led
astray.
"""

from typing import Final

DEMO_MARKER_OID: Final = "2.25.158765117070735635222955724855892944112"
DEMO_MARKER_VALUE: Final = b"\x05\x00"  # ASN.1 NULL


def encoded_oid(oid: str) -> bytes:
    """The DER encoding (X.690, 8.19) of an object identifier."""
    first, second, *rest = (int(arc) for arc in oid.split("."))
    body = b"".join(_base128(arc) for arc in (first * 40 + second, *rest))
    return b"\x06" + bytes([len(body)]) + body


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append((number & 0x7F) | 0x80)
    return bytes(reversed(digits))


_ENCODED: Final = encoded_oid(DEMO_MARKER_OID)


def is_marked(der: bytes) -> bool:
    """True if the mark stands anywhere in some DER: a certificate, a CMS message, a revocation response."""
    return _ENCODED in der
