"""The parameters of an agreement as they came out of what was returned, each with its proof.

A `Sighting` is what was seen in one place of the returned document: by `intake/reading`, which knows nothing of cases.
A `Parameter` is a value that is held to be agreed, with the sighting that proves it (`agreements.reconciling`).
Rectangles are in points from the lower left corner of the returned page's visible area; pages count from 1.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from agreements.canonical import JsonValue, canonical_json
from agreements.fieldmap import Rectangle

MIN_CONFIDENCE: Final = 0.95
"""Below it a recognised value is not believed by itself: the surest wrong word of 30 scanned agreements had 0.93
(docs/scans.md)."""
MIN_CONFIDENCE_OF_ISSUED: Final = 0.5
"""Where what was recognised is, letter for letter, what was issued, that itself is a witness: chance does not spell it.
Ours; a scan waits for two people in any case."""


class Method(StrEnum):
    """How a value was read."""

    PRINTED = "printed"
    """The text of the page in the value's place."""
    FORM_FIELD = "form_field"
    """The form field of the signed revision; the page shows the same."""
    OCR = "ocr"
    """Recognised in a picture of the page."""
    PERSON = "person"
    """A person read it off the signed document and typed it."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Sighting(_Value):
    """What was seen of one value in one place."""

    field_id: str
    """As in the field map: a catalogue id, or the name of another marked text (`signature.1`, `terms.2`)."""
    page: int
    rectangle: Rectangle
    text: str
    """What the page shows there, lines joined by one space; empty if nothing. A ticked box shows `x`."""
    field: str | None = None
    """The PDF field's name, if the document still has one there."""
    field_value: str | bool | None = None
    """What that field holds in the signed revision: text, or the code of a choice; a check box's state. None: no field,
    or an empty one."""
    method: Method
    confidence: float
    """0 to 1; 1 where nothing had to be recognised."""


class Reading(_Value):
    """Everything that was seen of an agreement's values in one document."""

    document: str
    """SHA-256 of the returned document."""
    sightings: tuple[Sighting, ...] = ()
    lost_pages: tuple[int, ...] = ()
    """Pages of the issued document that no page of this one is."""
    attached: str | None = None
    """The `values` of the attached `avtale.json`, as canonical JSON: one more witness. None: there is none."""


class Source(_Value):
    """Where a value stands."""

    document: str
    """SHA-256."""
    page: int
    rectangle: Rectangle
    field: str | None
    """The PDF field's name; None for a printed value."""
    method: Method
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A value that was agreed. Of a birth date the year alone; None for what was left empty, and may be."""

    field_id: str
    value: JsonValue
    source: Source


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """All that a signed document agrees on, as far as it could be read, in the catalogue's order."""

    values: tuple[Parameter, ...] = ()

    def find(self, field_id: str) -> Parameter | None:
        """The parameter of one field, or None."""
        return next((one for one in self.values if one.field_id == field_id), None)

    @property
    def by_field(self) -> Mapping[str, JsonValue]:
        """The values by their field ids, without those that were left empty."""
        return {one.field_id: one.value for one in self.values if one.value is not None}


def parameters_text(parameters: Parameters) -> str:
    """As canonical JSON, for storage."""
    return canonical_json([parameter_json(one) for one in parameters.values])


def read_parameters(text: str) -> Parameters:
    """From `parameters_text`."""
    return Parameters(values=tuple(_read(json.loads(text))))


def parameter_json(parameter: Parameter) -> dict[str, JsonValue]:
    """One of them, as data."""
    return {
        "field": parameter.field_id,
        "value": parameter.value,
        "source": parameter.source.model_dump(mode="json"),
    }


def _read(entries: Iterable[Mapping[str, JsonValue]]) -> Iterable[Parameter]:
    for entry in entries:
        source = Source.model_validate(entry["source"])
        yield Parameter(field_id=str(entry["field"]), value=entry["value"], source=source)
