"""What the mailbox source needs of an IMAP server: Dovecot with TLS and pymap with STARTTLS pass the same tests."""

import random
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from imapclient import DELETED, SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError

from agreements.ports import Blobs
from intake.receipts import ReceiptState, SourceOutcome
from intake.sources.mailbox import Backoff, MailboxSource, Password, Problem, Taken, Timeouts, watch
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.tokens import CachedTokens, Token
from tests.intake.conftest import FolderBlobs
from tests.intake.imap_servers import (
    USER,
    Dovecot,
    MailServer,
    closing_client,
    dovecot,
    eventually,
    pymap,
)
from tests.intake.mail_rounds import SOURCE, Rounds, mail, rounds
from tests.outbox.mail_servers import throwaway_tls

pytestmark = pytest.mark.contract

Open = Callable[..., Rounds]


@pytest.fixture(scope="module", params=[dovecot, pymap], ids=["dovecot", "pymap"])
def running(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    with request.param() as server:
        yield server


@pytest.fixture(scope="module")
def running_dovecot() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: MailServer) -> MailServer:
    """The server with an empty mailbox."""
    with closing_client(running.client()) as client:
        for _, _, name in client.list_folders():
            with suppress(IMAPClientError):  # INBOX itself, and parents that are no folders
                client.delete_folder(name)
        client.select_folder("INBOX")
        found = client.search()
        if found:
            client.delete_messages(found)
            client.expunge()
    return running


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    (tmp_path / "originals").mkdir()
    return FolderBlobs(tmp_path / "originals")


@pytest.fixture
def opened(server: MailServer, blobs: Blobs, tmp_path: Path) -> Iterator[Open]:
    """Opens a source with its ledger; `account` changes the account."""
    with ExitStack() as stack:

        def open_rounds(*, account: dict[str, Any] | None = None, **options: Any) -> Rounds:
            source = MailboxSource(
                source_id=SOURCE, account=server.account(**(account or {})), vendor_id="fjord", **options
            )
            return stack.enter_context(rounds(source, blobs, tmp_path))

        yield open_rounds


def lying_in(server: MailServer, folder: str) -> dict[int, tuple[bytes, tuple[bytes, ...]]]:
    """Per UID the bytes and the flags, \\Recent aside, as another mail program sees them."""
    with closing_client(server.client()) as client:
        client.select_folder(folder, readonly=True)
        found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"])
    return {
        uid: (parts[b"BODY[]"], tuple(flag for flag in parts[b"FLAGS"] if flag != rb"\Recent"))
        for uid, parts in found.items()
    }


def folders_of(server: MailServer) -> set[str]:
    with closing_client(server.client()) as client:
        return {name for _, _, name in client.list_folders()}


def flag(server: MailServer, flags: list[bytes], *, last: int) -> None:
    """Somebody else marks the last mails of the inbox."""
    with closing_client(server.client()) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search()[-last:], flags)


def without(monkeypatch: pytest.MonkeyPatch, *hidden: str) -> None:
    """A server that lacks some capabilities."""

    def has(client: SafeClient, capability: str) -> bool:
        return capability not in hidden and IMAPClient.has_capability(client, capability)

    monkeypatch.setattr(SafeClient, "has_capability", has)


# --- receiving ------------------------------------------------------------------------------------------------------


def test_delivered_mail_is_stored_byte_for_byte_and_left_unread_in_its_place(server: MailServer, opened: Open) -> None:
    server.deliver(*(mail(number) for number in range(3)))
    before = lying_in(server, "INBOX")
    work = opened()
    scan = work.receive()
    assert work.contents == [stored for stored, _ in before.values()]
    assert [receipt.vendor_id for receipt in work.receipts] == ["fjord"] * 3
    assert (scan.known, scan.more, scan.ignored) == (0, False, {})
    assert lying_in(server, "INBOX") == before


def test_mail_that_somebody_has_read_is_received_all_the_same(server: MailServer, opened: Open) -> None:
    server.deliver(mail(1))
    flag(server, [SEEN], last=1)
    work = opened()
    work.receive()
    assert len(work.receipts) == 1
    assert [flags for _, flags in lying_in(server, "INBOX").values()] == [(SEEN,)]


