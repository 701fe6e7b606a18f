"""What is built is what stands here: packages, their data, their libraries, and nobody else's `intake`."""

import importlib
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, ROOT_PACKAGES, imported_names, modules, package_files, pyproject

LOCKS = ("requirements/runtime.txt", "requirements/dev.txt")
# Libraries that are asked for but imported by name nowhere, each with its reason.
NOT_IMPORTED = {
    "tzdata",  # data that `zoneinfo` finds by itself
}
# A library's own parts that are distributed apart, in step with it.
PARTS = {"pydantic-core": "pydantic", "pyhanko-certvalidator": "pyhanko"}


def _setuptools() -> dict[str, dict[str, list[str]]]:
    return dict(pyproject()["tool"]["setuptools"])


def test_the_listed_packages_are_the_folders_with_python_in_them() -> None:
    on_disk = {".".join(path.relative_to(ROOT).parent.parts) for path in modules()}
    assert sorted(pyproject()["tool"]["setuptools"]["packages"]) == sorted(on_disk)


def test_every_package_says_what_it_is() -> None:
    folders = {path.parent for path in modules()}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_every_data_file_of_a_package_is_packaged() -> None:
    packaged = {
        path
        for package, patterns in _setuptools()["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    data = {path for path in package_files() if path.suffix != ".py"}
    assert sorted(str(path.relative_to(ROOT)) for path in data - packaged) == []


@pytest.mark.parametrize("name", ROOT_PACKAGES)
def test_the_imported_top_level_names_are_ours_and_not_a_namesake_from_an_index(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == ROOT / name / "__init__.py"


def test_the_namesake_is_locked_out() -> None:
    assert "intake<0" in (ROOT / "requirements/constraints.txt").read_text(encoding="utf-8").split()
    for lock in LOCKS:
        assert not re.search(r"(?m)^intake\b", (ROOT / lock).read_text(encoding="utf-8"))


def _imported_libraries() -> dict[str, set[str]]:
    """What is imported by top-level name -> the distributions it can come from."""
    owners = packages_distributions()
    ours = {*ROOT_PACKAGES, *sys.stdlib_module_names}
    names = {name.split(".")[0] for path in modules() for _, name in imported_names(path)} - ours
    found = {name: {_distribution(owner) for owner in owners.get(name, [name])} for name in names}
    return {name: {PARTS.get(owner, owner) for owner in candidates} for name, candidates in found.items()}


def test_every_library_that_is_imported_is_asked_for() -> None:
    extras = pyproject()["project"]["optional-dependencies"]
    optional = {_distribution(name) for extra, names in extras.items() if extra != "dev" for name in names}
    known = _asked() | optional
    assert sorted(name for name, candidates in _imported_libraries().items() if not candidates & known) == []


def test_every_library_that_is_asked_for_is_imported() -> None:
    assert sorted(_asked() - NOT_IMPORTED - set().union(*_imported_libraries().values())) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_library_asked_for_is_locked_by_version_and_hash_without_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    locked = {_distribution(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}
    assert sorted(_asked() - locked) == []
    assert "setuptools" in locked
    assert re.findall(r"(?m)^[A-Za-z0-9._-]+==.*[^\\]$", text) == []
    assert "://" not in text


def _extras() -> dict[str, list[str]]:
    return dict(pyproject()["project"]["optional-dependencies"])


def _asked() -> set[str]:
    return {_distribution(requirement) for requirement in pyproject()["project"]["dependencies"]}


def _distribution(requirement: str) -> str:
    """The normalised name of a requirement (the packaging guide's name normalisation)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()
