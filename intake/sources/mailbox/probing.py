"""Is this mailbox fit to be watched? Logs in as the work does, looks, and leaves everything as it lies.

Nothing is fetched, made or moved: the folder is opened for reading only, and a folder of ours that is missing is told,
not made.
"""

import ssl
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from intake.sources.mailbox.account import Account, Password, connect
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.moving import CannotMove, Mover, Place
from intake.sources.mailbox.problems import Fault, Problem, problem_of
from intake.sources.mailbox.selecting import select
from intake.sources.mailbox.tokens import Held


class TlsFault(StrEnum):
    """Why there is no trustworthy encryption."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    OTHER_NAME = "other_name"
    """The certificate is for another name than `host`."""
    UNKNOWN_ISSUER = "unknown_issuer"
    """Self-signed, or from an authority that this machine does not know."""
    BAD_CERTIFICATE = "bad_certificate"
    NO_STARTTLS = "no_starttls"
    """The server does not offer it."""
    NO_TLS = "no_tls"
    """What answers at the port speaks no TLS, or none that is safe."""


_TLS_FAULTS: Final = {  # OpenSSL's x509_vfy.h, X509_V_ERR_*
    9: TlsFault.NOT_YET_VALID,
    10: TlsFault.EXPIRED,
    18: TlsFault.UNKNOWN_ISSUER,
    19: TlsFault.UNKNOWN_ISSUER,
    20: TlsFault.UNKNOWN_ISSUER,
    21: TlsFault.UNKNOWN_ISSUER,
    62: TlsFault.OTHER_NAME,
    64: TlsFault.OTHER_NAME,
}


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The mailbox can't be worked with."""

    problem: Problem
    tls: TlsFault | None = None
    """With `TLS_FAILED`: why."""
    detail: str = ""
    """With `TOKEN_FAILED`: the provider's own code for it, where it gave one."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The mailbox can be worked with; how well."""

    messages: int
    """How many lie in the watched folder now, those marked as deleted included."""
    has_idle: bool
    """Whether the server tells of new mail; else it is asked every `Timeouts.poll` seconds."""
    may_write: bool
    """Whether the account may change the folder."""
    can_move: bool
    """Whether the server offers a way to move mail that can lose none (MOVE or UIDPLUS)."""
    in_own_folder: bool
    """Whether the watched folder is one of those that decided mail is moved to."""
    missing: tuple[str, ...]
    """Which of the folders for decided mail are not there yet, by their names on the server."""
    token_seconds: float | None
    """How long the access token lasts; None for a password, and where the issuer does not say."""


def probe(account: Account) -> Found | Failed:
    """Look at a mailbox once. Never raises for what server, network or provider do; takes seconds."""
    credentials = account.credentials
    try:
        token = None if isinstance(credentials, Password) else credentials.get()
        client = connect(account if token is None else replace(account, credentials=_Single(token)))
    except Exception as error:  # noqa: BLE001 - as in `source`: hostile servers are met with exceptions of any kind
        return _failed(error)
    try:
        return _look(client, account, token)
    except Exception as error:  # noqa: BLE001 - the same
        return _failed(error)
    finally:
        client.leave(account.timeouts.leave)


@dataclass(frozen=True)
class _Single:
    """The one token that was asked for: asking for another only costs time, and maybe the provider's patience."""

    held: Held

    def get(self) -> Held:
        return self.held

    def discard(self) -> None:
        """There is nothing to forget."""


def _look(client: SafeClient, account: Account, token: Held | None) -> Found:
    may_write = select(client, account.folder, write=True).writable  # opening is no change: no mail is marked by it
    selected = select(client, account.folder, write=False)
    mover = Mover(client, watched=account.folder, copied=set())
    missing, in_own_folder = _missing(mover)
    return Found(
        messages=selected.exists,
        has_idle=client.has_capability("IDLE"),
        may_write=may_write,
        can_move=client.has_capability("MOVE") or client.has_capability("UIDPLUS"),
        in_own_folder=in_own_folder,
        missing=missing,
        token_seconds=None if token is None else token.lifetime,
    )


def _missing(mover: Mover) -> tuple[tuple[str, ...], bool]:
    try:
        found = [mover.find(place) for place in Place]
    except CannotMove:
        return (), True
    return tuple(name for name, is_there in found if not is_there), False


def _failed(error: Exception) -> Failed:
    problem = problem_of(error)
    detail = error.detail if isinstance(error, Fault) else ""
    return Failed(problem=problem, detail=detail, tls=_tls_fault(error) if problem is Problem.TLS_FAILED else None)


def _tls_fault(error: Exception) -> TlsFault:
    """From the fault, or from what it was raised for; the server's own refusal is none of TLS."""
    cause = error.__cause__ if isinstance(error, Fault) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _TLS_FAULTS.get(cause.verify_code, TlsFault.BAD_CERTIFICATE)
    return TlsFault.NO_TLS if isinstance(cause, ssl.SSLError) else TlsFault.NO_STARTTLS
