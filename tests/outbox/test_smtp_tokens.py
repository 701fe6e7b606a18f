"""XOAUTH2 against a server that checks the token."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from agreements.errors import TemporaryError
from outbox.compose import compose
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp import Envelope, Session, SmtpServer, check
from outbox.smtp.connection import MAX_COMMAND_BYTES
from tests.outbox.mail_servers import FaultyServer, Mailbox, RealServer, TokenMailbox
from tests.outbox.outbox_kit import RECIPIENT, SENDER, letter

DATA = compose(letter())
NAME = "avtaler@example.org"
OFFER = "250-fault.example\r\n250 AUTH XOAUTH2 PLAIN LOGIN"


@dataclass
class Issuer:
    """Hands out tokens one after the other, the last one for good."""

    tokens: list[str]
    asked: list[bool] = field(default_factory=list)
    """Of each time whether another token was asked for."""

    def __call__(self, *, anew: bool) -> str:
        self.asked.append(anew)
        if anew and len(self.tokens) > 1:
            self.tokens.pop(0)
        return self.tokens[0]


def closed(*, anew: bool) -> str:
    raise TemporaryError("smtp_token_failed", detail="AADSTS7000222")


def send(settings: Callable[..., SmtpServer], token: Callable[..., str], *, times: int = 1) -> Outcome:
    with Session(settings(username=NAME, token=token)) as session:
        outcomes = [session.deliver(Envelope(sender=SENDER, recipient=RECIPIENT), DATA) for _ in range(times)]
    return outcomes[-1]


def serving(mailbox: Mailbox) -> RealServer:
    return RealServer(mailbox, auth_require_tls=False, auth_required=True)


LONGEST_IN_THE_COMMAND = (MAX_COMMAND_BYTES - len("AUTH XOAUTH2 \r\n")) // 4 * 3 - len(f"user={NAME}\1auth=Bearer \1\1")


@pytest.mark.parametrize(
    ("token", "alone"),
    [("good", 0), ("x" * LONGEST_IN_THE_COMMAND, 0), ("x" * (LONGEST_IN_THE_COMMAND + 1), 1), ("x" * 690, 1)],
    ids=["short", "as long as may be", "too long", "much too long"],
)
def test_a_good_token_lets_us_in_and_a_long_one_stands_on_a_line_of_its_own(token: str, alone: int) -> None:
    mailbox, issuer = TokenMailbox(good={token}), Issuer([token])
    with serving(mailbox) as server:
        assert send(server.settings, issuer, times=3).result is Result.SENT
    assert mailbox.received == [DATA] * 3
    assert (mailbox.tokens, mailbox.alone, issuer.asked) == ([token], alone, [False])


def test_a_token_that_was_withdrawn_is_asked_for_anew_once() -> None:
    mailbox, issuer = TokenMailbox(good={"new"}), Issuer(["old", "new"])
    with serving(mailbox) as server:
        assert send(server.settings, issuer).result is Result.SENT
    assert (mailbox.tokens, issuer.asked) == (["old", "new"], [False, True])


def test_tokens_that_are_refused_are_not_tried_a_third_time() -> None:
    mailbox, issuer = TokenMailbox(good=set()), Issuer(["old", "new", "newer"])
    with serving(mailbox) as server:
        outcome = send(server.settings, issuer)
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.RETRY, Phase.CONNECT, Reason.AUTH_REFUSED)
    assert outcome.reply is not None
    assert outcome.reply.startswith("535")
    assert mailbox.tokens == ["old", "new"]
    assert mailbox.received == []


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (["334 eyJzdGF0dXMiOiI0MDAifQ=="], Reason.AUTH_REFUSED),
        (["535 5.7.3 Authentication unsuccessful"], Reason.AUTH_REFUSED),
        (["454 4.7.0 Temporary authentication failure"], Reason.THROTTLED),
    ],
)
def test_a_refusal_is_told_whether_it_is_explained_or_not(answers: list[object], reason: Reason) -> None:
    with FaultyServer(EHLO=OFFER, AUTH=answers, **{"\r\n": "535 5.7.8 no"}) as server:
        outcome = send(server.settings, Issuer(["bad"]))
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.RETRY, Phase.CONNECT, reason)
    asked = 1 if reason is Reason.THROTTLED else 2
    assert len([command for command in server.commands if command.startswith("AUTH XOAUTH2 ")]) == asked


def test_a_token_is_never_sent_by_another_mechanism() -> None:
    issuer = Issuer(["token"])
    with FaultyServer(EHLO="250-x\r\n250 AUTH PLAIN LOGIN") as server:
        outcome = send(server.settings, issuer)
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.AUTH_MISSING)
    assert issuer.asked == []
    assert not [command for command in server.commands if command.startswith("AUTH")]


def test_without_a_token_nothing_is_sent_and_the_issuers_code_is_kept() -> None:
    mailbox = TokenMailbox()
    with serving(mailbox) as server:
        outcome = send(server.settings, closed)
        fault = check(server.settings(username=NAME, token=closed))
    assert outcome == fault
    assert outcome == Outcome(
        result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.TOKEN_FAILED, reply="AADSTS7000222"
    )
    assert mailbox.tokens == []


def test_the_token_is_never_shown() -> None:
    server = SmtpServer(host="mail.example.org", port=587, username="avtaler", token=Issuer(["hemmelig"]))
    assert "hemmelig" not in repr(server)