def test_mail_marked_as_deleted_is_passed_over_and_counted(server: MailServer, opened: Open) -> None:
    server.deliver(mail(1), mail(2))
    flag(server, [DELETED], last=1)
    work = opened()
    scan = work.receive()
    assert (len(work.receipts), scan.ignored, len(scan.present_keys)) == (1, {"deleted": 1}, 1)


def test_a_second_scan_hands_over_only_what_is_new(server: MailServer, opened: Open) -> None:
    server.deliver(mail(1))
    work = opened()
    work.receive()
    server.deliver(mail(2))
    scan = work.receive()
    assert (scan.known, len(scan.ready), len(work.receipts)) == (1, 1, 2)


def test_a_mail_of_many_pieces_is_stored_whole(server: MailServer, opened: Open) -> None:
    line = b"0123456789abcdefghijklmnopqrstuvwxyz" * 2 + b"\r\n"
    server.deliver(mail(1, body=line * 50_000))
    work = opened()
    work.receive()
    assert work.contents == [stored for stored, _ in lying_in(server, "INBOX").values()]
    assert work.receipts[0].size == len(work.contents[0]) > 3_500_000


def test_a_mail_over_the_limit_is_stored_and_marked_as_too_large_to_open(server: MailServer, opened: Open) -> None:
    server.deliver(mail(1, body=b"x" * 70 + b"\r\n" + b"y" * 70))
    work = opened(max_bytes=100)
    (entry,) = work.source.scan().ready
    taken = work.source.take(entry, work.blobs)
    assert taken is not None
    assert taken.finding is not None
    assert (taken.finding.code, taken.finding.params["limit"]) == ("INT-002", 100)


def test_hundreds_of_mails_are_handed_over_in_batches_and_each_once(server: MailServer, opened: Open) -> None:
    server.deliver(*(mail(number) for number in range(60)))
    work = opened()
    answers = [work.receive(limit=25).more for _ in range(4)]
    assert answers == [True, True, False, False]
    assert len({receipt.source_key for receipt in work.receipts}) == len(work.receipts) == 60
    assert work.contents == [stored for stored, _ in lying_in(server, "INBOX").values()]


def test_a_folder_with_norwegian_letters_below_another_is_watched(server: MailServer, opened: Open) -> None:
    name = "Avtaler/P\u00e5 nytt & \u00f8vrig"
    with closing_client(server.client()) as client:
        client.create_folder("Avtaler")
        client.create_folder(name)
        client.append(name, mail(1))
    work = opened(account={"folder": name})
    assert work.work() is False
    assert [finished.place for finished in work.finished] == ["Inntak/Mottatt"]
    assert lying_in(server, name) == {}


# --- finishing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "place"),
    [
        (ReceiptState.RECEIVED, "Inntak/Mottatt"),
        (ReceiptState.QUARANTINED, "Inntak/Karantene"),
        (ReceiptState.NOT_AGREEMENT, "Inntak/Ikke-avtale"),
    ],
)
@pytest.mark.parametrize("lacking", [(), ("MOVE",)], ids=["move", "copy"])
def test_decided_mail_is_moved_to_its_place_unread(  # noqa: PLR0917 - fixtures
    server: MailServer,
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    verdict: ReceiptState,
    place: str,
    lacking: tuple[str, ...],
) -> None:
    without(monkeypatch, *lacking)
    server.deliver(mail(1), mail(2))
    work = opened()
    work.verdict = verdict
    work.work()
    assert [(finished.outcome, finished.place) for finished in work.finished] == [(SourceOutcome.MOVED, place)] * 2
    assert lying_in(server, "INBOX") == {}
    moved = lying_in(server, place).values()
    assert ([stored for stored, _ in moved], {SEEN} & {f for _, flags in moved for f in flags}) == (
        work.contents,
        set(),
    )


