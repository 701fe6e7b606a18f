"""The values a folder source hands out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agreements.findings import Finding
from intake.names import display_name, name_in_slot, slot_of
from intake.receipts import Delivery, SourceOutcome
from intake.stability import FileState


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file in a watched folder, as a scan saw it."""

    source: str
    vendor_id: str | None
    name: bytes
    """The name on disk, any bytes; never shown."""
    state: FileState

    @property
    def key(self) -> str:
        """Names this delivery: a file that changes afterwards has another key."""
        return f"{self.slot}/{self.state.inode}/{self.state.size}/{self.state.mtime_ns}"

    @property
    def slot(self) -> str:
        """The name, as plain text."""
        return slot_of(self.name)

    @property
    def display_name(self) -> str:
        """The name, as people may see it."""
        return display_name(self.name)

    def delivery(self, *, sha256: str | None = None, supersedes: int | None = None) -> Delivery:
        """What the ledger is told; `sha256` once the bytes are stored."""
        return Delivery(
            source=self.source,
            source_key=self.key,
            slot=self.slot,
            vendor_id=self.vendor_id,
            display_name=self.display_name,
            size=self.state.size,
            sha256=sha256,
            supersedes=supersedes,
        )


def parse_key(key: str) -> tuple[bytes, FileState]:
    """Name and state from an entry's key. Raises ValueError for a key that no folder wrote."""
    slot, inode, size, mtime_ns = key.split("/")[:4]  # the ledger may have added a digest
    return name_in_slot(slot), FileState(size=int(size), mtime_ns=int(mtime_ns), inode=int(inode))


def is_same_file(first_key: str, second_key: str) -> bool:
    """Whether two keys name one file, changed in between: a file rewritten in place keeps its inode."""
    return parse_key(first_key)[1].inode == parse_key(second_key)[1].inode


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An entry whose bytes were not stored, and why."""

    entry: Entry
    finding: Finding
    try_again: bool
    """True: it may become readable; it stays where it is. False: it belongs in quarantine as it is."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An entry that may still be in the making."""

    entry: Entry
    first_seen: float
    """Seconds of the clock that the scans are told; an entry that waits for minutes is worth an alarm."""


class FolderState(StrEnum):
    """Whether the folder could be looked into. A folder that is not there is not an empty folder."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, kw_only=True)
class FolderScan:
    """All that one look into the folder saw: every name is ready, refused, waiting, known or ignored."""

    state: FolderState
    problem: str | None = None
    """Why it is unavailable: the name of an errno, or one of `sentinel.Stranger`."""
    mark: str | None = None
    """By what the folder is known from now on (`sentinel`), for the caller to remember; None when there is none."""
    ready: tuple[Entry, ...] = ()
    """To be taken now, oldest first."""
    refused: tuple[Refused, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    known: int = 0
    """How many were passed over because the caller knows them."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """How many names were passed over, by reason: hidden, temporary, folder, marker, system, own_folder."""
    present_keys: frozenset[str] = frozenset()
    """Keys of every entry that is there, whatever became of it."""
    look_again_in: float | None = None
    """Seconds until a waiting entry may be ready; None when nothing waits."""
    bell: bool = False
    """Whether changes are also reported by the operating system. Without it, only the next scan finds them."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A file whose bytes are durably stored. The source is untouched."""

    entry: Entry
    sha256: str
    size: int

    @property
    def key(self) -> str:
        """The entry's key."""
        return self.entry.key

    @property
    def display_name(self) -> str:
        """The entry's name, as people may see it."""
        return self.entry.display_name

    def delivery(self, *, supersedes: int | None = None) -> Delivery:
        """What the ledger is told."""
        return self.entry.delivery(sha256=self.sha256, supersedes=supersedes)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What became of the file in the folder."""

    outcome: SourceOutcome
    place: str | None = None
    """Where it lies now, relative to the folder, as people may see it."""
    reason: str | None = None
    """Why it was left: the name of an errno."""
