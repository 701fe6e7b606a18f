"""How well a text on a page can be read, as it was measured: `intake.reading.legible` measures, the renderers judge."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from agreements.fieldmap import PrintedValue

MIN_CONTRAST: Final = 4.5
"""What text of ordinary size needs to be read (WCAG 2.2, 1.4.3)."""
CONTRAST_ROUNDING: Final = 0.05
"""A drawn page has whole steps of colour."""


@dataclass(frozen=True, kw_only=True)
class Legibility:
    """What was seen in one place."""

    text: str
    """The letters a reader of the file's text would be given there, in their order, without blanks."""
    size: float
    """Points: the smallest type. 0 where there are no letters."""
    contrast: float
    """The faintest letter's ratio to what lies under it, 1 to 21 (WCAG 2.2, contrast ratio); 1 is invisible."""
    within: tuple[float, float, float, float]
    """Left, bottom, right, top around all letters, in points from the page's lower left corner."""
    page_size: tuple[float, float]
    """Width and height of the page, points."""


class Measure(Protocol):
    """Measures texts of a PDF at their places, in the same order."""

    def __call__(self, pdf: bytes, places: Sequence[PrintedValue], /) -> tuple[Legibility, ...]:
        """Look at each place."""
