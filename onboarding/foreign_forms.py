"""Reading a signed form that we did not issue, by the map of the operator's own copy of it (`template import`).

The blank form is what the issued document is otherwise: its printed words show where each place lies on the signed one.
What the signed form has in a place, less what the blank one has there, is the value.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from agreements.canonical import JsonValue
from agreements.fieldmap import FieldMap, PrintedValue, Rectangle
from agreements.pages import Pages
from agreements.parameters import Reading, Sighting
from onboarding.forms.storage import BASE, list_forms, version_folder
from onboarding.sandbox import Sandbox
from onboarding.scanning import Scan, read_scan
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


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The document to read. `descriptor` is open for reading, its hash checked; it stays open."""

    descriptor: int
    sha256: str
    has_text: bool
    """A picture of paper has none: then its values are recognised."""


def read_foreign(sandbox: Sandbox, document: Signed, data_dir: Path, *, work_dir: Path) -> FormReading | None:
    """The best reading of a signed form by the maps that were imported; None if it is none of those forms.

    `work_dir`: where temporary files may stand. Raises IntegrityError for a damaged import, TemporaryError for a full
    disk. What the sandbox stops is no reading.
    """
    found: list[FormReading] = []
    for record in list_forms(data_dir):
        with (version_folder(data_dir, record) / BASE).open("rb") as template:
            if document.has_text:
                seen = _look(sandbox, document, template.fileno(), record.layout)
            else:
                seen = _recognise(sandbox, document, template.fileno(), record.layout, work_dir)
        if seen is not None and seen.sightings:
            whole = tuple(_whole(seen.sightings))
            reading = seen.model_copy(update={"sightings": whole})
            found.append(FormReading(form=record.name, fields=tuple(one.field_id for one in whole), reading=reading))
    return max(found, key=lambda one: sum(bool(seen.text) for seen in one.reading.sightings), default=None)


def see_places(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: look at the places of one form. `arguments`: key, page and rectangle of each."""
    from intake.reading.values import read_places

    assert isinstance(arguments, list)
    places = [(str(key), int(str(page)), Rectangle.model_validate(corners)) for key, page, corners in arguments]
    return read_places(files[_DOCUMENT], template=files[_TEMPLATE], places=places).model_dump(mode="json")


def _look(sandbox: Sandbox, document: Signed, template: int, layout: FormLayout) -> Reading | None:
    places: JsonValue = [[key, page, box.model_dump(mode="json")] for key, page, box in _places(layout)]
    files = {_DOCUMENT: document.descriptor, _TEMPLATE: template}
    result = sandbox.run("onboarding.foreign_forms:see_places", files=files, arguments=places)
    return None if result.value is None else Reading.model_validate(result.value)


def _recognise(sandbox: Sandbox, document: Signed, template: int, layout: FormLayout, work_dir: Path) -> Reading | None:
    """What is written in the places of a scanned form; boxes to cross are left to a person."""
    places = (place for place in _places(layout) if _CODE not in place[0])
    values = tuple(PrintedValue(field_id=key, page=page, rectangle=box, text="", label="") for key, page, box in places)
    field_map = FieldMap(values=values, fields=(), pages=Pages(pages=()), reader="")
    with TemporaryFile(dir=work_dir) as file:
        file.write(field_map.model_dump_json().encode())
        file.flush()
        scan = Scan(
            document=document.descriptor, sha256=document.sha256, issued=template, field_map=file.fileno(), pages={}
        )
        return read_scan(sandbox, scan, work_dir=work_dir).reading


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
