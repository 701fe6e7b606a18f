"""What a configuration may not be although each of its values is fine: unsafe, or at odds with itself.

Looks at the file system for the rights of the configuration and of the secret files; nothing is opened or changed.
"""

import ipaddress
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from agreements.errors import ConfigurationError
from agreements.orgnumber import OrgNumber
from intake.names import MAIL_FOLDER
from onboarding.settings.environment import has_smtp_password
from onboarding.settings.faults import KeyPath, Problem
from onboarding.settings.model import LogIn, Settings
from outbox.recipients import resolve_recipient

_PROGRAM = ("agreements", "intake", "signatures", "renderers", "outbox", "onboarding")


def check_safety(settings: Settings, file: Path) -> Iterator[Problem]:
    """Every problem of the whole; `file` is where the settings were read from."""
    for check in _CHECKS:
        yield from check(settings, file)


def _file_is_closed(_settings: Settings, file: Path) -> Iterator[Problem]:
    """Whoever may write the configuration decides where agreements go: not everybody on the machine."""
    folder = file.parent.stat().st_mode
    replaceable = bool(folder & stat.S_IWOTH and not folder & stat.S_ISVTX)
    if file.stat().st_mode & stat.S_IWOTH or replaceable:
        yield Problem(where=(), code="setting_world_writable")


def _secrets_are_closed(settings: Settings, _file: Path) -> Iterator[Problem]:
    for where, path in secret_files(settings):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue  # a missing key file is the doctor's to tell: `avtale validate` and `codes` do without
        if not stat.S_ISREG(mode):
            yield Problem(where=where, code="setting_no_file", detail={"path": str(path)})
        elif mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Problem(
                where=where, code="setting_secret_is_open", detail={"path": str(path), "mode": f"{mode & 0o777:o}"}
            )


def secret_files(settings: Settings) -> Iterator[tuple[KeyPath, Path]]:
    """The files that hold secrets, with the keys that name them."""
    yield ("keys", "qr"), settings.keys.qr
    yield ("keys", "checkpoint"), settings.keys.checkpoint
    accounts: list[tuple[KeyPath, LogIn]] = [(("smtp",), settings.smtp)]
    accounts += [(("mailboxes", index), mailbox) for index, mailbox in enumerate(settings.mailboxes)]
    for where, account in accounts:
        for key in ("password_file", "client_secret_file", "service_account_file"):
            path = getattr(account, key)
            if path is not None:
                yield (*where, key), path
    for number, vendor in enumerate(settings.vendors):
        named = (("pkcs12", vendor.seal.pkcs12), ("password_file", vendor.seal.password_file))
        yield from ((("vendors", number, "seal", key), path) for key, path in named if path is not None)


def _seals_are_one_of_two(settings: Settings, _file: Path) -> Iterator[Problem]:
    """A seal is a file, or a place in hardware told whole, or nothing at all."""
    for number, vendor in enumerate(settings.vendors):
        seal = vendor.seal
        in_hardware = [value is not None for value in (seal.pkcs11, seal.token, seal.label)]
        lonely = seal.password_file is not None and not seal.wanted
        if lonely or (any(in_hardware) and (seal.pkcs12 is not None or not all(in_hardware))):
            yield Problem(where=("vendors", number, "seal"), code="setting_bad_seal")


def _ids_are_unique(settings: Settings, _file: Path) -> Iterator[Problem]:
    yield from _doubled((("vendors", i, "id"), vendor.id) for i, vendor in enumerate(settings.vendors))
    yield from _doubled((("mailboxes", i, "id"), mailbox.id) for i, mailbox in enumerate(settings.mailboxes))
    yield from _doubled((("users", i, "id"), user.id) for i, user in enumerate(settings.users))
    yield from _doubled((("users", i, "os_user"), user.os_user) for i, user in enumerate(settings.users))
    yield from _doubled((("terms", i, "name"), terms.name) for i, terms in enumerate(settings.terms))


