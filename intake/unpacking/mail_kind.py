"""What kind of mail it is, and whether a program may answer it (RFC 3834; facts/mail-and-folders.md §5)."""

import re
from collections.abc import Callable
from typing import Final

from agreements.mail import AGREEMENT_HEADER, OWN_HEADER
from intake.unpacking.headers import Headers, find_addresses
from intake.unpacking.mime import Entity
from intake.unpacking.reports import is_delivery_report
from intake.unpacking.values import BY_PROGRAM, BarToReply, MailKind

_MAIL_SYSTEM: Final = re.compile(r"(?i)(?:mailer-daemon|mail-daemon|postmaster)@")
_TAKES_NO_ANSWER: Final = re.compile(r"(?i)(?:no|do-?not|ikke)[-_.]?(?:reply|svar)(?:[-_.+][^@]*)?@")
_COMMENT_OR_PARAMETER: Final = re.compile(rb"[;(].*", re.DOTALL)


def kind_of(entity: Entity, bar: BarToReply | None, *, has_pdf: bool, encrypted: bool) -> MailKind:
    """The kind of a mail, from its bar to reply, whether it carries a PDF, and whether something is encrypted."""
    if bar is BarToReply.OWN_MAIL:
        return MailKind.OWN_COPY
    if is_delivery_report(entity):
        return MailKind.BOUNCE
    if has_pdf:
        return MailKind.RETURN
    if encrypted:
        return MailKind.ENCRYPTED
    if _MAIL_SYSTEM.match(sender_of(entity.headers)):
        return MailKind.BOUNCE
    if bar in (BarToReply.MAILING_LIST, BarToReply.PRECEDENCE):
        return MailKind.LIST
    return MailKind.AUTO_REPLY if bar in BY_PROGRAM else MailKind.PLAIN


def sender_of(headers: Headers) -> str:
    """The one address the mail is from; nothing if there is none, or more than one."""
    addresses = {address for field in headers.fields.get("from", ()) for address in find_addresses(field)}
    return addresses.pop() if len(addresses) == 1 else ""


def bar_to_reply(entity: Entity) -> BarToReply | None:
    """The first reason why no program may answer the mail, or None."""
    bar = next((bar for bar, holds in _BARS if holds(entity)), None)
    return bar or _bar_of_sender(sender_of(entity.headers))


def is_auto_replied(entity: Entity) -> bool:
    """RFC 3834 5: a program's own answer to a mail. Help desks mark what a person wrote as `auto-generated`."""
    return _word(entity, "auto-submitted") == b"auto-replied"


def _bar_of_sender(sender: str) -> BarToReply | None:
    if not sender:
        return BarToReply.NO_SENDER
    return BarToReply.MAIL_SYSTEM if _MAIL_SYSTEM.match(sender) or _TAKES_NO_ANSWER.match(sender) else None


def _word(entity: Entity, name: str) -> bytes:
    """The first word of a field, in lower case, less comments and parameters."""
    return _COMMENT_OR_PARAMETER.sub(b"", entity.headers.first(name)).strip().lower()


def _is_submitted_by_program(entity: Entity) -> bool:
    """RFC 3834 5: present, and anything but `no`."""
    return _word(entity, "auto-submitted") not in (b"", b"no")


def _is_auto_reply(entity: Entity) -> bool:
    marked = any(entity.headers.first(name) for name in ("x-autoreply", "x-autorespond", "x-loop"))
    return marked or _word(entity, "precedence") == b"auto_reply"


def _has(*names: str) -> Callable[[Entity], bool]:
    return lambda entity: any(name in entity.headers.fields for name in names)


_BARS: Final[tuple[tuple[BarToReply, Callable[[Entity], bool]], ...]] = (
    (BarToReply.OWN_MAIL, _has(OWN_HEADER.lower(), AGREEMENT_HEADER.lower())),
    (BarToReply.REPORT, lambda entity: entity.media_type == "multipart/report"),
    (BarToReply.MAILING_LIST, _has("list-id", "list-unsubscribe")),
    (BarToReply.AUTO_SUBMITTED, _is_submitted_by_program),
    (BarToReply.AUTO_REPLY, _is_auto_reply),
    (BarToReply.NULL_SENDER, lambda entity: entity.headers.first("return-path") == b"<>"),
    (BarToReply.PRECEDENCE, lambda entity: _word(entity, "precedence") in (b"bulk", b"junk", b"list")),
    (BarToReply.SUPPRESSED, _has("x-auto-response-suppress")),
)
