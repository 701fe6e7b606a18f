"""What a mail is, where its headers point, whether a program may answer it, and what a mail system says of ours."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.findings import (
    INT_AUTO_REPLY,
    INT_BOUNCE,
    INT_CONTAINER,
    INT_ENCRYPTED_MAIL,
    INT_LIST_MAIL,
    INT_NO_PDF_INSIDE,
    INT_ONLY_TEXT,
    INT_OWN_COPY,
    FindingCode,
    Severity,
)
from agreements.mail import AGREEMENT_HEADER
from intake.replies import REPLY_PAUSE, bar_to_answer, reply_key
from intake.unpacking import BarToReply, MailKind, MailReading, RecipientReport, unpack
from intake.unpacking.headers import find_addresses, find_message_ids, read_date
from intake.unpacking.reasons import reason_without_document
from intake.unpacking.words import decode_base64, decode_text, split_parameters
from outbox.compose import Letter, compose
from tests.intake.mails import NOW, PDF, a_zip, bounce, enveloped, letter, multipart, part, raw


def reading(data: bytes) -> MailReading:
    mail = unpack(data, mail=True).unpacking.mail
    assert mail is not None
    return mail


# --- headers ----------------------------------------------------------------------------------------------------------


def test_the_headers_that_say_where_a_mail_belongs_are_read() -> None:
    mail = reading(
        raw(
            "Return-Path: <kari@example.org>",
            "Delivered-To: avtaler+abc@example.org",
            'From: "Nordmann, Kari" <kari@example.org>',
            "To: Avtaler <avtaler@example.org>,\r\n ola@example.org (Ola)",
            "CC: avtaler@example.org",
            "Subject: =?iso-8859-1?Q?Sv:_Avtale_p=E5?=\r\n =?utf-8?B?IMOmdHQ=?= DA-2026-000042-J",
            "Date: Mon, 23 Nov 2026 10:00:00 +0100",
            "Message-ID: <[1.2]@example.org>",
            "In-Reply-To: <a@example.org>",
            "References: <b@example.org>\r\n\t<a@example.org>",
            body=b"Hei",
        )
    )
    assert mail.sender == "kari@example.org"
    assert mail.recipients == ("avtaler@example.org", "ola@example.org", "avtaler+abc@example.org")
    assert mail.subject == "Sv: Avtale på ætt DA-2026-000042-J"
    assert mail.date == NOW
    assert mail.message_id == "<[1.2]@example.org>"
    assert (mail.in_reply_to, mail.references) == (("<a@example.org>",), ("<b@example.org>", "<a@example.org>"))
    assert (mail.kind, mail.bar_to_reply, mail.may_reply) == (MailKind.PLAIN, None, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=?utf-8?Q?p=C3?= =?utf-8?Q?=A5?=", "på"),  # a letter cut in two
        ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        ("=?UTF-8*no?q?a_b?=", "a b"),
        ("=?x-unknown?q?=E6?=", "æ"),
        ("=?utf-8?b?w6Y?=", "æ"),  # no padding
        ("=?utf-8?b?!!!!?=x", "x"),
        ("=?punycode?q?abc?=", "abc"),
        ("=?utf-16?b?//5hAA==?=", "a"),
        ("=?utf-8?z?a?=", "=?utf-8?z?a?="),
        ("a\r\n\tb\u202ec\x00", "a bc"),
    ],
)
def test_words_in_headers_are_decoded(text: str, shown: str) -> None:
    assert decode_text(text.encode()) == shown


@given(raw_text=st.binary(max_size=300))
def test_any_header_gives_text_on_one_line(raw_text: bytes) -> None:
    assert not set(decode_text(raw_text)) & set("\r\n\0\u2028\u202e")


@given(data=st.binary(max_size=300), noise=st.sampled_from([b"", b"\r\n", b" \t", b"\xff", b"-"]))
def test_base64_is_read_through_noise(data: bytes, noise: bytes) -> None:
    written = b"".join(bytes([one]) + noise for one in b64encode(data))
    assert decode_base64(written) == data
    assert decode_base64(written.rstrip(b"=" + noise)) == data


@given(data=st.binary(max_size=300))
def test_any_bytes_are_some_base64_addresses_ids_parameters_and_perhaps_a_date(data: bytes) -> None:
    decode_base64(data)
    assert all("@" in address for address in find_addresses(data))
    assert all(identity[0] + identity[-1] == "<>" for identity in find_message_ids(data))
    split_parameters(data)
    moment = read_date(data)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        ("kari@example.org", ("kari@example.org",)),
        ('"ola@bank.example" <kari@example.org>', ("kari@example.org",)),
        ("<@relay.example,@b.example:kari@example.org>", ("kari@example.org",)),
        ("Venner: a@example.org, b@example.org;", ("a@example.org", "b@example.org")),
        ("kari@example.org (Kari <ola@example.org>)", ("kari@example.org",)),
        ('"Kari \\"K\\" (x" <kari@example.org>', ("kari@example.org",)),
        ("undisclosed-recipients:;", ()),
        ("Kari", ()),
        ("", ()),
    ],
)
def test_addresses_are_the_plain_ones(field: str, addresses: tuple[str, ...]) -> None:
    assert find_addresses(field.encode()) == addresses


@pytest.mark.parametrize(
    ("field", "moment"),
    [
        ("Mon, 23 Nov 2026 09:00:00 GMT", NOW),
        ("23 Nov 2026 10:00 +0100 (CET)", NOW),
        ("Mon, 23 Nov 2026 09:00:00 -0000", NOW),
        ("Mon, 99 Nov 2026 09:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("i dag", None),
        ("", None),
    ],
)
def test_dates_are_in_utc_or_none(field: str, moment: datetime | None) -> None:
    assert read_date(field.encode()) == moment


# --- kinds and answers ------------------------------------------------------------------------------------------------

LOGO = multipart(raw(body=b"Hei"), part(b"\x89PNG", "Content-Type: image/png; name=a.png"))


@pytest.mark.parametrize(
    ("data", "kind", "bar"),
    [
        (letter(), MailKind.PLAIN, None),
        (letter(auto_submitted="no (really)"), MailKind.PLAIN, None),
        (letter(pdf=PDF), MailKind.RETURN, None),
        (letter(auto_submitted="auto-replied; owner=x"), MailKind.AUTO_REPLY, BarToReply.AUTO_SUBMITTED),
        (letter(pdf=PDF, auto_submitted="auto-generated"), MailKind.RETURN, BarToReply.AUTO_SUBMITTED),
        (letter(x_autoreply="yes"), MailKind.AUTO_REPLY, BarToReply.AUTO_REPLY),
        (letter(x_autorespond="ja"), MailKind.AUTO_REPLY, BarToReply.AUTO_REPLY),
        (letter(x_loop="kari@example.org"), MailKind.AUTO_REPLY, BarToReply.AUTO_REPLY),
        (letter(precedence="auto_reply"), MailKind.AUTO_REPLY, BarToReply.AUTO_REPLY),
        (letter(return_path="<>"), MailKind.AUTO_REPLY, BarToReply.NULL_SENDER),
        (letter(precedence="Bulk"), MailKind.LIST, BarToReply.PRECEDENCE),
        (letter(list_id="<nytt.example.org>"), MailKind.LIST, BarToReply.MAILING_LIST),
        (letter(list_unsubscribe="<https://example.org>"), MailKind.LIST, BarToReply.MAILING_LIST),
        (letter(pdf=PDF, list_id="<nytt.example.org>"), MailKind.RETURN, BarToReply.MAILING_LIST),
        (letter(x_auto_response_suppress="DR, OOF"), MailKind.PLAIN, BarToReply.SUPPRESSED),
        (raw("Subject: x", body=b"Hei"), MailKind.PLAIN, BarToReply.NO_SENDER),
        (raw("From: a@example.org, b@example.org", body=b"Hei"), MailKind.PLAIN, BarToReply.NO_SENDER),
        (raw("From: a@example.org", "From: b@example.org", body=b"Hei"), MailKind.PLAIN, BarToReply.NO_SENDER),
        (raw("From: MAILER-DAEMON@example.org", body=b"Hei"), MailKind.BOUNCE, BarToReply.MAIL_SYSTEM),
        (raw("From: do-not-reply@example.org", body=b"Hei"), MailKind.PLAIN, BarToReply.MAIL_SYSTEM),
        (raw("From: ikke-svar@example.org", body=b"Hei"), MailKind.PLAIN, BarToReply.MAIL_SYSTEM),
        (raw("From: noreplyson@example.org", body=b"Hei"), MailKind.PLAIN, None),
        (bounce(returned=letter(pdf=PDF)), MailKind.BOUNCE, BarToReply.REPORT),
        (multipart(raw(body=b"Lest"), kind="report; report-type=disposition-notification"), MailKind.AUTO_REPLY,
         BarToReply.REPORT),
    ],
)  # fmt: skip
def test_a_mail_has_a_kind_and_a_reason_why_no_program_may_answer_it(
    data: bytes, kind: MailKind, bar: BarToReply | None
) -> None:
    mail = reading(data)
    assert (mail.kind, mail.bar_to_reply, mail.may_reply) == (kind, bar, bar is None)


@pytest.mark.parametrize("pdf", [None, PDF])
def test_our_own_mail_is_known_when_it_comes_back_and_its_documents_are_there_all_the_same(pdf: bytes | None) -> None:
    data = letter(pdf=pdf, x_agreement_id="DA-2026-000042-J.1")
    mail = reading(data)
    assert (mail.kind, mail.bar_to_reply) == (MailKind.OWN_COPY, BarToReply.OWN_MAIL)
    assert mail.agreement == "DA-2026-000042-J.1"
    assert len(unpack(data).contents) == (pdf is not None)


def test_what_we_send_is_known_by_the_header_it_is_sent_with() -> None:
    sent = compose(
        Letter(
            sender="avtaler@example.org",
            recipient="kari@example.org",
            subject="Avtale",
            body="Hei",
            date=NOW,
            message_id="<1@example.org>",
            headers=((AGREEMENT_HEADER, "DA-2026-000042-J.1"),),
        )
    )
    assert reading(sent).kind is MailKind.OWN_COPY


def test_a_mail_without_our_header_that_a_program_sent_for_us_is_not_answered_either() -> None:
    sent = compose(
        Letter(
            sender="a@example.org",
            recipient="b@example.org",
            subject="s",
            body="",
            date=NOW,
            message_id="<1@example.org>",
        )
    )
    assert not reading(sent).may_reply


def test_one_automatic_answer_per_sender_and_day() -> None:
    mail = reading(letter())
    assert bar_to_answer(mail, last_answer=None, now=NOW) is None
    assert bar_to_answer(mail, last_answer=NOW - REPLY_PAUSE, now=NOW) is None
    assert bar_to_answer(mail, last_answer=NOW - REPLY_PAUSE + timedelta(seconds=1), now=NOW) is BarToReply.ANSWERED
    never = reading(letter(auto_submitted="auto-replied"))
    assert bar_to_answer(never, last_answer=None, now=NOW) is BarToReply.AUTO_SUBMITTED


def test_a_sender_who_writes_the_address_otherwise_is_the_same_sender() -> None:
    assert reply_key("Kari+avtale@Example.org") == reply_key("kari@example.org") != reply_key("ola@example.org")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (letter(), INT_ONLY_TEXT),
        (letter(auto_submitted="auto-replied"), INT_AUTO_REPLY),
        (letter(list_id="<x>"), INT_LIST_MAIL),
        (letter(x_agreement_id="DA-2026-000042-J.1"), INT_OWN_COPY),
        (bounce(returned=letter(pdf=PDF)), INT_BOUNCE),
        (part(enveloped(b"x"), "From: kari@example.org", "Content-Type: application/pkcs7-mime"), INT_ENCRYPTED_MAIL),
        (LOGO, INT_NO_PDF_INSIDE),
    ],
)
def test_every_mail_without_a_document_ends_with_a_reason(data: bytes, code: FindingCode) -> None:
    unpacking = unpack(data, mail=True).unpacking
    assert unpacking.candidates == ()
    assert reason_without_document(unpacking).code == code.code


def test_what_a_signing_service_sends_by_program_is_for_a_person_all_the_same() -> None:
    sealed = a_zip(("mimetype", b"application/vnd.etsi.asic-e+zip"), method=0)
    data = multipart(part(sealed, "Content-Type: a/b; name=avtale.asice"), headers=("Auto-Submitted: auto-generated",))
    reason = reason_without_document(unpack(data, mail=True).unpacking)
    assert (reason, reason.severity) == (INT_CONTAINER(kind="asice"), Severity.REVIEW)


def test_a_file_that_holds_nothing_ends_with_a_reason() -> None:
    assert reason_without_document(unpack(a_zip()).unpacking).severity is Severity.REVIEW


# --- delivery reports -------------------------------------------------------------------------------------------------


def test_a_bounce_says_which_mail_to_whom_and_why() -> None:
    ours = letter(pdf=PDF, message_id="<17@example.org>", x_agreement_id="DA-2026-000042-J.1")
    data = bounce(returned=ours)
    report = reading(data).report
    assert report is not None
    assert (report.envelope_id, report.message_id) == ("utboks-17", "<17@example.org>")
    assert report.agreement == "DA-2026-000042-J.1"
    assert report.recipients == (
        RecipientReport(
            final_recipient="kari@mx.example.org",
            original_recipient="kari@example.org",
            action="failed",
            status="5.1.1",
            diagnostic="smtp; 550 5.1.1 no such user",
        ),
    )


def test_what_a_bounce_gives_back_of_our_mail_is_no_return() -> None:
    unpacked = unpack(bounce(returned=letter(pdf=PDF)), mail=True)
    assert (unpacked.contents, unpacked.unpacking.findings) == ({}, ())


@pytest.mark.parametrize("action", ["delivered", "relayed", "delayed", "expanded"])
def test_a_report_that_all_is_well_is_read_too(action: str) -> None:
    report = reading(bounce(returned=letter(), status="2.0.0", action=action.title())).report
    assert report is not None
    assert [(one.action, one.status) for one in report.recipients] == [(action, "2.0.0")]


def test_headers_alone_are_enough_to_know_the_mail_by() -> None:
    data = bounce(returned=b"Message-ID: <17@example.org>\r\n\r\n").replace(b"message/rfc822", b"text/rfc822-headers")
    report = reading(data).report
    assert report is not None
    assert report.message_id == "<17@example.org>"


@pytest.mark.parametrize("told", [b"", b"\r\n\r\n\r\n", b"Action: failed", b"X: y\r\n\r\n" * 5000, b"\xff" * 100])
def test_a_report_that_says_little_is_a_bounce_all_the_same(told: bytes) -> None:
    status = raw("Content-Type: message/delivery-status", body=told)
    mail = reading(multipart(status, kind="report; report-type=delivery-status"))
    assert mail.kind is MailKind.BOUNCE
    assert mail.report is not None
    assert len(mail.report.recipients) <= 100
