"""The whole circle on real servers: Postfix takes what customers and our outbox send, Dovecot holds what comes."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from agreements.case import AgreementState
from agreements.case_address import case_token, find_tokens, plus_address
from agreements.findings import INT_BOUNCE, INT_ONLY_TEXT
from intake.ledger import find_document
from intake.matching import Evidence
from intake.openings import find_opening
from intake.receipts import Receipt, ReceiptState, SourceOutcome
from intake.replies import bar_to_answer
from intake.unpacking import BarToReply, MailKind, MailReading
from onboarding.sandbox import Sandbox
from outbox.outcome import Reason, Result
from outbox.smtp import Envelope, Session
from outbox.states import State
from tests.crash.post import Post
from tests.intake.imap_servers import USER, Dovecot, closing_client, dovecot, eventually
from tests.intake.mail_relay import DOMAIN, SIZE_LIMIT, Postfix, postfix
from tests.onboarding.installation import Installation, Template, attached, opened_copy, parsed

pytestmark = pytest.mark.contract

CUSTOMER, DIGIPOST, NOBODY = f"kari@{DOMAIN}", f"digipost@{DOMAIN}", f"finnes-ikke@{DOMAIN}"
"""Customer and Digipost have mailboxes on the same Dovecot as we."""
Open = Callable[..., Installation]


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot(CUSTOMER, DIGIPOST) as running:
        yield running


@pytest.fixture(scope="module")
def relay(server: Dovecot) -> Iterator[Postfix]:
    with postfix(server) as running:
        yield running


@pytest.fixture
def opened(template: Template, sandbox: Sandbox, server: Dovecot, relay: Postfix, tmp_path: Path) -> Iterator[Open]:
    """Opens an installation that watches an empty mailbox and sends through the relay, its forwards to `forward_to`."""
    for address in (USER, CUSTOMER, DIGIPOST):
        empty(server, address)
    post = Post.of(server, tmp_path)
    with ExitStack() as stack:

        def open_it(*, forward_to: str = DIGIPOST) -> Installation:
            def change(document: dict[str, Any]) -> None:
                document["mailboxes"] = [post.settings(USER)]
                document["smtp"] |= {"port": relay.port, "from": USER}
                document["forward"] |= {"test_to": forward_to, "allow": [*document["forward"]["allow"], forward_to]}

            copy = opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change)
            return stack.enter_context(copy)

        yield open_it


def empty(server: Dovecot, address: str) -> None:
    with closing_client(server.client(address)) as client:
        for name in [name for flags, _, name in client.list_folders() if rb"\Noselect" not in flags]:
            client.select_folder(name)
            if found := client.search():
                client.delete_messages(found)
                client.expunge()


def lying_in(server: Dovecot, address: str, folder: str = "INBOX") -> list[bytes]:
    with closing_client(server.client(address)) as client:
        client.select_folder(folder, readonly=True)
        mails = client.fetch(client.search(), ["BODY.PEEK[]"])
    return [mails[uid][b"BODY[]"] for uid in sorted(mails)]


def arrived(server: Dovecot, address: str, count: int = 1) -> list[bytes]:
    """What lies in an inbox as soon as so many mails do."""
    eventually(lambda: len(lying_in(server, address)) == count)
    return lying_in(server, address)


def letter(to: str, *attachments: tuple[str, bytes], subject: str = "Signert avtale") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = CUSTOMER, to, subject
    message["Message-ID"] = f"<{abs(hash((to, subject, attachments)))}@{DOMAIN}>"
    message.set_content("Vedlagt.")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message


def send(relay: Postfix, to: str, data: bytes, *, options: tuple[str, ...] = ()) -> None:
    with relay.client() as client:
        client.sendmail(CUSTOMER, [to], data, mail_options=options)


def read_mail(installation: Installation, receipt: Receipt) -> MailReading:
    """What was read of a mail."""
    assert receipt.sha256 is not None
    with installation.workspace.store.read() as connection:
        opening = find_opening(connection, receipt.sha256)
    assert opening is not None
    assert opening.mail is not None
    return opening.mail


def evidence(installation: Installation, receipt: Receipt) -> set[Evidence]:
    """By what a document was known."""
    assert receipt.sha256 is not None
    with installation.workspace.store.read() as connection:
        document = find_document(connection, receipt.sha256)
    assert document is not None
    assert document.outcome is not None
    return {clue.evidence for clue in document.outcome.clues}


def test_a_signed_agreement_sent_by_a_customer_comes_back_out_of_the_relay_as_the_forward(
    opened: Open, server: Dovecot, relay: Postfix
) -> None:
    installation = opened()
    document, case = installation.template.honest, installation.case(installation.template.by_one).number
    token = case_token(installation.workspace.marking_key, case)
    to = plus_address(USER, token)
    assert to is not None
    send(relay, to, bytes(letter(to, ("avtale.pdf", document))))
    [came] = arrived(server, USER)
    installation.run()
    mail, inside = installation.receipts()
    assert installation.workspace.blobs.read(mail.sha256 or "") == came
    assert installation.workspace.blobs.read(inside.sha256 or "") == document
    assert (mail.state, mail.source_outcome) == (ReceiptState.RECEIVED, SourceOutcome.MOVED)
    assert find_tokens(read_mail(installation, mail).recipients) == (token,)
    assert Evidence.ADDRESS_TOKEN in evidence(installation, inside)
    assert lying_in(server, USER, "Inntak/Mottatt") == [came]
    [forward] = map(parsed, arrived(server, DIGIPOST))
    assert document in attached(forward)
    [message] = installation.messages()
    assert (message.state, forward["Message-ID"]) == (State.SENT, message.message_id)
    assert message.reply is not None
    assert "queued as" in message.reply
    assert installation.case(installation.template.by_one).agreement_state is AgreementState.FORWARDED


def test_what_the_relay_can_not_deliver_comes_back_as_a_report_that_nothing_answers(
    opened: Open, server: Dovecot, relay: Postfix
) -> None:
    installation = opened(forward_to=NOBODY)
    send(relay, USER, bytes(letter(USER, ("avtale.pdf", installation.template.honest))))
    arrived(server, USER)
    installation.run()
    [report] = arrived(server, USER)
    assert parsed(report).get_content_type() == "multipart/report"
    installation.run()
    receipt = installation.receipts()[-1]
    assert receipt.reason == INT_BOUNCE()
    assert (receipt.state, receipt.parent) == (ReceiptState.NOT_AGREEMENT, None)
    mail, [message] = read_mail(installation, receipt), installation.messages()
    assert (mail.kind, mail.bar_to_reply) == (MailKind.BOUNCE, BarToReply.REPORT)
    assert bar_to_answer(mail, last_answer=None, now=installation.clock()) is BarToReply.REPORT
    assert mail.report is not None
    assert f"<{mail.report.message_id.strip('<>')}>" == message.message_id
    [told] = mail.report.recipients
    assert (told.final_recipient, told.action, told.status) == (NOBODY, "failed", "5.1.1")
    installation.run()
    assert len(installation.receipts()) == 3  # the customer's mail, the document in it, the report
    assert lying_in(server, USER) == lying_in(server, CUSTOMER) == []
    assert lying_in(server, USER, "Inntak/Ikke-avtale") == [report]


def test_a_mail_of_35_megabytes_passes_and_a_larger_one_is_refused_before_it_is_sent(
    opened: Open, server: Dovecot, relay: Postfix
) -> None:
    installation = opened()
    padding = b"%PDF-1.7\n" + b"0123456789abcdef" * (25 * 2**20 // 16)
    large = bytes(letter(USER, ("stor.pdf", padding)))
    assert 35_000_000 < len(large) < SIZE_LIMIT
    send(relay, USER, large)
    eventually(lambda: len(lying_in(server, USER)) == 1)
    installation.run()
    mail, inside = installation.receipts()
    assert mail.size > len(large) - 1
    assert (inside.size, inside.display_name) == (len(padding), "stor.pdf")
    assert installation.workspace.blobs.read(inside.sha256 or "") == padding
    too_large = bytes(letter(USER, ("stor.pdf", padding + padding[:8_000_000])))
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        send(relay, USER, too_large)
    assert refused.value.smtp_code == 552
    with Session(relay.settings()) as session:
        outcome = session.deliver(Envelope(sender=USER, recipient=DIGIPOST), too_large)
    assert (outcome.result, outcome.reason) == (Result.BLOCKED, Reason.TOO_LARGE)
    assert lying_in(server, USER) == []


def test_a_mail_in_eight_bits_with_raw_letters_in_its_header_arrives_unchanged(
    opened: Open, server: Dovecot, relay: Postfix
) -> None:
    installation = opened()
    subject = "Sp\u00f8rsm\u00e5l \u2013 \u00e6\u00f8\u00e5"
    head = f"From: {CUSTOMER}\r\nTo: {USER}\r\nMessage-ID: <b@{DOMAIN}>\r\nSubject: {subject}\r\n"
    mime = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    data = f"{head}{mime}\r\nHei p\u00e5 dere.\r\n".encode()
    send(relay, USER, data, options=("BODY=8BITMIME",))
    [came] = arrived(server, USER)
    assert data.partition(b"\r\n\r\n")[2] == came.partition(b"\r\n\r\n")[2]
    installation.run()
    [receipt] = installation.receipts()
    assert receipt.reason == INT_ONLY_TEXT()
    assert read_mail(installation, receipt).subject == subject


def test_nothing_leaves_the_relay_for_any_other_domain(relay: Postfix) -> None:
    elsewhere = "kari@example.com"
    with Session(relay.settings()) as session:
        outcome = session.deliver(Envelope(sender=USER, recipient=elsewhere), bytes(letter(elsewhere)))
    assert (outcome.result, outcome.reply) == (Result.BLOCKED, "554 5.7.1 <kari@example.com>: Relay access denied")
