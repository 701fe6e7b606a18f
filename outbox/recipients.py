"""Who a message may go to: the configured recipient, on the allow-list; in test and demo nobody outside."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from agreements.errors import ConfigurationError, UsageError
from outbox.addresses import check_address, domain_of

_SAFE_DOMAINS: Final = ("localhost", "test", "invalid", "example", "example.com", "example.net", "example.org")
"""Names that reach nobody: RFC 2606 and RFC 6761, with everything below them."""
_REDIRECTED: Final = frozenset({"test", "demo"})


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Where a message goes. When `redirected`, the caller says so in the subject."""

    recipient: str
    redirected: bool


def resolve_recipient(configured: str, allow: Collection[str], environment: str, test_to: str | None) -> Resolved:
    """The address a message really goes to: `configured` in production, `test_to` in test and demo.

    Raises ConfigurationError: `recipient_not_allowed` (not in `allow`, letter case aside, in every environment),
    `test_recipient_unsafe` (`test_to` is missing or could reach somebody), `environment_unknown`, `recipient_form`.
    """
    recipient = _checked(configured)
    if recipient.lower() not in {allowed.strip().lower() for allowed in allow}:
        raise ConfigurationError("recipient_not_allowed", recipient=recipient)
    if environment == "production":
        return Resolved(recipient=recipient, redirected=False)
    if environment not in _REDIRECTED:
        raise ConfigurationError("environment_unknown", environment=environment)
    if not test_to or not reaches_nobody(_checked(test_to)):
        raise ConfigurationError("test_recipient_unsafe", environment=environment, recipient=test_to or "–")
    return Resolved(recipient=test_to, redirected=True)


def reaches_nobody(address: str) -> bool:
    """Whether an address lies on this machine or under a name reserved for tests and examples."""
    domain = domain_of(address)
    if domain.startswith("["):
        return _is_loopback(domain[1:-1].removeprefix("ipv6:"))
    return any(domain == safe or domain.endswith("." + safe) for safe in _SAFE_DOMAINS)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _checked(address: str) -> str:
    try:
        return check_address(address)
    except UsageError as error:
        raise ConfigurationError("recipient_form", address=address) from error
