"""An IMAP server of one mailbox that can be told to misbehave at any command; for faults that no real server shows on
demand.

An answer in `script` stands under its command (`SELECT`, `UID FETCH`, `DONE`, `greeting` …) and replaces the usual one:
a function of (talk, tag, arguments), or one of the constants.
"""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

from intake.sources.mailbox import Account, Password, Timeouts

BRISK = Timeouts(connect=2, read=0.5, idle=2, poll=0.1, leave=0.2)
_LITERAL: Final = re.compile(rb"\{(\d+)\+?\}$")


@dataclass
class Talk:
    """One connection."""

    connection: socket.socket
    number: int
    """Counted from 1."""

    def say(self, *lines: bytes) -> None:
        """All in one segment."""
        self.connection.sendall(b"".join(line + b"\r\n" for line in lines))

    def say_raw(self, data: bytes) -> None:
        self.connection.sendall(data)


Answer = Callable[[Talk, bytes, bytes], None]


def close(talk: Talk, tag: bytes, arguments: bytes) -> None:
    """Hang up."""
    raise ConnectionAbortedError


def freeze(talk: Talk, tag: bytes, arguments: bytes) -> None:
    """Say nothing, and stay."""


def bye(talk: Talk, tag: bytes, arguments: bytes) -> None:
    """Say good-bye, and hang up."""
    talk.say(b"* BYE shutting down")
    raise ConnectionAbortedError


def no(reason: bytes) -> Answer:
    """Refuse."""
    return lambda talk, tag, arguments: talk.say(tag + b" NO " + reason)


def say(*lines: bytes) -> Answer:
    """These lines; `TAG` in them is the command's."""
    return lambda talk, tag, arguments: talk.say(*(line.replace(b"TAG", tag) for line in lines))


