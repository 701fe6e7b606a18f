"""What one child of the zygote does: confine itself, run one function over the bytes handed in, answer, and end."""

import errno
import importlib
import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from agreements.canonical import JsonValue
from onboarding.sandbox.confinement import Limits, confine

END = b"\n"
"""Ends a whole answer: JSON on one line holds no other."""
ENVELOPE_BYTES = 64
"""Room for what stands around the value in an answer."""
_OUT_OF_MEMORY = b'{"limit":"memory"}'
_TOO_LONG = b'{"limit":"output"}'

Work = Callable[..., JsonValue]
"""A function the sandbox runs: named files' bytes and JSON arguments in, JSON out.

One that was handed an output file gets a third argument: `write(bytes)`, which appends to it.
"""


def run_child(header: Mapping[str, Any], arguments: bytes, files: Sequence[int], answer: int) -> NoReturn:
    """Run the request and end this process without any of the zygote's own endings."""
    try:
        limits = Limits(**header["limits"])
        confine(limits)
        _write(answer, _answer(header, arguments, files, limits) + END)
    finally:
        os._exit(0)


def _answer(header: Mapping[str, Any], arguments: bytes, files: Sequence[int], limits: Limits) -> bytes:
    try:
        work = _find(header["function"])
        inputs, outputs = files[: len(header["files"])], files[len(header["files"]) :]
        contents = {name: _read(file) for name, file in zip(header["files"], inputs, strict=True)}
        value = work(contents, json.loads(arguments), *(partial(_write, output) for output in outputs))
        # A lone surrogate is no text: it would stop the first file or database it is written to.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - hostile input: whatever its reader raises
        return _TOO_LONG if getattr(error, "errno", None) == errno.EFBIG else _failure(error)
    return _TOO_LONG if len(text) > limits.output_bytes else b'{"value":' + text + b"}"


def _failure(error: Exception) -> bytes:
    """The error's type and place; never its message, which may hold what stands in the document."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return json.dumps({"error": type(error).__name__, "where": where}).encode()


def _find(function: str) -> Work:
    module, _colon, name = function.partition(":")
    work: Work = getattr(importlib.import_module(module), name)
    return work


def _read(file: int) -> bytes:
    """The whole file, without moving the offset it shares with the program's own descriptor."""
    size = os.fstat(file).st_size
    parts: list[bytes] = []
    offset = 0
    while offset < size and (part := os.pread(file, size - offset, offset)):
        parts.append(part)
        offset += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
