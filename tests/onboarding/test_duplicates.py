"""The same document once more by mail: a receipt of its own, one verdict, one forward, and at most one draft."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agreements.errors import GateError, NotFoundError
from agreements.findings import CAS_OTHER_VENDOR
from intake.receipts import ReceiptState
from onboarding.delivery import draft_lines, release_message, retry_message, settle_message
from onboarding.sandbox import Sandbox
from onboarding.sources import retry_receipt
from outbox.messages import Message
from outbox.states import MOVES, WAITING_FOR_A_PERSON, State
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import Installation, Template, parsed
from tests.onboarding.mailed import letter, watching


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@pytest.fixture
def post(server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with watching(server, template, sandbox, tmp_path) as installation:
        yield installation


@pytest.fixture
def known(post: Installation) -> str:
    """An address that stands on the case."""
    return str(post.case(post.template.by_one).values["contact.contract.email"])


def drafts(post: Installation) -> list[Message]:
    return [message for message in post.messages() if message.state is State.DRAFT]


def arrive(post: Installation, server: FakeImap, *mails: bytes) -> None:
    """Mail comes, and everything that is due is done."""
    for mail in mails:
        server.mails[
            max([*server.mails, *(uid for moved in server.moved.values() for uid in moved)], default=0) + 1
        ] = mail
    assert post.run().failed == ()


def signed(post: Installation, subject: str, sender: str, **headers: str) -> bytes:
    return letter(subject, ("avtale.pdf", post.template.honest), sender=sender, **headers)


def test_whoever_sends_a_document_again_is_told_by_one_draft_that_nothing_sends(
    post: Installation, server: FakeImap, known: str
) -> None:
    arrive(post, server, signed(post, "Signert", known))
    assert drafts(post) == []
    arrive(post, server, signed(post, "Signert, en gang til", known))
    (draft,) = drafts(post)
    case = post.template.by_one.agreement.number.case
    assert (draft.case_number, draft.purpose, draft.attempts) == (str(case), "receipt", 0)
    assert (len(post.receipts(post.template.honest)), len(post.judgements()), len(post.mails())) == (2, 1, 1)
    for _ in range(2):
        post.clock.ahead += timedelta(days=7)
        post.run()
    assert len(post.mails()) == 1
    assert [message.state for message in drafts(post)] == [State.DRAFT]


def test_the_draft_says_that_it_came_before_and_names_the_case_and_the_checksum(
    post: Installation, server: FakeImap, known: str
) -> None:
    arrive(post, server, signed(post, "En", known), signed(post, "To", known.upper()))
    (draft,) = drafts(post)
    mail = parsed(post.workspace.blobs.read(draft.sha256))
    body = mail.get_content()
    assert f"[{draft.case_number}]" in mail["Subject"]
    assert mail["Subject"].startswith("[TEST] ")
    assert mail["To"] == draft.recipient == post.workspace.settings.forward.test_to
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "kom til oss tidligere" in body
    (again,) = post.receipts(post.template.honest)[1:]
    assert str(again.sha256) in body
    lines = draft_lines(post.workspace, draft)
    assert lines[:3] == (f"To: {mail['To']}", f"Subject: {mail['Subject']}", "")
    assert list(lines[3:]) == body.splitlines()


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("fremmed@example.org", {}),
        (None, {"Auto-Submitted": "auto-generated"}),
        (None, {"List-Id": "<kunder.example.org>"}),
        (None, {"Return-Path": "<>"}),
        (None, {"Precedence": "bulk"}),
        (None, {"X-Auto-Response-Suppress": "All"}),
    ],
)
def test_a_stranger_and_mail_that_no_program_may_answer_are_never_told(
    post: Installation, server: FakeImap, known: str, sender: str | None, headers: dict[str, str]
) -> None:
    again = signed(post, "To", sender or known)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    arrive(post, server, signed(post, "En", known), head + again)
    assert len(post.receipts(post.template.honest)) == 2
    assert drafts(post) == []


def test_a_sender_is_told_once_a_day_whatever_is_sent(post: Installation, server: FakeImap, known: str) -> None:
    arrive(post, server, *(signed(post, f"Mail {number}", known) for number in range(4)))
    assert len(drafts(post)) == 1
    post.clock.ahead += timedelta(hours=23)
    arrive(post, server, signed(post, "Mail 5", known))
    assert len(drafts(post)) == 1
    post.clock.ahead += timedelta(hours=2)
    arrive(post, server, signed(post, "Mail 6", known), signed(post, "Mail 7", known))
    assert len(drafts(post)) == 2
    assert len({draft.idempotency_key for draft in drafts(post)}) == 2


def test_the_same_mail_once_more_and_a_mail_that_is_opened_again_make_no_second_draft(
    post: Installation, server: FakeImap, known: str
) -> None:
    again = signed(post, "To", known)
    arrive(post, server, signed(post, "En", known), again)
    server.uidvalidity += 1
    post.clock.ahead += timedelta(days=2)
    arrive(post, server, again)
    assert len(drafts(post)) == 1


def test_a_document_that_came_by_folder_first_is_told_of_when_it_comes_by_mail_and_not_the_other_way(
    post: Installation, server: FakeImap, known: str
) -> None:
    post.receive(post.template.honest)
    arrive(post, server, signed(post, "Signert", known))
    assert len(drafts(post)) == 1
    post.drop("igjen.pdf", post.template.honest)
    post.run()
    assert len(post.receipts(post.template.honest)) == 3
    assert len(drafts(post)) == 1


def test_nobody_is_told_of_a_case_through_another_vendors_mailbox(
    server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with watching(server, template, sandbox, tmp_path, vendor="vidda") as post:
        known = str(post.case(post.template.by_one).values["contact.contract.email"])
        arrive(post, server, signed(post, "En", known), signed(post, "To", known))
        assert len(post.receipts(post.template.honest)) == 2
        judgement = post.judgement(post.template.honest)
        assert judgement is not None
        assert CAS_OTHER_VENDOR.code in [finding.code for finding in judgement.decision.findings]
        assert drafts(post) == []


def test_a_letter_that_can_not_be_written_does_not_hold_up_the_mail(
    post: Installation, server: FakeImap, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(post, server, signed(post, "En", known))
    monkeypatch.setattr(type(post.workspace), "vendor", _no_vendor)
    arrive(post, server, signed(post, "To", known))
    assert drafts(post) == []
    assert {receipt.state for receipt in post.receipts()} == {ReceiptState.RECEIVED}


def _no_vendor(_workspace: object, vendor_id: str) -> None:
    raise NotFoundError("vendor_not_found", vendor=vendor_id)


def test_nothing_leads_out_of_a_draft(post: Installation, server: FakeImap, known: str) -> None:
    arrive(post, server, signed(post, "En", known), signed(post, "To", known))
    (draft,) = drafts(post)
    assert MOVES[State.DRAFT] == frozenset()
    assert State.DRAFT not in WAITING_FOR_A_PERSON
    assert all(State.DRAFT not in targets for targets in MOVES.values())
    with pytest.raises(GateError, match="message_state"):
        release_message(post.workspace, draft.id, "vil ha den sendt", post.actor)
    with pytest.raises(GateError, match="message_state"):
        retry_message(post.workspace, draft.id, post.actor)
    with pytest.raises(GateError, match="message_state"):
        settle_message(post.workspace, draft.id, sent=True, actor=post.actor)
    assert [message.state for message in drafts(post)] == [State.DRAFT]


def test_a_mail_judged_once_more_after_a_draft_makes_none(post: Installation, server: FakeImap, known: str) -> None:
    document = post.template.by_one.pdf  # nobody signed it: it waits for a person, and may be judged again
    arrive(
        post, server, letter("En", ("a.pdf", document), sender=known), letter("To", ("b.pdf", document), sender=known)
    )
    (draft,) = drafts(post)
    assert "må se på dokumentet" in parsed(post.workspace.blobs.read(draft.sha256)).get_content()
    post.clock.ahead += timedelta(days=2)
    retry_receipt(post.workspace, post.receipts(document)[-1].id, post.actor)
    post.run()
    assert len(drafts(post)) == 1
