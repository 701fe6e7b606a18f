"""Checks of what lies on disk: data, watched folders, keys, space, and the clock by the age of what was stored."""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from agreements.errors import AvtaleError
from agreements.marking import KEY_BYTES
from agreements.times import format_utc
from onboarding.doctor.outcome import Check, fault, fine, warning
from onboarding.files import open_file
from onboarding.keys import MAX_KEY_BYTES
from onboarding.settings import Settings, WatchedFolder

MIN_FREE_BYTES: Final = 2**30  # some 1,000 agreements with their returns, and room for the database to grow; ours
EVENT_SECONDS: Final = 2.0
"""Longest wait for an event: they come within milliseconds where they come at all (facts/mail-and-folders.md §3)."""
FIRST_YEAR: Final = 2026  # of this program: an earlier clock was never set
LAST_YEAR: Final = 2100
OVERLOOKED_AFTER: Final = timedelta(hours=24)
"""No transfer takes that long: what is passed over for a day may be an agreement nobody looks at."""
_NAMES_TOLD: Final = 3
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""A file on a network share may be that much ahead of us without harm."""


def check_data(settings: Settings, _now: datetime) -> Iterator[Check]:
    """Originals and issued agreements can be kept."""
    place = settings.data_dir
    if not place.is_dir():
        yield fault("data", "doctor_folder_missing", path=str(place))
    elif (refused := _write_error(place)) is not None:
        yield fault("data", "doctor_folder_not_writable", path=str(place), reason=_reason(refused))
    else:
        yield fine("data", "data", path=str(place))


def check_space(settings: Settings, _now: datetime) -> Iterator[Check]:
    """There is room for a while."""
    free = shutil.disk_usage(_nearest(settings.data_dir)).free
    params: dict[str, str | int] = {"path": str(settings.data_dir), "free_mib": free // 2**20}
    if free < MIN_FREE_BYTES:
        yield warning("space", "doctor_space_low", **params, wanted_mib=MIN_FREE_BYTES // 2**20)
    else:
        yield fine("space", "space", **params)


def check_clock(settings: Settings, now: datetime) -> Iterator[Check]:
    """Deadlines and signatures are judged by this clock: it must not be behind what it has stamped before."""
    newest = _newest(settings)
    if not FIRST_YEAR <= now.year <= LAST_YEAR:
        yield fault("clock", "doctor_clock_year", now=format_utc(now))
    elif newest is not None and newest > now + CLOCK_TOLERANCE:
        yield fault("clock", "doctor_clock_behind", now=format_utc(now), newest=format_utc(newest))
    else:
        yield fine("clock", "clock", now=format_utc(now))


def check_keys(settings: Settings, _now: datetime) -> Iterator[Check]:
    """The secret keys are there and are keys. That nobody else can read them was checked with the configuration."""
    for path, is_key in ((settings.keys.qr, _is_qr_key), (settings.keys.checkpoint, _is_checkpoint_key)):
        try:
            with open_file(path) as stream:
                content = stream.read(MAX_KEY_BYTES + 1)
        except OSError as error:
            yield fault("keys", "doctor_key_unreadable", path=str(path), reason=error.strerror or "")
        else:
            if is_key(content):
                yield fine("keys", "key", path=str(path))
            else:
                yield fault("keys", "doctor_key_bad", path=str(path))


def check_folders(settings: Settings, now: datetime) -> Iterator[Check]:
    """Every watched folder is the one we know and can be read; whether files can be moved; how changes are noticed."""
    marks = _known_marks(settings)
    for vendor in settings.vendors:
        for folder in vendor.folders:
            told = _odd(folder, marks.get(str(folder.path)))
            if told is not None:
                yield told
            if told is None or told.ok:
                yield _noticing(folder, may_write=told is None)
                yield from _overlooked(folder, now)


def _known_marks(settings: Settings) -> Mapping[str, str]:
    """By what each folder is known, by its path; nothing where the database can't say (it has a check of its own)."""
    from onboarding.sources import read_marks
    from onboarding.store import open_store

    try:
        with closing(open_store(settings.database, environment=settings.environment)) as store:
            return read_marks(store)
    except AvtaleError:
        return {}


def _odd(folder: WatchedFolder, mark: str | None) -> Check | None:
    """What is to be told of a folder before how it is watched; None if all is well."""
    from intake.sources.folder import is_stranger
    from onboarding.sources import stranger_code

    path = folder.path
    if not path.is_dir():
        return fault("folders", "doctor_folder_missing", path=str(path))
    if not os.access(path, os.R_OK | os.X_OK):
        return fault("folders", "doctor_folder_not_readable", path=str(path))
    stranger = is_stranger(path, mark)
    if stranger is not None:
        return fault("folders", stranger_code(stranger), path=str(path), problem=stranger.value)
    return _unmoved(path)


