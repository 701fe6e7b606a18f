"""What judging costs, printed and never asserted: `make bench`. CPU time, the median of several, all in one run.

Through the sandbox: the CPU time of everything (this program, the zygote, the child), per document, starting aside;
once judging alone, as in process, and once all that is done with a return, the text of its pages among it.
"""

import cProfile
import io
import os
import pstats
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from agreements.canonical import JsonValue
from agreements.pages import Pages
from agreements.signature_report import Indication, RevocationPolicy, SignatureReport
from agreements.times import format_utc
from intake.reading.pages import read_pages
from onboarding.demo.stage import set_stage
from onboarding.inspection import _PRELOADED, DOCUMENT, ISSUED, open_sandbox
from onboarding.sandbox import Sandbox
from onboarding.validation import Request, validate_files
from signatures.judge import judge
from signatures.throwaway import Credential, Level, ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.papers import make_agreement

pytestmark = pytest.mark.bench
TIMES, SANDBOXED, PASSES = 15, 40, 7
NAMES = ("Kari Nordmann", "Ola Nordmann", "Per Nordmann")
MIX = ("B-B",) * 5 + ("B-LTA",) * 3 + ("three signatures B-LTA", "6 MB B-B")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A return, and what was issued where that is looked at too."""

    pdf: bytes
    issued: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Papers:
    """Everything that is measured."""

    folder: Path
    root: bytes
    trust: Trust
    at: datetime
    all: dict[str, Paper]

    def write(self, name: str, number: int = 0) -> Path:
        """The return as a file."""
        path = self.folder / f"{name.replace(' ', '-')}-{number}.pdf"
        path.write_bytes(self.all[name].pdf)
        return path


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder, now = tmp_path_factory.mktemp("papers"), datetime.now(UTC)
    with set_stage(folder / "installation", lambda: datetime.now(UTC)) as stage:
        agreement = stage.issue(NAMES[0]).pdf
    pki = ThrowawayPki.create(now)
    people = [pki.person(name) for name in NAMES]
    return Papers(
        folder=folder,
        root=pki.root_pem(),
        trust=Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=True),
        at=now + timedelta(minutes=1),
        all=dict(_make(agreement, people, now)),
    )


def _make(agreement: bytes, people: list[Credential], now: datetime) -> Iterator[tuple[str, Paper]]:
    levels: tuple[Level, ...] = ("B-B", "B-LT", "B-LTA")
    small = _with_picture(30_000)
    for level in levels:
        yield level, Paper(pdf=sign(small, people[0], field="Signatur1", level=level, now=now))
    three = small
    for number, person in enumerate(people, start=1):
        three = sign(three, person, field=f"Signatur{number}", level="B-LTA", now=now)
    yield "three signatures B-LTA", Paper(pdf=three)
    yield "6 MB B-B", Paper(pdf=sign(_with_picture(6_000_000), people[0], field="Signatur1", now=now))
    for level in levels:
        signed = sign(agreement, people[0], field="Signatur1", level=level, now=now)
        yield f"our agreement {level}", Paper(pdf=signed, issued=agreement)


def _with_picture(size: int) -> bytes:
    """An agreement made heavy by a picture, as real ones are by fonts."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        picture = pikepdf.Stream(pdf, random.Random(1).randbytes(size))
        picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        picture.Width, picture.Height, picture.BitsPerComponent = 10, 10, 8
        picture.ColorSpace = pikepdf.Name.DeviceGray
        pdf.pages[0].obj.Resources.XObject = pikepdf.Dictionary(Im1=pdf.make_indirect(picture))
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, static_id=True)
    return output.getvalue()


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def _judging(papers: Papers, name: str) -> Callable[[], SignatureReport]:
    paper = papers.all[name]
    pages: tuple[Pages | None, Pages | None] = (None, None)
    if paper.issued is not None:
        pages = read_pages(paper.pdf), read_pages(paper.issued)

    def work() -> SignatureReport:
        return judge(
            paper.pdf, trust=papers.trust, at=papers.at, issued=paper.issued, pages=pages[0], issued_pages=pages[1]
        )

    return work


def _in_process(papers: Papers, name: str) -> float:
    work = _judging(papers, name)
    assert work().indication is Indication.TOTAL_PASSED
    spent = []
    for _ in range(TIMES):
        start = time.process_time()
        work()
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent)


def _cpu() -> float:
    """Seconds used by this process and by all its ended children and theirs."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _cpu_with(sandbox: Sandbox) -> float:
    """Seconds used by this process, and by the sandbox's running zygotes and all their children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (
        own.ru_utime + own.ru_stime + sum(_seconds(zygote._process.pid) for zygote in sandbox._all if zygote._process)
    )


