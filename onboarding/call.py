"""One call of the program: what the command line said, and what it opens on the way.

Closed when the command is done.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agreements.language import Language

if TYPE_CHECKING:
    from agreements.parties import Actor
    from onboarding.settings import Settings
    from onboarding.workspace import Workspace


@dataclass
class Call:
    """The global options, and the workspace once a command asks for it."""

    clock: Callable[[], datetime]
    config: Path | None = None
    by: str | None = None
    language: Language | None = None
    as_json: bool = False
    _settings: "Settings | None" = None
    _workspace: "Workspace | None" = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def settings(self) -> "Settings":
        """The configuration: `--config`, else `$AVTALE_CONFIG`, else `./config.yaml`. Raises ConfigurationError."""
        if self._settings is None:
            from onboarding.settings import configuration_file, load_settings

            self._settings = load_settings(configuration_file(self.config))
        return self._settings

    @property
    def workspace(self) -> "Workspace":
        """Store, originals and everything else the work needs, opened once. Raises ConfigurationError."""
        if self._workspace is None:
            from onboarding.workspace import open_workspace

            self._workspace = self._stack.enter_context(open_workspace(self.settings, self.clock))
        return self._workspace

    @property
    def actor(self) -> "Actor":
        """Who decides: `--by`, else the user whose OS user is the caller's.

        Raises ConfigurationError if there is none.
        """
        from onboarding.settings import find_actor

        return find_actor(self.settings, self.by)

    @property
    def lang(self) -> Language:
        """`--lang`, else the configuration's language if it has been read, else bokmål."""
        if self.language is not None:
            return self.language
        return Language(self._settings.language) if self._settings is not None else Language.NB
