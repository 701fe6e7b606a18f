"""What the outbox promises of a mail server: the same for Postfix in front of Dovecot and for aiosmtpd, TLS on."""

import hashlib
import os
import select
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from outbox.compose import Attachment, Letter, compose, message_id_for
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp import Envelope, Offer, Session, SmtpServer, check
from tests.contract.relays import (
    ANSWERS,
    COPY,
    DIGIPOST,
    NOBODY,
    Kind,
    PostfixRelay,
    Relay,
    aiosmtpd_relay,
    postfix_relay,
    settings,
)
from tests.intake.imap_servers import USER, Dovecot, dovecot, eventually
from tests.intake.mail_relay import SIZE_LIMIT
from tests.outbox.outbox_kit import NOON

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def behind() -> Iterator[Dovecot]:
    with dovecot(DIGIPOST, COPY) as running:
        yield running


@pytest.fixture(scope="module")
def real(behind: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostfixRelay]:
    with postfix_relay(behind, tmp_path_factory.mktemp("postfix")) as running:
        yield running


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with aiosmtpd_relay(tmp_path_factory.mktemp("aiosmtpd")) as running:
        yield running


@pytest.fixture(params=["postfix", "aiosmtpd"])
def relay(request: pytest.FixtureRequest) -> Relay:
    running: Relay = request.getfixturevalue("real" if request.param == "postfix" else "stand_in")
    return running


_numbers = iter(range(10_000))


def mail(*files: bytes) -> tuple[bytes, str]:
    """A letter of its own, and its Message-ID."""
    message_id = message_id_for(f"contract:{next(_numbers)}", sender=USER, now=NOON)
    letter = Letter(
        sender=USER,
        recipient=DIGIPOST,
        subject="Signert avtale – Blåbær AS",
        body="Hei\n.\nvedlagt\n",
        date=NOON,
        message_id=message_id,
        attachments=tuple(
            Attachment(name=f"Avtale-{number}.pdf", media_type="application/pdf", data=data)
            for number, data in enumerate(files)
        ),
    )
    return compose(letter), message_id


def deliver(server: SmtpServer, data: bytes, **changes: str) -> Outcome:
    with Session(server) as session:
        return session.deliver(replace(Envelope(sender=USER, recipient=DIGIPOST), **changes), data)


def came(relay: Relay, address: str, message_id: str) -> list[bytes]:
    """What arrived of this message."""
    return [data for data in relay.arrived(address) if f"Message-ID: {message_id}\r\n".encode() in data]


def arrives(relay: Relay, address: str, message_id: str) -> bytes:
    """The one copy that arrives."""
    eventually(lambda: bool(came(relay, address, message_id)), every=0.05)
    (data,) = came(relay, address, message_id)
    return data


