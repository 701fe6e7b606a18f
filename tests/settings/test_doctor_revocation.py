"""What `doctor` says of the hosts that may be asked, and of lists that somebody has to renew."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agreements.language import Language
from onboarding.doctor.outcome import Check, Level
from onboarding.doctor.services import check_trust
from onboarding.doctor_view import _hint, _message
from onboarding.fetching import download
from onboarding.initialise import initialise
from onboarding.settings import load_settings
from onboarding.trust import REVOCATIONS
from signatures.throwaway import ThrowawayPki


@pytest.fixture
def config(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    return initialise(tmp_path / "ny", os_user="kari", user_name="Kari Nordmann", now=now).config


def allow(config: Path, hosts: str) -> None:
    text = config.read_text()
    assert "fetch_hosts: []" in text
    config.write_text(text.replace("fetch_hosts: []", f"fetch_hosts: [{hosts}]"))


def told(config: Path) -> list[tuple[Level, str]]:
    """Of revocation alone; every text of it can be said."""
    found = [each for each in check_trust(load_settings(config), datetime.now(UTC)) if _is_ours(each)]
    for each in found:
        for language in Language:
            assert "{" not in _message(each, language) + _hint(each, language)
    return [(each.level, each.code) for each in found]


def _is_ours(check: Check) -> bool:
    return "fetch" in check.code or "revocation" in check.code


def test_a_host_is_told_by_where_its_name_leads(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"crl.example.org": ["93.184.215.14"], "inside.example.org": ["10.0.0.7", "::1"]}

    def look_up(host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        if host not in addresses:
            raise OSError
        return [(0, 0, 0, "", (address, port)) for address in addresses[host]]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    assert download.Network().resolve("crl.example.org", 80) == ("93.184.215.14",)
    allow(config, "crl.example.org, inside.example.org, gone.example.org:8080")
    warned = (Level.WARNING, "doctor_fetch_host")
    assert told(config) == [(Level.OK, "fetch_host"), warned, warned]


@pytest.mark.parametrize(("hosts", "ended"), [("", 1), ("localhost.localdomain", 0)])
def test_lists_that_ran_out_are_told_where_nobody_fetches_new_ones(config: Path, hosts: str, ended: int) -> None:
    allow(config, hosts)
    folder = load_settings(config).data_dir / REVOCATIONS
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    pki = ThrowawayPki.create(now, demo=False, list_validity=timedelta(hours=1))
    for name, der in _lists(pki, now):
        (folder / name).write_bytes(der)
    found = [code for _, code in told(config) if code == "doctor_revocation_ended"]
    assert len(found) == ended


def _lists(pki: ThrowawayPki, now: datetime) -> Sequence[tuple[str, bytes]]:
    return [("fresh.crl", pki.crls(now)[0]), ("old.crl", pki.crls(now - timedelta(days=1))[0]), ("none.crl", b"hei")]
