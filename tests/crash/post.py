"""A real mailbox server as the programs see it that kill and are killed: it is started, and outlived, by the test."""

import smtplib
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Self

from imapclient import IMAPClient

from tests.intake.imap_servers import PASSWORD, Dovecot, closing_client


@dataclass(frozen=True, kw_only=True)
class Post:
    """How to reach it."""

    lmtp: str
    """The socket that takes mail."""
    port: int
    password_file: str

    @classmethod
    def of(cls, server: Dovecot, folder: Path) -> Self:
        """The password is written to a file in this folder."""
        secret = folder / "passord"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o600)
        return cls(lmtp=str(server.lmtp), port=server.imap, password_file=str(secret))

    def fields(self) -> dict[str, Any]:
        return asdict(self)

    def settings(self, address: str) -> dict[str, Any]:
        """A mailbox as the configuration names it."""
        return {
            "id": "avtaler",
            "vendor": "fjord",
            "address": address,
            "username": address,
            "host": "127.0.0.1",
            "port": self.port,
            "tls": "none",
            "password_file": self.password_file,
        }

    def deliver(self, address: str, *mails: bytes) -> None:
        with smtplib.LMTP(self.lmtp) as lmtp:
            for mail in mails:
                lmtp.sendmail("kari@example.org", [address], mail)

    def lying(self, address: str) -> dict[str, list[bytes]]:
        """The bytes of every mail in every folder."""
        found: dict[str, list[bytes]] = {}
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        client.plain_login(address, PASSWORD)
        with closing_client(client):
            for flags, _, name in client.list_folders():
                if rb"\Noselect" not in flags:
                    client.select_folder(name, readonly=True)
                    mails = client.fetch(client.search(), ["BODY.PEEK[]"])
                    found[name] = [mails[uid][b"BODY[]"] for uid in sorted(mails)]
        return found


def return_mail(pdf: bytes) -> bytes:
    """A customer's mail with the signed agreement, the same bytes each time."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "kari@example.org", "avtaler@example.org", "Signert avtale"
    message["Message-ID"] = "<retur@example.org>"
    message.set_content("Vedlagt.")
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename="avtale.pdf")
    message.set_boundary("=_retur")
    return bytes(message)
