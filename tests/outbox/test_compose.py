"""The composer: same letter, same bytes; nothing on the wire that could be read as something else."""

import dataclasses
import email
import email.policy
import re
import subprocess
import sys
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreements.errors import UsageError
from outbox.compose import MAX_REFERENCES, Answered, Attachment, Letter, compose, message_id_for, one_line
from tests.outbox.outbox_kit import NOON, PDF, SENDER, letter


def read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def change(**changes: object) -> Letter:
    return dataclasses.replace(letter(), **changes)  # type: ignore[arg-type]


def test_the_same_letter_gives_the_same_bytes_in_another_process() -> None:
    program = "import sys; from dataclasses import replace; from outbox.compose import compose; "
    program += "from tests.outbox.outbox_kit import letter; "
    program += f"sys.stdout.buffer.write(compose(replace(letter(), message_id={letter().message_id!r})))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert other.stdout == compose(letter())


def test_nobody_else_can_guess_a_message_id_who_knows_what_it_was_made_of() -> None:
    program = "from tests.outbox.outbox_kit import letter; print(letter().message_id)"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert other.stdout.strip() != letter().message_id


def test_the_headers_say_who_when_and_which_agreement() -> None:
    message = read(compose(letter()))
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["From"].addresses[0].display_name == "Fjordsystem AS – Ærlig Ås"
    assert message["To"] == "digipost@localhost"
    assert message["Reply-To"] == "sak@example.org"
    assert message["Subject"] == "Signert avtale om bruk av Digipost – Blåbær AS [DA-2026-000042-J.1]"
    assert parsedate_to_datetime(message["Date"]) == NOON
    assert message["Message-ID"] == letter().message_id
    assert message["X-Agreement-ID"] == "DA-2026-000042-J.1"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_a_letter_by_a_person_is_not_marked_as_made_by_a_program() -> None:
    message = read(compose(change(auto_submitted=False, reply_to=None)))
    assert message["Auto-Submitted"] is None
    assert message["Reply-To"] is None


def test_a_letter_without_attachments_is_plain_text() -> None:
    message = read(compose(change(attachments=())))
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == "Hei\n.\nvedlagt\n"


def test_every_attachment_arrives_under_its_name_with_its_bytes() -> None:
    attachments = (
        Attachment(
            name="Avtale-DA-2026-000042-J.1-signert-av-virksomheten-kopi-2.pdf"[:60],
            media_type="application/pdf",
            data=PDF,
        ),
        Attachment(name="oversikt.json", media_type="application/json", data=b"{}\n"),
        Attachment(name="tom.pdf", media_type="application/pdf", data=b""),
    )
    data = compose(change(attachments=attachments))
    parts = list(read(data).iter_attachments())
    assert [(part.get_filename(), part.get_content_type()) for part in parts] == [
        (attachment.name, attachment.media_type) for attachment in attachments
    ]
    assert [part.get_payload(decode=True) for part in parts] == [attachment.data for attachment in attachments]
    assert b"filename*" not in data


