"""Since when the files of a folder have been waiting, whichever process saw each of them first.

A look sees a file for the first time after every start; what is kept here makes it as old as it is. Written by a
process after its first look and then now and then, so a busy folder does not fill the database's log.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from agreements.canonical import canonical_json
from agreements.times import format_utc, parse_utc
from onboarding.store.meta import list_meta, put_meta
from onboarding.workspace import Workspace

_PREFIX: Final = "waiting:"
"""In `meta`: since when, by a digest of the file's name (names are people's data), by the folder's path."""
NOTE_EVERY: Final = timedelta(seconds=30)  # as `health`: how much of a young file's age a kill may cost
MAX_KEPT: Final = 200  # the oldest; that many files that nobody finishes raise their alarm long before


class WaitingNotes:
    """The files that wait in one folder. Used by one thread."""

    def __init__(self, workspace: Workspace, folder: str) -> None:
        self._workspace = workspace
        self._key = _PREFIX + folder
        with workspace.store.read() as connection:
            written = list_meta(connection, self._key).get(self._key, "{}")
        self._written = {name: parse_utc(since) for name, since in json.loads(written).items()}
        self._written_at: datetime | None = None
        self._since = self._written

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest has been waiting, as of the last look; None while nothing waits."""
        return min(self._since.values(), default=None)

    def seen(self, waiting: Mapping[bytes, datetime]) -> None:
        """Take what a look saw: by name since when, as far as this process knows. What is not there waits no more."""
        names = {hashlib.sha256(name).hexdigest(): since for name, since in waiting.items()}
        self._since = {name: self._since.get(name, since.replace(microsecond=0)) for name, since in names.items()}
        self._write()

    def _write(self) -> None:
        now = self._workspace.clock()
        if self._written_at is not None and now - self._written_at < NOTE_EVERY:
            return
        self._written_at = now
        kept = dict(sorted(self._since.items(), key=lambda row: row[1])[:MAX_KEPT])
        if kept == self._written:
            return
        with self._workspace.store.begin() as connection:
            put_meta(connection, self._key, canonical_json({name: format_utc(since) for name, since in kept.items()}))
        self._written = kept
