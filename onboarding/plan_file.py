"""The file with a launch plan's schedule: read with its lines, so that every fault is told where it stands."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from agreements.characters import find_unfit, tidy
from agreements.errors import NotFoundError, UsageError
from agreements.plan import Schedule
from agreements.values import ValueFault, refuse_national_id
from onboarding.files import OddFileError, open_file
from onboarding.settings.document import Document, read_document
from onboarding.settings.faults import Fault, KeyPath, SettingsError, spell
from onboarding.settings.validation import validation_faults

MAX_BYTES: Final = 64 * 2**10  # fifty milestones have 10 kB
MAX_LINE: Final = 200
MAX_LINES: Final = 2_000
"""Characters of a text that may have several lines; ours: half a page of the printed plan."""
_OF_LINES: Final = frozenset({("communication",)})
_OWN_CODES: Final = {
    f"setting_{name}": f"plan_{name}" for name in ("unknown_key", "unknown_key_near", "missing", "bad_value")
}
"""Faults whose texts for the configuration lead to its example; those for a plan lead to docs/operations.md."""
_TEXT_CODES: Final = {"too_long": "plan_text_length", "national_id": "plan_national_id"}
"""Of what is wrong with a text, the codes that tell its line; the others have theirs in the configuration already."""


def read_schedule(path: Path) -> Schedule:
    """Read the file. Raises NotFoundError; UsageError `plan_file_refused` with every fault and its line."""
    content = _read(path)
    try:
        document = read_document(path, content)
    except SettingsError as error:
        raise _refused(path, error.parts) from error
    if document.faults:
        raise _refused(path, document.faults)
    try:
        schedule = Schedule.model_validate(_tidied(document.data, ()))
    except ValidationError as error:
        raise _refused(path, validation_faults(error, document, Schedule)) from error
    if faults := tuple(_text_faults(document, document.data, ())):
        raise _refused(path, faults)
    return schedule


def write_schedule(schedule: Schedule) -> str:
    """The schedule as such a file: what is printed by `plan show --out` can be changed and given back."""
    return yaml.safe_dump(schedule.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=110)


def _read(path: Path) -> bytes:
    try:
        with open_file(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except OddFileError as error:
        raise NotFoundError("not_a_file", path=str(path)) from error
    except OSError as error:
        raise NotFoundError("file_not_found", path=str(path)) from error
    if len(content) > MAX_BYTES:
        raise UsageError("plan_file_size", path=str(path), limit=MAX_BYTES)
    return content


def _refused(path: Path, faults: Any) -> UsageError:
    own = tuple(replace(fault, code=_OWN_CODES.get(fault.code, fault.code)) for fault in faults)
    return UsageError("plan_file_refused", path=str(path), count=len(own), faults=own)


def _tidied(data: object, path: KeyPath) -> object:
    """Every text as it is kept."""
    if isinstance(data, str):
        return tidy(data, lines=path in _OF_LINES)
    if isinstance(data, dict):
        return {key: _tidied(value, (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [_tidied(value, (*path, place)) for place, value in enumerate(data)]
    return data


def _text_faults(document: Document, data: object, path: KeyPath) -> Iterator[Fault]:
    """What no text of a plan may hold: letters that can't be printed, identity numbers, more than fits."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _text_faults(document, value, (*path, key))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from _text_faults(document, value, (*path, place))
    elif isinstance(data, str) and (found := find_text_fault(data, lines=path in _OF_LINES)) is not None:
        code = _TEXT_CODES.get(found.code, f"setting_{found.code}")
        yield Fault(line=document.line_of(path), key=spell(path), code=code, detail=found.params)


def find_text_fault(text: str, *, lines: bool = False) -> ValueFault | None:
    """What makes a text unfit for a plan, in a file or typed. `lines`: it may have several lines."""
    text, limit = tidy(text, lines=lines), MAX_LINES if lines else MAX_LINE
    if (unfit := find_unfit(text, lines=lines)) is not None:
        return ValueFault(unfit.code, **unfit.params)
    if len(text) > limit:
        return ValueFault("too_long", limit=limit)
    try:
        refuse_national_id(text)
    except ValueFault as error:
        return error
    return None
