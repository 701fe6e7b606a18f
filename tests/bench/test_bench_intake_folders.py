"""What receiving files costs, printed and never asserted: `make bench-intake`. The program as it is run, on a folder of
this machine's disk with everything at its default, every sync included.

`AVTALE_FILES` sets how many files lie there at once.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.ledger import count_seen
from onboarding.initialise import initialise
from onboarding.settings import current_os_user, load_settings
from onboarding.store import Store, open_store

pytestmark = pytest.mark.bench

DROPPED = 60
AT_ONCE = int(os.environ.get("AVTALE_FILES", "500"))
FILE_BYTES = 200_000
IDLE_SECONDS = 20.0
PATIENCE = 30.0
ONE_LOOK = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from onboarding.settings import load_settings
from onboarding.sources import Folders
from onboarding.workspace import open_workspace
with open_workspace(load_settings(Path(sys.argv[1])), lambda: datetime.now(UTC)) as workspace:
    folders = Folders(workspace, None)
    wait = folders.look().look_again_in or 0
    time.sleep(wait)
    started = time.perf_counter()
    received = folders.look().received
    seconds = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([received, seconds, most]))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return initialise(
        tmp_path / "avtale", os_user=current_os_user(), user_name="Kari Nordmann", now=datetime.now(UTC)
    ).config


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`avtale run`, in its first round or beyond."""
    command = [sys.executable, "-m", "onboarding.cli", "--config", str(config), "run"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # that it watches
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def _pdf(number: int, size: int = FILE_BYTES) -> bytes:
    """Complete to look at, and none of our agreements."""
    return b"%%PDF-1.7\n%%%d\n" % number + random.Random(number).randbytes(size) + b"\nstartxref\n9\n%%EOF\n"


def _until_received(store: Store, wanted: int, started: float) -> float:
    """Seconds until so many receipts are committed."""
    while True:
        with store.read() as connection:
            if count_seen(connection) >= wanted:
                return time.perf_counter() - started
        assert time.perf_counter() - started < PATIENCE
        time.sleep(0.002)


def test_seconds_from_a_files_close_to_its_durable_receipt(config: Path) -> None:
    settings = load_settings(config)
    store, inbox = open_store(settings.database, environment="demo"), config.parent / "inn"
    seconds = []
    with running(config):
        for number in range(DROPPED):
            data = _pdf(number)
            time.sleep(random.uniform(0.3, 1.5))
            (inbox / f"{number}.pdf").write_bytes(data)
            seconds.append(_until_received(store, number + 1, time.perf_counter()))
    store.close()
    p50, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    figures = f"p50 {p50:.3f} s, p95 {p95:.3f} s, most {max(seconds):.3f} s"
    _say(f"\nclose to durable receipt: {figures} of {DROPPED} files of 200 kB (goals p50 0.3 s, p95 0.5 s)")


def test_files_per_second_when_many_lie_there_at_once(config: Path) -> None:
    inbox = config.parent / "inn"
    for number in range(AT_ONCE):
        (inbox / f"{number}.pdf").write_bytes(_pdf(number))
    os.sync()  # what we wrote ourselves must not be written out while it is measured
    done = subprocess.run([sys.executable, "-c", ONE_LOOK, str(config)], check=True, capture_output=True)
    received, seconds, most = (float(word) for word in done.stdout.strip(b"[]\n").split(b","))
    assert received == AT_ONCE
    _say(
        f"\n{AT_ONCE} files of 200 kB at once: {received / seconds:.0f} per second with every sync (goal 80), "
        f"memory at most {most / 1024:.0f} MB (goal 150 MB)"
    )


def test_processor_time_of_an_idle_program(config: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")

    def used(process: subprocess.Popen[bytes]) -> float:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks  # utime, stime: man 5 proc

    with running(config) as process:
        time.sleep(3)
        before = used(process)
        time.sleep(IDLE_SECONDS)
        share = 100 * (used(process) - before) / IDLE_SECONDS
    _say(f"\nidle `avtale run`: {share:.2f} % of one processor over {IDLE_SECONDS:.0f} s (goal 1 %)")
