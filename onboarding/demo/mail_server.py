"""The demo's mail server: loopback only. It keeps what it takes as `.eml` files, and can do what real ones do to mail.

Our own copies, and what it reports (RFC 3464), lie in the demo's mailbox.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message, MIMEPart
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from enum import StrEnum
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from agreements.mail import AGREEMENT_HEADER
from onboarding.demo.imap_server import DemoMailbox

_MAX_BYTES = 64 * 2**20


class Fate(StrEnum):
    """What becomes of a mail that the server has taken."""

    KEPT = "kept"
    REPLY_LOST = "reply_lost"
    """It is kept, and the connection breaks before we are told."""
    BOUNCED = "bounced"
    """Taken with a reply, and reported later as impossible to deliver."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A running server."""

    port: int
    fates: dict[str, Fate]
    """Agreement number -> what becomes of its mail; for all others `KEPT`."""


@dataclass(frozen=True, kw_only=True)
class _Keeper:
    """Writes every message it is handed to a file named by its agreement."""

    folder: Path
    mailbox: DemoMailbox
    fates: dict[str, Fate] = field(default_factory=dict)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        mail = message_from_bytes(content)
        agreement = str(mail[AGREEMENT_HEADER])
        path = self.folder / f"{agreement}.eml"
        copies = len(list(self.folder.glob(f"{agreement}*.eml")))
        path = path if not copies else path.with_name(f"{agreement}-{copies + 1}.eml")
        path.write_bytes(content)
        if len(envelope.rcpt_tos) > 1:
            self.mailbox.deliver(content)
        fate = self.fates.get(agreement, Fate.KEPT)
        if fate is Fate.BOUNCED:
            self.mailbox.deliver(_failure(mail, envelope))
        if fate is Fate.REPLY_LOST:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return f"250 2.0.0 Ok: kept as {path.name}"


def _failure(mail: Message, envelope: Envelope) -> bytes:
    """A delivery status notification: the mail could not be delivered, after all; with its headers."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = "MAILER-DAEMON@localhost"
    report["To"] = envelope.mail_from or ""
    report["Subject"] = "Delivery status"
    report["Auto-Submitted"] = "auto-replied"
    about, recipient = Message(), Message()
    about["Reporting-MTA"] = "dns; localhost"
    recipient["Final-Recipient"] = f"rfc822; {envelope.rcpt_tos[0]}"
    recipient["Action"] = "failed"
    recipient["Status"] = "5.2.2"
    recipient["Diagnostic-Code"] = "smtp; 552 5.2.2 mailbox full"
    status = Message()
    status["Content-Type"] = "message/delivery-status"
    status.set_payload([about, recipient])
    headers = MIMEPart()
    headers["Message-ID"] = mail["Message-ID"]
    headers[AGREEMENT_HEADER] = mail[AGREEMENT_HEADER]
    report.attach(MIMEText("This is a report of the demo's mail server."))
    report.attach(status)
    report.attach(MIMEMessage(headers))
    return report.as_bytes()


class _AnyPort(Controller):
    """A controller that lets the operating system choose the port, and knows it before its own first connection."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd annotates most of itself


@contextmanager
def keeping_mail_server(folder: Path, mailbox: DemoMailbox) -> Iterator[MailServer]:
    """Run it on a free loopback port. `mailbox`: where copies and reports go."""
    folder.mkdir(exist_ok=True)
    keeper = _Keeper(folder=folder, mailbox=mailbox)
    controller = _AnyPort(keeper, hostname="127.0.0.1", port=0, data_size_limit=_MAX_BYTES)
    controller.start()
    try:
        yield MailServer(port=controller.port, fates=keeper.fates)
    finally:
        controller.stop()
