"""Why a delivery without a document ends as it does. Every one gets a reason (G6)."""

from typing import Final

from agreements.findings import (
    INT_AUTO_REPLY,
    INT_BOUNCE,
    INT_ENCRYPTED_MAIL,
    INT_LIST_MAIL,
    INT_NO_PDF_INSIDE,
    INT_ONLY_TEXT,
    INT_OWN_COPY,
    Finding,
    FindingCode,
)
from intake.unpacking.values import MailKind, Unpacking

_BY_KIND: Final[dict[MailKind, FindingCode]] = {
    MailKind.AUTO_REPLY: INT_AUTO_REPLY,
    MailKind.BOUNCE: INT_BOUNCE,
    MailKind.OWN_COPY: INT_OWN_COPY,
    MailKind.LIST: INT_LIST_MAIL,
    MailKind.PLAIN: INT_ONLY_TEXT,
    MailKind.ENCRYPTED: INT_ENCRYPTED_MAIL,
}


def reason_without_document(unpacking: Unpacking) -> Finding:
    """The reason for a delivery that has no candidates.

    One of severity `info` means that nobody need look: it is no agreement. Any other puts it in quarantine. What was
    found on the way weighs more than the kind of mail, for signing services write by program; what a mail of ours or a
    bounce carries weighs nothing.
    """
    kind = None if unpacking.mail is None else unpacking.mail.kind
    if unpacking.findings and kind not in (MailKind.BOUNCE, MailKind.OWN_COPY):
        return unpacking.findings[0]
    code = None if kind is None else _BY_KIND.get(kind)
    return INT_NO_PDF_INSIDE(count=0) if code is None else code()
