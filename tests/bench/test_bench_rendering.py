"""What making agreements costs, printed and never asserted: `make bench`.

Beside ours, in the same run: WeasyPrint alone on the same HTML (no forms, no tags, nothing after it; then with both),
and typst on the text of the same pages.
"""

import gc
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from agreements.parties import Signer, SigningBasis
from intake.reading.pages import read_pages
from onboarding.demo.stage import Stage, set_stage, synthetic_org_number
from onboarding.inspection import inspect_document, open_sandbox
from onboarding.issuing import issue_many
from onboarding.press import Pressed, press, press_all, usable_workers
from onboarding.rendering import LOOKS_FOR_GARBAGE
from onboarding.steps.agreement import issuable_cases
from onboarding.steps.enquiry import Enquiry, create_case
from renderers.agreement import AgreementDocument
from signatures.throwaway import sign
from tests.renderers.samples import sample

pytestmark = pytest.mark.bench
KARI = "Kari Nordmann"
TURNS, IN_A_ROW, BATCH, LIFETIME = 5, 5, 100, 500
TARGET_RATIO, TARGET_MS, TARGET_RATE, TARGET_COLD = 1.2, 250, 6, 1.5  # issue 4, figures


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with set_stage(tmp_path_factory.mktemp("rendering") / "installation", lambda: datetime.now(UTC)) as made:
        yield made


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def _milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Median wall and CPU time of a few in a row, which clear up after themselves and not after who was before them."""
    gc.collect()
    walls, cpus = [], []
    for _ in range(IN_A_ROW):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return statistics.median(walls), statistics.median(cpus)


def _interleaved(works: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Median wall and CPU times, taken in turn so that a busy moment of the machine meets all alike."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(TURNS):
        for name, work in works.items():
            spent[name].append(_milliseconds(work))
    return {
        name: (statistics.median(w for w, _ in each), statistics.median(c for _, c in each))
        for name, each in spent.items()
    }


def test_an_agreement_beside_weasyprint_alone_and_typst(tmp_path: Path) -> None:
    document = sample()
    pages = press(document).pages
    found = _interleaved(
        {
            "ours: laid out, finished, field map": _ours(document),
            "WeasyPrint alone on the same HTML": _weasyprint_alone(document),
            "  as tagged PDF/A-3a with forms": _weasyprint_alone(document, pdf_variant="pdf/a-3a", pdf_forms=True),
            "typst on the same text": _typst(document, tmp_path),
        }
    )
    ours, plain, same = list(found.values())[:3]
    _say(f"\nan agreement of {pages} pages, warm, median of {TURNS * IN_A_ROW}: wall ms, CPU ms")
    for name, (wall, cpu) in found.items():
        _say(f"  {name:38} {wall:7.0f} {cpu:7.0f}   {ours[1] / cpu:5.2f} x")
    said = f"{ours[1] / plain[1]:.2f}, as the same kind of PDF {ours[1] / same[1]:.2f}"
    _say(f"  ours to WeasyPrint alone, by CPU: {said} (target {TARGET_RATIO})")
    _say(f"  for each 4 pages: {ours[1] * 4 / pages:.0f} ms CPU (goal {TARGET_MS})")


def _ours(document: AgreementDocument) -> Callable[[], Pressed]:
    """As the program does it: it looks for garbage less often than Python by itself, as the others do."""

    def make() -> Pressed:
        before = gc.get_threshold()
        gc.set_threshold(*LOOKS_FOR_GARBAGE)
        try:
            return press(document)
        finally:
            gc.set_threshold(*before)

    return make


def _weasyprint_alone(document: AgreementDocument, **options: object) -> Callable[[], object]:
    """The loop that somebody writes first: the same HTML, with our fonts loaded and our style sheets parsed."""
    from unittest.mock import patch

    from weasyprint import HTML  # type: ignore[import-untyped]

    from renderers import layout
    from renderers.agreement import render_agreement

    asked: list[tuple[str, tuple[str, ...]]] = []
    original = layout.lay_out

    def listening(html: str, *stylesheets: str, **options: object) -> object:
        asked.append((html, stylesheets))
        return original(html, *stylesheets, **options)  # type: ignore[arg-type]

    with patch.object(layout, "lay_out", listening):
        render_agreement(document)
    html, stylesheets = asked[0]
    fonts, styles = layout._fonts(), [layout._stylesheet(name) for name in stylesheets]

    def write() -> object:
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # its colour profile stays open
            return HTML(string=html).write_pdf(stylesheets=styles, font_config=fonts, **options)

    return write


def _typst(document: AgreementDocument, folder: Path) -> Callable[[], object]:
    """The lines of the same pages, a page break between them, in the same font; PDF/A-3a. No forms, tables or QR."""
    import typst

    from renderers import fontconfig_file

    pages = read_pages(press(document).pdf).pages
    bodies = "\n#pagebreak()\n".join(
        "\n".join(f"#par[#{json.dumps(line, ensure_ascii=False)}]" for line in page.text.splitlines()) for page in pages
    )
    head = """#set page("a4", margin: (left: 20mm, bottom: 30mm))