@pytest.mark.parametrize("lacking", [(), ("MOVE",)], ids=["move", "copy"])
def test_what_was_moved_before_a_crash_is_only_noted(
    server: MailServer, opened: Open, monkeypatch: pytest.MonkeyPatch, lacking: tuple[str, ...]
) -> None:
    without(monkeypatch, *lacking)
    server.deliver(mail(1))
    work = opened()
    work.receive()
    work.judge()
    decided = work.receipts
    work.source.finish(decided)  # and the process dies before it commits
    work.source.abandon()
    assert [finished.outcome for finished in work.finish()] == [SourceOutcome.GONE]
    assert len(lying_in(server, "Inntak/Mottatt")) == 1


def test_what_somebody_else_marked_as_deleted_is_never_expunged(
    server: MailServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "MOVE")
    server.deliver(mail(1), mail(2))
    flag(server, [DELETED], last=1)
    opened().work()
    assert [flags for _, flags in lying_in(server, "INBOX").values()] == [(DELETED,)]


def test_a_server_that_can_not_move_keeps_its_mail_and_it_is_received_once(
    server: MailServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "MOVE", "UIDPLUS")
    server.deliver(mail(1))
    work = opened()
    work.work()
    assert [(finished.outcome, finished.reason) for finished in work.finished] == [(SourceOutcome.LEFT, "no_move")]
    scan = work.receive()
    assert (scan.known, len(work.receipts)) == (1, 1)


def test_where_moving_is_off_nothing_on_the_server_changes(server: MailServer, opened: Open) -> None:
    server.deliver(mail(1), mail(2))
    before, folders = lying_in(server, "INBOX"), folders_of(server)
    work = opened(move=False)
    work.work()
    work.work()
    assert [finished.outcome for finished in work.finished] == [SourceOutcome.LEFT] * 2
    assert (lying_in(server, "INBOX"), folders_of(server), len(work.receipts)) == (before, folders, 2)


def test_the_folder_that_mail_is_moved_to_is_not_emptied_into_itself(server: MailServer, opened: Open) -> None:
    with closing_client(server.client()) as client:
        client.create_folder("Inntak")
        client.create_folder("Inntak/Mottatt")
        client.append("Inntak/Mottatt", mail(1))
    work = opened(account={"folder": "Inntak/Mottatt"})
    work.work()
    work.work()
    assert [finished.reason for finished in work.finished] == ["own_folder"]
    assert len(work.receipts) == 1


def test_a_mailbox_numbered_anew_gives_new_receipts_on_the_same_documents(server: MailServer, opened: Open) -> None:
    server.deliver(mail(1), mail(2))
    work = opened()
    work.receive()
    work.judge()
    server.renumber()
    eventually(lambda: work.source.scan().ready != ())  # the lost connection costs one try
    work.work()
    hashes = [receipt.sha256 for receipt in work.receipts]
    assert (len(hashes), hashes[:2]) == (4, hashes[2:])
    outcomes = [finished.outcome for finished in work.finished]
    assert outcomes == [SourceOutcome.CHANGED] * 2 + [SourceOutcome.MOVED] * 2
    assert lying_in(server, "INBOX") == {}


# --- waiting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", [(), ("IDLE",)], ids=["idle", "noop"])
def test_mail_that_comes_before_or_during_the_wait_ends_it(
    server: MailServer, opened: Open, monkeypatch: pytest.MonkeyPatch, lacking: tuple[str, ...]
) -> None:
    """Between the search and IDLE the server's word comes together with its "+": imapclient's own IDLE misses that."""
    without(monkeypatch, *lacking)
    work, never = opened(), threading.Event()
    work.receive()
    for number in range(5):
        server.deliver(mail(number))
        started = time.monotonic()
        work.source.wait(never)
        assert time.monotonic() - started < 2
        assert len(work.receive().ready) == 1
    late = threading.Timer(0.3, server.deliver, [mail(9)])
    late.start()
    work.source.wait(never)
    late.join()
    assert len(work.receive().ready) == 1


@pytest.mark.parametrize("which", ["stop", "nudged"])
def test_a_wait_ends_at_once_when_it_is_stopped_or_nudged(opened: Open, which: str) -> None:
    work, events = opened(), {"stop": threading.Event(), "nudged": threading.Event()}
    work.receive()
    timer = threading.Timer(0.2, events[which].set)
    timer.start()
    started = time.monotonic()
    work.source.wait(events["stop"], nudged=events["nudged"])
    timer.join()
    assert time.monotonic() - started < 1.2
    assert work.source.scan().problem is None


