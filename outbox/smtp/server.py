"""The mail server and how to log in to it."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agreements.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds to wait (RFC 5321 4.5.3.2: 5 minutes for commands, 10 for the reply to the final dot)."""

    connect: float = 30
    command: float = 300
    final_reply: float = 600
    """Long on purpose: giving up early is how mail gets doubled."""
    quit: float = 2
    """The message is settled by then; only politeness waits."""


class TokenSource(Protocol):
    """Gives access tokens to log in with. Used by one thread."""

    def __call__(self, *, anew: bool) -> str:
        """A token of printable ASCII; `anew`: another than the last one, which the server refused.

        Raises TemporaryError when none is to be had; its parameter `detail` is the issuer's own code, or empty.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """The server that takes our mail.

    Raises ConfigurationError `smtp_plain` for `tls: none` to anything but this machine.
    """

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str | None = None
    """None: the server asks for no log-in."""
    password: str | None = field(default=None, repr=False)
    token: TokenSource | None = field(default=None, repr=False, compare=False)
    """Logs in by XOAUTH2, in place of a password."""
    timeouts: Timeouts = Timeouts()
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    """None: the system's authorities, names checked. Another one for an authority of one's own."""

    def __post_init__(self) -> None:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ConfigurationError("smtp_plain", host=self.host)

    def context(self) -> ssl.SSLContext:
        """The TLS settings to connect with."""
        return self.tls_context or ssl.create_default_context()


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
