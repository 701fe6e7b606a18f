"""From a letter to its frozen RFC 5322 bytes: the same letter always gives the same bytes.

Everything is plain ASCII on the wire (RFC 2047 words in headers, quoted-printable text, base64 attachments), so that no
relay has a reason to rewrite it, and an attachment arrives byte for byte as it went in. What people wrote (subject,
names) is folded to one line; what programs wrote (addresses, header names and values, attachment names) is refused when
it could be anything but one line.

The bytes are put together here and not by `email.message`: its folding changes from one Python to the next, and has let
line breaks through (CVE-2024-6923).
"""

import base64
import hashlib
import hmac
import quopri
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from typing import Final

from agreements.errors import UsageError
from outbox.addresses import check_address, domain_of

_SECRET: Final = secrets.token_bytes(32)
"""Of this process: a Message-ID is made once and then stands in the row."""
MAX_SUBJECT = 250  # characters; longer ones are cut: mail programs show some 70
MAX_HEADER_LINE = 76  # RFC 2047 2: a line with an encoded word
MAX_PLAIN = 60  # characters; with the field's name still one short line
MAX_ATTACHMENT_NAME = 60  # characters; keeps the name within one part of its header field, without RFC 2231
MAX_REFERENCES = 10  # ours: mail programs find a thread by the first and the last ones
_PLAIN = re.compile(r"(?:[A-Za-z0-9-]+(?: [A-Za-z0-9-]+)*)?")
"""Needs no encoding, in a subject or a display name."""
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,100}[A-Za-z0-9])?>")
_STRANGERS_ID = re.compile(r"<[!-;=?-~]{1,250}>")
"""Visible ASCII in angle brackets, on a line well below RFC 5322's 998 characters; most keep to its `msg-id`."""
_ATTACHMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_HEADER_NAME = re.compile(r"X-[A-Za-z0-9-]{1,60}")
_HEADER_VALUE = re.compile(r"[!-~]{1,200}")
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that change the direction of text: in a name they can make it read as another (Unicode TR 36 2.1)."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with the letter, unchanged. `name` is ASCII: old receivers ignore the encoded form of others."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The mail that a letter belongs behind (RFC 5322 3.6.4). A stranger may have written these: what is not in form is
    left out of the letter.
    """

    message_id: str
    """With its angle brackets."""
    references: tuple[str, ...] = ()
    """Its own, oldest first."""
    automatic: bool = False
    """The letter is a program's answer to that mail (RFC 3834 5: `auto-replied`)."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Everything a message is made of."""

    sender: str
    """From, a plain address."""
    recipient: str
    """To, a plain address."""
    subject: str
    body: str
    """Plain text; any line ends."""
    date: datetime
    """With a zone; whole seconds count (RFC 5322 3.3)."""
    message_id: str
    """With its angle brackets; see `message_id_for`."""
    sender_name: str = ""
    reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """More header fields, `X-…` only, one word of visible ASCII each: `("X-Agreement-ID", "DA-2026-000042-J.1")`."""
    auto_submitted: bool = True
    """Marks it as made by a program (RFC 3834 5), so that no other program answers it."""
    answered: Answered | None = None


def message_id_for(idempotency_key: str, *, sender: str, now: datetime) -> str:
    """A Message-ID for an intent at a time, under the sender's domain; `now` goes into the letter's date as well.

    Nobody can guess it who has not had the mail: who names it in a report or an answer is believed to have had it.
    """
    digest = hmac.new(_SECRET, f"{idempotency_key} {now.timestamp()}".encode(), hashlib.sha256).hexdigest()
    return f"<{digest[:32]}@{domain_of(sender)}>"


def compose(letter: Letter) -> bytes:
    """The message's bytes, with CRLF line ends.

    Raises UsageError for what is not in form: `address_form`, `message_id_form`, `header_form`, `attachment_form`.
    """
    parts = (_text_part(letter.body), *(_attachment_part(attachment) for attachment in letter.attachments))
    header = _header((*_fields(letter), ("MIME-Version", "1.0")))
    if not letter.attachments:
        return header + parts[0]
    boundary = _boundary(letter.message_id)
    divider = f"--{boundary}".encode()
    opening = _header((("Content-Type", f'multipart/mixed;\r\n boundary="{boundary}"'),)) + b"\r\n"
    body = b"".join(divider + b"\r\n" + part + b"\r\n" for part in parts)
    return header + opening + body + divider + b"--\r\n"


