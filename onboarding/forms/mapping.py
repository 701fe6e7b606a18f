"""The map's file: read with its lines, so that every fault is told where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agreements.errors import ConfigurationError, NotFoundError
from onboarding.files import OddFileError, open_file
from onboarding.settings.document import Document, read_document
from onboarding.settings.faults import Fault, KeyPath, SettingsError, spell
from onboarding.settings.validation import validation_faults
from renderers.forms.formmap import FormMap
from renderers.forms.placing import MapFault

_OWN_CODES: Final = {
    f"setting_{name}": f"form_{name}" for name in ("unknown_key", "unknown_key_near", "missing", "bad_value")
}
"""Faults whose texts for the configuration lead to its example; those for a map lead to docs/forms.md."""
_MAX_BYTES: Final = 2**20  # a map of a hundred places has 10 kB


@dataclass(frozen=True, kw_only=True)
class MapFile:
    """The map as it was read: its form, or what is wrong with it."""

    content: bytes
    document: Document | None
    form_map: FormMap | None
    faults: tuple[Fault, ...]


def read_map(path: Path) -> MapFile:
    """Read the file. Raises ConfigurationError `form_file_unreadable`; faults of the content are in the answer."""
    content = read_limited(path, _MAX_BYTES)
    try:
        document = read_document(path, content)
    except SettingsError as error:
        return MapFile(content=content, document=None, form_map=None, faults=error.parts)
    try:
        form_map = FormMap.model_validate(document.data)
    except ValidationError as error:
        faults = (*document.faults, *validation_faults(error, document, FormMap))
        own = tuple(replace(fault, code=_OWN_CODES.get(fault.code, fault.code)) for fault in faults)
        return MapFile(content=content, document=document, form_map=None, faults=own)
    return MapFile(content=content, document=document, form_map=form_map, faults=document.faults)


def locate(faults: Iterable[MapFault], document: Document) -> Iterator[Fault]:
    """The faults with their lines."""
    for fault in faults:
        path = _written(fault.where, document)
        yield Fault(line=document.line_of(path), key=spell(path), code=fault.code, detail=fault.detail)


def read_limited(path: Path, limit: int) -> bytes:
    """A file that a person named, or as much of it as shows that it is too large.

    Raises ConfigurationError `form_file_unreadable`, NotFoundError `not_a_file`.
    """
    try:
        with open_file(path) as stream:
            return stream.read(limit + 1)
    except OddFileError as error:
        raise NotFoundError("not_a_file", path=str(path)) from error
    except OSError as error:
        raise ConfigurationError("form_file_unreadable", path=str(path), reason=error.strerror or "") from error


def _written(where: KeyPath, document: Document) -> KeyPath:
    """The key path less what stands nowhere: the list around a single place, a key that was left out."""
    path: KeyPath = ()
    for part in where:
        if (*path, part) in document.lines:
            path = (*path, part)
    return path
