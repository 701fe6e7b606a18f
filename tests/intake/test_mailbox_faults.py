"""Servers that break off, freeze, lie or attack: nothing is lost, nothing spins, and the state says what is wrong."""

import io
import logging
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreements.errors import ConfigurationError, TemporaryError
from agreements.findings import INT_MAIL_NOT_GIVEN
from agreements.ports import Blobs
from intake.receipts import ReceiptState, SourceOutcome
from intake.sources.mailbox import (
    Account,
    MailboxSource,
    MailboxState,
    MailboxUnavailable,
    Password,
    Problem,
    Refused,
    Taken,
)
from intake.sources.mailbox.source import MAX_STORED_BYTES, STRIKES
from intake.sources.mailbox.tokens import CachedTokens, Token
from tests.intake.imap_faults import BRISK, Answer, FakeImap, Talk, bye, close, freeze, no, say
from tests.intake.mail_rounds import SOURCE, Rounds, mail, rounds
from tests.outbox.mail_servers import closed_port

Open = Callable[..., Rounds]


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as fake:
        yield fake


@pytest.fixture
def opened(server: FakeImap, blobs: Blobs, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_rounds(*, account: dict[str, Any] | None = None, **options: Any) -> Rounds:
            source = MailboxSource(
                source_id=SOURCE, account=server.account(**(account or {})), vendor_id=None, **options
            )
            return stack.enter_context(rounds(source, blobs, tmp_path))

        yield open_rounds


def idling_until(server: FakeImap, after_done: Answer) -> None:
    """What the server says when it is told DONE."""
    server.script["DONE"] = after_done


# --- waiting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("idle", "rest"),
    [
        pytest.param(say(b"+ idling", b"* 1 EXISTS"), b"", id="glued to the plus"),
        pytest.param(say(b"* 1 EXISTS", b"+ idling"), b"", id="before the plus"),
        pytest.param(lambda talk, tag, arguments: talk.say_raw(b"+ idling\r\n* 1 EXI"), b"STS", id="split line"),
    ],
)
def test_mail_announced_in_any_way_ends_the_wait_on_the_same_connection(
    server: FakeImap, opened: Open, idle: Answer, rest: bytes
) -> None:
    work = opened()
    work.receive()
    server.script["IDLE"] = idle
    idling_until(server, say(rest, b"TAG OK done") if rest else say(b"TAG OK done"))
    server.mails[1] = mail(1)
    started = time.monotonic()
    work.source.wait(threading.Event())
    assert time.monotonic() - started < 0.4
    work.receive()
    assert (len(work.receipts), server.connections) == (1, 1)


def test_mail_announced_while_other_mail_was_fetched_is_not_waited_for(server: FakeImap, opened: Open) -> None:
    def fetch(talk: Talk, tag: bytes, arguments: bytes) -> None:
        if b"BODY" in arguments:
            server.mails[2] = mail(2)
            talk.say(b"* 2 EXISTS")
        server._uid_fetch(talk, tag, arguments)

    server.mails[1] = mail(1)
    server.script["UID FETCH"] = fetch
    work = opened()
    work.receive()
    started = time.monotonic()
    work.source.wait(threading.Event())
    assert (time.monotonic() - started < 0.4, server.count("IDLE")) == (True, 0)


def test_mail_that_comes_between_the_scan_and_the_finish_is_not_waited_for(server: FakeImap, opened: Open) -> None:
    """Opening the folder anew is when the server tells of it, and it does not tell again."""
    server.mails[1] = mail(1)
    work = opened()
    work.receive()
    work.judge()
    server.mails[2] = mail(2)
    work.finish()
    started = time.monotonic()
    work.source.wait(threading.Event())
    assert (time.monotonic() - started < 0.4, server.count("IDLE")) == (True, 0)
    work.work()
    work.receive()
    timeouts = server.account().timeouts
    started = time.monotonic()
    work.source.wait(threading.Event())
    assert (len(work.receipts), time.monotonic() - started >= timeouts.idle - 0.5) == (2, True)


