"""What became of one attempt to deliver: a value, never an exception."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Result(StrEnum):
    """What an attempt means for the message."""

    SENT = "sent"
    """The server took it and said so."""
    RETRY = "retry"
    """It certainly did not leave, and waiting may help."""
    BLOCKED = "blocked"
    """It certainly did not leave, and waiting does not help: a person must change something."""
    UNKNOWN = "unknown"
    """The final dot may have been sent, and no reply is known: the message may have left."""


class Phase(StrEnum):
    """How far an attempt came. Until the final dot is sent the server has no message (RFC 5321 3.3, 4.1.1.4)."""

    PREPARE = "prepare"
    """The frozen bytes were read; nothing was on the network."""
    CONNECT = "connect"
    """Name, connection, greeting, TLS, log-in."""
    BEFORE_DATA = "before_data"
    """Sender, recipient, DATA."""
    IN_BODY = "in_body"
    """The message was under way, its final dot not sent."""
    AFTER_DOT = "after_dot"
    """The final dot was sent, or may have been."""


class Reason(StrEnum):
    """Why a message was not sent, or why nobody knows. Texts for people: `outbox_reasons.<reason>`."""

    NAME_UNKNOWN = "name_unknown"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CERTIFICATE = "certificate"
    STARTTLS_MISSING = "starttls_missing"
    AUTH_MISSING = "auth_missing"
    AUTH_REFUSED = "auth_refused"
    TOKEN_FAILED = "token_failed"  # noqa: S105 - a code
    """No access token is to be had."""
    BUSY = "busy"
    """A 4xx reply to this message: not now."""
    THROTTLED = "throttled"
    """A 4xx reply that is of the server and not of the message: nothing is taken now, or less of it."""
    CONNECTION_LOST = "connection_lost"
    PROTOCOL = "protocol"
    """An answer that is no SMTP."""
    SERVICE_REFUSED = "service_refused"
    """A 5xx reply to the greeting, EHLO or STARTTLS."""
    SENDER_REFUSED = "sender_refused"
    RECIPIENT_REFUSED = "recipient_refused"
    COPY_REFUSED = "copy_refused"
    """The mailbox of our own that proves what left."""
    CONTENT_REFUSED = "content_refused"
    POLICY = "policy"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    """The frozen bytes are no message that SMTP can carry unchanged."""
    BYTES_DAMAGED = "bytes_damaged"
    BYTES_MISSING = "bytes_missing"
    BYTES_UNREADABLE = "bytes_unreadable"
    NO_FINAL_REPLY = "no_final_reply"
    INTERRUPTED = "interrupted"
    """The program stopped while it was sending."""
    NOT_RECORDED = "not_recorded"
    """The server took it, but the case could not be moved: the reply is kept, a person settles."""
    INTERNAL = "internal"
    """The sending code itself failed, before the final dot or from there on: the phase tells."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of one attempt. `reply` is the server's own text, code first: the receipt when it was sent."""

    result: Result
    phase: Phase
    reply: str | None = None
    reason: Reason | None = None


_OF_THE_SERVER: Final = frozenset(
    {Reason.THROTTLED, Reason.AUTH_REFUSED, Reason.SENDER_REFUSED, Reason.NO_FINAL_REPLY, Reason.INTERNAL}
)


def stops_the_queue(phase: Phase | None, reason: str | None) -> bool:
    """Whether the next message would meet what an attempt met: server, account or sender are to blame, not the message.

    To go on would be one wrong password after another, mail on mail refused for its sender, or a server that takes
    mail and never answers turning the whole queue into questions.
    """
    return reason is not None and (phase is Phase.CONNECT or reason in _OF_THE_SERVER)