def test_a_watched_mailbox_is_emptied_as_mail_comes_at_any_moment_and_stops_within_a_second(
    server: MailServer, opened: Open
) -> None:
    """One announcement missed anywhere in a round would cost the whole slice, which is longer than the test waits."""
    work, stop = opened(account={"timeouts": Timeouts(connect=5, read=5, idle=120)}), threading.Event()
    options = {"stop": stop, "backoff": Backoff(lambda: 0.5)}
    loop = threading.Thread(target=watch, args=(work.source, work.work), kwargs=options)
    moment = random.Random(5)
    loop.start()
    try:
        for number in range(25):
            server.deliver(mail(number))
            if number % 2:  # the next one comes while this one is worked on
                time.sleep(moment.uniform(0, 0.05))
            else:
                eventually(lambda wanted=number + 1: len(work.finished) == wanted)  # type: ignore[misc]
    finally:
        stop.set()
        started = time.monotonic()
        loop.join()
    assert time.monotonic() - started < 1
    assert len(lying_in(server, "Inntak/Mottatt")) == 25


# --- what can be wrong ----------------------------------------------------------------------------------------------


def test_a_wrong_password_is_told(opened: Open) -> None:
    work = opened(account={"credentials": Password(value="feil")})
    assert work.source.scan().problem is Problem.AUTH_FAILED


def test_a_folder_that_is_not_there_is_told(opened: Open) -> None:
    assert opened(account={"folder": "Finnes ikke"}).source.scan().problem is Problem.FOLDER_MISSING


def test_a_certificate_of_an_unknown_authority_is_refused(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = throwaway_tls(tmp_path / "other").client
    assert opened(account={"tls_context": other}).source.scan().problem is Problem.TLS_FAILED


def test_a_certificate_of_another_name_is_refused(opened: Open) -> None:
    assert opened(account={"host": "127.0.0.2"}).source.scan().problem in {Problem.TLS_FAILED, Problem.UNREACHABLE}


def test_a_mail_of_35_megabytes_is_stored_without_being_held_in_memory(
    running_dovecot: Dovecot, tmp_path: Path
) -> None:
    running_dovecot.deliver(mail(1, body=(b"0123456789abcdefghijklmnopqrstuvwxyz" * 2 + b"\r\n") * 473_000))
    source = MailboxSource(source_id=SOURCE, account=running_dovecot.account(), vendor_id=None)
    entry = source.scan().ready[-1]
    tracemalloc.start()
    taken = source.take(entry, FolderBlobs(tmp_path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    source.close()
    assert isinstance(taken, Taken)
    assert taken.size > 35_000_000
    assert peak < 10 * 2**20


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_dovecot_is_reached_by_both_kinds_of_encryption(running_dovecot: Dovecot, tls: str) -> None:
    source = MailboxSource(source_id=SOURCE, account=running_dovecot.account(tls=tls), vendor_id=None)
    assert source.scan().problem is None
    source.close()


def test_an_access_token_is_renewed_when_the_server_no_longer_takes_it(running_dovecot: Dovecot) -> None:
    given = iter(["first", "second", "third"])
    tokens = CachedTokens(lambda: Token(value=next(given), lifetime=3600))
    source = MailboxSource(
        source_id=SOURCE, account=running_dovecot.account(username=USER, credentials=tokens), vendor_id=None
    )
    running_dovecot.trust("first")
    seen = [source.scan().problem]
    source.abandon()  # Microsoft 365 ends the connection when the token does
    running_dovecot.trust("second")
    seen += [source.scan().problem, source.scan().problem]
    source.abandon()
    running_dovecot.trust()
    seen += [source.scan().problem, source.scan().problem]
    assert seen == [None, Problem.TOKEN_EXPIRED, None, Problem.TOKEN_EXPIRED, Problem.TOKEN_REFUSED]
    source.close()
