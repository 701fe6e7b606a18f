"""Real IMAP servers on loopback: Dovecot with its own configuration and TLS, and pymap in a process of ours.

Each is a `MailServer`: mail is delivered from outside (LMTP, or an APPEND by another client), and looked at by another
client. Nothing of the machine's own mail set-up is read or changed.
"""

import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs, urlsplit

from imapclient import IMAPClient

from intake.sources.mailbox import Account, Password, Timeouts
from tests.outbox.mail_servers import ThrowawayTls, throwaway_tls

USER, PASSWORD = "avtaler@example.org", "p\u00e6ssord \\ \" 'med alt"
TOKEN = "good-token"
PATIENT_SECONDS = 20
QUICK = Timeouts(connect=5, read=5, idle=5, poll=0.2, leave=1)
Tls = Literal["implicit", "starttls", "none"]


class MailServer(Protocol):
    """What the contract tests need of a server."""

    password: str

    def account(self, **changes: Any) -> Account:
        """The mailbox on it."""
        ...

    def deliver(self, *mails: bytes) -> None:
        """Have mail delivered to the inbox, one after the other."""
        ...

    def client(self) -> IMAPClient:
        """A person's mail program, logged in."""
        ...

    def renumber(self) -> None:
        """Have the inbox lose its numbers: another UIDVALIDITY, the same mail."""
        ...


def eventually(fact: Callable[[], bool], *, seconds: float = PATIENT_SECONDS, every: float = 0.01) -> None:
    """Wait until a fact can be observed; `every`: seconds between two looks, for those that cost something."""
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(every)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# --- Dovecot --------------------------------------------------------------------------------------------------------

_DOVECOT = """
base_dir = {run}
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = yes
auth_mechanisms = plain xoauth2
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
maildir_stat_dirs = no
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service auth-worker {{
  user = {internal}
}}
protocol imap {{
  mail_max_userip_connections = 100
}}
"""
_OAUTH2 = """
introspection_mode = get
introspection_url = http://127.0.0.1:{port}/?token=
username_attribute = username
active_attribute = active
active_value = true
"""