# --- it arrives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_a_message_arrives_byte_for_byte_and_the_relays_receipt_is_kept(relay: Relay, kind: Kind) -> None:
    files = [os.urandom(200_000), b"%PDF-1.7\n.\n..\n\r\x00\xff" * 1000]
    data, message_id = mail(*files)
    outcome = deliver(settings(relay, kind), data)
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.SENT, Phase.AFTER_DOT, None)
    assert outcome.reply is not None
    assert outcome.reply.startswith("250 2.0.0 Ok: queued as ")
    received = arrives(relay, DIGIPOST, message_id)
    assert received.endswith(data)  # above it stand the servers' own lines
    parsed = message_from_bytes(received, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    parts = [part.get_payload(decode=True) for part in parsed.iter_attachments()]
    sent = [hashlib.sha256(file).hexdigest() for file in files]
    assert [hashlib.sha256(part).hexdigest() for part in parts if isinstance(part, bytes)] == sent


def test_the_copy_arrives_with_the_message(relay: Relay) -> None:
    data, message_id = mail()
    assert deliver(settings(relay), data, copy_to=COPY).result is Result.SENT
    assert arrives(relay, COPY, message_id).endswith(data)
    assert arrives(relay, DIGIPOST, message_id).endswith(data)


def test_twenty_messages_take_one_connection(relay: Relay) -> None:
    before = relay.connections()
    mails = [mail(b"x" * 10_000) for _ in range(20)]
    with Session(settings(relay)) as session:
        outcomes = [session.deliver(Envelope(sender=USER, recipient=DIGIPOST), data) for data, _ in mails]
    assert {outcome.result for outcome in outcomes} == {Result.SENT}
    assert len({outcome.reply for outcome in outcomes}) == 20
    assert relay.connections() - before == 1
    for _, message_id in mails:
        arrives(relay, DIGIPOST, message_id)


def test_a_relay_that_closes_between_two_messages_gets_each_of_them_once(relay: Relay) -> None:
    before = relay.connections()
    (one, first), (two, second) = mail(), mail()
    with Session(settings(relay, "impatient")) as session:
        envelope = Envelope(sender=USER, recipient=DIGIPOST)
        assert session.deliver(envelope, one).result is Result.SENT
        assert session._client is not None
        told, _, _ = select.select([session._client.open_socket()], [], [], 10)
        assert told  # that it hangs up, with a 421 before or not
        assert session.deliver(envelope, two).result is Result.SENT
    assert relay.connections() - before == 2
    arrives(relay, DIGIPOST, first)
    arrives(relay, DIGIPOST, second)


# --- it is refused --------------------------------------------------------------------------------------------------

MEANINGS = {
    "451 4.7.500": (Result.RETRY, Reason.THROTTLED),
    "553 5.7.1": (Result.BLOCKED, Reason.SENDER_REFUSED),
    "450 4.2.0": (Result.RETRY, Reason.BUSY),
    "550 5.1.1": (Result.BLOCKED, Reason.RECIPIENT_REFUSED),
    "552 5.2.2": (Result.BLOCKED, Reason.RECIPIENT_REFUSED),
    "421 4.3.2": (Result.RETRY, Reason.THROTTLED),
    "554 5.7.1": (Result.BLOCKED, Reason.POLICY),
    "450 4.2.1": (Result.RETRY, Reason.BUSY),
    "451 4.2.1": (Result.RETRY, Reason.BUSY),
}


@pytest.mark.parametrize(
    ("command", "address", "answer"),
    [(command, *row) for command, rows in ANSWERS.items() for row in rows.items()],
)
def test_a_refusal_at_any_command_means_that_it_certainly_did_not_leave(
    relay: Relay, command: str, address: str, answer: str
) -> None:
    code = " ".join(answer.split()[:2])
    data, message_id = mail()
    who = {"sender": address} if command == "mail" else {"recipient": address}
    outcome = deliver(settings(relay), data, **who)
    phase = Phase.AFTER_DOT if command == "dot" else Phase.BEFORE_DATA
    assert (outcome.result, outcome.reason, outcome.phase) == (*MEANINGS[code], phase)
    assert outcome.reply is not None
    assert outcome.reply.startswith(f"{code} ")
    assert came(relay, DIGIPOST, message_id) == []


@pytest.mark.parametrize(
    ("address", "result", "reason"),
    [
        ("ukjent@example.org", Result.BLOCKED, Reason.COPY_REFUSED),
        ("full@example.org", Result.BLOCKED, Reason.COPY_REFUSED),
        ("graa@example.org", Result.RETRY, Reason.BUSY),
    ],
)
def test_without_its_copy_a_message_does_not_leave(relay: Relay, address: str, result: Result, reason: Reason) -> None:
    data, _ = mail()
    before = len(relay.arrived(DIGIPOST))
    outcome = deliver(settings(relay), data, copy_to=address)
    assert (outcome.result, outcome.reason, outcome.phase) == (result, reason, Phase.BEFORE_DATA)
    after, message_id = mail()
    assert deliver(settings(relay), after).result is Result.SENT
    arrives(relay, DIGIPOST, message_id)  # so the one before it would have arrived by now, too
    assert len(relay.arrived(DIGIPOST)) == before + 1


def test_what_is_too_large_is_not_even_begun(relay: Relay) -> None:
    data = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * (SIZE_LIMIT // 78 + 1)
    outcome = deliver(settings(relay), data)
    assert outcome == Outcome(
        result=Result.BLOCKED, phase=Phase.BEFORE_DATA, reason=Reason.TOO_LARGE, reply=f"SIZE {SIZE_LIMIT}"
    )


# --- TLS and log-in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("expired", Reason.CERTIFICATE),
        ("other_name", Reason.CERTIFICATE),
        ("bare", Reason.STARTTLS_MISSING),
    ],
)
def test_a_relay_that_is_not_certainly_the_right_one_gets_nothing(relay: Relay, kind: Kind, reason: Reason) -> None:
    data, message_id = mail()
    server = settings(relay, kind)
    expected = Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=reason)
    assert (deliver(server, data), check(server)) == (expected, expected)
    assert came(relay, DIGIPOST, message_id) == []


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_a_relay_by_an_authority_that_nobody_knows_gets_nothing(relay: Relay, kind: Kind) -> None:
    outcome = deliver(settings(relay, kind, tls_context=None), mail()[0])
    assert outcome == Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.CERTIFICATE)


