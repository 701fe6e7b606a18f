"""A watched folder as a source of deliveries."""

from intake.sources.folder.doorbell import Doorbell
from intake.sources.folder.entries import (
    Entry,
    Finished,
    FolderScan,
    FolderState,
    Refused,
    Taken,
    Waiting,
    is_same_file,
)
from intake.sources.folder.filesystem import Mount, mount_of
from intake.sources.folder.sentinel import Stranger, is_stranger
from intake.sources.folder.source import Done, FolderSource

__all__ = [
    "Done",
    "Doorbell",
    "Entry",
    "Finished",
    "FolderScan",
    "FolderSource",
    "FolderState",
    "Mount",
    "Refused",
    "Stranger",
    "Taken",
    "Waiting",
    "is_same_file",
    "is_stranger",
    "mount_of",
]