@pytest.mark.parametrize("fault", [close, bye], ids=["end", "bye"])
def test_a_connection_that_ends_while_we_wait_is_noticed_at_once_and_made_anew(
    server: FakeImap, opened: Open, fault: Answer
) -> None:
    work = opened()
    work.receive()

    def idle(talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"+ idling")
        fault(talk, tag, arguments)

    server.script["IDLE"] = idle
    started, used = time.monotonic(), time.process_time()
    with pytest.raises(MailboxUnavailable, match="mailbox_connection_lost"):
        work.source.wait(threading.Event())
    assert (time.monotonic() - started < 0.5, time.process_time() - used < 0.3) == (True, True)
    server.mails[1] = mail(1)
    work.receive()
    assert (len(work.receipts), server.connections) == (1, 2)


def test_a_frozen_server_is_found_out_after_the_slice_without_using_the_processor(
    server: FakeImap, opened: Open
) -> None:
    timeouts = type(BRISK)(connect=2, read=0.3, idle=1, poll=1, leave=0.2)
    work = opened(account={"timeouts": timeouts})
    work.receive()
    idling_until(server, freeze)
    started, used = time.monotonic(), time.process_time()
    with pytest.raises(MailboxUnavailable, match="mailbox_connection_lost"):
        work.source.wait(threading.Event())
    assert 1 <= time.monotonic() - started < 2
    assert time.process_time() - used < 0.1


def test_a_frozen_server_does_not_keep_us_from_stopping(server: FakeImap, opened: Open) -> None:
    work, stop = opened(account={"timeouts": type(BRISK)(connect=2, read=30, idle=60)}), threading.Event()
    work.receive()
    idling_until(server, freeze)
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    started = time.monotonic()
    work.source.wait(stop)
    timer.join()
    assert time.monotonic() - started < 1


def test_a_read_that_hangs_can_be_ended_from_another_thread(server: FakeImap, opened: Open) -> None:
    server.mails[1] = mail(1)
    work = opened(account={"timeouts": type(BRISK)(connect=2, read=30)})
    work.receive()
    server.script["UID SEARCH"] = freeze
    timer = threading.Timer(0.2, work.source.interrupt)
    timer.start()
    started = time.monotonic()
    assert work.source.scan().problem is Problem.CONNECTION_LOST
    timer.join()
    assert time.monotonic() - started < 1


def test_chatter_that_is_no_mail_neither_ends_the_wait_nor_keeps_us_busy(server: FakeImap, opened: Open) -> None:
    server.script["IDLE"] = say(b"+ idling", b"* OK still (here", b"* 1 FETCH (FLAGS (\\Seen))")
    work = opened(account={"timeouts": type(BRISK)(connect=2, read=1, idle=2)})
    work.receive()
    started = time.monotonic()
    work.source.wait(threading.Event())
    assert time.monotonic() - started >= 2
    assert server.count("IDLE") <= 3


def test_a_server_that_refuses_idle_is_a_connection_to_be_made_anew(server: FakeImap, opened: Open) -> None:
    server.script["IDLE"] = no(b"not now")
    work = opened()
    work.receive()
    with pytest.raises(MailboxUnavailable, match="mailbox_connection_lost"):
        work.source.wait(threading.Event())


# --- receiving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["SELECT", "UID SEARCH", "UID FETCH"])
@pytest.mark.parametrize("fault", [close, bye, freeze], ids=["end", "bye", "frozen"])
def test_a_fault_at_any_command_is_told_and_the_next_round_receives_everything(
    server: FakeImap, opened: Open, command: str, fault: Answer
) -> None:
    server.mails |= {1: mail(1), 2: mail(2)}
    server.script[command] = fault
    work = opened()
    with pytest.raises(MailboxUnavailable, match="mailbox_connection_lost"):
        work.receive()
    server.script.clear()
    work.receive()
    assert work.contents == list(server.mails.values())


def test_a_connection_that_breaks_in_the_middle_of_a_mail_stores_nothing_of_it(
    server: FakeImap, opened: Open, tmp_path: Path
) -> None:
    server.mails[1] = mail(1, body=b"x" * 3_000_000)

    def break_off(talk: Talk, tag: bytes, arguments: bytes) -> None:
        if b"<1048576." in arguments:
            talk.say_raw(b"* 1 FETCH (UID 1 BODY[]<1048576> {1000000}\r\n" + b"x" * 500)
            raise ConnectionAbortedError
        server._uid_fetch(talk, tag, arguments)

    server.script["UID FETCH"] = break_off
    work = opened()
    with pytest.raises(MailboxUnavailable):
        work.receive()
    assert work.receipts == ()
    del server.script["UID FETCH"]
    work.receive()
    assert work.contents == [server.mails[1]]


