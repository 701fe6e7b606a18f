"""Reading one mail from the server piece by piece, straight into the store: memory does not grow with the mail."""

import io
import logging
from collections.abc import Callable
from typing import Any, Final

logger = logging.getLogger(__name__)

CHUNK_BYTES: Final = 2**20  # one command each; 83 kB mails take one, and 35 MB mails leave no mark (facts §2.2)

FetchPiece = Callable[[int, int], bytes | None]
"""(offset, at most so many bytes) -> the mail's bytes from there; None when the server has none to give."""


class MailGone(Exception):
    """The mail is not there (any more)."""


class MailTooLong(Exception):
    """The server goes on beyond every limit. `size`: bytes so far."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class MailStream(io.RawIOBase):
    """A mail as a stream. Its end is where the server gives nothing more, not where it announced it: announced sizes
    are wrong at some servers, and a piece shorter than asked for may only be one of many.
    """

    def __init__(self, fetch: FetchPiece, *, announced: int, limit: int) -> None:
        """`announced`: RFC822.SIZE; `limit`: no more bytes than this are read."""
        super().__init__()
        self._fetch = fetch
        self._announced = announced
        self._limit = limit
        self._offset = 0
        self._ended = False

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next piece. Raises MailGone, MailTooLong, and what fetching raises."""
        wanted = memoryview(buffer).cast("B")
        if self._ended or not len(wanted):
            return 0
        piece = self._fetch(self._offset, len(wanted))
        if piece is None:
            raise MailGone
        wanted[: len(piece)] = piece
        self._offset += len(piece)
        if self._offset > self._limit:
            raise MailTooLong(self._offset)
        self._ended = len(piece) < len(wanted) and (not piece or self._offset >= self._announced)
        if self._ended and self._offset != self._announced:
            logger.info("mail is not as large as announced", extra={"size": self._offset, "announced": self._announced})
        return len(piece)


def open_mail(fetch: FetchPiece, *, announced: int, limit: int) -> io.BufferedReader:
    """The mail as a stream that asks the server for CHUNK_BYTES at a time, however small the reads are."""
    return io.BufferedReader(MailStream(fetch, announced=announced, limit=limit), buffer_size=CHUNK_BYTES)
