"""What a signing service's return costs, printed and never asserted: `make bench`. CPU and wall time by document.

Ten pages, everything that is done with a return, through the sandbox: evidence and seal judged, every page held against
the issued one in letters and ink, the values read. Beside it what Ghostscript takes to draw both documents at the same
scale, which is less than half of a comparison.
"""

import io
import os
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pikepdf
import pytest

from agreements.fieldmap import FieldMap
from agreements.language import Language
from intake.reading.ink import DOTS_PER_INCH
from intake.reading.pages import READER, read_pages
from onboarding.inspection import inspect_document, open_sandbox
from onboarding.sandbox import Sandbox
from renderers.agreement import render_agreement
from signatures.trust import Trust
from tests.bench.test_bench_signatures import _cpu_with, _say
from tests.renderers.samples import sample
from tests.zoo import carriers, services
from tests.zoo.keeper import KARI, NUMBER, RECEIVED
from tests.zoo.service_evidence import posten_xades

pytestmark = pytest.mark.bench
TIMES = 20


@dataclass(frozen=True, kw_only=True)
class Job:
    """A return, what was issued, and where its values stand."""

    returned: Path
    issued: Path
    field_map: Path


@pytest.fixture(scope="module")
def issued() -> tuple[bytes, FieldMap]:
    """Nine pages: an agreement, and pages in another language behind it."""
    first, other = (
        render_agreement(replace(sample(signers=(KARI,), language=language), number=str(NUMBER)))
        for language in (Language.NB, Language.EN)
    )
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(first.pdf)) as pdf, pikepdf.open(io.BytesIO(other.pdf)) as more:
        pdf.pages.extend(more.pages[: 9 - len(pdf.pages)])
        pdf.save(output, deterministic_id=True)
    whole = output.getvalue()
    pages = read_pages(whole)
    assert len(pages.pages) == 9
    return whole, FieldMap(values=first.values, fields=first.fields, pages=pages, reader=READER)


@pytest.fixture
def make(issued: tuple[bytes, FieldMap], tmp_path: Path) -> Callable[[bytes], Job]:
    def made(returned: bytes) -> Job:
        job = Job(returned=tmp_path / "returned", issued=tmp_path / "issued", field_map=tmp_path / "map")
        job.returned.write_bytes(returned)
        job.issued.write_bytes(issued[0])
        job.field_map.write_text(issued[1].model_dump_json())
        return job

    return made


def test_a_return_of_ten_pages(issued: tuple[bytes, FieldMap], make: Callable[[bytes], Job]) -> None:
    pdf = issued[0]
    sealed = services.posten(services.order(shown=pdf), posten_xades(pdf, services.person()))
    assert len(read_pages(sealed).pages) == 10
    ways: dict[str, tuple[bytes, str]] = {
        "B, evidence and seal": (sealed, "EVD-012"),
        "C, shrunk, front page, footer": (carriers.wrapped(pdf), "PRV-002"),
        "C, by Ghostscript": (carriers.ghostscript(pdf), "PRV-002"),
        "C, one figure drawn over": (carriers.wrapped(_changed(pdf)), "PRV-012"),
    }
    _say("\na service's return, everything, through the sandbox: CPU ms, wall ms; Ghostscript drawing both, CPU ms")
    trust = services.trust(services.posten_profile())
    with open_sandbox() as sandbox:
        for name, (returned, code) in ways.items():
            job = make(returned)
            cpu, wall = _measured(sandbox, job, trust, code)
            peer = _drawn_by_ghostscript(job)
            _say(f"  {name:30} {cpu:6.0f} {wall:6.0f}   {peer:6.0f}   {peer / cpu:4.1f} x")


def _changed(pdf: bytes) -> bytes:
    """One figure is drawn over on the second page."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as changed:
        changed.pages[1].contents_add(b"q 0 g 100 400 6 9 re f Q")
        changed.save(output)
    return output.getvalue()


def _measured(sandbox: Sandbox, job: Job, trust: Trust, code: str) -> tuple[float, float]:
    """CPU and wall time in ms; `code`: of a finding by which it is known that all was done."""

    def once() -> float:
        with job.returned.open("rb") as document, job.issued.open("rb") as issued, job.field_map.open("rb") as places:
            start = time.perf_counter()
            found = inspect_document(
                *(sandbox, document.fileno()),
                issued=issued.fileno(),
                field_map=places.fileno(),
                trust=trust,
                at=RECEIVED,
            )
            wall = (time.perf_counter() - start) * 1000
        assert found.report is not None
        assert found.reading is not None
        assert code in {finding.code for finding in found.report.findings}, found.report.findings
        return wall

    once()
    used = _cpu_with(sandbox)
    walls = [once() for _ in range(TIMES)]
    return (_cpu_with(sandbox) - used) / TIMES * 1000, statistics.median(walls)


def _drawn_by_ghostscript(job: Job) -> float:
    """CPU milliseconds for both documents in grey, at our scale."""
    program = shutil.which("gs")
    assert program is not None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    scale = f"-r{DOTS_PER_INCH:.0f}"
    for path in (job.issued, job.returned):
        command = [
            program,
            "-q",
            "-dBATCH",
            "-dNOPAUSE",
            "-dSAFER",
            "-sDEVICE=pgmraw",
            scale,
            f"-sOutputFile={os.devnull}",
        ]
        subprocess.run([*command, str(path)], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
