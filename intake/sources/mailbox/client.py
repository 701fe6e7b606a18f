"""imapclient with bounds, and with an IDLE that misses nothing. It uses imaplib's insides, so imapclient is pinned.

Why not `idle_check` (facts/mail-and-folders.md §2.1): it looks at the socket only, so mail announced together with the
server's "+ idling" is not noticed; it takes a closed connection for silence, and spins; it breaks on a line that comes
in two pieces. Here the socket is only asked *whether* something came. What it was is read after DONE, as the answer of
any command is, where an end, a BYE and a broken line are faults and silence ends by time-out.

Bounds on a hostile server: a line 1 MB (imaplib), everything it says to one command MAX_ANSWER_BYTES and
MAX_ANSWER_LINES, silence the time-out. Not bounded: a server that drips one byte per time-out; the age of the mailbox's
last health note tells.
"""

import imaplib
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

MAX_ANSWER_BYTES: Final = 4 * 2**20  # four times the largest thing that is asked for (reading.CHUNK_BYTES)
MAX_ANSWER_LINES: Final = 50_000
"""As many mails may be marked or removed by others between two commands; more ends the connection, and it goes on."""
PULSE_SECONDS: Final = 0.5
"""How often a wait looks whether it is wanted elsewhere."""
_NEWS: Final = ("EXISTS", "RECENT")


class _Bounded(imaplib.IMAP4):
    """Counts what the server says between two things that we say."""

    _said = 0
    _lines = 0

    def send(self, data: Any) -> None:
        """Say something; the server may answer anew."""
        self._said = self._lines = 0
        super().send(data)

    def read(self, size: int) -> bytes:
        """A literal."""
        self._count(size)
        return super().read(size)

    def readline(self) -> bytes:
        """A line."""
        line = super().readline()
        self._lines += 1
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self._said += size
        if self._said > MAX_ANSWER_BYTES or self._lines > MAX_ANSWER_LINES:
            raise self.abort("answer too long")


class _Plain(_Bounded, IMAP4WithTimeout):  # type: ignore[misc]  # imapclient ships no types
    pass


class _Tls(_Bounded, IMAP4_TLS):  # type: ignore[misc]
    pass


class SafeClient(IMAPClient):  # type: ignore[misc]
    """One connection, used by one thread."""

    def __init__(self, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        # imapclient sends a command and its line end apart: with Nagle's algorithm each costs 40 ms
        self._imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._imap.debug = 0  # imapclient sets 5, which writes every answer out as text, whether it is logged or not

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        if self.ssl:
            return _Tls(self.host, self.port, self.ssl_context, self._timeout.connect)  # type: ignore[call-arg]
        return _Plain(self.host, self.port, self._timeout.connect)

    def has_news(self) -> bool:
        """Whether mail was announced since `forget_news`, in answer to whatever command."""
        return any(kind in self._imap.untagged_responses for kind in _NEWS)

    def forget_news(self) -> None:
        """What was announced until now is about to be searched for."""
        for kind in _NEWS:
            self._imap.untagged_responses.pop(kind, None)

    def start_idle(self) -> bool:
        """Ask to be told of changes. True: something was said already, do not wait."""
        self._idle_tag = self._imap._command("IDLE")  # noqa: SLF001 - see the module
        while self._imap._get_response() is not None:  # noqa: SLF001
            if self._imap.tagged_commands[self._idle_tag]:
                raise IMAPClientAbortError("IDLE refused")
        return self.has_news() or self._has_buffered()

    def wait_readable(self, seconds: float, is_interrupted: Callable[[], bool]) -> bool:
        """Whether the server says something (or hangs up) within this time, and before the wait is interrupted."""
        poller = select.poll()
        poller.register(self.socket().fileno(), select.POLLIN)
        until = time.monotonic() + seconds
        while not is_interrupted() and (left := until - time.monotonic()) > 0:
            if poller.poll(min(left, PULSE_SECONDS) * 1000):
                return True
        return False

    def stop_idle(self) -> None:
        """End what `start_idle` began; what was said meanwhile is in `has_news`. Raises when the connection is gone."""
        self._imap.send(b"DONE\r\n")
        self._read_answer(self._idle_tag)

    def ask_for_news(self) -> None:
        """NOOP: servers without IDLE tell now what changed."""
        self._read_answer(self._imap._command("NOOP"))  # noqa: SLF001

    def _read_answer(self, tag: bytes) -> None:
        while not self._imap.tagged_commands[tag]:
            self._imap._get_response()  # noqa: SLF001
        kind, _ = self._imap.tagged_commands.pop(tag)
        if kind != "OK" or "BYE" in self._imap.untagged_responses:
            raise IMAPClientAbortError("no longer served")

    def _has_buffered(self) -> bool:
        """Whether imaplib (or TLS below it) has read more than the last line: no poll would tell."""
        connection = self.socket()
        connection.settimeout(0)
        try:
            return bool(self._imap.file.peek(1))
        except OSError:  # TLS says that way that there is nothing
            return False
        finally:
            connection.settimeout(self._timeout.read)

    def leave(self, seconds: float) -> None:
        """Say good-bye and close, in about this time. Never raises."""
        try:
            self.socket().settimeout(seconds)
            self.logout()
        except Exception:  # noqa: BLE001 - the connection may be in any state, and is given up
            self.hang_up()

    def cut(self) -> None:
        """End the connection under whatever another thread does with it. Never raises."""
        with suppress(OSError):  # closed already
            self.socket().shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close without a word. Never raises."""
        with suppress(OSError):  # closed already
            self._imap.shutdown()
