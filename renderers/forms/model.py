"""What a form is made of, once it is imported: plain values that outlive the import as JSON.

Positions are in points from the lower left corner of the page's visible area, pages count from 1, as in the field map
(`agreements.fieldmap`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from agreements.fieldmap import Rectangle
from agreements.language import Language

MAX_FORM_BYTES: Final = 9 * 2**20
"""Of the 10 485 760 that signing services take (facts/domain.md §5), less room for what the agreement adds."""
MAX_FORM_PAGES: Final = 20  # facts/domain.md §7a
SMALLEST_TYPE: Final = 8.0  # points: what a reader of a print can be asked to read (issue 4 §10)
LARGEST_TYPE: Final = 24.0  # points: more is a heading, not a value

Align = Literal["left", "center", "right"]
Part = Literal["lines", "postal_code", "city", "name", "role"]


@dataclass(frozen=True, kw_only=True)
class FormFault:
    """One thing that makes a PDF unfit to be a form. `code` names a text under `errors.`."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class WidgetKind(StrEnum):
    """What a form field of the supplied PDF takes (ISO 32000-1 12.7.4)."""

    TEXT = "text"
    CHOICE = "choice"
    BUTTON = "button"
    """A check box or radio button."""
    PUSH = "push"
    SIGNATURE = "signature"


class Widget(_Value):
    """One visible place of one form field."""

    name: str
    """The field's full name: `kunde.orgnr`."""
    kind: WidgetKind
    page: int
    rectangle: Rectangle
    option: str = ""
    """A button's state when it is on; a group of radio buttons has one for each."""
    align: Align = "left"
    many: bool = False
    """A text field for several lines."""
    filled: bool = False
    """It came with a value."""


class PageSize(_Value):
    """The visible area of one page, in points."""

    width: float
    height: float


class Outline(_Value):
    """What the supplied PDF offers the map."""

    pages: tuple[PageSize, ...]
    widgets: tuple[Widget, ...]
    fonts_missing: tuple[str, ...] = ()
    """Fonts that are not embedded: every program shows something else in their place."""
    links: int = 0
    """Links to web pages and within the form. They are left out; their text stays."""


class Spot(_Value):
    """A place on a page that something is printed at."""

    page: int
    rectangle: Rectangle
    size: float = 10.0
    """Points; a longer value is set smaller, down to `SMALLEST_TYPE`."""
    align: Align = "left"
    many: bool = False
    """May be broken into several lines."""


class ValueSpot(Spot):
    """Where a catalogue value is printed."""

    field_id: str
    part: Part | None = None
    """Of an address or a signer; None: the whole."""


class MarkSpot(Spot):
    """The box that is crossed if the value is, or holds, this code."""

    field_id: str
    code: str
    """A code of the catalogue; `true` or `false` for yes and no."""


class FormLayout(_Value):
    """Everything the map says, resolved: what stands where on every copy of the form."""

    title: str
    languages: tuple[Language, ...]
    pages: tuple[PageSize, ...]
    values: tuple[ValueSpot, ...]
    marks: tuple[MarkSpot, ...]
    signatures: tuple[Spot, ...]
    """In signing order."""
    numbers: tuple[Spot, ...]
    """Where the form itself asks for the agreement's number."""
    codes: tuple[Spot, ...]
    """The QR code, one for each page."""
    footers: tuple[Spot, ...]
    """The line with number, version, control code and page, one for each page."""

    @property
    def printed(self) -> frozenset[str]:
        """The catalogue ids that have a place: what whoever signs can see."""
        return frozenset([spot.field_id for spot in self.values] + [spot.field_id for spot in self.marks])


@dataclass(frozen=True, kw_only=True)
class Form:
    """An imported form, ready to be filled."""

    name: str
    base: bytes
    """The normalised PDF: pages and nothing else."""
    layout: FormLayout