@given(pdf=st.binary(max_size=3000), body=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_attachment_and_text_survive_the_way(pdf: bytes, body: str) -> None:
    data = compose(letter(pdf=pdf, body=body))
    message = read(data)
    (attachment,) = message.iter_attachments()
    assert attachment.get_payload(decode=True) == pdf
    text = message.get_body()
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == one_line_end(body).rstrip("\n") + "\n"
    assert_safe_on_the_wire(data)


@given(text=st.text(max_size=400))
def test_no_name_or_subject_can_add_a_header_or_a_line(text: str) -> None:
    data = compose(change(subject=text, sender_name=text, attachments=()))
    assert_safe_on_the_wire(data)
    assert decoded(data, "Subject") == one_line(text)[:250].strip()
    name = one_line(text)
    assert decoded(data, "From") == (f"{name} <{SENDER}>" if name else SENDER)
    message = read(data)
    assert message["From"].addresses[0].addr_spec == SENDER
    assert len(message["From"].addresses) == 1
    assert sorted(message.keys()) == sorted(read(compose(change(attachments=()))).keys())


def decoded(data: bytes, field: str) -> str:
    """By the older reader: `policy.default` puts spaces between the words of a long display name (seen in 3.11)."""
    value = email.message_from_bytes(data, policy=email.policy.compat32)[field]
    return str(make_header(decode_header(value))).replace("\r\n", "").strip()


def assert_safe_on_the_wire(data: bytes) -> None:
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


def one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_a_name_with_line_breaks_becomes_one_line() -> None:
    message = read(compose(change(sender_name="Kari\r\nBcc: alle@example.org\u2028\x85x\u202e\ud800")))
    assert message["Bcc"] is None
    assert message["From"].addresses[0].display_name == "Kari Bcc: alle@example.org x"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "kari@example.org\r\nBcc: alle@example.org"}, "address_form"),
        ({"recipient": "Kari <kari@example.org>"}, "address_form"),
        ({"reply_to": "kåre@example.org"}, "address_form"),
        ({"message_id": "<a@b>\r\nBcc: x"}, "message_id_form"),
        ({"message_id": "no-brackets@example.org"}, "message_id_form"),
        ({"headers": (("Bcc", "x"),)}, "header_form"),
        ({"headers": (("X-Ok", "two words"),)}, "header_form"),
        ({"headers": (("X-Ok", "a\r\nBcc: x"),)}, "header_form"),
        ({"attachments": (Attachment(name="åre.pdf", media_type="application/pdf", data=b""),)}, "attachment_form"),
        ({"attachments": (Attachment(name="../a.pdf", media_type="application/pdf", data=b""),)}, "attachment_form"),
        ({"attachments": (Attachment(name="a" * 61, media_type="application/pdf", data=b""),)}, "attachment_form"),
        ({"attachments": (Attachment(name="a.pdf", media_type="pdf", data=b""),)}, "attachment_form"),
    ],
)
def test_what_a_program_wrote_wrongly_is_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as refused:
        compose(change(**changes))
    assert refused.value.code == code


def test_a_message_id_is_fixed_for_an_intent_at_a_time_and_differs_for_others() -> None:
    later = datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
    ids = {
        message_id_for("forward:A", sender=SENDER, now=NOON),
        message_id_for("forward:A", sender=SENDER, now=NOON),
        message_id_for("forward:B", sender=SENDER, now=NOON),
        message_id_for("forward:A", sender=SENDER, now=later),
    }
    assert len(ids) == 3
    assert all(re.fullmatch(r"<[0-9a-f]{32}@example\.org>", one) for one in ids)


def test_the_boundary_comes_from_the_message_id_and_can_stand_in_no_part() -> None:
    first, again, other = (read(compose(letter(key))).get_boundary() for key in ("a", "a", "b"))
    assert first == again != other
    assert first is not None
    assert first.startswith("=_")


# --- threads ----------------------------------------------------------------------------------------------------------


def test_an_answer_stands_behind_the_mail_it_answers_and_says_that_a_program_wrote_it() -> None:
    answered = Answered(message_id="<to@x.example>", references=("<en@x.example>",), automatic=True)
    message = read(compose(change(answered=answered)))
    assert message["In-Reply-To"] == "<to@x.example>"
    assert message["References"].split() == ["<en@x.example>", "<to@x.example>"]
    assert message["Auto-Submitted"] == "auto-replied"
    begun = read(compose(change(answered=dataclasses.replace(answered, automatic=False))))
    assert begun["Auto-Submitted"] == "auto-generated"


def test_a_long_thread_keeps_its_beginning_and_its_end() -> None:
    references = tuple(f"<{number}@x.example>" for number in range(100))
    message = read(compose(change(answered=Answered(message_id="<siste@x.example>", references=references))))
    kept = message["References"].split()
    assert (kept[0], kept[-2:]) == ("<0@x.example>", ["<99@x.example>", "<siste@x.example>"])
    assert len(kept) == MAX_REFERENCES + 1


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=20))
def test_whatever_a_stranger_calls_a_message_id_adds_no_header_and_breaks_no_line(
    strange: str, references: list[str]
) -> None:
    answered = Answered(message_id=f"<{strange}>", references=tuple(references), automatic=True)
    data = compose(change(answered=answered))
    head = data.partition(b"\r\n\r\n")[0].decode("ascii")
    plain = read(compose(change())).keys()
    assert set(read(data).keys()) - set(plain) <= {"In-Reply-To", "References"}
    assert max(map(len, head.split("\r\n"))) < 998
