"""One delivery by SMTP, and exactly how far it came. The only importer of smtplib.

    connect ─> before_data ─> in_body ─> after_dot ─> reply

Until the final dot is sent the server has no message, so every fault before it means "did not leave". The dot is sent
by itself, and the phase turns before it is sent, so that a fault from there on is never mistaken for an earlier one.
smtplib has neither: it sends the dot with the body and throws the last reply's text, our receipt, away.

Residual risk: a server that takes a message and then answers 4xx or 5xx, or loses what it answered 2xx for.
"""

import base64
import ipaddress
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn

from agreements.errors import ConfigurationError
from outbox.outcome import Outcome, Phase, Reason, Result

CHUNK_BYTES = 64 * 1024  # each chunk has the whole time-out to itself, so a slow line is not a dead one
MAX_REPLY = 1000  # characters of a reply that are kept
_FAULTS: Final = (smtplib.SMTPException, OSError)
_LEADING_DOT: Final = re.compile(rb"(?m)^\.")
_ENHANCED_CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds to wait (RFC 5321 4.5.3.2: 5 minutes for commands, 10 for the reply to the final dot)."""

    connect: float = 30
    command: float = 300
    final_reply: float = 600
    """Long on purpose: giving up early is how mail gets doubled."""
    quit: float = 2
    """The message is settled by then; only politeness waits."""


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """The server that takes our mail.

    Raises ConfigurationError `smtp_plain` for `tls: none` to anything but this machine.
    """

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeouts: Timeouts = Timeouts()
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    """None: the system's authorities, names checked. Another one for an authority of one's own."""

    def __post_init__(self) -> None:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ConfigurationError("smtp_plain", host=self.host)

    def context(self) -> ssl.SSLContext:
        """The TLS settings to connect with."""
        return self.tls_context or ssl.create_default_context()


def deliver(server: SmtpServer, *, sender: str, recipient: str, data: bytes) -> Outcome:
    """Try once to hand `data` (RFC 5322, CRLF line ends, unchanged on the wire) to the server, for one recipient.

    Never raises for anything the network or the server does: what happened is the outcome.
    """
    if not _is_carried_unchanged(data):
        return Outcome(result=Result.BLOCKED, phase=Phase.PREPARE, reason=Reason.MALFORMED)
    progress = _Progress()
    client = None
    try:
        client = _connect(server)
        progress.phase = Phase.BEFORE_DATA
        _open_envelope(client, sender, recipient, len(data))
        progress.phase = Phase.IN_BODY
        _send_body(client, data)
        progress.phase = Phase.AFTER_DOT
        return _finish(client, server.timeouts)
    except _Refused as refused:
        return _refusal(progress.phase, refused)
    except _FAULTS as fault:
        return _interruption(progress.phase, fault)
    finally:
        _leave(client, server.timeouts, polite=progress.phase is not Phase.IN_BODY)


def check(server: SmtpServer) -> Outcome | None:
    """Connect, TLS, EHLO, log in, QUIT; no mail. None when all is well, else why not."""
    client = None
    try:
        client = _connect(server)
    except _Refused as refused:
        return _refusal(Phase.CONNECT, refused)
    except _FAULTS as fault:
        return _interruption(Phase.CONNECT, fault)
    finally:
        _leave(client, server.timeouts, polite=True)
    return None


def _is_carried_unchanged(data: bytes) -> bool:
    """Whether every line ends in CRLF and nothing else ends one: a bare CR or LF can hide a second message."""
    return data.endswith(b"\r\n") and data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n")


# --- the steps of a delivery ----------------------------------------------------------------------------------------


@dataclass
class _Progress:
    phase: Phase = Phase.CONNECT


class _Refused(Exception):
    """The server said no, or what is no answer, or (`code` None) offered what we refuse.

    `reason` holds unless the reply's codes say it better.
    """

    def __init__(self, code: int | None, text: str, reason: Reason) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.reason = reason


class _Client(smtplib.SMTP):
    """smtplib's client with our time-outs, implicit TLS where configured, and an address literal as its name."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        # A name of our own would need a DNS lookup that can hang; the literal is as good (RFC 5321 4.1.3).
        super().__init__(server.host, server.port, local_hostname="[127.0.0.1]", timeout=server.timeouts.connect)
        self.local_hostname = _address_literal(self.open_socket())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        try:
            connection = socket.create_connection((host, port), timeout)
        except UnicodeError as error:  # a name that is no name, from the IDNA codec
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
        try:
            if self._server.tls == "implicit":
                connection = self._server.context().wrap_socket(connection, server_hostname=host)
            connection.settimeout(self._server.timeouts.command)
        except BaseException:
            connection.close()
            raise
        return connection

    def open_socket(self) -> socket.socket:
        """The connection; raises SMTPServerDisconnected when it is closed."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("closed")
        return self.sock


def _connect(server: SmtpServer) -> _Client:
    try:
        client = _Client(server)
    except smtplib.SMTPConnectError as refusal:
        _refuse_response(refusal, Reason.SERVICE_REFUSED)
    try:
        _greet(client, server)
    except BaseException:
        client.close()
        raise
    return client


def _greet(client: _Client, server: SmtpServer) -> None:
    _expect(client.ehlo(), Reason.SERVICE_REFUSED)
    if server.tls == "starttls":
        if not client.has_extn("starttls"):
            raise _Refused(None, "", Reason.STARTTLS_MISSING)
        try:
            client.starttls(context=server.context())
        except smtplib.SMTPResponseException as refusal:
            _refuse_response(refusal, Reason.SERVICE_REFUSED)
        _expect(client.ehlo(), Reason.SERVICE_REFUSED)
    if server.username is not None:
        _log_in(client, server.username, server.password or "")


def _log_in(client: _Client, username: str, password: str) -> None:
    """One try with one mechanism. smtplib's `login` tries several (as many wrong passwords), and in ASCII only."""
    offered = client.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        token = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
        _expect(client.docmd("AUTH", f"PLAIN {token}"), Reason.AUTH_REFUSED)
    elif "LOGIN" in offered:
        _expect(client.docmd("AUTH", "LOGIN"), Reason.AUTH_REFUSED, wanted=3)
        _expect(client.docmd(base64.b64encode(username.encode()).decode()), Reason.AUTH_REFUSED, wanted=3)
        _expect(client.docmd(base64.b64encode(password.encode()).decode()), Reason.AUTH_REFUSED)
    else:
        raise _Refused(None, "", Reason.AUTH_MISSING)


