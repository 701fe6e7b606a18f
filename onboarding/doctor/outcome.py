"""What a check says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agreements.errors import AvtaleError


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Works, but somebody should know."""
    FAULT = "fault"
    """Must be put right: `avtale doctor` exits 3."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at.

    `name` has its title under `doctor.names.<name>`. `code` has its text under `doctor.<code>` where all is well, else
    under `errors.<code>` (message and hint). `params` fill the places.
    """

    name: str
    level: Level
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """False for a fault."""
        return self.level is not Level.FAULT


def fine(name: str, /, code: str, **params: str | int) -> Check:
    """All is well."""
    return Check(name=name, level=Level.OK, code=code, params=params)


def warning(name: str, /, code: str, **params: str | int) -> Check:
    """Somebody should know."""
    return Check(name=name, level=Level.WARNING, code=code, params=params)


def fault(name: str, /, code: str, **params: str | int) -> Check:
    """Somebody must put it right."""
    return Check(name=name, level=Level.FAULT, code=code, params=params)


def fault_of(name: str, /, error: AvtaleError) -> Check:
    """What could not be done, as a fault with the error's own code and texts."""
    params = {key: value if isinstance(value, str | int) else str(value) for key, value in error.params.items()}
    return Check(name=name, level=Level.FAULT, code=error.code, params=params)
