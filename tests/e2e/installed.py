"""An installed `avtale`, as the end-to-end tests use it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An installed `avtale`, with nothing of this tree on its path."""

    environment: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    def avtale(self, *arguments: str | Path, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the installed command in a folder, as a user would."""
        return self._run([self.environment / "bin" / "avtale", *arguments], cwd, timeout)

    def code(self, text: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run Python code in the installed environment, without the working folder on the path."""
        return self._run([self.python, "-P", "-c", text], cwd, 60)

    def _run(self, command: list[str | Path], cwd: Path, timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False, timeout=timeout
        )


def clean_environment() -> Mapping[str, str]:
    """The caller's environment without what would lead back to the tree."""
    unwanted = ("PYTHON", "COVERAGE", "AVTALE", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
