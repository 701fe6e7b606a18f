"""The allow-list: which hosts may be asked, on which port, and whether an address in a certificate is one of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = MappingProxyType({"http": 80, "https": 443})
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, 2.1
_HOST = re.compile(rf"(?P<name>(?:{_LABEL}\.)+(?P<last>{_LABEL}))(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_MAX_NAME: Final = 253  # RFC 1035, 2.3.4, as text
_VISIBLE = re.compile(r"[!-~]+")  # RFC 3986 leaves nothing else unescaped


@dataclass(frozen=True, kw_only=True)
class Host:
    """One entry. `port` None: the usual one of the scheme."""

    name: str
    port: int | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address that may be asked."""

    host: str
    port: int
    encrypted: bool
    path: str
    """With the query."""


def parse_host(text: str) -> Host | None:
    """`crl.example.org` or `crl.example.org:8080`; None for anything else.

    No wildcard, no address in figures, no name without a dot, not this machine: no issuer publishes there, so such an
    entry could only serve to reach what is inside.
    """
    match = _HOST.fullmatch(text.lower())
    if match is None or len(match["name"]) > _MAX_NAME:
        return None
    port = int(match["port"]) if match["port"] else None
    if match["last"].isdigit() or match["last"] == "localhost" or (port or 1) > 65535:
        return None
    return Host(name=match["name"], port=port)


def find_target(url: str, hosts: Iterable[Host]) -> Target | None:
    """How to ask this address, if a host on the list is to be asked; None if not."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usual = _PORTS.get(parts.scheme)
    if usual is None or parts.hostname is None or "@" in parts.netloc or not _VISIBLE.fullmatch(url):
        return None
    asked = Host(name=parts.hostname, port=port or usual)
    if all(asked != Host(name=one.name, port=one.port or usual) for one in hosts):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host=parts.hostname, port=asked.port or usual, encrypted=parts.scheme == "https", path=path)
