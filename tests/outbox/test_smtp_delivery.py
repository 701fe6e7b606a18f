"""Deliveries to real servers on loopback: plain, STARTTLS, implicit TLS, log-in, refusals."""

from pathlib import Path
from typing import Any

import pytest

from agreements.errors import ConfigurationError
from outbox.compose import compose
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp import Envelope, Offer, Session, SmtpServer, Timeouts, check
from tests.outbox.mail_servers import Mailbox, RealServer, ThrowawayTls, closed_port, log_in_as, throwaway_tls
from tests.outbox.outbox_kit import PDF, RECIPIENT, SENDER, letter

DATA = compose(letter())
USER = {"username": "avtaler", "password": "blåbær"}


def send(server: SmtpServer, data: bytes = DATA) -> Outcome:
    with Session(server) as session:
        return session.deliver(Envelope(sender=SENDER, recipient=RECIPIENT), data)


def authenticating(mailbox: Mailbox, **parameters: Any) -> RealServer:
    log_in = log_in_as(b"avtaler", "blåbær".encode())
    return RealServer(mailbox, authenticator=log_in, auth_require_tls=False, **parameters)


def test_the_frozen_bytes_arrive_unchanged_and_the_servers_reply_is_kept() -> None:
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        outcome = send(server.settings())
    assert outcome == Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply="250 2.0.0 Ok: queued as 0001")
    assert mailbox.received == [DATA]
    assert (mailbox.envelopes[0].mail_from, mailbox.envelopes[0].rcpt_tos) == (SENDER, [RECIPIENT])


def test_lines_that_are_dots_and_large_bodies_arrive_unchanged() -> None:
    mailbox = Mailbox()
    data = compose(letter(body=".\n..\n.a\n" * 10, pdf=PDF * 40)) + b".\r\n..\r\n"
    with RealServer(mailbox) as server:
        assert send(server.settings(), data).result is Result.SENT
    assert mailbox.received == [data]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_starttls_is_used_and_the_certificate_checked(tls: ThrowawayTls, host: str) -> None:
    mailbox = Mailbox()
    with RealServer(mailbox, tls_context=tls.server, require_starttls=True) as server:
        outcome = send(server.settings(host=host, tls="starttls", tls_context=tls.client))
    assert outcome.result is Result.SENT
    assert mailbox.received == [DATA]


def test_implicit_tls_is_used_and_the_certificate_checked(tls: ThrowawayTls) -> None:
    mailbox = Mailbox()
    with RealServer(mailbox, implicit_tls=tls.server) as server:
        outcome = send(server.settings(tls="implicit", tls_context=tls.client))
    assert outcome.result is Result.SENT
    assert mailbox.received == [DATA]


def test_a_certificate_by_an_unknown_authority_gets_no_mail(tls: ThrowawayTls, tmp_path: Path) -> None:
    stranger = throwaway_tls(tmp_path)
    mailbox = Mailbox()
    with RealServer(mailbox, tls_context=tls.server) as server:
        outcomes = [
            send(server.settings(tls="starttls")),
            send(server.settings(tls="starttls", tls_context=stranger.client)),
        ]
    expected = Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.CERTIFICATE)
    assert outcomes == [expected, expected]
    assert mailbox.received == []


def test_a_server_without_starttls_gets_no_mail_and_no_password() -> None:
    mailbox = Mailbox()
    with authenticating(mailbox) as server:
        outcome = send(server.settings(tls="starttls", **USER))
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.STARTTLS_MISSING)
    assert mailbox.received == []


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_the_password_may_hold_any_letter_with_either_mechanism(excluded: list[str]) -> None:
    mailbox = Mailbox()
    with authenticating(mailbox, auth_required=True, auth_exclude_mechanism=excluded) as server:
        assert send(server.settings(**USER)).result is Result.SENT


def test_a_wrong_password_leaves_the_message_in_the_queue() -> None:
    mailbox = Mailbox()
    with authenticating(mailbox) as server:
        outcome = send(server.settings(username="avtaler", password="feil"))
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.RETRY, Phase.CONNECT, Reason.AUTH_REFUSED)
    assert outcome.reply is not None
    assert outcome.reply.startswith("535")


def test_a_server_that_wants_a_login_we_do_not_have_says_so() -> None:
    with authenticating(Mailbox(), auth_required=True) as server:
        outcome = send(server.settings())
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.RETRY, Phase.BEFORE_DATA, Reason.AUTH_REFUSED)


def test_a_server_that_offers_no_login_gets_nothing_when_we_have_one() -> None:
    with RealServer(Mailbox()) as server:
        outcome = send(server.settings(**USER))
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.AUTH_MISSING)


