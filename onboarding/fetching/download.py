"""One request to one host: to exactly the address that was checked, bounded in bytes and in time, no redirects."""

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Timer
from typing import Final

from onboarding.fetching.addresses import Policy, Resolver, is_public, resolve
from onboarding.fetching.hosts import Target
from signatures.revocations import MAX_FILE_BYTES

CONNECT_SECONDS: Final = 4.0  # ours; a round trip through Europe takes 0.1 s
REQUEST_SECONDS: Final = 8.0  # ours, all of it: a list of 7 MB in that time takes 7 Mbit/s
MAX_ADDRESSES: Final = 2  # of one name, that are tried: IPv6 may be configured and lead nowhere
MAX_BYTES: Final = MAX_FILE_BYTES  # what is larger would be passed over by whoever reads the folder
_OCSP: Final = {"Content-Type": "application/ocsp-request"}  # RFC 6960, appendix A.1


class Trouble(StrEnum):
    """Why nothing came that can be used. Words of the log."""

    UNKNOWN_HOST = "unknown-host"
    PRIVATE_ADDRESS = "private-address"
    NO_CONNECTION = "no-connection"
    TIME = "time"
    STATUS = "status"
    REDIRECT = "redirect"
    ENCODING = "encoding"
    TOO_LARGE = "too-large"
    BROKEN = "broken"
    """No HTTP that holds together."""

    @property
    def of_host(self) -> bool:
        """Another address at this host would fare no better."""
        return self in {Trouble.UNKNOWN_HOST, Trouble.PRIVATE_ADDRESS, Trouble.NO_CONNECTION, Trouble.TIME}


class DownloadError(Exception):
    """Nothing came that can be used."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, kw_only=True)
class Network:
    """How the network is reached. Another than the default is for tests, which hand it over in code."""

    resolve: Resolver = resolve
    may_connect: Policy = is_public
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    connect_seconds: float = CONNECT_SECONDS
    request_seconds: float = REQUEST_SECONDS
    max_bytes: int = MAX_BYTES


def download(network: Network, target: Target, *, request: bytes | None = None) -> bytes:
    """The answer's body: of GET, or of POST where there is an OCSP request. Raises DownloadError."""
    deadline = time.monotonic() + network.request_seconds
    with _connected(network, target) as connection, _cut_off(connection, deadline):
        try:
            body = _exchange(network, target, connection, request)
        except (TimeoutError, OSError, HTTPException, ValueError) as error:
            late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
            raise DownloadError(Trouble.TIME if late else Trouble.BROKEN) from error
        if time.monotonic() >= deadline:  # where no length was given, being cut off looks like the end
            raise DownloadError(Trouble.TIME)
        return body


@contextmanager
def _connected(network: Network, target: Target) -> Iterator[socket.socket]:
    """A connection to an address that may be connected to; the name is not looked up again."""
    try:
        addresses = network.resolve(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise DownloadError(Trouble.UNKNOWN_HOST) from error
    allowed = [address for address in addresses if network.may_connect(address)]
    if not allowed:
        raise DownloadError(Trouble.PRIVATE_ADDRESS if addresses else Trouble.UNKNOWN_HOST)
    with _connect(network, allowed[:MAX_ADDRESSES], target.port) as connection:
        yield connection


def _connect(network: Network, addresses: Sequence[str], port: int) -> socket.socket:
    """To the first that answers."""
    for address in addresses:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=network.connect_seconds)
    raise DownloadError(Trouble.NO_CONNECTION)


@contextmanager
def _cut_off(connection: socket.socket, deadline: float) -> Iterator[None]:
    """End the connection at the deadline: a time-out starts anew with each byte, and some send one a second."""

    def cut() -> None:
        with suppress(OSError):  # it has ended by itself
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _exchange(network: Network, target: Target, connection: socket.socket, request: bytes | None) -> bytes:
    with _speaking(network, target, connection) as stream:
        client = HTTPConnection(target.host, target.port)
        client.sock = stream
        headers = {"Accept-Encoding": "identity", "Connection": "close", **(_OCSP if request is not None else {})}
        client.request("GET" if request is None else "POST", target.path, body=request, headers=headers)
        with client.getresponse() as response:
            _require_plain(response, network.max_bytes)
            body = response.read(network.max_bytes + 1)
    if len(body) > network.max_bytes:
        raise DownloadError(Trouble.TOO_LARGE)
    if response.length:  # less came than was announced
        raise DownloadError(Trouble.BROKEN)
    return body


@contextmanager
def _speaking(network: Network, target: Target, connection: socket.socket) -> Iterator[socket.socket]:
    """Encrypted where the address says so. A descriptor of its own, for `_cut_off` needs the first one."""
    if target.encrypted:
        with network.tls.wrap_socket(connection.dup(), server_hostname=target.host) as stream:
            yield stream
        return
    with connection.dup() as stream:
        yield stream


def _require_plain(response: HTTPResponse, limit: int) -> None:
    if 300 <= response.status < 400:
        raise DownloadError(Trouble.REDIRECT)
    if response.status != 200:
        raise DownloadError(Trouble.STATUS)
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise DownloadError(Trouble.ENCODING)
    if response.length is not None and response.length > limit:
        raise DownloadError(Trouble.TOO_LARGE)
