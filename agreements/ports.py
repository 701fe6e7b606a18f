"""What the rooms are handed by the roof."""

from datetime import datetime
from typing import BinaryIO, Protocol


class Blobs(Protocol):
    """Content-addressed originals. What `put` returned is on disk, synced; `read` checks the hash again."""

    def put(self, data: bytes) -> str:
        """Store bytes durably and return their SHA-256 in hex. Storing the same bytes again is nothing."""
        ...

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        """Store what `stream.read(n)` gives until it gives nothing; return (SHA-256 in hex, number of bytes).

        Bounded memory, whatever the size; on disk and synced before it returns. Storing the same bytes again is
        nothing. An exception of the stream passes through unchanged and leaves nothing stored; a full disk is
        TemporaryError("disk_full").
        """
        ...

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises IntegrityError if they no longer match, NotFoundError if they are gone."""
        ...


class Clock(Protocol):
    """Tells the time, in UTC."""

    def __call__(self) -> datetime:
        """The time it is now, with its zone."""
        ...
