"""What receiving mail costs, printed and never asserted: `make bench-intake`. Real Dovecot with TLS on loopback, the
real store of originals and the ledger as they run, every sync included.

`AVTALE_MAILS` sets how many mails the catch-up takes.
"""

import os
import re
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake.ledger import metadata
from intake.sources.mailbox import Backoff, MailboxSource, Timeouts, watch
from onboarding.blobs import FileBlobs
from onboarding.store.engines import build_engine
from tests.intake.imap_servers import Dovecot, dovecot, eventually
from tests.intake.mail_rounds import SOURCE, Rounds, mail

pytestmark = pytest.mark.bench

PUSHED = 40
CAUGHT_UP = int(os.environ.get("AVTALE_MAILS", "500"))
IDLE_SECONDS = 10.0
LINE = b"0123456789abcdefghijklmnopqrstuvwxyz" * 2 + b"\r\n"
SIZES = {"83 kB": LINE * 1120, "35 MB": LINE * 473_000}


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def rounds(server: Dovecot, tmp_path: Path) -> Iterator[Rounds]:
    account = server.account(timeouts=Timeouts())
    source = MailboxSource(source_id=SOURCE, account=account, vendor_id=None)
    engine = build_engine(sa.URL.create("sqlite", database=str(tmp_path / "ledger.sqlite")))
    metadata.create_all(engine)
    yield Rounds(source, FileBlobs(tmp_path / "blobs"), engine)
    source.abandon()
    engine.dispose()


@contextmanager
def watched(rounds: Rounds) -> Iterator[None]:
    stop = threading.Event()
    options = {"stop": stop, "backoff": Backoff(lambda: 0.5)}
    loop = threading.Thread(target=watch, args=(rounds.source, rounds.work), kwargs=options)
    loop.start()
    try:
        yield
    finally:
        stop.set()
        loop.join()


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def _kilobytes(name: str) -> int:
    """`VmRSS` (now) or `VmHWM` (the most since it was reset)."""
    found = re.search(rf"(?m)^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def test_seconds_from_a_mails_delivery_to_its_receipt(server: Dovecot, rounds: Rounds) -> None:
    rounds.receive()
    seconds = []
    with watched(rounds):
        for number in range(PUSHED):
            server.deliver(mail(number, body=SIZES["83 kB"]))
            started = time.perf_counter()
            eventually(lambda wanted=number + 1: len(rounds.receipts) == wanted)  # type: ignore[misc]
            seconds.append(time.perf_counter() - started)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    _say(
        f"\nmail to receipt by IDLE: p50 {statistics.median(seconds):.2f} s, p95 {p95:.2f} s of {PUSHED} (goal p95 1 s)"
    )


def test_mails_per_second_when_catching_up(server: Dovecot, rounds: Rounds) -> None:
    server.deliver(*(mail(number, body=SIZES["83 kB"]) for number in range(CAUGHT_UP)))
    started = time.perf_counter()
    while rounds.receive().more:
        pass
    received = time.perf_counter() - started
    rate = CAUGHT_UP / received
    _say(f"\ncatch-up: {CAUGHT_UP} mails of 83 kB in {received:.1f} s, {rate:.0f} per second (goal 10,000 in 240 s)")
    while rounds.judge():
        pass
    started = time.perf_counter()
    while rounds.finish():
        pass
    _say(f"and moved in {time.perf_counter() - started:.1f} s")
    assert len(rounds.finished) == CAUGHT_UP


def test_megabytes_that_a_large_mail_takes(server: Dovecot, rounds: Rounds) -> None:
    server.deliver(mail(1, body=SIZES["83 kB"]))
    rounds.receive()
    server.deliver(mail(2, body=SIZES["35 MB"]))
    before = _kilobytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
    started = time.perf_counter()
    rounds.receive()
    seconds = time.perf_counter() - started
    rise = (_kilobytes("VmHWM") - before) / 1024
    assert rounds.receipts[-1].size > 35_000_000
    _say(f"\n35 MB mail: received in {seconds:.2f} s, memory rises by {rise:.0f} MB (goal 100 MB)")


def test_processor_time_of_an_idle_mailbox(server: Dovecot, rounds: Rounds) -> None:
    with watched(rounds):
        time.sleep(1)
        used = time.process_time()
        time.sleep(IDLE_SECONDS)
        share = 100 * (time.process_time() - used) / IDLE_SECONDS
    _say(f"\nidle mailbox: {share:.2f} % of a processor (goal 1 %)")
