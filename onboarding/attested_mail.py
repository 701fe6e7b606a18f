"""Digipost's attestation as a mail: opened in the sandbox, its signature verified, held to every rule.

1. which keys its signatures name                                                       (sandbox, without network)
2. the keys                                                                                    (`onboarding.dkim_keys`)
3. the signature, and what the mail says in its sender's own words                       (sandbox, without network)
4. the rules: whose domain, written by a person, after our request, with our code, never used before
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agreements.canonical import JsonValue, canonical_json
from agreements.errors import TemporaryError, UsageError
from intake.authenticity import Authenticity, SignatureCheck, check_signatures, find_key_names
from intake.unpacking import MailKind, MailReading, unpack
from onboarding.dkim_keys import fetch_keys
from onboarding.sandbox import SandboxResult
from onboarding.settings import Settings
from onboarding.unpack import UNPACK_LIMITS
from onboarding.workspace import Workspace

MAIL: Final = "mail"
_CLOCKS_DIFFER: Final = timedelta(minutes=10)
"""How far ahead of ours the sender's clock may be; ours."""
_UNMET: Final = {
    Authenticity.INVALID: "mail_signature_invalid",
    Authenticity.KEY_MISSING: "mail_key_missing",
    Authenticity.HEADERS_UNSIGNED: "mail_headers_unsigned",
    Authenticity.LENGTH_LIMITED: "mail_length_limited",
    Authenticity.NOT_ALIGNED: "mail_not_aligned",
    Authenticity.UNSIGNED: "mail_unsigned",
    Authenticity.HEADERS_REPEATED: "mail_headers_repeated",
}
_BY_A_PERSON: Final = frozenset({MailKind.PLAIN, MailKind.RETURN})


@dataclass(frozen=True, kw_only=True)
class AttestedMail:
    """A mail, opened and verified."""

    sha256: str
    reading: MailReading
    check: SignatureCheck

    @property
    def mail_id(self) -> str:
        """What it can be used by but once: its signature, for a Message-ID need not be signed."""
        return self.check.signature_sha256

    @property
    def proof(self) -> str:
        """What it was verified with, as canonical JSON."""
        return canonical_json(self.check.model_dump(mode="json"))


def read_attested_mail(workspace: Workspace, sha256: str) -> AttestedMail:
    """Open and verify a mail among the originals.

    Raises UsageError("mail_unreadable") for what can't be opened, TemporaryError if no key can be asked for.
    """
    names = _in_child(workspace, sha256, "names_in_child", None)
    assert isinstance(names, list)
    keys = fetch_keys(workspace.settings.attestation, map(str, names))
    found = _in_child(workspace, sha256, "check_in_child", dict(keys))
    assert isinstance(found, Mapping)
    return AttestedMail(
        sha256=sha256,
        reading=MailReading.model_validate(found["reading"]),
        check=SignatureCheck.model_validate(found["check"]),
    )


def mail_unmet(
    settings: Settings, mail: AttestedMail, *, code: str, requested_at: datetime | None, used: bool, now: datetime
) -> tuple[str, ...]:
    """Every rule that a mail breaks, as gate codes; none: it is Digipost's word for the configuration of that code.

    `requested_at`: when our request for exactly this configuration left; None if it has not. `used`: it has attested
    something already.
    """
    reading, unmet = mail.reading, []
    if reading.sender.rpartition("@")[2].casefold() not in {one.casefold() for one in settings.attestation.domains}:
        unmet.append("mail_domain")
    if mail.check.outcome is not Authenticity.PASSED:
        unmet.append(_UNMET[mail.check.outcome])
    if reading.by_program or reading.kind not in _BY_A_PERSON:
        unmet.append("mail_automatic")
    if code not in reading.codes:
        unmet.append("mail_code_missing")
    unmet += _untimely(reading.date, requested_at, now)
    if used:
        unmet.append("mail_used")
    return tuple(unmet)


def _untimely(written: datetime | None, requested_at: datetime | None, now: datetime) -> tuple[str, ...]:
    if requested_at is None:
        return ("request_not_sent",)
    if written is None or written < requested_at.replace(microsecond=0):  # a Date field has whole seconds
        return ("mail_older_than_request",)
    return ("mail_from_future",) if written > now + _CLOCKS_DIFFER else ()


# --- in the sandbox's child -------------------------------------------------------------------------------------------


def names_in_child(files: Mapping[str, bytes], _arguments: JsonValue) -> JsonValue:
    """Runs in the child: which keys the mail's signatures need."""
    return list(find_key_names(files[MAIL]))


def check_in_child(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: what the mail says, and whether its signature holds. `arguments`: key records by name."""
    assert isinstance(arguments, dict)
    keys = {name: str(record) for name, record in arguments.items()}
    reading = unpack(files[MAIL], mail=True, name="").unpacking.mail
    assert reading is not None
    return {
        "reading": reading.model_dump(mode="json"),
        "check": check_signatures(files[MAIL], keys).model_dump(mode="json"),
    }


def _in_child(workspace: Workspace, sha256: str, function: str, arguments: JsonValue) -> JsonValue:
    import os

    descriptor = workspace.blobs.open(sha256)
    try:
        result: SandboxResult = workspace.sandbox.run(
            f"onboarding.attested_mail:{function}", files={MAIL: descriptor}, arguments=arguments, limits=UNPACK_LIMITS
        )
    finally:
        os.close(descriptor)
    if result.error == "OSError":
        raise TemporaryError("disk_full", place=str(workspace.blobs.work_dir))
    if result.limit is not None or result.error is not None:
        raise UsageError("mail_unreadable")
    return result.value
