"""What can be wrong in the configuration file: one fault, with the line it stands on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agreements.errors import ConfigurationError

KeyPath = tuple[str | int, ...]
"""Where a value stands: `("vendors", 0, "folders", 1, "path")`."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong. `code` names a text under `errors.`; `detail` fills its places and never holds a secret."""

    line: int
    """Counted from 1."""
    key: str
    """`vendors[0].folders[1].path`; empty for the file itself."""
    code: str
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def params(self) -> Mapping[str, object]:
        """Everything its text may have a place for."""
        return {"line": self.line, "key": self.key} | dict(self.detail)

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.code}"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A fault that does not know its line yet: what the checks of finished settings find."""

    where: KeyPath
    code: str
    detail: Mapping[str, object] = field(default_factory=dict)


class SettingsError(ConfigurationError):
    """The configuration file is refused. `parts` has every fault, in the order of the lines."""

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.parts = tuple(sorted(faults, key=lambda fault: (fault.line, fault.key, fault.code)))
        super().__init__("settings_invalid", path=str(path), count=len(self.parts), faults=self.parts)


def spell(path: KeyPath) -> str:
    """The key path as people write it: `vendors[0].folders[1].path`."""
    spelled = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return spelled.removeprefix(".")