def test_a_full_disk_is_no_fault_of_the_server(server: FakeImap, opened: Open) -> None:
    class Full:
        def put_stream(self, stream: io.BufferedReader) -> tuple[str, int]:
            stream.read(10)
            raise TemporaryError("disk_full", place="x")

    server.mails[1] = mail(1)
    work = opened()
    (entry,) = work.source.scan().ready
    with pytest.raises(TemporaryError, match="disk_full"):
        work.source.take(entry, Full())  # type: ignore[arg-type]
    work.receive()
    assert (work.contents, server.connections) == ([mail(1)], 1)


@pytest.mark.parametrize("announced", [0, 10, 5_000_000])
@pytest.mark.parametrize("largest", [1000, 2**30])
def test_neither_wrong_sizes_nor_small_pieces_cut_a_mail_short(
    server: FakeImap, opened: Open, announced: int, largest: int
) -> None:
    server.mails[1] = mail(1, body=b"0123456789" * 1000)
    server.sizes[1] = announced
    server.largest_piece = largest if announced > 20_000 else 2**30
    work = opened()
    work.receive()
    assert work.contents == [server.mails[1]]
    assert work.receipts[0].size == len(server.mails[1])


def test_a_mail_that_the_server_will_not_give_stays_and_does_not_hold_up_the_others(
    server: FakeImap, opened: Open
) -> None:
    def fetch(talk: Talk, tag: bytes, arguments: bytes) -> None:
        if b"BODY" in arguments and arguments.startswith(b"1 "):
            talk.say(tag + b" NO [SERVERBUG] no")
        else:
            server._uid_fetch(talk, tag, arguments)

    server.mails |= {1: mail(1), 2: mail(2)}
    server.script["UID FETCH"] = fetch
    work = opened()
    work.work()
    states = {receipt.display_name: (receipt.state, receipt.reason) for receipt in work.receipts}
    assert states["2.eml"] == (ReceiptState.RECEIVED, None)
    state, reason = states["1.eml"]
    assert state is ReceiptState.SEEN
    assert reason == INT_MAIL_NOT_GIVEN(reason="SERVERBUG")
    server.script.clear()
    work.work()
    assert sorted(work.contents) == [mail(1), mail(2)]
    assert server.mails == {}


def test_many_mails_that_can_not_be_had_neither_hide_the_others_nor_keep_us_busy(
    server: FakeImap, opened: Open
) -> None:
    def fetch(talk: Talk, tag: bytes, arguments: bytes) -> None:
        if b"BODY" in arguments and int(arguments.partition(b" ")[0]) <= 5:
            talk.say(tag + b" NO [SERVERBUG] no")
        else:
            server._uid_fetch(talk, tag, arguments)

    server.mails |= {uid: mail(uid) for uid in range(1, 8)}
    server.script["UID FETCH"] = fetch
    work = opened()
    assert [work.receive(limit=3).more for _ in range(4)] == [True, True, False, False]
    assert work.contents == [mail(6), mail(7)]
    assert len(work.receipts) == 7


def test_a_mail_whose_size_the_server_can_not_tell_does_not_hold_up_the_others(server: FakeImap, opened: Open) -> None:
    def fetch(talk: Talk, tag: bytes, arguments: bytes) -> None:
        if b"3" in arguments.partition(b" ")[0].split(b","):
            talk.say(tag + b" NO [SERVERBUG] broken file")
        else:
            server._uid_fetch(talk, tag, arguments)

    server.mails |= {uid: mail(uid) for uid in range(1, 8)}
    server.script["UID FETCH"] = fetch
    work = opened()
    work.work()
    states = {receipt.display_name: receipt.state for receipt in work.receipts}
    assert (states.pop("3.eml"), set(states.values())) == (ReceiptState.SEEN, {ReceiptState.RECEIVED})
    assert len(states) == 6


