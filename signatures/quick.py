"""Slow routines of the libraries, replaced by quick ones with the same results.

The engine reads hexadecimal strings and names one byte at a time, and the names of authorities are prepared for
comparison hundreds of times per document; together that was most of the time of judging a small one. Each replacement
takes the plain case itself and leaves everything else, every error among it, to the original: it hands the stream
back where it stood. tests/signatures/test_quick.py holds replacement and original against each other.
"""

import binascii
import re
from functools import lru_cache
from typing import Any, Final

from asn1crypto import core, parser, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils import generic, misc

MAX_NAMES_KEPT: Final = 1_024  # names, and pairs of names; a document's certificates have some twenty
_FIRST_CHUNK: Final = 256
_CHUNK: Final = 65_536
_BLANK: Final = bytes(misc.PDF_WHITESPACE)
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*\Z")
_DELIMITER: Final = re.compile(rb"[ \n\r\t\f\x00()<>\[\]{}/%]")
_PLAIN_NAME: Final = re.compile(rb"[!\"$&'*-.0-;=?-Z\\^-z|~]*\Z")
_LONGEST_NAME: Final = 127  # ISO 32000-1, annex C; longer ones are left to the original

_slow_hex_string: Final = generic.read_hex_string_from_stream
_slow_until_delimiter: Final = misc.read_until_delimiter
_SIMPLE_VALUE: Final = re.compile(r"[ -~\xc5\xc6\xd8\xe5\xe6\xf8]*\Z")
_BLANKS: Final = re.compile(" +")

_slow_prepare: Final = x509.NameTypeAndValue._ldap_string_prep  # noqa: SLF001 - what is replaced
_slow_decode_name: Final = generic._decode_name  # noqa: SLF001 - what is replaced


def read_hex_string(stream: Any) -> Any:
    """A hexadecimal string at the stream's position, which is moved behind it."""
    start = stream.tell()
    digits = _digits(stream)
    if digits is None:
        stream.seek(start)
        return _slow_hex_string(stream)
    return generic.pdf_string(binascii.unhexlify(digits + b"0" * (len(digits) % 2)))


def _digits(stream: Any) -> bytes | None:
    """What stands between the brackets, blanks left out; None where anything is unusual (a comment may be)."""
    start = stream.tell() + 1
    stream.seek(start)
    parts: list[bytes] = []
    while chunk := stream.read(_CHUNK if parts else _FIRST_CHUNK):
        end = chunk.find(b">")
        parts.append(chunk if end < 0 else chunk[:end])
        if end >= 0:
            whole = b"".join(parts)
            stream.seek(start + len(whole) + 1)
            digits = whole.translate(None, _BLANK)
            return digits if _HEX.match(digits) else None
        if _HEX.match(chunk.translate(None, _BLANK)) is None:
            return None
    return None


def read_until_delimiter(stream: Any) -> bytes:
    """The bytes before the next delimiter or blank, on which the stream is left standing."""
    start = stream.tell()
    ahead = bytes(stream.read(_LONGEST_NAME + 1))
    end = _DELIMITER.search(ahead)
    if end is None:
        stream.seek(start)
        return bytes(_slow_until_delimiter(stream))
    stream.seek(start + end.start())
    return ahead[: end.start()]


def decode_name(name: bytes) -> Any:
    """A name object from its bytes without the slash."""
    return generic.NameObject("/" + name.decode("ascii")) if _PLAIN_NAME.match(name) else _slow_decode_name(name)


def name_key(name: Any) -> str:
    """A distinguished name in comparable form: a function of its encoded content alone."""
    return _key(bytes(name.chosen.contents))


def names_are_equal(name: Any, other: Any) -> bool:
    """Whether two distinguished names are the same (RFC 5280, 7.1): a function of their encoded contents alone."""
    return isinstance(other, x509.Name) and _are_equal(bytes(name.chosen.contents), bytes(other.chosen.contents))


@lru_cache(maxsize=MAX_NAMES_KEPT)
def _key(content: bytes) -> str:
    return str(_sequence(content).hashable)


@lru_cache(maxsize=MAX_NAMES_KEPT)
def _are_equal(one: bytes, other: bytes) -> bool:
    return bool(_sequence(one) == _sequence(other))


def _sequence(content: bytes) -> Any:
    return x509.RDNSequence.load(parser.emit(0, 1, core.Sequence.tag, content))


def prepare(attribute: Any, text: Any) -> str:
    """A name's value made comparable (RFC 4518, section 2).

    Of these characters none is mapped to anything but its small letter, none is combined, forbidden or written from
    right to left; only blanks are left to be counted.
    """
    if not isinstance(text, str) or _SIMPLE_VALUE.match(text) is None:
        return str(_slow_prepare(attribute, text))
    return " " + _BLANKS.sub("  ", text.lower()).strip() + " "


def install() -> None:
    """Put the quick routines in place. May be called again."""
    generic.read_hex_string_from_stream = read_hex_string
    generic.read_until_delimiter = read_until_delimiter  # type: ignore[attr-defined]
    generic._decode_name = decode_name  # type: ignore[assignment]  # noqa: SLF001 - as above
    x509.NameTypeAndValue._ldap_string_prep = prepare  # noqa: SLF001 - as above
    x509.Name.hashable = property(name_key)
    x509.Name.__eq__ = names_are_equal
