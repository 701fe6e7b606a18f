"""On which file system a folder lies, and whether that one tells of changes that other machines make.

inotify hears only what goes through this machine's own kernel: of a file that somebody else puts on a network share it
says nothing (facts/mail-and-folders.md, finding 2). Linux tells the types in `/proc/self/mountinfo`; where there is no
such file the type is unknown, and an unknown one is taken for a network share.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")
LOCAL: Final = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "tmpfs", "ramfs", "overlay", "vfat"}
)
"""File systems that only this machine writes to. An allow-list: nfs, cifs, smb3, 9p, fuse.* and what comes are not."""
_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """Where a folder's bytes come from, in the kernel's words."""

    filesystem: str
    """Type: `ext4`, `nfs4`, `fuse.sshfs`."""
    source: str
    """Device or share: `/dev/vda1`, `server:/export`."""

    @property
    def is_local(self) -> bool:
        """Whether events tell of everything that happens there."""
        return self.filesystem in LOCAL


def mount_of(folder: Path) -> Mount | None:
    """The mount that a folder lies on, or None where the system does not tell."""
    try:
        return find_mount(os.fsencode(folder.resolve()), MOUNTINFO.read_bytes())
    except OSError:
        return None


def find_mount(path: bytes, mountinfo: bytes) -> Mount | None:
    """The mount of an absolute path without links, from the text of `mountinfo` (man 5 proc).

    By the path and not by the device number: btrfs gives its sub-volumes numbers that no mount has.
    """
    found: tuple[int, Mount] | None = None
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(b" - ")
        fields, ending = before.split(b" "), after.split(b" ")
        if not dash or len(fields) < 5 or len(ending) < 2:
            continue
        point = _unescaped(fields[4])
        depth = len(point.rstrip(b"/"))
        if _is_within(path, point) and (found is None or depth >= found[0]):  # the last one covers those before it
            mount = Mount(filesystem=_text(ending[0]), source=_text(_unescaped(ending[1])))
            found = (depth, mount)
    return None if found is None else found[1]


def _is_within(path: bytes, point: bytes) -> bool:
    return path == point or path.startswith(point.rstrip(b"/") + b"/")


def _unescaped(field: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), field)


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace")
