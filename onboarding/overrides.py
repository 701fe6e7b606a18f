"""A vendor's own template files, read from `templates.folder` (docs/templates.md) and checked before they are used.

Files in the folder itself are every vendor's; those in `<folder>/<vendor id>/` are that vendor's, and win. A name that
is not understood is refused, for a slip of the pen must not go without effect. Nothing outside the folder is read.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agreements.errors import ConfigurationError

if TYPE_CHECKING:
    from onboarding.settings import Settings
    from renderers.overrides import Overrides

SHARED_NAME = "shared"
"""The template's name for a vendor without files of its own, where the folder has some for all."""

_LONGEST_NAME = 16  # letters: with it, the template version fits beside the rest of the footer, on one line


def read_overrides(settings: "Settings", vendor_id: str) -> "Overrides":
    """What this vendor's agreements are made with beside the standard template.

    Raises ConfigurationError: `template_folder_unreadable`, or `template_faults` with everything wrong with the files.
    """
    from agreements.language import Language
    from renderers.overrides import STANDARD, Overrides, check_overrides
    from renderers.templates import flat_words

    folder = settings.templates.folder
    if folder is None:
        return STANDARD
    faults: list[ConfigurationError] = []
    shared = _read_folder(folder, folder, faults)
    faults_of_shared = len(faults)
    own = _read_folder(folder, folder / vendor_id, faults) if (folder / vendor_id).exists() else {}
    name = own_name(vendor_id) if own or len(faults) > faults_of_shared else SHARED_NAME
    faults += _unknown_folders(settings, folder)
    if faults:
        raise ConfigurationError("template_faults", template=name, count=len(faults), faults=tuple(faults))
    if not shared and not own:
        return STANDARD
    overrides = Overrides(name=name, files=tuple(sorted((shared | own).items())))
    check_overrides(overrides, {language: flat_words(language) for language in Language})
    return overrides


def own_name(vendor_id: str) -> str:
    """What the template with a vendor's own files is called."""
    return vendor_id.replace("_", "-")[:_LONGEST_NAME].rstrip("-")


def _read_folder(root: Path, folder: Path, faults: list[ConfigurationError]) -> dict[str, bytes]:
    """The content of each file with a name that may be overridden, cut off just above the size that is refused."""
    from renderers.overrides import ALLOWED_FILES, MAX_FILE_BYTES

    found: dict[str, bytes] = {}
    for path in _entries(folder):
        if folder == root and path.is_dir() and not path.is_symlink():
            continue
        shown = path.relative_to(root).as_posix()
        if path.name not in ALLOWED_FILES:
            faults.append(ConfigurationError("template_file_unknown", file=shown, allowed=", ".join(ALLOWED_FILES)))
        elif not _is_safe(path):
            faults.append(ConfigurationError("template_file_unsafe", file=shown))
        else:
            with path.open("rb") as stream:
                found[path.name] = stream.read(MAX_FILE_BYTES + 1)
    return found


def _entries(folder: Path) -> Iterator[Path]:
    """Everything in the folder but what file managers and editors hide there."""
    try:
        yield from (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    except OSError as error:
        reason = error.strerror or ""
        raise ConfigurationError("template_folder_unreadable", path=str(folder), reason=reason) from error


def _is_safe(path: Path) -> bool:
    """A plain file that its owner and group alone may change: no link, so that nothing outside the folder is read."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and not status.st_mode & stat.S_IWOTH


def _unknown_folders(settings: "Settings", folder: Path) -> Iterator[ConfigurationError]:
    known = {vendor.id for vendor in settings.vendors}
    for path in _entries(folder):
        if path.is_dir() and path.name not in known:
            vendors = ", ".join(sorted(known))
            yield ConfigurationError("template_vendor_unknown", folder=path.name, vendors=vendors)