def _fields(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "From", _mailbox(letter.sender_name, letter.sender)
    yield "To", check_address(letter.recipient)
    if letter.reply_to is not None:
        yield "Reply-To", check_address(letter.reply_to)
    yield "Subject", _encoded("Subject", one_line(letter.subject)[:MAX_SUBJECT].rstrip())
    yield "Date", format_datetime(letter.date)
    yield "Message-ID", _in_form(letter.message_id, _MESSAGE_ID, "message_id_form")
    if letter.answered is not None:
        yield from _thread_fields(letter.answered)
    if letter.auto_submitted:
        answers = letter.answered is not None and letter.answered.automatic
        yield "Auto-Submitted", "auto-replied" if answers else "auto-generated"
        yield "X-Auto-Response-Suppress", "All"  # Exchange's own, for what does not know RFC 3834
    for name, value in letter.headers:
        yield _in_form(name, _HEADER_NAME, "header_form"), _in_form(value, _HEADER_VALUE, "header_form")


def _thread_fields(answered: Answered) -> Iterator[tuple[str, str]]:
    """In-Reply-To and References: the beginning of a long thread, and the end of it."""
    if _STRANGERS_ID.fullmatch(answered.message_id) is None:
        return
    yield "In-Reply-To", answered.message_id
    before = [known for known in answered.references if _STRANGERS_ID.fullmatch(known) and known != answered.message_id]
    if len(before) > MAX_REFERENCES:
        before = [before[0], *before[1 - MAX_REFERENCES :]]
    yield "References", "\r\n ".join((*before, answered.message_id))


def _header(fields: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("ascii")


def _mailbox(name: str, address: str) -> str:
    phrase = _encoded("From", one_line(name))
    return f"{phrase}\r\n <{check_address(address)}>" if phrase else check_address(address)


def _encoded(field: str, text: str) -> str:
    """Text as it is when it is short and plain, else as RFC 2047 words that also may stand in a display name."""
    if len(text) <= MAX_PLAIN and _PLAIN.fullmatch(text):
        return text
    return Header(text, charset="utf-8", header_name=field, maxlinelen=MAX_HEADER_LINE).encode(linesep="\r\n")


def _text_part(body: str) -> bytes:
    lines = body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    fields = (("Content-Type", 'text/plain; charset="utf-8"'), ("Content-Transfer-Encoding", "quoted-printable"))
    return _header(fields) + b"\r\n" + _crlf(quopri.encodestring(lines.encode("utf-8", "replace")))


def _attachment_part(attachment: Attachment) -> bytes:
    if len(attachment.name) > MAX_ATTACHMENT_NAME:
        raise UsageError("attachment_form", value=attachment.name)
    name = _in_form(attachment.name, _ATTACHMENT_NAME, "attachment_form")
    fields = (
        ("Content-Type", _in_form(attachment.media_type, _MEDIA_TYPE, "attachment_form")),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    )
    return _header(fields) + b"\r\n" + _crlf(base64.encodebytes(attachment.data))


def _crlf(lines: bytes) -> bytes:
    return lines.replace(b"\n", b"\r\n")


def one_line(text: str) -> str:
    """Text as one line: control characters and line separators become spaces; direction marks and surrogates go."""
    return " ".join("".join(_safe(character) for character in text).split())


def _safe(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if character in _BIDI or unicodedata.category(character) == "Cs" else character


def _in_form(value: str, form: re.Pattern[str], code: str) -> str:
    if form.fullmatch(value) is None:
        raise UsageError(code, value=value)
    return value


def _boundary(message_id: str) -> str:
    """`=_` stands in neither quoted-printable nor base64 (RFC 2045 6.7), so no part can hold the boundary."""
    return "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:40]