def _unmoved(path: Path) -> Check | None:
    """Why files that are done with will stay where they lie, or None. Where that can only be meant so (a read-only
    share), it is worth telling and no fault: the database remembers them.
    """
    from intake.sources.folder.files import FORBIDDEN

    for place in (path, *_own_folders(path)):
        if place != path and (place.is_symlink() or not place.is_dir()):
            return fault("folders", "doctor_folder_odd", path=str(place))
        if (refused := _write_error(place)) is not None:
            if refused.errno in FORBIDDEN:
                return warning("folders", "doctor_folder_read_only", path=str(place))
            return fault("folders", "doctor_folder_not_writable", path=str(place), reason=_reason(refused))
        if _device(place) != _device(path):
            return fault("folders", "doctor_folder_other_device", path=str(place), folder=str(path))
    return None


def _device(path: Path) -> int:
    """The file system it lies on: nothing is moved from one to another in a single step."""
    return path.stat().st_dev


def _noticing(folder: WatchedFolder, *, may_write: bool) -> Check:
    """How changes are noticed, and why so; by the kind of file system where nothing can be made to try it."""
    from onboarding.watching import watch_plan

    plan = watch_plan(folder)
    events = plan.events if not may_write else folder.mode != "scan" and _has_events(folder.path)
    if folder.mode == "events" and not events:
        return fault("folders", "doctor_no_events", path=str(folder.path))
    params = {
        "path": str(folder.path),
        "filesystem": plan.mount.filesystem if plan.mount else "?",
        "seconds": f"{plan.scan_seconds:g}",
        "quiet": f"{plan.quiet_seconds:g}",
    }
    if plan.events and events:
        return fine("folders", "folder_events", **params)
    remote = plan.mount is None or not plan.mount.is_local
    return fine("folders", "folder_scan_remote" if remote else "folder_scan", **params)


def _overlooked(folder: WatchedFolder, now: datetime) -> Iterator[Check]:
    """Sub-folders, hidden and temporary names, and markers without their file, that have lain there for long."""
    from intake.names import DONE_MARKER, UNTOLD, display_name, ignored_as, marked_name

    path, oldest = folder.path, (now - OVERLOOKED_AFTER).timestamp()
    marker = os.fsencode(folder.done_marker) if folder.done_marker else DONE_MARKER
    names: list[str] = []
    for item in sorted(path.iterdir()):
        name = os.fsencode(item.name)
        marked, reason = marked_name(name, marker), ignored_as(name)
        is_lone_marker = marked is not None and not os.path.lexists(path / os.fsdecode(marked))
        is_read = reason is None and (item.is_symlink() or not item.is_dir())
        if reason in UNTOLD or (is_read and not is_lone_marker):
            continue
        with suppress(FileNotFoundError):  # gone since the listing
            names += [display_name(name)] if item.lstat().st_mtime < oldest else []
    if names:
        shown = ", ".join(names[:_NAMES_TOLD]) + (" …" if len(names) > _NAMES_TOLD else "")
        yield warning("folders", "doctor_overlooked", path=str(path), count=len(names), names=shown)


def _own_folders(path: Path) -> Iterator[Path]:
    """`ferdig` and `karantene` where they are made already; otherwise the folder itself shows that they can be."""
    from intake.names import DONE_FOLDER, QUARANTINE_FOLDER

    for name in (DONE_FOLDER, QUARANTINE_FOLDER):
        if os.path.lexists(path / os.fsdecode(name)):
            yield path / os.fsdecode(name)


def _probe(folder: Path) -> Path:
    """A hidden name: a source passes it over."""
    return folder / f".avtale-doctor-{secrets.token_hex(8)}"


def _write_error(folder: Path) -> OSError | None:
    """Why no folder or file can be made in there, or None."""
    probe = _probe(folder)
    try:
        probe.mkdir(mode=0o700)
        try:
            (probe / "file").touch(mode=0o600)
            (probe / "file").unlink()
        finally:
            probe.rmdir()
    except OSError as error:
        return error
    return None


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _has_events(folder: Path) -> bool:
    """Whether the file system tells of a file that is made there. Network shares mostly do not."""
    from intake.sources.folder import Doorbell

    probe = _probe(folder)
    with Doorbell() as bell:
        if bell.hang(folder) is None:
            return False
        try:
            probe.touch(mode=0o600)
            return bell.rung.wait(EVENT_SECONDS)
        finally:
            probe.unlink(missing_ok=True)


def _nearest(path: Path) -> Path:
    """The folder itself, or the nearest one around it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def _newest(settings: Settings) -> datetime | None:
    """When something was last stored: the database's own file and the folders of originals (not every file in them)."""
    places = [settings.data_dir / "originals", *(settings.data_dir / "originals").glob("*/")]
    if settings.database_file is not None:
        places += [settings.database_file, settings.database_file.with_name(settings.database_file.name + "-wal")]
    times = [place.stat().st_mtime for place in places if place.exists()]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _is_qr_key(content: bytes) -> bool:
    return KEY_BYTES <= len(content) <= MAX_KEY_BYTES


def _is_checkpoint_key(content: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return isinstance(load_pem_private_key(content, password=None), Ed25519PrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
