"""Map and form together: every place in points on its page, or everything in the map that does not fit.

A field of the form that the map neither uses nor names under `leave_empty` is a fault: nothing that Digipost asks for
is left out by oversight.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import combinations
from typing import Final

from agreements.agreement import SIGNATURE_FIELDS
from agreements.catalogue import Catalogue, Field, FieldType, Phase
from agreements.fieldmap import Rectangle
from agreements.machine_readable import ALWAYS_PRINTED
from renderers.forms.formmap import CodePlace, FooterPlace, FormMap, Place
from renderers.forms.model import (
    SMALLEST_TYPE,
    Align,
    FormLayout,
    MarkSpot,
    Outline,
    PageSize,
    Part,
    Spot,
    ValueSpot,
    Widget,
    WidgetKind,
)

Where = tuple[str | int, ...]

CODE_MM: Final = 18.0  # issue 4 §5: what a poor scan still reads (facts/rendering.md §6)
_POINTS_PER_MM: Final = 72 / 25.4
_LINE: Final = 1.15  # of the type size: the height of one line
_SMALLEST_SIGNATURE: Final = (100.0, 25.0)  # points: what a viewer still draws a name and a date in
_SMALLEST_MARK: Final = 6.0
_FOOTER_SIZE: Final = SMALLEST_TYPE
_OVERLAP: Final = 1.0  # points that neighbours may share: lines have a width
_PARTS: Final[Mapping[FieldType, frozenset[Part]]] = {
    FieldType.ADDRESS: frozenset({"lines", "postal_code", "city"}),
    FieldType.SIGNER: frozenset({"name", "role"}),
}
_YES_NO: Final = ("true", "false")
_TEXT_KINDS: Final = frozenset({WidgetKind.TEXT, WidgetKind.CHOICE})
_BUTTON_KINDS: Final = frozenset({WidgetKind.BUTTON})
_SIGNATURE_KINDS: Final = frozenset({WidgetKind.SIGNATURE, WidgetKind.TEXT})  # a box to sign in may be a text field
_ENOUGH: Final = 500.0  # points: a stand-in's side, so that one mistake is one fault


@dataclass(frozen=True, kw_only=True)
class MapFault:
    """What is wrong at one key of the map. `code` names a text under `errors.`."""

    where: Where
    code: str
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """The resolved map, if nothing is wrong with it."""

    layout: FormLayout | None
    faults: tuple[MapFault, ...]


def place(form_map: FormMap, outline: Outline, catalogue: Catalogue) -> Placed:
    """Resolve the map. Either a layout or every fault at once."""
    placing = _Placing(form_map, outline, catalogue)
    layout = placing.layout()
    return Placed(layout=None if placing.faults else layout, faults=tuple(placing.faults))


class _Placing:
    """One walk through the map; what does not fit is noted and left out."""

    def __init__(self, form_map: FormMap, outline: Outline, catalogue: Catalogue) -> None:
        self._map, self._outline, self._catalogue = form_map, outline, catalogue
        self._unit = _POINTS_PER_MM if form_map.unit == "mm" else 1.0
        self._used: set[tuple[str, str]] = set()
        self.faults: list[MapFault] = []

    def layout(self) -> FormLayout:
        """The whole map; of no worth if there are faults afterwards."""
        layout = FormLayout(
            title=self._map.title,
            languages=self._map.languages,
            pages=self._outline.pages,
            values=tuple(self._values()),
            marks=tuple(self._marks()),
            signatures=tuple(self._signatures()),
            numbers=tuple(spot for _, _, spot in self._spots(("number",), self._map.number, _TEXT_KINDS)),
            codes=tuple(self._on_every_page("qr", self._map.qr)),
            footers=tuple(self._on_every_page("footer", self._map.footer)),
        )
        self._require_values()
        self._require_every_field()
        self._refuse_overlaps(layout)
        return layout

    # --- the entries -------------------------------------------------------------------------------------------------

    def _values(self) -> Iterator[ValueSpot]:
        for field_id, places in self._map.values.items():
            entry = self._entry(("values", field_id), field_id)
            for where, written, spot in self._spots(("values", field_id), places, _TEXT_KINDS):
                if entry is not None and written.part is not None and written.part not in _PARTS.get(entry.type, ()):
                    self._refuse((*where, "part"), "form_no_such_part")
                if spot.rectangle.y1 - spot.rectangle.y0 < _LINE * SMALLEST_TYPE:
                    self._refuse(where, "form_too_low", limit=f"{_LINE * SMALLEST_TYPE:.1f}")
                yield ValueSpot(**dict(spot), field_id=field_id, part=written.part)

    def _marks(self) -> Iterator[MarkSpot]:
        for field_id, boxes in self._map.marks.items():
            entry = self._entry(("marks", field_id), field_id)
            codes = () if entry is None else _YES_NO if entry.type is FieldType.BOOL else entry.values
            if entry is not None and not codes:
                self._refuse(("marks", field_id), "form_no_codes")
            if entry is not None and entry.type is FieldType.BOOL and "true" not in boxes:
                self._refuse(("marks", field_id), "form_no_box_for_yes")
            for code, places in boxes.items():
                if codes and code not in codes:
                    self._refuse(("marks", field_id, code), "form_no_such_code", allowed=", ".join(codes))
                for where, _, spot in self._spots(("marks", field_id, code), places, _BUTTON_KINDS):
                    if min(_width(spot.rectangle), _height(spot.rectangle)) < _SMALLEST_MARK:
                        self._refuse(where, "form_too_small", limit=f"{_SMALLEST_MARK:.0f} × {_SMALLEST_MARK:.0f}")
                    yield MarkSpot(**dict(spot), field_id=field_id, code=code)

    def _signatures(self) -> Iterator[Spot]:
        for name in self._map.signatures:
            if name not in SIGNATURE_FIELDS:
                self._refuse(("signatures", name), "form_no_such_signature", allowed=", ".join(SIGNATURE_FIELDS))
        if SIGNATURE_FIELDS[0] not in self._map.signatures:
            self._refuse(("signatures",), "form_no_first_signature", name=SIGNATURE_FIELDS[0])
        width, height = _SMALLEST_SIGNATURE
        for name in SIGNATURE_FIELDS:
            written = self._map.signatures.get(name)
            for where, _, spot in self._spots(("signatures", name), (written,) if written else (), _SIGNATURE_KINDS):
                if _width(spot.rectangle) < width or _height(spot.rectangle) < height:
                    self._refuse(where, "form_too_small", limit=f"{width:.0f} × {height:.0f}")
                yield spot

    def _on_every_page(self, key: str, written: Sequence[CodePlace | FooterPlace]) -> Iterator[Spot]:
        """One spot for each page: the entry that names the page, else the one that names none."""
        chosen: dict[int | None, int] = {}
        for index, entry in enumerate(written):
            if entry.page in chosen:
                self._refuse((key, index), "form_page_twice")
            chosen[entry.page] = index
            if entry.page is not None and entry.page > len(self._outline.pages):
                self._refuse((key, index, "page"), "form_no_such_page", pages=len(self._outline.pages))
        for number in range(1, len(self._outline.pages) + 1):
            index = chosen.get(number, chosen.get(None, -1))
            if index < 0:
                self._refuse((key,), "form_page_without", page=number)
                continue
            entry = written[index]
            side = CODE_MM * _POINTS_PER_MM / self._unit
            box = entry.at if isinstance(entry, FooterPlace) else (*entry.at, side, side)
            align: Align = entry.align if isinstance(entry, FooterPlace) else "left"
            rectangle = self._rectangle((key, index), number, box)
            yield Spot(page=number, rectangle=rectangle, size=_FOOTER_SIZE, align=align)

    # --- one place ---------------------------------------------------------------------------------------------------

    def _entry(self, where: Where, field_id: str) -> Field | None:
        """The catalogue's entry, if it belongs on an agreement."""
        found = self._catalogue.find_field(field_id)
        if found is None:
            known = [entry.id for entry in self._catalogue.of_phase(Phase.AGREEMENT)]
            near = get_close_matches(field_id, known, n=1)
            self._refuse(where, "form_unknown_value_near" if near else "form_unknown_value", **_first("near", near))
        elif found.phase is not Phase.AGREEMENT:
            self._refuse(where, "form_not_agreed")
        return found

    def _spots(
        self, where: Where, places: Sequence[Place], kinds: frozenset[WidgetKind]
    ) -> Iterator[tuple[Where, Place, Spot]]:
        """Every spot that the places come to: one for a rectangle, one for each widget of a field."""
        for index, written in enumerate(places):
            here = (*where, index)
            if written.at is not None and written.page is not None:
                yield here, written, _spot(written, written.page, self._rectangle(here, written.page, written.at))
            for widget in self._widgets(here, written, kinds):
                yield here, written, _spot(written, widget.page, widget.rectangle, widget)

    def _rectangle(self, where: Where, page: int, at: tuple[float, float, float, float]) -> Rectangle:
        """In points from the lower left, whatever the map counts in. What lies off the page is a fault."""
        x, y, width, height = (number * self._unit for number in at)
        if page > len(self._outline.pages):
            self._refuse((*where, "page"), "form_no_such_page", pages=len(self._outline.pages))
            return Rectangle(x0=0, y0=0, x1=_ENOUGH, y1=_ENOUGH)
        size = self._outline.pages[page - 1]
        bottom = size.height - y - height if self._map.corner == "top-left" else y
        if width <= 0 or height <= 0 or x + width > size.width or not 0 <= bottom <= size.height - height:
            self._refuse((*where, "at"), "form_off_page", page=page, **self._in_unit(size))
        numbers = (x, bottom, x + width, bottom + height)
        x0, y0, x1, y1 = (round(number, 2) for number in numbers)
        return Rectangle(x0=x0, y0=y0, x1=x1, y1=y1)

    def _in_unit(self, size: PageSize) -> dict[str, str | int]:
        return {"width": round(size.width / self._unit), "height": round(size.height / self._unit)}

    def _widgets(self, where: Where, written: Place, kinds: frozenset[WidgetKind]) -> tuple[Widget, ...]:
        if written.field is None:
            return ()
        named = [widget for widget in self._outline.widgets if widget.name == written.field]
        if not named:
            near = get_close_matches(written.field, {widget.name for widget in self._outline.widgets}, n=1)
            code = "form_unknown_field_near" if near else "form_unknown_field"
            self._refuse((*where, "field"), code, field=written.field, **_first("near", near))
            return ()
        if named[0].kind not in kinds:
            self._refuse((*where, "field"), "form_other_kind", field=written.field, kind=named[0].kind.value)
            return ()
        found = [widget for widget in named if written.option in {None, widget.option}]
        options = sorted({widget.option for widget in named})
        if not found or (kinds == _BUTTON_KINDS and written.option is None and len(options) > 1):
            self._refuse((*where, "option"), "form_which_option", field=written.field, options=", ".join(options))
            return ()
        key = (found[0].name, found[0].option)
        if key in self._used:
            self._refuse((*where, "field"), "form_field_twice", field=written.field)
            return ()
        self._used.add(key)
        return tuple(found)

    # --- the whole ---------------------------------------------------------------------------------------------------

    def _require_values(self) -> None:
        for field_id in ALWAYS_PRINTED:
            if not self._map.values.get(field_id):
                self._refuse(("values",), "form_value_required", field=field_id)

    def _require_every_field(self) -> None:
        """Each field is used, or left empty on purpose; and what is left empty is empty."""
        names = {widget.name: widget for widget in self._outline.widgets if widget.kind is not WidgetKind.PUSH}
        filled = {widget.name for widget in self._outline.widgets if widget.filled}
        used = {name for name, _ in self._used}
        for index, name in enumerate(self._map.leave_empty):
            if name not in names:
                near = get_close_matches(name, names, n=1)
                code = "form_unknown_field_near" if near else "form_unknown_field"
                self._refuse(("leave_empty", index), code, field=name, **_first("near", near))
            elif name in used:
                self._refuse(("leave_empty", index), "form_field_twice", field=name)
            elif name in filled:
                self._refuse(("leave_empty", index), "form_field_has_value", field=name)
        for name in sorted(names.keys() - used - set(self._map.leave_empty)):
            self._refuse(("leave_empty",), "form_field_forgotten", field=name)

    def _refuse_overlaps(self, layout: FormLayout) -> None:
        """No two things are printed on top of each other."""
        named: list[tuple[Where, Spot]] = [(("values", spot.field_id), spot) for spot in layout.values]
        named += [(("marks", spot.field_id, spot.code), spot) for spot in layout.marks]
        named += [(("signatures", name), spot) for name, spot in zip(SIGNATURE_FIELDS, layout.signatures, strict=False)]
        named += [(("number",), spot) for spot in layout.numbers]
        named += [(("qr",), spot) for spot in layout.codes] + [(("footer",), spot) for spot in layout.footers]
        for (first, one), (second, other) in combinations(named, 2):
            if one.page == other.page <= len(layout.pages) and _overlap(one.rectangle, other.rectangle):
                self._refuse(first, "form_overlap", other=".".join(map(str, second)), page=one.page)

    def _refuse(self, where: Where, code: str, **detail: str | int) -> None:
        self.faults.append(MapFault(where=where, code=code, detail=detail))


def _spot(written: Place, page: int, rectangle: Rectangle, widget: Widget | None = None) -> Spot:
    """What the map says; where it is silent, what the form's own field says."""
    return Spot(
        page=page,
        rectangle=rectangle,
        size=written.size,
        align=written.align or (widget.align if widget else "left"),
        many=written.lines == "many" if written.lines else bool(widget and widget.many),
    )


def _first(name: str, found: Sequence[str]) -> dict[str, str | int]:
    return {name: found[0]} if found else {}


def _width(rectangle: Rectangle) -> float:
    return rectangle.x1 - rectangle.x0


def _height(rectangle: Rectangle) -> float:
    return rectangle.y1 - rectangle.y0


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    along = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > _OVERLAP and along > _OVERLAP