def _doubled(named: Iterable[tuple[KeyPath, str]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for where, name in named:
        if name in seen:
            yield Problem(where=where, code="setting_doubled", detail={"value": name})
        seen.add(name)


def _folders_are_apart(settings: Settings, _file: Path) -> Iterator[Problem]:
    """No folder twice, none inside another: what one vendor drops must never be read as another's, nor read twice."""
    for (where, path), (_, other) in permutations(_watched(settings), 2):
        if path == other:
            yield Problem(where=where, code="setting_folder_twice", detail={"path": str(path)})
        elif path.is_relative_to(other):
            yield Problem(where=where, code="setting_folder_in_folder", detail={"path": str(path), "other": str(other)})


def _own_data_is_apart(settings: Settings, _file: Path) -> Iterator[Problem]:
    """Output under input would be taken in again; input under output could overwrite originals."""
    for where, path in _watched(settings):
        for kept in _kept(settings):
            if path.is_relative_to(kept) or kept.is_relative_to(path):
                yield Problem(
                    where=where, code="setting_folder_in_data", detail={"path": str(path), "other": str(kept)}
                )
                break


def _nothing_in_the_program(settings: Settings, _file: Path) -> Iterator[Problem]:
    """An upgrade replaces the program's folders, with everything in them."""
    places: list[tuple[KeyPath, Path]] = [(("data_dir",), settings.data_dir.resolve()), *_watched(settings)]
    if settings.database_file is not None:
        places.append((("database",), settings.database_file.resolve()))
    packages = [Path(spec.origin).resolve().parent for name in _PROGRAM if (spec := find_spec(name)) and spec.origin]
    for where, path in places:
        if any(path.is_relative_to(package) for package in packages):
            yield Problem(where=where, code="setting_inside_program", detail={"path": str(path)})


def _organisations_are_real(settings: Settings, _file: Path) -> Iterator[Problem]:
    """Numbers that no organisation can have are for test and demo only."""
    if settings.allow_synthetic:
        return
    numbers: list[tuple[KeyPath, OrgNumber]] = [
        *((("vendors", i), vendor.org_number) for i, vendor in enumerate(settings.vendors)),
        *((("authorities", i), authority.org_number) for i, authority in enumerate(settings.authorities)),
    ]
    for where, number in numbers:
        if number.synthetic:
            yield Problem(where=(*where, "org_number"), code="setting_orgnr_synthetic")


def _recipient_is_safe(settings: Settings, _file: Path) -> Iterator[Problem]:
    """The recipient is on the allow-list; in test and demo nothing can reach anybody outside."""
    forward = settings.forward
    try:
        resolve_recipient(forward.to, forward.allow, settings.environment, forward.test_to)
    except ConfigurationError as error:
        key = "test_to" if error.code == "test_recipient_unsafe" else "to"
        yield Problem(
            where=("forward", key), code=f"setting_{error.code}", detail={"environment": settings.environment}
        )


def _identity_numbers_are_decided_on(settings: Settings, _file: Path) -> Iterator[Problem]:
    """One decision for each way of signing, each with an end; and a certificate wherever one says to encrypt."""
    forward = settings.forward
    named = (
        (("forward", "national_id_decisions", index, "profile"), decision.profile)
        for index, decision in enumerate(forward.national_id_decisions)
    )
    yield from _doubled(named)
    for index, decision in enumerate(forward.national_id_decisions):
        if decision.expires < decision.date:
            yield Problem(
                where=("forward", "national_id_decisions", index, "expires"), code="setting_expires_before_date"
            )
    asked = {forward.national_id, *(decision.decision for decision in forward.national_id_decisions)}
    if "encrypt" in asked and forward.encrypt_to is None:
        yield Problem(where=("forward", "encrypt_to"), code="setting_no_encryption_certificate")


def _mail_can_leave(settings: Settings, _file: Path) -> Iterator[Problem]:
    """Encrypted, and with all that the log-in needs; the password may stand in the environment, or be none."""
    smtp = settings.smtp
    if smtp.tls == "none" and not is_loopback(smtp.host):
        yield Problem(where=("smtp", "tls"), code="setting_unencrypted_mail", detail={"host": smtp.host})
    if smtp.auth != "password":
        yield from _log_in_is_whole(smtp, ("smtp",), needed=("username", *_LOG_IN_KEYS[smtp.auth]))
        return
    yield from _log_in_is_whole(smtp, ("smtp",), needed=())
    secret = has_smtp_password() or smtp.password_file is not None
    if smtp.username is not None and not secret:
        yield Problem(where=("smtp", "username"), code="setting_no_password")
    if smtp.username is None and smtp.password_file is not None:
        yield Problem(where=("smtp", "password_file"), code="setting_no_username")


def _mailboxes_are_whole(settings: Settings, _file: Path) -> Iterator[Problem]:
    """Each can be logged in to, belongs to a vendor that is there, and is read by one entry only."""
    seen: set[tuple[str, str, str]] = set()
    for index, mailbox in enumerate(settings.mailboxes):
        where: KeyPath = ("mailboxes", index)
        yield from _log_in_is_whole(mailbox, where, needed=_LOG_IN_KEYS[mailbox.auth])
        if mailbox.tls == "none" and not is_loopback(mailbox.host):
            yield Problem(where=(*where, "tls"), code="setting_unencrypted_mailbox", detail={"host": mailbox.host})
        if mailbox.id in _OWN_SOURCES:
            yield Problem(where=(*where, "id"), code="setting_reserved_id", detail={"value": mailbox.id})
        if mailbox.vendor is not None and settings.find_vendor(mailbox.vendor) is None:
            yield Problem(where=(*where, "vendor"), code="setting_unknown_vendor", detail={"value": mailbox.vendor})
        if _OWN_MAIL_FOLDER.search(mailbox.folder):
            yield Problem(where=(*where, "folder"), code="setting_own_mail_folder", detail={"value": mailbox.folder})
        place = (mailbox.host.casefold(), mailbox.username.casefold(), mailbox.folder)
        if place in seen:
            yield Problem(where=where, code="setting_mailbox_twice")
        seen.add(place)


_OWN_SOURCES = ("manual",)
"""What the ledger calls files that a person adds by hand."""
_OWN_MAIL_FOLDER = re.compile(rf"(^|[./]){MAIL_FOLDER}([./-]|$)")
_LOG_IN_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "password": ("password_file",),
        "oauth2_microsoft": ("tenant", "client_id", "client_secret_file"),
        "google_service_account": ("service_account_file",),
        "token_command": ("token_command",),
    }
)
"""What each kind of log-in needs beside the user name."""


