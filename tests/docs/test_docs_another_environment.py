"""The lines of docs/operations.md that make a database for another environment do what the page says."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreements.errors import ConfigurationError
from onboarding.initialise import initialise
from onboarding.settings import load_settings
from onboarding.store import open_store
from tests.docs.reference import HOUSE, fenced, read


def test_the_lines_for_another_environment_make_its_database(tmp_path: Path) -> None:
    made = initialise(tmp_path / "avtale", os_user="kari", user_name="Kari", now=datetime(2026, 11, 23, tzinfo=UTC))
    made.config.write_text(made.config.read_text().replace("\nenvironment: demo\n", "\nenvironment: test\n"))
    settings = load_settings(made.config)
    with pytest.raises(ConfigurationError, match="environment_mismatch"):
        open_store(settings.database, environment=settings.environment)
    for file in (made.folder / "data").glob("avtale.sqlite*"):
        file.rename(tmp_path / file.name)

    (lines,) = fenced(read("docs/operations.md"), "python")
    python = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(HOUSE)!r})\n{lines}"]
    subprocess.run(python, cwd=made.folder, check=True)  # in the configuration's folder, as the page says

    open_store(settings.database, environment="test").close()
