"""What lies where a file is expected, by its mode (POSIX `sys/stat.h`). Reading anything else might never end."""

import stat
from typing import Final

_KINDS: Final = (
    (stat.S_ISLNK, "symbolic_link"),
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def odd_kind(mode: int) -> str | None:
    """A word of `terms.kind` (`fifo`, …) for anything but a regular file, None for one."""
    return None if stat.S_ISREG(mode) else next((kind for test, kind in _KINDS if test(mode)), "other")
