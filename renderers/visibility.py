"""Proof that nothing an agreement must say is hidden on its pages: judged by rule from what was measured there.

A vendor's own parts and stylesheet may change the look. Whatever they do, every value, power of attorney, confirmation
and line of the terms must stand on the page in our words, in type that can be read, clear of what others print there.
Then the pages as a whole: each letter of them can be read, and together they are those of the templates and the words
files, none less and none more.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from agreements.errors import ConfigurationError
from agreements.fieldmap import FormField, PrintedValue, Rectangle
from agreements.legibility import CONTRAST_ROUNDING, MIN_CONTRAST, Legibility, Measure
from renderers.agreement import RenderedAgreement
from renderers.agreement_statements import PREFIX, Demand
from renderers.finishing.marks import mark_place
from renderers.override_markup import PrintedLetters, count_letters

MIN_POINTS = 8.0  # issue 4: the smallest type that a person is asked to sign for
_A4 = (210.0, 297.0)  # millimetres: what signing services and the QR code's place are made for
_EVERYWHERE = 10_000.0  # points: farther than any page reaches
_PAGE_TEXT = "statement.text"
"""Stands in messages for the text of a page that is nobody's value."""
_IN_ORDER = tuple(f"{PREFIX}{part}." for part in ("power", "signature", "terms"))
"""How the ids of the fixed parts' sentences begin: from above to below, as our own templates print them."""
_MAX_TOLD = 30
FREE_BELOW_MM = 30.0  # facts/domain.md §7(a): signing services print their own lines there
_POINTS_PER_MM = 72 / 25.4
_SLACK = 1.0  # points
_ROUNDING = 0.05  # points
_UNSAID = str.maketrans("", "", "-\u00ad\u2010\u2011\ufffe\u0002")  # what a line's end does to a hyphen


def prove_visible(rendered: RenderedAgreement, measure: Measure) -> None:
    """Raise ConfigurationError `template_hides` with everything that can't be read as it should."""
    faults = find_hidden(rendered, measure)
    if faults:
        name = rendered.template_version.partition(" ")[0]
        raise ConfigurationError("template_hides", template=name, count=len(faults), faults=faults)


def find_hidden(rendered: RenderedAgreement, measure: Measure) -> tuple[ConfigurationError, ...]:
    """Everything that is missing, altered or can't be read on the pages; empty if all is well."""
    places = (*rendered.values, *rendered.statements)
    pages = tuple(place for number in range(1, rendered.pages + 1) for place in _parts_of_page(number))
    measured = measure(rendered.pdf, (*places, *pages))
    seen = tuple(zip(places, measured, strict=False))
    faults = [fault for demand in rendered.demands for fault in _unmet(demand, seen, rendered.pages)]
    faults += [_fault("template_lacks", name, 0) for name in rendered.left_open if name not in _fields_by_id(rendered)]
    faults += [_fault("template_field_added", field.name, field.page) for field in _added_fields(rendered)]
    faults += [_fault("template_field_low", field.name, field.page) for field in rendered.fields if _is_low(field)]
    faults += _out_of_order(rendered.statements)
    told = {fault.params["page"] for fault in faults}
    whole = measured[len(places) :]
    for page in range(1, rendered.pages + 1):
        if page not in told:
            faults += _page_rules(page, *whole[3 * page - 3 : 3 * page])
    if not faults and rendered.letters is not None:
        faults += _letter_rules(rendered.letters, whole[::3])
    return tuple({(fault.code, str(fault.params)): fault for fault in faults}.values())


def _parts_of_page(page: int) -> Iterator[PrintedValue]:
    """All of it and what is beside it; the signing services' zone; the QR code's."""
    mark, far = mark_place(*_points(_A4), quiet=True), _EVERYWHERE
    yield _part(page, Rectangle(x0=-far, y0=-far, x1=far, y1=far))
    yield _part(page, Rectangle(x0=-far, y0=-far, x1=far, y1=FREE_BELOW_MM * _POINTS_PER_MM - 2 * _SLACK))
    yield _part(page, Rectangle(x0=mark.x0 + _SLACK, y0=mark.y0 + _SLACK, x1=far, y1=far))


def _part(page: int, rectangle: Rectangle) -> PrintedValue:
    return PrintedValue(field_id=_PAGE_TEXT, page=page, rectangle=rectangle, text="", label="")


