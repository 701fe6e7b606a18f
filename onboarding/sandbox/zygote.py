"""The process that forks the sandbox's children. Started by exec with nothing of the program in it, it never starts a
thread.

It imports, freezes, and then: one request, one child, one answer, until the program's end of the socket is closed. It
never reads what a child says beyond its length; a child that breaks a limit is killed with all it started.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

from onboarding.sandbox.child import END, ENVELOPE_BYTES, run_child
from onboarding.sandbox.confinement import Limits, confine, end_with_parent, leave_network
from onboarding.sandbox.wire import ConnectionGone, receive_frame, send_frame

_READ_BYTES = 2**16


class _ProgramGone(Exception):
    """The program has closed its end, or died."""


def main(socket_number: int, preload: Sequence[str]) -> None:
    """Serve the program at the other end of the socket until it is gone."""
    sys.dont_write_bytecode = True
    with socket.socket(fileno=socket_number) as program:
        try:
            _get_ready(program, preload)
            while True:
                _serve(program)
        except (ConnectionGone, _ProgramGone):
            return


def _get_ready(program: socket.socket, preload: Sequence[str]) -> None:
    isolated = leave_network()
    try:
        for name in preload:
            importlib.import_module(name)
    except Exception as error:  # whatever an import raises, the program must be told
        send_frame(program, {"failed": type(error).__name__})
        raise ConnectionGone from error
    gc.collect()
    gc.freeze()  # the children share these pages; collecting would copy them
    filtered = _try_filter()
    send_frame(program, {"ready": True, "network_isolated": isolated or filtered, "filtered": filtered})


def _try_filter() -> bool:
    """Whether a child can be filtered: found out by one that is."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if confine(Limits()) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _serve(program: socket.socket) -> None:
    header, arguments, files = receive_frame(program)
    limits = Limits(**header["limits"])
    answer_end, child_end = os.pipe()
    zygote = os.getpid()
    pid = os.fork()
    if pid == 0:
        end_with_parent(zygote)
        _become_child(program, answer_end)
        run_child(header, arguments, files, child_end)
    os.close(child_end)
    for file in files:
        os.close(file)
    try:
        outcome, body = _watch(program, pid, answer_end, limits)
    finally:
        os.close(answer_end)
    send_frame(program, outcome, body)


def _become_child(program: socket.socket, answer_end: int) -> None:
    """Of the zygote's descriptors only those to nowhere (0, 1, 2: `onboarding.sandbox.host`) stay open."""
    os.setsid()  # its own process group: killed as one
    program.close()
    os.close(answer_end)


def _watch(program: socket.socket, pid: int, answer_end: int, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Collect the child's answer until it is whole, the child ends or a limit is reached; nothing of it is left."""
    deadline = time.monotonic() + limits.wall_seconds
    answer = bytearray()
    try:
        limit = _collect(program, answer_end, answer, limits=limits, deadline=deadline)
    finally:
        out_of_time = _end(pid, limits)
    if limit is None and not answer.endswith(END):
        limit = "cpu" if out_of_time else "crash"
    return ({}, bytes(answer)) if limit is None else ({"limit": limit}, b"")


def _collect(
    program: socket.socket, answer_end: int, answer: bytearray, *, limits: Limits, deadline: float
) -> str | None:
    poll = select.poll()
    poll.register(answer_end, select.POLLIN)
    poll.register(program, select.POLLIN)  # it says nothing while a job runs, unless it is gone
    while True:
        left = deadline - time.monotonic()
        ready = dict(poll.poll(max(left, 0) * 1000))
        if program.fileno() in ready:
            raise _ProgramGone
        if answer_end not in ready:
            if left <= 0:
                return "wall"
            continue
        chunk = os.read(answer_end, _READ_BYTES)
        answer += chunk
        if len(answer) > limits.output_bytes + ENVELOPE_BYTES:
            return "output"
        if not chunk or chunk.endswith(END):
            return None


def _end(pid: int, limits: Limits) -> bool:
    """Kill the child with its whole group; True if it had used up its CPU time. To kill an ended one does nothing."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # no group yet, or (macOS) only ended members are left
        os.kill(pid, signal.SIGKILL)
    _pid, status, usage = os.wait4(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return True
    return usage.ru_utime + usage.ru_stime >= limits.cpu_seconds
