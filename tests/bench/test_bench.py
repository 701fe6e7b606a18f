"""Figures, printed and never asserted: `make bench`. All in one run on one machine, so that ratios mean something."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreements.signature_report import RevocationPolicy
from intake.reading.pages import read_pages
from onboarding.demo.stage import Stage, set_stage
from onboarding.inspection import open_sandbox
from onboarding.jobs.loop import run_until
from onboarding.jobs.notify import ServiceManager
from onboarding.validation import Request, validate_files
from signatures.judge import judge
from signatures.throwaway import sign
from signatures.trust import load_trust

pytestmark = pytest.mark.bench
SIGNER = "Kari Nordmann"
ISSUED, VALIDATED, DROPPED = 10, 20, 5


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with set_stage(tmp_path_factory.mktemp("bench") / "installation", lambda: datetime.now(UTC)) as made:
        yield made


def _now() -> datetime:
    return datetime.now(UTC)


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def test_milliseconds_per_issued_agreement(stage: Stage) -> None:
    cold = _milliseconds(lambda: stage.issue(SIGNER))
    warm = [_milliseconds(lambda: stage.issue(SIGNER)) for _ in range(ISSUED)]
    median = statistics.median(warm)
    _say(f"\nissue: {median:.0f} ms per agreement, rendered and stored (median of {ISSUED}; first {cold:.0f} ms)")


def test_validations_per_second_beside_the_engines_own_command(stage: Stage, tmp_path: Path) -> None:
    issue = stage.issue(SIGNER)
    issued = tmp_path / "issued.pdf"
    issued.write_bytes(issue.pdf)
    files = [tmp_path / f"{number}.pdf" for number in range(VALIDATED)]
    for file in files:
        file.write_bytes(sign(issue.pdf, stage.pki.person(SIGNER), field="Signatur1", level="B-LT", now=_now()))
    anchor = tmp_path / "root.pem"
    anchor.write_bytes(stage.pki.root_pem())
    trust = load_trust([anchor], revocation=RevocationPolicy.REQUIRE, accept_demo=True)
    request = Request(trust=trust, at=_now(), issued=issued, expected=None, max_bytes=2**25)

    pages, issued_pages = read_pages(files[0].read_bytes()), read_pages(issue.pdf)
    alone = [
        _milliseconds(
            lambda file=file: judge(  # type: ignore[misc]
                file.read_bytes(), trust=trust, at=_now(), issued=issue.pdf, pages=pages, issued_pages=issued_pages
            )
        )
        for file in files
    ]
    size = files[0].stat().st_size // 1024
    _say(f"\njudge in process: {statistics.median(alone):.1f} ms per document (B-LT, {size} kB)")
    peer = _peer(files, anchor)
    for jobs in (1, 2):
        with open_sandbox(workers=jobs) as sandbox:
            list(validate_files(sandbox, files[:jobs], request, jobs=jobs))  # the zygotes are started once
            start = time.perf_counter()
            verdicts = [done.decision.verdict for done in validate_files(sandbox, files, request, jobs=jobs)]
            rate = VALIDATED / (time.perf_counter() - start)
        assert set(verdicts) == {"approved"}
        _say(f"avtale validate --jobs {jobs}, sandboxed, with issued: {rate:.1f} per second, {rate / peer:.1f} x peer")


def _peer(files: list[Path], anchor: Path) -> float:
    """`pyhanko sign validate`, started for each of the same files."""
    program = str(Path(sys.executable).with_name("pyhanko"))
    command = [program, "sign", "validate", "--trust", str(anchor), "--trust-replace", "--no-revocation-check"]
    start = time.perf_counter()
    for file in files:
        subprocess.run([*command, str(file)], check=True, capture_output=True)
    rate = len(files) / (time.perf_counter() - start)
    _say(f"peer, pyhanko sign validate per file: {rate:.1f} per second")
    return rate


def test_seconds_from_a_files_close_to_the_forwarded_mail_accepted(stage: Stage) -> None:
    issues = [stage.issue(SIGNER) for _ in range(DROPPED)]
    returns = [sign(i.pdf, stage.pki.person(SIGNER), field="Signatur1", level="B-LT", now=_now()) for i in issues]
    stop, started = threading.Event(), threading.Event()
    loop = threading.Thread(target=run_until, args=(stage.workspace, stop, started.set, ServiceManager()))
    loop.start()
    try:
        assert started.wait(30)
        seconds = [_until_accepted(stage, f"bench-{n}.pdf", data) for n, data in enumerate(returns)]
    finally:
        stop.set()
        loop.join()
    median = statistics.median(seconds[1:])
    _say(f"\nfrom close to mail accepted: {median:.2f} s (median of {DROPPED - 1}; first {seconds[0]:.2f} s)")


def _until_accepted(stage: Stage, name: str, data: bytes) -> float:
    mails = stage.folder / "mail"
    before = len(list(mails.glob("*.eml")))
    (stage.inbox / name).write_bytes(data)
    start = time.perf_counter()
    while len(list(mails.glob("*.eml"))) == before:
        assert time.perf_counter() - start < 30, "no mail was accepted"
        time.sleep(0.005)
    return time.perf_counter() - start
