"""The folder that judging reads: what is written there is whole, and what was fetched long ago goes.

Files that somebody else put there are never touched; those that were fetched are known by their names of hashes.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from onboarding.fetching.pieces import Piece, dates_of
from onboarding.files import write_durably
from signatures.revocations import ANSWERS, LISTS, MAX_ALL_BYTES, MAX_FILE_BYTES

KEPT_AFTER: Final = timedelta(days=30)
"""How long a piece stays that is out of date (ours): it still tells what was revoked, which is believed of old ones."""
DRAFTS_KEPT: Final = timedelta(hours=1)  # a process that writes one lives for seconds
_FETCHED = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}\.(?:crl|ocsp)")
_DRAFT = re.compile(r"\.[0-9a-f]{16}\.ny")


def name_of(issuer: bytes, what: bytes, ending: str) -> str:
    """The file of an issuer's (DER) list at an address, or of its answer about a certificate: a new one replaces it."""
    return f"{_digest(issuer)}-{_digest(what)}.{ending}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def is_held(folder: Path, name: str, *, now: datetime) -> bool:
    """Whether there is such a piece that is in force."""
    until = _until(folder / name)
    return until is not None and until > now


def keep(folder: Path, name: str, piece: Piece) -> bool:
    """Write a piece. False where the one at hand is as new (an old list must not hide what a newer one calls revoked),
    or where there is no room. Raises as `write_durably`.
    """
    path = folder / name
    before = _read(path)
    dates = None if before is None else dates_of(before)
    if dates is not None and dates[0] > piece.issued:
        return False
    if before == piece.der or not _make_room(folder, name, len(piece.der)):
        return False
    write_durably(path, piece.der)
    return True


def tidy(folder: Path, *, now: datetime) -> None:
    """Remove what was fetched and ran out long ago, and drafts that a killed process left. Raises OSError."""
    for path in _fetched(folder):
        until = _until(path)
        if until is None or until + KEPT_AFTER < now:
            path.unlink(missing_ok=True)
    for path in folder.iterdir():
        if _DRAFT.fullmatch(path.name) and path.stat().st_mtime < (now - DRAFTS_KEPT).timestamp():
            path.unlink(missing_ok=True)


def _make_room(folder: Path, name: str, size: int) -> bool:
    """Within what judging reads of the folder; fetched pieces that are longest unrenewed go first."""
    others = {path: path.stat() for path in _pieces(folder) if path.name != name}
    left = MAX_ALL_BYTES - size - sum(status.st_size for status in others.values())
    fetched = (path for path in others if _FETCHED.fullmatch(path.name))
    for path in sorted(fetched, key=lambda one: others[one].st_mtime):
        if left >= 0:
            break
        path.unlink(missing_ok=True)
        left += others[path].st_size
    return left >= 0


def _pieces(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix.lower() in LISTS | ANSWERS and path.is_file())


def _fetched(folder: Path) -> list[Path]:
    return [path for path in _pieces(folder) if _FETCHED.fullmatch(path.name)]


def held_until(folder: Path) -> list[datetime]:
    """Until when each piece in the folder is in force, whoever put it there; DER only."""
    found = map(_until, _pieces(folder)) if folder.is_dir() else ()
    return [until for until in found if until is not None]


def _until(path: Path) -> datetime | None:
    data = _read(path)
    dates = None if data is None else dates_of(data)
    return None if dates is None else dates[1]


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES)
    except OSError:
        return None
