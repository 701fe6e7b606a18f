"""What the sandbox tests run in children: an honest function, and all a hostile document could make a reader do."""

import asyncio
import ctypes
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from agreements.canonical import JsonValue

Files = Mapping[str, bytes]


def count(files: Files, arguments: JsonValue) -> JsonValue:
    return {"sizes": {name: len(data) for name, data in files.items()}, "arguments": arguments}


def echo(files: Files, arguments: JsonValue) -> JsonValue:
    return arguments


def eat_memory(files: Files, arguments: JsonValue) -> JsonValue:
    eaten = []
    while True:
        eaten.append(bytearray(50_000_000))


def eat_memory_in_small_bites(files: Files, arguments: JsonValue) -> JsonValue:
    eaten: list[object] = []
    while True:
        eaten.append([eaten] * 100)


def loop(files: Files, arguments: JsonValue) -> JsonValue:
    while True:
        pass


def sleep(files: Files, arguments: JsonValue) -> JsonValue:
    time.sleep(600)
    return None


def talk(files: Files, arguments: JsonValue) -> JsonValue:
    return "x" * 3_000_000


def leave(files: Files, arguments: JsonValue) -> JsonValue:
    os._exit(0)


def exit_by_exception(files: Files, arguments: JsonValue) -> JsonValue:
    raise SystemExit(0)


def crash(files: Files, arguments: JsonValue) -> JsonValue:
    return str(ctypes.string_at(0))


def recurse(files: Files, arguments: JsonValue) -> JsonValue:
    return recurse(files, arguments)


def fail(files: Files, arguments: JsonValue) -> JsonValue:
    raise LookupError("Kari Nordmann, 12 345")


def no_json(files: Files, arguments: JsonValue) -> JsonValue:
    return {1, 2}  # type: ignore[return-value]


def not_a_number(files: Files, arguments: JsonValue) -> JsonValue:
    return float("nan")


def nest(files: Files, arguments: JsonValue) -> JsonValue:
    deep: JsonValue = []
    for _ in range(900):
        deep = [deep]
    return deep


def lone_surrogate(files: Files, arguments: JsonValue) -> JsonValue:
    return "a\ud800b"


def connect(files: Files, arguments: JsonValue) -> JsonValue:
    assert isinstance(arguments, int)
    with socket.create_connection(("127.0.0.1", arguments), timeout=5):
        return "connected"


def write_file(files: Files, arguments: JsonValue) -> JsonValue:
    return Path(str(arguments)).write_text("here")


def append_file(files: Files, arguments: JsonValue) -> JsonValue:
    with Path(str(arguments)).open("r+b") as file:
        file.write(b"here")
    return "written"


def truncate_file(files: Files, arguments: JsonValue) -> JsonValue:
    os.truncate(str(arguments), 0)
    return "truncated"


def delete_file(files: Files, arguments: JsonValue) -> JsonValue:
    Path(str(arguments)).unlink()
    return "deleted"


def rename_file(files: Files, arguments: JsonValue) -> JsonValue:
    Path(str(arguments)).rename(str(arguments) + ".away")
    return "renamed"


def make_folder(files: Files, arguments: JsonValue) -> JsonValue:
    Path(str(arguments) + ".d").mkdir()
    return "made"


def open_wide(files: Files, arguments: JsonValue) -> JsonValue:
    Path(str(arguments)).chmod(0o777)
    return "open"


def fork_bomb(files: Files, arguments: JsonValue) -> JsonValue:
    while True:
        os.fork()


def run_program(files: Files, arguments: JsonValue) -> JsonValue:
    return subprocess.run(["/bin/sh", "-c", "echo ran"], check=True, capture_output=True, text=True).stdout


def become_program(files: Files, arguments: JsonValue) -> JsonValue:
    os.execv("/bin/sh", ["sh", "-c", "sleep 600"])


def start_thread(files: Files, arguments: JsonValue) -> JsonValue:
    threading.Thread(target=time.sleep, args=(600,)).start()
    return "started"


def run_event_loop(files: Files, arguments: JsonValue) -> JsonValue:
    async def work() -> str:
        await asyncio.sleep(0)
        return "ran"

    return asyncio.run(work())


def kill_parent(files: Files, arguments: JsonValue) -> JsonValue:
    os.kill(os.getppid(), 9)
    return "killed"


def open_many(files: Files, arguments: JsonValue) -> JsonValue:
    return [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]


def read_environment(files: Files, arguments: JsonValue) -> JsonValue:
    return dict(os.environ)


def leave_a_mark(files: Files, arguments: JsonValue) -> JsonValue:
    marks = globals().setdefault("marks", [])
    marks.append(arguments)
    return list(marks)


def talk_and_sleep(files: Files, arguments: JsonValue) -> JsonValue:
    os.write(1, b"this goes nowhere")
    time.sleep(600)
    return None


def write_output(files: Files, arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    assert isinstance(arguments, int)
    write(b"first")
    write(b"x" * arguments)
    return "written"


def write_output_and_another(files: Files, arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    write(b"first")
    return write_file(files, arguments)
