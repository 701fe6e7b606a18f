"""Seal profiles: what the return of one signing service looks like, and what of it is believed.

A service seals what it delivers; that seal says that the service delivered it, never who signed. A profile tells by
what the service is known (its seal, under its own authority), where in the file the signer's evidence sits and how it
names document and signer, and which areas of the pages are the service's own. Nothing of a service is known without a
profile, and a profile that nobody has confirmed by a real sample never approves in production.

The file is YAML, its name without ending the profile's name; docs/signeringstjenester.md tells how to make one.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agreements.errors import ConfigurationError

MAX_PROFILE_BYTES: Final = 64 * 2**10  # ours; the examples have 3 kB
PROFILE_SUFFIXES: Final = frozenset({".yaml", ".yml"})
"""By which `avtale validate --trust` tells a profile from a certificate."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a certificate (DER), in small hexadecimal digits."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,60}$")]
"""The local name of an XML element."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Identification(StrEnum):
    """How a service made sure who signs. The first three are proof of a person (facts/domain.md 5); the others wait."""

    BANKID = "bankid"
    BUYPASS = "buypass"
    NATIONAL_EID = "national_eid"
    TYPED_NAME = "typed_name"
    EMAIL = "email"
    SMS = "sms"
    UNKNOWN = "unknown"

    @property
    def proves_a_person(self) -> bool:
        """An eID that was handed out to a person whose identity was checked."""
        return self in (Identification.BANKID, Identification.BUYPASS, Identification.NATIONAL_EID)


class EvidenceFormat(StrEnum):
    """How evidence is written."""

    XADES = "xades"
    """XML with an XML signature (ETSI EN 319 132-1; XMLDSig without the XAdES properties counts, too)."""
    SEID_SDO = "seid-sdo"
    """SEID-SDO 1.0: the original with a CMS signature of each signer."""


class DigestPlace(StrEnum):
    """Where in what the evidence signs the document is named."""

    REFERENCE = "reference"
    """A reference of the signature itself to a file outside."""
    ORIGINAL = "original"
    """The document stands there whole, in base64."""
    ELEMENT = "element"
    """An element holds the document's SHA-256."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Confirmed(_Part):
    """Who has held the profile against a real return."""

    by: Words
    date: date
    sample: Fingerprint
    """The sample's SHA-256."""


class SealRule(_Part):
    """By what the service's seal is known. All of it must be so."""

    issuers: Annotated[tuple[Fingerprint, ...], Field(min_length=1)]
    """Certificates of authorities, one of which must stand in the seal's chain."""
    organisation: Words
    """The organisation in the seal's certificate, letter for letter."""
    org_number: Annotated[str, StringConstraints(pattern=r"^\d{9}$")] | None = None
    """Also this, where the certificate has one."""


class DigestRule(_Part):
    """Where the document stands in what was signed."""

    place: DigestPlace
    element: Name | None = None
    """For `original` and `element`: its local name."""
    encoding: Literal["base64", "hex"] = "base64"
    pattern: Words | None = None
    """For `element`: a regular expression whose first group is the digest, where other words stand around it."""


class SignerRule(_Part):
    """Where name and birth date of who signed stand, if not in the certificate that signed the evidence."""

    name: Name
    birth_date: Name | None = None
    method: Name | None = None


class EvidenceRule(_Part):
    """The files that prove who signed what. Every file of these names must hold."""

    files: Annotated[tuple[Words, ...], Field(min_length=1)]
    """Names of embedded files, `*` for any letters."""
    others: tuple[Words, ...] = ()
    """Names of files that the service embeds as well and that prove nothing: a log, a page for people."""
    format: EvidenceFormat
    issuers: Annotated[tuple[Fingerprint, ...], Field(min_length=1)]
    """Authorities, one of which must stand in the chain of the certificate that signed the evidence."""
    digest: DigestRule
    signer: SignerRule | None = None
    """None: the certificate that signed the evidence is the signer's own."""
    identification: Identification | Mapping[str, Identification]
    """One for all, or by the value of the signer's `method` element."""


class Area(_Part):
    """A strip along an edge of every page that held an issued one, with the only words that may stand in it."""

    edge: Literal["top", "bottom", "left", "right"]
    depth: Annotated[float, Field(gt=0, le=200)]
    """Points, from the edge."""
    text: tuple[Words, ...] = ()
    """The lines that may stand there. `{names}`: signers of the evidence, `{date}`, `{number}`, `{id}`."""
    drawings: bool = False
    """The service also draws there: a logo, a line."""


class PagesRule(_Part):
    """The service's own pages."""

    front: Annotated[int, Field(ge=0, le=10)] = 0
    back: Annotated[int, Field(ge=0, le=20)] = 0
    words: Words | None = None
    """Words that stand on each of them."""


class SealProfile(_Part):
    """One service."""

    name: Annotated[str, StringConstraints(pattern=_NAME.pattern.replace(r"\Z", "$"))]
    title: Words
    confirmed: Confirmed | None = None
    seal: SealRule
    timestamp: Literal["required", "optional"] = "optional"
    """Whether the seal must carry a believed time-stamp."""
    evidence: EvidenceRule | None = None
    """None: the service embeds none; then its seal proves nothing of the signer."""
    pages: PagesRule = PagesRule()
    areas: tuple[Area, ...] = ()
    carrier: Literal["approve", "review"] = "approve"
    """What becomes of a return whose evidence proves all."""
    rewritten: Literal["approve", "review"] = "review"
    """What becomes of a return without evidence of the document whose pages are all as issued."""


def parse_profile(name: str, text: str, *, path: str) -> SealProfile:
    """A profile from its YAML. `path` is for the message. Raises ConfigurationError `bad_profile`."""
    if len(text.encode()) > MAX_PROFILE_BYTES or _NAME.match(name) is None:
        raise ConfigurationError("bad_profile", path=path, place="-", fault="name")
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError("bad_profile", path=path, place="-", fault="yaml") from error
    if not isinstance(data, dict):
        raise ConfigurationError("bad_profile", path=path, place="-", fault="yaml")
    try:
        return SealProfile.model_validate({**data, "name": name})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "-"
        raise ConfigurationError("bad_profile", path=path, place=place, fault=str(first["type"])) from error


def read_profiles(paths: Iterable[Path]) -> tuple[SealProfile, ...]:
    """The profiles in these files, each named as its file. Raises ConfigurationError `bad_profile`."""
    found: dict[str, SealProfile] = {}
    for path in paths:
        if path.stem in found:
            raise ConfigurationError("bad_profile", path=str(path), place="-", fault="twice")
        found[path.stem] = parse_profile(path.stem, _read(path), path=str(path))
    return tuple(found.values())


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():  # a pipe would never end
        raise ConfigurationError("bad_profile", path=str(path), place="-", fault="missing")
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.read(MAX_PROFILE_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("bad_profile", path=str(path), place="-", fault="missing") from error