@dataclass
class FakeImap:
    """The server. `mails`: what lies in its inbox, by UID."""

    mails: dict[int, bytes] = field(default_factory=dict)
    script: dict[str, Answer] = field(default_factory=dict)
    uidvalidity: int = 7
    capabilities: bytes = b"IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 IDLE MOVE UIDPLUS NAMESPACE"
    namespace: bytes = b'(("" "/")) NIL NIL'
    largest_piece: int = 2**30
    """Bytes of one answer to FETCH."""
    sizes: dict[int, int] = field(default_factory=dict)
    """What RFC822.SIZE wrongly says."""
    commands: list[tuple[str, bytes]] = field(default_factory=list)
    """Every command and its arguments."""
    longest_line: int = 0
    connections: int = 0
    folders: set[bytes] = field(default_factory=set)
    moved: dict[bytes, list[int]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    def __enter__(self) -> "FakeImap":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for opened in (self._listener, *self._open):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def account(self, **changes: Any) -> Account:
        settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "tls": "none",
            "username": "avtaler",
            "credentials": Password(value="passord"),
            "timeouts": BRISK,
        }
        return Account(**(settings | changes))

    def count(self, command: str) -> int:
        return sum(1 for name, _ in self.commands if name == command)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError), connection.makefile("rb") as lines:
            talk = Talk(connection, number)
            self._answer(talk, "greeting", b"", b"")
            idle = b""
            while line := lines.readline().rstrip(b"\r\n"):
                self.longest_line = max(self.longest_line, len(line))
                if line == b"DONE":
                    self._answer(talk, "DONE", idle, b"")
                    continue
                tag, _, rest = line.partition(b" ")
                command, arguments = _parse(rest)
                if command == "AUTHENTICATE":
                    talk.say(b"+ ")
                    arguments += b" " + lines.readline().rstrip()
                self.commands.append((command, arguments))
                idle = tag if command == "IDLE" else idle
                self._answer(talk, command, tag, arguments)

    def _answer(self, talk: Talk, command: str, tag: bytes, arguments: bytes) -> None:
        usual = getattr(self, "_" + command.lower().replace(" ", "_"), self._unknown)
        self.script.get(command, usual)(talk, tag, arguments)

    def _unknown(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(tag + b" BAD what?")

    def _ok(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(tag + b" OK done")

    _login = _authenticate = _noop = _subscribe = _done = _ok

    def _greeting(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"* OK fake")

    def _capability(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"* CAPABILITY " + self.capabilities, tag + b" OK done")

    def _logout(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"* BYE", tag + b" OK done")

    def _namespace(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"* NAMESPACE " + self.namespace, tag + b" OK done")

    def _select(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(
            b"* FLAGS (\\Seen \\Deleted)",
            b"* %d EXISTS" % len(self.mails),
            b"* 0 RECENT",
            b"* OK [UIDVALIDITY %d] valid" % self.uidvalidity,
            tag + b" OK [READ-WRITE] done",
        )

    def _examine(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(
            b"* %d EXISTS" % len(self.mails),
            b"* OK [UIDVALIDITY %d] valid" % self.uidvalidity,
            tag + b" OK [READ-ONLY] done",
        )

    def _uid_search(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        found = [uid for uid in self.mails if uid not in self.deleted]
        window = re.match(rb"(\d+):(\d+) UNDELETED", arguments)
        if window:
            found = list(self.mails)[int(window[1]) - 1 : int(window[2])]
        elif arguments.startswith(b"UID "):
            found = [uid for uid in _uids(arguments[4:]) if uid in self.mails]
        talk.say(b"* SEARCH" + b"".join(b" %d" % uid for uid in found), tag + b" OK done")

    def _uid_fetch(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        uids, _, wanted = arguments.partition(b" ")
        present = [uid for uid in _uids(uids) if uid in self.mails]
        piece = re.search(rb"BODY\.PEEK\[\]<(\d+)\.(\d+)>", wanted)
        out = b""
        for uid in present:
            if piece:
                start, size = int(piece[1]), min(int(piece[2]), self.largest_piece)
                part = self.mails[uid][start : start + size]
                out += b"* 1 FETCH (UID %d BODY[]<%d> {%d}\r\n%b)\r\n" % (uid, start, len(part), part)
            elif b"FLAGS" in wanted:
                out += b"* 1 FETCH (UID %d FLAGS (%b))\r\n" % (uid, b"\\Deleted" if uid in self.deleted else b"")
            else:
                out += b"* 1 FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, self.sizes.get(uid, len(self.mails[uid])))
        talk.say_raw(out + tag + b" OK done\r\n")

    def _idle(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        talk.say(b"+ idling")

    def _list(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        name = arguments.rpartition(b" ")[2].strip(b'"')
        lines = [b'* LIST () "/" "%b"' % name] if name in self.folders or not name else []
        talk.say(*lines, tag + b" OK done")

    def _create(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        self.folders.add(arguments.strip(b'"'))
        talk.say(tag + b" OK done")

    def _uid_move(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        self._uid_copy(talk, tag, arguments)
        for uid in _uids(arguments.partition(b" ")[0]):
            self.mails.pop(uid, None)

    def _uid_copy(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        uids, _, folder = arguments.partition(b" ")
        self.moved.setdefault(folder.strip(b'"'), []).extend(_uids(uids))
        talk.say(tag + b" OK done")

    def _uid_store(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        self.deleted.update(_uids(arguments.partition(b" ")[0]))
        talk.say(tag + b" OK done")

    def _uid_expunge(self, talk: Talk, tag: bytes, arguments: bytes) -> None:
        for uid in _uids(arguments):
            if uid in self.deleted:
                self.mails.pop(uid, None)
        talk.say(tag + b" OK done")


def _parse(rest: bytes) -> tuple[str, bytes]:
    """`UID FETCH` counts as one command."""
    first, _, arguments = rest.partition(b" ")
    if first.upper() == b"UID":
        second, _, arguments = arguments.partition(b" ")
        return f"UID {second.decode().upper()}", arguments
    return first.decode("ascii", "replace").upper(), arguments


def _uids(listed: bytes) -> list[int]:
    return [int(uid) for uid in listed.split(b",") if uid.isdigit()]
