"""A mail server that stops the sender, or the connection, at the point it is told to; else it keeps what it takes."""

import hashlib
import os
import re
import signal
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_MESSAGE_ID = re.compile(rb"(?mi)^Message-ID: *(<[^>\r\n]+>)")


class Point(StrEnum):
    """How far a message has come, in order."""

    GREETING = "greeting"
    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    IN_BODY = "in body"
    DOT = "dot"
    """The whole message is here, and not taken yet."""
    TAKEN = "taken"
    """It is taken, and nobody has been told."""
    REPLIED = "replied"
    """The reply has been written to the connection."""


class Act(StrEnum):
    """What happens there."""

    KILL = "kill"
    """SIGKILL for the sender."""
    DROP = "drop"
    """The connection is closed."""


@dataclass(kw_only=True)
class Trap:
    """One thing that goes wrong, once."""

    point: Point
    act: Act
    passes: int = 0
    """How often the point is passed unharmed before."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that was taken."""

    message_id: str
    recipients: tuple[str, ...]
    sha256: str


class _StoppedError(Exception):
    """The connection is gone, one way or the other."""


@dataclass(kw_only=True)
class Relay:
    """Listens on a free port of the loopback, one connection at a time."""

    folder: Path
    trap: Trap | None = None
    taken: list[Taken] = field(default_factory=list)
    sprung: Counter[tuple[Act, Point]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def drops(self) -> int:
        """How many connections were dropped."""
        return sum(count for (act, _), count in self.sprung.items() if act is Act.DROP)

    @property
    def pid_file(self) -> Path:
        """Where a sender writes its process id."""
        return self.folder / "pid"

    @property
    def copies(self) -> Path:
        """The Message-IDs that were taken for a second recipient, a line each: the box of copies."""
        return self.folder / "copies"

    def __enter__(self) -> Self:
        self.copies.touch()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    self._talk(connection)
                except (OSError, _StoppedError):
                    continue

    def _pass(self, point: Point) -> None:
        trap = self.trap
        if trap is None or trap.point is not point:
            return
        if trap.passes:
            trap.passes -= 1
            return
        self.trap = None
        self.sprung[trap.act, point] += 1
        if trap.act is Act.KILL:
            os.kill(int(self.pid_file.read_text()), signal.SIGKILL)
        raise _StoppedError

    def _talk(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        self._pass(Point.GREETING)
        connection.sendall(b"220 relay\r\n")
        recipients: list[str] = []
        while line := lines.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self._pass(Point.EHLO)
                connection.sendall(b"250-relay\r\n250 SIZE 40000000\r\n")
            elif verb == b"MAIL":
                self._pass(Point.MAIL)
                recipients = []
                connection.sendall(b"250 ok\r\n")
            elif verb == b"RCPT":
                self._pass(Point.RCPT)
                recipients.append(line.decode().partition("<")[2].partition(">")[0])
                connection.sendall(b"250 ok\r\n")
            elif verb == b"DATA":
                self._pass(Point.DATA)
                connection.sendall(b"354 go on\r\n")
                self._take(self._read_body(lines), tuple(recipients))
                connection.sendall(b"250 2.0.0 kept as %d\r\n" % len(self.taken))
                self._pass(Point.REPLIED)
            else:
                connection.sendall(b"250 ok\r\n" if verb in {b"RSET", b"NOOP"} else b"221 bye\r\n")
                if verb == b"QUIT":
                    return

    def _read_body(self, lines: BinaryIO) -> bytes:
        body = bytearray()
        while (line := lines.readline()) != b".\r\n":
            if not line:
                raise _StoppedError
            body += line[1:] if line.startswith(b".") else line
            if len(body) < len(line) + 1:
                self._pass(Point.IN_BODY)
        self._pass(Point.DOT)
        return bytes(body)

    def _take(self, body: bytes, recipients: tuple[str, ...]) -> None:
        found = _MESSAGE_ID.search(body)
        assert found is not None
        message_id = found[1].decode()
        self.taken.append(Taken(message_id=message_id, recipients=recipients, sha256=hashlib.sha256(body).hexdigest()))
        if len(recipients) > 1:
            with self.copies.open("a") as copies:
                copies.write(f"{message_id}\n")
        self._pass(Point.TAKEN)
