"""Coverage-guided search for a return that escapes the judge, hangs it or passes though forged: `make fuzz-guided`.

Atheris (libFuzzer for Python) follows which lines of `signatures` a mutant reaches and keeps those that reach new ones.
Our own mutator, which knows PDF, makes every second change: random bytes hardly get past the first guard. Seeds are
signed anew in each run; what was found before lies in `corpus/`. A finding is written to `build/fuzz/`
and ends the run.

    python -m tests.fuzz.guided [seconds]
"""

import random
import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # requirements/guided.txt

with atheris.instrument_imports(include=["signatures"]):
    from tests.fuzz.test_fuzz_signatures import MAX_BYTES, MAX_SECONDS, sources, try_one

from tests.fuzz.mutants import CORPUS, MUTATORS

FOUND = Path("build") / "fuzz"
MAX_MUTANT = 2**18  # bytes; the seeds have some 50,000


def main(seconds: int) -> None:
    """Search for so many seconds. libFuzzer itself holds the limits on time and memory, and ends the process."""
    grown = FOUND / "guided"
    grown.mkdir(parents=True, exist_ok=True)
    seeds = FOUND / "seeds"
    seeds.mkdir(exist_ok=True)
    for number, seed in enumerate(sources()):
        (seeds / f"{number}.pdf").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={MAX_SECONDS:.0f}",
        f"-rss_limit_mb={MAX_BYTES // 2**20}",
        f"-max_len={MAX_MUTANT}",
        f"-artifact_prefix={FOUND}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(grown), str(seeds), str(CORPUS)], _look, custom_mutator=_mutated)
    atheris.Fuzz()


def _look(data: bytes) -> None:
    fault, _ = try_one(data)
    if fault is not None:
        raise AssertionError(fault)


def _mutated(data: bytes, max_size: int, seed: int) -> bytes:
    chance = random.Random(seed)
    if chance.random() < 0.5:
        return bytes(atheris.Mutate(data, max_size))
    return chance.choice(MUTATORS)(chance, bytes(data), sources())[:max_size]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