def _open_envelope(client: _Client, sender: str, recipient: str, size: int) -> None:
    options = []
    if client.has_extn("size"):
        limit = client.esmtp_features["size"]
        if limit.isdecimal() and 0 < int(limit) < size:  # RFC 1870 4: 0 means no fixed limit
            raise _Refused(None, f"SIZE {limit}", Reason.TOO_LARGE)
        options = [f"size={size}"]
    _expect(client.mail(sender, options), Reason.SENDER_REFUSED)
    _expect(client.rcpt(recipient), Reason.RECIPIENT_REFUSED)
    _expect(client.docmd("DATA"), Reason.CONTENT_REFUSED, wanted=3)


def _send_body(client: _Client, data: bytes) -> None:
    stuffed = _LEADING_DOT.sub(b"..", data)  # RFC 5321 4.5.2
    for start in range(0, len(stuffed), CHUNK_BYTES):
        client.send(stuffed[start : start + CHUNK_BYTES])


def _finish(client: _Client, timeouts: Timeouts) -> Outcome:
    client.open_socket().settimeout(timeouts.final_reply)
    client.send(b".\r\n")
    reply = client.getreply()
    _expect(reply, Reason.CONTENT_REFUSED)
    return Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply=_reply_text(*reply))


def _leave(client: _Client | None, timeouts: Timeouts, *, polite: bool) -> None:
    """Close. Never a QUIT inside a body: it would be a line of the message."""
    if client is None:
        return
    if polite and client.sock is not None:
        with suppress(*_FAULTS):
            client.sock.settimeout(timeouts.quit)
            client.quit()
    client.close()


# --- what an answer or a fault means --------------------------------------------------------------------------------


def _expect(reply: tuple[int, bytes], reason: Reason, *, wanted: int = 2) -> None:
    code, text = reply
    if code // 100 != wanted:
        raise _Refused(code, _decoded(text), reason)


def _refuse_response(refusal: smtplib.SMTPResponseException, reason: Reason) -> NoReturn:
    raise _Refused(refusal.smtp_code, _decoded(refusal.smtp_error), reason) from refusal


def _refusal(phase: Phase, refused: _Refused) -> Outcome:
    reply = _kept(refused.text) if refused.code is None else _reply_text(refused.code, refused.text)
    result, reason = _meaning(refused)
    if phase is Phase.AFTER_DOT and reason is Reason.PROTOCOL:
        result, reason = Result.UNKNOWN, Reason.NO_FINAL_REPLY
    return Outcome(result=result, phase=phase, reply=reply or None, reason=reason)


def _meaning(refused: _Refused) -> tuple[Result, Reason]:
    """What an answer means: 4xx later, 5xx never without a person, our own refusals by their reason."""
    if refused.code is None:
        later = refused.reason is Reason.STARTTLS_MISSING  # the server's fault, and of the connection, not the message
        return (Result.RETRY if later else Result.BLOCKED), refused.reason
    if 400 <= refused.code <= 499:
        return Result.RETRY, Reason.BUSY
    if 500 <= refused.code <= 599:
        return Result.BLOCKED, _permanent_reason(refused)
    return Result.RETRY, Reason.PROTOCOL


def _permanent_reason(refused: _Refused) -> Reason:
    """The reason of a 5xx by its codes (RFC 3463, RFC 4954 6), else by the command it answered."""
    match = _ENHANCED_CODE.match(refused.text)
    enhanced = match[0] if match else ""
    if refused.code in {530, 534, 535} or enhanced == "5.7.8":
        return Reason.AUTH_REFUSED
    if enhanced in {"5.3.4", "5.2.3"} or (refused.code == 552 and refused.reason is not Reason.RECIPIENT_REFUSED):
        return Reason.TOO_LARGE
    return Reason.POLICY if enhanced.startswith("5.7.") else refused.reason


def _interruption(phase: Phase, fault: smtplib.SMTPException | OSError) -> Outcome:
    if phase is Phase.AFTER_DOT:
        return Outcome(result=Result.UNKNOWN, phase=phase, reason=Reason.NO_FINAL_REPLY)
    return Outcome(result=Result.RETRY, phase=phase, reason=_fault_reason(phase, fault))


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


def _reply_text(code: int, text: bytes | str) -> str:
    return _kept(f"{code} {_decoded(text)}")


def _kept(text: str) -> str:
    """A reply as one printable line: it is hostile text that ends in tables and terminals."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MAX_REPLY]


def _decoded(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _address_literal(connection: socket.socket) -> str:
    address = connection.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
