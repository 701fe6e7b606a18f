"""The error tree. An exception means "could not do it"; a verdict about a document is data, never an exception.

    AvtaleError                 1  internal error
    ├── UsageError              2  the call does not make sense
    ├── ConfigurationError      3  configuration or environment not fit
    ├── NotFoundError           4  no such case, receipt, message, file
    ├── GateError               7  a gate is not satisfied
    ├── TemporaryError          8  try again
    └── IntegrityError          9  original, audit chain or evidence broken

An error carries a stable code and parameters. What people read stands in the message catalogues under
`errors.<code>` (`message` and `hint`), never in the code.
"""

from collections.abc import Mapping


class AvtaleError(Exception):
    """Something could not be done. `code` names the text in `texts/*.yaml`; `params` fill its places."""

    exit_code = 1

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params: Mapping[str, object] = params
        details = ", ".join(f"{name}={value}" for name, value in params.items())
        super().__init__(f"{code} ({details})" if details else code)


def as_told(error: Exception) -> AvtaleError:
    """The error as it can be told to people: a fault of ours keeps its type, never its words (they may quote data)."""
    return error if isinstance(error, AvtaleError) else AvtaleError("internal", error=type(error).__name__)


class UsageError(AvtaleError):
    """The call does not make sense as it stands (exit 2)."""

    exit_code = 2


class ConfigurationError(AvtaleError):
    """Configuration or environment is not fit for the work (exit 3)."""

    exit_code = 3


class NotFoundError(AvtaleError):
    """What was asked for does not exist (exit 4)."""

    exit_code = 4


class GateError(AvtaleError):
    """A rule of the process is not satisfied yet (exit 7). `unmet` lists what is missing, as gate codes."""

    exit_code = 7

    def __init__(self, code: str, *, unmet: tuple[str, ...] = (), **params: object) -> None:
        super().__init__(code, **params)
        self.unmet = unmet


class TemporaryError(AvtaleError):
    """Try again later: nothing is wrong with the data (exit 8)."""

    exit_code = 8


class IntegrityError(AvtaleError):
    """Stored evidence does not match its own hash (exit 9)."""

    exit_code = 9