def _seconds(pid: int) -> float:
    """utime, stime, cutime and cstime of proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _sandboxed(papers: Papers, name: str, *, function: str) -> tuple[float, float]:
    """CPU and wall time per document in ms; starting the sandbox is not among it."""
    files = {DOCUMENT: papers.write(name)}
    if papers.all[name].issued is not None:
        files[ISSUED] = papers.folder / "issued.pdf"
        files[ISSUED].write_bytes(papers.all[name].issued or b"")
    arguments: JsonValue = {"trust": papers.trust.to_json(), "at": format_utc(papers.at)}
    with Sandbox(preload=(*_PRELOADED, "tests.bench.jobs")) as sandbox:
        list(_run_often(sandbox, function, files, arguments, 2))
        start = _cpu_with(sandbox)
        walls = list(_run_often(sandbox, function, files, arguments, SANDBOXED))
        return (_cpu_with(sandbox) - start) / SANDBOXED * 1000, statistics.median(walls)


def _run_often(
    sandbox: Sandbox, function: str, files: Mapping[str, Path], arguments: JsonValue, times: int
) -> Iterator[float]:
    for _ in range(times):
        start = time.perf_counter()
        value = sandbox.run(function, files=files, arguments=arguments).value
        yield (time.perf_counter() - start) * 1000
        assert isinstance(value, dict)
        assert (value.get("report") or value)["indication"] == Indication.TOTAL_PASSED


def test_milliseconds_per_document(papers: Papers) -> None:
    _say("\njudging, CPU ms per document: in process; through the sandbox alone; with the text of the pages (and wall)")
    for name, paper in papers.all.items():
        inside = _in_process(papers, name)
        cpu, wall = _sandboxed(papers, name, function="onboarding.inspection:inspect")
        alone = "     -"  # compared with the issued text there is no judging without text
        if paper.issued is None:
            alone = f"{_sandboxed(papers, name, function='tests.bench.jobs:judge_alone')[0]:6.1f}"
        _say(f"  {name:24} {len(paper.pdf) // 1024:5} kB {inside:7.1f}   {alone}   {cpu:7.1f} {wall:7.1f}")


def test_a_mixed_batch_beside_the_engines_own_command(papers: Papers) -> None:
    files = [papers.write(name, number) for number, name in enumerate(MIX)]
    cpu, rate = _batch(papers, files)
    peer_cpu, peer = _peer(files, papers)
    _say(f"\nmixed batch, sandboxed, --jobs 2: {rate:.1f} per second, {cpu:.0f} ms CPU per file")
    _say(f"  (two cores with nothing else to do: {2000 / cpu:.0f} per second)")
    _say(f"  pyhanko sign validate, one file after the other: {peer:.1f} per second, {peer_cpu:.0f} ms CPU per file")
    _say(f"  {rate / peer:.1f} x by the clock, {peer_cpu / cpu:.1f} x by CPU (twice that on two cores)")


def _batch(papers: Papers, files: list[Path]) -> tuple[float, float]:
    """CPU milliseconds per file, and files per second: medians of several passes, the zygotes running."""
    costs, rates = [], []
    with open_sandbox(workers=2) as sandbox:
        _validate(sandbox, papers, files[:2])
        for _ in range(PASSES):
            start, used = time.perf_counter(), _cpu_with(sandbox)
            count = _validate(sandbox, papers, files)
            rates.append(count / (time.perf_counter() - start))
            costs.append((_cpu_with(sandbox) - used) / count * 1000)
    return statistics.median(costs), statistics.median(rates)


def _validate(sandbox: Sandbox, papers: Papers, files: list[Path]) -> int:
    done = list(validate_files(sandbox, files, _request(papers), jobs=2))
    assert all(item.report and item.report.indication is Indication.TOTAL_PASSED for item in done)
    return len(done)


def _request(papers: Papers) -> Request:
    return Request(trust=papers.trust, at=papers.at, issued=None, expected=None, max_bytes=2**25)


def _peer(files: list[Path], papers: Papers) -> tuple[float, float]:
    """CPU milliseconds per file and files per second of `pyhanko sign validate`, started for each file."""
    anchor = papers.folder / "root.pem"
    anchor.write_bytes(papers.root)
    program = str(Path(sys.executable).with_name("pyhanko"))
    command = [program, "sign", "validate", "--trust", str(anchor), "--trust-replace", "--no-revocation-check"]
    start, used = time.perf_counter(), _cpu()
    for file in files:
        subprocess.run([*command, str(file)], check=True, capture_output=True)
    return (_cpu() - used) / len(files) * 1000, len(files) / (time.perf_counter() - start)


@pytest.mark.parametrize("name", ["B-B", "our agreement B-LTA"])
def test_where_the_time_goes(papers: Papers, name: str) -> None:
    work = _judging(papers, name)
    work()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(TIMES):
        work()
    profile.disable()
    entries = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(entry[2] for entry in entries.values())
    most = sorted(entries.items(), key=lambda item: item[1][2], reverse=True)[:5]
    shares = (f"{Path(place[0]).stem}.{place[2]} {entry[2] / whole:.0%}" for place, entry in most)
    _say(f"\nwhere the time goes, {name}: {', '.join(shares)}")
