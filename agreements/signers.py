"""Are the signers the expected ones? (Approved needs every required signer to be expected.)

The customer's own organisation seal (organisation number in the certificate = the customer's) is enough alone.
Otherwise every person named on the issued agreement must have signed. Any valid signature of anybody else is for a
person to look at. A name is all most certificates give: two people of the same name can't be told apart without a birth
date, which is why the birth date is compared wherever both sides have one. Residual risk: a namesake under the same
trusted issuer.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from agreements.findings import (
    WHO_BIRTH_DATE,
    WHO_MISSING,
    WHO_NO_BIRTH_DATE,
    WHO_NONE_DECLARED,
    WHO_NOT_JUDGED,
    WHO_OTHER_SEAL,
    WHO_POWER_OF_ATTORNEY,
    WHO_RIGHT_UNCONFIRMED,
    WHO_UNEXPECTED,
    Finding,
)
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer, SigningBasis
from agreements.signature_report import EvidencedSigner, SignatureKind, SignatureReport, SignatureResult, SignerIdentity

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ŋ": "n", "ŧ": "t", "ß": "ss", "ð": "d", "þ": "th", "ł": "l"})


class SignerCheck(StrEnum):
    """Whether those who signed are those who should."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"
    NOT_JUDGED = "not_judged"


class SignerPolicy(StrEnum):
    """`confirmed`: register or stored power confirms the right to sign. `declared`: the coordinator's word counts."""

    CONFIRMED = "confirmed"
    DECLARED = "declared"


class SigningRight(StrEnum):
    """Whether those who signed may bind the organisation, as far as we know. Words: `forward.right.<right>`."""

    CONFIRMED = "confirmed"
    """A register or a stored power of attorney confirms it of each who should sign, and each has."""
    SEALED = "sealed"
    """The organisation's own seal stands in the place of people."""
    DECLARED = "declared"
    """Each who should sign has; their right was declared before issue, and is confirmed by nothing."""
    UNSETTLED = "unsettled"


@dataclass(frozen=True, kw_only=True)
class ExpectedSigners:
    """Who should sign, as known before issue."""

    org_number: OrgNumber | None
    signers: tuple[Signer, ...]
    policy: SignerPolicy
    confirmed: frozenset[str] = frozenset()
    """`name_key`s of those whose right to sign is confirmed by a register or a stored power of attorney."""
    objections: tuple[Finding, ...] = ()
    """What the registers say against the organisation, or against those who should sign."""


@dataclass(frozen=True, kw_only=True)
class SignerJudgement:
    """The outcome with its findings."""

    check: SignerCheck
    findings: tuple[Finding, ...]


def name_key(name: str) -> str:
    """A name as it is compared: words in any order, letter case, accents and punctuation aside.

    `Nordmann, Kari Ås` and `KARI AAS NORDMANN` differ (å is not aa here: both spellings are people's names), while
    `Nordmann, Kari` and `Kari Nordmann` are the same.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(sorted(_plain(word) for word in _WORD.findall(folded)))


def _plain(word: str) -> str:
    if "å" in word:
        word = word.replace("å", "\ue000")
    decomposed = unicodedata.normalize("NFKD", word)
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return letters.translate(_LETTERS).replace("\ue000", "å")


@dataclass(frozen=True, kw_only=True)
class _Made:
    """Somebody's signature, by whatever proves it."""

    trusted: bool
    kind: SignatureKind
    signer: SignerIdentity
    delivers: bool = False
    """The seal by which a signing service delivers. It is nobody's signature, unless it is the customer's own tool."""
    evidenced: bool = False
    """A signing service says so. It knows the birth date, so where we do, it must be there and the same."""


def _made(report: SignatureReport) -> list[_Made]:
    """Who signed: in the file itself, and by the evidence of the service that sealed it."""
    own = (one for one in report.signatures if one.counts)
    return [*(_in_the_file(one) for one in own), *(_by_evidence(one) for one in report.evidence)]


def _in_the_file(one: SignatureResult) -> _Made:
    return _Made(trusted=one.trusted, kind=one.kind, signer=one.signer, delivers=one.service is not None)


def _by_evidence(one: EvidencedSigner) -> _Made:
    return _Made(trusted=one.proven, kind=SignatureKind.SIGNATURE, signer=one.signer, evidenced=True)


