"""Access tokens for mailboxes that take no password: from Microsoft, from Google, or from any helper program.

A token is kept until shortly before it expires, so that not every log-in asks for a new one (a provider that is asked
twice a minute revokes: facts/mail-and-folders.md §1.3), and thrown away when the mail server refuses it. The providers'
libraries are optional extras, imported only when used.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any, Final, Protocol

from agreements.errors import ConfigurationError
from intake.sources.mailbox.problems import Fault, Problem

EARLY_SECONDS: Final = 300.0  # a token is renewed this long before it expires (facts §2.4)
FETCH_SECONDS: Final = 30.0
MAX_TOKEN_BYTES: Final = 16 * 1024  # Microsoft's have 2 kB; a token stands in one line of the protocol
MICROSOFT_AUTHORITY: Final = "https://login.microsoftonline.com"
MICROSOFT_SCOPE: Final = "https://outlook.office365.com/.default"
GOOGLE_SCOPE: Final = "https://mail.google.com/"
GOOGLE_LIFETIME: Final = 3600.0  # google-auth asks for one hour, and Google gives that
_ERROR_CODE: Final = re.compile(r"[a-z_]{1,40}")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 2.1, b64token


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token as its issuer gave it."""

    value: str = field(repr=False)
    lifetime: float | None
    """Seconds; None where the issuer does not say, and then it is used once."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A token to log in with."""

    value: str = field(repr=False)
    reused: bool
    """Whether it was handed out before: refused now, it has expired."""
    lifetime: float | None = None
    """Seconds it had when it was issued; None where the issuer does not say."""


class Tokens(Protocol):
    """Gives access tokens. Used by one thread."""

    def get(self) -> Held:
        """A token that should be good. Raises Fault(TOKEN_FAILED)."""
        ...

    def discard(self) -> None:
        """Forget the token: the mail server refused it."""
        ...


class CachedTokens:
    """Holds the last token until shortly before it expires."""

    def __init__(self, fetch: Callable[[], Token], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`fetch` asks the issuer, and raises Fault; `clock`: seconds."""
        self._fetch = fetch
        self._clock = clock
        self._token: Token | None = None
        self._until = 0.0

    def get(self) -> Held:
        """The token held, or a new one. Raises Fault(TOKEN_FAILED)."""
        if self._token is not None and self._clock() < self._until:
            return Held(value=self._token.value, reused=True, lifetime=self._token.lifetime)
        token = self._fetch()
        self._token, self._until = token, self._clock() + (token.lifetime or 0) - EARLY_SECONDS
        return Held(value=token.value, reused=False, lifetime=token.lifetime)

    def discard(self) -> None:
        """Forget the token held."""
        self._token = None


def command_tokens(command: Sequence[str]) -> CachedTokens:
    """Tokens that a helper program prints, alone on its standard output; run for each log-in, without a shell."""
    return CachedTokens(lambda: Token(value=_run(command), lifetime=None))


def microsoft_tokens(*, tenant: str, client_id: str, secret: str) -> CachedTokens:
    """Tokens of an application of its own in Microsoft Entra (client credentials).

    Raises ConfigurationError `extra_missing`.
    """
    _require("msal", extra="microsoft365")
    return CachedTokens(lambda: _ask_microsoft(f"{MICROSOFT_AUTHORITY}/{tenant}", client_id, secret))


def google_tokens(*, key: dict[str, Any], subject: str) -> CachedTokens:
    """Tokens of a Google service account that may act for the user `subject` (domain-wide delegation).

    `key`: the content of the service account's key file. Raises ConfigurationError `extra_missing`.
    """
    _require("google.auth", extra="google")
    return CachedTokens(lambda: _ask_google(key, subject))


def _require(module: str, *, extra: str) -> None:
    try:
        missing = find_spec(module) is None
    except ModuleNotFoundError:  # the package around it is not there either
        missing = True
    if missing:
        raise ConfigurationError("extra_missing", extra=extra)


def _ask_microsoft(authority: str, client_id: str, secret: str) -> Token:
    import msal

    try:
        # A new application each time: what it has cached is what the mail server may just have refused.
        application = msal.ConfidentialClientApplication(
            client_id, authority=authority, client_credential=secret, timeout=FETCH_SECONDS
        )
        answer = application.acquire_token_for_client(scopes=[MICROSOFT_SCOPE])
        return _microsoft_token(answer)
    except Fault:
        raise
    except Exception as error:
        raise Fault(Problem.TOKEN_FAILED) from error


def _microsoft_token(answer: dict[str, Any]) -> Token:
    if "access_token" not in answer:
        raise Fault(Problem.TOKEN_FAILED, detail=_microsoft_code(answer))
    return Token(value=_checked(answer["access_token"].encode()), lifetime=float(answer["expires_in"]))


def _microsoft_code(answer: dict[str, Any]) -> str:
    """`AADSTS7000222` and the like, by which Microsoft's own pages explain a refusal; else OAuth's word for it."""
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return f"AADSTS{codes[0]}"
    return _word(answer.get("error"))


def _word(said: object) -> str:
    """An error code of RFC 6749 5.2 (`invalid_grant`), or nothing for whatever is none."""
    return said if isinstance(said, str) and _ERROR_CODE.fullmatch(said) else ""


def _ask_google(key: dict[str, Any], subject: str) -> Token:
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request
    from google.oauth2.service_account import Credentials

    try:
        credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            key, scopes=[GOOGLE_SCOPE], subject=subject
        )
        credentials.refresh(partial(Request(), timeout=FETCH_SECONDS))
        return Token(value=_checked(credentials.token.encode()), lifetime=GOOGLE_LIFETIME)
    except RefreshError as error:  # its text is "invalid_grant: why …"
        raise Fault(Problem.TOKEN_FAILED, detail=_word(str(error.args[0]).partition(":")[0])) from error
    except Exception as error:
        raise Fault(Problem.TOKEN_FAILED) from error


def _run(command: Sequence[str]) -> str:
    """What the program prints. A file takes it, not a pipe: a pipe that a grandchild keeps open never ends."""
    with tempfile.TemporaryFile() as output:
        try:
            status = _wait(command, output.fileno())
        except (OSError, ValueError) as error:
            raise Fault(Problem.TOKEN_FAILED) from error
        output.seek(0)
        printed = output.read(MAX_TOKEN_BYTES + 1).strip()
    if status != 0:
        raise Fault(Problem.TOKEN_FAILED)
    return _checked(printed)


def _wait(command: Sequence[str], output: int) -> int | None:
    """The program's exit status; None when it took too long and was ended, with all that it started."""
    program = subprocess.Popen(  # noqa: S603 - the configuration names it
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, start_new_session=True
    )
    with program:
        try:
            return program.wait(FETCH_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            return None


def _checked(value: bytes) -> str:
    """A token is one word: anything else would end up as part of the protocol."""
    if len(value) > MAX_TOKEN_BYTES or not _TOKEN.fullmatch(value):
        raise Fault(Problem.TOKEN_FAILED)
    return value.decode()
