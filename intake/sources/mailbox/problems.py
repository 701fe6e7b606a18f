"""Why a mailbox can't be worked with now, and how that is told from what the libraries raise."""

import re
import socket
import ssl
from enum import StrEnum
from typing import Final

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from agreements.errors import TemporaryError

# imapclient words a tagged NO this way; BAD and broken answers it words otherwise (imapclient 4.1, `_check_resp`).
_REFUSAL: Final = re.compile(r"(?s)\w+ failed: .*")
_RESPONSE_CODE: Final = re.compile(r"\[([A-Z-]{1,40})")
NO_CODE: Final = "NO"
"""The reason of a refusal that the server gave no response code for."""
PASSING: Final = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT"})  # RFC 5530 3, RFC 9051 7.1
"""Response codes that ask to come back later."""


class Problem(StrEnum):
    """What is wrong. The value is the code of the error's text."""

    UNREACHABLE = "mailbox_unreachable"
    """The name is unknown or nobody answers."""
    TLS_FAILED = "mailbox_tls_failed"
    """The certificate does not hold, or encryption is not offered."""
    AUTH_FAILED = "mailbox_auth_failed"
    """Password refused."""
    TOKEN_EXPIRED = "mailbox_token_expired"  # noqa: S105 - a code
    """A token that had worked is refused now; the next log-in fetches another."""
    TOKEN_REFUSED = "mailbox_token_refused"  # noqa: S105 - a code
    """A token that was fetched just now is refused."""
    TOKEN_FAILED = "mailbox_token_failed"  # noqa: S105 - a code
    """No token can be had."""
    FOLDER_MISSING = "mailbox_folder_missing"
    CONNECTION_LOST = "mailbox_connection_lost"
    BUSY = "mailbox_busy"
    """The server says that it can't just now."""
    MOVE_REFUSED = "mailbox_move_refused"
    """Received mail can't be moved just now; a mailbox that never lets it be moved is no problem (it is left)."""
    NO_IMAP = "mailbox_no_imap"
    """Something else answers at the port: its greeting is none of IMAP's (RFC 9051 7.1)."""
    PROTOCOL = "mailbox_protocol"
    """The server answered what it must not."""


class MailboxUnavailable(TemporaryError):
    """The mailbox can't be worked with now. Nothing is lost: what was not received still lies there."""

    def __init__(self, problem: Problem, *, source: str) -> None:
        super().__init__(problem.value, source=source)
        self.problem = problem


class Fault(Exception):
    """A problem found where the mailbox's name is not known."""

    def __init__(self, problem: Problem, *, detail: str = "") -> None:
        """`detail`: a provider's own code for it, one word."""
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail


def problem_of(fault: Exception) -> Problem:
    """What a fault of a connection means."""
    if isinstance(fault, Fault):
        return fault.problem
    if isinstance(fault, socket.gaierror):
        return Problem.UNREACHABLE
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Problem.TLS_FAILED
    if isinstance(fault, OSError | IMAPClientAbortError):
        return Problem.CONNECTION_LOST
    reason = refusal_of(fault)
    return Problem.BUSY if reason in PASSING else Problem.PROTOCOL


def refusal_of(fault: Exception) -> str | None:
    """The response code (RFC 5530) with which the server said NO; NO_CODE without one; None for any other fault."""
    if not isinstance(fault, IMAPClientError) or isinstance(fault, IMAPClientAbortError):
        return None
    if not _REFUSAL.fullmatch(str(fault)):
        return None
    return response_code(str(fault))


def response_code(text: str) -> str:
    """The first response code in a server's text, or NO_CODE."""
    found = _RESPONSE_CODE.search(text)
    return found[1] if found else NO_CODE
