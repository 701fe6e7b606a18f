"""Whoever mails a document is told that it came: one answer a day at most, to addresses on the case, in the thread."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agreements.errors import NotFoundError
from agreements.findings import CAS_OTHER_VENDOR
from agreements.language import Language
from intake.receipts import ReceiptState
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.sources import retry_receipt
from outbox.messages import Message
from outbox.states import State
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import KARI, NILS, Installation, Template, sign_return
from tests.onboarding.mailed import ADDRESS, letter, watching
from tests.onboarding.posted import body, content, posted


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@pytest.fixture
def post(server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with watching(server, template, sandbox, tmp_path, plus_addresses=True) as installation:
        yield installation


@pytest.fixture
def known(post: Installation) -> str:
    """An address that stands on the case."""
    return str(post.case(post.template.by_one).values["contact.contract.email"])


def receipts(post: Installation) -> list[Message]:
    return posted(post, Purpose.RECEIPT)


def arrive(post: Installation, server: FakeImap, *mails: bytes) -> None:
    """Mail comes, and everything that is due is done."""
    for mail in mails:
        taken = [*server.mails, *(uid for moved in server.moved.values() for uid in moved)]
        server.mails[max(taken, default=0) + 1] = mail
    assert post.run().failed == ()


def signed(post: Installation, subject: str, sender: str, **headers: str) -> bytes:
    return letter(subject, ("avtale.pdf", post.template.honest), sender=sender, **headers)


def test_whoever_mails_a_return_is_told_in_the_thread_at_any_hour(
    post: Installation, server: FakeImap, known: str
) -> None:
    thread = {"Message_ID": "<retur@kunde.example.org>", "References": "<en@x.example> <to@x.example>"}
    arrive(post, server, signed(post, "Signert", known.upper(), **thread))
    (receipt,) = receipts(post)
    assert receipt.state is State.SENT  # an answer to a mail of a moment ago keeps no quiet hours
    mail = content(post, receipt)
    assert mail["To"] == receipt.recipient == post.workspace.settings.forward.test_to
    assert mail["Subject"].startswith("[TEST] Mottatt:")
    assert f"[{receipt.case_number}]" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["In-Reply-To"] == "<retur@kunde.example.org>"
    assert mail["References"].split() == ["<en@x.example>", "<to@x.example>", "<retur@kunde.example.org>"]
    assert mail["Reply-To"].startswith("avtaler+")
    assert mail["Reply-To"].endswith(ADDRESS.partition("@")[2])
    (returned,) = post.receipts(post.template.honest)
    assert str(returned.sha256) in body(mail)
    assert "Nå kontrollerer vi signaturen" in body(mail)
    assert "letter.queued" in post.kinds(post.template.by_one)


def test_what_a_person_must_look_at_is_said_and_nothing_of_what_was_found(
    post: Installation, server: FakeImap, known: str
) -> None:
    stranger = sign_return(post.template.by_one.pdf, post.pki.person(NILS))
    arrive(post, server, letter("Signert", ("avtale.pdf", stranger), sender=known))
    (receipt,) = receipts(post)
    assert "En av oss må se på dokumentet" in body(content(post, receipt))
    assert NILS not in body(content(post, receipt))


def test_a_document_after_the_approval_is_told_that_no_answer_follows(
    post: Installation, server: FakeImap, known: str
) -> None:
    post.receive(post.template.honest)
    again = sign_return(post.template.by_one.pdf, post.pki.person(KARI))
    arrive(post, server, letter("Signert igjen", ("avtale.pdf", again), sender=known))
    (receipt,) = receipts(post)
    assert "Avtalen var godkjent da dokumentet kom" in body(content(post, receipt))
    assert "Dere får svar" not in body(content(post, receipt))


def test_the_same_document_once_more_is_told_that_it_came_before(
    post: Installation, server: FakeImap, known: str
) -> None:
    arrive(post, server, signed(post, "En", known))
    post.clock.ahead += timedelta(days=2)
    arrive(post, server, signed(post, "To", known))
    first, second = receipts(post)
    assert "kom til oss tidligere" not in body(content(post, first))
    assert "kom til oss tidligere" in body(content(post, second))
    assert len(post.judgements()) == 1


def test_a_mail_with_an_old_and_a_new_document_is_answered_about_the_new_one(
    post: Installation, server: FakeImap, known: str
) -> None:
    post.receive(post.template.honest)
    new = sign_return(post.template.by_one.pdf, post.pki.person(NILS))
    arrive(post, server, letter("To", ("a.pdf", post.template.honest), ("b.pdf", new), sender=known))
    (receipt,) = receipts(post)
    (newest,) = post.receipts(new)
    assert str(newest.sha256) in body(content(post, receipt))


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("fremmed@example.org", {}),
        (None, {"Auto-Submitted": "auto-generated"}),
        (None, {"List-Id": "<kunder.example.org>"}),
        (None, {"Return-Path": "<>"}),
        (None, {"Precedence": "bulk"}),
        (None, {"X-Auto-Response-Suppress": "All"}),
        (None, {"X-Agreement-ID": "DA-2026-000001-Z.1"}),
    ],
)
def test_a_stranger_and_mail_that_no_program_may_answer_are_never_told(
    post: Installation, server: FakeImap, known: str, sender: str | None, headers: dict[str, str]
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    arrive(post, server, head + signed(post, "En", sender or known))
    assert len(post.receipts(post.template.honest)) == 1
    assert receipts(post) == []


@pytest.mark.parametrize("strange", ["", "ingen", "<a\x01b@x>", "<" + "a" * 300 + "@x>", "<a b@x.example>"])
def test_a_strange_message_id_is_left_out_and_the_answer_goes_all_the_same(
    post: Installation, server: FakeImap, known: str, strange: str
) -> None:
    mail = b"Message-ID: " + strange.encode() + b"\r\n" + signed(post, "En", known)
    arrive(post, server, mail)
    (receipt,) = receipts(post)
    answer = content(post, receipt)
    assert (answer["In-Reply-To"], answer["References"]) == (None, None)
    assert answer["Auto-Submitted"] == "auto-replied"


def test_a_sender_is_told_once_a_day_whatever_is_sent(post: Installation, server: FakeImap, known: str) -> None:
    arrive(post, server, *(signed(post, f"Mail {number}", known) for number in range(3)))
    assert len(receipts(post)) == 1
    post.clock.ahead += timedelta(hours=23)
    arrive(post, server, signed(post, "Mail 5", known))
    assert len(receipts(post)) == 1
    post.clock.ahead += timedelta(hours=2)
    name, _, domain = known.partition("@")
    arrive(post, server, signed(post, "Mail 6", known), signed(post, "Mail 7", f"{name}@{domain.upper()}"))
    assert len({receipt.idempotency_key for receipt in receipts(post)}) == len(receipts(post)) == 2


def test_the_same_mail_once_more_and_a_mail_that_is_opened_again_are_answered_once(
    post: Installation, server: FakeImap, known: str
) -> None:
    mail = signed(post, "To", known)
    arrive(post, server, mail)
    server.uidvalidity += 1
    post.clock.ahead += timedelta(days=2)
    arrive(post, server, mail)
    assert len(receipts(post)) == 1


def test_what_comes_by_folder_has_no_sender_to_tell(post: Installation) -> None:
    post.receive(post.template.honest)
    assert receipts(post) == []


def test_nobody_is_told_of_a_case_through_another_vendors_mailbox(
    server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with watching(server, template, sandbox, tmp_path, vendor="vidda") as post:
        known = str(post.case(post.template.by_one).values["contact.contract.email"])
        arrive(post, server, signed(post, "En", known))
        judgement = post.judgement(post.template.honest)
        assert judgement is not None
        assert CAS_OTHER_VENDOR.code in [finding.code for finding in judgement.decision.findings]
        assert receipts(post) == []


def test_an_answer_that_can_not_be_written_does_not_hold_up_the_mail(
    post: Installation, server: FakeImap, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_address(*_: object) -> None:
        raise NotFoundError("vendor_not_found", vendor="fjord")

    monkeypatch.setattr("onboarding.correspondence.receipts.stands_on_case", no_address)
    arrive(post, server, signed(post, "To", known))
    assert receipts(post) == []
    assert {receipt.state for receipt in post.receipts()} == {ReceiptState.RECEIVED}


def test_a_mail_judged_once_more_is_answered_once(post: Installation, server: FakeImap, known: str) -> None:
    document = post.template.by_one.pdf  # nobody signed it: it waits for a person, and may be judged again
    arrive(post, server, letter("En", ("a.pdf", document), sender=known))
    assert len(receipts(post)) == 1
    post.clock.ahead += timedelta(days=2)
    retry_receipt(post.workspace, post.receipts(document)[-1].id, post.actor)
    post.run()
    assert len(receipts(post)) == 1


def test_an_answer_to_an_answer_of_ours_ends_the_talk(post: Installation, server: FakeImap, known: str) -> None:
    arrive(post, server, signed(post, "En", known))
    (receipt,) = receipts(post)
    ours = post.workspace.blobs.read(receipt.sha256)
    post.clock.ahead += timedelta(days=2)
    looped = ours.replace(b"From: ", f"From: {known}\r\nX-From: ".encode(), 1)
    arrive(post, server, looped)
    assert len(receipts(post)) == 1


@pytest.mark.parametrize("language", [Language.NN, Language.EN])
def test_the_answer_is_in_the_cases_language(
    post: Installation, server: FakeImap, known: str, language: Language
) -> None:
    issue = post.issue(KARI, values={"agreement.language": language.value})
    document = sign_return(issue.pdf, post.pki.person(KARI))
    arrive(post, server, letter("Signert", ("a.pdf", document), sender=known))
    (receipt,) = receipts(post)
    subject = str(content(post, receipt)["Subject"])
    assert {"nn": "Motteke:", "en": "Received:"}[language.value] in subject
