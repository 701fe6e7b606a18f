"""What a file of evidence states, once its own signature was verified: before anybody asks whether it is believed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

BROKEN_FAULTS: Final = frozenset({"digest", "value", "wrapped"})
"""Faults by which somebody has altered or made it up; by the others it could not be read or computed."""


class EvidenceError(Exception):
    """The evidence does not hold. `fault` is a word of `terms.fault`, never content of the file."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One signature within a file of evidence, verified against its own certificate and nothing else."""

    certificate: bytes
    """Of whom the signature is (DER)."""
    others: tuple[bytes, ...] = ()
    """Certificates that came along."""
    digests: frozenset[bytes] = frozenset()
    """SHA-256 of the documents that the signature itself names."""
    parts: tuple[Any, ...] = ()
    """XML that was signed: elements as they were signed, of no document any more."""
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    claimed_time: datetime | None = None
