"""SIGKILL at every step between a file's arrival and its place in `ferdig/`: one receipt, identical bytes (G1, G2)."""

import subprocess
import sys
from pathlib import Path

import pytest


def kill_everywhere(base: Path, thoroughness: str, *outcomes: str) -> list[set[str]]:
    """Run a driver for each outcome, all at once; returns where each killed itself, after checking that every
    start anew ended well.
    """
    drivers = []
    for what in outcomes:
        (base / what).mkdir()
        command = [sys.executable, "-m", "tests.intake.crash_driver", str(base / what), what, thoroughness]
        drivers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    return [_places(driver) for driver in drivers]


def _places(driver: "subprocess.Popen[str]") -> set[str]:
    out, err = driver.communicate()
    assert driver.returncode == 0, err
    lines = [line.split(" ", 2) for line in out.splitlines()]
    assert [line for line in lines if line[2] != "ok"] == []
    return {place for _, place, _ in lines}


def test_a_process_killed_around_every_durable_step_leaves_one_receipt_and_identical_bytes(tmp_path: Path) -> None:
    [places] = kill_everywhere(tmp_path, "quick", "quarantined")
    calls = {"rename", "fsync", "commit"}
    assert places >= {f"{side}:{call}" for side in ("call", "return") for call in calls} | {"end"}


@pytest.mark.crash
def test_a_process_killed_at_any_step_leaves_one_receipt_and_identical_bytes(tmp_path: Path) -> None:
    for places in kill_everywhere(tmp_path, "full", "received", "quarantined", "refused"):
        assert len(places) >= 20
