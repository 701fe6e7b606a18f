"""A skip is a failure: shown by running pytest on small files with the project's own conftest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SKIPS = {
    "in the test": "import pytest\ndef test_x() -> None:\n    pytest.skip('no server')\n",
    "by a mark": "import pytest\n@pytest.mark.skip\ndef test_x() -> None: ...\n",
    "while read": "import pytest\npytest.skip('no server', allow_module_level=True)\n",
    "for want of a library": "import pytest\npytest.importorskip('no_such_library')\n",
    "without a reason": "import pytest\n@pytest.mark.may_skip\ndef test_x() -> None:\n    pytest.skip('no server')\n",
}
ALLOWED = (
    "import pytest\n@pytest.mark.may_skip(reason='needs root')\ndef test_x() -> None:\n    pytest.skip('not root')\n"
)


def _run(folder: Path, text: str) -> int:
    (folder / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_small.py").write_text(text, encoding="utf-8")
    marker = "markers=may_skip(reason): allowed"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "-o", marker, "."]
    plain = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=plain, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.parametrize("how", SKIPS)
def test_a_skip_is_a_failure(how: str, tmp_path: Path) -> None:
    assert _run(tmp_path, SKIPS[how]) in (1, 2)


def test_a_skip_whose_reason_is_written_down_is_not(tmp_path: Path) -> None:
    assert _run(tmp_path, ALLOWED) == 0
