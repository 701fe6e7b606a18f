"""Addresses as SMTP carries them: plain ASCII, no display name, nothing that could end a command or a header line."""

import re

from agreements.errors import UsageError

MAX_ADDRESS = 254  # RFC 5321 4.5.3.1.3 (path of 256 octets, with its angle brackets), RFC 3696 erratum 1690
_LOCAL_PART = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_LITERAL = r"\[(?:IPv6:)?[0-9A-Fa-f.:]+\]"
_ADDRESS = re.compile(f"{_LOCAL_PART}@(?:{_DOMAIN}|{_LITERAL})")


def check_address(text: str) -> str:
    """The address itself when it is a plain ASCII mailbox (RFC 5321 4.1.2 without quoted local parts).

    Raises UsageError `address_form`. Internationalised and quoted addresses are refused: not every relay takes them.
    """
    if len(text) > MAX_ADDRESS or _ADDRESS.fullmatch(text) is None:
        raise UsageError("address_form", address=text)
    return text


def domain_of(address: str) -> str:
    """The part after the @ of a checked address, in lower case."""
    return check_address(address).rpartition("@")[2].lower()
