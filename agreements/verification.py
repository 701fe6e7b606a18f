"""The verification record (verifisering av oppsett, step 5): what was tried, what came of it, and who answers for it.

Both parties, vendor and Digipost, must have attested exactly the configuration in force: "et absolutt krav at Digipost
skal involveres i dette steget" (seed, step 5). The methods are those of facts/domain.md §3; V7 (the first invoice) is a
follow-up after launch and decides nothing of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import islice

from agreements.catalogue import Values
from agreements.parties import Customer, Vendor
from agreements.turn import Party

ATTESTING = (Party.VENDOR, Party.DIGIPOST)
_PRINTING = ("service.print_fallback", "service.direct_print", "service.print_if_unread")
"""As the catalogue's condition `print`."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"(?i)\b(DA-\d{4}-\d{6}-[0-9A-Z])\s{1,4}([0-9A-F]{8})\b")
MAX_CODES = 5
"""Codes read of one mail; ours: an answer holds one."""
_CODE_DIGITS = 8  # of the configuration's hash: enough to tell a case's configurations apart, short enough to type


class Method(StrEnum):
    """How a set-up can be verified (facts/domain.md §3; proposals, to be confirmed by Digipost)."""

    V1 = "V1"
    """The sender's information shows VALID_SENDER and the expected features."""
    V2 = "V2"
    """A recipient who has agreed to it is identified."""
    V3 = "V3"
    """One letter in the test environment."""
    V4 = "V4"
    """One controlled letter in production, to a named employee."""
    V5 = "V5"
    """One letter on paper, to an address of one's own."""
    V6 = "V6"
    """The receipt or the document's status is read back."""
    V7 = "V7"
    """The first invoice bears the right reference: a follow-up after the launch, never agreed on before it."""


class MethodState(StrEnum):
    """What came of a method."""

    NOT_RELEVANT = "not_relevant"
    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"


class Channel(StrEnum):
    """How an attestation came: in the program itself, by mail that proves its sender, or told by the vendor."""

    PROGRAM = "program"
    VERIFIED_MAIL = "verified_mail"
    VENDOR_TESTIMONY = "vendor_testimony"


class Lack(StrEnum):
    """What a record lacks before the set-up counts as verified."""

    NO_METHOD_AGREED = "no_method_agreed"
    METHOD_OPEN = "method_open"
    METHOD_FAILED = "method_failed"
    NONE_PASSED = "none_passed"
    VENDOR_NOT_ATTESTED = "vendor_not_attested"
    DIGIPOST_NOT_ATTESTED = "digipost_not_attested"


@dataclass(frozen=True, kw_only=True)
class MethodResult:
    """One method of the record."""

    method: Method
    agreed: bool
    """Vendor and Digipost have agreed on it; what is not agreed decides nothing."""
    state: MethodState
    party: Party | None = None
    by: str = ""
    """Who did it, of which party."""
    on: date | None = None
    evidence: str = ""
    """What was seen, in words; no personal data."""
    evidence_sha256: str | None = None
    label: str = ""
    """The installation's own words for the method (`verification.methods`); empty: the program's."""


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """A named person's word for one configuration."""

    party: Party
    name: str
    at: datetime
    configuration_sha256: str
    channel: Channel
    evidence_sha256: str | None = None
    accepted: bool = True
    """False: recorded, and not enough for a launch when it was."""
    superseded: bool = False
    """The configuration was changed after it; changed back, it must be attested anew."""


@dataclass(frozen=True, kw_only=True)
class VerificationRecord:
    """Step 5 of one case, ready to be rendered."""

    case_number: str
    agreement_number: str | None
    customer: Customer
    vendor: Vendor
    made_on: date
    sender_id: int | None
    configuration_sha256: str
    """Hash of the configuration in force: of the fields with `affects_verification`."""
    results: tuple[MethodResult, ...]
    attestations: tuple[Attestation, ...]
    accept_testimony: bool = False
    """A setting of the installation: the vendor's word for what Digipost said is enough."""


def required_methods(values: Values) -> tuple[Method, ...]:
    """The methods that the ordered services call for; ours (facts/domain.md §3), to be agreed on case by case.

    Whoever sends by a program shows that the account is right (V1) and reads a status back (V6); recipients are
    identified before anything digital is sent by API (V2); one controlled letter always (V4), one on paper where
    anything may be printed (V5). V3 is the integration's own, done once for all (`integration_verified`).
    """
    channel = values.get("service.channel")
    digital = values.get("service.digital") is True
    wanted = {
        Method.V1: channel != "portal",
        Method.V2: digital and channel == "api",
        Method.V4: digital,
        Method.V5: any(values.get(name) is True for name in _PRINTING),
        Method.V6: channel != "portal",
    }
    return tuple(method for method, is_wanted in wanted.items() if is_wanted)


def find_codes(text: str) -> tuple[str, ...]:
    """The attestation codes in a text, as `attestation_code` writes them, each once and at most MAX_CODES of them.

    Spaces between the two parts may be of any kind, for mail programs make them.
    """
    found = (f"{match[1].upper()} {match[2].upper()}" for match in _CODE.finditer(text))
    return tuple(islice(dict.fromkeys(found), MAX_CODES))


def attestation_code(case_number: str, configuration_sha256: str) -> str:
    """The line an attestation must carry: the case's number and the beginning of the configuration's hash.

    Raises ValueError for what is no SHA-256 in small letters.
    """
    if not _SHA256.fullmatch(configuration_sha256):
        raise ValueError("no SHA-256")
    return f"{case_number} {configuration_sha256[:_CODE_DIGITS].upper()}"


def counts(record: VerificationRecord, attestation: Attestation) -> bool:
    """True if the attestation is of exactly the configuration in force, and given in a way that is enough."""
    if attestation.superseded or attestation.configuration_sha256 != record.configuration_sha256:
        return False
    told = attestation.channel is Channel.VENDOR_TESTIMONY
    return attestation.accepted and (not told or record.accept_testimony)


def valid_attestation(record: VerificationRecord, party: Party) -> Attestation | None:
    """The party's latest attestation of exactly the configuration in force, or None."""
    given = [a for a in record.attestations if a.party is party and counts(record, a)]
    return max(given, key=lambda attestation: attestation.at, default=None)


def lacks(record: VerificationRecord) -> tuple[Lack, ...]:
    """Everything that is lacking; empty if the set-up is verified by both parties."""
    return tuple(dict.fromkeys(_lacks(record)))


def _lacks(record: VerificationRecord) -> Iterator[Lack]:
    states = [result.state for result in record.results if result.agreed]
    if not states:
        yield Lack.NO_METHOD_AGREED
    elif MethodState.PASSED not in states:
        yield Lack.NONE_PASSED
    if MethodState.OPEN in states:
        yield Lack.METHOD_OPEN
    if MethodState.FAILED in states:
        yield Lack.METHOD_FAILED
    if valid_attestation(record, Party.VENDOR) is None:
        yield Lack.VENDOR_NOT_ATTESTED
    if valid_attestation(record, Party.DIGIPOST) is None:
        yield Lack.DIGIPOST_NOT_ATTESTED
