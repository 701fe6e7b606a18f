"""Why a message waits for a person before it leaves: what was found, and where. Never the thing itself."""

from dataclasses import dataclass
from typing import Final

NATIONAL_ID: Final = "national_id"
"""A national identity number stands in it, which must not leave by plain mail unnoticed."""
PERSON_SENDS: Final = "person_sends"
"""A letter that only a person sends."""

TOO_LARGE: Final = "too_large_to_forward"
"""The message is larger than the far end is likely to take; `masked` is its size."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One reason to hold a message. Texts for people: `outbox_reasons.<kind>`, `holds.<where>`."""

    kind: str
    """`national_id`, `not_searched`, `person_sends` …"""
    where: str = ""
    """In which kind of place: `page`, `attachment`, `field`, `metadata`, `certificate` …; empty: nowhere in it."""
    name: str = ""
    """Which one: the page's number, the attachment's cleaned name."""
    masked: str = ""
    """What was found, masked so that nobody can be known by it."""
    count: int = 1
    """How many there are."""