def test_a_mail_that_always_breaks_the_connection_comes_after_all_others(server: FakeImap, opened: Open) -> None:
    def fetch(talk: Talk, tag: bytes, arguments: bytes) -> None:
        if b"BODY" in arguments and arguments.startswith(b"1 "):
            raise ConnectionAbortedError
        server._uid_fetch(talk, tag, arguments)

    server.mails |= {1: mail(1), 2: mail(2)}
    server.script["UID FETCH"] = fetch
    work = opened()
    for _ in range(STRIKES - 1):
        with pytest.raises(MailboxUnavailable):
            work.receive()
    work.receive()
    work.receive()
    states = {receipt.display_name: receipt.state for receipt in work.receipts}
    assert states == {"1.eml": ReceiptState.SEEN, "2.eml": ReceiptState.STORED}


def test_mail_that_went_away_between_the_scan_and_the_fetch_is_nothing(server: FakeImap, opened: Open) -> None:
    server.mails[1] = mail(1)
    work = opened()
    (entry,) = work.source.scan().ready
    server.mails.clear()
    assert work.source.take(entry, work.blobs) is None


def test_an_entry_of_an_earlier_numbering_is_never_fetched(server: FakeImap, opened: Open) -> None:
    """Its UID may be another mail's by now."""
    server.mails[1] = mail(1)
    work = opened()
    (entry,) = work.source.scan().ready
    server.uidvalidity, server.mails[1] = 8, mail(2)
    assert len(work.source.scan().ready) == 1
    assert work.source.take(entry, work.blobs) is None
    assert server.count("UID FETCH") == 2  # the sizes


def test_a_gigantic_mail_is_refused_unread_and_moved_out_of_the_way(server: FakeImap, opened: Open) -> None:
    server.mails[1] = mail(1)
    server.sizes[1] = MAX_STORED_BYTES + 1
    work = opened()
    work.work()
    (receipt,) = work.receipts
    assert (receipt.state, receipt.sha256) == (ReceiptState.QUARANTINED, None)
    assert [finished.place for finished in work.finished] == ["Inntak/Karantene"]


def test_a_mail_that_never_ends_is_cut_off_at_the_limit(
    server: FakeImap, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.sources.mailbox.source.MAX_STORED_BYTES", 3_000_000)
    server.sizes[1] = 100

    def endless(talk: Talk, tag: bytes, arguments: bytes) -> None:
        start = arguments.partition(b"<")[2].partition(b".")[0]
        if not start:
            return server._uid_fetch(talk, tag, arguments)
        return talk.say(b"* 1 FETCH (UID 1 BODY[]<%b> {1048576}" % start, b"x" * 1048576 + b")", tag + b" OK done")

    server.mails[1] = b"x"
    server.script["UID FETCH"] = endless
    work = opened()
    (entry,) = work.source.scan().ready
    refused = work.source.take(entry, work.blobs)
    assert isinstance(refused, Refused)
    assert (refused.finding.code, refused.try_again) == ("INT-002", False)


def test_twenty_thousand_mails_are_found_without_a_command_that_servers_refuse(server: FakeImap, opened: Open) -> None:
    server.mails |= {1_000_000 + number: b"x" for number in range(20_000)}
    work = opened()
    scan = work.source.scan(limit=20_000)
    assert len(scan.ready) == len(scan.present_keys) == 20_000
    assert server.longest_line < 8000  # Dovecot 2.3 refuses more


def test_a_folder_larger_than_one_line_of_answer_is_searched_in_parts(server: FakeImap, opened: Open) -> None:
    server.mails |= {4_000_000_000 + number: b"x" for number in range(200_001)}
    scan = opened().source.scan(limit=1)
    assert (len(scan.present_keys), scan.more) == (200_001, True)
    assert [arguments.split()[0] for name, arguments in server.commands if name == "UID SEARCH"] == [
        b"1:80000",
        b"80001:160000",
        b"160001:200001",
    ]


# --- hostile bytes --------------------------------------------------------------------------------------------------


def endless_lines(talk: Talk, tag: bytes, arguments: bytes) -> None:
    while True:
        talk.say_raw(b"* OK more\r\n" * 1000)


def endless_line(talk: Talk, tag: bytes, arguments: bytes) -> None:
    while True:
        talk.say_raw(b"x" * 10_000)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(endless_lines, id="endless lines"),
        pytest.param(endless_line, id="endless line"),
        pytest.param(say(b"* 1 FETCH (UID 1 BODY[]<0> {9000000000}"), id="endless literal"),
        pytest.param(say(b"* 1 FETCH " + b"(" * 20_000 + b")" * 20_000, b"TAG OK"), id="deep nesting"),
        pytest.param(say(b"* SEARCH 1 x 2", b"TAG OK"), id="no numbers"),
        pytest.param(say(b"* SEARCH 1", b"* SEARCH 2", b"TAG OK"), id="two answers"),
        pytest.param(say(b"* OK [UIDVALIDITY x] no", b"TAG OK"), id="no uidvalidity"),
        pytest.param(say(b"\xff\xfe\x00", b"TAG OK"), id="no protocol"),
        pytest.param(say(b"Z1 OK not yours"), id="another tag"),
    ],
)
@pytest.mark.parametrize("command", ["SELECT", "UID SEARCH", "UID FETCH", "CAPABILITY", "AUTHENTICATE", "greeting"])
def test_hostile_answers_end_the_connection_within_bounds(
    server: FakeImap, opened: Open, command: str, answer: Answer
) -> None:
    server.mails[1] = mail(1)
    server.script[command] = answer
    tracemalloc.start()
    try:
        scan = opened().source.scan()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert scan.state is MailboxState.UNAVAILABLE or scan.ready == () or command == "AUTHENTICATE"
    assert peak < 64 * 2**20


