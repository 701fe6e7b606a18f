"""Ready replies: what a person may send to whoever delivered something that can't be read. Nothing here is sent.

One letter, with a reason and a remedy for each kind of fault; texts: `replies.*`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agreements.findings import (
    INT_BROKEN_PACKAGE,
    INT_CONTAINER,
    INT_EMPTY,
    INT_ENCRYPTED,
    INT_ENCRYPTED_MAIL,
    INT_LINK,
    INT_LOCKED_PACKAGE,
    INT_NO_CASE,
    INT_NO_PDF_INSIDE,
    INT_NOT_PDF,
    INT_TOO_LARGE,
    INT_UNPACK_LIMIT,
    INT_UNREADABLE_PDF,
    Finding,
)
from agreements.language import Language
from agreements.texts import text

_BY_CODE: Final[Mapping[str, str]] = MappingProxyType(
    {
        INT_LINK.code: "link",
        INT_ENCRYPTED_MAIL.code: "encrypted",
        INT_LOCKED_PACKAGE.code: "password",
        INT_ENCRYPTED.code: "password",
        INT_EMPTY.code: "damaged",
        INT_UNREADABLE_PDF.code: "damaged",
        INT_BROKEN_PACKAGE.code: "damaged",
        INT_NOT_PDF.code: "no_pdf",
        INT_NO_PDF_INSIDE.code: "no_pdf",
        INT_TOO_LARGE.code: "too_large",
        INT_UNPACK_LIMIT.code: "too_large",
        INT_NO_CASE.code: "not_ours",
    }
)
_SIGNED_PACKAGES: Final = frozenset({"asice", "sdo"})
"""Kinds of INT-011 that signing services make, which have a reply of their own."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A letter to copy and send by hand."""

    subject: str
    body: str


def ready_reply(
    findings: Iterable[Finding], *, case_number: str | None, vendor: str, language: Language
) -> Reply | None:
    """The reply about the first finding that the sender can do something about; None if there is none.

    `case_number` stands in the subject, so that the answer finds its case. `vendor`: the name to sign with.
    """
    name = next((name for finding in findings if (name := _name(finding))), None)
    if name is None:
        return None
    subject = text("replies.subject", language)
    body = text(
        "replies.body",
        language,
        what=text(f"replies.reasons.{name}.what", language),
        do=text(f"replies.reasons.{name}.do", language),
        vendor=vendor,
    )
    return Reply(subject=f"{subject} [{case_number}]" if case_number else subject, body=body)


def _name(finding: Finding) -> str | None:
    if finding.code == INT_CONTAINER.code:
        kind = str(finding.params.get("kind"))
        return kind if kind in _SIGNED_PACKAGES else "package"
    return _BY_CODE.get(finding.code)
