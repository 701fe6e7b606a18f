"""Which agreement does a return belong to, and by which evidence? Pure.

Whatever points at a case is a clue. The strongest kind of clue decides, in the order of `Evidence`, and every other
clue must agree with it: what doesn't is told, and a person decides. Nothing is guessed between two cases, and a
delivery through one vendor's channel never settles another vendor's case.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agreements.case_address import find_tokens
from agreements.casenumber import AgreementNumber, CaseNumber, find_agreement_numbers
from agreements.findings import CAS_OTHER_VENDOR, CAS_SEVERAL, Finding
from agreements.orgnumber import OrgNumber

MAX_NAMED_CASES = 10  # numbers named in a finding; a hostile text may hold thousands


class Evidence(StrEnum):
    """Why a return belongs where it does, the strongest first (facts/mail-and-folders.md §5)."""

    ISSUED_BYTES = "issued_bytes"
    EMBEDDED_DIGEST = "embedded_digest"
    """A signing service's own evidence holds the issued document or its digest."""
    QR_CODE = "qr_code"
    NUMBER_IN_TEXT = "number_in_text"
    ADDRESS_TOKEN = "address_token"  # noqa: S105 - no password
    """Sent to the address that only this case was given."""
    ANSWERED_MAIL = "answered_mail"
    """An answer to a mail of ours: In-Reply-To or References."""
    NUMBER_IN_NAME = "number_in_name"
    """A case number in the subject, the file name, or a name on the way to it."""
    ORG_NUMBER = "org_number"
    """The organisation's number in the document, and one open case of that organisation, whichever vendor's it is."""


_STRENGTH: Final = {evidence: rank for rank, evidence in enumerate(Evidence)}
OF_DOCUMENT: Final = (Evidence.ISSUED_BYTES, Evidence.EMBEDDED_DIGEST, Evidence.QR_CODE, Evidence.NUMBER_IN_TEXT)
"""The document's own evidence. It says which version, whatever the mail around it says: people answer old mails with
new documents.
"""


@dataclass(frozen=True, kw_only=True)
class Clue:
    """Something that points at a case."""

    evidence: Evidence
    case: CaseNumber
    version: int | None = None
    """The agreement's version; None when only the case is pointed at."""


class MatchOutcome(StrEnum):
    """What the clues come to."""

    MATCH = "match"
    CONFLICT = "conflict"
    """They point at different cases or versions, or at a case of another vendor: for a person."""
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Match:
    """Where a return belongs. `case` is None when nothing, or more than one case, is pointed at."""

    case: CaseNumber | None = None
    version: int | None = None
    """The agreement's version; None when only the case is known."""
    evidence: Evidence | None = None
    """The strongest evidence there is."""
    conflicting: tuple[str, ...] = ()
    """Every other number that was found, as text."""
    other_vendor: bool = False
    """It came through another vendor's channel than the case's."""
    clues: tuple[Clue, ...] = ()
    """All that was weighed, the strongest first."""

    @property
    def agreement(self) -> AgreementNumber | None:
        """The agreement, when case and version are both known."""
        if self.case is None or self.version is None:
            return None
        return AgreementNumber(self.case, self.version)

    @property
    def outcome(self) -> MatchOutcome:
        """Whether a case was found, and whether a person must look first."""
        if self.conflicting or self.other_vendor:
            return MatchOutcome.CONFLICT
        return MatchOutcome.NONE if self.case is None else MatchOutcome.MATCH

    @property
    def findings(self) -> tuple[Finding, ...]:
        """CAS-006 when the evidence points at more than one agreement.

        That it belongs to another vendor, the policy says of every case it judges (`agreements.returns`); for what is
        not judged, `vendor_finding`.
        """
        if not self.conflicting:
            return ()
        chosen = self.agreement or self.case
        named = ((str(chosen),) if chosen else ()) + self.conflicting
        return (CAS_SEVERAL(cases=", ".join(named[:MAX_NAMED_CASES])),)

    @property
    def vendor_finding(self) -> Finding | None:
        """CAS-005 when it came through another vendor's channel."""
        return CAS_OTHER_VENDOR(case=str(self.case)) if self.other_vendor else None


# --- weighing ---------------------------------------------------------------------------------------------------------


def weigh(
    clues: Iterable[Clue], *, delivered_by: str | None = None, vendors: Mapping[CaseNumber, str] | None = None
) -> Match:
    """Find where a return belongs from everything that points at a case.

    `delivered_by`: the vendor whose folder or mailbox it came through, None for one of all vendors. `vendors`: the
    vendor of each case the clues name. Of several issued documents that the bytes begin with, the first clue decides:
    give the longest first.
    """
    ordered = tuple(sorted(dict.fromkeys(clues), key=lambda clue: _STRENGTH[clue.evidence]))
    if not ordered:
        return Match()
    case = _case(ordered)
    version, of_document = _version(ordered, case)
    against = (clue for clue in _most_precise(ordered) if not _agrees(clue, case, version, of_document=of_document))
    vendor = None if case is None or vendors is None else vendors.get(case)
    return Match(
        case=case,
        version=version,
        evidence=ordered[0].evidence,
        conflicting=tuple(dict.fromkeys(_text(clue) for clue in against)),
        other_vendor=None not in (delivered_by, vendor) and delivered_by != vendor,
        clues=ordered,
    )


