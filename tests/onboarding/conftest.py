"""One installation to copy for each worker, a fresh copy for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.inspection import open_sandbox
from onboarding.sandbox import Sandbox
from tests.onboarding.installation import Installation, Template, make_template, opened_copy


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template") / "avtale")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox() as opened:
        yield opened


@pytest.fixture
def installation(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox) as opened:
        yield opened