@pytest.mark.parametrize(
    ("command", "reply", "result", "phase", "reason"),
    [
        ("MAIL", "550 5.7.1 not you", Result.BLOCKED, Phase.BEFORE_DATA, Reason.SENDER_REFUSED),
        ("MAIL", "501 5.1.7 bad sender", Result.BLOCKED, Phase.BEFORE_DATA, Reason.SENDER_REFUSED),
        ("MAIL", "552 too big", Result.BLOCKED, Phase.BEFORE_DATA, Reason.TOO_LARGE),
        ("MAIL", "530 5.7.57 client not authenticated", Result.RETRY, Phase.BEFORE_DATA, Reason.AUTH_REFUSED),
        ("MAIL", "432 4.3.2 concurrent connections", Result.RETRY, Phase.BEFORE_DATA, Reason.THROTTLED),
        ("MAIL", "451 4.7.500 server busy", Result.RETRY, Phase.BEFORE_DATA, Reason.THROTTLED),
        ("MAIL", "451 4.1.8 sender's domain not found", Result.RETRY, Phase.BEFORE_DATA, Reason.BUSY),
        ("RCPT", "550 5.7.1 not to there", Result.BLOCKED, Phase.BEFORE_DATA, Reason.POLICY),
        ("RCPT", "550 5.1.1 no such user", Result.BLOCKED, Phase.BEFORE_DATA, Reason.RECIPIENT_REFUSED),
        ("RCPT", "552 5.2.2 mailbox full", Result.BLOCKED, Phase.BEFORE_DATA, Reason.RECIPIENT_REFUSED),
        ("RCPT", "450 4.2.0 greylisted", Result.RETRY, Phase.BEFORE_DATA, Reason.BUSY),
        ("RCPT", "421 4.3.2 closing", Result.RETRY, Phase.BEFORE_DATA, Reason.THROTTLED),
        ("DATA", "451 4.3.0 try again later", Result.RETRY, Phase.AFTER_DOT, Reason.THROTTLED),
        ("DATA", "450 4.2.0 that mailbox is busy", Result.RETRY, Phase.AFTER_DOT, Reason.BUSY),
        ("DATA", "554 5.7.1 looks like spam", Result.BLOCKED, Phase.AFTER_DOT, Reason.POLICY),
        ("DATA", "554 5.6.0 bad message", Result.BLOCKED, Phase.AFTER_DOT, Reason.CONTENT_REFUSED),
        ("DATA", "552 5.3.4 too big", Result.BLOCKED, Phase.AFTER_DOT, Reason.TOO_LARGE),
        ("DATA", "530 5.7.0 log in first", Result.RETRY, Phase.AFTER_DOT, Reason.AUTH_REFUSED),
    ],
)
def test_a_refusal_is_kept_with_its_meaning(
    command: str, reply: str, result: Result, phase: Phase, reason: Reason
) -> None:
    mailbox = Mailbox(answers={command: reply})
    with RealServer(mailbox) as server:
        outcome = send(server.settings())
    assert outcome == Outcome(result=result, phase=phase, reason=reason, reply=reply)
    assert mailbox.received == []


def test_a_message_larger_than_the_server_takes_is_not_even_begun() -> None:
    mailbox = Mailbox()
    with RealServer(mailbox, data_size_limit=len(DATA) - 1) as server:
        outcome = send(server.settings())
    assert outcome == Outcome(
        result=Result.BLOCKED, phase=Phase.BEFORE_DATA, reason=Reason.TOO_LARGE, reply=f"SIZE {len(DATA) - 1}"
    )
    with RealServer(mailbox, data_size_limit=len(DATA)) as server:
        assert send(server.settings()).result is Result.SENT


@pytest.mark.parametrize(
    "data", [b"", b"Subject: x\r\n\r\nno end", b"Subject: x\r\n\r\na\n.\nMAIL FROM:<x>\r\n", b"a\rb\r\n"]
)
def test_bytes_that_could_smuggle_a_second_message_are_never_sent(data: bytes) -> None:
    with closed_port() as port:
        outcome = send(SmtpServer(host="127.0.0.1", port=port, tls="none"), data)
    assert outcome == Outcome(result=Result.BLOCKED, phase=Phase.PREPARE, reason=Reason.MALFORMED)


def test_a_server_that_is_down_is_tried_later() -> None:
    with closed_port() as port:
        outcome = send(SmtpServer(host="127.0.0.1", port=port, tls="none"))
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.CONNECT_FAILED)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
def test_a_name_that_leads_nowhere_is_tried_later(host: str) -> None:
    outcome = send(SmtpServer(host=host, port=25, timeouts=Timeouts(connect=5)))
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.NAME_UNKNOWN)


@pytest.mark.parametrize("host", ["mail.example.org", "192.0.2.1", "127.1", "localhost.example.org", "0.0.0.0", ""])
def test_mail_without_tls_goes_nowhere_but_to_this_machine(host: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        SmtpServer(host=host, port=25, tls="none")
    assert refused.value.code == "smtp_plain"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_mail_without_tls_may_go_to_this_machine(host: str) -> None:
    assert SmtpServer(host=host, port=25, tls="none").host == host


def test_without_a_context_of_ones_own_names_and_certificates_are_checked() -> None:
    context = SmtpServer(host="mail.example.org", port=587).context()
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


def test_the_password_is_never_shown() -> None:
    server = SmtpServer(host="mail.example.org", port=587, username="avtaler", password="hemmelig")
    assert "hemmelig" not in repr(server)


def test_a_check_tells_what_is_wrong_without_sending_anything(tls: ThrowawayTls) -> None:
    mailbox = Mailbox()
    with RealServer(mailbox, tls_context=tls.server) as server:
        assert check(server.settings(tls="starttls", tls_context=tls.client)) == Offer(size=2**25, reports=False)
        assert check(server.settings(tls="starttls")) == Outcome(
            result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.CERTIFICATE
        )
        wrong = check(server.settings(tls="starttls", tls_context=tls.client, **USER))
    assert isinstance(wrong, Outcome)
    assert wrong.reason is Reason.AUTH_REFUSED
    assert mailbox.envelopes == []
