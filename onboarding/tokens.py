"""Access tokens for accounts that take no password, as the settings say: mailboxes and the mail server alike."""

import json
from pathlib import Path
from typing import Any, Final

from agreements.errors import ConfigurationError, TemporaryError
from intake.sources.mailbox import Fault, Tokens, command_tokens, google_tokens, microsoft_tokens
from onboarding.settings import LogIn, read_secret
from outbox.smtp import TokenSource

MAX_KEY_BYTES: Final = 64 * 1024
"""A service account's key file has 2 kB; a larger one is another file by mistake."""


def access_tokens(log_in: LogIn, username: str) -> Tokens:
    """What gives tokens for this account; nobody is asked yet. For any `auth` but `password`.

    That the keys of that `auth` are filled in was checked when the settings were loaded. Raises ConfigurationError:
    `secret_unreadable`, `service_account_unreadable`, `extra_missing`.
    """
    if log_in.auth == "token_command":
        return command_tokens(log_in.token_command or ())
    if log_in.auth == "oauth2_microsoft":
        secret = read_secret(given(log_in.client_secret_file))
        return microsoft_tokens(tenant=log_in.tenant or "", client_id=log_in.client_id or "", secret=secret)
    return google_tokens(key=_read_key(given(log_in.service_account_file)), subject=username)


def token_source(tokens: Tokens) -> TokenSource:
    """The same tokens as the outbox asks for them."""

    def token(*, anew: bool) -> str:
        if anew:
            tokens.discard()
        try:
            return tokens.get().value
        except Fault as error:
            raise TemporaryError("smtp_token_failed", detail=error.detail) from error

    return token


def given(path: Path | None) -> Path:
    """A path that the settings' checks have seen to."""
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