def judge_signers(report: SignatureReport, expected: ExpectedSigners | None) -> SignerJudgement:
    """Compare who signed with who should have. Only trusted signatures can fulfil anything; all are looked at."""
    if expected is None:
        return SignerJudgement(check=SignerCheck.NOT_JUDGED, findings=(WHO_NOT_JUDGED(),))
    made = _made(report)
    strangers = tuple(f for signature in made if (f := _stranger(signature, expected)) is not None)
    sealed = any(_is_own_seal(signature, expected) for signature in made)
    lacking = () if sealed else _lacking(made, expected)
    rights = () if sealed else tuple(f for s in expected.signers if (f := _right_to_sign(s, expected)) is not None)
    check = SignerCheck.UNEXPECTED if strangers or lacking else SignerCheck.EXPECTED
    return SignerJudgement(check=check, findings=strangers + lacking + rights + expected.objections)


def signing_right(report: SignatureReport | None, expected: ExpectedSigners) -> SigningRight:
    """What can be told of the right to sign, whoever approves. None: a document that could not be opened."""
    made = [] if report is None else _made(report)
    if any(_is_own_seal(signature, expected) for signature in made):
        return SigningRight.SEALED
    if _lacking(made, expected):
        return SigningRight.UNSETTLED
    if all(name_key(signer.name) in expected.confirmed for signer in expected.signers):
        return SigningRight.CONFIRMED
    settled = all(_right_to_sign(signer, expected) is None for signer in expected.signers)
    return SigningRight.DECLARED if settled else SigningRight.UNSETTLED


def _is_own_seal(signature: _Made, expected: ExpectedSigners) -> bool:
    return (
        signature.trusted
        and signature.kind is SignatureKind.SEAL
        and expected.org_number is not None
        and signature.signer.org_number == expected.org_number.digits
    )


def _matches(signature: _Made, signer: Signer) -> bool:
    return (
        signature.trusted
        and not signature.delivers
        and signature.kind is SignatureKind.SIGNATURE
        and _same_name(signature.signer.name, signer.name)
        and not _birth_dates_differ(signature, signer)
    )


def _same_name(theirs: str | None, ours: str) -> bool:
    """A name without a single letter is nobody's."""
    return theirs is not None and name_key(theirs) == name_key(ours) != ""


def _birth_dates_differ(signature: _Made, signer: Signer) -> bool:
    theirs, ours = signature.signer.birth_date, signer.birth_date
    if theirs is None:
        return ours is not None and signature.evidenced
    return ours is not None and theirs != ours


def _stranger(signature: _Made, expected: ExpectedSigners) -> Finding | None:
    """A finding for a signature by nobody we expect; an untrusted one has its own finding from `signatures`."""
    if not signature.trusted or signature.delivers or _is_own_seal(signature, expected):
        return None
    if any(_matches(signature, signer) for signer in expected.signers):
        return None
    name = signature.signer.name or "?"
    if signature.kind is SignatureKind.SEAL:
        return WHO_OTHER_SEAL(organisation=signature.signer.org_name or name)
    if any(_same_name(name, signer.name) for signer in expected.signers):
        unknown = signature.signer.birth_date is None
        return WHO_NO_BIRTH_DATE(signer=name) if unknown else WHO_BIRTH_DATE(signer=name)
    return WHO_UNEXPECTED(signer=name)


def _lacking(made: list[_Made], expected: ExpectedSigners) -> tuple[Finding, ...]:
    """Required signers without a signature of their own; one certificate can't be two signers of the same name."""
    if not expected.signers:
        return (WHO_NONE_DECLARED(),)
    free = list(made)
    missing: list[Finding] = []
    for signer in expected.signers:
        own = next((signature for signature in free if _matches(signature, signer)), None)
        if own is None:
            missing.append(WHO_MISSING(signer=signer.name))
        else:
            free = [signature for signature in free if signature is not own and not _same_certificate(signature, own)]
    return tuple(missing)


def _same_certificate(one: _Made, other: _Made) -> bool:
    fingerprint = one.signer.certificate_sha256
    return fingerprint is not None and fingerprint == other.signer.certificate_sha256


def _right_to_sign(signer: Signer, expected: ExpectedSigners) -> Finding | None:
    if name_key(signer.name) in expected.confirmed:
        return None
    if signer.basis is SigningBasis.POWER_OF_ATTORNEY:
        return WHO_POWER_OF_ATTORNEY(signer=signer.name)
    if expected.policy is SignerPolicy.CONFIRMED:
        return WHO_RIGHT_UNCONFIRMED(signer=signer.name)
    return None
