"""The ground floor is pure: values and rules, nothing that reaches out."""

import sys

from tests.architecture.tree import imported_names, modules, where

ALLOWED_LIBRARIES = {"pydantic", "holidays", "yaml"}
# Of the standard library, what would let the ground touch the world.
REACHES_OUT = {
    "asyncio",
    "http",
    "multiprocessing",
    "os",
    "pathlib",
    "shutil",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "urllib",
}


def test_the_ground_imports_only_the_standard_library_and_three_named_ones() -> None:
    allowed = set(sys.stdlib_module_names) | ALLOWED_LIBRARIES | {"agreements"}
    strangers = [
        f"{where(path, line)} {name}"
        for path in modules("agreements")
        for line, name in imported_names(path)
        if name.split(".")[0] not in allowed
    ]
    assert strangers == []


def test_the_ground_reads_nothing_but_its_own_package_data() -> None:
    reaching = [
        f"{where(path, line)} {name}"
        for path in modules("agreements")
        for line, name in imported_names(path)
        if name.split(".")[0] in REACHES_OUT
    ]
    assert reaching == []