def _log_in_is_whole(account: LogIn, where: KeyPath, *, needed: Iterable[str]) -> Iterator[Problem]:
    """A key of another kind of log-in is a misunderstanding that would otherwise be found out by a refused log-in."""
    for key in needed:
        if not getattr(account, key):
            detail = {"auth": account.auth, "needed": key}
            yield Problem(where=(*where, "auth"), code="setting_needed_for_auth", detail=detail)
    for auth, keys in _LOG_IN_KEYS.items():
        for key in keys:
            if auth != account.auth and getattr(account, key):
                yield Problem(where=(*where, key), code="setting_unused_for_auth", detail={"auth": account.auth})


def _what_left_can_be_looked_for(settings: Settings, _file: Path) -> Iterator[Problem]:
    """A copy that nobody can look for proves nothing, and would be taken for one that never came."""
    copy_to = settings.smtp.copy_to
    if copy_to is not None:
        mailboxes = settings.mailboxes_for(copy_to)
        if not mailboxes:
            yield Problem(where=("smtp", "copy_to"), code="setting_copy_unwatched", detail={"value": copy_to})
        elif "+" in copy_to and not any(
            mailbox.plus_addresses or mailbox.address.casefold() == copy_to.casefold() for mailbox in mailboxes
        ):
            yield Problem(where=("smtp", "copy_to"), code="setting_copy_plus", detail={"value": copy_to})
    for index, mailbox in enumerate(settings.mailboxes):
        if mailbox.sent_folder is not None and mailbox.address.casefold() != settings.smtp.from_.casefold():
            detail = {"value": mailbox.address}
            yield Problem(where=("mailboxes", index, "sent_folder"), code="setting_sent_folder_of_other", detail=detail)


def _production_is_strict(settings: Settings, _file: Path) -> Iterator[Problem]:
    """In production a revoked certificate must be found out."""
    if settings.environment == "production" and settings.trust.revocation == "off":
        yield Problem(where=("trust", "revocation"), code="setting_revocation_off")


def _registers_are_asked_safely(settings: Settings, _file: Path) -> Iterator[Problem]:
    """What decides who may sign comes over TLS; a register of our own on loopback is for test and demo."""
    for key in ("entity_url", "authority_url"):
        url = urlsplit(getattr(settings.registers, key))
        own = settings.environment != "production" and is_loopback(url.hostname or "")
        if url.scheme != "https" and not own:
            yield Problem(where=("registers", key), code="setting_register_unsafe")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: 127.0.0.0/8, ::1 or localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _watched(settings: Settings) -> list[tuple[KeyPath, Path]]:
    """Every watched folder with symbolic links followed."""
    return [
        (("vendors", v, "folders", f, "path"), folder.path.resolve())
        for v, vendor in enumerate(settings.vendors)
        for f, folder in enumerate(vendor.folders)
    ]


def _kept(settings: Settings) -> Iterator[Path]:
    """Where the program keeps its own: originals, database, keys."""
    yield settings.data_dir.resolve()
    if settings.database_file is not None:
        yield settings.database_file.resolve()
    for _, path in secret_files(settings):
        yield path.resolve()


_CHECKS: tuple[Callable[[Settings, Path], Iterator[Problem]], ...] = (
    _file_is_closed,
    _secrets_are_closed,
    _seals_are_one_of_two,
    _ids_are_unique,
    _folders_are_apart,
    _own_data_is_apart,
    _nothing_in_the_program,
    _organisations_are_real,
    _recipient_is_safe,
    _identity_numbers_are_decided_on,
    _mail_can_leave,
    _mailboxes_are_whole,
    _what_left_can_be_looked_for,
    _registers_are_asked_safely,
    _production_is_strict,
)
