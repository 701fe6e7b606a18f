"""The installed program works where its source is not."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, package_files
from tests.e2e.installed import Installed

pytestmark = pytest.mark.e2e

HEAVY = ("weasyprint", "pyhanko", "sqlalchemy", "alembic", "pypdfium2", "pikepdf", "watchdog", "holidays")


def test_the_wheel_holds_the_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {str(path.relative_to(ROOT)) for path in package_files()}


def test_the_installed_packages_are_the_ones_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    result = installed.code("import intake, agreements; print(intake.__file__, agreements.__file__)", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert all(Path(name).is_relative_to(installed.environment) for name in result.stdout.split())


def test_help_answers_without_loading_what_only_the_work_needs(installed: Installed, tmp_path: Path) -> None:
    code = (
        "import sys; from onboarding.cli import main\n"
        "sys.argv = ['avtale', '--help']\n"
        "try: main()\n"
        f"finally: print('loaded:', sorted(set(sys.modules) & set({HEAVY!r})))\n"
    )
    result = installed.code(code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded: []"


def test_the_demo_ends_as_expected_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    result = installed.avtale("demo", "--keep", tmp_path / "kept", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["ok"] is True
    assert list((tmp_path / "kept").iterdir())
