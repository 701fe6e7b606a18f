"""`avtale run` as an operator has it: a process that works until it is told to stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agreements.language import Language
from agreements.texts import text
from onboarding.health import read_health
from outbox.states import State
from tests.onboarding.installation import Installation, attached

PATIENCE = 30.0  # seconds; everything here takes two on an idle machine


def poll(met: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.05)


@contextmanager
def running(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """`avtale run`, ready."""
    command = [sys.executable, "-m", "onboarding.cli", "--config", str(installation.config), "--lang", "en", "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        said = ""
        deadline = time.monotonic() + PATIENCE
        while text("talk.run_started", Language.EN) not in said:
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            with suppress(BlockingIOError):
                said += os.read(process.stderr.fileno(), 10_000).decode()
            time.sleep(0.02)
        os.set_blocking(process.stderr.fileno(), True)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        sys.stderr.write(process.communicate()[1])  # shown with a test that fails


def run_again(config: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "onboarding.cli", "--config", str(config), "run", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE).returncode


def test_a_file_dropped_while_it_runs_becomes_a_mail_and_sigterm_ends_it_well(installation: Installation) -> None:
    with running(installation) as process:
        installation.drop("avtale.pdf", installation.template.honest)
        poll(installation.mails)
        poll(lambda: installation.messages()[0].state is State.SENT)
        assert (run_again(installation.config), run_again(installation.config, "--once")) == (8, 8)
        poll((installation.inbox / "ferdig").exists)
        installation.drop("tekst.txt", b"hei")
        poll((installation.inbox / "karantene").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert attached(installation.mails()[0])[0] == installation.template.honest
    health = {part.part: part.problem for part in read_health(installation.workspace)}
    assert {"intake", "judging", "outbox"} <= health.keys()
    assert set(health.values()) == {None}
    assert run_again(installation.config, "--once") == 0  # the lock is free again


def test_a_folder_that_goes_away_is_told_and_taken_up_again_when_it_is_back(installation: Installation) -> None:
    part = f"folder {installation.inbox}"

    def problem() -> object:
        return {health.part: health.problem for health in read_health(installation.workspace)}.get(part, "not yet")

    with running(installation) as process:
        poll(lambda: problem() is None)
        away = installation.inbox.rename(installation.folder / "borte")
        poll(lambda: problem() == "folder_unavailable")
        installation.drop("avtale.pdf", installation.template.honest, away)
        away.rename(installation.inbox)
        poll(installation.mails)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_once_says_temporary_where_a_folder_can_not_be_looked_into(installation: Installation) -> None:
    installation.inbox.rmdir()
    assert run_again(installation.config, "--once") == 8
    installation.inbox.mkdir()
    assert run_again(installation.config, "--once") == 0
