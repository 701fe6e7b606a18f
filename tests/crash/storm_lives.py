"""Starts `avtale run` and kills it, again and again, at random moments.

Run as a program by `test_storm.py`: `storm_lives.py FOLDER WARM SEED KILLS`. Prints a line when a life has begun. A
life is a process forked from this one, which has done a whole run before (in WARM, a folder of its own): a start from
nothing would cost two seconds each. It does all that `avtale run` does, with all its threads and a sandbox of its own.
"""

import os
import random
import signal
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from onboarding.inspection import _PRELOADED, open_sandbox
from onboarding.jobs.loop import run_once, run_until
from onboarding.jobs.notify import ServiceManager
from onboarding.sandbox.host import _Zygote
from onboarding.sandbox.syscalls import control_process
from onboarding.sandbox.wire import receive_frame
from onboarding.sandbox.zygote import main as serve_as_zygote
from onboarding.settings import Settings, load_settings
from onboarding.workspace import open_workspace
from tests.crash.summaries import lay_out_once

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LONG_LIFE, SHORT_LIFE = (0.4, 1.2), (0.0, 0.4)
"""Seconds, about as often each: the short ones kill while it starts, the long ones while it works."""


def clock() -> datetime:
    return datetime.now(UTC)


class _Forked:
    """A zygote forked from this process, as far as `_Zygote` deals with it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def wait(self, timeout: float | None = None) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)


def start_by_fork(zygote: _Zygote) -> None:
    """What `_Zygote` does by exec, in a hundredth of the time: this process has imported all that it would."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        try:
            serve_as_zygote(theirs.detach(), ())
        finally:
            os._exit(0)
    theirs.close()
    vars(zygote).update(_process=_Forked(pid), _connection=ours)
    ours.settimeout(20)
    vars(zygote)["_hello"] = receive_frame(ours)[0]


def warm_up(folder: Path) -> None:
    """A whole run in this process, so that no life imports and loads anything anew.

    The summary that goes with the forward is laid out here and by no life: that takes its time and is no step.
    """
    for name in _PRELOADED:
        import_module(name)
    lay_out_once()
    with open_workspace(load_settings(folder / "config.yaml"), clock) as workspace:
        run_once(workspace)
    type.__setattr__(_Zygote, "_start", start_by_fork)
    control_process(_PR_SET_CHILD_SUBREAPER, 1)  # zygotes outlive whom they serve by a moment


def live(settings: Settings) -> NoReturn:
    """`avtale run`, until it is killed."""
    try:
        with open_sandbox(settings.limits) as sandbox:
            assert sandbox.filtered  # forks the zygote: now, while there is one thread and nothing open
            with open_workspace(settings, clock) as workspace:
                vars(workspace)["sandbox"] = sandbox
                run_until(workspace, threading.Event(), lambda: None, ServiceManager())
    except BaseException as error:  # noqa: BLE001 - a child must never go on as the parent
        os.write(2, f"{error!r}\n".encode())
    os._exit(1)


def reap() -> None:
    """Take note of the zygotes that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main(folder: Path, warm: Path, seed: int, kills: int) -> None:
    warm_up(warm)
    settings, chance = load_settings(folder / "config.yaml"), random.Random(seed)
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            live(settings)
        print("life", flush=True)  # noqa: T201 - what the test waits for
        time.sleep(chance.uniform(*chance.choice((SHORT_LIFE, LONG_LIFE))))
        os.kill(child, signal.SIGKILL)
        if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            raise SystemExit("a life ended by itself")
        reap()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