def test_a_look_tells_what_the_relay_offers(relay: Relay) -> None:
    assert check(settings(relay)) == Offer(size=SIZE_LIMIT, reports=isinstance(relay, PostfixRelay))


def test_a_wrong_password_is_told_and_the_message_keeps_its_place(relay: Relay) -> None:
    outcome = deliver(settings(relay, password="feil"), mail()[0])
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.RETRY, Phase.CONNECT, Reason.AUTH_REFUSED)
    assert outcome.reply is not None
    assert outcome.reply.startswith("535 5.7.8")


def test_a_good_token_lets_us_in(relay: Relay) -> None:
    data, message_id = mail()
    outcome = deliver(settings(relay, password=None, token=lambda *, anew: relay.token), data)
    assert outcome.result is Result.SENT
    arrives(relay, DIGIPOST, message_id)


def test_a_token_that_was_withdrawn_is_replaced_once(relay: Relay) -> None:
    asked = []

    def token(*, anew: bool) -> str:
        asked.append(anew)
        return relay.token if anew else "withdrawn"

    assert deliver(settings(relay, password=None, token=token), mail()[0]).result is Result.SENT
    assert asked == [False, True]


def test_a_bad_token_is_told_and_the_message_keeps_its_place(relay: Relay) -> None:
    outcome = deliver(settings(relay, password=None, token=lambda *, anew: "bad"), mail()[0])
    assert (outcome.result, outcome.phase, outcome.reason) == (Result.RETRY, Phase.CONNECT, Reason.AUTH_REFUSED)
    assert outcome.reply is not None
    assert outcome.reply.startswith("535 5.7.8")


# --- delivery reports: Postfix alone makes them ---------------------------------------------------------------------


@pytest.mark.parametrize(("recipient", "action"), [(DIGIPOST, "relayed"), (NOBODY, "failed")])
def test_a_report_comes_back_that_quotes_our_id_and_message_and_not_the_agreement(
    real: PostfixRelay, recipient: str, action: str
) -> None:
    data, message_id = mail(b"%PDF" * 10_000)
    envelope_id = hashlib.sha256(message_id.encode()).hexdigest()[:32]
    outcome = deliver(settings(real), data, recipient=recipient, envelope_id=envelope_id, copy_to=COPY)
    assert outcome.result is Result.SENT
    wanted = f"Original-Envelope-Id: {envelope_id}".encode()
    eventually(lambda: any(wanted in report for report in real.arrived(USER)), every=0.05)
    (raw,) = [report for report in real.arrived(USER) if wanted in report]
    report = message_from_bytes(raw, policy=policy.default)
    assert report.get_content_type() == "multipart/report"
    status = next(part for part in report.walk() if part.get_content_type() == "message/delivery-status")
    fields: Any = status.get_payload()
    per_message, per_recipient = fields
    assert str(per_message["Original-Envelope-Id"]) == envelope_id
    assert str(per_recipient["Action"]) == action
    assert recipient in str(per_recipient["Original-Recipient"])
    assert f"Message-ID: {message_id}".encode() in raw
    assert len(raw) < 10_000  # the headers only
    assert COPY.encode() not in raw
