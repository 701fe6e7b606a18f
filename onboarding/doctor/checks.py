"""All checks in the order in which they are told."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from agreements.errors import AvtaleError
from onboarding.doctor.evidence import check_evidence
from onboarding.doctor.identity import check_identity
from onboarding.doctor.mailboxes import check_mailboxes
from onboarding.doctor.outcome import Check, Level, fault, fault_of, fine
from onboarding.doctor.places import check_clock, check_data, check_folders, check_keys, check_space
from onboarding.doctor.services import (
    check_database,
    check_libraries,
    check_mail,
    check_recognition,
    check_sandbox,
    check_seals,
    check_template,
    check_terms,
    check_trust,
)
from onboarding.files import NO_SPACE
from onboarding.settings import Settings

__all__ = ["Check", "Level", "run_checks"]

logger = logging.getLogger(__name__)

_Checker = Callable[[Settings, datetime], Iterator[Check]]


def _check_configuration(settings: Settings, _now: datetime) -> Iterator[Check]:
    """It was loaded, or nobody would be here."""
    yield fine("configuration", "environment", environment=settings.environment)


CHECKS: Final[Mapping[str, _Checker]] = MappingProxyType(
    {
        "configuration": _check_configuration,
        "data": check_data,
        "space": check_space,
        "clock": check_clock,
        "keys": check_keys,
        "database": check_database,
        "folders": check_folders,
        "mailboxes": check_mailboxes,
        "mail": check_mail,
        "evidence": check_evidence,
        "identity": check_identity,
        "trust": check_trust,
        "terms": check_terms,
        "seals": check_seals,
        "libraries": check_libraries,
        "recognition": check_recognition,
        "template": check_template,
        "sandbox": check_sandbox,
    }
)
"""By name, in order."""


def run_checks(settings: Settings, *, now: datetime) -> tuple[Check, ...]:
    """Every check's outcomes. Never raises for what is wrong; takes seconds, most of them waiting for mail servers."""
    return tuple(check for name, checker in CHECKS.items() for check in _guarded(name, checker, settings, now))


def _guarded(name: str, checker: _Checker, settings: Settings, now: datetime) -> Iterator[Check]:
    try:
        yield from checker(settings, now)
    except AvtaleError as error:
        yield fault_of(name, error)
    except Exception as error:  # the checks after this one must be told, too
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            yield fault(name, "disk_full", place=str(error.filename or settings.data_dir))
            return
        logger.exception("a check failed by itself", extra={"check": name})
        yield fault(name, "doctor_check_failed", check=name, error=type(error).__name__)
