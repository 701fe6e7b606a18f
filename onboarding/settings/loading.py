"""Loads the configuration: every fault at once, each with its line.

1. read the file as YAML that remembers its lines (`document.py`)
2. refuse what is not in use in this version (`unused.py`), and check the vendors' pre-filled values (`profile.py`)
3. make typed values of it (`model.py`)
4. if that went well, look at the whole: is it unsafe or at odds with itself (`safety.py`)
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agreements.errors import ConfigurationError
from onboarding.settings.document import Document, read_document
from onboarding.settings.faults import Fault, KeyPath, Problem, SettingsError, spell
from onboarding.settings.model import Settings
from onboarding.settings.profile import check_profiles, with_canonical_profiles
from onboarding.settings.safety import check_safety
from onboarding.settings.unused import refuse_unused, without_unused

_SECRET_WORDS = ("password", "passord", "passphrase", "secret", "token", "private_key", "api_key")

# Pydantic's error types -> our codes, and the places of their texts. Whatever is not listed is `setting_bad_value`.
_CODES: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "missing": ("setting_missing", {}),
        "string_type": ("setting_wrong_text", {}),
        "path_type": ("setting_wrong_text", {}),
        "int_type": ("setting_wrong_whole_number", {}),
        "float_type": ("setting_wrong_number", {}),
        "bool_type": ("setting_wrong_truth", {}),
        "tuple_type": ("setting_wrong_list", {}),
        "dict_type": ("setting_wrong_group", {}),
        "mapping_type": ("setting_wrong_group", {}),
        "model_type": ("setting_wrong_group", {}),
        "literal_error": ("setting_not_a_choice", {"expected": "allowed"}),
        "enum": ("setting_not_a_choice", {"expected": "allowed"}),
        "greater_than_equal": ("setting_too_small", {"ge": "limit"}),
        "less_than_equal": ("setting_too_large", {"le": "limit"}),
    }
)


def load_settings(path: Path) -> Settings:
    """The settings in a configuration file; relative paths in it count from its folder.

    Raises ConfigurationError: `settings_missing`, `settings_unreadable`, or `settings_invalid` with all `faults`.
    """
    path = path.absolute()
    document = read_document(path, _read(path))
    faults = [*document.faults, *refuse_unused(document), *_located(check_profiles(document.data), document)]
    try:
        settings = Settings.model_validate(without_unused(document.data), context={"folder": path.parent})
    except ValidationError as error:
        raise SettingsError(path, [*faults, *_validation_faults(error, document)]) from None
    faults += _located(check_safety(settings, path), document)
    if faults:
        raise SettingsError(path, faults)
    return with_canonical_profiles(settings)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError("settings_missing", path=str(path)) from error
    except OSError as error:
        raise ConfigurationError("settings_unreadable", path=str(path), reason=error.strerror or "") from error


def _located(problems: Iterable[Problem], document: Document) -> Iterator[Fault]:
    for problem in problems:
        line = document.line_of(problem.where)
        yield Fault(line=line, key=spell(problem.where), code=problem.code, detail=problem.detail)


def _validation_faults(error: ValidationError, document: Document) -> Iterator[Fault]:
    refused = {(fault.line, fault.key) for fault in document.faults}
    seen: set[tuple[int, str]] = set()
    for details in error.errors(include_url=False, include_input=False):
        path = _written_path(details["loc"], document)
        fault = _fault(details, path, document.line_of(path))
        place = (fault.line, fault.key)
        if place not in refused | seen:
            seen.add(place)
            yield fault


def _written_path(loc: KeyPath, document: Document) -> KeyPath:
    """Pydantic's place less the parts that name alternatives of a type; a missing key keeps its name."""
    path: KeyPath = ()
    for index, part in enumerate(loc):
        if (*path, part) in document.lines or (index == len(loc) - 1 and _is_key(path, part)):
            path = (*path, part)
    return path


def _is_key(path: KeyPath, part: str | int) -> bool:
    return isinstance(part, str) and part in _known_keys(path)


def _fault(details: ErrorDetails, path: KeyPath, line: int) -> Fault:
    context: Mapping[str, Any] = details.get("ctx", {})
    if details["type"] == "setting":
        detail = {name: value for name, value in context.items() if name != "code"}
        return Fault(line=line, key=spell(path), code=context["code"], detail=detail)
    if details["type"] == "extra_forbidden":
        return _unknown_key(path, line)
    code, places = _CODES.get(details["type"], ("setting_bad_value", {}))
    detail = {ours: _listed(str(context[theirs])) for theirs, ours in places.items()}
    return Fault(line=line, key=spell(path), code=code, detail=detail)


def _listed(expected: str) -> str:
    """Pydantic writes `'a', 'b' or 'c'`; people of three languages read `a, b, c`."""
    return expected.replace("'", "").replace(" or ", ", ")


def _unknown_key(path: KeyPath, line: int) -> Fault:
    key = str(path[-1])
    if any(word in key.casefold() for word in _SECRET_WORDS):
        return Fault(line=line, key=spell(path), code="setting_secret_in_file")
    near = get_close_matches(key, _known_keys(path[:-1]), n=1)
    if near:
        return Fault(line=line, key=spell(path), code="setting_unknown_key_near", detail={"near": near[0]})
    return Fault(line=line, key=spell(path), code="setting_unknown_key")


def _known_keys(path: KeyPath) -> list[str]:
    """The keys that the form has at a place."""
    model: type[BaseModel] | None = Settings
    for part in path:
        if isinstance(part, str) and model is not None:
            named = (f for name, f in model.model_fields.items() if (f.alias or name) == part)
            field = next(named, None)
            model = _group_in(field.annotation) if field else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _group_in(annotation: Any) -> type[BaseModel] | None:
    """The group of keys in `Group`, `Group | None` or `tuple[Group, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_group_in(argument) for argument in get_args(annotation))
    return next((group for group in found if group is not None), None)
