"""What somebody wrote by their own hand in a mail: what they ask, and which number they call a sender id."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.unpacking import MailReading, unpack
from intake.unpacking.limits import MAX_SENDER_IDS
from intake.unpacking.own_words import find_own_words, find_sender_ids, is_question, shown_text
from tests.intake.mails import PDF, letter, multipart, raw

FNR = "01010012356"  # synthetic: the check digits fit, nobody has it
OUTLOOK = "Fra: Avtaler <avtaler@example.org>\nSendt: 23. november 2026\nTil: Salg\nEmne: Avtale\n\nEr dere der?\n"


def reading(data: bytes) -> MailReading:
    mail = unpack(data, mail=True).unpacking.mail
    assert mail is not None
    return mail


def html_letter(body: str, **headers: str) -> bytes:
    message = EmailMessage()
    for field, value in ({"from": "salg@example.org", "subject": "Sv: Avtale"} | headers).items():
        message[field.replace("_", "-").title()] = value
    message.set_content(body, subtype="html")
    return message.as_bytes()


# --- what is their own, and what they quote ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Takk.\n> Er dere der?\n>> Hei?\nHilsen Per", "Takk.\nHilsen Per"),
        (f"Takk.\n\n{OUTLOOK}", "Takk.\n"),
        ("Takk.\n\n*From:* A\n*Subject:* B\nHva?", "Takk.\n"),
        ("Takk.\n-----Opprinnelig melding-----\nHva?", "Takk."),
        ("Takk.\n----- Forwarded message -----\nHva?", "Takk."),
        ("Takk.\n" + 32 * "_" + "\nHva?", "Takk."),
        ("Takk.\n-- \nPer, lurer du på noe?", "Takk."),
        ("Takk.\nDen 23. nov. 2026 kl. 14:03 skrev Kari <kari@example.org>:\n> Hva?", "Takk."),
        ("Takk.\nOn Mon, 23 Nov 2026 Kari wrote:\n> What?\nBut why?", "Takk.\nBut why?"),
        ("Fra: 1. januar gjelder nye vilkår.\nEr det greit?", "Fra: 1. januar gjelder nye vilkår.\nEr det greit?"),
        ("Vi skrev under i går.\nHva nå?", "Vi skrev under i går.\nHva nå?"),
        ("", ""),
    ],
)
def test_quoted_lines_and_what_follows_a_quoted_mails_heading_are_left_out(text: str, own: str) -> None:
    assert find_own_words(text) == own


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        ("Hvilket organisasjonsnummer gjelder det?", True),
        ("Kan dere sende fullmakten ?\nHilsen Per", True),
        ("Takk, vi har satt opp kontoen.", False),
        ("Takk.\n> Er dere der?\n", False),
        (f"Takk.\n\n{OUTLOOK}", False),
        ("Se https://example.org/sak?id=4", False),
        ("Har dere sett https://example.org/sak?id=4?", True),
        ("", False),
    ],
)
def test_a_mail_asks_when_there_is_a_question_mark_in_its_senders_own_words(body: str, asks: bool) -> None:
    assert reading(letter(f"{body}\n", subject="Sv: Avtale")).asks is asks


def test_a_question_may_stand_in_the_subject() -> None:
    assert reading(letter("Hei.\n", subject="Hvem er kontaktperson?")).asks


def test_a_programs_own_reply_asks_nothing_and_a_help_desks_mail_may() -> None:
    body = "Har du spørsmål? Se nettsidene våre.\n"
    assert not reading(letter(body, auto_submitted="auto-replied (vacation)")).asks
    desk = reading(letter(body, auto_submitted="auto-generated"))
    assert (desk.asks, desk.by_program) == (True, True)


@pytest.mark.parametrize(
    ("html", "asks"),
    [
        ("<p>Hvem er <b>kontakt</b>?</p>", True),
        ("<p>Takk.</p><blockquote>Hvem er kontakt?<blockquote>Hva?</blockquote>Hvorfor?</blockquote>", False),
        ("<p>Takk.</p><blockquote>Hva?</blockquote><p>Og hvem?</p>", True),
        ("<style>a::after{content:'Hva?'}</style><p>Takk.</p><script>x ? y : z</script>", False),
        ("<p>Takk&excl;</p><!-- Hva? --><p>Hilsen</p>", False),
        ("<p>Takk.</p><div><b>Fra:</b> A<br><b>Sendt:</b> i dag<br><b>Emne:</b> B<br></div><p>Hva?</p>", False),
        ("<p>Hvem&#63;</p>", True),
        ("<p>Hei", False),
    ],
)
def test_html_is_read_as_it_is_shown(html: str, asks: bool) -> None:
    assert reading(html_letter(html)).asks is asks


def test_what_the_mails_inside_a_mail_say_is_not_the_senders_own() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" + letter("Hva er avsender-ID 4711?\n")
    mail = reading(multipart(raw("Content-Type: text/plain", body=b"Takk."), inner))
    assert (mail.asks, mail.sender_ids) == (False, ())


def test_text_beside_a_document_is_read_too() -> None:
    mail = reading(letter("Stemmer dette?\n", pdf=PDF))
    assert mail.asks


def test_a_character_set_is_heeded() -> None:
    body = "Avsender-ID er 4711. Går det bra?".encode("utf-16")
    mail = reading(raw("From: salg@example.org", "Content-Type: text/plain; charset=UTF-16", body=body))
    assert (mail.asks, mail.sender_ids) == (True, ("4711",))


# --- sender ids -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Teknisk avsender-ID: 497013", ("497013",)),
        ("avsender-id er 497013.", ("497013",)),
        ("Avsendar-ID blir 497013", ("497013",)),
        ("SenderId=497013", ("497013",)),
        ("sender-id 497 013, takk", ("497013",)),
        ("Sender id is 497013", ("497013",)),
        ("Virksomhets-ID: 1234567", ("1234567",)),
        ("Virksomhets-ID\n1234567", ("1234567",)),
        ("avsender_id (497013)", ("497013",)),
        ("Avsender-ID-en er 497013", ("497013",)),
        ("avsender-ID 497013 og sender-id 497013", ("497013",)),
        ("avsender-ID 12", ()),
        ("avsender-ID 1234567890123456", ()),
        ("avsender-ID mangler, ring 22030000", ()),
        ("behandler-ID 8541208", ()),
        ("Konto 12345678901", ()),
        ("avsender-ID 497.013,50", ()),
        (f"avsender-ID {FNR}", ()),
        (f"avsender-ID {FNR[:6]} {FNR[6:]}", ()),
    ],
)
def test_a_number_is_taken_for_a_sender_id_only_where_it_is_called_one(text: str, found: tuple[str, ...]) -> None:
    assert find_sender_ids([text]) == found


def test_a_number_in_what_is_quoted_is_none_of_theirs() -> None:
    assert reading(letter("Takk.\n> Avsender-ID: 4711\n")).sender_ids == ()


def test_a_table_of_html_gives_its_number() -> None:
    assert reading(html_letter("<table><tr><td>SenderId</td><td>497013</td></tr></table>")).sender_ids == ("497013",)


def test_a_mail_full_of_numbers_gives_a_few() -> None:
    text = " ".join(f"sender-id {number}" for number in range(1000, 1100))
    assert len(find_sender_ids([text])) == MAX_SENDER_IDS


# --- hostile mail -----------------------------------------------------------------------------------------------------

HOSTILE = [
    "<" + "a" * 250_000,
    "<a" * 120_000,
    "<!--" * 60_000,
    "&#" + "9" * 250_000 + ";",
    "1 skrev " * 30_000,
    "9" * 250_000,
    "sender-id " * 25_000,
    "sender-id" + " " * 250_000,
    "Fra:\n" * 50_000,
    "-" * 250_000,
    "<blockquote>" * 20_000 + "?",
    "?" * 250_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_written_is_read_in_no_time(text: str) -> None:
    begun = time.process_time()
    for html in (False, True):
        own = find_own_words(shown_text(text.encode(), charset="", html=html))
        is_question(own)
        find_sender_ids([own])
    assert time.process_time() - begun < 2


@given(st.text(alphabet=st.sampled_from("<>!-/ab?&#;9 \n\u00a0:q"), max_size=200))
def test_reading_never_fails_and_adds_nothing(text: str) -> None:
    shown = shown_text(text.encode(), charset="utf-8", html=True)
    assert shown.count("?") <= text.count("?") + text.count("&")
    own = find_own_words(text)
    assert len(own) <= len(text)
    is_question(own)