def _page_rules(page: int, text: Legibility, low: Legibility, marked: Legibility) -> Iterator[ConfigurationError]:
    """Whether every letter on a page can be read where it may stand, and the page is as large as ours."""
    (left, bottom, right, top), (width, height) = text.within, text.page_size
    on_page = not text.text or (left >= 0 and bottom >= 0 and right <= width and top <= height)
    is_a4 = all(abs(side - ours) < _SLACK for side, ours in zip((width, height), _points(_A4), strict=True))
    if low.text or marked.text or not on_page or not is_a4:
        yield _fault("template_outside", _PAGE_TEXT, page)
    elif text.text and text.size < MIN_POINTS - _ROUNDING:
        yield _fault("template_too_small", _PAGE_TEXT, page, points=round(text.size, 1), least=MIN_POINTS)
    elif text.text and text.contrast < MIN_CONTRAST - CONTRAST_ROUNDING:
        yield _fault("template_too_faint", _PAGE_TEXT, page, ratio=round(text.contrast, 1), least=MIN_CONTRAST)


def _letter_rules(expected: PrintedLetters, pages: Sequence[Legibility]) -> Iterator[ConfigurationError]:
    """Whether the pages show what the templates and words came to: what a stylesheet adds or swallows is found here."""
    shown = count_letters("".join(page.text for page in pages))
    added, lacking = shown - expected.may, expected.must - shown
    if added or lacking:
        yield ConfigurationError("template_letters_differ", added=_told(added), lacking=_told(lacking))


def _told(letters: Counter[str]) -> str:
    return "".join(sorted(letters.elements()))[:_MAX_TOLD] or "-"


def _out_of_order(statements: Sequence[PrintedValue]) -> Iterator[ConfigurationError]:
    """A sentence of a fixed part that stands above the one before it: read in another order, it says something else."""
    for part in _IN_ORDER:
        there = [place for place in statements if place.field_id.startswith(part)]
        for before, after in pairwise(there):
            if (after.page, -after.rectangle.y1) < (before.page, -before.rectangle.y1 - _SLACK):
                yield _fault("template_order", after.field_id, after.page)


def _unmet(demand: Demand, seen: Sequence[tuple[PrintedValue, Legibility]], pages: int) -> Iterator[ConfigurationError]:
    found = [(place, legibility) for place, legibility in seen if place.field_id == demand.id]
    if len({place.page for place, _ in found}) < (pages if demand.on_every_page else 1):
        yield _fault("template_lacks", demand.id, 0)
    for place, legibility in found:
        yield from _rules(demand, place, legibility)


def _rules(demand: Demand, place: PrintedValue, seen: Legibility) -> Iterator[ConfigurationError]:
    said = _squeezed(demand.text)
    if _squeezed(place.text) != said:
        yield _fault("template_alters", demand.id, place.page)
    elif said not in _squeezed(seen.text):
        yield _fault("template_covers", demand.id, place.page)
    elif seen.size < MIN_POINTS - _ROUNDING:
        yield _fault("template_too_small", demand.id, place.page, points=round(seen.size, 1), least=MIN_POINTS)
    elif not _inside(seen):
        yield _fault("template_outside", demand.id, place.page)
    elif seen.contrast < MIN_CONTRAST - CONTRAST_ROUNDING:
        yield _fault("template_too_faint", demand.id, place.page, ratio=round(seen.contrast, 1), least=MIN_CONTRAST)


def _inside(seen: Legibility) -> bool:
    """On the page, above the signing services' zone, and beside the QR code's."""
    (left, bottom, right, top), (width, height) = seen.within, seen.page_size
    mark = mark_place(width, height, quiet=True)
    on_page = left >= 0 and right <= width and top <= height and bottom >= FREE_BELOW_MM * _POINTS_PER_MM
    return on_page and not (right > mark.x0 and top > mark.y0)


def _added_fields(rendered: RenderedAgreement) -> Iterator[FormField]:
    """Fields that nobody asked for: what is filled in there would look agreed."""
    ours = {*rendered.left_open, None}
    return (field for field in rendered.fields if field.field_id not in ours)


def _points(sides: tuple[float, float]) -> tuple[float, float]:
    return sides[0] * _POINTS_PER_MM, sides[1] * _POINTS_PER_MM


def _fields_by_id(rendered: RenderedAgreement) -> frozenset[str | None]:
    return frozenset(field.field_id for field in rendered.fields)


def _is_low(field: FormField) -> bool:
    return field.rectangle.y0 < FREE_BELOW_MM * _POINTS_PER_MM


def _squeezed(text: str) -> str:
    return "".join(text.split()).translate(_UNSAID)


def _fault(code: str, what: str, page: int, **detail: float) -> ConfigurationError:
    """`what`: the id of a value; of a statement the kind alone (`statement.power`), which has words in the texts."""
    kind = ".".join(what.split(".")[:2]) if what.startswith(PREFIX) else what
    return ConfigurationError(code, what=kind, page=page, **detail)
