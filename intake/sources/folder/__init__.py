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
from intake.sources.folder.source import Done, FolderSource

__all__ = [
    "Done",
    "Doorbell",
    "Entry",
    "Finished",
    "FolderScan",
    "FolderSource",
    "FolderState",
    "Refused",
    "Taken",
    "Waiting",
    "is_same_file",
]
