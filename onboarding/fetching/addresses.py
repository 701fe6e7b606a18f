"""Which addresses a name may lead to: none but public ones, however they are written."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host, for a port. Raises OSError."""
Policy = Callable[[str], bool]
"""Whether an address may be connected to."""

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that is given out (IANA's IPv6 address space). Outside lie this machine, links, sites, groups, and the forms that
hold an IPv4 address: mapped and compatible ones, and NAT64's (RFC 6052, RFC 8215)."""
_NOT_PUBLIC_6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # IETF's own, Teredo among them: it holds an IPv4 address (RFC 4380)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: holds an IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_RELAYS: Final = ipaddress.IPv4Network("192.88.99.0/24")  # 6to4's (RFC 7526)


def is_public(address: str) -> bool:
    """Whether it is an ordinary address of the public Internet (IANA's registries of special addresses, RFC 6890)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inside = parsed in _GLOBAL_UNICAST and not any(parsed in network for network in _NOT_PUBLIC_6)
        return inside and parsed.scope_id is None
    special = parsed.is_multicast or parsed.is_reserved or parsed.is_private or parsed in _RELAYS
    return parsed.is_global and not special


def resolve(host: str, port: int) -> tuple[str, ...]:
    """By the system's resolver, in its order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
