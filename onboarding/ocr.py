"""The one process that runs tesseract: on pictures that our own sandboxed child drew, under limits of its own.

A sandboxed child may start no program, so the roof starts this one: its own process group, killed whole; no network
where the kernel permits; bounded memory, time and answer; it may write no file. A machine without tesseract is no
error: what it can't recognise waits for a person.
"""

import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from onboarding.sandbox.confinement import end_with_parent, leave_network

LANGUAGES: Final = "nor+eng"  # the Norwegian data alone do not know `@` (docs/scans.md)
MEMORY_BYTES: Final = 2**30  # it runs under 1 GiB with nothing written and 32 descriptors (facts/building.md)
OPEN_FILES: Final = 32
CPU_SECONDS: Final = 60  # an agreement of six pages takes 2 s
WALL_SECONDS: Final = 90.0
MAX_ANSWER: Final = 4 * 2**20  # bytes; an agreement with everything gives some 100 kB
_PROGRAM: Final = "tesseract"
_ONE_BLOCK: Final = "6"  # page segmentation: each picture is one block of text (tesseract's manual)
_ENDING_SECONDS: Final = 10.0  # from its last word to its end
_OUT_OF_TIME: Final = (-signal.SIGXCPU, -signal.SIGKILL)
_BOOT: Final = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from onboarding.ocr import become_tesseract; become_tesseract(int(sys.argv[2]), sys.argv[3:])"
)


class OcrProblem(StrEnum):
    """Why nothing was recognised."""

    NO_OCR = "no_ocr"
    """There is no tesseract here, or it lacks its data."""
    OVER_LIMIT = "over_limit"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class OcrAnswer:
    """Tesseract's table of words (TSV), or why there is none."""

    table: bytes = b""
    problem: OcrProblem | None = None


def recognise(sheet: int, *, wall_seconds: float = WALL_SECONDS) -> OcrAnswer:
    """The words of a TIFF of pictures, given as a descriptor open for reading, which is read from its beginning."""
    os.lseek(sheet, 0, os.SEEK_SET)
    answer = _run(["stdin", "stdout", "-l", LANGUAGES, "--psm", _ONE_BLOCK, "tsv"], sheet, wall_seconds)
    if answer.problem is OcrProblem.FAILED and missing_languages():
        return OcrAnswer(problem=OcrProblem.NO_OCR)
    return answer


def missing_languages() -> tuple[str, ...]:
    """Which of the languages that are needed tesseract has no data for; all of them where there is no tesseract."""
    there = set(_run(["--list-langs"], subprocess.DEVNULL, WALL_SECONDS).table.decode("utf-8", "replace").split())
    return tuple(language for language in LANGUAGES.split("+") if language not in there)


def become_tesseract(parent: int, arguments: Sequence[str]) -> None:
    """In the started process: give up the network, set the limits, and become the program."""
    leave_network()
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS),
    ):
        resource.setrlimit(kind, (limit, limit))
    end_with_parent(parent)
    os.execv(arguments[0], list(arguments))  # noqa: S606 - found by the program, never named by a document


def _run(arguments: Sequence[str], sheet: int, wall_seconds: float) -> OcrAnswer:
    program = shutil.which(_PROGRAM)
    if program is None:
        return OcrAnswer(problem=OcrProblem.NO_OCR)
    root = str(Path(__file__).parents[1])
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-I", "-c", _BOOT, root, str(os.getpid()), program, *arguments],
        stdin=sheet,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"},
        cwd="/",
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout is not None
            table = _collect(process.stdout, time.monotonic() + wall_seconds)
            if table is not None:
                process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its answer and went on
            table = None
        finally:
            _kill_group(process)
    if table is None or process.returncode in _OUT_OF_TIME:
        return OcrAnswer(problem=OcrProblem.OVER_LIMIT)
    return OcrAnswer(table=table) if process.returncode == 0 else OcrAnswer(problem=OcrProblem.FAILED)


def _collect(output: IO[bytes], deadline: float) -> bytes | None:
    """All of the answer; None if it takes too long or grows too large."""
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            part = os.read(output.fileno(), 2**16)
            if not part:
                return bytes(answer)
            answer += part
            if len(answer) > MAX_ANSWER:
                return None
    return None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Of a process that has not been waited for: its number can't be another's yet."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
