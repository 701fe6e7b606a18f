"""A mailbox's server and how to log in to it; connecting and logging in."""

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from imapclient import SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from agreements.errors import ConfigurationError
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.problems import PASSING, Fault, Problem, response_code
from intake.sources.mailbox.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Password:
    """A password to log in with."""

    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds. One IDLE lasts less than the 29 minutes of RFC 2177, and than what firewalls let a silent line live."""

    connect: float = 10
    read: float = 30
    idle: float = 240
    """G7: after this the mailbox is searched, whatever the server said or did not say."""
    poll: float = 30
    """How often a server without IDLE is asked."""
    leave: float = 1


@dataclass(frozen=True, kw_only=True)
class Account:
    """A mailbox on a server. Raises ConfigurationError `mailbox_plain` for `tls: none` to anything but this machine."""

    host: str
    port: int = 993
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    username: str
    credentials: Password | Tokens
    folder: str = "INBOX"
    """The folder that is watched, as people see its name."""
    timeouts: Timeouts = Timeouts()
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    """None: the system's authorities, names checked. Another one for an authority of one's own."""

    def __post_init__(self) -> None:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ConfigurationError("mailbox_plain", host=self.host)

    @property
    def name(self) -> str:
        """Which mailbox this is, for the keys of what lies in it: another server's mail has other keys."""
        return f"{self.username}@{self.host}"

    def context(self) -> ssl.SSLContext:
        """The TLS settings to connect with."""
        return self.tls_context or ssl.create_default_context()


def connect(account: Account) -> SafeClient:
    """A connection that is encrypted and logged in. Raises Fault."""
    client = _open(account)
    try:
        if account.tls == "starttls":
            _encrypt(client, account)
        _log_in(client, account)
    except BaseException:
        client.hang_up()
        raise
    return client


def _open(account: Account) -> SafeClient:
    try:
        return SafeClient(
            account.host,
            port=account.port,
            ssl=account.tls == "implicit",
            ssl_context=account.context() if account.tls == "implicit" else None,
            timeout=SocketTimeout(account.timeouts.connect, account.timeouts.read),
        )
    except ssl.SSLError as error:
        raise Fault(Problem.TLS_FAILED) from error
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that is no name, from the IDNA codec
        raise Fault(Problem.UNREACHABLE) from error
    except IMAPClientAbortError as error:  # imaplib's words for a line that no IMAP server says, such as SMTP's "220 …"
        is_strange = str(error).startswith("unexpected response")
        raise Fault(Problem.NO_IMAP if is_strange else Problem.CONNECTION_LOST) from error
    except IMAPClientError as error:  # its greeting is a BYE, or POP3's "+OK"
        raise Fault(Problem.BUSY if "BYE" in str(error).upper() else Problem.NO_IMAP) from error


def _encrypt(client: SafeClient, account: Account) -> None:
    """STARTTLS, or nothing: whoever takes it out of the server's offer on the way must not get the password."""
    try:
        if not client.has_capability("STARTTLS"):
            raise Fault(Problem.TLS_FAILED)
        client.starttls(account.context())
    except (ssl.SSLError, IMAPClientError) as error:
        raise Fault(Problem.TLS_FAILED) from error


def _log_in(client: SafeClient, account: Account) -> None:
    """One try with one mechanism: more would be as many wrong passwords, and lock the account."""
    credentials = account.credentials
    if isinstance(credentials, Password):
        secret = credentials.value
        _try(lambda: _send_password(client, account.username, secret), Problem.AUTH_FAILED)
        return
    token = credentials.get()
    try:
        _try(lambda: _send_token(client, account.username, token.value), Problem.AUTH_FAILED)
    except Fault as fault:
        if fault.problem is Problem.AUTH_FAILED:
            credentials.discard()
            raise Fault(Problem.TOKEN_EXPIRED if token.reused else Problem.TOKEN_REFUSED) from fault
        raise


def _send_password(client: SafeClient, username: str, password: str) -> None:
    if client.has_capability("AUTH=PLAIN"):  # UTF-8, where LOGIN takes ASCII only
        client.sasl_login("PLAIN", lambda _: f"\0{username}\0{password}".encode())
    elif client.has_capability("LOGINDISABLED") or not (username + password).isascii():
        raise Fault(Problem.AUTH_FAILED)
    else:
        client.login(username, password)


def _send_token(client: SafeClient, username: str, token: str) -> None:
    """XOAUTH2; a second challenge is the refusal's explanation, to be answered with nothing."""
    words = iter([f"user={username}\1auth=Bearer {token}\1\1".encode()])
    client.sasl_login("XOAUTH2", lambda _: next(words, b""))


def _try(log_in: Callable[[], None], refused: Problem) -> None:
    try:
        log_in()
    except LoginError as error:
        if isinstance(error.__context__, IMAPClientAbortError):  # imapclient calls that a failed log-in, too
            raise Fault(Problem.CONNECTION_LOST) from error
        raise Fault(Problem.BUSY if response_code(str(error)) in PASSING else refused) from error


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
