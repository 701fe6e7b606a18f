"""The kinds of change a revision can make, which of them a signature allows after it, and how `cli.md` names them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agreements.signature_report import ChangesAfter


class ChangeKind(StrEnum):
    """What was touched. The words people read stand in the catalogues under `terms.what`."""

    LONG_TERM = "long-term-material"
    SIGNED = "signed-field"
    NEW_SIGNED_FIELD = "new-signed-field"
    VALUE = "field-value"
    APPEARANCE = "field-appearance"
    NEW_FIELD = "new-field"
    NEW_VISIBLE_SIGNATURE = "new-visible-signature"
    FORM = "form"
    SIGNATURE = "signature"
    PAGE = "page-content"
    PAGES = "page-added-or-removed"
    ANNOTATION = "annotation"
    ACTION = "action"
    ATTACHMENT = "attachment"
    METADATA = "metadata"
    STRUCTURE = "structure"
    CATALOGUE = "catalogue"


_ALLOWED: Final = frozenset({ChangeKind.LONG_TERM, ChangeKind.SIGNED, ChangeKind.NEW_SIGNED_FIELD})
_LEVELS: Final = {
    ChangeKind.LONG_TERM: ChangesAfter.LTA,
    ChangeKind.SIGNED: ChangesAfter.FORM_FILLING,
    ChangeKind.NEW_SIGNED_FIELD: ChangesAfter.FORM_FILLING,
    ChangeKind.NEW_VISIBLE_SIGNATURE: ChangesAfter.FORM_FILLING,
    ChangeKind.VALUE: ChangesAfter.FORM_FILLING,
    ChangeKind.ANNOTATION: ChangesAfter.ANNOTATIONS,
    ChangeKind.NEW_FIELD: ChangesAfter.ANNOTATIONS,
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a filled field must show, and where."""

    page: int
    """From 1."""
    rectangle: tuple[float, float, float, float]
    """Left, bottom, right, top, in points of the page's own space."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between a revision and the one before it."""

    kind: ChangeKind
    where: str
    """The path from the catalogue, or the field's name."""
    revision: int
    """The revision that made it, counted from 1 as people do."""
    page: int | None = None
    """The page on which it shows, from 1, where that is known."""
    shown: tuple[Shown, ...] = ()
    """Of a text or choice that was filled: what each of its widgets must show."""

    @property
    def level(self) -> ChangesAfter:
        """How `changes_after` names it."""
        return _LEVELS.get(self.kind, ChangesAfter.OTHER)

    @property
    def allowed(self) -> bool:
        """Allowed after a signature."""
        return self.kind in _ALLOWED
