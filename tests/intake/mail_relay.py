"""A real Postfix on loopback with its own configuration, queue and log: it takes mail by SMTP and hands it to a Dovecot
of ours by LMTP.

Nothing leaves the machine by it, whatever is sent: every domain but the tests' has no transport but an error. Nothing
of the machine's own Postfix is read, changed or started. Postfix runs as root only; another user needs sudo without a
password, which installing it took, too.
"""

import os
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from outbox.smtp import SmtpServer
from tests.intake.imap_servers import Dovecot, eventually, free_port

DOMAIN = "example.org"
SIZE_LIMIT = 40_000_000
"""Bytes of one mail: one of 25 MiB of PDF passes, with its base64."""
_POSTFIX = "/usr/sbin/postfix"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = relay.{domain}
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {domain}
virtual_transport = lmtp:unix:{lmtp}
default_transport = error:5.7.1 nothing leaves this relay
relay_transport = error:5.7.1 nothing leaves this relay
local_transport = error:5.7.1 nothing stays on this relay
relayhost =
alias_maps =
alias_database =
recipient_delimiter = +
message_size_limit = {limit}
mailbox_size_limit = 0
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = none
disable_dns_lookups = yes
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """A running Postfix."""

    folder: Path
    port: int

    def settings(self) -> SmtpServer:
        """As our outbox reaches it."""
        return SmtpServer(host="127.0.0.1", port=self.port, tls="none")

    def client(self) -> smtplib.SMTP:
        """As somebody's mail program reaches it."""
        return smtplib.SMTP("127.0.0.1", self.port, timeout=30)


@contextmanager
def postfix(behind: Dovecot, *, main: str = "", services: str = "") -> Iterator[Postfix]:
    """A Postfix whose mail for DOMAIN ends in this Dovecot.

    `main` and `services`: lines that are added to its configuration (main.cf, master.cf).
    """
    folder = Path(tempfile.mkdtemp(prefix="postfix", dir="/tmp"))
    folder.chmod(0o755)
    server = Postfix(folder=folder, port=free_port())
    _configure(server, behind, main=main, services=services)
    try:
        _as_root(_POSTFIX, "-c", str(folder / "etc"), "start")
        eventually(lambda: _answers(server))
        yield server
    finally:
        _as_root(_POSTFIX, "-c", str(folder / "etc"), "stop", check=False)
        _as_root("rm", "-rf", str(folder))


def _configure(server: Postfix, behind: Dovecot, *, main: str, services: str) -> None:
    etc = server.folder / "etc"
    etc.mkdir()
    for name in ("queue", "data"):
        (server.folder / name).mkdir()
    usual = _MAIN.format(folder=server.folder, domain=DOMAIN, lmtp=behind.lmtp, limit=SIZE_LIMIT)
    (etc / "main.cf").write_text(usual + main)
    (etc / "master.cf").write_text(_MASTER.format(port=server.port) + services)
    _as_root("chown", "postfix", str(server.folder / "data"))
    _as_root("chown", "-R", "root", str(etc), str(server.folder / "queue"))


def _as_root(*command: str, check: bool = True) -> None:
    prefix = () if os.getuid() == 0 else ("sudo", "-n")
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr


def _answers(server: Postfix) -> bool:
    try:
        server.client().quit()
    except (OSError, smtplib.SMTPException):
        return False
    return True
