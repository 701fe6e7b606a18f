"""Servers that break off: whatever they do, it is known whether the message certainly did not leave."""

import pytest

from outbox.compose import compose
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp import Envelope, Session, SmtpServer, Timeouts, check
from outbox.smtp.meaning import MAX_REPLY
from tests.outbox.mail_servers import CLOSE, HANG, QUICK, RESET_IN_BODY, FaultyServer
from tests.outbox.outbox_kit import RECIPIENT, SENDER, letter

DATA = compose(letter())
IMPATIENT = Timeouts(connect=5, command=0.7, final_reply=0.3, quit=0.3)
NO_WAIT_AT_THE_END = Timeouts(connect=5, command=5, final_reply=0.3, quit=0.3)


def send(server: SmtpServer, data: bytes = DATA) -> Outcome:
    with Session(server) as session:
        return session.deliver(Envelope(sender=SENDER, recipient=RECIPIENT), data)


@pytest.mark.parametrize(
    ("stage", "phase"),
    [
        ("greeting", Phase.CONNECT),
        ("EHLO", Phase.CONNECT),
        ("MAIL", Phase.BEFORE_DATA),
        ("RCPT", Phase.BEFORE_DATA),
        ("DATA", Phase.BEFORE_DATA),
    ],
)
@pytest.mark.parametrize("fault", [CLOSE, HANG])
def test_a_connection_lost_before_the_body_means_it_did_not_leave(stage: str, phase: Phase, fault: object) -> None:
    with FaultyServer(**{stage: fault}) as server:
        outcome = send(server.settings(timeouts=IMPATIENT if fault is HANG else QUICK))
    assert outcome == Outcome(result=Result.RETRY, phase=phase, reason=Reason.CONNECTION_LOST)
    assert server.bodies == []


def test_a_connection_lost_in_the_body_means_it_did_not_leave() -> None:
    large = DATA + (b"x" * 76 + b"\r\n") * 300_000  # more than the sockets' buffers hold
    with FaultyServer(DATA=RESET_IN_BODY) as server:
        outcome = send(server.settings(), large)
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.IN_BODY, reason=Reason.CONNECTION_LOST)
    assert server.bodies == []


@pytest.mark.parametrize("fault", [CLOSE, HANG, "what?", "-1 what", "354 more", "150 wait", "000 zero", "x" * 9000])
def test_no_answer_after_the_final_dot_is_unknown_and_never_a_retry(fault: object) -> None:
    with FaultyServer(dot=fault) as server:
        outcome = send(server.settings(timeouts=NO_WAIT_AT_THE_END if fault is HANG else QUICK))
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.UNKNOWN, Phase.AFTER_DOT, Reason.NO_FINAL_REPLY)
    assert server.bodies == [DATA]


@pytest.mark.parametrize("quit_fault", [CLOSE, HANG, "500 what?"])
def test_a_failing_quit_does_not_change_that_it_was_sent(quit_fault: object) -> None:
    with FaultyServer(QUIT=quit_fault) as server:
        outcome = send(server.settings(timeouts=NO_WAIT_AT_THE_END))
    assert outcome.result is Result.SENT
    assert server.bodies == [DATA]


@pytest.mark.parametrize(
    ("script", "result", "reason"),
    [
        ({"greeting": "421 4.3.2 busy"}, Result.RETRY, Reason.THROTTLED),
        ({"greeting": "554 5.5.0 no service here"}, Result.RETRY, Reason.SERVICE_REFUSED),
        ({"greeting": "SSH-2.0-OpenSSH"}, Result.RETRY, Reason.PROTOCOL),
        ({"greeting": "2" * 9000}, Result.RETRY, Reason.PROTOCOL),
        ({"EHLO": "502 what?"}, Result.RETRY, Reason.SERVICE_REFUSED),
        ({"EHLO": "421 busy"}, Result.RETRY, Reason.THROTTLED),
    ],
)
def test_a_server_that_does_not_serve_us_is_told_by_its_reply(
    script: dict[str, object], result: Result, reason: Reason
) -> None:
    with FaultyServer(**script) as server:
        outcome = send(server.settings())
        fault = check(server.settings())
    assert (outcome.result, outcome.phase, outcome.reason) == (result, Phase.CONNECT, reason)
    assert fault == outcome


@pytest.mark.parametrize(
    ("reply", "result", "reason"),
    [
        ("454 4.7.0 not now", Result.RETRY, Reason.THROTTLED),
        ("220 go", Result.RETRY, Reason.TLS_FAILED),
        ("501 no", Result.RETRY, Reason.SERVICE_REFUSED),
    ],
)
def test_a_starttls_that_fails_sends_nothing_in_the_clear(reply: str, result: Result, reason: Reason) -> None:
    with FaultyServer(EHLO="250-fault.example\r\n250 STARTTLS", STAR=reply) as server:
        outcome = send(server.settings(tls="starttls", username="avtaler", password="hemmelig"))
    assert (outcome.result, outcome.phase, outcome.reason) == (result, Phase.CONNECT, reason)
    assert not [command for command in server.commands if command.startswith(("AUTH", "MAIL"))]


def test_a_refused_data_command_sends_no_body() -> None:
    with FaultyServer(DATA="451 4.3.0 not now") as server:
        outcome = send(server.settings())
    assert outcome == Outcome(
        result=Result.RETRY, phase=Phase.BEFORE_DATA, reason=Reason.THROTTLED, reply="451 4.3.0 not now"
    )
    assert server.commands[-1] == "quit"


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE many"])
def test_a_size_without_a_number_is_no_limit(size: str) -> None:
    with FaultyServer(EHLO=f"250-fault.example\r\n250 {size}") as server:
        assert send(server.settings()).result is Result.SENT


def test_a_server_without_size_is_not_told_the_size() -> None:
    with FaultyServer(EHLO="250 fault.example") as server:
        assert send(server.settings()).result is Result.SENT
    assert f"mail FROM:<{SENDER}>" in server.commands
    assert "ehlo [127.0.0.1]" in server.commands


def test_a_reply_is_kept_as_one_printable_line_of_bounded_length() -> None:
    hostile = "250-2.0.0 Ok \x1b[2J\u202e\r\n250 queued as F00 \xff" + "x" * 2000
    with FaultyServer(dot=hostile) as server:
        outcome = send(server.settings())
    assert outcome.result is Result.SENT
    assert outcome.reply is not None
    assert outcome.reply.startswith("250 2.0.0 Ok [2J queued as F00")
    assert outcome.reply.isprintable()
    assert len(outcome.reply) == MAX_REPLY
