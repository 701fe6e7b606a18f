"""Thousands of damaged and hostile mails: none escapes the reader, none takes a second, and what comes out is true.

`make fuzz` reads some thousands, `make fuzz-long` a hundred thousand: ten for each document of `AVTALE_MUTANTS`.
"""

import hashlib
import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from agreements.findings import Severity
from intake.unpacking import Unpacked, Unpacking, unpack
from intake.unpacking.reasons import reason_without_document
from onboarding.blobs import FileBlobs
from onboarding.inspection import open_sandbox
from onboarding.unpack import unpack_delivery
from tests.fuzz.mail_mutants import holds_pdf, mails, mutant, packages
from tests.intake.mails import PDF

pytestmark = pytest.mark.fuzz

MUTANTS = 10 * int(os.environ.get("AVTALE_MUTANTS", "500"))
IN_SANDBOX = MUTANTS // 20
SLOWEST = 1.0  # second of the processor for one mail (issue 5); waiting for other programs is not the reader's
MOST_SILENT = 0.01
"""Of the mails that held a PDF: damaged beyond being known for a mail with anything in it, and so told to nobody."""
FOUND = Path("build") / "fuzz"
MAX_ANSWER = 2**20  # bytes: what a child of the sandbox may answer


@pytest.fixture(scope="module")
def seeds() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return mails(), packages()


def check(unpacked: Unpacked) -> None:
    """What is said of a mail is true, and fits where it has to."""
    unpacking = unpacked.unpacking
    told = unpacking.model_dump_json()
    assert len(told) < MAX_ANSWER
    assert Unpacking.model_validate_json(told) == unpacking
    assert [one.sha256 for one in unpacking.candidates] == list(unpacked.contents)
    for one in unpacking.candidates:
        content = unpacked.contents[one.sha256]
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (one.sha256, one.size)
        assert one.name == one.name.strip()
        assert "/" not in one.name


def keep(number: int, data: bytes) -> Path:
    FOUND.mkdir(parents=True, exist_ok=True)
    path = FOUND / f"mail-{number}.eml"
    path.write_bytes(data)
    return path


def test_no_mutant_escapes_or_takes_a_second(
    seeds: tuple[tuple[bytes, ...], tuple[bytes, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    slowest, seen = 0.0, Counter[str]()
    for number in range(MUTANTS):
        data = mutant(number, *seeds)
        start = time.process_time()
        try:
            unpacked = unpack(data, mail=True if number % 4 else None)
            took = time.process_time() - start
            assert took < SLOWEST
            check(unpacked)
        except BaseException as error:
            error.add_note(f"mutant {number}, kept as {keep(number, data)}")
            raise
        slowest = max(slowest, took)
        seen["mails"] += unpacked.unpacking.mail is not None
        seen["with a document"] += bool(unpacked.contents)
        seen["with the document whole"] += PDF in unpacked.contents.values()
        silent = not unpacked.contents and reason_without_document(unpacked.unpacking).severity is Severity.INFO
        seen["silent"] += silent and holds_pdf(number, *seeds)
        seen.update(finding.code for finding in unpacked.unpacking.findings)
    with capsys.disabled():
        sys.stdout.write(f"\n{MUTANTS} mails, slowest {slowest:.3f} s, {dict(sorted(seen.items()))}\n")
    assert seen["silent"] < MUTANTS * MOST_SILENT
    for reached in ("with the document whole", "INT-011", "INT-015", "INT-016", "INT-017", "INT-018", "INT-020"):
        assert seen[reached] > MUTANTS / 1000, f"the mutants never come to {reached}"


def test_no_mutant_kills_a_child_or_makes_it_lie(
    seeds: tuple[tuple[bytes, ...], tuple[bytes, ...]], tmp_path: Path
) -> None:
    blobs = FileBlobs(tmp_path / "originals")
    with open_sandbox() as sandbox:
        for number in range(MUTANTS, MUTANTS + IN_SANDBOX):
            data = mutant(number, *seeds)
            descriptor = blobs.open(blobs.put(data))
            try:
                found = unpack_delivery(sandbox, blobs, descriptor, name=None, work_dir=tmp_path)
            finally:
                os.close(descriptor)
            assert found == unpack(data, mail=True).unpacking, f"mutant {number}, kept as {keep(number, data)}"
            assert all(len(blobs.read(one.sha256)) == one.size for one in found.candidates)
