"""One connection for many messages, the copy, what a report is asked to quote: and never a message twice or lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.compose import compose
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp import Envelope, Session, session
from outbox.smtp.connection import MAX_REPLY_LINES
from outbox.smtp.session import IDLE_SECONDS, MESSAGES_PER_CONNECTION
from outbox.smtp.transaction import _xtext
from tests.outbox.mail_servers import CLOSE, HANG, FaultyServer, Mailbox, RealServer, log_in_as
from tests.outbox.outbox_kit import RECIPIENT, SENDER, letter
from tests.outbox.test_smtp_faults import IMPATIENT

DATA = compose(letter())
TO_ONE = Envelope(sender=SENDER, recipient=RECIPIENT)
COPY = "kopi@example.org"
WITH_COPY = replace(TO_ONE, copy_to=COPY)
DSN = "250-fault.example\r\n250-DSN\r\n250 SIZE 0"


def verbs(server: FaultyServer) -> list[str]:
    return [command.split()[0].upper() for command in server.commands]


# --- one connection -------------------------------------------------------------------------------------------------


def test_twenty_messages_leave_over_one_connection_and_one_log_in() -> None:
    mailbox, log_ins = Mailbox(), []
    log_in = log_in_as(b"avtaler", b"hemmelig")

    def counted(*args: object) -> object:
        log_ins.append(args)
        return log_in(*args)

    with RealServer(mailbox, authenticator=counted, auth_require_tls=False) as server:  # noqa: SIM117 - one after the other
        with Session(server.settings(username="avtaler", password="hemmelig")) as connected:
            outcomes = [connected.deliver(TO_ONE, DATA) for _ in range(20)]
    assert [outcome.result for outcome in outcomes] == [Result.SENT] * 20
    assert mailbox.received == [DATA] * 20
    assert (len(set(mailbox.peers)), len(log_ins)) == (1, 1)


def test_nothing_is_connected_to_before_there_is_a_message() -> None:
    with FaultyServer() as server, Session(server.settings()):
        pass
    assert server.connections == 0


@pytest.mark.parametrize("gone", [CLOSE, "421 4.4.2 timeout exceeded", "421 bye"])
def test_a_connection_closed_between_two_messages_is_opened_anew_and_the_message_leaves_once(gone: object) -> None:
    with FaultyServer(MAIL=["250 OK", gone, "250 OK"]) as server, Session(server.settings()) as connected:
        outcomes = [connected.deliver(TO_ONE, DATA) for _ in range(2)]
    assert [outcome.result for outcome in outcomes] == [Result.SENT, Result.SENT]
    assert (server.bodies, server.connections) == ([DATA, DATA], 2)


def test_a_connection_that_has_died_in_silence_is_opened_anew() -> None:
    script = ["250 OK", HANG, "250 OK"]
    with FaultyServer(MAIL=script) as server, Session(server.settings(timeouts=IMPATIENT)) as connected:
        outcomes = [connected.deliver(TO_ONE, DATA) for _ in range(2)]
    assert [outcome.result for outcome in outcomes] == [Result.SENT, Result.SENT]
    assert (server.bodies, server.connections) == ([DATA, DATA], 2)


def test_a_connection_is_opened_anew_once_and_no_more() -> None:
    with FaultyServer(MAIL=["250 OK", CLOSE]) as server, Session(server.settings()) as connected:
        assert connected.deliver(TO_ONE, DATA).result is Result.SENT
        outcome = connected.deliver(TO_ONE, DATA)
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.BEFORE_DATA, reason=Reason.CONNECTION_LOST)
    assert (server.bodies, server.connections) == ([DATA], 2)


@pytest.mark.parametrize("reply", ["421 4.7.0 too fast", "432 4.3.2 too many", "450 4.1.8 later", "550 5.1.8 who?"])
def test_a_refusal_on_an_open_connection_is_no_reason_for_another_one(reply: str) -> None:
    with FaultyServer(MAIL=["250 OK", reply]) as server, Session(server.settings()) as connected:
        connected.deliver(TO_ONE, DATA)
        outcome = connected.deliver(TO_ONE, DATA)
    assert (outcome.phase, outcome.reply) == (Phase.BEFORE_DATA, reply)
    assert server.connections == 1


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "dot"])
def test_a_connection_lost_after_the_sender_was_named_is_the_messages_own_fault(stage: str) -> None:
    """From RCPT on something of the message was said: the message is tried again by its own schedule, or unknown."""
    usual = {"RCPT": "250 OK", "DATA": "354 go on", "dot": "250 OK"}[stage]
    with FaultyServer(**{stage: [usual, CLOSE]}) as server, Session(server.settings()) as connected:
        connected.deliver(TO_ONE, DATA)
        outcome = connected.deliver(TO_ONE, DATA)
    assert outcome.result is (Result.UNKNOWN if stage == "dot" else Result.RETRY)
    assert server.connections == 1


@pytest.mark.parametrize("stage", ["RCPT", "dot"])
def test_after_a_refusal_the_next_message_meets_a_clean_connection(stage: str) -> None:
    with FaultyServer(**{stage: ["550 5.1.1 no", "250 OK"]}) as server, Session(server.settings()) as connected:
        outcomes = [connected.deliver(TO_ONE, DATA) for _ in range(2)]
    assert [outcome.result for outcome in outcomes] == [Result.BLOCKED, Result.SENT]
    assert server.connections == 2


def test_a_fault_of_ours_in_the_middle_of_a_body_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyServer() as server, Session(server.settings()) as connected:
        with monkeypatch.context() as broken:
            broken.setattr(session, "send_body", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                connected.deliver(TO_ONE, DATA)
        assert connected.deliver(TO_ONE, DATA).result is Result.SENT
    assert server.bodies[1:] == [DATA]
    assert "QUIT" not in verbs(server)[:4]


def test_an_idle_connection_is_left_before_the_server_closes_it() -> None:
    now = [0.0]
    with FaultyServer() as server, Session(server.settings(), clock=lambda: now[0]) as connected:
        for moment, expected in ((0.0, 1), (IDLE_SECONDS, 1), (2 * IDLE_SECONDS + 1, 2)):
            now[0] = moment
            assert connected.deliver(TO_ONE, DATA).result is Result.SENT
            assert server.connections == expected


def test_a_connection_carries_only_so_many_messages() -> None:
    small = b"Subject: x\r\n\r\nx\r\n"
    with FaultyServer() as server, Session(server.settings()) as connected:
        for _ in range(MESSAGES_PER_CONNECTION + 1):
            assert connected.deliver(TO_ONE, small).result is Result.SENT
    assert (server.connections, len(server.bodies)) == (2, MESSAGES_PER_CONNECTION + 1)
    assert verbs(server).count("QUIT") == 2


def test_after_the_patience_for_the_last_reply_the_usual_one_is_back() -> None:
    with FaultyServer() as server, Session(server.settings()) as connected:
        connected.deliver(TO_ONE, DATA)
        assert connected._client is not None
        assert connected._client.open_socket().gettimeout() == server.settings().timeouts.command


# --- the copy -------------------------------------------------------------------------------------------------------


def test_the_copy_goes_in_the_same_transaction_after_the_recipient() -> None:
    mailbox = Mailbox()
    with RealServer(mailbox) as server, Session(server.settings()) as connected:
        assert connected.deliver(WITH_COPY, DATA).result is Result.SENT
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[RECIPIENT, COPY]]


@pytest.mark.parametrize(
    ("reply", "result", "reason"),
    [
        ("550 5.1.1 no such user", Result.BLOCKED, Reason.COPY_REFUSED),
        ("554 5.7.1 relay access denied", Result.BLOCKED, Reason.COPY_REFUSED),
        ("552 5.2.2 mailbox full", Result.BLOCKED, Reason.COPY_REFUSED),
        ("530 5.7.0 log in first", Result.RETRY, Reason.AUTH_REFUSED),
        ("450 4.2.0 greylisted", Result.RETRY, Reason.BUSY),
    ],
)
def test_refused_for_the_copy_the_message_leaves_for_nobody(reply: str, result: Result, reason: Reason) -> None:
    with FaultyServer(RCPT=["250 OK", reply]) as server, Session(server.settings()) as connected:
        outcome = connected.deliver(WITH_COPY, DATA)
    assert outcome == Outcome(result=result, phase=Phase.BEFORE_DATA, reason=reason, reply=reply)
    assert "DATA" not in verbs(server)
    assert server.bodies == []


def test_refused_for_the_recipient_the_copy_is_not_even_named() -> None:
    with FaultyServer(RCPT=["550 5.1.1 no", "250 OK"]) as server, Session(server.settings()) as connected:
        assert connected.deliver(WITH_COPY, DATA).reason is Reason.RECIPIENT_REFUSED
    assert verbs(server).count("RCPT") == 1


# --- delivery reports -----------------------------------------------------------------------------------------------


def test_a_server_that_makes_reports_is_asked_for_one_that_quotes_our_id() -> None:
    envelope = replace(WITH_COPY, recipient="salg+a=b@example.org", envelope_id="id+1=2")
    with FaultyServer(EHLO=DSN) as server, Session(server.settings()) as connected:
        assert connected.deliver(envelope, DATA).result is Result.SENT
    sender, recipient, copy = (command for command in server.commands if command[:4] in {"mail", "rcpt"})
    assert sender == f"mail FROM:<{SENDER}> SIZE={len(DATA)} RET=HDRS ENVID=id+2B1+3D2"
    assert recipient == (
        "rcpt TO:<salg+a=b@example.org> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;salg+2Ba+3Db@example.org"
    )
    assert copy == f"rcpt TO:<{COPY}> NOTIFY=NEVER"


def test_a_server_that_makes_none_is_not_asked() -> None:
    with FaultyServer() as server, Session(server.settings()) as connected:
        assert connected.deliver(replace(WITH_COPY, envelope_id="id"), DATA).result is Result.SENT
    assert not [command for command in server.commands if "ENVID" in command or "NOTIFY" in command]


@given(st.text(max_size=40))
def test_xtext_is_one_word_of_printable_ascii_that_reads_back(text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode()
    written = _xtext(ascii_text)
    assert all("!" <= character <= "~" and character != "=" for character in written)
    first, *others = written.split("+")
    assert first + "".join(chr(int(part[:2], 16)) + part[2:] for part in others) == ascii_text


# --- replies --------------------------------------------------------------------------------------------------------


def test_every_line_of_the_last_reply_is_kept() -> None:
    reply = "250-2.0.0 Ok\r\n250-queued as F00\r\n250 node 7"
    with FaultyServer(dot=reply) as server, Session(server.settings()) as connected:
        outcome = connected.deliver(TO_ONE, DATA)
    assert outcome.reply == "250 2.0.0 Ok queued as F00 node 7"


def test_a_reply_without_end_is_no_reply() -> None:
    endless = "\r\n".join(["250-more"] * (MAX_REPLY_LINES + 1))
    with FaultyServer(MAIL=endless) as server, Session(server.settings()) as connected:
        outcome = connected.deliver(TO_ONE, DATA)
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.BEFORE_DATA, reason=Reason.PROTOCOL)
    with FaultyServer(dot=endless) as server, Session(server.settings()) as connected:
        outcome = connected.deliver(TO_ONE, DATA)
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, Reason.NO_FINAL_REPLY)


def test_half_a_reply_is_no_receipt() -> None:
    with FaultyServer(dot=b"250 2.0.0 Ok: que") as server, Session(server.settings()) as connected:
        outcome = connected.deliver(TO_ONE, DATA)
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, Reason.NO_FINAL_REPLY)
