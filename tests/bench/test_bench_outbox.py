"""What sending costs, printed and never asserted: `make bench-outbox`. A real Postfix on loopback, the real store of
originals and SQLite as they run, every sync included; beside it plain smtplib, which keeps nothing.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from onboarding.blobs import FileBlobs
from onboarding.store.engines import build_engine
from outbox.compose import Attachment, Letter, compose, message_id_for
from outbox.freezing import freeze
from outbox.messages import Begin, Connection, Message, enqueue, list_messages, metadata
from outbox.outcome import Outcome
from outbox.pace import Pace
from outbox.sending import Sender, deliver_due
from outbox.states import State
from tests.intake.imap_servers import USER, dovecot
from tests.intake.mail_relay import DOMAIN, Postfix, postfix
from tests.outbox.outbox_kit import beginning

pytestmark = pytest.mark.bench

MAILS, ROUNDS = 200, 3
ENQUEUED = 1000
PDF_BYTES = 197_000
"""With base64 and the letter around it: 270 kB."""
TO = f"digipost@{DOMAIN}"


@pytest.fixture(scope="module")
def relay() -> Iterator[Postfix]:
    """It takes everything, syncs it to disk as Postfix does, and throws it away afterwards."""
    with dovecot() as behind, postfix(behind, main="virtual_transport = discard:\n") as running:
        yield running


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    engine = build_engine(sa.URL.create("sqlite", database=str(tmp_path / "outbox.sqlite")))
    metadata.create_all(engine)
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE callers_own (id INTEGER PRIMARY KEY, what TEXT)")
    yield beginning(engine)
    engine.dispose()


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _letter(key: str, pdf: bytes) -> Letter:
    return Letter(
        sender=USER,
        recipient=TO,
        subject="Signert avtale om bruk av Digipost",
        body="Hei\nvedlagt\n",
        date=_now(),
        message_id=message_id_for(key, sender=USER, now=_now()),
        attachments=(Attachment(name="Avtale.pdf", media_type="application/pdf", data=pdf),),
    )


def _nothing(conn: Connection, message: Message, outcome: Outcome) -> None:
    pass


def test_mails_per_second_to_a_relay_beside_plain_smtplib(relay: Postfix, begin: Begin, blobs: FileBlobs) -> None:
    sender = Sender(begin=begin, blobs=blobs, server=relay.settings(), clock=_now, on_outcome=_nothing, pace=Pace(None))
    pdfs = [os.urandom(PDF_BYTES) for _ in range(MAILS)]
    ours, peers = [], []
    for turn in range(ROUNDS):
        letters = [_letter(f"bench:{turn}:{number}", pdf) for number, pdf in enumerate(pdfs)]
        bodies = [compose(letter) for letter in letters]
        peers.append(MAILS / _milliseconds(lambda bodies=bodies: _by_smtplib(relay, bodies)) * 1000)  # type: ignore[misc]
        for letter in letters:
            message = freeze(letter, blobs, purpose="forward", key=letter.message_id)
            with begin() as conn:
                enqueue(conn, message, now=_now())
        ours.append(MAILS / _milliseconds(lambda: _by_outbox(sender)) * 1000)
    with begin() as conn:
        assert {message.state for message in list_messages(conn)} == {State.SENT}
    rate, peer = statistics.median(ours), statistics.median(peers)
    size = len(compose(_letter("bench", pdfs[0]))) / 1000
    _say(f"\noutbox: {rate:.0f} mails of {size:.0f} kB per second, claimed, sent, receipt recorded (goal 50)")
    _say(f"smtplib alone, one connection, nothing kept: {peer:.0f} per second; ratio {rate / peer:.2f}")


def _by_smtplib(relay: Postfix, bodies: list[bytes]) -> None:
    with relay.client() as client:
        for body in bodies:
            client.sendmail(USER, [TO], body)


def _by_outbox(sender: Sender) -> None:
    while deliver_due(sender).attempted:
        pass


def test_milliseconds_that_a_message_adds_to_its_callers_transaction(begin: Begin, blobs: FileBlobs) -> None:
    making, adding, with_it, without = list[float](), list[float](), list[float](), list[float]()

    def transaction(work: Callable[[Connection], object]) -> float:
        def run() -> None:
            with begin() as conn:
                conn.exec_driver_sql("INSERT INTO callers_own (what) VALUES ('an approval')")
                work(conn)

        return _milliseconds(run)

    pdf = os.urandom(PDF_BYTES)
    for number in range(ENQUEUED):
        start = time.perf_counter()
        message = freeze(_letter(f"bench:{number}", pdf), blobs, purpose="forward", key=f"bench:{number}")
        making.append((time.perf_counter() - start) * 1000)
        without.append(transaction(lambda conn: None))
        with_it.append(
            transaction(
                lambda conn, message=message: adding.append(  # type: ignore[misc]
                    _milliseconds(lambda: enqueue(conn, message, now=_now()))
                )
            )
        )
    more = statistics.median(with_it) - statistics.median(without)
    _say(f"\nenqueue in the caller's transaction: {_told(adding)}; goal 2 ms (of {ENQUEUED})")
    _say(f"the whole transaction, commit and sync: {_told(with_it)}; without it {_told(without)}; {more:.2f} ms more")
    _say(f"before the transaction, letter made and its 270 kB stored and synced: {_told(making)}")


def _told(values: list[float]) -> str:
    return f"median {statistics.median(values):.2f} ms, p95 {_p95(values):.2f} ms"
