"""Loads the configuration: every fault at once, each with its line.

1. read the file as YAML that remembers its lines (`document.py`)
2. check the vendors' pre-filled values (`profile.py`) and what they leave open (`open_values.py`)
3. make typed values of it (`model.py`)
4. if that went well, look at the whole: is it unsafe or at odds with itself (`safety.py`)
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from agreements.errors import ConfigurationError
from onboarding.files import open_file
from onboarding.settings.document import MAX_BYTES, Document, read_document
from onboarding.settings.faults import Fault, Problem, SettingsError, spell
from onboarding.settings.model import Settings
from onboarding.settings.open_values import check_open_values
from onboarding.settings.profile import check_profiles, with_canonical_profiles
from onboarding.settings.safety import check_safety
from onboarding.settings.validation import validation_faults


def load_settings(path: Path) -> Settings:
    """The settings in a configuration file; relative paths in it count from its folder.

    Raises ConfigurationError: `settings_missing`, `settings_unreadable`, or `settings_invalid` with all `faults`.
    """
    path = path.absolute()
    document = read_document(path, _read(path))
    faults = list(document.faults)
    for check in (check_profiles, check_open_values):
        faults += _located(check(document.data), document)
    try:
        settings = Settings.model_validate(document.data, context={"folder": path.parent})
    except ValidationError as error:
        raise SettingsError(path, [*faults, *validation_faults(error, document, Settings)]) from None
    faults += _located(check_safety(settings, path), document)
    if faults:
        raise SettingsError(path, faults)
    return with_canonical_profiles(settings)


def _read(path: Path) -> bytes:
    try:
        with open_file(path) as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigurationError("settings_missing", path=str(path)) from error
    except OSError as error:
        raise ConfigurationError("settings_unreadable", path=str(path), reason=error.strerror or "") from error


def _located(problems: Iterable[Problem], document: Document) -> Iterator[Fault]:
    for problem in problems:
        line = document.line_of(problem.where)
        yield Fault(line=line, key=spell(problem.where), code=problem.code, detail=problem.detail)
