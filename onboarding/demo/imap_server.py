"""The demo's mailbox: an IMAP server (RFC 3501, with UIDPLUS' MOVE of RFC 6851) of one account, in memory, on loopback.

It has what our own reading of a mailbox asks for and nothing more; it is no server for anything else.
"""

import base64
import re
import secrets
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Final

_CAPABILITIES: Final = b"IMAP4rev1 AUTH=PLAIN IDLE MOVE UIDPLUS NAMESPACE"
_PIECE: Final = re.compile(rb"BODY\.PEEK\[\]<(\d+)\.(\d+)>")
_HEADER: Final = re.compile(rb'HEADER "?([A-Za-z-]+)"? "?([^"]*)"?')
_MAX_LINE: Final = 64 * 1024
"""Bytes of a command; ours."""


@dataclass
class DemoMailbox:
    """What lies in it, by folder and UID. Used by the mail server's thread and the connections' threads."""

    password: str = field(default_factory=lambda: secrets.token_hex(8))
    port: int = 0
    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}})
    _next: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, mail: bytes) -> None:
        """Put a mail into the inbox."""
        self._put("INBOX", mail)

    def move(self, uids: list[int], source: str, target: str) -> None:
        """Move mails between folders; those that are gone are passed over."""
        for uid in uids:
            mail = self.folders[source].pop(uid, None)
            if mail is not None:
                self._put(target, mail)

    def _put(self, folder: str, mail: bytes) -> None:
        with self._lock:
            self.folders.setdefault(folder, {})[self._next] = mail
            self._next += 1


class _Talk(socketserver.StreamRequestHandler):
    """One connection."""

    server: "_Server"

    def handle(self) -> None:
        """Answer commands until the client leaves."""
        self.folder = "INBOX"
        self._say(b"* OK demo")
        while line := self.rfile.readline(_MAX_LINE).rstrip(b"\r\n"):
            tag, _, rest = line.partition(b" ")
            name, _, arguments = rest.partition(b" ")
            if name.upper() == b"UID":
                second, _, arguments = arguments.partition(b" ")
                name = b"UID_" + second
            answer = getattr(self, "do_" + name.decode("ascii", "replace").lower(), None)
            if answer is None:
                self._say(tag + b" BAD what?")
            else:
                answer(tag, arguments)

    def _say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def _ok(self, tag: bytes, *lines: bytes) -> None:
        self._say(*lines, tag + b" OK done")

    @property
    def _mails(self) -> dict[int, bytes]:
        return self.server.mailbox.folders.get(self.folder, {})

    def do_capability(self, tag: bytes, _arguments: bytes) -> None:
        self._ok(tag, b"* CAPABILITY " + _CAPABILITIES)

    def do_authenticate(self, tag: bytes, _arguments: bytes) -> None:
        self._say(b"+ ")
        given = base64.b64decode(self.rfile.readline(_MAX_LINE)).rpartition(b"\0")[2]
        if secrets.compare_digest(given, self.server.mailbox.password.encode()):
            self._ok(tag)
        else:
            self._say(tag + b" NO [AUTHENTICATIONFAILED] no")

    def do_namespace(self, tag: bytes, _arguments: bytes) -> None:
        self._ok(tag, b'* NAMESPACE (("" "/")) NIL NIL')

    def do_noop(self, tag: bytes, _arguments: bytes) -> None:
        self._ok(tag)

    do_subscribe = do_noop

    def do_logout(self, tag: bytes, _arguments: bytes) -> None:
        self._ok(tag, b"* BYE")

    def do_select(self, tag: bytes, arguments: bytes) -> None:
        self.folder = _name(arguments)
        self._ok(tag, b"* %d EXISTS" % len(self._mails), b"* OK [UIDVALIDITY 1] valid")

    do_examine = do_select

    def do_list(self, tag: bytes, arguments: bytes) -> None:
        name = _name(arguments.rpartition(b" ")[2])
        known = not name or name in self.server.mailbox.folders
        self._ok(tag, *([b'* LIST () "/" "%b"' % name.encode()] if known else []))

    def do_create(self, tag: bytes, arguments: bytes) -> None:
        self.server.mailbox.folders.setdefault(_name(arguments), {})
        self._ok(tag)

    def do_uid_search(self, tag: bytes, arguments: bytes) -> None:
        header = _HEADER.search(arguments)
        if header:
            found = [uid for uid, mail in self._mails.items() if _has(mail, header[1].decode(), header[2].decode())]
        elif arguments.startswith(b"UID "):
            found = [uid for uid in _uids(arguments[4:]) if uid in self._mails]
        else:
            found = list(self._mails)
        self._ok(tag, b"* SEARCH" + b"".join(b" %d" % uid for uid in found))

    def do_uid_fetch(self, tag: bytes, arguments: bytes) -> None:
        listed, _, wanted = arguments.partition(b" ")
        piece = _PIECE.search(wanted)
        for uid in _uids(listed):
            mail = self._mails.get(uid)
            if mail is None:
                continue
            if piece:
                part = mail[int(piece[1]) : int(piece[1]) + int(piece[2])]
                self._say(b"* 1 FETCH (UID %d BODY[]<%d> {%d}\r\n%b)" % (uid, int(piece[1]), len(part), part))
            else:
                self._say(b"* 1 FETCH (UID %d RFC822.SIZE %d)" % (uid, len(mail)))
        self._ok(tag)

    def do_uid_move(self, tag: bytes, arguments: bytes) -> None:
        listed, _, folder = arguments.partition(b" ")
        self.server.mailbox.move(_uids(listed), self.folder, _name(folder))
        self._ok(tag)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: DemoMailbox


@contextmanager
def serving_mailbox() -> Iterator[DemoMailbox]:
    """Run it on a free loopback port."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.mailbox = DemoMailbox(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
            thread.join()


def _has(mail: bytes, header: str, value: str) -> bool:
    return value in str(message_from_bytes(mail)[header] or "")


def _name(argument: bytes) -> str:
    return argument.strip(b'"').decode("ascii", "replace")


def _uids(listed: bytes) -> list[int]:
    return [int(uid) for uid in listed.split(b",") if uid.isdigit()]