class _Introspection(BaseHTTPRequestHandler):
    """Says of a token whether it is good, as the provider of a mail account does (RFC 7662)."""

    good: frozenset[str] = frozenset({TOKEN})

    def do_GET(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        body = json.dumps({"active": token in type(self).good, "username": USER}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@dataclass
class Dovecot:
    """A running Dovecot."""

    folder: Path
    imap: int
    imaps: int
    tls: ThrowawayTls
    handler: type[_Introspection]
    password: str = PASSWORD
    numbered: int = 0
    """How often its inbox was numbered anew."""

    def account(self, **changes: Any) -> Account:
        settings: dict[str, Any] = {
            "host": "localhost",
            "port": self.imap if changes.get("tls") == "starttls" else self.imaps,
            "username": USER,
            "credentials": Password(value=PASSWORD),
            "timeouts": QUICK,
            "tls_context": self.tls.client,
        }
        return Account(**(settings | changes))

    @property
    def lmtp(self) -> Path:
        """The socket that takes mail for it."""
        return self.folder / "lmtp"

    @property
    def sasl(self) -> Path:
        """The socket where a mail relay asks it about log-ins."""
        return self.folder / "auth"

    def deliver(self, *mails: bytes) -> None:
        with smtplib.LMTP(str(self.lmtp)) as lmtp:
            for mail in mails:
                lmtp.sendmail("kari@example.org", [USER], mail)

    def client(self, user: str = USER) -> IMAPClient:
        client = IMAPClient("localhost", self.imaps, ssl_context=self.tls.client, timeout=10)
        client.plain_login(user, PASSWORD)
        return client

    def renumber(self) -> None:
        """What an administrator does who restores a mailbox; each time a higher number, as they must be."""
        self.numbered += 1
        number = str(int(time.time()) + 1000 * self.numbered)
        update = ("mailbox", "update", "-u", USER, "--uid-validity", number, "INBOX")
        subprocess.run(["/usr/bin/doveadm", "-c", str(self.folder / "dovecot.conf"), *update], check=True)

    def trust(self, *tokens: str) -> None:
        """Only these tokens are good from now on."""
        self.handler.good = frozenset(tokens)


@contextmanager
def dovecot(*others: str) -> Iterator[Dovecot]:
    """A Dovecot of our own, with an empty mailbox for USER and each of the others, all of one password."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot", dir="/tmp"))
    folder.chmod(0o755)  # for its own users, and for who delivers by LMTP
    handler = type("Introspection", (_Introspection,), {})
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    server = Dovecot(folder, free_port(), free_port(), throwaway_tls(folder), handler)
    _configure(server, web.server_address[1], (USER, *others))
    program = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(folder / "dovecot.conf")])
    try:
        eventually(lambda: _answers(server, program))
        yield server
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(PATIENT_SECONDS)
        web.shutdown()
        web.server_close()
        shutil.rmtree(folder)


def _answers(server: Dovecot, program: "subprocess.Popen[bytes]") -> bool:
    assert program.poll() is None, (server.folder / "log").read_text()
    try:
        socket.create_connection(("127.0.0.1", server.imaps), timeout=1).close()
        server.client().logout()
    except OSError:
        return False
    return True


def _configure(server: Dovecot, web_port: int, names: Sequence[str]) -> None:
    folder, me = server.folder, pwd.getpwuid(os.getuid())
    mail = folder / "mail"
    mail.mkdir()
    internal, login, owner = me.pw_name, me.pw_name, me
    if os.getuid() == 0:  # Dovecot never opens mail as root
        internal, login, owner = "dovecot", "dovenull", pwd.getpwnam("nobody")
        os.chown(mail, owner.pw_uid, owner.pw_gid)
    group = "dovecot" if os.getuid() == 0 else str(me.pw_gid)
    ports = {"imap": server.imap, "imaps": server.imaps}
    users = {"internal": internal, "login": login, "group": group, "uid": owner.pw_uid, "gid": owner.pw_gid}
    text = _DOVECOT.format(folder=folder, run=folder / "run", **ports, **users)
    (folder / "dovecot.conf").write_text(text)
    place = f"{owner.pw_uid}:{owner.pw_gid}::{mail}"
    (folder / "users").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}:{place}/{name}::\n" for name in names))
    (folder / "oauth2.conf").write_text(_OAUTH2.format(port=web_port))


# --- pymap ----------------------------------------------------------------------------------------------------------

_PYMAP = """
from pymap.main import main
from pysasl.hashing import BuiltinHash
BuiltinHash.__init__.__kwdefaults__["rounds"] = 1  # a log-in takes half a second otherwise
main()
"""


@dataclass
class Pymap:
    """A running pymap: a mailbox in its memory, STARTTLS, an APPEND as delivery."""

    folder: Path
    port: int
    tls: ThrowawayTls
    password: str = PASSWORD
    program: "subprocess.Popen[bytes] | None" = None

    def account(self, **changes: Any) -> Account:
        settings: dict[str, Any] = {
            "host": "localhost",
            "port": self.port,
            "tls": "starttls",
            "username": USER,
            "credentials": Password(value=PASSWORD),
            "timeouts": QUICK,
            "tls_context": self.tls.client,
        }
        return Account(**(settings | changes))

    def deliver(self, *mails: bytes) -> None:
        with closing_client(self.client()) as client:
            for mail in mails:
                client.append("INBOX", mail)

    def client(self) -> IMAPClient:
        client = IMAPClient("localhost", self.port, ssl=False, timeout=10)
        client.starttls(self.tls.client)
        client.plain_login(USER, PASSWORD)
        return client

    def renumber(self) -> None:
        """Its memory is lost with it, and what lay there is delivered anew."""
        with closing_client(self.client()) as client:
            client.select_folder("INBOX", readonly=True)
            mails = [found[b"BODY[]"] for found in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]
        self.stop()
        self.start()
        self.deliver(*mails)

    def start(self) -> None:
        certificate = str(self.folder / "server.pem")
        self.program = subprocess.Popen(
            [
                *(sys.executable, "-c", _PYMAP),
                *("--host", "127.0.0.1", "--port", str(self.port), "--cert", certificate, "--key", certificate),
                *("--no-service", "admin", "--no-service", "managesieve"),
                *("dict", "--demo-user", USER, "--demo-password", PASSWORD),
            ]
        )
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self.program is not None
        assert self.program.poll() is None
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        assert self.program is not None
        self.program.terminate()
        self.program.wait(PATIENT_SECONDS)


@contextmanager
def pymap() -> Iterator[Pymap]:
    """A pymap with an empty mailbox."""
    with tempfile.TemporaryDirectory() as folder:
        server = Pymap(Path(folder), free_port(), throwaway_tls(Path(folder)))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def closing_client(client: IMAPClient) -> Iterator[IMAPClient]:
    try:
        yield client
    finally:
        client.logout()
