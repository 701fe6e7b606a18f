"""SIGKILL at every step between a file's arrival and its place in `ferdig/`: one receipt, identical bytes (G1, G2)."""

import subprocess
import sys
from pathlib import Path

import pytest


def kill_everywhere(base: Path, what: str, thoroughness: str) -> set[str]:
    """Run the driver; returns the places where it killed itself, after checking that every start anew ended well."""
    command = [sys.executable, "-m", "tests.intake.crash_driver", str(base), what, thoroughness]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert [line for line in lines if line[2] != "ok"] == []
    return {place for _, place, _ in lines}


def test_a_process_killed_around_every_durable_step_leaves_one_receipt_and_identical_bytes(tmp_path: Path) -> None:
    places = kill_everywhere(tmp_path, "quarantined", "quick")
    calls = {"rename", "fsync", "commit"}
    assert places >= {f"{side}:{call}" for side in ("call", "return") for call in calls} | {"end"}


@pytest.mark.crash
@pytest.mark.parametrize("what", ["received", "quarantined", "refused"])
def test_a_process_killed_at_any_step_leaves_one_receipt_and_identical_bytes(what: str, tmp_path: Path) -> None:
    assert len(kill_everywhere(tmp_path, what, "full")) >= 20
