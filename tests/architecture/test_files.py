"""No file of the project leans on this one machine or names where packages come from."""

import re
from collections import Counter
from pathlib import Path

from tests.architecture.tree import ROOT, project_files

# Spelled in two halves, so that this file does not hold what it looks for.
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "deb." + "debian.org",
    "archive." + "ubuntu.com",
)
ADDRESS = re.compile(
    r"https?://\S+\.(whl|tgz|tar\.gz|deb)\b|(^|\s)--(extra-)?index-url|(^|\s)--find-links", re.MULTILINE
)
HOME_FOLDER = re.compile(r"(?<![A-Za-z0-9_.])/(home|Users)/[A-Za-z]\w*/")


def _texts() -> list[tuple[Path, str]]:
    texts = []
    for path in project_files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            texts.append((path.relative_to(ROOT), data.decode("utf-8", errors="replace")))
    return texts


def test_no_file_names_a_package_registry_or_an_address_a_package_comes_from() -> None:
    named = [str(path) for path, text in _texts() if any(host in text for host in REGISTRIES) or ADDRESS.search(text)]
    assert named == []


def test_no_file_holds_a_path_of_this_machine() -> None:
    machine = re.compile("|".join(rf"(?<![A-Za-z0-9_.]){re.escape(str(place))}/" for place in (ROOT, Path.home())))
    holding = [str(path) for path, text in _texts() if machine.search(text) or HOME_FOLDER.search(text)]
    assert holding == []


def test_every_test_file_has_a_name_of_its_own() -> None:
    names = Counter(path.name for path in project_files() if path.name.startswith("test_") and path.suffix == ".py")
    assert [name for name, count in names.items() if count > 1] == []
