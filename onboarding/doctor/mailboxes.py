"""Checks of mailboxes: log in for real, look, change nothing. Folders that are missing are told and not made."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agreements.errors import ConfigurationError
from onboarding.doctor.outcome import Check, fault, fault_of, fine, warning
from onboarding.settings import MailboxSettings, Settings

if TYPE_CHECKING:  # imapclient is loaded only where there is a mailbox
    from intake.sources.mailbox import Account, Failed, Found

_MICROSOFT: Final = ("outlook.office365.com", "outlook.office.com")
"""Where Microsoft 365 takes no password by IMAP since 2022 (facts/mail-and-folders.md §2.4)."""
_GOOGLE: Final = ("imap.gmail.com", "imap.googlemail.com")
"""Where an account's usual password is refused: Google wants an app password, or a service account."""


def check_mailboxes(settings: Settings, _now: datetime) -> Iterator[Check]:
    """Every mailbox answers, encrypted; the log-in works; its folder is there, and received mail can be moved."""
    if not settings.mailboxes:
        yield fine("mailboxes", "no_mailboxes")
    for mailbox in settings.mailboxes:
        yield from _mailbox(mailbox)


def _mailbox(mailbox: MailboxSettings) -> Iterator[Check]:
    from intake.sources.mailbox import Failed, probe
    from onboarding.mailboxes import mailbox_account

    if mailbox.auth == "password" and mailbox.host.lower() in _MICROSOFT:
        yield fault("mailboxes", "doctor_mailbox_microsoft_password", source=mailbox.id)
        return
    try:
        account = mailbox_account(mailbox)
    except ConfigurationError as error:
        yield fault_of("mailboxes", error)
        return
    found = probe(account)
    if isinstance(found, Failed):
        yield fault("mailboxes", _code(mailbox, found), **_params(mailbox), detail=found.detail)
    else:
        yield from _found(mailbox, account, found)


def _params(mailbox: MailboxSettings) -> dict[str, str | int]:
    """What the texts may name."""
    return {
        "source": mailbox.id,
        "host": mailbox.host,
        "port": mailbox.port,
        "tls": mailbox.tls,
        "folder": mailbox.folder,
        "address": mailbox.address,
    }


def _code(mailbox: MailboxSettings, failed: "Failed") -> str:
    """The closest explanation: the provider's own peculiarities before the general one."""
    from intake.sources.mailbox import Problem

    if failed.tls is not None:
        return f"doctor_mailbox_tls_{failed.tls}"
    if failed.problem is Problem.TOKEN_FAILED and failed.detail:
        return "doctor_mailbox_token"
    if failed.problem is Problem.FOLDER_MISSING:
        return "doctor_mailbox_folder"
    if failed.problem not in {Problem.AUTH_FAILED, Problem.TOKEN_REFUSED}:
        return failed.problem.value
    if mailbox.auth == "password" and mailbox.host.lower() in _GOOGLE:
        return "doctor_mailbox_google_password"
    return {
        "oauth2_microsoft": "doctor_mailbox_microsoft_rights",
        "google_service_account": "doctor_mailbox_google_rights",
    }.get(mailbox.auth, failed.problem.value)


def _found(mailbox: MailboxSettings, account: "Account", found: "Found") -> Iterator[Check]:
    params = _params(mailbox)
    yield fine("mailboxes", "mailbox", **params, count=found.messages)
    if found.token_seconds is not None:
        yield fine("mailboxes", "mailbox_token", source=mailbox.id, minutes=int(found.token_seconds // 60))
    if found.has_idle:
        yield fine("mailboxes", "mailbox_told", source=mailbox.id)
    else:
        yield fine("mailboxes", "mailbox_asked", source=mailbox.id, seconds=f"{account.timeouts.poll:g}")
    yield _moving(mailbox, found)


def _moving(mailbox: MailboxSettings, found: "Found") -> Check:
    """Whether decided mail will be moved, and where to."""
    if not mailbox.move:
        return fine("mailboxes", "mailbox_left", source=mailbox.id)
    if found.in_own_folder:
        return fault("mailboxes", "doctor_mailbox_own_folder", source=mailbox.id, folder=mailbox.folder)
    if not found.may_write:
        return warning("mailboxes", "doctor_mailbox_read_only", source=mailbox.id)
    if not found.can_move:
        return warning("mailboxes", "doctor_mailbox_no_move", source=mailbox.id)
    if found.missing:
        return fine("mailboxes", "mailbox_places_to_make", source=mailbox.id, names=", ".join(found.missing))
    return fine("mailboxes", "mailbox_places", source=mailbox.id)
