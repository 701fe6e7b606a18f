"""Is this still the folder we know? An unmounted share leaves an empty folder behind, and that is not an empty inbox.

A hidden file `.avtalemottak` with a random token is laid into a folder at the first look, and the caller remembers the
folder's *mark* (`file <token>`). A folder that can't be written to is known by its mount instead (`place <type>
<source>`). From then on a folder without the mark, or with another, is not looked into.

The file is durable before the mark is remembered: killed in between, the next look finds the file and takes its token.
A person who really means another folder lays an empty file `.avtalemottak-ny` into it. That file goes once the new mark
is remembered, so a kill in between loses nobody's word.

Not promised: that a folder is told apart from its own copy, nor that one which can't be written to is told from another
folder of the same mount.
"""

import os
import re
import secrets
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from intake.names import ACCEPTANCE, SENTINEL
from intake.sources.folder.files import FORBIDDEN, find_state, open_file, open_folder, write_new
from intake.sources.folder.filesystem import mount_of

MAX_SENTINEL_BYTES: Final = 100
_TOKEN_BYTES: Final = 16
_CONTENT: Final = re.compile(rb"[0-9a-f]{32}\n")
_DRAFT: Final = SENTINEL + b"-utkast"
_FILE, _PLACE = "file", "place"


class Stranger(StrEnum):
    """Why a folder is not taken for the one we know."""

    MISSING = "sentinel_missing"
    """Its file is gone, or the folder under a mount point came to light."""
    ANOTHER = "another_folder"
    """It carries another folder's file, or lies on another mount."""


def examine(root: int, path: Path, remembered: str | None) -> Stranger | None:
    """Whether the open folder is the one of this mark; None when it is, or when none is remembered. Only reads."""
    if remembered is None:
        return None
    if remembered.startswith(_PLACE):
        return None if _place(path) == remembered else Stranger.ANOTHER
    found = _read(root)
    if found is None:
        return Stranger.MISSING
    return None if found == remembered else Stranger.ANOTHER


def is_stranger(path: Path, remembered: str | None) -> Stranger | None:
    """Whether the next look would refuse the folder at this path, and why. Only reads. Raises OSError."""
    with open_folder(os.fsencode(path)) as root:
        stranger = examine(root, path, remembered)
        return None if is_accepted(root) else stranger


def is_accepted(root: int) -> bool:
    """Whether a person has said that this folder is the right one."""
    return find_state(root, ACCEPTANCE) is not None


def adopt(root: int, path: Path) -> str | None:
    """The folder's mark, made where it has none. None when it can't be made just now (a full disk): try again."""
    found = _read(root)
    if found is not None:
        return found
    token = secrets.token_hex(_TOKEN_BYTES)
    try:
        write_new(root, SENTINEL, _DRAFT, token.encode() + b"\n")
    except OSError as error:
        return _place(path) if error.errno in FORBIDDEN else None
    return f"{_FILE} {token}"


def clear_acceptance(root: int) -> None:
    """Take the person's word away: the mark is remembered by now. A folder that can't be written to keeps it."""
    with suppress(FileNotFoundError):
        try:
            os.unlink(ACCEPTANCE, dir_fd=root)
        except OSError as error:
            if error.errno not in FORBIDDEN:
                raise


def _read(root: int) -> str | None:
    """The mark that lies in the folder; None for none, or for a file that we did not write. Raises OSError."""
    try:
        with open_file(root, SENTINEL) as descriptor:
            content = os.read(descriptor, MAX_SENTINEL_BYTES)
    except FileNotFoundError:
        return None
    return f"{_FILE} {content.decode().strip()}" if _CONTENT.fullmatch(content) else None


def _place(path: Path) -> str:
    mount = mount_of(path)
    return _PLACE if mount is None else f"{_PLACE} {mount.filesystem} {mount.source}"
