"""A pass: claim, send outside any transaction, record with the caller's follow-up."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.errors import TemporaryError
from outbox.attempts import claim_due
from outbox.backoff import STEPS
from outbox.history import History, list_history
from outbox.messages import Begin, Connection, Message, find, list_messages, withdraw
from outbox.outcome import Phase, Reason, Result
from outbox.pace import Pace
from outbox.sending import GO, RECORD_TRIES, Pass, Permit, Sender, deliver_due, read_pace
from outbox.smtp import SmtpServer, session
from outbox.states import State
from tests.outbox.mail_servers import CLOSE, FaultyServer, Mailbox, RealServer, closed_port
from tests.outbox.outbox_kit import NOON, RECIPIENT, Case, FolderBlobs, Hands

SOON = timedelta(seconds=1)


def test_everything_due_is_sent_oldest_first_with_the_case_told_in_the_same_transaction(
    put: Any, begin: Begin, sender: Sender
) -> None:
    late, late_data = put("late", now=NOON)
    early, early_data = put("early", now=NOON - SOON)
    future, _ = put("future", now=NOON + SOON)
    mailbox, case = Mailbox(), Case()
    with RealServer(mailbox) as server:
        done = deliver_due(replace(sender, server=server.settings(), on_outcome=case))
    assert (done.attempted, done.resume_at) == (2, None)
    assert mailbox.received == [early_data, late_data]
    assert case.told == [(early, State.SENT, Result.SENT), (late, State.SENT, Result.SENT)]
    with begin() as conn:
        sent, waiting = find(conn, early), find(conn, future)
    assert sent is not None
    assert (sent.reply, sent.sent_at) == ("250 2.0.0 Ok: queued as 0001", NOON)
    assert waiting is not None
    assert waiting.state is State.QUEUED


def test_no_transaction_is_open_while_the_server_is_spoken_to(put: Any, begin: Begin, sender: Sender) -> None:
    row, _ = put()
    seen: list[State] = []

    def look() -> None:
        with begin() as conn:  # BEGIN IMMEDIATE: would wait for any other write transaction
            message = find(conn, row)
        assert message is not None
        seen.append(message.state)

    with RealServer(Mailbox(on_data=look)) as server:
        deliver_due(replace(sender, server=server.settings()))
    assert seen == [State.SENDING]


def test_a_lost_reply_is_unknown_and_the_next_pass_sends_nothing(put: Any, one: Any, sender: Sender) -> None:
    _, data = put()
    case = Case()
    with FaultyServer(dot=CLOSE) as server:
        sender = replace(sender, server=server.settings(), on_outcome=case)
        assert deliver_due(sender).attempted == 1
        assert deliver_due(sender).attempted == 0
    assert server.bodies == [data]
    assert (one().state, one().phase, one().reason) == (State.UNKNOWN, Phase.AFTER_DOT, Reason.NO_FINAL_REPLY)
    assert case.told == [(one().id, State.UNKNOWN, Result.UNKNOWN)]


def test_a_server_that_is_down_stops_the_pass_and_the_rest_wait_untouched(
    put: Any, begin: Begin, sender: Sender
) -> None:
    for key in "ABC":
        put(key)
    with closed_port() as port:
        done = deliver_due(replace(sender, server=SmtpServer(host="127.0.0.1", port=port, tls="none")))
    assert done.attempted == 1
    with begin() as conn:
        messages = list_messages(conn)
    assert [(message.state, message.attempts) for message in messages] == [
        (State.QUEUED, 1),
        (State.QUEUED, 0),
        (State.QUEUED, 0),
    ]


def test_a_message_that_failed_goes_out_when_the_server_is_back(put: Any, one: Any, sender: Sender) -> None:
    _, data = put()
    hands = Hands()
    sender = replace(sender, clock=hands)
    with closed_port() as port:
        deliver_due(replace(sender, server=SmtpServer(host="127.0.0.1", port=port, tls="none")))
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        sender = replace(sender, server=server.settings())
        assert deliver_due(sender).attempted == 0
        hands.now = NOON + 2 * STEPS[0]  # the server is left alone for one, the message for as long and its jitter
        assert deliver_due(sender).attempted == 1
    assert mailbox.received == [data]


def test_a_refused_recipient_blocks_its_message_and_not_the_others(put: Any, states: Any, sender: Sender) -> None:
    put("A")
    put("B")
    case = Case()
    with RealServer(Mailbox(answers={"RCPT": "550 5.1.1 no such user"})) as server:
        done = deliver_due(replace(sender, server=server.settings(), on_outcome=case))
    assert done.attempted == 2
    assert states() == [State.BLOCKED, State.BLOCKED]
    assert [result for _, _, result in case.told] == [Result.BLOCKED, Result.BLOCKED]


def test_a_pass_uses_one_connection_and_gives_the_envelope_of_the_row(put: Any, begin: Begin, sender: Sender) -> None:
    for key in "ABC":
        put(key)
    with begin() as conn:
        conn.exec_driver_sql("UPDATE messages SET copy_to = 'kopi@example.org'")
        messages = list_messages(conn)
    with FaultyServer(EHLO="250-x\r\n250 DSN") as server:
        assert deliver_due(replace(sender, server=server.settings())).attempted == 3
    assert server.connections == 1
    told = [command for command in server.commands if command.startswith("mail")]
    assert [command.rpartition("ENVID=")[2] for command in told] == [message.envelope_id for message in messages]
    assert len([command for command in server.commands if command.startswith("rcpt TO:<kopi@example.org>")]) == 3


def test_a_new_process_knows_what_left_in_the_last_minute(put: Any, begin: Begin, sender: Sender) -> None:
    for key in "ABC":
        put(key)
    hands = Hands()
    with RealServer(Mailbox()) as server:
        sender = replace(sender, server=server.settings(), clock=hands)
        assert deliver_due(replace(sender, pace=Pace(2))).attempted == 2
        hands.now += timedelta(seconds=59)
        with begin() as conn:
            pace = read_pace(conn, 2, now=hands.now)
        assert deliver_due(replace(sender, pace=pace)) == Pass(attempted=0, resume_at=NOON + timedelta(minutes=1))
        hands.now += SOON
        with begin() as conn:
            pace = read_pace(conn, 2, now=hands.now)
        assert deliver_due(replace(sender, pace=pace)).attempted == 1


def test_damaged_or_missing_bytes_block_and_are_never_sent(put: Any, begin: Begin, sender: Sender) -> None:
    put("damaged")
    put("missing")
    with begin() as conn:
        damaged, missing = list_messages(conn)
    blobs = sender.blobs
    assert isinstance(blobs, FolderBlobs)
    (blobs.root / damaged.sha256).write_bytes(b"something else")
    (blobs.root / missing.sha256).unlink()
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        assert deliver_due(replace(sender, server=server.settings())).attempted == 2
    assert mailbox.received == []
    with begin() as conn:
        assert [(message.state, message.reason, message.phase) for message in list_messages(conn)] == [
            (State.BLOCKED, Reason.BYTES_DAMAGED, Phase.PREPARE),
            (State.BLOCKED, Reason.BYTES_MISSING, Phase.PREPARE),
        ]


def test_bytes_that_cannot_be_read_now_are_read_later(put: Any, one: Any, sender: Sender) -> None:
    put()
    blobs = sender.blobs
    assert isinstance(blobs, FolderBlobs)
    path = blobs.root / one().sha256
    path.unlink()
    path.mkdir()
    deliver_due(sender)
    assert (one().state, one().reason) == (State.QUEUED, Reason.BYTES_UNREADABLE)


@pytest.mark.parametrize(
    "failing",
    [
        ("connect", State.QUEUED),
        ("name_recipients", State.QUEUED),
        ("send_body", State.QUEUED),
        ("finish", State.UNKNOWN),
    ],
    ids=lambda failing: failing[0],
)
def test_a_fault_of_our_own_never_stays_sending_and_is_unknown_from_the_final_dot_on(
    put: Any, one: Any, sender: Sender, monkeypatch: pytest.MonkeyPatch, failing: tuple[str, State]
) -> None:
    step, state = failing
    put()
    monkeypatch.setattr(session, step, lambda *_: 1 / 0)
    with FaultyServer() as server:
        done = deliver_due(replace(sender, server=server.settings()))
    assert (one().state, one().reason, done.stopped) == (state, Reason.INTERNAL, "internal")


def test_the_pace_says_when_to_come_again(put: Any, states: Any, sender: Sender) -> None:
    for key in "ABC":
        put(key)
    hands = Hands()
    with RealServer(Mailbox()) as server:
        sender = replace(sender, server=server.settings(), clock=hands, pace=Pace(2))
        first = deliver_due(sender)
        assert (first.attempted, first.resume_at) == (2, NOON + timedelta(minutes=1))
        assert deliver_due(sender).attempted == 0
        hands.now = NOON + timedelta(minutes=1)
        assert deliver_due(sender).attempted == 1
    assert states() == [State.SENT] * 3


def test_a_pass_ends_after_as_many_as_it_was_asked_for(put: Any, states: Any, sender: Sender) -> None:
    put("A")
    put("B")
    with RealServer(Mailbox()) as server:
        assert deliver_due(replace(sender, server=server.settings()), at_most=1).attempted == 1
    assert states() == [State.SENT, State.QUEUED]


def test_a_case_that_changed_meanwhile_is_told_again(put: Any, one: Any, sender: Sender) -> None:
    put()
    mailbox, case = Mailbox(), Case(failures=RECORD_TRIES - 1)
    with RealServer(mailbox) as server:
        deliver_due(replace(sender, server=server.settings(), on_outcome=case))
    assert case.told == [(one().id, State.SENT, Result.SENT)]
    assert len(mailbox.received) == 1


def test_sent_but_not_recorded_on_the_case_waits_for_a_person_with_the_reply(
    put: Any, one: Any, sender: Sender
) -> None:
    put()
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        sender = replace(sender, server=server.settings(), on_outcome=Case(failures=100))
        with pytest.raises(TemporaryError):
            deliver_due(sender)
        assert deliver_due(sender).attempted == 0
    assert (one().state, one().reason, one().reply) == (
        State.UNKNOWN,
        Reason.NOT_RECORDED,
        "250 2.0.0 Ok: queued as 0001",
    )
    assert len(mailbox.received) == 1


def test_a_retry_not_told_to_the_case_is_still_a_retry(put: Any, one: Any, sender: Sender) -> None:
    put()
    with closed_port() as port, pytest.raises(TemporaryError):
        deliver_due(
            replace(
                sender,
                server=SmtpServer(host="127.0.0.1", port=port, tls="none"),
                on_outcome=Case(failures=100),
            )
        )
    assert (one().state, one().backoff_step) == (State.QUEUED, 1)


def test_an_interrupted_attempt_is_told_to_the_case_and_not_sent(put: Any, begin: Begin, sender: Sender) -> None:
    row, _ = put()
    with begin() as conn:
        claim_due(conn, NOON)
    mailbox, case = Mailbox(), Case()
    with RealServer(mailbox) as server:
        assert deliver_due(replace(sender, server=server.settings(), on_outcome=case)).attempted == 0
    assert case.told == [(row, State.UNKNOWN, Result.UNKNOWN)]
    assert mailbox.received == []


def test_logs_carry_row_numbers_and_codes_and_nothing_about_anybody(
    put: Any, sender: Sender, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put("sent")
    put("refused", now=NOON + SOON)
    put("broken", now=NOON + 2 * SOON)
    put("untold", now=NOON + 3 * SOON)
    hands, no_context = Hands(), object()
    sender = replace(sender, clock=hands)
    with caplog.at_level(logging.DEBUG, logger="outbox"):
        with RealServer(Mailbox()) as server:
            deliver_due(replace(sender, server=server.settings(), clock=hands))
        hands.now += SOON
        with RealServer(Mailbox(answers={"RCPT": f"550 5.1.1 {RECIPIENT} unknown"})) as server:
            deliver_due(replace(sender, server=server.settings()))
        hands.now += SOON
        with FaultyServer() as faulty:
            broken: Any = no_context
            deliver_due(replace(sender, server=faulty.settings(tls="implicit", tls_context=broken)))
        hands.now += timedelta(minutes=1)
        with RealServer(Mailbox()) as server, pytest.raises(TemporaryError):
            deliver_due(replace(sender, server=server.settings(), on_outcome=Case(failures=100)))
    told = [
        (record.message, {k: v for k, v in vars(record).items() if k in {"state", "reason"}})
        for record in caplog.records
    ]
    assert ("message sent", {"state": "sent"}) in told
    assert ("message not sent", {"state": "blocked", "reason": "recipient_refused"}) in told
    everything = repr([vars(record) for record in caplog.records])
    for private in (RECIPIENT, "example.org", "Signert avtale", "Blåbær", "DA-2026", str(tmp_path)):
        assert private not in everything


# --- the caller's permit ----------------------------------------------------------------------------------------------


def test_what_may_not_leave_now_is_put_off_without_an_attempt_and_the_next_one_leaves(
    put: Any, begin: Begin, sender: Sender, states: Any
) -> None:
    first, _ = put("A")
    put("B")
    until = NOON + timedelta(hours=10)

    def permit(_conn: Connection, message: Message, _now: Any) -> Permit:
        return Permit.wait(until, "quiet_hours") if message.id == first else GO

    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        to = SmtpServer(host="127.0.0.1", port=server.port, tls="none")
        deliver_due(replace(sender, server=to, permit=permit))
    assert (states(), len(mailbox.received)) == ([State.QUEUED, State.SENT], 1)
    with begin() as conn:
        waiting = find(conn, first)
        told = list_history(conn, first)[-1]
    assert waiting is not None
    assert (waiting.next_attempt_at, waiting.attempts) == (until, 0)
    assert (told.kind, told.reason) == (History.PUT_OFF, "quiet_hours")


def test_what_is_no_longer_wanted_is_withdrawn_and_never_claimed(put: Any, sender: Sender, states: Any) -> None:
    put("A")
    done = deliver_due(replace(sender, permit=lambda *_: Permit.withdraw("returned")))
    assert (done.attempted, states()) == (0, [State.WITHDRAWN])


def test_a_permit_that_names_the_past_makes_no_loop(put: Any, sender: Sender, states: Any) -> None:
    put("A")
    deliver_due(replace(sender, permit=lambda *_: Permit.wait(NOON - timedelta(days=1), "quiet_hours")))
    assert states() == [State.QUEUED]


def test_what_a_permit_writes_is_undone_with_the_claim_that_fails(put: Any, sender: Sender, states: Any) -> None:
    put("A")

    def permit(conn: Connection, message: Message, now: Any) -> Permit:
        withdraw(conn, message.id, reason="returned", now=now)
        raise TemporaryError("case_changed")

    with pytest.raises(TemporaryError):
        deliver_due(replace(sender, permit=permit))
    assert states() == [State.QUEUED]
