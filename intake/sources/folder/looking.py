"""One look into a folder: every name in it ends up in exactly one pile."""

import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agreements.findings import INT_NOT_REGULAR
from intake.names import BLOCKED, DONE_FOLDER, LONE_MARKER, QUARANTINE_FOLDER, ignored_as, marked_name
from intake.sources.folder.entries import Entry, FolderScan, FolderState, Refused, Waiting
from intake.sources.folder.files import odd_entry, read_tail, state_of
from intake.stability import (
    Observation,
    Readiness,
    is_complete_tail,
    is_reserved_tail,
    observe,
    readiness,
    seconds_to_wait,
)


@dataclass(kw_only=True)
class Look:
    """Sorts the entries of an opened folder. Pure but for the listing, one `lstat` per name and the tails of closed
    files.
    """

    source: str
    vendor_id: str | None
    root: int
    """The folder's descriptor."""
    now: float
    quiet: float
    known: frozenset[str]
    closed: frozenset[bytes]
    """Names of which the doorbell last reported that they were closed or moved in."""
    before: Mapping[bytes, Observation]
    """What the look before this one saw."""
    marker: bytes
    """Behind a file's name, in a name of its own: the file is complete."""
    needs_marker: bool
    """Whether a file without one is never taken."""

    seen: dict[bytes, Observation] = field(default_factory=dict)
    _ready: list[Entry] = field(default_factory=list)
    _refused: list[Refused] = field(default_factory=list)
    _waiting: list[Waiting] = field(default_factory=list)
    _ignored: Counter[str] = field(default_factory=Counter)
    _present: set[str] = field(default_factory=set)
    _known: int = 0
    _marked: frozenset[bytes] = frozenset()
    _look_again_in: float | None = None

    def at_everything(self) -> None:
        """Sort every name in the folder. Raises OSError when the folder goes away meanwhile."""
        with os.scandir(self.root) as listing:
            items = {os.fsencode(item.name): item for item in listing}
        self._marked = frozenset(name for name in items if name + self.marker in items)
        for name, item in items.items():
            self._look_at(name, item)

    def result(self, *, bell: bool) -> FolderScan:
        """What was seen, oldest first."""
        return FolderScan(
            state=FolderState.AVAILABLE,
            ready=tuple(sorted(self._ready, key=_age)),
            refused=tuple(sorted(self._refused, key=lambda refused: _age(refused.entry))),
            waiting=tuple(sorted(self._waiting, key=lambda waiting: _age(waiting.entry))),
            known=self._known,
            ignored=dict(self._ignored),
            present_keys=frozenset(self._present),
            look_again_in=self._look_again_in,
            bell=bell,
        )

    def _look_at(self, name: bytes, item: "os.DirEntry[Any]") -> None:
        marked = marked_name(name, self.marker)
        if marked in self._marked:
            return
        reason = ignored_as(name) or (LONE_MARKER if marked is not None else None)
        if name in (DONE_FOLDER, QUARANTINE_FOLDER) and not item.is_dir(follow_symlinks=False):
            reason = BLOCKED
        if reason is not None:
            self._ignored[reason] += 1
            return
        try:
            status = item.stat(follow_symlinks=False)
        except FileNotFoundError:
            return  # went away between the listing and now
        if stat.S_ISDIR(status.st_mode):
            self._ignored["folder"] += 1
            return
        entry = Entry(source=self.source, vendor_id=self.vendor_id, name=name, state=state_of(status))
        self._present.add(entry.key)
        if entry.key in self.known:
            self._known += 1
        else:
            self._sort(entry, odd_entry(status))

    def _sort(self, entry: Entry, kind: str | None) -> None:
        """Onto the pile of what is ready, refused or waiting. Odd ones wait too: a link may be half of a delivery by
        link and unlink.
        """
        closed = entry.name in self.closed
        observation = observe(self.before.get(entry.name), entry.state, now=self.now, closed=closed)
        self.seen[entry.name] = observation
        if not self._is_quiet(entry, observation, plain=kind is None):
            self._wait(entry, observation)
        elif kind is None:
            self._ready.append(entry)
        else:
            self._refused.append(Refused(entry=entry, finding=INT_NOT_REGULAR(kind=kind), try_again=False))

    def _is_quiet(self, entry: Entry, observation: Observation, *, plain: bool) -> bool:
        if entry.name in self._marked:
            return True
        if self.needs_marker:
            return False
        match readiness(observation, now=self.now, quiet=self.quiet):
            case Readiness.TAKE:
                return True
            case Readiness.TAKE_UNLESS_RESERVED:
                return not (plain and is_reserved_tail(read_tail(self.root, entry.name)))
            case Readiness.TAKE_IF_COMPLETE:
                return plain and is_complete_tail(read_tail(self.root, entry.name))
            case _:
                return False

    def _wait(self, entry: Entry, observation: Observation) -> None:
        self._waiting.append(Waiting(entry=entry, first_seen=observation.first_seen))
        if self.needs_marker:
            return
        seconds = seconds_to_wait(observation, now=self.now, quiet=self.quiet)
        self._look_again_in = seconds if self._look_again_in is None else min(seconds, self._look_again_in)


def _age(entry: Entry) -> tuple[int, bytes]:
    return (entry.state.mtime_ns, entry.name)
