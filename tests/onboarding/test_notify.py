"""The service manager hears that we are ready, alive and stopping, on a real socket."""

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.jobs.notify import ServiceManager
from onboarding.settings import notify_socket, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    name = f"avtale-{secrets.token_hex(8)}"
    address = str(tmp_path / "notify") if request.param == "path" else f"@{name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address if request.param == "path" else f"\0{name}")
        listening.settimeout(5)
        yield address, listening


def test_every_word_arrives_as_one_datagram(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    us = ServiceManager(address, watchdog_seconds=60)
    us.ready()
    us.alive()
    us.alive()  # not again before half of the watchdog's time
    us.stopping()
    assert [listening.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_the_watchdog_is_fed_often_enough(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    us = ServiceManager(address, watchdog_seconds=1e-9)
    for _ in range(3):
        us.alive()
        assert listening.recv(100) == b"WATCHDOG=1"


def test_without_a_watchdog_it_is_not_fed(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    us = ServiceManager(address)
    us.alive()
    us.stopping()
    assert listening.recv(100) == b"STOPPING=1"


def test_no_manager_and_a_deaf_one_are_no_trouble(tmp_path: Path) -> None:
    for us in (ServiceManager(), ServiceManager(str(tmp_path / "nobody"), 1)):
        us.ready()
        us.alive()
        us.stopping()


@pytest.mark.parametrize(
    ("written", "seconds"), [("60000000", 60.0), ("500000", 0.5), ("0", None), ("", None), ("soon", None)]
)
def test_the_environment_tells_where_and_how_often(
    monkeypatch: pytest.MonkeyPatch, written: str, seconds: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", written)
    monkeypatch.setenv("NOTIFY_SOCKET", "@here")
    assert (watchdog_seconds(), notify_socket()) == (seconds, "@here")
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert notify_socket() is None
