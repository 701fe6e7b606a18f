"""How a folder is watched: by the file system's events or by looking, how often, and when a file counts as finished."""

from dataclasses import dataclass
from typing import Final

from intake.sources.folder import Mount, mount_of
from intake.stability import DEFAULT_QUIET_SECONDS
from onboarding.settings import WatchedFolder

SCAN_SECONDS: Final = 2.0  # facts/mail-and-folders.md §7: local; an event that was lost costs no more
REMOTE_SCAN_SECONDS: Final = 5.0  # facts §7: a share is asked over the network each time
REMOTE_QUIET_SECONDS: Final = 10.0  # facts §7: writers over a network pause, and their caches tell late


@dataclass(frozen=True, kw_only=True)
class WatchPlan:
    """What follows from a folder's settings and the file system that it lies on."""

    events: bool
    """Whether the file system is asked to ring."""
    scan_seconds: float
    """Longest time between two looks."""
    quiet_seconds: float
    mount: Mount | None
    """None where the system does not tell."""


def watch_plan(folder: WatchedFolder) -> WatchPlan:
    """The plan as things are now: a share that is mounted later makes another one."""
    mount = mount_of(folder.path)
    local = mount is not None and mount.is_local
    return WatchPlan(
        events=folder.mode == "events" or (folder.mode == "auto" and local),
        scan_seconds=SCAN_SECONDS if local else REMOTE_SCAN_SECONDS,
        quiet_seconds=folder.quiet_seconds or (DEFAULT_QUIET_SECONDS if local else REMOTE_QUIET_SECONDS),
        mount=mount,
    )
