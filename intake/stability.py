"""When is a file all there? Pure decisions over what successive scans saw.

No file system tells for certain. What is known: how long a file has looked the same in our own clock (never its time
stamps against our clock: they are another machine's), whether its writer closed it or it was moved in, and whether it
ends as a complete PDF does. `%%EOF` alone proves nothing: a signed PDF cut at an earlier revision is a valid unsigned
one (facts/mail-and-folders.md, finding 3). A file that never looks complete is still taken after the quiet time: a
truncated PDF must end in a finding, not wait for ever. Only one that ends in zeros waits longer: file servers reserve
the whole size before the bytes come (facts §10, SMB), and may not tell when these do. What is taken too early and
changes later is a new delivery that supersedes the first.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

FAST_QUIET_SECONDS = 0.25  # facts §7: after a close or a move, with a complete tail
DEFAULT_QUIET_SECONDS = 2.0  # facts §7: local disk; shares want 10
MAX_WAIT_SECONDS = 600.0  # facts §7, maks_vent: no transfer reserves space and then pauses for longer
RESERVED_BYTES = 256  # zeros at the end: less than any server writes at once, more than any format ends with; ours
TAIL_BYTES = 1024  # PDF 1.7 implementation note 18: readers look for %%EOF in the last 1,024 bytes

_PDF_END = re.compile(rb"startxref[\r\n\t ]+\d{1,10}[\r\n\t ]+%%EOF[\r\n\t ]*\Z")


@dataclass(frozen=True, kw_only=True)
class FileState:
    """What `lstat` says about a file's content."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What successive scans saw of one name. Times are seconds of one monotonic clock."""

    state: FileState
    since: float
    """When this state was first seen."""
    first_seen: float
    """When the name was first seen, whatever its state."""
    closed: bool
    """The last that was heard of it is that its writer closed it, or that it was moved in."""


class Readiness(Enum):
    """What to do with a file now."""

    WAIT = auto()
    TAKE_IF_COMPLETE = auto()
    """Take it if `is_complete_tail` holds, else wait out the quiet time."""
    TAKE_UNLESS_RESERVED = auto()
    """Take it, unless `is_reserved_tail` holds: then its bytes may still be on their way."""
    TAKE = auto()


def observe(previous: Observation | None, state: FileState, *, now: float, closed: bool) -> Observation:
    """Add what this scan saw. `closed`: the last that was heard of the file is that it was closed or moved in."""
    if previous is None:
        return Observation(state=state, since=now, first_seen=now, closed=closed)
    since = previous.since if previous.state == state else now
    return replace(previous, state=state, since=since, closed=closed)


def readiness(seen: Observation, *, now: float, quiet: float) -> Readiness:
    """Decide by how long the file has been quiet; `quiet` in seconds."""
    elapsed = now - seen.since
    if elapsed >= quiet:
        return Readiness.TAKE if elapsed >= MAX_WAIT_SECONDS else Readiness.TAKE_UNLESS_RESERVED
    if seen.closed and seen.state.size > 0 and elapsed >= FAST_QUIET_SECONDS:
        return Readiness.TAKE_IF_COMPLETE
    return Readiness.WAIT


def is_complete_tail(tail: bytes) -> bool:
    """Whether a file whose last bytes (up to TAIL_BYTES) are these ends as a PDF: startxref, number, %%EOF, white
    space at most.

    Zeros at the end (space that a file server reserved before the bytes came) are not white space here.
    """
    return _PDF_END.search(tail) is not None


def is_reserved_tail(tail: bytes) -> bool:
    """Whether a file with these last bytes ends in space that was reserved and not written to yet."""
    return tail.endswith(bytes(RESERVED_BYTES))


def seconds_to_wait(seen: Observation, *, now: float, quiet: float) -> float:
    """When to look again at a file that is not taken now, in seconds from now: never negative."""
    elapsed = now - seen.since
    if elapsed >= quiet:
        return max(0.0, MAX_WAIT_SECONDS - elapsed)
    fast = seen.closed and seen.state.size > 0 and elapsed < FAST_QUIET_SECONDS < quiet
    return max(0.0, (FAST_QUIET_SECONDS if fast else quiet) - elapsed)
