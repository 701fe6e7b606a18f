"""SIGKILL between claim and record: the message is unknown, waits for a person, and is never sent twice by itself."""

import subprocess
import sys
from pathlib import Path

from outbox.messages import Begin, enqueue, list_messages, settle
from outbox.outcome import Reason
from outbox.states import State
from tests.outbox.mail_servers import Mailbox, RealServer
from tests.outbox.outbox_kit import NOON, FolderBlobs, frozen


def start(database: Path, blobs: FolderBlobs, port: int, *more: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.outbox.sending_child", str(database), str(blobs.root), str(port), *more]
    return subprocess.Popen(program, stdout=subprocess.PIPE, text=True)


def run(database: Path, blobs: FolderBlobs, port: int) -> None:
    with start(database, blobs, port) as child:
        assert child.wait(20) == 0


def put(begin: Begin, blobs: FolderBlobs) -> bytes:
    message, data = frozen(blobs)
    with begin() as conn:
        enqueue(conn, message, now=NOON)
    return data


def state_and_reason(begin: Begin) -> tuple[State, str | None]:
    with begin() as conn:
        (message,) = list_messages(conn)
    return message.state, message.reason


class Killer:
    """Kills the child it is told of when the server calls."""

    child: subprocess.Popen[str] | None = None

    def __call__(self) -> None:
        assert self.child is not None
        self.child.kill()
        self.child.wait(10)


def killed_while_sending(mailbox: Mailbox, killer: Killer, begin: Begin, database: Path, blobs: FolderBlobs) -> bytes:
    """One message, one child killed by the server, then two more children that are left alone."""
    data = put(begin, blobs)
    with RealServer(mailbox) as server:
        with start(database, blobs, server.port) as child:
            killer.child = child
            assert child.wait(20) == -9
        assert state_and_reason(begin) == (State.SENDING, None)
        mailbox.on_rcpt = mailbox.on_data = lambda: None
        for _ in range(2):
            run(database, blobs, server.port)
            assert state_and_reason(begin) == (State.UNKNOWN, Reason.INTERRUPTED)
    return data


def test_killed_after_the_server_took_it_the_message_is_unknown_and_not_sent_again(
    begin: Begin, database: Path, blobs: FolderBlobs
) -> None:
    killer = Killer()
    mailbox = Mailbox(on_data=killer)
    data = killed_while_sending(mailbox, killer, begin, database, blobs)
    assert mailbox.received == [data]


def test_killed_before_the_body_the_message_is_unknown_until_a_person_says_send_again(
    begin: Begin, database: Path, blobs: FolderBlobs
) -> None:
    killer = Killer()
    mailbox = Mailbox(on_rcpt=killer)
    data = killed_while_sending(mailbox, killer, begin, database, blobs)
    assert mailbox.received == []
    with begin() as conn:
        (message,) = list_messages(conn)
        settle(conn, message.id, sent=False, now=NOON)
    with RealServer(mailbox) as server:
        run(database, blobs, server.port)
        run(database, blobs, server.port)
    assert state_and_reason(begin) == (State.SENT, None)
    assert mailbox.received == [data]


def test_killed_right_after_the_claim_nothing_was_sent_and_nothing_is_sent_by_itself(
    begin: Begin, database: Path, blobs: FolderBlobs
) -> None:
    put(begin, blobs)
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        with start(database, blobs, server.port, "stop") as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "claimed\n"
            child.kill()
        assert state_and_reason(begin) == (State.SENDING, None)
        run(database, blobs, server.port)
    assert state_and_reason(begin) == (State.UNKNOWN, Reason.INTERRUPTED)
    assert mailbox.received == []
