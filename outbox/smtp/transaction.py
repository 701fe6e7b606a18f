"""One SMTP transaction, step by step: MAIL, RCPT, DATA, the body, the final dot."""

import re
from dataclasses import dataclass
from typing import Final

from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp.connection import Client
from outbox.smtp.meaning import Refused, expect, reply_text

CHUNK_BYTES: Final = 64 * 1024  # each chunk has the whole time-out to itself, so a slow line is not a dead one
_TO_XTEXT: Final = re.compile(r"[^!-~]|[+=]")


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Who sends, who receives, and by what a report is to name the message. Addresses are plain ASCII."""

    sender: str
    recipient: str
    copy_to: str | None = None
    """A mailbox of our own that gets the same message in the same transaction, as proof that it left."""
    envelope_id: str | None = None
    """What a delivery report quotes (ENVID, RFC 3461 4.4), where the server makes reports; at most 100 characters."""


def is_carried_unchanged(data: bytes) -> bool:
    """Whether every line ends in CRLF and nothing else ends one: a bare CR or LF can hide a second message."""
    return data.endswith(b"\r\n") and data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n")


def size_limit(client: Client) -> int | None:
    """How many bytes a message may have, where the server says so (RFC 1870 4: 0 means no fixed limit)."""
    limit = client.esmtp_features.get("size", "")
    return int(limit) or None if limit.isdecimal() else None


def name_sender(client: Client, envelope: Envelope, size: int) -> None:
    """MAIL, with the size where the server wants to know it; not begun when the server said it takes no such size."""
    options = []
    if client.has_extn("size"):
        limit = size_limit(client)
        if limit is not None and limit < size:
            raise Refused(None, f"SIZE {limit}", Reason.TOO_LARGE)
        options.append(f"SIZE={size}")
    if client.has_extn("dsn"):
        options.append("RET=HDRS")  # the message itself stands in our store
        if envelope.envelope_id is not None:
            options.append(f"ENVID={_xtext(envelope.envelope_id)}")
    expect(client.mail(envelope.sender, options), Reason.SENDER_REFUSED)


def name_recipients(client: Client, envelope: Envelope) -> None:
    """RCPT for the recipient, then for the copy. Refused for one of them, the message leaves for none.

    Without the copy the proof would be missing, and its absence would be taken for "did not leave".
    """
    reports = client.has_extn("dsn")
    wanted = ["NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(envelope.recipient)}"]
    expect(client.rcpt(envelope.recipient, wanted if reports else ()), Reason.RECIPIENT_REFUSED)
    if envelope.copy_to is not None:
        expect(client.rcpt(envelope.copy_to, ["NOTIFY=NEVER"] if reports else ()), Reason.COPY_REFUSED)


def ask_for_body(client: Client) -> None:
    """DATA."""
    expect(client.docmd("DATA"), Reason.CONTENT_REFUSED, wanted=3)


def send_body(client: Client, data: bytes) -> None:
    """Everything but the final dot."""
    # RFC 5321 4.5.2: every line that begins with a dot gets another one. All lines end in CRLF (is_carried_unchanged).
    stuffed = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    for start in range(0, len(stuffed), CHUNK_BYTES):
        client.send(stuffed[start : start + CHUNK_BYTES])


def finish(client: Client, seconds: float) -> Outcome:
    """The final dot, and at most so long for the reply to it, which is the receipt."""
    connection = client.open_socket()
    before = connection.gettimeout()
    connection.settimeout(seconds)
    client.send(b".\r\n")
    reply = client.getreply()
    connection.settimeout(before)
    expect(reply, Reason.CONTENT_REFUSED)
    return Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply=reply_text(*reply))


def _xtext(text: str) -> str:
    """Text as a parameter of a command (RFC 3461 4)."""
    return _TO_XTEXT.sub(lambda match: f"+{ord(match[0]):02X}", text)
