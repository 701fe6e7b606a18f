"""Checks of what may become of identity numbers: the rule, the certificate to encrypt to, and each decision."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from agreements.calendar import norwegian_day
from agreements.errors import ConfigurationError
from onboarding.doctor.outcome import Check, fault, fault_of, fine, warning
from onboarding.guard import encryption_certificate, in_force, known_profiles
from onboarding.settings import Settings
from onboarding.settings.model import NationalIdDecision

WARNED_BEFORE: Final = timedelta(days=30)
"""Time to consider a decision anew, or to get another certificate."""


def check_identity(settings: Settings, now: datetime) -> Iterator[Check]:
    """By which rule messages with identity numbers leave, and whether what it leans on holds."""
    match settings.forward.national_id:
        case "allow":
            yield warning("identity", "doctor_identity_allowed")
        case rule:
            yield fine("identity", f"identity_{rule}")
    if settings.forward.encrypt_to is not None:
        yield _certificate(settings, now)
    for decision in settings.forward.national_id_decisions:
        yield _decision(decision, settings, norwegian_day(now))


def _certificate(settings: Settings, now: datetime) -> Check:
    try:
        expires = encryption_certificate(settings, now=now).not_valid_after_utc
    except ConfigurationError as error:
        return fault_of("identity", error)
    until = expires.date().isoformat()
    if expires - now < WARNED_BEFORE:
        return warning("identity", "doctor_identity_certificate_expires", until=until)
    return fine("identity", "identity_certificate", until=until)


def _decision(decision: NationalIdDecision, settings: Settings, today: date) -> Check:
    """What is wrong with one decision, the worst first; else how long it counts."""
    about: dict[str, str | int] = {
        "profile": decision.profile,
        "by": decision.by,
        "since": decision.date.isoformat(),
        "until": decision.expires.isoformat(),
        "days": (decision.expires - today).days,
    }
    if all(user.id != decision.by for user in settings.users):
        return fault("identity", "doctor_identity_decision_nobody", **about)
    if decision.profile not in known_profiles(settings):
        return warning("identity", "doctor_identity_decision_unknown", **about)
    if not in_force(decision, settings, today):
        return warning("identity", "doctor_identity_decision_idle", **about)
    if decision.expires - today < WARNED_BEFORE:
        return warning("identity", "doctor_identity_decision_expires", **about)
    return fine("identity", "identity_decision", decision=decision.decision, **about)
