"""The identity-number guard: what was found in a document and around it, and what becomes of the message with it.

National identity numbers must not leave by plain mail unnoticed (facts/domain.md §6). By default a message with any is
held for a person; `forward.national_id` may say otherwise for everything, and one decision of a named person, on stated
grounds and until a day, for everything that is signed in one way (docs/adr/0025). Whatever is not in order (a decision
that has expired or names nobody, a certificate that can't be used) holds the message: nothing leaves by mistake.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from agreements.agreement import Agreement, SigningRoute
from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.decision import Decision
from agreements.errors import ConfigurationError
from agreements.findings import CAS_NATIONAL_ID, PID_FOUND, PID_NOT_SEARCHED, Finding
from agreements.identity_search import IdentitySearch, Place, Unread
from onboarding.files import open_file
from onboarding.settings import Settings
from onboarding.settings.model import NationalIdDecision
from outbox.compose import Letter
from outbox.holds import NATIONAL_ID, Hold

if TYPE_CHECKING:  # cryptography is loaded where something is encrypted
    from cryptography.x509 import Certificate

logger = logging.getLogger(__name__)

NOT_SEARCHED: Final = "not_searched"
"""Why a message is held: part of it could not be looked through."""
NOT_ENCRYPTED: Final = "not_encrypted"
"""Why a message is held: it was to be encrypted, and could not be."""
GENERAL: Final = "forward.national_id"
DECISIONS: Final = "forward.national_id_decisions"
"""The settings by which a message with identity numbers may leave."""


# --- what was found ---------------------------------------------------------------------------------------------------


def identity_findings(search: IdentitySearch | None) -> tuple[Finding, ...]:
    """What the search found in a return, as findings to keep with its judgement; None: there was no search."""
    if search is None:
        return (PID_NOT_SEARCHED(place=Place.DOCUMENT, name="PDF", unread=Unread.BROKEN),)
    numbers = (PID_FOUND(place=one.place, name=one.name, masked=one.masked, count=one.count) for one in search.found)
    gaps = (PID_NOT_SEARCHED(place=one.place, name=one.name, unread=one.why) for one in search.gaps)
    return (*numbers, *gaps)


def identity_holds(decision: Decision) -> tuple[Hold, ...]:
    """The same of a judgement, as the outbox shows it: why its document must not leave unnoticed."""
    return tuple(_holds_of(decision.findings))


def _holds_of(findings: tuple[Finding, ...]) -> Iterator[Hold]:
    for finding in findings:
        place, name = str(finding.params.get("place", "")), str(finding.params.get("name", ""))
        if finding.code == PID_FOUND.code:
            masked, count = str(finding.params["masked"]), int(finding.params["count"])
            yield Hold(kind=NATIONAL_ID, where=place, name=name, masked=masked, count=count)
        elif finding.code == PID_NOT_SEARCHED.code:
            yield Hold(kind=NOT_SEARCHED, where=place, name=name)
        elif finding.code == CAS_NATIONAL_ID.code:
            yield Hold(kind=NATIONAL_ID)


def letter_holds(letter: Letter, *, searched: str) -> tuple[Hold, ...]:
    """What stands in a letter itself and in the files of our own that go with it.

    `searched`: name of the attachment that is the return itself, which was searched when it was judged.
    """
    from intake.reading.national_ids import search_content, search_text

    results = [search_text(f"{letter.subject}\n{letter.body}", Place.LETTER)]
    results += [
        search_content(attachment.data, Place.ENCLOSURE, attachment.name)
        for attachment in letter.attachments
        if attachment.name != searched
    ]
    return tuple(hold for result in results for hold in _holds_of(identity_findings(result)))


# --- what becomes of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """How a message leaves."""

    holds: tuple[Hold, ...] = ()
    """Why a person must release it first."""
    certificate: "Certificate | None" = None
    """Encrypt it to this one."""
    permission: Mapping[str, JsonValue] | None = None
    """By which word it may leave although identity numbers are in it; for the record."""


def treat(
    settings: Settings, agreement: Agreement, holds: tuple[Hold, ...], *, service: str | None = None, now: datetime
) -> Treatment:
    """What becomes of a message in which this was found. Logged where it may leave.

    `service`: as `signing_profiles`.
    """
    if not holds:
        return Treatment()
    treatment, permission = _rule(settings, signing_profiles(agreement, service), norwegian_day(now))
    if treatment == "hold":
        return Treatment(holds=holds)
    certificate = None
    if treatment == "encrypt":
        try:
            certificate = encryption_certificate(settings, now=now)
        except ConfigurationError as error:
            logger.warning("message held because it can't be encrypted", extra={"unfit": error.params.get("unfit")})
            return Treatment(holds=(Hold(kind=NOT_ENCRYPTED), *holds))
    logger.info(
        "identity numbers may leave",
        extra={"agreement": str(agreement.number), "treatment": treatment, "setting": permission["setting"]},
    )
    return Treatment(certificate=certificate, permission=permission)


def _rule(settings: Settings, profiles: tuple[str, ...], today: date) -> tuple[str, Mapping[str, JsonValue]]:
    """`hold`, `allow` or `encrypt`, and by which word: that for the first of the profiles that any was said for."""
    decisions = {one.profile: one for one in reversed(settings.forward.national_id_decisions)}
    decision = next((decisions[profile] for profile in profiles if profile in decisions), None)
    if decision is None:
        rule = settings.forward.national_id
        return rule, {"setting": GENERAL, "treatment": rule}
    if not in_force(decision, settings, today):
        return "hold", {}
    return decision.decision, {
        "setting": DECISIONS,
        "treatment": decision.decision,
        "profile": decision.profile,
        "by": decision.by,
        "decided_on": decision.date.isoformat(),
        "expires": decision.expires.isoformat(),
        "reason": decision.basis,
    }


def in_force(decision: NationalIdDecision, settings: Settings, today: date) -> bool:
    """Whether a decision counts: within its days, and by somebody who is a user still."""
    known = any(user.id == decision.by for user in settings.users)
    return known and decision.date <= today <= decision.expires


def signing_profiles(agreement: Agreement, service: str | None) -> tuple[str, ...]:
    """How a return was signed, by the names that decisions use, the nearest first: the seal profile that it belongs to
    (`service`), then the agreement's signing route.
    """
    return (*(() if service is None else (service,)), agreement.route.value)


def known_profiles(settings: Settings) -> frozenset[str]:
    """Every name that a decision may be made for."""
    return frozenset((*(route.value for route in SigningRoute), *(path.stem for path in settings.trust.profiles)))


def encryption_certificate(settings: Settings, *, now: datetime) -> "Certificate":
    """The configured certificate, fit to encrypt to. Raises ConfigurationError `encryption_certificate`."""
    from outbox.encrypt import MAX_CERTIFICATE_BYTES, read_certificate

    path = settings.forward.encrypt_to
    assert path is not None  # or the configuration had been refused (settings.safety)
    try:
        with open_file(path) as stream:
            pem = stream.read(MAX_CERTIFICATE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("encryption_certificate", unfit="missing") from error
    return read_certificate(pem, now=now)
