"""A line to a mail server that breaks around the final dot, where nobody can know afterwards whether mail was taken."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

_DOT: Final = b"\r\n.\r\n"


class Break(StrEnum):
    """Where the line breaks."""

    BEFORE_TAKEN = "before taken"
    """The server never hears the final dot."""
    AFTER_TAKEN = "after taken"
    """The server has taken the mail and said so; we never hear it."""


@dataclass(kw_only=True)
class LossyLine:
    """Listens on a free port of the loopback and passes everything on to `port`, until a mail's end comes by."""

    port: int
    """The mail server's."""
    breaks: Break | None
    """None: it holds. Set back to None by the mail that it broke under."""
    reports: bool = True
    """False: what the server says is passed on without its offer to report (RFC 3461)."""
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.here: int = self._listening.getsockname()[1]
        self._run(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for opened in (self._listening, *self._open):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()
        for thread in self._threads:
            thread.join(10)

    def _run(self, work: object, *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))  # type: ignore[arg-type]
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listening.accept()
            except OSError:
                return
            theirs = socket.create_connection(("127.0.0.1", self.port))
            self._open += [ours, theirs]
            deaf = threading.Event()
            self._run(self._up, ours, theirs, deaf)
            self._run(self._down, ours, theirs, deaf)

    def _up(self, ours: socket.socket, theirs: socket.socket, deaf: threading.Event) -> None:
        """From us to the server."""
        tail = b""
        with suppress(OSError):
            while data := ours.recv(65536):
                tail = (tail + data)[-len(_DOT) :]
                if tail == _DOT and self.breaks is Break.BEFORE_TAKEN:
                    break
                deaf.set() if tail == _DOT and self.breaks is Break.AFTER_TAKEN else None
                theirs.sendall(data)
        self._hang_up(ours, theirs, broke=tail == _DOT)

    def _down(self, ours: socket.socket, theirs: socket.socket, deaf: threading.Event) -> None:
        """From the server to us."""
        with suppress(OSError):
            while data := theirs.recv(65536):
                if deaf.is_set():
                    assert data.startswith(b"250 "), data
                    break
                ours.sendall(data if self.reports else data.replace(b"250-DSN\r\n", b""))
        self._hang_up(ours, theirs, broke=deaf.is_set())

    def _hang_up(self, ours: socket.socket, theirs: socket.socket, *, broke: bool) -> None:
        if broke:
            self.breaks = None
        for end in (ours, theirs):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
