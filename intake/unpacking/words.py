"""Text in header fields: RFC 2047 words, RFC 2231 parameters, and what programs write that know neither.

Linear in its input, whatever that is; the caller bounds it. Character sets are looked up in a short list and never by
the standard library's names, among which there are some that take quadratic time or no text at all.
"""

import binascii
import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_to_bytes

from intake.unpacking.limits import MAX_PARAMETERS

_WORD: Final = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_PARAMETER: Final = re.compile(r""";\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL)
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_SECTION: Final = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")  # RFC 2231 3 and 4: name*0*
_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_LATIN: Final = "cp1252"  # what is called Latin 1 is Windows' superset of it (WHATWG Encoding Standard)
_CODECS: Final = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "windows-1252", "cp1252"), _LATIN),
    **{name: name for name in ("iso-8859-4", "iso-8859-10", "iso-8859-15", "cp850", "cp865", "utf-16")},
    "macintosh": "mac_roman",
}


def decode_base64(data: bytes) -> bytes:
    """The bytes behind base64 as mail programs read it: other characters are passed over, the first `=` ends it, and
    what is left of a last group counts.
    """
    letters = data.translate(None, _NOT_BASE64).partition(b"=")[0]
    rest = len(letters) % 4
    letters = letters[:-1] if rest == 1 else letters + b"=" * (-rest % 4)
    return binascii.a2b_base64(letters)


def decode_raw(raw: bytes) -> str:
    """Bytes without a character set, as text: UTF-8 if they are, else Windows' Latin 1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(_LATIN, "replace")


def decode_text(raw: bytes) -> str:
    """A header field's text: RFC 2047 words decoded, on one line, without control and direction characters."""
    return one_line(decode_words(decode_raw(raw)))


def one_line(text: str) -> str:
    """Text without anything that is not seen: white space is a space, other control characters are nothing."""
    return "".join(character for character in " ".join(text.split()) if unicodedata.category(character)[0] != "C")


def decode_words(text: str) -> str:
    """Text with its RFC 2047 words decoded; a letter that is cut in two by words of one character set is whole."""
    parts: list[str] = []
    run, run_charset, end = bytearray(), "", 0
    for word in _WORD.finditer(text):
        gap, charset = text[end : word.start()], word[1].partition("*")[0].lower()
        joined = run_charset and not gap.strip()  # RFC 2047 6.2: white space between words is not shown
        if not joined or charset != run_charset:
            parts += (decode(bytes(run), run_charset), "" if joined else gap)
            run.clear()
        run += _word_bytes(word)
        run_charset, end = charset, word.end()
    return "".join((*parts, decode(bytes(run), run_charset), text[end:]))


def _word_bytes(word: re.Match[str]) -> bytes:
    data = word[3].encode("utf-8", "replace")
    return decode_base64(data) if word[2] in "bB" else binascii.a2b_qp(data, header=True)


def decode(data: bytes, charset: str) -> str:
    """Bytes in a character set that a mail names, in lower case; as `decode_raw` where it is none we know."""
    codec = _CODECS.get(charset)
    return decode_raw(data) if codec is None else data.decode(codec, "replace")


def split_parameters(raw: bytes) -> tuple[str, Mapping[str, str]]:
    """The value of a field such as Content-Type, in lower case, and its parameters by lower-case name, decoded.

    Of a parameter given twice the first counts; one in RFC 2231's form comes before one in the plain form.
    """
    text = decode_raw(raw)
    value = text.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, content in _parameters(text):
        section = _SECTION.fullmatch(name)
        if section is None or (section[2] is None and section[3] is None):
            plain.setdefault(name, decode_words(content))
        else:
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (content, section[3] is not None))
    extended = {name: _join_sections(pieces) for name, pieces in sections.items()}
    return value, MappingProxyType(plain | extended)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for match in islice(_PARAMETER.finditer(text), MAX_PARAMETERS):
        content = match[2].strip()
        if content.startswith('"'):
            content = _QUOTED_PAIR.sub(r"\1", content[1:].removesuffix('"'))
        yield match[1].lower(), content


def _join_sections(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """RFC 2231: sections in order, each per cent-encoded or not, the first one with the character set."""
    data, charset = bytearray(), ""
    for number, (section, encoded) in sorted(pieces.items()):
        content = section
        if encoded and number == 0 and section.count("'") >= 2:
            charset, _language, content = section.split("'", 2)
        data += unquote_to_bytes(content) if encoded else content.encode("utf-8", "replace")
    return decode(bytes(data), charset.lower())
