"""Noting how a part is, for `avtale status`. Never worth ending the work for: the database may be what failed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from onboarding.health import HealthNotes

logger = logging.getLogger(__name__)


def note(notes: HealthNotes, part: str, problem: str | None) -> None:
    """Note how a part is now: a code, or None while it is well."""
    with noting(part):
        notes.note(part, problem)


@contextmanager
def noting(part: str) -> Iterator[None]:
    """What is noted is never worth ending the work for: the database itself may be what failed."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        logger.warning("health not noted", extra={"part": part, "error": type(error).__name__})
