"""What the zygote and its children give up before they touch anything received."""

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass

from onboarding.sandbox.syscalls import control_process, install_filter

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one job may use. Defaults: facts/signatures.md §7, measured on hostile files."""

    memory_bytes: int = 2**30
    """Address space, the zygote's imports included."""
    cpu_seconds: int = 8
    wall_seconds: float = 10.0
    output_bytes: int = 2**20
    """The answer's JSON."""
    open_files: int = 32
    file_bytes: int = 0
    """What a job may write to the output file it was handed; no other file may grow."""


def leave_network() -> bool:
    """Move this process, which must have no threads, to an empty network.

    False where the kernel refuses or has none such.
    """
    if not sys.platform.startswith("linux"):
        return False
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    return bool(ctypes.CDLL(None, use_errno=True).unshare(flags) == 0)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that comes about. Linux only."""
    if sys.platform.startswith("linux"):
        control_process(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before we asked
        os._exit(1)


def confine(limits: Limits) -> bool:
    """Set this process's limits, for good. True if the system-call filter holds too."""
    filtered = install_filter()
    for kind, limit in (
        ("RLIMIT_AS", limits.memory_bytes),
        ("RLIMIT_NOFILE", limits.open_files),
        ("RLIMIT_FSIZE", limits.file_bytes),
        ("RLIMIT_NPROC", 0),  # no effect on root, whom the filter holds
        ("RLIMIT_CORE", 0),
    ):
        number = getattr(resource, kind, None)
        if number is not None:
            _lower(number, limit, limit)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)  # SIGXCPU, then SIGKILL
    return filtered


def _lower(kind: int, soft: int, hard: int) -> None:
    allowed = resource.getrlimit(kind)[1]
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    resource.setrlimit(kind, (soft, hard))
