"""An installation that watches a mailbox on a server of ours, and the mails that come to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from onboarding.sandbox import Sandbox
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import Change, Installation, Template, opened_copy

ADDRESS = "avtaler@example.org"


@contextmanager
def watching(
    server: FakeImap,
    template: Template,
    sandbox: Sandbox,
    folder: Path,
    *,
    also: Change = lambda _: None,
    **changes: Any,
) -> Iterator[Installation]:
    """`changes`: keys of the mailbox's settings; `also`: of the rest of the configuration."""
    secret = folder / "passord"
    secret.write_text("passord")
    secret.chmod(0o600)
    mailbox = {"id": "avtaler", "vendor": "fjord", "address": ADDRESS, "host": "127.0.0.1", "port": server.port}
    mailbox |= {"tls": "none", "username": "avtaler", "password_file": str(secret)} | changes

    def watch(document: dict[str, Any]) -> None:
        document["mailboxes"] = [mailbox]
        also(document)

    with opened_copy(template, folder / "avtale", sandbox=sandbox, change=watch) as installation:
        yield installation


def letter(subject: str, *attachments: tuple[str, bytes], sender: str = "kari@example.org", **headers: str) -> bytes:
    """A mail; the attachments' kind is told by their names' endings."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ADDRESS, subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Vedlagt.")
    for name, data in attachments:
        kind = "pdf" if name.endswith(".pdf") else "octet-stream"
        message.add_attachment(data, maintype="application", subtype=kind, filename=name)
    return bytes(message)
