"""A configuration that loads, and ways to spoil it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from onboarding.settings import Fault, SettingsError, load_settings

PLAIN = """\
environment: demo
vendors:
  - id: fjord
    name: Fjordsystem AS
    org_number: "310000000"
    system_name: Fjord HR
    broker_id: 8541208
    contact: {name: Kari Nordmann, email: kari@example.org}
    service_profile:
      service.print_fallback: true
    folders:
      - {path: ./inn}
smtp:
  host: localhost
  port: 8025
  tls: none
  from: avtaler@example.org
forward:
  to: salg@digipost.no
  allow: [salg@digipost.no]
  test_to: digipost@localhost
users:
  - {id: kari, name: Kari Nordmann, role: coordinator, os_user: kari}
"""

Spoil = Callable[[str, str], tuple[Fault, ...]]


@pytest.fixture(autouse=True)
def _no_secrets_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVTALE_SMTP_PASSWORD", raising=False)
    monkeypatch.delenv("AVTALE_CONFIG", raising=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small configuration that loads."""
    file = tmp_path / "config.yaml"
    file.write_text(PLAIN)
    return file


@pytest.fixture
def spoil(config: Path) -> Spoil:
    """Replace a piece of the configuration (it must be there once) and return the faults it is refused with."""

    def spoiled(old: str, new: str) -> tuple[Fault, ...]:
        text = config.read_text()
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        config.write_text(text.replace(old, new))
        with pytest.raises(SettingsError) as caught:
            load_settings(config)
        return caught.value.parts

    return spoiled
