"""What every message would meet stops the whole queue, for as long as is published, whoever asks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from outbox.messages import Begin, find, list_messages, retry
from outbox.outcome import Reason
from outbox.pace import Pace
from outbox.sending import Pass, Sender, deliver_due
from outbox.states import State
from tests.outbox.mail_servers import CLOSE, FaultyServer, Mailbox, RealServer
from tests.outbox.outbox_kit import NOON, FolderBlobs, Hands

SOON = timedelta(seconds=1)


def wrong_password() -> FaultyServer:
    return FaultyServer(EHLO="250-x\r\n250 AUTH PLAIN", AUTH="535 5.7.8 no")


def log_ins(server: FaultyServer) -> int:
    return len([command for command in server.commands if command.startswith("AUTH")])


def test_a_wrong_password_is_tried_less_and_less_often_and_blocks_nothing(
    put: Any, begin: Begin, sender: Sender
) -> None:
    for key in "ABCDEFGHIJ":
        put(key)
    hands, tried = Hands(), list[float]()
    with wrong_password() as server:
        sender = replace(sender, server=server.settings(username="a", password="b"), clock=hands)
        for _ in range(8 * 60 * 6):  # a pass every ten seconds for eight hours, each by another process
            done = deliver_due(replace(sender, pace=Pace(None)))
            assert done.stopped == "auth_refused"
            if done.attempted:
                tried.append((hands.now - NOON).total_seconds() / 60)
            hands.now += timedelta(seconds=10)
        assert log_ins(server) == len(tried)
    assert tried[:8] == [0, 1, 3, 8, 23, 53, 113, 173]
    with begin() as conn:
        assert {message.state for message in list_messages(conn)} == {State.QUEUED}


def test_what_a_person_sends_again_ends_the_standstill_for_all(
    put: Any, begin: Begin, sender: Sender, states: Any
) -> None:
    rows = [put(key)[0] for key in "ABC"]
    with wrong_password() as server:
        deliver_due(replace(sender, server=server.settings(username="a", password="b")))
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        sender = replace(sender, server=server.settings())
        assert deliver_due(sender).attempted == 0
        with begin() as conn:
            assert retry(conn, rows[0], now=NOON).state is State.QUEUED
        assert deliver_due(sender).attempted == 3
    assert states() == [State.SENT] * 3
    assert len(mailbox.received) == 3


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ({"MAIL": "451 4.7.500 Server busy"}, ("throttled", State.QUEUED)),
        ({"MAIL": "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"}, ("throttled", State.QUEUED)),
        ({"greeting": "554 5.7.1 your address is blocked"}, ("service_refused", State.QUEUED)),
        ({"MAIL": "550 5.7.60 not as this sender"}, ("sender_refused", State.BLOCKED)),
        ({"dot": CLOSE}, ("no_final_reply", State.UNKNOWN)),
    ],
)
def test_what_every_message_would_meet_stops_the_whole_queue_for_a_minute(
    put: Any, states: Any, sender: Sender, script: dict[str, object], ended: tuple[str, State]
) -> None:
    reason, state = ended
    for key in "ABC":
        put(key)
    hands = Hands()
    with FaultyServer(**script) as server:
        sender = replace(sender, server=server.settings(), clock=hands)
        assert deliver_due(sender) == Pass(attempted=1, resume_at=NOON + timedelta(minutes=1), stopped=reason)
        hands.now += timedelta(seconds=59)
        assert deliver_due(sender) == Pass(attempted=0, resume_at=NOON + timedelta(minutes=1), stopped=reason)
    assert states() == [state, State.QUEUED, State.QUEUED]
    hands.now += SOON
    with RealServer(Mailbox()) as well:
        done = deliver_due(replace(sender, server=well.settings()))
    assert done.attempted >= 2  # and the first one's own time may have come
    assert done.stopped is None


def test_a_greylisted_recipient_holds_up_nobody_else(put: Any, states: Any, sender: Sender) -> None:
    put("A")
    put("B")
    with FaultyServer(RCPT=["450 4.2.0 greylisted", "250 OK"]) as server:
        done = deliver_due(replace(sender, server=server.settings()))
    assert (done.attempted, done.stopped) == (2, None)
    assert states() == [State.QUEUED, State.SENT]


def test_damaged_bytes_between_two_refused_log_ins_make_no_new_beginning(
    put: Any, begin: Begin, sender: Sender
) -> None:
    put("damaged", now=NOON + SOON)
    hands = Hands()
    with begin() as conn:
        (damaged,) = list_messages(conn)
    blobs = sender.blobs
    assert isinstance(blobs, FolderBlobs)
    (blobs.root / damaged.sha256).unlink()
    put("A", now=NOON)
    put("B", now=NOON + 2 * SOON)
    with wrong_password() as server:
        sender = replace(sender, server=server.settings(username="a", password="b"), clock=hands)
        deliver_due(sender)
        hands.now += timedelta(minutes=1)
        assert deliver_due(sender) == Pass(
            attempted=2, resume_at=hands.now + timedelta(minutes=2), stopped="auth_refused"
        )
    with begin() as conn:
        found = find(conn, damaged.id)
    assert found is not None
    assert found.reason == Reason.BYTES_MISSING