def test_a_piece_larger_than_asked_for_is_refused(server: FakeImap, opened: Open) -> None:
    server.mails[1] = mail(1)
    work = opened()
    (entry,) = work.source.scan().ready
    server.script["UID FETCH"] = say(b"* 1 FETCH (UID 1 BODY[]<0> {1048577}", b"x" * 1048577 + b")", b"TAG OK done")
    with pytest.raises(MailboxUnavailable):
        work.source.take(entry, work.blobs)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    command=st.sampled_from(["SELECT", "UID SEARCH", "UID FETCH", "CAPABILITY", "AUTHENTICATE"]),
    lines=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.from_regex(rb"\* [0-9]{1,3} (FETCH|EXISTS|EXPUNGE) [(){}A-Z0-9<>\[\]\" .]{0,30}", fullmatch=True),
            st.from_regex(rb"\* (SEARCH|OK|NO|BYE|CAPABILITY|LIST)[(){}A-Z0-9<>\[\]\" .]{0,30}", fullmatch=True),
        ),
        max_size=5,
    ),
    end=st.sampled_from([b"TAG OK done", b"TAG NO [X] no", b"TAG BAD", b""]),
)
def test_whatever_a_server_answers_a_scan_never_raises(
    server: FakeImap, command: str, lines: list[bytes], end: bytes
) -> None:
    server.mails = {1: mail(1)}

    def answer(talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(*(line.replace(b"TAG", tag) for line in [*lines, end]))
        raise ConnectionAbortedError

    server.script = {command: answer}
    source = MailboxSource(source_id=SOURCE, account=server.account(), vendor_id=None)
    scan = source.scan()
    assert (scan.state is MailboxState.UNAVAILABLE) == (scan.problem is not None)
    source.abandon()


# --- connecting -----------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with closed_port() as port:
        account = Account(
            host="127.0.0.1", port=port, tls="none", username="a", credentials=Password(value="b"), timeouts=BRISK
        )
        source = MailboxSource(source_id=SOURCE, account=account, vendor_id=None)
        assert source.scan().problem is Problem.UNREACHABLE


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ({"greeting": say(b"* BYE too many connections")}, Problem.BUSY),
        ({"greeting": close}, Problem.CONNECTION_LOST),
        ({"greeting": freeze}, Problem.UNREACHABLE),
        ({"AUTHENTICATE": no(b"[AUTHENTICATIONFAILED] no")}, Problem.AUTH_FAILED),
        ({"AUTHENTICATE": no(b"[UNAVAILABLE] later")}, Problem.BUSY),
        ({"AUTHENTICATE": close}, Problem.CONNECTION_LOST),
        ({"SELECT": no(b"[NONEXISTENT] no such folder")}, Problem.FOLDER_MISSING),
        ({"SELECT": no(b"[NOPERM] no")}, Problem.FOLDER_MISSING),
        ({"SELECT": no(b"[INUSE] locked")}, Problem.BUSY),
        ({"UID SEARCH": no(b"[SERVERBUG] oh")}, Problem.BUSY),
        ({"UID SEARCH": say(b"TAG BAD what")}, Problem.PROTOCOL),
    ],
)
def test_every_kind_of_fault_has_its_problem(
    server: FakeImap, opened: Open, script: dict[str, Answer], problem: Problem
) -> None:
    server.script |= script
    server.mails[1] = mail(1)
    scan = opened().source.scan()
    assert (scan.state, scan.problem) == (MailboxState.UNAVAILABLE, problem)