#set document(title: "A", date: datetime(year: 2026, month: 11, day: 23))
#set text(font: "Avtale Sans", size: 8pt, lang: "nb")
"""
    source, count = folder / "agreement.typ", itertools.count()
    source.write_text(head, encoding="utf-8")
    compiler = typst.Compiler(str(source), font_paths=[str(fontconfig_file().parent)], ignore_system_fonts=True)

    def compile_another() -> object:
        """With another first line each time: nobody issues the same agreement twice."""
        source.write_text(f"{head}{next(count)}\n\n{bodies}\n", encoding="utf-8")
        return compiler.compile(format="pdf", pdf_standards=["a-3a"])

    return compile_another


def test_a_hundred_agreements_at_once(stage: Stage, tmp_path: Path) -> None:
    numbers = [_case(stage, serial) for serial in range(BATCH)]
    assert set(numbers) <= set(issuable_cases(stage.workspace))
    start, spent = time.perf_counter(), _all_processes()
    outcomes = issue_many(stage.workspace, numbers, tmp_path, stage.actor, stop=Event(), done=lambda: None)
    seconds, spent = time.perf_counter() - start, _all_processes() - spent
    assert all(outcome.path is not None for outcome in outcomes)
    size = statistics.median(path.stat().st_size for path in tmp_path.glob("*.pdf")) // 1024
    pages = [outcome.agreement.pages for outcome in outcomes if outcome.agreement]
    _say(f"\nissue --all: {BATCH} agreements, pages {set(pages)}, {size:.0f} kB each, forms, tags, QR, attached values")
    _say(f"  {usable_workers()} workers: {BATCH / seconds:.1f} per second, all included, their start too")
    _say(f"  counted as agreements of 4 pages: {sum(pages) / 4 / seconds:.1f} per second (goal {TARGET_RATE})")
    _say(f"  {spent / BATCH * 1000:.0f} ms CPU each, in all processes from their start: true on a busy machine too")


def _all_processes() -> float:
    """Seconds of CPU that this process and those that it has waited for have used."""
    usages = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _case(stage: Stage, serial: int) -> str:
    """One more customer of the demo's vendor, its agreement not issued yet."""
    example, org_number = stage._example, synthetic_org_number(2000 + serial)
    enquiry = Enquiry(
        vendor_id=example.vendor_id,
        org_number=org_number,
        customer_name=f"Kunde {serial} AS",
        values={**example.values, "invoice.endpoint": f"0192:{org_number}"},
        signers=(Signer(name=KARI, basis=SigningBasis.SIGNATURE_RIGHT),),
    )
    return str(create_case(stage.workspace, enquiry, stage.actor).number)


def test_a_workers_memory_over_its_life() -> None:
    """One worker over as many documents, replaced on the way as the batch does it."""
    from tests.onboarding.test_issue_batch import workers

    documents = ((number, sample()) for number in range(LIFETIME))
    largest: list[int] = []
    for count, _ in enumerate(press_all(documents, workers=1), start=1):
        largest += [_resident(process) for process in workers()] if count % 50 == 0 else []
    _say(f"\na worker's memory over {LIFETIME} documents, MB: {' '.join(map(str, largest))}; largest {max(largest)}")


def _resident(process: int) -> int:
    """Resident memory in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def test_a_cold_issue_of_one(stage: Stage, tmp_path: Path) -> None:
    seconds = []
    for serial in range(3):
        number = _case(stage, BATCH + serial)
        command = [sys.executable, "-m", "onboarding.cli", "--config", str(stage.folder / "config.yaml")]
        start = time.perf_counter()
        subprocess.run(
            [*command, "agreement", "issue", number, "--out", str(tmp_path)], check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - start)
    _say(f"\nagreement issue of one, from a cold start: {statistics.median(seconds):.2f} s (goal {TARGET_COLD})")


def test_what_the_stored_text_saves_when_a_return_is_judged(stage: Stage) -> None:
    issue = stage.issue(KARI)
    returned = sign(issue.pdf, stage.pki.person(KARI), field="Signatur1", level="B-LT", now=datetime.now(UTC))
    blobs, sha256 = stage.workspace.blobs, issue.agreement.field_map_sha256
    assert sha256 is not None
    places = (blobs.put(returned), issue.agreement.sha256, sha256)
    with open_sandbox() as sandbox, ExitStack() as stack:
        document, issued, mapped = (_opened(stack, blobs.open(place)) for place in places)

        def look(field_map: int | None) -> object:
            at = datetime.now(UTC)
            trust = stage.workspace.trust
            return inspect_document(sandbox, document, issued=issued, field_map=field_map, trust=trust, at=at)

        found = _interleaved({"read anew": lambda: look(None), "as stored": lambda: look(mapped)})
    saved = found["read anew"][0] - found["as stored"][0]
    _say(
        f"\njudging a return, wall ms: issued text read anew {found['read anew'][0]:.0f},"
        f" as stored {found['as stored'][0]:.0f}; saves {saved:.0f} ms"
    )


def _opened(stack: ExitStack, descriptor: int) -> int:
    stack.callback(os.close, descriptor)
    return descriptor
