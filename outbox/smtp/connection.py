"""A connection to the mail server: encrypted, certificate checked, logged in."""

import base64
import smtplib
import socket
from contextlib import suppress
from typing import Final

from agreements.errors import TemporaryError
from outbox.outcome import Reason
from outbox.smtp.meaning import FAULTS, Refused, expect, kept, refuse_response
from outbox.smtp.server import SmtpServer, TokenSource

MAX_REPLY_LINES: Final = 200  # ten times what a long EHLO has; smtplib would read them without end
MAX_LINE_BYTES: Final = 8192  # smtplib's own limit
MAX_COMMAND_BYTES: Final = 512  # RFC 5321 4.5.3.1.4; AUTH has no more (RFC 4954 4), only the answers to its challenges
_END: Final = 2  # of MAX_COMMAND_BYTES: CRLF


class Client(smtplib.SMTP):
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
            # The final dot is a small packet of its own: Nagle's algorithm would hold it back until the body is
            # acknowledged.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's, with an end: code (-1 for what is none) and the lines, joined by line feeds."""
        if self.file is None:
            self.file = self.open_socket().makefile("rb")
        texts: list[bytes] = []
        while True:
            line = self._read_line()
            texts.append(line[4:].strip(b" \t\r\n"))
            if not line[:3].isdigit():
                return -1, b"\n".join(texts)
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(texts)
            if len(texts) == MAX_REPLY_LINES:
                self.close()
                raise smtplib.SMTPResponseException(500, "reply without end")

    def _read_line(self) -> bytes:
        assert self.file is not None
        try:
            line: bytes = self.file.readline(MAX_LINE_BYTES + 1)
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected("connection lost") from error
        if not line.endswith(b"\n"):
            self.close()
            if len(line) > MAX_LINE_BYTES:
                raise smtplib.SMTPResponseException(500, "line too long")
            raise smtplib.SMTPServerDisconnected("connection closed")
        return line


def connect(server: SmtpServer) -> Client:
    """A connection that is encrypted and logged in. Raises Refused and what smtplib and the network raise.

    A token that is refused may have been withdrawn before its time: once, another one is asked for.
    """
    try:
        return _connect(server, anew=False)
    except Refused as refused:
        if server.token is None or not refused.is_of_log_in:
            raise
    return _connect(server, anew=True)


def leave(client: Client, seconds: float, *, polite: bool) -> None:
    """Close, with a QUIT when `polite`: never inside a body, where it would be a line of the message. Never raises."""
    if polite and client.sock is not None:
        with suppress(*FAULTS):
            client.sock.settimeout(seconds)
            client.quit()
    client.close()


def _connect(server: SmtpServer, *, anew: bool) -> Client:
    try:
        client = Client(server)
    except smtplib.SMTPConnectError as refusal:
        refuse_response(refusal, Reason.SERVICE_REFUSED)
    try:
        _greet(client, server)
        if server.username is not None:
            _log_in(client, server, server.username, anew=anew)
    except BaseException as fault:
        leave(client, server.timeouts.quit, polite=isinstance(fault, Refused))
        raise
    return client


def _greet(client: Client, server: SmtpServer) -> None:
    expect(client.ehlo(), Reason.SERVICE_REFUSED)
    if server.tls == "starttls":
        if not client.has_extn("starttls"):
            raise Refused(None, "", Reason.STARTTLS_MISSING)
        try:
            client.starttls(context=server.context())
        except smtplib.SMTPResponseException as refusal:
            refuse_response(refusal, Reason.SERVICE_REFUSED)
        expect(client.ehlo(), Reason.SERVICE_REFUSED)


def _log_in(client: Client, server: SmtpServer, username: str, *, anew: bool) -> None:
    """One try with one mechanism. smtplib's `login` tries several (as many wrong passwords), and in ASCII only."""
    offered = client.esmtp_features.get("auth", "").upper().split()
    password = server.password or ""
    if server.token is not None:
        if "XOAUTH2" not in offered:
            raise Refused(None, "", Reason.AUTH_MISSING)
        _send_token(client, username, _ask_for_token(server.token, anew=anew))
    elif "PLAIN" in offered:
        expect(_authenticate(client, "PLAIN", f"\0{username}\0{password}"), Reason.AUTH_REFUSED)
    elif "LOGIN" in offered:
        expect(client.docmd("AUTH", "LOGIN"), Reason.AUTH_REFUSED, wanted=3)
        expect(client.docmd(_base64(username)), Reason.AUTH_REFUSED, wanted=3)
        expect(client.docmd(_base64(password)), Reason.AUTH_REFUSED)
    else:
        raise Refused(None, "", Reason.AUTH_MISSING)


def _send_token(client: Client, username: str, token: str) -> None:
    """XOAUTH2. A challenge in answer to the token is the refusal's explanation, to be answered with an empty line."""
    code, text = _authenticate(client, "XOAUTH2", f"user={username}\1auth=Bearer {token}\1\1")
    if code // 100 == 3:
        code, text = client.docmd("")
    expect((code, text), Reason.AUTH_REFUSED)


def _ask_for_token(token: TokenSource, *, anew: bool) -> str:
    try:
        return token(anew=anew)
    except TemporaryError as error:
        raise Refused(None, kept(str(error.params.get("detail", ""))), Reason.TOKEN_FAILED) from error


def _authenticate(client: Client, mechanism: str, secret: str) -> tuple[int, bytes]:
    """The server's answer to the secret: sent with the command, or on its own where a command may not be so long."""
    encoded = _base64(secret)
    if len(f"AUTH {mechanism} {encoded}") + _END <= MAX_COMMAND_BYTES:
        return client.docmd("AUTH", f"{mechanism} {encoded}")
    expect(client.docmd("AUTH", mechanism), Reason.AUTH_REFUSED, wanted=3)
    return client.docmd(encoded)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _address_literal(connection: socket.socket) -> str:
    address = connection.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
