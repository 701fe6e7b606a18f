"""What a server's answer, or a fault on the way, means for the message (facts/mail-and-folders.md §4.4)."""

import re
import smtplib
import socket
import ssl
from typing import Final, NoReturn

from outbox.outcome import Outcome, Phase, Reason, Result

MAX_REPLY: Final = 1000  # characters of a reply that are kept
FAULTS: Final = (smtplib.SMTPException, OSError)
"""What smtplib and the network raise."""
_ENHANCED_CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_AUTH_CODES: Final = frozenset({530, 534, 535})  # RFC 4954 4 and 6
_SLOW_DOWN_CODES: Final = frozenset({421, 432})
"""421: the service closes (RFC 5321 3.8). 432: Microsoft's for too many connections and messages of one account."""
_SLOW_DOWN_SUBJECTS: Final = ("4.3.", "4.7.")
"""RFC 3463: the mail system itself (4.3.2, "not accepting messages"), and policy (Microsoft's 451 4.7.500 "busy")."""

_BEFORE_THE_RECIPIENT: Final = frozenset({Reason.SERVICE_REFUSED, Reason.SENDER_REFUSED})
"""By policy or not: of the message the server knows its sender and size, at the most."""


class Refused(Exception):
    """The server said no, or what is no answer, or (`code` None) offered what we refuse.

    `reason` holds unless the reply's codes say it better.
    """

    def __init__(self, code: int | None, text: str, reason: Reason) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.reason = reason

    @property
    def enhanced(self) -> str:
        """The reply's enhanced status code (RFC 3463), or nothing."""
        match = _ENHANCED_CODE.match(self.text)
        return match[0] if match else ""

    @property
    def is_of_log_in(self) -> bool:
        """Whether who we are was refused for good."""
        return _reason(self) is Reason.AUTH_REFUSED

    @property
    def is_good_bye(self) -> bool:
        """Whether the server only closes this connection, which was idle for too long: a new one may be well."""
        return self.code == 421 and not self.enhanced.startswith(_SLOW_DOWN_SUBJECTS)

    @property
    def is_slow_down(self) -> bool:
        """Whether the server as a whole wants less of us, or nothing just now: no word of this message or recipient."""
        return self.code in _SLOW_DOWN_CODES or (_is_transient(self) and self.enhanced.startswith(_SLOW_DOWN_SUBJECTS))


def expect(reply: tuple[int, bytes], reason: Reason, *, wanted: int = 2) -> None:
    """Raise Refused unless the reply's code is of the wanted hundred."""
    code, text = reply
    if code // 100 != wanted:
        raise Refused(code, decoded(text), reason)


def refuse_response(refusal: smtplib.SMTPResponseException, reason: Reason) -> NoReturn:
    """What smtplib took for an exception, as Refused."""
    raise Refused(refusal.smtp_code, decoded(refusal.smtp_error), reason) from refusal


def refusal(phase: Phase, refused: Refused) -> Outcome:
    """What a refusal means: 4xx later, 5xx never without a person, our own refusals by their reason.

    What was refused before any message was named is no fault of the message: it stays in the queue, which stops.
    """
    reply = kept(refused.text) if refused.code is None else reply_text(refused.code, refused.text)
    reason = _reason(refused)
    result = Result.RETRY if phase is Phase.CONNECT or _is_curable(refused, reason) else Result.BLOCKED
    if phase is Phase.AFTER_DOT and reason is Reason.PROTOCOL:
        result, reason = Result.UNKNOWN, Reason.NO_FINAL_REPLY
    return Outcome(result=result, phase=phase, reply=reply or None, reason=reason)


def interruption(phase: Phase, fault: smtplib.SMTPException | OSError) -> Outcome:
    """What a fault on the way means: before the final dot it did not leave, from then on nobody knows."""
    if phase is Phase.AFTER_DOT:
        return Outcome(result=Result.UNKNOWN, phase=phase, reason=Reason.NO_FINAL_REPLY)
    return Outcome(result=Result.RETRY, phase=phase, reason=_fault_reason(phase, fault))


def reply_text(code: int, text: bytes | str) -> str:
    """A reply as it is kept: code first, its lines joined."""
    return kept(f"{code} {decoded(text)}")


def kept(text: str) -> str:
    """A reply as one printable line: it is hostile text that ends in tables and terminals."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MAX_REPLY]


def decoded(text: bytes | str) -> str:
    """A reply's text, whatever its bytes are."""
    return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _is_transient(refused: Refused) -> bool:
    return refused.code is not None and 400 <= refused.code <= 499


def _is_permanent(refused: Refused) -> bool:
    return refused.code is not None and 500 <= refused.code <= 599


def _is_curable(refused: Refused, reason: Reason) -> bool:
    """Whether the message may go as it is, later: its bytes and recipients were not what was refused for good."""
    return reason is Reason.AUTH_REFUSED or (refused.code is not None and not _is_permanent(refused))


def _reason(refused: Refused) -> Reason:
    if refused.code is None:
        return refused.reason
    if _is_transient(refused):
        return Reason.THROTTLED if refused.is_slow_down else Reason.BUSY
    return _permanent_reason(refused) if _is_permanent(refused) else Reason.PROTOCOL


def _permanent_reason(refused: Refused) -> Reason:
    """The reason of a 5xx by its codes (RFC 3463, RFC 4954 6), else by the command it answered."""
    enhanced = refused.enhanced
    if refused.code in _AUTH_CODES or enhanced == "5.7.8":
        return Reason.AUTH_REFUSED
    if refused.reason in {Reason.COPY_REFUSED, Reason.AUTH_REFUSED}:
        return refused.reason
    if enhanced in {"5.3.4", "5.2.3"} or (refused.code == 552 and refused.reason is not Reason.RECIPIENT_REFUSED):
        return Reason.TOO_LARGE
    if refused.reason in _BEFORE_THE_RECIPIENT:
        return refused.reason
    return Reason.POLICY if enhanced.startswith("5.7.") else refused.reason


def _fault_reason(phase: Phase, fault: smtplib.SMTPException | OSError) -> Reason:
    if isinstance(fault, socket.gaierror):
        return Reason.NAME_UNKNOWN
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Reason.CERTIFICATE
    if isinstance(fault, ssl.SSLError):
        return Reason.TLS_FAILED
    if isinstance(fault, smtplib.SMTPResponseException):
        return Reason.PROTOCOL
    at_once = phase is Phase.CONNECT and not isinstance(fault, smtplib.SMTPException)
    return Reason.CONNECT_FAILED if at_once else Reason.CONNECTION_LOST
