"""Whom we believe: trust anchors and the rules they are used by.

A `Trust` is frozen and has an id; every report carries it, so that a verdict can be traced to what it was made under.
It travels to the sandboxed child as plain JSON.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asn1crypto import pem  # type: ignore[import-untyped]
from cryptography import x509

from agreements.canonical import sha256_of
from agreements.errors import ConfigurationError
from agreements.signature_report import RevocationPolicy
from signatures.marker import is_marked

MAX_ANCHOR_FILE_BYTES: Final = 4 * 2**20  # a bundle of 1,000 roots has some 2 MB
MAX_ANCHORS: Final = 1_000
RULES_VERSION: Final = 1
"""Raised whenever the rules of this room change what a report can say:

reports under other rules have another trust id.
"""

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})
_PEM_BEGIN = re.compile(rb"-----BEGIN ")


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Anchors as DER, and the rules. Made by `load_trust`, `from_der` or `from_json`."""

    anchors: tuple[bytes, ...]
    own_timestamp_anchors: tuple[bytes, ...]
    revocation: RevocationPolicy
    accept_demo: bool
    """True only in `environment: demo`: the marked certificates of the throwaway infrastructure may be trusted."""

    @classmethod
    def from_der(
        cls,
        anchors: Iterable[bytes],
        *,
        timestamp_anchors: Iterable[bytes] = (),
        revocation: RevocationPolicy,
        accept_demo: bool,
    ) -> "Trust":
        """From certificates at hand. Doubles are dropped and the order does not matter. Raises ConfigurationError."""
        return cls(
            anchors=_checked(anchors),
            own_timestamp_anchors=_checked(timestamp_anchors),
            revocation=revocation,
            accept_demo=accept_demo,
        )

    @property
    def timestamp_anchors(self) -> tuple[bytes, ...]:
        """Anchors for time-stamps; those for signers where none were given."""
        return self.own_timestamp_anchors or self.anchors

    @property
    def id(self) -> str:
        """SHA-256 (hex) over anchors and rules."""
        return sha256_of(
            {
                "rules": RULES_VERSION,
                "anchors": [hashlib.sha256(der).hexdigest() for der in self.anchors],
                "timestamp_anchors": [hashlib.sha256(der).hexdigest() for der in self.timestamp_anchors],
                "revocation": self.revocation.value,
                "accept_demo": self.accept_demo,
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for another process; `from_json` reads it."""
        return {
            "anchors": [base64.b64encode(der).decode() for der in self.anchors],
            "timestamp_anchors": [base64.b64encode(der).decode() for der in self.own_timestamp_anchors],
            "revocation": self.revocation.value,
            "accept_demo": self.accept_demo,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Trust":
        """What `to_json` wrote."""
        return cls.from_der(
            (base64.b64decode(text) for text in data["anchors"]),
            timestamp_anchors=(base64.b64decode(text) for text in data["timestamp_anchors"]),
            revocation=RevocationPolicy(data["revocation"]),
            accept_demo=bool(data["accept_demo"]),
        )


def load_trust(
    anchors: Sequence[Path],
    *,
    timestamp_anchors: Sequence[Path] = (),
    revocation: RevocationPolicy,
    accept_demo: bool,
    refuse_demo_anchors: bool = True,
) -> Trust:
    """Read anchors from PEM files (one or many certificates), DER files, or folders of them.

    `refuse_demo_anchors`: whether an anchor of the throwaway infrastructure is an error of the configuration where
    `accept_demo` is False. For `avtale validate --trust` it is not: there the marker comes out as the finding SIG-020.
    Raises ConfigurationError for what can't be read, is no certificate, or is such an anchor.
    """
    refuse = refuse_demo_anchors and not accept_demo
    return Trust.from_der(
        _read_all(anchors, refuse_demo=refuse),
        timestamp_anchors=_read_all(timestamp_anchors, refuse_demo=refuse),
        revocation=revocation,
        accept_demo=accept_demo,
    )


def _checked(certificates: Iterable[bytes]) -> tuple[bytes, ...]:
    unique = sorted(set(certificates))
    if len(unique) > MAX_ANCHORS:
        raise ConfigurationError("too_many_anchors", limit=MAX_ANCHORS)
    for der in unique:
        _require_certificate(der, "-")
    return tuple(unique)


def _require_certificate(der: bytes, path: str) -> None:
    try:
        x509.load_der_x509_certificate(der).public_key()
    except Exception as error:
        raise ConfigurationError("bad_anchor", path=path) from error


def _read_all(paths: Sequence[Path], *, refuse_demo: bool) -> list[bytes]:
    return [der for path in paths for file in _files(path) for der in _read_file(file, refuse_demo=refuse_demo)]


def _files(path: Path) -> list[Path]:
    """The file itself, or what a folder holds by its certificate endings;

    other files in it (a README) are passed over.
    """
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES and file.is_file())


def _read_file(path: Path, *, refuse_demo: bool) -> list[bytes]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_ANCHOR_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("anchor_unreadable", path=str(path)) from error
    certificates = _parse(data, path)
    for der in certificates:
        _require_certificate(der, str(path))
        if refuse_demo and is_marked(der):
            raise ConfigurationError("demo_anchor", path=str(path))
    return certificates


def _parse(data: bytes, path: Path) -> list[bytes]:
    if len(data) > MAX_ANCHOR_FILE_BYTES:
        raise ConfigurationError("bad_anchor", path=str(path))
    if _PEM_BEGIN.search(data) is None:
        return [data]
    try:
        blocks = [(kind, der) for kind, _, der in pem.unarmor(data, multiple=True)]
    except ValueError as error:
        raise ConfigurationError("bad_anchor", path=str(path)) from error
    certificates = [der for kind, der in blocks if kind == "CERTIFICATE"]
    if not certificates:
        raise ConfigurationError("bad_anchor", path=str(path))
    return certificates
