"""An installation that asks a register of ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.sandbox import Sandbox
from tests.onboarding.conftest import sandbox, template
from tests.onboarding.installation import Installation, Template, opened_copy
from tests.registers.brreg import Brreg

__all__ = ["sandbox", "template"]


@pytest.fixture
def brreg() -> Iterator[Brreg]:
    with Brreg() as running:
        yield running


@pytest.fixture
def office(brreg: Brreg, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    registers = {
        "enabled": True,
        "entity_url": f"{brreg.url}/enhetsregisteret/api",
        "authority_url": f"{brreg.url}/fullmakt",
        "timeout_seconds": 1,
    }
    change = lambda document: document.update(registers=registers)  # noqa: E731 - one line, one use
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change) as installation:
        yield installation
