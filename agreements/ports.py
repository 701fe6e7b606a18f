"""What the rooms are handed by the roof."""

from datetime import datetime
from typing import Protocol


class Blobs(Protocol):
    """Content-addressed originals. What `put` returned is on disk, synced; `read` checks the hash again."""

    def put(self, data: bytes) -> str:
        """Store bytes durably and return their SHA-256 in hex. Storing the same bytes again is nothing."""
        ...

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises IntegrityError if they no longer match, NotFoundError if they are gone."""
        ...


class Clock(Protocol):
    """Tells the time, in UTC."""

    def __call__(self) -> datetime: ...
