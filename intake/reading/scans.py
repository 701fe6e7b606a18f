"""What the child tells of a scan: values alone, so that the program need not load what draws and recognises."""

from pydantic import BaseModel, ConfigDict

from agreements.fieldmap import Rectangle

Point = tuple[float, float]


class SeenMark(BaseModel):
    """A QR code on a returned page."""

    model_config = ConfigDict(frozen=True)

    page: int
    """Of the returned document, from 1."""
    payload: str
    """What it says; to be checked with `agreements.marking.read_qr_payload`."""
    corners: tuple[Point, Point, Point, Point]
    """Of the symbol as it reads: upper left, upper right, lower right, lower left; in points from the lower left."""


class Cut(BaseModel):
    """One place as it was found in the scan."""

    model_config = ConfigDict(frozen=True)

    field_id: str
    field: str | None
    """The name of a place to fill in; None for a printed value."""
    page: int
    """Of the returned document, from 1."""
    rectangle: Rectangle
    picture: int | None = None
    """Which picture of the sheet shows it, from 1; None where `text` says what is there."""
    text: str = ""
    """`x` for a ticked box; empty for one that is not, and for a place with nothing in it."""
    confidence: float = 0.0


class Cutting(BaseModel):
    """All places of one scan. The pictures stand in one TIFF beside it."""

    model_config = ConfigDict(frozen=True)

    cuts: tuple[Cut, ...] = ()
    lost_pages: tuple[int, ...] = ()
    """Pages of the issued document that no scanned page is."""
