"""The values of the ledger: a delivery, the receipt it becomes, and the document that its bytes are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreements.findings import Finding
from intake.matching import Clue


class ReceiptState(StrEnum):
    """How far a delivery has come. The last three are final and carry a reason (received: none needed)."""

    SEEN = "seen"
    """There, but its bytes could not be read yet."""
    STORED = "stored"
    """Its bytes are among the originals; waits for a verdict."""
    RECEIVED = "received"
    QUARANTINED = "quarantined"
    NOT_AGREEMENT = "not_agreement"


FINAL_STATES = (ReceiptState.RECEIVED, ReceiptState.QUARANTINED, ReceiptState.NOT_AGREEMENT)


class DocumentState(StrEnum):
    """Whether a content has its verdict."""

    PENDING = "pending"
    JUDGED = "judged"


class SourceOutcome(StrEnum):
    """What became of the delivery at its source once it was decided."""

    MOVED = "moved"
    LEFT = "left"
    """The source can't be changed (read-only): it stays there, and its key is remembered for good."""
    CHANGED = "changed"
    """The source holds something else by now, which is a delivery of its own."""
    GONE = "gone"
    INSIDE = "inside"
    """It lies in another delivery (a PDF in a mail), and goes where that goes."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Something a source found, as the ledger is told about it."""

    source: str
    """Identifier of the folder or mailbox in the configuration."""
    source_key: str
    """Names this delivery within its source for ever; the same key never gives two receipts."""
    slot: str
    """The place it came to (a folder: the file's name, percent-encoded); a later delivery there may supersede it."""
    vendor_id: str | None
    display_name: str
    size: int
    """Bytes."""
    sha256: str | None = None
    """Hex digest of the stored bytes; None as long as they could not be read or were refused unread."""
    supersedes: int | None = None
    """The receipt of which this delivery is the later, fuller version."""
    parent: int | None = None
    """The receipt of the delivery it was taken out of."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One delivery, as the ledger holds it."""

    id: int
    source: str
    source_key: str
    slot: str
    vendor_id: str | None
    display_name: str
    sha256: str | None
    size: int
    state: ReceiptState
    reason: Finding | None
    supersedes: int | None
    seen_at: datetime
    stored_at: datetime | None
    decided_at: datetime | None
    finished_at: datetime | None
    """When the source was dealt with; None as long as that remains to be done."""
    source_outcome: SourceOutcome | None
    parent: int | None = None
    """The receipt of the delivery it was taken out of."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a delivery came to: a final state and why."""

    state: ReceiptState
    reason: Finding | None = None
    case_number: str | None = None
    agreement: str | None = None
    """Agreement number, with version."""
    clues: tuple[Clue, ...] = ()
    """What it was told by where it belongs, the strongest first."""

    def __post_init__(self) -> None:
        if self.state not in FINAL_STATES:
            raise ValueError("an outcome is final")
        if self.reason is None and self.state is not ReceiptState.RECEIVED:
            raise ValueError("only what was received needs no reason")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One content, however often it arrived; it gets one verdict."""

    sha256: str
    size: int
    state: DocumentState
    outcome: Outcome | None
    first_receipt: int
    judged_at: datetime | None
