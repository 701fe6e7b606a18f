"""Which agreement does a return belong to, and by which evidence? Pure.

Bytes that begin with an agreement exactly as it was issued are the strongest evidence. Without them the numbers in
the visible text count, and only when they point at one case: a guess is never made between several.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agreements.casenumber import AgreementNumber, CaseNumber, find_agreement_numbers
from agreements.findings import CAS_SEVERAL, Finding

MAX_NAMED_CASES = 10  # numbers named in a finding; a hostile text may hold thousands


class Evidence(StrEnum):
    """Why a return belongs where it does."""

    ISSUED_BYTES = "issued_bytes"
    NUMBER_IN_TEXT = "number_in_text"


@dataclass(frozen=True, kw_only=True)
class Match:
    """Where a return belongs. `case` is None when nothing, or more than one case, is pointed at."""

    case: CaseNumber | None = None
    version: int | None = None
    """The agreement's version; None when only the case is known."""
    evidence: Evidence | None = None
    conflicting: tuple[str, ...] = ()
    """Every other number that was found, as text."""

    @property
    def agreement(self) -> AgreementNumber | None:
        """The agreement, when case and version are both known."""
        if self.case is None or self.version is None:
            return None
        return AgreementNumber(self.case, self.version)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """CAS-006 when the evidence points at more than one agreement."""
        if not self.conflicting:
            return ()
        chosen = self.agreement or self.case
        named = ((str(chosen),) if chosen else ()) + self.conflicting
        return (CAS_SEVERAL(cases=", ".join(named[:MAX_NAMED_CASES])),)


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


def match_return(digests: Mapping[int, str], issued: Mapping[tuple[int, str], AgreementNumber], text: str) -> Match:
    """Find where a return belongs.

    `digests` as of `prefix_digests`, `issued` maps (size, SHA-256) of issued documents to their numbers, `text` is
    the visible text.
    """
    by_bytes = [issued[pair] for pair in sorted(digests.items(), reverse=True) if pair in issued]
    numbers = _most_precise(find_agreement_numbers(text))
    if not by_bytes:
        return _by_numbers(numbers)
    found = by_bytes[0]
    same = {(found.case, found.version), (found.case, None)}
    others = [(number.case, number.version) for number in by_bytes] + list(numbers)
    conflicting = dict.fromkeys(_text(*number) for number in others if number not in same)
    return Match(case=found.case, version=found.version, evidence=Evidence.ISSUED_BYTES, conflicting=tuple(conflicting))


_Number = tuple[CaseNumber, int | None]


def _by_numbers(numbers: tuple[_Number, ...]) -> Match:
    cases = {case for case, _ in numbers}
    if not numbers:
        return Match()
    if len(numbers) == 1:
        return Match(case=numbers[0][0], version=numbers[0][1], evidence=Evidence.NUMBER_IN_TEXT)
    conflicting = tuple(_text(*number) for number in numbers)
    if len(cases) == 1:
        return Match(case=numbers[0][0], evidence=Evidence.NUMBER_IN_TEXT, conflicting=conflicting)
    return Match(evidence=Evidence.NUMBER_IN_TEXT, conflicting=conflicting)


def _most_precise(numbers: tuple[_Number, ...]) -> tuple[_Number, ...]:
    """Without the bare case numbers of cases that are also named with a version: those say nothing of their own."""
    with_version = {case for case, version in numbers if version is not None}
    return tuple(number for number in numbers if number[1] is not None or number[0] not in with_version)


def _text(case: CaseNumber, version: int | None) -> str:
    return str(case) if version is None else str(AgreementNumber(case, version))
