"""How `avtale run` ends as a process: a dead loop takes it down, SIGTERM ends it in time, the manager is told."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agreements.errors import AvtaleError
from agreements.language import Language
from agreements.texts import text
from onboarding.alarm_watch import read_alarms
from onboarding.health import read_health
from outbox.states import State
from tests.onboarding.installation import Installation, point_at
from tests.onboarding.test_run_loop import PATIENCE, poll
from tests.outbox.mail_servers import HANG, FaultyServer

DYING = """
import sys
from onboarding import cli
from onboarding.jobs import loop
class Pulled(BaseException): pass
looks = iter(range(3))
look = loop.Folders.look
def pulled(self, go_on):
    if next(looks, None) is None:
        raise Pulled("secret words")
    return look(self, go_on)
loop.Folders.look = pulled
sys.exit(cli.run_cli(sys.argv[1:]))
"""
IMPATIENT = """
import sys
from onboarding import cli
from onboarding.jobs import supervising
supervising.STOP_SECONDS = 1.0
sys.exit(cli.run_cli(sys.argv[1:]))
"""
HANGING = """
import sys, threading
from onboarding import cli
from onboarding.jobs import loop
loop.INTAKE_SILENT_SECONDS = 0.5
loop.Folders.look = lambda self, go_on: threading.Event().wait(60)
sys.exit(cli.run_cli(sys.argv[1:]))
"""


@contextmanager
def playing(script: str, installation: Installation, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`avtale run` with something changed inside it."""
    arguments = ["--config", str(installation.config), "--lang", "en", "run"]
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def problems(installation: Installation) -> dict[str, str | None]:
    return {health.part: health.problem for health in read_health(installation.workspace)}


def test_a_loop_that_is_killed_takes_the_process_down_with_a_clear_message(installation: Installation) -> None:
    with playing(DYING, installation) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    error = AvtaleError("loop_died", part="intake", error="Pulled")
    assert text("errors.loop_died.message", Language.EN, **error.params) in said
    assert "secret words" not in said
    assert problems(installation)["intake"] == "loop_died"
    assert [alarm.code for alarm in read_alarms(installation.workspace)] == ["loop_stuck"]
    installation.drop("avtale.pdf", installation.template.honest)
    installation.run()  # the lock is free, and the next start goes on where this one was
    assert len(installation.mails()) == 1
    assert read_alarms(installation.workspace) == ()


def test_sigterm_does_not_wait_for_a_mail_server_that_hangs_and_the_message_becomes_unknown(
    installation: Installation,
) -> None:
    with FaultyServer(dot=HANG) as server:
        point_at(installation.folder, server.port)
        installation.drop("avtale.pdf", installation.template.honest)
        with playing(IMPATIENT, installation) as process:
            poll(lambda: server.bodies)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert process.wait(PATIENCE) == 0
            assert time.monotonic() - began < 8
    assert installation.messages()[0].state is State.SENDING
    point_at(installation.folder, installation.port)
    installation.run()
    (message,) = installation.messages()
    assert (message.state, installation.mails()) == (State.UNKNOWN, [])  # never sent again by itself


def test_the_service_manager_hears_ready_alive_and_stopping(installation: Installation, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        with playing(IMPATIENT, installation, **environment) as process:
            assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            process.send_signal(signal.SIGTERM)
            heard = manager.recv(100)
            while heard == b"WATCHDOG=1":
                heard = manager.recv(100)
            assert heard == b"STOPPING=1"
            assert process.wait(PATIENCE) == 0


def test_a_loop_that_hangs_is_told_and_the_watchdog_is_not_fed(installation: Installation, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with playing(HANGING, installation, **environment):
            poll(lambda: problems(installation).get("intake") == "loop_silent")
            poll(lambda: [alarm.code for alarm in read_alarms(installation.workspace)] == ["loop_stuck"])
            manager.setblocking(False)
            while _heard(manager):
                pass
            manager.settimeout(3)  # three looks of the supervisor: he would have fed it three times
            assert _heard(manager) is None


def _heard(manager: socket.socket) -> bytes | None:
    try:
        return manager.recv(100)
    except (BlockingIOError, TimeoutError):
        return None


def test_a_folder_that_another_start_finds_without_its_mark_is_not_taken_for_an_empty_one(
    installation: Installation,
) -> None:
    installation.run()
    away = installation.inbox.rename(installation.folder / "borte")
    installation.inbox.mkdir()
    installation.drop("fremmed.pdf", b"x")
    done = installation.run()
    assert [error.code for error in done.failed] == ["folder_mark_missing"]
    assert (installation.inbox / "fremmed.pdf").exists()
    (installation.inbox / "fremmed.pdf").unlink()
    installation.inbox.rmdir()
    away.rename(installation.inbox)
    installation.receive(installation.template.honest)
    assert len(installation.mails()) == 1