def _case(ordered: tuple[Clue, ...]) -> CaseNumber | None:
    """The one case that the strongest evidence points at."""
    first = ordered[0]
    if first.evidence is Evidence.ISSUED_BYTES:
        return first.case
    return first.case if {clue.case for clue in ordered if clue.evidence is first.evidence} == {first.case} else None


def _version(ordered: tuple[Clue, ...], case: CaseNumber | None) -> tuple[int | None, bool]:
    """The one version that the strongest evidence which names any points at, and whether the document itself does."""
    naming = [clue for clue in ordered if clue.case == case and clue.version is not None]
    if not naming:
        return None, False
    first = naming[0]
    alone = {clue.version for clue in naming if clue.evidence is first.evidence} == {first.version}
    of_document = first.evidence in OF_DOCUMENT
    return (first.version if alone or first.evidence is Evidence.ISSUED_BYTES else None), of_document


def _agrees(clue: Clue, case: CaseNumber | None, version: int | None, *, of_document: bool) -> bool:
    """Whether a clue says the same as what was chosen, or less."""
    if clue.case != case:
        return False
    if clue.version is None or clue.version == version:
        return True
    return version is not None and of_document and clue.evidence not in OF_DOCUMENT


def _most_precise(clues: tuple[Clue, ...]) -> tuple[Clue, ...]:
    """Without those that name the bare case beside another of the same evidence that names its version."""
    with_version = {(clue.evidence, clue.case) for clue in clues if clue.version is not None}
    return tuple(clue for clue in clues if clue.version is not None or (clue.evidence, clue.case) not in with_version)


def _text(clue: Clue) -> str:
    return str(clue.case) if clue.version is None else str(AgreementNumber(clue.case, clue.version))


# --- clues ------------------------------------------------------------------------------------------------------------


def prefix_digests(data: bytes, sizes: Collection[int]) -> dict[int, str]:
    """SHA-256 (hex) of the first n bytes, for each n of `sizes` that `data` is long enough for; one pass over the
    data.
    """
    digests: dict[int, str] = {}
    running, done, view = hashlib.sha256(), 0, memoryview(data)
    for size in sorted({size for size in sizes if 0 < size <= len(data)}):
        running.update(view[done:size])
        done = size
        digests[size] = running.copy().hexdigest()
    return digests


def clues_of_bytes(digests: Mapping[int, str], issued: Mapping[tuple[int, str], AgreementNumber]) -> Iterator[Clue]:
    """The issued documents that the bytes begin with, the longest first.

    `digests` as of `prefix_digests`; `issued` maps (size, SHA-256) of issued documents to their numbers.
    """
    for pair in sorted(digests.items(), reverse=True):
        if pair in issued:
            yield Clue(evidence=Evidence.ISSUED_BYTES, case=issued[pair].case, version=issued[pair].version)


def clues_of_text(text: str, evidence: Evidence = Evidence.NUMBER_IN_TEXT) -> Iterator[Clue]:
    """The numbers with a right check character in a text: a document's, a QR code's, a subject, a file name."""
    for case, version in find_agreement_numbers(text):
        yield Clue(evidence=evidence, case=case, version=version)


def clues_of_names(names: Iterable[str]) -> Iterator[Clue]:
    """The numbers in a subject, a file name, and the names on the way to it."""
    for name in names:
        yield from clues_of_text(name, Evidence.NUMBER_IN_NAME)


def clues_of_addresses(addresses: Iterable[str], read: Callable[[str], CaseNumber | None]) -> Iterator[Clue]:
    """The cases whose own address the mail was sent to. `read`: whose token it is, None if nobody's."""
    for token in find_tokens(addresses):
        case = read(token)
        if case is not None:
            yield Clue(evidence=Evidence.ADDRESS_TOKEN, case=case)


def clues_of_answer(
    in_reply_to: Iterable[str], references: Sequence[str], sent: Mapping[str, AgreementNumber | CaseNumber]
) -> Iterator[Clue]:
    """The case whose mail it answers. `references`: oldest first; `sent`: our Message-IDs, and what they were about.

    The nearest mail of ours in the thread counts, not all of it: one thread may have gone through several cases.
    """
    for identity in (*in_reply_to, *reversed(references)):
        about = sent.get(identity)
        if about is not None:
            case, version = (about.case, about.version) if isinstance(about, AgreementNumber) else (about, None)
            yield Clue(evidence=Evidence.ANSWERED_MAIL, case=case, version=version)
            return


def clues_of_organisations(
    found: Iterable[OrgNumber], open_cases: Mapping[OrgNumber, Collection[CaseNumber]]
) -> Iterator[Clue]:
    """The one open case of each organisation that the document names. Of two open cases neither is pointed at.

    `open_cases`: those with every vendor; a vendor's own alone would make the other one's look like the only one.
    """
    for number in dict.fromkeys(found):
        cases = set(open_cases.get(number, ()))
        if len(cases) == 1:
            yield Clue(evidence=Evidence.ORG_NUMBER, case=cases.pop())


def match_return(digests: Mapping[int, str], issued: Mapping[tuple[int, str], AgreementNumber], text: str) -> Match:
    """Find where a file belongs of which only bytes and visible text are known."""
    return weigh((*clues_of_bytes(digests, issued), *clues_of_text(text)))
