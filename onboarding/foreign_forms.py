"""Reading a signed form that we did not issue, by the map of the operator's own copy of it (`template import`).

The blank form is what the issued document is otherwise: its printed words show where each place lies on the signed one.
What the signed form has in a place, less what the blank one has there, is the value.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agreements.canonical import JsonValue
from agreements.fieldmap import Rectangle
from agreements.parameters import Reading, Sighting
from onboarding.forms.storage import BASE, FormRecord, list_forms, version_folder
from onboarding.sandbox import Sandbox
from renderers.forms.model import FormLayout

_DOCUMENT, _TEMPLATE = "document", "template"
_PART, _CODE = "/", "="
"""Between a field's id and which part of it a place holds, or which code a box stands for."""
_ADDRESS: Final = ("lines", "postal_code", "city")


@dataclass(frozen=True, kw_only=True)
class FormReading:
    """What was seen of one form's values."""

    form: str
    """The form's name."""
    fields: tuple[str, ...]
    """The catalogue ids that the form has places for."""
    reading: Reading


def read_foreign(sandbox: Sandbox, document: int, data_dir: Path) -> FormReading | None:
    """The best reading of a signed form by the maps that were imported; None if it is none of those forms.

    `document`: a descriptor open for reading. Raises IntegrityError for a damaged import. What the sandbox stops is no
    reading.
    """
    found = [one for record in list_forms(data_dir) if (one := _read(sandbox, document, data_dir, record)) is not None]
    return max(found, key=lambda one: sum(bool(seen.text) for seen in one.reading.sightings), default=None)


def see_places(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: look at the places of one form. `arguments`: key, page and rectangle of each."""
    from intake.reading.values import read_places

    assert isinstance(arguments, list)
    places = [(str(key), int(str(page)), Rectangle.model_validate(corners)) for key, page, corners in arguments]
    return read_places(files[_DOCUMENT], template=files[_TEMPLATE], places=places).model_dump(mode="json")


def _read(sandbox: Sandbox, document: int, data_dir: Path, record: FormRecord) -> FormReading | None:
    places: JsonValue = [[key, page, box.model_dump(mode="json")] for key, page, box in _places(record.layout)]
    with (version_folder(data_dir, record) / BASE).open("rb") as template:
        files = {_DOCUMENT: document, _TEMPLATE: template.fileno()}
        result = sandbox.run("onboarding.foreign_forms:see_places", files=files, arguments=places)
    if result.value is None:
        return None
    seen = Reading.model_validate(result.value)
    if not seen.sightings:
        return None
    whole = tuple(_whole(seen.sightings))
    reading = seen.model_copy(update={"sightings": whole})
    return FormReading(form=record.name, fields=tuple(one.field_id for one in whole), reading=reading)


def _places(layout: FormLayout) -> Iterator[tuple[str, int, Rectangle]]:
    for spot in layout.values:
        yield spot.field_id + (f"{_PART}{spot.part}" if spot.part else ""), spot.page, spot.rectangle
    for mark in layout.marks:
        yield f"{mark.field_id}{_CODE}{mark.code}", mark.page, mark.rectangle


def _whole(sightings: Iterable[Sighting]) -> Iterator[Sighting]:
    """One sighting for each field: an address from its parts, a choice from the boxes that are ticked."""
    by_field: defaultdict[str, list[Sighting]] = defaultdict(list)
    for one in sightings:
        by_field[one.field_id.partition(_PART)[0].partition(_CODE)[0]].append(one)
    for field_id, parts in by_field.items():
        if _CODE in parts[0].field_id:
            ticked = [one for one in parts if one.text]
            text = ", ".join(one.field_id.partition(_CODE)[2] for one in ticked)
            yield (ticked or parts)[0].model_copy(update={"field_id": field_id, "text": text})
        else:
            yield parts[0].model_copy(update={"field_id": field_id, "text": _joined(parts)})


def _joined(parts: list[Sighting]) -> str:
    named = {one.field_id.partition(_PART)[2]: one.text for one in parts}
    if not set(named) & set(_ADDRESS):
        return parts[0].text
    last = f"{named.get('postal_code', '')} {named.get('city', '')}".strip()
    return ", ".join(text for text in (named.get("lines", ""), last) if text)
