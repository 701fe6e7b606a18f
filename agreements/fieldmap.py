"""The field map: where on the issued pages each value, form field and line of text stands.

Made when an agreement is issued and stored with it. Who reads a flattened, rewritten or scanned return looks there.
Defined in the ground because `renderers` makes it and `intake/reading` uses it, and neither may know the other.

Positions are in PDF points (1/72 inch), from the lower left corner of the page's visible area; pages count from 1.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from agreements.pages import Pages


class Rectangle(BaseModel):
    """Left, bottom, right, top."""

    model_config = ConfigDict(frozen=True)

    x0: float
    y0: float
    x1: float
    y1: float


class PrintedValue(BaseModel):
    """A catalogue value as it was printed. One value may stand in several places (front page and annex)."""

    model_config = ConfigDict(frozen=True)

    field_id: str
    page: int
    rectangle: Rectangle
    """Around the value's text alone; the label stands outside."""
    text: str
    """As printed: labels for codes, grouped numbers; lines joined by one space."""
    label: str
    """The printed label that stands beside it, for alignment; empty where none does."""


class FieldKind(StrEnum):
    """What a place to fill in is."""

    SIGNATURE = "signature"
    TEXT = "text"
    CHOICE = "choice"
    CHECKBOX = "checkbox"
    RULED = "ruled"
    """A ruled line on paper: no form field in the PDF."""


class FormField(BaseModel):
    """A place that is filled in after issue."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The PDF field's name: `Signatur1`, or a catalogue id with `-` for the full stops."""
    field_id: str | None
    """The catalogue id; None for signatures."""
    kind: FieldKind
    page: int
    rectangle: Rectangle


class FieldMap(BaseModel):
    """All places of one issued agreement, and the visible text of its pages as it was issued."""

    model_config = ConfigDict(frozen=True)

    values: tuple[PrintedValue, ...]
    fields: tuple[FormField, ...]
    pages: Pages
    reader: str
    """What read the pages (`intake.reading.pages.READER`): another version may break the same text otherwise."""


def pdf_field_name(field_id: str) -> str:
    """`contact.contract.name` becomes `contact-contract-name`: a full stop makes a hierarchy (ISO 32000-1 12.7.3.2)."""
    return field_id.replace(".", "-")
