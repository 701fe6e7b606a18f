"""The values a mailbox source hands out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote

from agreements.findings import Finding
from intake.receipts import Delivery, SourceOutcome
from intake.sources.mailbox.problems import Problem


@dataclass(frozen=True, kw_only=True)
class MailKey:
    """What names a mail for ever: a UID means something only together with its folder's UIDVALIDITY (RFC 9051 2.3.1.1).

    Whether it was read, its Message-ID and its date say nothing about whether we have it (facts §0.6).
    """

    account: str
    folder: str
    uidvalidity: int
    uid: int

    def __str__(self) -> str:
        return f"{quote(self.account, safe='')}/{quote(self.folder, safe='')}/{self.uidvalidity}/{self.uid}"


def parse_key(key: str) -> MailKey:
    """The key that `str` wrote. Raises ValueError for a key that no mailbox wrote."""
    account, folder, uidvalidity, uid = key.split("/")[:4]  # the ledger may have added a digest
    return MailKey(account=unquote(account), folder=unquote(folder), uidvalidity=int(uidvalidity), uid=int(uid))


@dataclass(frozen=True, kw_only=True)
class MailEntry:
    """One mail in the watched folder, as a scan saw it."""

    source: str
    vendor_id: str | None
    place: MailKey
    size: int
    """Bytes, by the server's word, which may be wrong."""

    @property
    def key(self) -> str:
        """Names this delivery."""
        return str(self.place)

    @property
    def display_name(self) -> str:
        """How a mail is called before it is read: people find it by its receipt."""
        return f"{self.place.uid}.eml"

    def delivery(self, *, sha256: str | None = None, size: int | None = None) -> Delivery:
        """What the ledger is told; `sha256` and the true `size` once the bytes are stored."""
        return Delivery(
            source=self.source,
            source_key=self.key,
            slot=self.key,  # a mail never supersedes another by where it lies
            vendor_id=self.vendor_id,
            display_name=self.display_name,
            size=self.size if size is None else size,
            sha256=sha256,
        )


class MailboxState(StrEnum):
    """Whether the mailbox could be looked into. A mailbox that can't be reached is not an empty one."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, kw_only=True)
class MailScan:
    """All that one look into the folder saw: every mail is ready, known, ignored, or waits for the next look."""

    state: MailboxState
    problem: Problem | None = None
    """Why it is unavailable."""
    ready: tuple[MailEntry, ...] = ()
    """To be taken now, oldest first."""
    more: bool = False
    """Whether others are ready, too: look again at once when these are taken."""
    known: int = 0
    """How many were passed over because the caller knows them."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """How many were passed over, by reason: deleted (somebody marked them so)."""
    present_keys: frozenset[str] = frozenset()
    """Keys of every mail that is there, whatever became of it."""
    bell: bool = False
    """Whether the server tells of new mail by itself (IDLE). Without it, it is asked now and then."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A mail whose bytes are durably stored. The mailbox is untouched."""

    entry: MailEntry
    sha256: str
    size: int
    """Bytes, as stored."""
    finding: Finding | None = None
    """Set: it is stored, but too large to be opened, and a person looks at it."""

    def delivery(self) -> Delivery:
        """What the ledger is told."""
        return self.entry.delivery(sha256=self.sha256, size=self.size)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A mail whose bytes were not stored, and why."""

    entry: MailEntry
    finding: Finding
    try_again: bool
    """True: the server may yet give it; it stays where it is. False: it belongs in quarantine as it is."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What became of a decided receipt's mail on the server."""

    receipt_id: int
    outcome: SourceOutcome
    place: str | None = None
    """The server's folder it was moved to."""
    reason: str | None = None
    """Why it was left: the server's response code, or a word of ours (`settings`, `read_only`, `no_move` …)."""
