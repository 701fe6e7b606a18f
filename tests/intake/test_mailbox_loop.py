"""A mailbox's loop: it outlives every fault of the server, waits longer each time, and stops when it is told to."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.errors import IntegrityError, TemporaryError
from agreements.ports import Blobs
from agreements.texts import has_text
from intake.receipts import Receipt, ReceiptState
from intake.sources.mailbox import (
    Backoff,
    MailboxSource,
    MailboxUnavailable,
    MailKey,
    Place,
    Problem,
    parse_key,
    place_of,
    watch,
)
from intake.sources.mailbox.watching import FIRST_PAUSE, JITTER, LONGEST_PAUSE
from tests.intake.imap_faults import FakeImap, bye, close
from tests.intake.imap_servers import eventually
from tests.intake.mail_rounds import SOURCE, Rounds, mail, rounds


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as fake:
        yield fake


@pytest.fixture
def work(server: FakeImap, blobs: Blobs, tmp_path: Path) -> Iterator[Rounds]:
    source = MailboxSource(source_id=SOURCE, account=server.account(), vendor_id=None)
    with rounds(source, blobs, tmp_path) as opened:
        yield opened


class Impatient(Backoff):
    """Pauses of a hundredth, counted."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.5)
        self.pauses: list[float] = []

    def after(self, error: TemporaryError) -> float:
        self.pauses.append(super().after(error))
        return self.pauses[-1] / 100


def test_the_loop_outlives_a_server_that_hangs_up_and_receives_all_that_came_meanwhile(
    server: FakeImap, work: Rounds
) -> None:
    stop, backoff = threading.Event(), Impatient()
    server.mails[1] = mail(1)
    loop = threading.Thread(target=watch, args=(work.source, work.work), kwargs={"stop": stop, "backoff": backoff})
    loop.start()
    try:
        eventually(lambda: len(work.receipts) == 1)
        server.script |= {"IDLE": bye, "NOOP": close, "SELECT": close, "greeting": close}
        server.mails[2] = mail(2)
        eventually(lambda: len(backoff.pauses) > 3)
        server.script.clear()
        eventually(lambda: len(work.finished) == 2)
    finally:
        stop.set()
        started = time.monotonic()
        loop.join()
    assert time.monotonic() - started < 1
    assert server.moved == {b"Inntak/Mottatt": [1, 2]}
    assert backoff.pauses[:3] == [1, 2, 4]


def test_a_loop_in_a_pause_of_minutes_stops_within_a_second(server: FakeImap, work: Rounds) -> None:
    server.script["greeting"] = close
    stop, backoff = threading.Event(), Backoff(lambda: 0.5)
    loop = threading.Thread(target=watch, args=(work.source, work.work), kwargs={"stop": stop, "backoff": backoff})
    loop.start()
    eventually(lambda: server.connections > 0)
    stop.set()
    started = time.monotonic()
    loop.join()
    assert time.monotonic() - started < 1


def test_a_fault_that_is_not_temporary_ends_the_loop_and_the_connection(server: FakeImap, work: Rounds) -> None:
    def broken() -> bool:
        work.receive()
        raise IntegrityError("blob_corrupt", sha256="0")

    with pytest.raises(IntegrityError):
        watch(work.source, broken, stop=threading.Event(), backoff=Impatient())
    eventually(lambda: server.count("LOGOUT") == 1)


def test_a_talkative_server_does_not_keep_the_loop_busy(server: FakeImap, work: Rounds) -> None:
    """Mail is announced without end and never there."""
    server.script["NOOP"] = lambda talk, tag, arguments: talk.say(b"* 5 EXISTS", tag + b" OK done")
    stop, rounds_done = threading.Event(), []

    def counted() -> bool:
        rounds_done.append(1)
        if len(rounds_done) == 10:
            stop.set()
        return work.work()

    started = time.monotonic()
    watch(work.source, counted, stop=stop, backoff=Impatient())
    assert time.monotonic() - started > 0.8


def test_pauses_double_from_a_second_to_five_minutes_and_begin_anew_when_it_went_well() -> None:
    backoff, lost = Backoff(lambda: 0.5), MailboxUnavailable(Problem.CONNECTION_LOST, source=SOURCE)
    assert [backoff.after(lost) for _ in range(10)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    backoff.reset()
    assert backoff.after(lost) == FIRST_PAUSE


def test_a_refused_password_is_not_tried_again_soon() -> None:
    """Or the account is locked."""
    assert Backoff(lambda: 0.5).after(MailboxUnavailable(Problem.AUTH_FAILED, source=SOURCE)) == LONGEST_PAUSE
    assert Backoff(lambda: 0.5).after(MailboxUnavailable(Problem.TOKEN_EXPIRED, source=SOURCE)) == FIRST_PAUSE


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=0, max_value=30))
def test_a_pause_stays_within_its_bounds(jitter: float, failures: int) -> None:
    backoff, error = Backoff(lambda: jitter), TemporaryError("disk_full", place="x")
    for _ in range(failures):
        backoff.after(error)
    pause, middle = backoff.after(error), min(2**failures, LONGEST_PAUSE)
    assert middle * (1 - JITTER) - 1e-9 <= pause <= middle * (1 + JITTER) + 1e-9


@given(
    st.builds(
        MailKey,
        account=st.text(max_size=20),
        folder=st.text(max_size=20),
        uidvalidity=st.integers(min_value=1, max_value=2**32 - 1),
        uid=st.integers(min_value=1, max_value=2**32 - 1),
    )
)
def test_a_key_is_read_back_as_it_was_written_also_with_the_ledgers_digest(key: MailKey) -> None:
    assert parse_key(str(key)) == parse_key(f"{key}/{'0' * 64}") == key
    assert str(key).count("/") == 3


@pytest.mark.parametrize("problem", list(Problem))
def test_every_problem_has_its_words(problem: Problem) -> None:
    assert has_text(f"errors.{problem}.message")
    assert has_text(f"errors.{problem}.hint")


def test_every_final_state_has_its_place() -> None:
    final = [ReceiptState.RECEIVED, ReceiptState.QUARANTINED, ReceiptState.NOT_AGREEMENT]
    assert {place_of(state) for state in final} == set(Place)
    with pytest.raises(KeyError):
        place_of(ReceiptState.STORED)


def test_nothing_to_finish_needs_no_connection(server: FakeImap, work: Rounds) -> None:
    none: tuple[Receipt, ...] = ()
    assert work.source.finish(none) == ()
    assert server.connections == 0
