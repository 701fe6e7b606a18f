"""The built wheel in a fresh virtual environment: what a user has, without the tree it was built from."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, package_files
from tests.e2e.installed import Installed, clean_environment

INSTALL_SECONDS = 300  # a cold download of the locked packages takes half a minute; a slow line some more


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: what an earlier build left in the tree does not come along."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in (*package_files(), *(ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE"))):
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", target, "."],
        cwd=source,
        check=True,
        timeout=INSTALL_SECONDS,
    )
    [built] = target.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel and the locked packages in a virtual environment of their own."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    python = environment / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    commands: tuple[list[str | Path], ...] = (
        [sys.executable, "-m", "venv", environment],
        [*pip, "--no-deps", "--require-hashes", "--requirement", ROOT / "requirements/runtime.txt"],
        [*pip, "--no-deps", wheel],
        [*pip[:-1], "check"],
    )
    for command in commands:
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS, env=clean_environment())
    return Installed(environment=environment)
