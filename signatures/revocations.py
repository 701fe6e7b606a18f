"""Revocation data that this machine keeps: for documents that bring none along.

A folder of revocation lists (`.crl`: DER, or PEM with one or many) and answers of responders (`.ocsp`, `.ors`: DER;
RFC 6960). Nothing of it is believed for lying there: the engine checks each piece's own signature. So a piece that
can't be read is passed over, which can only make a verdict stricter; whoever fills the folder while the program runs
(half a file, a list of tomorrow) stops nothing.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import pem

MAX_FILE_BYTES: Final = 8 * 2**20  # lists of 200,000 entries have some 7 MB
MAX_ALL_BYTES: Final = 16 * 2**20  # all of it is handed to the sandboxed child for every document
LISTS: Final = frozenset({".crl"})
ANSWERS: Final = frozenset({".ocsp", ".ors"})
_PEM_LIST: Final = "X509 CRL"  # RFC 7468, section 7

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Revocations:
    """Lists and answers as DER, without doubles, in an order that does not depend on the folder."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


NOTHING_KEPT: Final = Revocations()


def read_revocations(folder: Path) -> Revocations:
    """What the folder holds, by file name endings; nothing where there is no folder.

    What can't be read, is too large or is something else is passed over and logged.
    """
    crls: set[bytes] = set()
    ocsps: set[bytes] = set()
    left = MAX_ALL_BYTES
    for path in _files(folder):
        pieces = _read(path, min(left, MAX_FILE_BYTES))
        if not pieces:
            logger.warning("revocation data passed over", extra={"file": path.name})
        left -= sum(len(piece) for piece in pieces)
        (crls if path.suffix.lower() in LISTS else ocsps).update(pieces)
    return Revocations(crls=tuple(sorted(crls)), ocsps=tuple(sorted(ocsps)))


def _files(folder: Path) -> list[Path]:
    try:
        found = list(folder.iterdir())
    except OSError:
        return []
    return sorted(path for path in found if path.suffix.lower() in LISTS | ANSWERS and path.is_file())


def _read(path: Path, limit: int) -> list[bytes]:
    """The DER pieces of one file; none where it can't be used."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            return []
        return _lists(data) if path.suffix.lower() in LISTS else [_answer(data)]
    except (OSError, ValueError, TypeError):  # the two by which asn1crypto says that bytes are something else
        return []


def _lists(data: bytes) -> list[bytes]:
    ders = [data]
    if pem.detect(data):
        ders = [der for kind, _, der in pem.unarmor(data, multiple=True) if kind == _PEM_LIST]
    for der in ders:
        asn1_crl.CertificateList.load(der, strict=True)["tbs_cert_list"]["this_update"].native  # noqa: B018 - read now
    return ders


def _answer(data: bytes) -> bytes:
    asn1_ocsp.OCSPResponse.load(data, strict=True)["response_status"].native  # noqa: B018 - as above
    return data
