"""Digipost's answers: found, filed on their case, seen by whoever must read them, and never believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from agreements.case import AgreementState
from agreements.duties import waiting_for
from agreements.language import Language
from agreements.times import format_utc
from agreements.turn import Party
from intake.matching import Evidence
from intake.receipts import Receipt, ReceiptState
from onboarding.case_view import case_details, case_timeline
from onboarding.digipost_answers import AnswerKind, DigipostAnswer, read_answers
from onboarding.intake_view import receipt_details
from onboarding.purposes import Purpose
from onboarding.return_address import return_address
from onboarding.sandbox import Sandbox
from onboarding.settings import load_settings
from onboarding.settings.faults import SettingsError
from onboarding.status import status_answer
from onboarding.store.tables import cases
from outbox.evidence import Evidence as Settled
from outbox.history import message_history
from outbox.rows import Message, messages
from outbox.states import State
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import Installation, Template, change_config
from tests.onboarding.mailed import ADDRESS, letter, watching
from tests.onboarding.test_odd_files import blank_pdf

DOMAIN = "digipost.example.org"
DESK = f"per@{DOMAIN}"


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """An installation whose agreement has been forwarded, to copy, and the mail as it arrived."""

    template: Template
    mail: EmailMessage


@pytest.fixture(scope="module")
def forwarded(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Forwarded:
    folder = tmp_path_factory.mktemp("forwarded")
    with (
        FakeImap() as server,
        watching(server, template, sandbox, folder, also=desk, plus_addresses=True) as installation,
    ):
        installation.receive(template.honest)
        (mail,) = installation.mails()
        return Forwarded(template=replace(template, folder=installation.folder), mail=mail)


@pytest.fixture
def post(server: FakeImap, forwarded: Forwarded, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """A copy, with a mailbox for mail to `avtaler+…`."""
    with watching(server, forwarded.template, sandbox, tmp_path, also=desk, plus_addresses=True) as installation:
        yield installation


def desk(document: dict[str, Any]) -> None:
    document["attestation"]["domains"] = [DOMAIN]


def state(post: Installation) -> AgreementState:
    return post.case(post.template.by_one).agreement_state


def number(post: Installation) -> str:
    return str(post.template.by_one.agreement.number.case)


def own_address(post: Installation) -> str:
    vendor, case = post.workspace.vendor("fjord"), post.template.by_one.agreement.number.case
    return return_address(post.workspace, vendor, case)


def come(post: Installation, server: FakeImap, mail: bytes) -> Receipt:
    """A mail comes; returns its receipt."""
    server.mails[1 + sum(map(len, server.moved.values()))] = mail
    before = {receipt.id for receipt in post.receipts()}
    done = post.run()
    assert (done.failed, done.unavailable) == ((), ())
    return next(receipt for receipt in post.receipts() if receipt.id not in before and receipt.parent is None)


def written(body: str, fields: Mapping[str, str]) -> bytes:
    """A mail without documents; `auto_submitted` becomes the field Auto-Submitted."""
    message = EmailMessage()
    for name, value in fields.items():
        if value:
            message[name.replace("_", "-").title()] = value
    message.set_content(body)
    return bytes(message)


def say(
    post: Installation, server: FakeImap, body: str, *, sender: str = DESK, to: str = "", **headers: str
) -> Receipt:
    """A mail of Digipost's desk to the case's own address."""
    fields = {"from": sender, "to": to or own_address(post), "subject": "Sv: Avtale"} | headers
    return come(post, server, written(body, fields))


def answers(post: Installation) -> tuple[DigipostAnswer, ...]:
    with post.workspace.store.read() as connection:
        return read_answers(connection, post.template.by_one.agreement.number.case)


def reply_to(forward: EmailMessage) -> dict[str, str]:
    """The header of an answer as a mail program makes it from the mail that really arrived."""
    to = str(forward["Reply-To"] or forward["From"])
    return {"from": DESK, "to": to, "subject": f"Sv: {forward['Subject']}", "in_reply_to": str(forward["Message-ID"])}


# --- a reply finds its case -------------------------------------------------------------------------------------------


def test_a_reply_to_the_mail_that_arrived_is_filed_on_its_case(
    post: Installation, server: FakeImap, forwarded: Forwarded
) -> None:
    receipt = come(post, server, written("Takk, vi setter i gang.", reply_to(forwarded.mail)))
    assert answers(post) == (
        DigipostAnswer(
            case=post.template.by_one.agreement.number.case,
            receipt=receipt.id,
            kind=AnswerKind.ACKNOWLEDGEMENT,
            evidence=Evidence.ADDRESS_TOKEN,
            automatic=False,
        ),
    )
    assert receipt.state is ReceiptState.RECEIVED
    assert receipt.reason is not None
    assert receipt.reason.code == "INT-027"
    shown = receipt_details(post.workspace, receipt.id, Language.NB).data
    assert isinstance(shown, dict)
    assert shown["case"] == number(post)


@pytest.mark.parametrize(
    ("kept", "evidence"),
    [
        ("to", Evidence.ADDRESS_TOKEN),
        ("in_reply_to", Evidence.ANSWERED_MAIL),
        ("subject", Evidence.NUMBER_IN_NAME),
    ],
)
def test_each_of_the_three_ways_back_to_the_case_is_enough_alone(
    post: Installation, server: FakeImap, forwarded: Forwarded, kept: str, evidence: Evidence
) -> None:
    fields = reply_to(forwarded.mail)
    fields |= {"to": ADDRESS, "subject": "Sv: Avtale", "in_reply_to": ""} | {kept: fields[kept]}
    come(post, server, written("Takk.", fields))
    assert [answer.evidence for answer in answers(post)] == [evidence]


def test_the_forward_names_the_cases_own_address_as_where_to_answer(post: Installation, forwarded: Forwarded) -> None:
    assert str(forwarded.mail["Reply-To"]) == own_address(post)
    assert str(forwarded.mail["Subject"]).endswith(f"[{number(post)}]")


# --- who has the ball -------------------------------------------------------------------------------------------------


def test_what_a_person_writes_without_asking_acknowledges_the_forward_and_hands_the_ball_to_the_vendor(
    post: Installation, server: FakeImap
) -> None:
    assert waiting_for(post.case(post.template.by_one)) is Party.DIGIPOST
    say(post, server, "Takk, vi setter opp kontoen.")
    case = post.case(post.template.by_one)
    assert (case.agreement_state, case.asked) == (AgreementState.ACKNOWLEDGED, False)
    assert waiting_for(case) is Party.VENDOR


def test_a_question_waits_for_the_vendor_and_acknowledges_nothing(post: Installation, server: FakeImap) -> None:
    receipt = say(post, server, "Hvem er teknisk kontakt hos dere?")
    case = post.case(post.template.by_one)
    assert (case.agreement_state, case.asked) == (AgreementState.FORWARDED, True)
    assert waiting_for(case) is Party.VENDOR
    assert [answer.kind for answer in answers(post)] == [AnswerKind.QUESTION]
    told = "\n".join(case_details(post.workspace, number(post), Language.NB).lines)
    assert f"Digipost spør om noe i mottak {receipt.id}" in told
    assert f"avtale forward answered {number(post)}" in told
    status = status_answer(post.workspace, Language.NB)
    assert isinstance(status.data, dict)
    assert status.data["questions"] == 1
    assert any("Digipost venter på svar" in line and line.endswith("1") for line in status.lines)


def test_a_program_that_answers_every_mail_moves_nothing(post: Installation, server: FakeImap) -> None:
    receipt = say(post, server, "Vi har mottatt henvendelsen. Haster det?", auto_submitted="auto-replied")
    assert [(answer.kind, answer.automatic) for answer in answers(post)] == [(AnswerKind.ACKNOWLEDGEMENT, True)]
    assert waiting_for(post.case(post.template.by_one)) is Party.DIGIPOST
    assert receipt.state is ReceiptState.RECEIVED
    assert "(sendt av et program)" in "\n".join(case_details(post.workspace, number(post), Language.NB).lines)


def test_a_person_who_asks_through_a_help_desk_is_heard(post: Installation, server: FakeImap) -> None:
    say(post, server, "Hvem er teknisk kontakt?", auto_submitted="auto-generated")
    assert [(answer.kind, answer.automatic) for answer in answers(post)] == [(AnswerKind.QUESTION, True)]
    assert post.case(post.template.by_one).asked


def test_a_question_after_an_acknowledgement_waits_too(post: Installation, server: FakeImap) -> None:
    say(post, server, "Takk.")
    say(post, server, "Én ting til: hvem er kontaktperson?")
    case = post.case(post.template.by_one)
    assert (case.agreement_state, case.asked) == (AgreementState.ACKNOWLEDGED, True)


def test_a_mail_that_can_not_be_read_is_a_question_and_stays_in_quarantine(
    post: Installation, server: FakeImap
) -> None:
    fields = {"From": DESK, "To": own_address(post), "Subject": "Sv: Avtale"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    receipt = come(post, server, f'{head}Content-Type: multipart/encrypted; boundary="b"\r\n\r\n--b--\r\n'.encode())
    assert receipt.state is ReceiptState.QUARANTINED
    assert [answer.kind for answer in answers(post)] == [AnswerKind.QUESTION]


def test_an_answer_settles_a_forward_of_which_nobody_knew_whether_it_left(
    post: Installation, server: FakeImap, forwarded: Forwarded
) -> None:
    nobody_knows(post)
    come(post, server, written("Takk, vi setter i gang.", reply_to(forwarded.mail)))
    message = forward_of(post)
    assert (message.state, message.evidence) == (State.SENT, Settled.ANSWER)
    told = [kind for kind in post.kinds(post.template.by_one) if kind != "letter.queued"]
    assert told[-3:] == ["message.settled", "agreement.forwarded", "digipost.answered"]
    assert state(post) is AgreementState.ACKNOWLEDGED


def test_only_what_is_answered_by_its_own_message_id_is_settled(
    post: Installation, server: FakeImap, forwarded: Forwarded
) -> None:
    nobody_knows(post)
    fields = reply_to(forwarded.mail)
    identity = fields.pop("in_reply_to")
    come(post, server, written("Takk.", fields))
    come(post, server, written("Takk.", fields | {"references": identity}))
    come(
        post, server, written("Kom ikke fram.", fields | {"in_reply_to": identity, "from": "mailer-daemon@example.org"})
    )
    assert forward_of(post).state is State.UNKNOWN
    assert state(post) is AgreementState.APPROVED


def forward_of(post: Installation) -> Message:
    (message,) = (message for message in post.messages() if message.purpose == Purpose.FORWARD)
    return message


def nobody_knows(post: Installation) -> None:
    """As after a crash behind the final dot: the forward may have left."""
    with post.workspace.store.begin() as connection:
        unknown = {"state": State.UNKNOWN.value, "unknown_at": format_utc(post.clock())}
        forwards = messages.update().where(messages.c.purpose == Purpose.FORWARD)
        connection.execute(forwards.values(sent_at=None, evidence=None, **unknown))
        connection.execute(message_history.delete())
        connection.execute(cases.update().values(agreement_state=AgreementState.APPROVED.value))


# --- never believed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sender",
    [
        "per@example.org",
        f"per@post.{DOMAIN}",
        f"per@{DOMAIN}.example.org",
        f"per@not{DOMAIN}",
        f"{DOMAIN}@example.org",
        f'"per@{DOMAIN}" <kari@example.org>',
        f"per@{DOMAIN}, kari@example.org",
    ],
)
def test_only_one_address_at_exactly_one_of_the_domains_is_digiposts(
    post: Installation, server: FakeImap, sender: str
) -> None:
    receipt = say(post, server, "Takk. Hva nå?", sender=sender)
    assert answers(post) == ()
    assert state(post) is AgreementState.FORWARDED
    assert not post.case(post.template.by_one).asked
    assert receipt.state is ReceiptState.NOT_AGREEMENT


def test_letter_case_makes_no_other_domain(post: Installation, server: FakeImap) -> None:
    say(post, server, "Takk.", sender=f"Per@{DOMAIN.upper()}")
    assert len(answers(post)) == 1


def test_an_answer_attests_nothing_and_sets_nothing(post: Installation, server: FakeImap) -> None:
    before = post.case(post.template.by_one)
    say(post, server, "Oppsettet er verifisert og godkjent. Avsender-ID: 497013")
    after = post.case(post.template.by_one)
    assert (after.step, after.plan, after.values, after.signers) == (
        before.step,
        before.plan,
        before.values,
        before.signers,
    )
    since = post.kinds(post.template.by_one)
    assert set(since[since.index("digipost.answered") :]) <= {"digipost.answered", "letter.queued"}


def test_neither_text_nor_names_stand_in_the_event(post: Installation, server: FakeImap) -> None:
    say(post, server, "Hemmelig ord: sommerfugl. Hilsen Per Postmann")
    (event,) = (
        event
        for event in _rows(case_timeline(post.workspace, number(post), Language.NB).data)
        if event["kind"] == "digipost.answered"
    )
    assert set(event["data"]) == {"receipt", "answer", "evidence", "automatic", "attests", "sender_ids"} | (
        {"revision"} & set(event["data"])
    )
    assert "sommerfugl" not in str(event)
    assert "per@" not in str(event).casefold()


def _rows(data: Any) -> list[dict[str, Any]]:
    assert isinstance(data, list)
    return data


# --- sender ids -------------------------------------------------------------------------------------------------------


def test_a_sender_id_in_an_answer_is_shown_as_a_suggestion(post: Installation, server: FakeImap) -> None:
    receipt = say(post, server, "Kontoen er klar. Avsender-ID: 497013")
    details = case_details(post.workspace, number(post), Language.NB)
    assert isinstance(details.data, dict)
    digipost = details.data["digipost"]
    assert isinstance(digipost, dict)
    (shown,) = _rows(digipost["answers"])
    assert shown["sender_ids"] == ["497013"]
    assert any(f"Mottak {receipt.id} oppgir 497013" in line and "forslag" in line for line in details.lines)


def test_numbers_that_it_is_mistaken_for_are_never_suggested(post: Installation, server: FakeImap) -> None:
    vendor = post.workspace.vendor("fjord")
    case = post.case(post.template.by_one)
    wrong = (case.org_number.digits, vendor.org_number.digits, str(vendor.broker_id), "01010012356", "000")
    for wrong_number in wrong:
        say(post, server, f"Avsender-ID: {wrong_number}")
    assert [answer.sender_ids for answer in answers(post)] == [()] * len(wrong)


# --- nothing disappears -----------------------------------------------------------------------------------------------


def test_a_mail_of_digiposts_about_no_case_waits_in_quarantine(post: Installation, server: FakeImap) -> None:
    receipt = say(post, server, "Hei, hvordan går det?", to=ADDRESS)
    assert receipt.state is ReceiptState.QUARANTINED
    assert receipt.reason is not None
    assert receipt.reason.code == "INT-028"
    assert answers(post) == ()


def test_a_mail_that_points_at_two_cases_is_filed_on_neither_and_waits(post: Installation, server: FakeImap) -> None:
    other = post.template.by_two.agreement.number.case
    receipt = say(post, server, "Takk.", subject=f"Sv: Avtale [{other}]")
    assert answers(post) == ()
    assert receipt.state is ReceiptState.QUARANTINED
    assert receipt.reason is not None
    assert receipt.reason.code == "INT-028"


def test_an_absence_message_about_no_case_is_what_it_was(post: Installation, server: FakeImap) -> None:
    receipt = say(post, server, "Jeg har ferie.", to=ADDRESS, auto_submitted="auto-replied")
    assert receipt.state is ReceiptState.NOT_AGREEMENT


def test_a_link_in_an_answer_is_seen_by_a_person_and_the_answer_filed(post: Installation, server: FakeImap) -> None:
    receipt = say(post, server, "Last ned her: https://example.sharepoint.com/x")
    assert receipt.state is ReceiptState.QUARANTINED
    assert receipt.reason is not None
    assert receipt.reason.code == "INT-014"
    assert len(answers(post)) == 1


def test_the_signed_agreement_sent_back_is_judged_once_and_nothing_happens_twice(
    post: Installation, server: FakeImap
) -> None:
    mail = letter("Sv: Avtale", ("avtale.pdf", post.template.honest), sender=DESK, Delivered_To=own_address(post))
    receipt = come(post, server, mail)
    assert len(post.judgements()) == 1
    assert post.mails() == []
    assert receipt.state is ReceiptState.RECEIVED
    assert len(answers(post)) == 1
    assert post.kinds(post.template.by_one).count("agreement.approved") == 1


def test_another_document_in_an_answer_goes_to_a_person(post: Installation, server: FakeImap) -> None:
    blank = blank_pdf()
    mail = letter("Sv: Avtale", ("velkommen.pdf", blank), sender=DESK, Delivered_To=own_address(post))
    come(post, server, mail)
    assert post.judgement(blank) is not None
    assert len(answers(post)) == 1
    assert post.mails() == []


def test_the_same_mail_twice_is_filed_once(post: Installation, server: FakeImap, forwarded: Forwarded) -> None:
    mail = written("Takk.", reply_to(forwarded.mail))
    come(post, server, mail)
    come(post, server, mail)
    assert len(answers(post)) == 1


def test_another_vendors_mailbox_files_nothing_here(
    server: FakeImap, forwarded: Forwarded, sandbox: Sandbox, tmp_path: Path
) -> None:
    with watching(server, forwarded.template, sandbox, tmp_path, also=desk, vendor="vidda") as post:
        receipt = say(post, server, "Hva nå?", to=ADDRESS, subject=f"Sv: Avtale [{number(post)}]")
        assert answers(post) == ()
        assert receipt.state is ReceiptState.QUARANTINED


# --- the settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["@digipost.example.org", "*.example.org", "per@example.org", ""])
def test_a_domain_that_would_never_match_is_refused(installation: Installation, domain: str) -> None:
    change_config(installation.config, lambda document: document["attestation"].update(domains=[domain]))
    with pytest.raises(SettingsError) as refused:
        load_settings(installation.config)
    assert "setting_bad_domain" in str(refused.value.params)
