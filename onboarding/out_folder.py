"""Where a person may have files written: not among the program's own, and not where they would be taken in again."""

from pathlib import Path
from typing import Final

from agreements.errors import UsageError
from onboarding.settings import Settings

ISSUED: Final = "issued"
"""The folder in the data folder where agreements are written unless a person says otherwise."""


def require_free_place(path: Path, settings: Settings) -> None:
    """Refuse a file or a folder that somebody asked for, links followed, before anything is made.

    Raises UsageError: `out_in_watched` (an agreement written there would be taken in as a return), `out_in_data`
    (originals, database and keys are the program's alone; the folder of issued agreements is open to all).
    """
    place = path.resolve()
    for vendor in settings.vendors:
        for watched in vendor.folders:
            if place.is_relative_to(watched.path.resolve()):
                raise UsageError("out_in_watched", path=str(path), folder=str(watched.path), vendor=vendor.id)
    data_dir = settings.data_dir.resolve()
    if place.is_relative_to(data_dir) and not place.is_relative_to(data_dir / ISSUED):
        raise UsageError("out_in_data", path=str(path), folder=str(settings.data_dir), issued=str(data_dir / ISSUED))
