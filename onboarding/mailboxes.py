"""The configured mailboxes as sources of deliveries."""

import json
from pathlib import Path
from typing import Any, Final

from agreements.errors import ConfigurationError
from intake.sources.mailbox import (
    Account,
    MailboxSource,
    Password,
    Tokens,
    command_tokens,
    google_tokens,
    microsoft_tokens,
)
from onboarding.settings import MailboxSettings, read_secret

MAX_KEY_BYTES: Final = 64 * 1024
"""A service account's key file has 2 kB; a larger one is another file by mistake."""


def mailbox_source(mailbox: MailboxSettings) -> MailboxSource:
    """The source of one mailbox; connects when it is first asked. Raises as `mailbox_account`."""
    account = mailbox_account(mailbox)
    return MailboxSource(source_id=mailbox.id, account=account, vendor_id=mailbox.vendor, move=mailbox.move)


def mailbox_account(mailbox: MailboxSettings) -> Account:
    """Server, folder and log-in of one mailbox; nothing is connected to.

    Raises ConfigurationError: `secret_unreadable`, `service_account_unreadable`, `extra_missing`.
    """
    return Account(
        host=mailbox.host,
        port=mailbox.port,
        tls=mailbox.tls,
        username=mailbox.username,
        credentials=_credentials(mailbox),
        folder=mailbox.folder,
    )


def _credentials(mailbox: MailboxSettings) -> Password | Tokens:
    """What the settings' `auth` asks for; that its keys are filled in was checked when they were loaded."""
    if mailbox.auth == "token_command":
        return command_tokens(mailbox.token_command or ())
    if mailbox.auth == "oauth2_microsoft":
        secret = read_secret(_given(mailbox.client_secret_file))
        return microsoft_tokens(tenant=mailbox.tenant or "", client_id=mailbox.client_id or "", secret=secret)
    if mailbox.auth == "google_service_account":
        return google_tokens(key=_read_key(_given(mailbox.service_account_file)), subject=mailbox.username)
    return Password(value=read_secret(_given(mailbox.password_file)))


def _given(path: Path | None) -> Path:
    assert path is not None
    return path


def _read_key(path: Path) -> dict[str, Any]:
    """A service account's key file: one JSON object."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_KEY_BYTES + 1)
        key = json.loads(content) if len(content) <= MAX_KEY_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError("service_account_unreadable", path=str(path)) from error
    if not isinstance(key, dict):
        raise ConfigurationError("service_account_unreadable", path=str(path))
    return key
