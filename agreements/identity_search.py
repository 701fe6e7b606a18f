"""What a search for identity numbers came to: where they stand and how they look masked. Never the numbers themselves.

What could not be looked into is told as well: silence about it would be a promise that nothing is there.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Place(StrEnum):
    """In which kind of place; words for people stand under `terms.place`."""

    DOCUMENT = "document"
    PAGE = "page"
    FIELD = "field"
    NOTE = "note"
    ATTACHMENT = "attachment"
    METADATA = "metadata"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"
    ELSEWHERE = "elsewhere"
    LETTER = "letter"
    """Of the message that the document goes with."""
    ENCLOSURE = "enclosure"
    """A file of our own that goes with it."""


class Unread(StrEnum):
    """Why something was not looked through; words for people stand under `terms.unread`."""

    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_DEEP = "too_deep"
    UNKNOWN_KIND = "unknown_kind"


class Found(BaseModel):
    """A number in one place, all its occurrences there together."""

    model_config = ConfigDict(frozen=True)

    place: Place
    name: str
    """Which one: the page's number, the attachment's cleaned and masked name, an object of the file."""
    masked: str
    count: int


class Gap(BaseModel):
    """A place that was not looked through."""

    model_config = ConfigDict(frozen=True)

    place: Place
    name: str
    why: Unread


class IdentitySearch(BaseModel):
    """Everything that a search tells, in the order in which it was met."""

    model_config = ConfigDict(frozen=True)

    found: tuple[Found, ...] = ()
    gaps: tuple[Gap, ...] = ()
