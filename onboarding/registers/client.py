"""One question to a register: GET, bounded in time and in bytes, no redirects, no proxies, certificates checked."""

import http.client
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

MAX_BYTES: Final = 2**20  # ours: an organisation with its roles is some 50 kB
_CHUNK: Final = 64 * 2**10


class RegisterUnavailableError(Exception):
    """The register gave no answer: not reached, not in time, too much, or a status that says so."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back. `status` is 200, 404 or 410: anything else is no answer."""

    status: int
    body: bytes


def ask(base: str, path: str, *, seconds: float) -> Reply:
    """GET `base` + `path`. Raises RegisterUnavailableError: also for 429, 5xx, redirects and whatever else comes."""
    deadline = time.monotonic() + seconds
    url = urlsplit(base.rstrip("/") + path)
    assert url.hostname is not None  # the settings see to it
    connection = _connection(url.scheme, url.hostname, url.port, seconds)
    cut_off = Timer(seconds, lambda: _close(connection))  # what drips keeps every single wait short
    cut_off.start()
    try:
        connection.request("GET", url.path, headers={"Accept": "application/json", "User-Agent": "avtalemottak"})
        response = connection.getresponse()
        if response.status not in (200, 404, 410):
            raise RegisterUnavailableError(str(response.status))
        return Reply(status=response.status, body=_read(response, deadline))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise RegisterUnavailableError(type(error).__name__) from error
    finally:
        cut_off.cancel()
        connection.close()


def _close(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _connection(scheme: str, host: str, port: int | None, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=seconds)


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """All of it: an answer that is cut off, or drips, is none."""
    parts: list[bytes] = []
    while part := response.read1(_CHUNK):
        parts.append(part)
        if sum(map(len, parts)) > MAX_BYTES or time.monotonic() > deadline:
            raise RegisterUnavailableError("too much")
    if time.monotonic() > deadline:  # being cut off looks like the end
        raise RegisterUnavailableError("time")
    expected = response.headers.get("Content-Length", "")
    if expected.isdigit() and int(expected) != sum(map(len, parts)):
        raise RegisterUnavailableError("cut off")
    return b"".join(parts)
