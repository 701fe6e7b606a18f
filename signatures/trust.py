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
from signatures.listed import TrustedList
from signatures.marker import is_marked
from signatures.profiles import SealProfile, read_profiles
from signatures.revocations import NOTHING_KEPT, Revocations, read_revocations

MAX_ANCHOR_FILE_BYTES: Final = 4 * 2**20  # a bundle of 1,000 roots has some 2 MB
MAX_ANCHORS: Final = 1_000
RULES_VERSION: Final = 3
"""Raised whenever the rules of this room change what a report can say:

reports under other rules have another trust id.
"""

TEST_FOLDER: Final = "test"
"""The folder inside a folder of anchors for the roots of issuers' test services.

A test root looks like any other: only who puts it there knows what it is. Test services give certificates in any name
to anybody who asks, so outside a folder of this name they would let anybody sign in production. The folder is not read
in production at all; a test root put beside it by mistake is refused there where its name gives it away.
"""

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})
_TEST_NAME = re.compile(r"(?:\b|_)test", re.IGNORECASE)
"""`Buypass Class 3 Test4 Root CA`, `Commfides TEST CA`, `BankID TestBank` - and no word that only ends in it."""
_PEM_BEGIN = re.compile(rb"-----BEGIN ")


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Anchors as DER, and the rules. Made by `load_trust`, `from_der` or `from_json`."""

    anchors: tuple[bytes, ...]
    own_timestamp_anchors: tuple[bytes, ...]
    revocation: RevocationPolicy
    accept_demo: bool
    """True only in `environment: demo`: the marked certificates of the throwaway infrastructure may be trusted."""
    revocations: Revocations = NOTHING_KEPT
    """Revocation data kept on this machine. Known, not trusted: each piece must be signed by its issuer."""
    profiles: tuple[SealProfile, ...] = ()
    """The signing services whose returns are understood."""
    lists: tuple[TrustedList, ...] = ()
    """Countries' trusted lists, verified. They make nobody trusted: they tell what is qualified."""
    require_qualified: bool = False
    """Who signs must be qualified by a list that is up to date."""

    @classmethod
    def from_der(
        cls,
        anchors: Iterable[bytes],
        *,
        timestamp_anchors: Iterable[bytes] = (),
        revocation: RevocationPolicy,
        accept_demo: bool,
        revocations: Revocations = NOTHING_KEPT,
        profiles: Iterable[SealProfile] = (),
        lists: Iterable[TrustedList] = (),
        require_qualified: bool = False,
    ) -> "Trust":
        """From certificates at hand. Doubles are dropped and the order does not matter. Raises ConfigurationError."""
        return cls(
            anchors=_checked(anchors),
            own_timestamp_anchors=_checked(timestamp_anchors),
            revocation=revocation,
            accept_demo=accept_demo,
            revocations=revocations,
            profiles=tuple(sorted(profiles, key=lambda profile: profile.name)),
            lists=tuple(sorted(lists, key=lambda one: one.territory)),
            require_qualified=require_qualified,
        )

    @property
    def timestamp_anchors(self) -> tuple[bytes, ...]:
        """Anchors for time-stamps; those for signers where none were given."""
        return self.own_timestamp_anchors or self.anchors

    @property
    def id(self) -> str:
        """SHA-256 (hex) over rules, anchors and revocation data: the same id, the same verdict on the same bytes."""
        return sha256_of(
            {
                "rules": RULES_VERSION,
                "anchors": _digests(self.anchors),
                "timestamp_anchors": _digests(self.timestamp_anchors),
                "revocations": _digests((*self.revocations.crls, *self.revocations.ocsps)),
                "revocation": self.revocation.value,
                "accept_demo": self.accept_demo,
                "profiles": [profile.model_dump(mode="json") for profile in self.profiles],
                "lists": [one.sha256 for one in self.lists],
                "require_qualified": self.require_qualified,
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for another process; `from_json` reads it."""
        return {
            "anchors": _encoded(self.anchors),
            "timestamp_anchors": _encoded(self.own_timestamp_anchors),
            "crls": _encoded(self.revocations.crls),
            "ocsps": _encoded(self.revocations.ocsps),
            "revocation": self.revocation.value,
            "accept_demo": self.accept_demo,
            "profiles": [profile.model_dump(mode="json") for profile in self.profiles],
            "lists": [one.model_dump(mode="json") for one in self.lists],
            "require_qualified": self.require_qualified,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Trust":
        """What `to_json` wrote."""
        return cls.from_der(
            _decoded(data["anchors"]),
            timestamp_anchors=_decoded(data["timestamp_anchors"]),
            revocation=RevocationPolicy(data["revocation"]),
            accept_demo=bool(data["accept_demo"]),
            revocations=Revocations(crls=_decoded(data["crls"]), ocsps=_decoded(data["ocsps"])),
            profiles=[SealProfile.model_validate(profile) for profile in data["profiles"]],
            lists=[TrustedList.model_validate(one) for one in data["lists"]],
            require_qualified=bool(data["require_qualified"]),
        )


def _digests(ders: Iterable[bytes]) -> list[str]:
    return [hashlib.sha256(der).hexdigest() for der in ders]


def _encoded(ders: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(der).decode() for der in ders]


def _decoded(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(text) for text in texts)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Which anchors are an error of the configuration. By default those of the throwaway infrastructure."""

    demo: bool = True
    """Those that `avtale demo` made, unless the configuration is a demo's."""
    test: bool = False
    """Those that are called a test by their name; the folder of test roots is not read either."""


REFUSE_DEMO: Final = Refusal()
REFUSE_NONE: Final = Refusal(demo=False)
"""For `avtale validate --trust`: whoever types it says whom to trust, and the marker comes out as SIG-020."""
REFUSE_IN_PRODUCTION: Final = Refusal(test=True)


def load_trust(
    anchors: Sequence[Path],
    *,
    timestamp_anchors: Sequence[Path] = (),
    revocation: RevocationPolicy,
    accept_demo: bool,
    refuse: Refusal = REFUSE_DEMO,
    revocation_folder: Path | None = None,
    profiles: Sequence[Path] = (),
) -> Trust:
    """Read anchors from PEM files (one or many certificates), DER files, or folders of them.

    Of a folder, also what its folder `test` holds, except where test roots are refused. `revocation_folder`: lists and
    answers kept on this machine. `profiles`: files of seal profiles. Raises ConfigurationError for what can't be read,
    is no certificate, or is an anchor that is refused.
    """
    chosen = Refusal(demo=refuse.demo and not accept_demo, test=refuse.test)
    return Trust.from_der(
        _read_all(anchors, chosen),
        timestamp_anchors=_read_all(timestamp_anchors, chosen),
        revocation=revocation,
        accept_demo=accept_demo,
        revocations=NOTHING_KEPT if revocation_folder is None else read_revocations(revocation_folder),
        profiles=read_profiles(profiles),
    )


def _checked(certificates: Iterable[bytes]) -> tuple[bytes, ...]:
    unique = sorted(set(certificates))
    if len(unique) > MAX_ANCHORS:
        raise ConfigurationError("too_many_anchors", limit=MAX_ANCHORS)
    for der in unique:
        _require_certificate(der, "-")
    return tuple(unique)


def _require_certificate(der: bytes, path: str) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
    except Exception as error:
        raise ConfigurationError("bad_anchor", path=path) from error
    return certificate


def _read_all(paths: Sequence[Path], refuse: Refusal) -> list[bytes]:
    files = (file for path in paths for file in _files(path, with_test=not refuse.test))
    return [der for file in files for der in _read_file(file, refuse)]


def _files(path: Path, *, with_test: bool) -> list[Path]:
    """The file itself, or what a folder holds by its certificate endings;

    other files in it (a README) are passed over.
    """
    if not path.is_dir():
        return [path]
    folders = [path, path / TEST_FOLDER] if with_test and (path / TEST_FOLDER).is_dir() else [path]
    found = (file for folder in folders for file in folder.iterdir())
    return sorted(file for file in found if file.suffix.lower() in _SUFFIXES and file.is_file())


def _read_file(path: Path, refuse: Refusal) -> list[bytes]:
    if path.exists() and not path.is_file():  # a pipe would never end
        raise ConfigurationError("anchor_unreadable", path=str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_ANCHOR_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("anchor_unreadable", path=str(path)) from error
    certificates = _parse(data, path)
    for der in certificates:
        certificate = _require_certificate(der, str(path))
        if refuse.demo and is_marked(der):
            raise ConfigurationError("demo_anchor", path=str(path))
        if refuse.test and _TEST_NAME.search(certificate.subject.rfc4514_string()):
            raise ConfigurationError("test_anchor", path=str(path), folder=TEST_FOLDER)
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
