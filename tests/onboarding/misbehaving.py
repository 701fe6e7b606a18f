"""Servers on loopback that answer as told, byte for byte, and a network in which names lead to them."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from onboarding.fetching.download import Network

LOOPBACK = "127.0.0.1"
HOST = "crl.example.org"
Talk = Callable[[socket.socket, threading.Event], None]
"""Answers on a connection whose request has been read, until the test is over (the event)."""


@dataclass(kw_only=True)
class Server:
    """What was asked of it."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    def url(self, path: str = "/liste.crl", scheme: str = "http") -> str:
        return f"{scheme}://{HOST}:{self.port}{path}"


def answer(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> Talk:
    """One whole answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers)
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(data: bytes) -> Talk:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.sendall(data)

    return talk


def slowly(data: bytes, pause: float) -> Talk:
    """A byte at a time."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            if over.wait(pause):
                return

    return talk


def for_ever(head: bytes, part: bytes) -> Talk:
    """A head, then the same part again and again."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.is_set():
            connection.sendall(part)

    return talk


def silent(_connection: socket.socket, over: threading.Event) -> None:
    """Takes the request and says nothing."""
    over.wait()


@contextmanager
def serving(talk: Talk | dict[str, Talk], *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A real server, for the test; one talk for all paths, or one for each (others are not found)."""
    over = threading.Event()
    listener = socket.create_server((LOOPBACK, 0))
    server = Server(port=listener.getsockname()[1], tls=tls)
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if over.is_set():
                connection.close()
                return
            thread = threading.Thread(target=_handle, args=(connection, talk, server, over), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        over.set()
        with suppress(OSError):
            socket.create_connection((LOOPBACK, server.port), timeout=1).close()  # wakes the acceptor
        acceptor.join(5)
        listener.close()
        for thread in threads:
            thread.join(5)


def _handle(connection: socket.socket, talk: Talk | dict[str, Talk], server: Server, over: threading.Event) -> None:
    connection.settimeout(10)
    with suppress(OSError), connection:
        if server.tls is not None:
            connection = server.tls.wrap_socket(connection, server_side=True)
        with connection:
            request = _read_request(connection)
            server.requests.append(request)
            path = request.split(b" ")[1].decode() if b" " in request else ""
            chosen = talk if not isinstance(talk, dict) else talk.get(path, answer(b"", "404 Not Found"))
            chosen(connection, over)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def leading_here(*, tls: ssl.SSLContext | None = None, **bounds: float) -> Network:
    """Every name leads to this machine, and this machine may be connected to."""
    limits = {"connect_seconds": 2.0, "request_seconds": 5.0, **bounds}
    return Network(
        resolve=lambda host, port: (LOOPBACK,),
        may_connect=lambda address: address == LOOPBACK,
        tls=tls or ssl.create_default_context(),
        connect_seconds=limits["connect_seconds"],
        request_seconds=limits["request_seconds"],
        max_bytes=int(limits.get("max_bytes", 100_000)),
    )


CHILD = (
    "import sys; sys.path.append(sys.argv[1]); from onboarding.fetching.child import serve; "
    "from tests.onboarding.misbehaving import leading_here; "
    "serve(int(sys.argv[2]), sys.stdin.buffer, sys.stdout.buffer, leading_here())"
)
"""The fetching process as it is, in such a network."""