def test_without_encryption_where_it_is_required_no_password_is_sent(server: FakeImap, opened: Open) -> None:
    assert opened(account={"tls": "starttls"}).source.scan().problem is Problem.TLS_FAILED
    server.capabilities += b" STARTTLS"
    assert opened(account={"tls": "starttls"}).source.scan().problem is Problem.TLS_FAILED
    server.script["greeting"] = say(b"* PREAUTH welcome")
    assert opened(account={"tls": "starttls"}).source.scan().problem is Problem.TLS_FAILED
    assert (server.count("LOGIN"), server.count("AUTHENTICATE"), server.count("SELECT")) == (0, 0, 0)


def test_a_server_without_plain_is_logged_in_to_by_login(server: FakeImap, opened: Open) -> None:
    server.capabilities = b"IMAP4rev1"
    assert opened().source.scan().problem is None
    assert [arguments for name, arguments in server.commands if name == "LOGIN"] == [b'avtaler "passord"']
    assert opened(account={"credentials": Password(value="p\u00e6ss")}).source.scan().problem is Problem.AUTH_FAILED
    server.capabilities = b"IMAP4rev1 LOGINDISABLED"
    assert opened().source.scan().problem is Problem.AUTH_FAILED
    assert server.count("LOGIN") == 1


def test_mail_without_encryption_is_for_this_machine_only() -> None:
    with pytest.raises(ConfigurationError, match="mailbox_plain"):
        Account(host="mail.example.org", tls="none", username="a", credentials=Password(value="b"))


def test_an_expired_token_is_thrown_away_and_a_fresh_one_that_is_refused_is_another_problem(
    server: FakeImap, opened: Open
) -> None:
    asked: list[int] = []

    def fetch() -> Token:
        asked.append(1)
        return Token(value=f"token{len(asked)}", lifetime=3600)

    def check(talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"+ eyJzdGF0dXMiOiI0MDEifQ==")
        talk.connection.recv(100)  # the empty answer that the explanation wants
        talk.say(tag + b" NO [AUTHENTICATIONFAILED] invalid credentials")

    work = opened(account={"credentials": CachedTokens(fetch)})
    assert work.source.scan().problem is None
    work.source.abandon()
    server.script["AUTHENTICATE"] = check
    assert [work.source.scan().problem for _ in range(2)] == [Problem.TOKEN_EXPIRED, Problem.TOKEN_REFUSED]
    server.script.clear()
    assert work.source.scan().problem is None
    assert len(asked) == 3


# --- finishing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [no(b"[OVERQUOTA] full"), no(b"[TRYCREATE] gone"), say(b"TAG OK not really")],
    ids=["full", "gone", "not done"],
)
def test_mail_that_can_not_be_moved_now_stays_due_and_is_told(server: FakeImap, opened: Open, fault: Answer) -> None:
    server.mails[1] = mail(1)
    server.script["UID MOVE"] = fault
    work = opened()
    with pytest.raises(MailboxUnavailable, match="mailbox_move_refused"):
        work.work()
    server.script.clear()
    work.work()
    assert [finished.outcome for finished in work.finished] == [SourceOutcome.MOVED]
    assert server.connections == 1


@pytest.mark.parametrize("command", ["UID MOVE", "CREATE"])
def test_mail_that_may_never_be_moved_is_left_and_remembered(server: FakeImap, opened: Open, command: str) -> None:
    server.mails[1] = mail(1)
    server.script[command] = no(b"[NOPERM] not yours")
    work = opened()
    work.work()
    work.work()
    assert [(finished.outcome, finished.reason) for finished in work.finished] == [(SourceOutcome.LEFT, "NOPERM")]
    assert len(work.receipts) == 1


