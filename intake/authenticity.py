"""Is a mail what its From line says: a DKIM signature (RFC 6376) of that very domain, over what is read of the mail.

Two calls, for keys come from the network and a mail is opened where there is none: `find_key_names` tells which keys
its signatures name, `check_signatures` verifies them with the keys that somebody fetched. Stricter than the standard:
the signing domain is the From domain itself, From, Subject and Date are signed and stand there once, all of the body is
signed (no `l=`), and by RSA with SHA-256 and a key of 1024 bits or more.

Residual risks: Content-Type need not be signed, for many do not sign it; a key comes by DNS, and whoever rules that
rules the answer.
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from itertools import islice
from typing import Final

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value
from pydantic import BaseModel, ConfigDict

from intake.unpacking.headers import Headers, read_headers
from intake.unpacking.mail_kind import sender_of

MAX_SIGNATURES: Final = 8
"""Signatures looked at; ours: an honest mail has one or two."""
MAX_KEY_BYTES: Final = 4096
"""A key record is longer only by mistake: one for RSA 4096 has about 740."""
_SIGNED: Final = frozenset({b"from", b"subject", b"date"})
_LEAST_KEY_BITS: Final = 1024  # RFC 8301 3.2


class Authenticity(StrEnum):
    """What became of the check; the best of all signatures counts. Words: `gates.mail_<value>`."""

    PASSED = "passed"
    INVALID = "signature_invalid"
    """Altered, expired, signed with another key, or by a method that is not allowed."""
    KEY_MISSING = "key_missing"
    HEADERS_UNSIGNED = "headers_unsigned"
    LENGTH_LIMITED = "length_limited"
    NOT_ALIGNED = "not_aligned"
    UNSIGNED = "unsigned"
    HEADERS_REPEATED = "headers_repeated"
    """From, Subject or Date are missing, or there more than once: people and programs may read another one."""


class SignatureCheck(BaseModel):
    """What the signatures of a mail are worth."""

    model_config = ConfigDict(frozen=True)

    outcome: Authenticity
    domain: str = ""
    """The domain whose signature passed."""
    key_name: str = ""
    """Where its key lies in DNS."""
    signature_sha256: str = ""
    """Of the signature's value: the same mail can be told whatever stands around it."""
    key: str = ""
    """The key record it was verified with, so that the mail can be verified again when the key is gone."""


def find_key_names(mail: bytes) -> tuple[str, ...]:
    """The DNS names of the keys that the aligned signatures of a mail need, in order, each once."""
    names = (_key_name(tags) for tags in _signatures(mail) if _aligned(tags, mail))
    return tuple(dict.fromkeys(names))


def check_signatures(mail: bytes, keys: Mapping[str, str]) -> SignatureCheck:
    """Verify a mail. `keys`: key records by DNS name; none or empty for one that does not exist. Never raises."""
    headers = read_headers(mail)
    if any(len(headers.fields.get(name.decode(), ())) != 1 for name in _SIGNED):
        return SignatureCheck(outcome=Authenticity.HEADERS_REPEATED)
    checks = [_check(mail, number, tags, keys) for number, tags in enumerate(_signatures(mail))]
    order = list(Authenticity)
    return min(checks, key=lambda check: order.index(check.outcome), default=_failed(Authenticity.UNSIGNED))


def _check(mail: bytes, number: int, tags: Mapping[bytes, bytes], keys: Mapping[str, str]) -> SignatureCheck:
    if not _aligned(tags, mail):
        return _failed(Authenticity.NOT_ALIGNED)
    if b"l" in tags:
        return _failed(Authenticity.LENGTH_LIMITED)
    if not {name.strip().lower() for name in tags.get(b"h", b"").split(b":")} >= _SIGNED:
        return _failed(Authenticity.HEADERS_UNSIGNED)
    name = _key_name(tags)
    key = keys.get(name, "")
    if not key:
        return _failed(Authenticity.KEY_MISSING)
    if tags.get(b"a", b"").lower() != b"rsa-sha256" or not _verifies(mail, number, key):
        return _failed(Authenticity.INVALID)
    return SignatureCheck(
        outcome=Authenticity.PASSED,
        domain=_text(tags[b"d"]).lower(),
        key_name=name,
        signature_sha256=hashlib.sha256(b"".join(tags[b"b"].split())).hexdigest(),
        key=key,
    )


def _verifies(mail: bytes, number: int, key: str) -> bool:
    """The library's own word. It raises many things for what it can't read, and not only its own."""
    try:
        signed = dkim.DKIM(mail, minkey=_LEAST_KEY_BITS)
        return bool(signed.verify(idx=number, dnsfunc=lambda *_asked, **_options: key.encode()))
    except Exception:  # noqa: BLE001 - hostile bytes in a library's hands: whatever it says, they are not signed
        return False


def _signatures(mail: bytes) -> tuple[Mapping[bytes, bytes], ...]:
    """The tags of each signature, as the library counts them; none of one that can't be read."""
    try:
        headers, _ = dkim.rfc822_parse(mail)
    except dkim.MessageFormatError:
        return ()
    fields = (value for name, value in headers if name.lower() == b"dkim-signature")
    return tuple(map(_tags, islice(fields, MAX_SIGNATURES)))


def _tags(field: bytes) -> Mapping[bytes, bytes]:
    try:
        tags: Mapping[bytes, bytes] = parse_tag_value(field)
    except InvalidTagValueList:
        return {}
    return tags


def _aligned(tags: Mapping[bytes, bytes], mail: bytes) -> bool:
    """Signed by the very domain of the From address: a domain above or below it is another's."""
    domain = _from_domain(read_headers(mail))
    return bool(domain) and _text(tags.get(b"d", b"")).lower() == domain


def _from_domain(headers: Headers) -> str:
    return sender_of(headers).rpartition("@")[2].casefold()


def _key_name(tags: Mapping[bytes, bytes]) -> str:
    return f"{_text(tags.get(b's', b''))}._domainkey.{_text(tags.get(b'd', b''))}".lower()


def _text(tag: bytes) -> str:
    return tag.decode("ascii", "replace")


def _failed(outcome: Authenticity) -> SignatureCheck:
    return SignatureCheck(outcome=outcome)
