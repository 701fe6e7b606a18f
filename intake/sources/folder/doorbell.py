"""The doorbell: the operating system's word that something changed in a folder. The only module that knows watchdog.

A hint, never the truth: events are lost when the queue overflows, and none come from most network shares. Losing
every one of them loses no file; the next scan finds it.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from watchdog.events import (
    DirDeletedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from intake.sources.folder.files import errno_name

if sys.platform == "linux":
    from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

    # Our own moves to `ferdig/` would hold every later event back for half a second (facts/mail-and-folders.md §3.1).
    InotifyMoveEventGrouper.delay = 0.0

logger = logging.getLogger(__name__)
logging.getLogger("watchdog").setLevel(logging.INFO)  # at DEBUG it writes out every file's name: names of customers

MAX_REMEMBERED_CLOSINGS: Final = 20_000  # names; more than the kernel's queue (fs.inotify.max_queued_events 16,384)
# Without FileCreatedEvent a file that is moved in would not be reported; opening and closing for reading must not ring.
_RINGING: Final = [FileClosedEvent, FileCreatedEvent, FileMovedEvent, FileModifiedEvent, DirDeletedEvent]


class Hook(FileSystemEventHandler):
    """One folder's bell. Notes which names were closed or moved in, and rings; no more, for it runs in the observer's
    thread.
    """

    def __init__(self, rung: threading.Event) -> None:
        self._rung = rung
        self._lock = threading.Lock()
        self._closed: set[bytes] = set()
        self.watch: ObservedWatch | None = None
        self.dead = False
        """The folder itself was removed: this hook never rings again."""

    def on_closed(self, event: FileSystemEvent) -> None:
        """A file open for writing was closed."""
        self._add(event.src_path)

    def on_created(self, event: FileSystemEvent) -> None:
        """A file was made, or moved in from elsewhere."""
        self._add(event.src_path)

    def on_moved(self, event: FileSystemEvent) -> None:
        """A file was renamed within the folder."""
        self._add(event.dest_path)

    def on_modified(self, event: FileSystemEvent) -> None:
        """A file was written to: it is not finished after all."""
        with self._lock:
            self._closed.discard(_last_part(event.src_path))

    def on_deleted(self, _event: FileSystemEvent) -> None:
        """The watched folder was removed; watchdog never watches it again, even when it comes back."""
        self.dead = True
        self._rung.set()

    def _add(self, path: str | bytes) -> None:
        with self._lock:
            if len(self._closed) < MAX_REMEMBERED_CLOSINGS:
                self._closed.add(_last_part(path))
        self._rung.set()

    def closed_names(self) -> frozenset[bytes]:
        """The names of which the last that was heard is a close or a move-in.

        A file that is just being made is among them until its first writing is reported, a moment later.
        """
        with self._lock:
            return frozenset(self._closed)

    def forget(self, names: Iterable[bytes]) -> None:
        """Drop names that are no longer in the folder."""
        with self._lock:
            self._closed.difference_update(names)


class Doorbell:
    """One observer for all watched folders. Only shortens the wait: losing every event loses no file.

    Wait on `rung` with a time-out (the scan interval), clear it, then scan. A context manager.
    """

    def __init__(self) -> None:
        self.rung = threading.Event()
        self._observer: BaseObserver | None = None
        try:
            self._observer = Observer()
            self._observer.start()
        except OSError as error:  # no inotify instance left
            logger.warning("no doorbell for folders", extra={"reason": errno_name(error)})
            self._observer = None

    def hang(self, path: Path) -> Hook | None:
        """Have a folder ring; None when the operating system does not let us."""
        if self._observer is None:
            return None
        hook = Hook(self.rung)
        try:
            hook.watch = self._observer.schedule(hook, path, event_filter=_RINGING)
        except OSError as error:
            logger.warning("a folder has no doorbell", extra={"reason": errno_name(error)})
            return None
        return hook

    def take_down(self, hook: Hook) -> None:
        """Stop listening to a folder."""
        if self._observer is not None and hook.watch is not None:
            self._observer.unschedule(hook.watch)

    def close(self) -> None:
        """Stop the observer and wait for its threads."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def _last_part(path: str | bytes) -> bytes:
    return os.fsencode(path).rpartition(b"/")[2]
