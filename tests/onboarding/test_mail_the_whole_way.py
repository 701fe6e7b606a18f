"""Mail the whole way: from a real mailbox to the forwarded agreement, or to the person who must look."""

import threading
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from agreements.case import AgreementState
from agreements.decision import Verdict
from intake.receipts import ReceiptState, SourceOutcome
from onboarding.health import read_health
from onboarding.jobs.loop import run_until
from onboarding.jobs.notify import ServiceManager
from onboarding.sandbox import Sandbox
from onboarding.store.judgements import JudgementStatus
from tests.intake.imap_servers import PASSWORD, USER, Dovecot, closing_client, dovecot, eventually
from tests.onboarding.installation import Installation, Template, codes, opened_copy
from tests.onboarding.test_odd_files import blank_pdf

Send = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def post(server: Dovecot, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation that watches an empty mailbox."""
    with closing_client(server.client()) as client:
        for name in [name for flags, _, name in client.list_folders() if rb"\Noselect" not in flags]:
            client.select_folder(name)
            found = client.search()
            if found:
                client.delete_messages(found)
                client.expunge()
    secret = tmp_path / "passord"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o600)

    def watch(document: dict[str, Any]) -> None:
        document["mailboxes"] = [
            {
                "id": "avtaler",
                "vendor": "fjord",
                "address": USER,
                "host": "127.0.0.1",
                "port": server.imap,
                "tls": "none",
                "username": USER,
                "password_file": str(secret),
            }
        ]

    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=watch) as installation:
        yield installation


def mail(subject: str, *attachments: tuple[str, bytes], **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "kari@example.org", USER, subject
    message["Message-ID"] = f"<{abs(hash((subject, *attachments)))}@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Vedlagt.")
    for name, data in attachments:
        kind = "zip" if name.endswith(".zip") else "pdf"
        message.add_attachment(data, maintype="application", subtype=kind, filename=name)
    return bytes(message)


def lying_in(server: Dovecot, folder: str) -> int:
    with closing_client(server.client()) as client:
        return int(client.select_folder(folder, readonly=True)[b"EXISTS"])


def test_a_signed_agreement_in_a_mail_is_approved_forwarded_and_the_mail_moved(
    post: Installation, server: Dovecot
) -> None:
    server.deliver(mail("Signert avtale", ("avtale.pdf", post.template.honest)))
    done = post.run()
    assert (done.failed, done.unavailable) == ((), ())
    judgement = post.judgement(post.template.honest)
    assert judgement is not None
    assert (judgement.decision.verdict, judgement.status) == (Verdict.APPROVED, JudgementStatus.APPROVED)
    assert len(post.mails()) == 1
    letter, document = post.receipts()
    assert (document.parent, document.display_name) == (letter.id, "avtale.pdf")
    assert (letter.state, letter.source_outcome) == (ReceiptState.RECEIVED, SourceOutcome.MOVED)
    assert document.source_outcome is SourceOutcome.INSIDE
    assert (lying_in(server, "INBOX"), lying_in(server, "Inntak/Mottatt")) == (0, 1)
    assert [health.problem for health in read_health(post.workspace) if health.part == "mailbox avtaler"] == [None]


def test_the_same_agreement_by_mail_and_folder_is_judged_and_forwarded_once(
    post: Installation, server: Dovecot
) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("avtale.pdf", post.template.honest)
    server.deliver(
        mail("Signert", ("a.pdf", post.template.honest)),
        mail("Signert, en gang til", ("b.pdf", post.template.honest)),
        mail("Pakket", ("c.zip", packed.getvalue())),
    )
    post.drop("d.pdf", post.template.honest)
    post.drop("e.zip", packed.getvalue())
    post.run()
    assert len(post.receipts(post.template.honest)) == 5
    assert {receipt.state for receipt in post.receipts()} == {ReceiptState.RECEIVED}
    assert len(post.judgements()) == 1
    assert len(post.mails()) == 1
    assert {path.name for path in post.inbox.iterdir() if not path.name.startswith(".")} == {"ferdig"}


def test_a_mail_without_an_agreement_is_set_aside_with_its_reason(post: Installation, server: Dovecot) -> None:
    server.deliver(
        mail("Fravær", Auto_Submitted="auto-replied"),
        mail("Spørsmål om avtalen"),
    )
    post.run()
    absence, question = post.receipts()
    assert absence.reason is not None
    assert (absence.state, absence.reason.code) == (ReceiptState.NOT_AGREEMENT, "INT-022")
    assert question.state is ReceiptState.NOT_AGREEMENT
    assert question.reason is not None
    assert question.reason.code != absence.reason.code
    assert (lying_in(server, "INBOX"), lying_in(server, "Inntak/Ikke-avtale")) == (0, 2)
    assert post.mails() == []


def test_a_case_number_in_the_subject_brings_a_strange_document_to_a_person_and_does_not_move_the_case(
    post: Installation, server: Dovecot
) -> None:
    blank, issue = blank_pdf(), post.template.by_one
    server.deliver(mail(f"Sv: avtale {issue.agreement.number.case}", ("skannet.pdf", blank)))
    post.run()
    judgement = post.judgement(blank)
    assert judgement is not None
    assert (judgement.case, judgement.status) == (issue.agreement.number.case, JudgementStatus.OPEN)
    assert judgement.decision.verdict is not Verdict.APPROVED
    assert post.case(issue).agreement_state is AgreementState.ISSUED


def test_our_unsigned_agreement_beside_the_signed_one_is_left_out(post: Installation, server: Dovecot) -> None:
    issued = post.template.by_one.pdf
    server.deliver(mail("Avtale", ("usignert.pdf", issued), ("signert.pdf", post.template.honest)))
    post.run()
    assert post.receipts(issued) == ()
    assert len(post.mails()) == 1
    server.deliver(mail("Bare den usignerte", ("usignert.pdf", issued)))
    post.run()
    judgement = post.judgement(issued)
    assert judgement is not None
    assert "SIG-001" in codes(judgement)


def test_a_mailbox_that_can_not_be_reached_is_told_and_the_folders_go_on(post: Installation, server: Dovecot) -> None:
    (post.folder.parent / "passord").write_text("feil")
    post.drop("avtale.pdf", post.template.honest)
    done = post.run()
    assert done.unavailable == ("avtaler",)
    assert [error.code for error in done.failed] == ["mailbox_auth_failed"]
    assert len(post.mails()) == 1
    assert [h.problem for h in read_health(post.workspace) if h.part == "mailbox avtaler"] == ["mailbox_auth_failed"]


def test_mail_is_received_and_moved_while_the_program_runs(post: Installation, server: Dovecot) -> None:
    stop, started = threading.Event(), threading.Event()
    manager = ServiceManager()
    runner = threading.Thread(target=run_until, args=(post.workspace, stop, started.set, manager))
    runner.start()
    try:
        assert started.wait(20)
        server.deliver(mail("Signert avtale", ("avtale.pdf", post.template.honest)))
        eventually(lambda: len(post.mails()) == 1, seconds=60)
        eventually(lambda: lying_in(server, "INBOX") == 0, seconds=30)
    finally:
        stop.set()
        runner.join(15)
    assert not runner.is_alive()
    assert lying_in(server, "Inntak/Mottatt") == 1
