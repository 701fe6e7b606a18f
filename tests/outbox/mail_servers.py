"""Mail servers on loopback: real ones (aiosmtpd) and one that breaks off wherever it is told to."""

import asyncio
import base64
import datetime as dt
import ipaddress
import re
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outbox.smtp import SmtpServer, Timeouts

QUICK = Timeouts(connect=5, command=5, final_reply=5, quit=1)


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps what it accepts. `answers` holds other replies for RCPT, MAIL and DATA."""

    answers: dict[str, str] = field(default_factory=dict)
    on_rcpt: Callable[[], None] = lambda: None
    on_data: Callable[[], None] = lambda: None
    envelopes: list[Envelope] = field(default_factory=list)
    peers: list[object] = field(default_factory=list)
    """Of each message the connection it came by."""

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        self.on_rcpt()
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if "DATA" not in self.answers:
            self.envelopes.append(envelope)
            self.peers.append(session.peer)
        self.on_data()
        return self.answers.get("DATA", f"250 2.0.0 Ok: queued as {len(self.envelopes):04X}")

    @property
    def received(self) -> list[bytes]:
        return [envelope.original_content or b"" for envelope in self.envelopes]


@dataclass
class TokenMailbox(Mailbox):
    """A mailbox behind XOAUTH2: whoever comes with a good token is let in."""

    good: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)
    """Those that were tried, in order."""
    alone: int = 0
    """How often the token came on a line of its own."""

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        if len(args) == 1:
            self.alone += 1
            answer = await server.challenge_auth("")
            assert isinstance(answer, bytes)
        else:
            answer = base64.b64decode(args[1], validate=True)
        login = re.fullmatch(r"user=avtaler@example\.org\x01auth=Bearer (\S*)\x01\x01", answer.decode())
        assert login is not None
        self.tokens.append(login[1])
        if login[1] in self.good:
            return AuthResult(success=True)
        assert await server.challenge_auth('{"status":"401","schemes":"bearer"}') == b""
        return AuthResult(success=False, handled=False)


class RealServer:
    """aiosmtpd on a free loopback port, in a thread of its own."""

    def __init__(
        self,
        handler: Mailbox,
        *,
        implicit_tls: ssl.SSLContext | None = None,
        speaker: type[SMTP] = SMTP,
        **parameters: Any,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._speaker = partial(speaker, handler, loop=self._loop, **parameters)
        serving = self._loop.create_server(self._speak, "127.0.0.1", 0, ssl=implicit_tls)
        self._server = self._loop.run_until_complete(serving)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "RealServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _speak(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of log-ins without TLS: these are on loopback
            return self._speaker()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def settings(self, **changes: Any) -> SmtpServer:
        settings: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "tls": "none", "timeouts": QUICK}
        return SmtpServer(**(settings | changes))


def log_in_as(name: bytes, password: bytes) -> Callable[..., AuthResult]:
    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (name, password), handled=False)

    return authenticate


# --- a server that breaks off ---------------------------------------------------------------------------------------

CLOSE = object()
HANG = object()
RESET_IN_BODY = object()

_USUAL: dict[str, object] = {
    "greeting": "220 fault.example ESMTP",
    "EHLO": "250-fault.example\r\n250 SIZE 52428800",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go on",
    "dot": "250 2.0.0 Ok: queued as F00",
    "QUIT": "221 bye",
}


class FaultyServer:
    """Speaks SMTP as scripted: an answer is a line, bytes after which it closes, CLOSE, HANG or (for `DATA`)
    RESET_IN_BODY; a list holds one for each time, the last one for good. Keeps whole bodies.
    """

    def __init__(self, **script: object) -> None:
        self._script = _USUAL | script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.bodies: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self._said: object = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "FaultyServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def settings(self, **changes: Any) -> SmtpServer:
        settings: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "tls": "none", "timeouts": QUICK}
        return SmtpServer(**(settings | changes))

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(OSError):
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            going = self._answer(connection, "greeting")
            while going and (line := lines.readline()):
                self.commands.append(line.decode("utf-8", "replace").strip())
                verb = line[:4].decode("utf-8", "replace").upper()
                going = self._answer(connection, verb)
                if going and verb == "DATA" and str(self._said).startswith("354"):
                    self.bodies.append(_body(iter(lines.readline, b"")))
                    going = self._answer(connection, "dot")
                going = going and verb != "QUIT"

    def _answer(self, connection: socket.socket, stage: str) -> bool:
        answer = self._script.get(stage, "502 what?")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        self._said = answer
        if answer is HANG:
            self._wait_for_the_end(connection)
            return False
        if answer is RESET_IN_BODY:
            connection.sendall(b"354 go on\r\n")
            connection.recv(1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if answer is CLOSE:
            return False
        if isinstance(answer, bytes):
            connection.sendall(answer)
            return False
        assert isinstance(answer, str)
        connection.sendall(answer.encode() + b"\r\n")
        return True

    def _wait_for_the_end(self, connection: socket.socket) -> None:
        """Until the client hangs up, or the test is over."""
        connection.settimeout(0.05)
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                if not connection.recv(1000):
                    return


def _body(lines: Iterator[bytes]) -> bytes:
    body = b"".join(iter(lambda: next(lines), b".\r\n"))
    return re.sub(rb"(?m)^\.\.", b".", body)


# --- TLS ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """One that signs throwaway certificates, and that nobody knows but whom we tell."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class ThrowawayTls:
    """A certificate by an authority of its own: for the server, and for a client that knows the authority."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    authority: Authority


_LOCALHOST = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
_A_DAY = dt.timedelta(days=1)


def throwaway_tls(
    folder: Path,
    *,
    authority: Authority | None = None,
    names: Sequence[x509.GeneralName] = _LOCALHOST,
    lasts: dt.timedelta = _A_DAY,
) -> ThrowawayTls:
    """Writes `server.pem` (key and certificate) into the folder. `lasts`: from now; a negative time has expired."""
    authority = authority or _new_authority()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    leaf = _certificate(subject, key, authority, names=x509.SubjectAlternativeName(names), lasts=lasts)
    pem = serialization.Encoding.PEM
    (folder / "server.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + leaf.public_bytes(pem)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    known = authority.certificate.public_bytes(pem).decode()
    return ThrowawayTls(server, ssl.create_default_context(cadata=known), authority)


def _new_authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, _certificate(_AUTHORITY, key, None))


_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throwaway authority")])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: Authority | None,
    *,
    names: x509.SubjectAlternativeName | None = None,
    lasts: dt.timedelta = _A_DAY,
) -> x509.Certificate:
    """By an authority, or (None) by itself: an authority's own."""
    now = dt.datetime.now(dt.UTC)
    issuer_key = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_AUTHORITY)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=2))
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def closed_port() -> Iterator[int]:
    """A loopback port where nobody listens (bound, so that nobody else takes it)."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
