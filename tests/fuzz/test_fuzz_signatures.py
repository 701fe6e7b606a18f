"""Thousands of mutants: nothing escapes the judge, nothing hangs, nothing eats the memory, and no forgery passes.

`make fuzz` judges a thousand, `make fuzz-long` ten thousand (`AVTALE_MUTANTS`).
"""

import multiprocessing
import os
import re
import resource
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from agreements.signature_report import Indication, RevocationPolicy
from signatures.judge import judge
from signatures.prescan import prescan
from signatures.throwaway import ThrowawayPki
from signatures.trust import Trust
from tests.fuzz.mutants import CORPUS, mutant, seeds
from tests.signatures.papers import NOW, RECEIVED

MUTANTS = int(os.environ.get("AVTALE_MUTANTS", "1000"))
BATCH = 250
MAX_SECONDS = 10.0
MAX_BYTES = 2**30
FOUND = Path("build") / "fuzz"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a batch came to."""

    judged: int
    slowest: float
    peak_bytes: int
    faults: tuple[str, ...]


def limit() -> None:
    """A worker that hangs in a library is killed; one that asks for much memory is told no."""
    resource.setrlimit(resource.RLIMIT_AS, (3 * MAX_BYTES, 3 * MAX_BYTES))


@cache
def pki() -> ThrowawayPki:
    return ThrowawayPki.create(NOW, demo=False)


@cache
def sources() -> tuple[bytes, ...]:
    return seeds(pki())


@cache
def trust() -> Trust:
    """The seeds' signers are believed: else the engine would hardly be asked."""
    return Trust.from_der([pki().root.der], revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False)


def still_signed(data: bytes) -> bool:
    """All that was signed before the first signature's gap is there: what changed lies where it proves nothing."""
    gaps = (re.search(rb"/ByteRange\s*\[\s*0 (\d+)", source) for source in sources())
    starts = (source[: int(gap[1])] for source, gap in zip(sources(), gaps, strict=True) if gap is not None)
    return any(data.startswith(start) for start in starts)


def judge_batch(first: int) -> Tally:
    """Judge the mutants of these numbers; in a process of its own."""
    slowest, faults = 0.0, []
    for number in range(first, min(first + BATCH, MUTANTS)):
        data = mutant(number, sources())
        fault, seconds = try_one(data)
        slowest = max(slowest, seconds)
        if fault is not None:
            FOUND.mkdir(parents=True, exist_ok=True)
            (FOUND / f"{sha256(data).hexdigest()[:16]}.pdf").write_bytes(data)
            faults.append(f"{number}: {fault}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Tally(judged=min(BATCH, MUTANTS - first), slowest=slowest, peak_bytes=peak, faults=tuple(faults))


def try_one(data: bytes) -> tuple[str | None, float]:
    """What went wrong with one mutant, and how long it took."""
    signal.alarm(60)  # no handler: kills the process, and the test with it
    start = time.process_time()
    try:
        prescan(data)
        report = judge(data, trust=trust(), at=RECEIVED)
    except BaseException as error:  # noqa: BLE001 - what is looked for
        return type(error).__name__, time.process_time() - start
    finally:
        signal.alarm(0)
    seconds = time.process_time() - start
    if seconds > MAX_SECONDS:
        return f"took {seconds:.1f} s", seconds
    forged = report.indication is Indication.TOTAL_PASSED and not still_signed(data)
    return ("passed" if forged else None), seconds


def batches() -> Iterator[Tally]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=limit) as pool:
        yield from pool.map(judge_batch, range(0, MUTANTS, BATCH))


@pytest.mark.fuzz
def test_no_mutant_escapes_hangs_eats_memory_or_passes(capsys: pytest.CaptureFixture[str]) -> None:
    tallies = list(batches())
    slowest = max(tally.slowest for tally in tallies)
    peak = max(tally.peak_bytes for tally in tallies)
    with capsys.disabled():
        count = sum(tally.judged for tally in tallies)
        print(f"\n{count} mutants; slowest {slowest:.2f} s; largest process {peak / 2**20:.0f} MiB")  # noqa: T201
    assert [fault for tally in tallies for fault in tally.faults] == []
    assert slowest < MAX_SECONDS
    assert peak < MAX_BYTES


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.pdf")), ids=lambda path: path.stem)
def test_what_once_went_wrong_stays_mended(path: Path) -> None:
    fault, seconds = try_one(path.read_bytes())
    assert fault is None
    assert seconds < MAX_SECONDS


def test_a_number_makes_its_mutant_again() -> None:
    honest = (b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 9, b"%PDF-1.4\n/Contents <" + b"30" * 900 + b">")
    made = [mutant(number, honest) for number in range(60)]
    assert made == [mutant(number, honest) for number in range(60)]
    assert len(set(made)) > 50