def test_a_mailbox_that_may_only_be_read_works_from_the_ledger(server: FakeImap, opened: Open) -> None:
    server.mails[1] = mail(1)
    server.script["SELECT"] = server._examine
    work = opened()
    work.work()
    work.work()
    assert [(finished.outcome, finished.reason) for finished in work.finished] == [(SourceOutcome.LEFT, "read_only")]
    assert (len(work.receipts), work.source.scan().problem) == (1, None)


def test_mail_that_can_be_copied_but_not_taken_away_is_copied_once(server: FakeImap, opened: Open) -> None:
    """osTicket made 14,400 copies a day."""
    server.capabilities = b"IMAP4rev1 AUTH=PLAIN UIDPLUS NAMESPACE"
    server.mails[1] = mail(1)
    server.script["UID STORE"] = no(b"[INUSE] locked")
    work = opened()
    for _ in range(4):
        with pytest.raises(MailboxUnavailable, match="mailbox_move_refused"):
            work.work()
    server.script["UID STORE"] = close
    with pytest.raises(MailboxUnavailable, match="mailbox_connection_lost"):
        work.work()
    server.script.clear()
    work.work()
    assert server.moved == {b"Inntak/Mottatt": [1]}
    assert (server.mails, [finished.outcome for finished in work.finished]) == ({}, [SourceOutcome.MOVED])


@pytest.mark.parametrize(
    ("namespace", "capabilities", "name"),
    [
        (b'(("INBOX." ".")) NIL NIL', b"NAMESPACE", b"INBOX.Inntak.Mottatt"),
        (b'NIL NIL (("Felles/" "/"))', b"NAMESPACE", b"Inntak/Mottatt"),
        (b"", b"", b"Inntak/Mottatt"),
    ],
)
def test_our_folders_stand_where_the_server_wants_them(
    server: FakeImap, opened: Open, namespace: bytes, capabilities: bytes, name: bytes
) -> None:
    server.namespace, server.capabilities = namespace, b"IMAP4rev1 AUTH=PLAIN MOVE " + capabilities
    server.mails[1] = mail(1)
    opened().work()
    assert (server.moved, server.folders) == ({name: [1]}, {name})


def test_a_server_without_a_hierarchy_gets_flat_folders(server: FakeImap, opened: Open) -> None:
    server.capabilities = b"IMAP4rev1 AUTH=PLAIN MOVE"
    server.script["LIST"] = say(b'* LIST () NIL ""', b"TAG OK done")
    server.mails[1] = mail(1)
    opened().work()
    assert server.moved == {b"Inntak-Mottatt": [1]}


def test_receipts_of_another_mailbox_are_left_alone(server: FakeImap, opened: Open) -> None:
    server.mails[1] = mail(1)
    work = opened()
    work.receive()
    work.judge()
    decided = work.receipts
    other = opened(account={"username": "kopi"})
    assert [finished.reason for finished in other.source.finish(decided)] == ["other_mailbox"]
    assert server.mails == {1: mail(1)}


# --- privacy --------------------------------------------------------------------------------------------------------


def test_our_logs_name_neither_people_nor_mail(
    server: FakeImap, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    server.mails[1] = b"Subject: Hemmelig-emne\r\n\r\nHemmelig-tekst\r\n"
    server.sizes[1] = 5
    with caplog.at_level(logging.DEBUG):
        work = opened(account={"username": "hemmelig-bruker", "credentials": Password(value="hemmelig-ord")})
        work.work()
        server.mails[2] = mail(2)
        server.script["UID SEARCH"] = say(b"* SEARCH hemmelig-svar", b"TAG OK done")
        with pytest.raises(MailboxUnavailable):
            work.work()
    ours = [record for record in caplog.records if record.name.startswith("intake")]
    assert ours
    assert "hemmelig" not in "".join(str(record.__dict__) for record in ours).casefold().replace("test_our_logs", "")


def test_a_taken_mail_says_what_it_is(server: FakeImap, opened: Open) -> None:
    server.mails[42] = mail(1)
    work = opened()
    (entry,) = work.source.scan().ready
    taken = work.source.take(entry, work.blobs)
    assert isinstance(taken, Taken)
    delivery = taken.delivery()
    assert (delivery.display_name, delivery.size) == ("42.eml", len(mail(1)))
    assert delivery.source_key == "avtaler%40127.0.0.1/INBOX/7/42"
