"""From what pydantic says of a file's data to our own faults: each with its line and a code that has a text.

Used for the configuration, and for the map of an operator's own form.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from onboarding.settings.document import Document
from onboarding.settings.faults import Fault, KeyPath, spell

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


def validation_faults(error: ValidationError, document: Document, form: type[BaseModel]) -> Iterator[Fault]:
    """Every fault that `form` found in the document's data, less those that reading it has told already."""
    refused = {(fault.line, fault.key) for fault in document.faults}
    seen: set[tuple[int, str]] = set()
    for details in error.errors(include_url=False, include_input=False):
        path = _written_path(details["loc"], document, form)
        fault = _fault(details, path, document, form)
        place = (fault.line, fault.key)
        if place not in refused | seen:
            seen.add(place)
            yield fault


def _written_path(loc: KeyPath, document: Document, form: type[BaseModel]) -> KeyPath:
    """Pydantic's place less the parts that name alternatives of a type; a missing key keeps its name."""
    path: KeyPath = ()
    for index, part in enumerate(loc):
        if (*path, part) in document.lines or (index == len(loc) - 1 and part in _known_keys(path, form)):
            path = (*path, part)
    return path


def _fault(details: ErrorDetails, path: KeyPath, document: Document, form: type[BaseModel]) -> Fault:
    context: Mapping[str, Any] = details.get("ctx", {})
    line = document.line_of(path)
    if details["type"] == "setting":
        detail = {name: value for name, value in context.items() if name != "code"}
        return Fault(line=line, key=spell(path), code=context["code"], detail=detail)
    if details["type"] == "extra_forbidden":
        return _unknown_key(path, document, form)
    code, places = _CODES.get(details["type"], ("setting_bad_value", {}))
    detail = {ours: _listed(str(context[theirs])) for theirs, ours in places.items()}
    return Fault(line=line, key=spell(path), code=code, detail=detail)


def _listed(expected: str) -> str:
    """Pydantic writes `'a', 'b' or 'c'`; people of three languages read `a, b, c`."""
    return expected.replace("'", "").replace(" or ", ", ")


def _unknown_key(path: KeyPath, document: Document, form: type[BaseModel]) -> Fault:
    key, line = str(path[-1]), document.line_of(path)
    holds_none = document.value_of(path) is None or key.casefold().endswith("_file")  # where one stands is no secret
    if not holds_none and any(word in key.casefold() for word in _SECRET_WORDS):
        return Fault(line=line, key=spell(path), code="setting_secret_in_file")
    near = get_close_matches(key, _known_keys(path[:-1], form), n=1)
    if near:
        return Fault(line=line, key=spell(path), code="setting_unknown_key_near", detail={"near": near[0]})
    return Fault(line=line, key=spell(path), code="setting_unknown_key")


def _known_keys(path: KeyPath, form: type[BaseModel]) -> list[str]:
    """The keys that the form has at a place; none where they are free."""
    model: type[BaseModel] | None = form
    free = False
    for part in path:
        if free:  # the key of a mapping, whose values have the same form
            free = False
        elif isinstance(part, str) and model is not None:
            named = (f for name, f in model.model_fields.items() if (f.alias or name) == part)
            field = next(named, None)
            model = _group_in(field.annotation) if field else None
            free = field is not None and get_origin(field.annotation) is Mapping
    return [field.alias or name for name, field in model.model_fields.items()] if model and not free else []


def _group_in(annotation: Any) -> type[BaseModel] | None:
    """The group of keys in `Group`, `Group | None` or `tuple[Group, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_group_in(argument) for argument in get_args(annotation))
    return next((group for group in found if group is not None), None)
