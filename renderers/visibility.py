"""Proof that nothing an agreement must say is hidden on its pages: judged by rule from what was measured there.

A vendor's own parts and stylesheet may change the look. Whatever they do, every value, power of attorney, confirmation
and line of the terms must stand on the page in our words, in type that can be read, clear of what others print there.
"""

from collections.abc import Iterator, Sequence

from agreements.errors import ConfigurationError
from agreements.fieldmap import FormField, PrintedValue
from agreements.legibility import Legibility, Measure
from renderers.agreement import RenderedAgreement
from renderers.agreement_statements import PREFIX, Demand
from renderers.finishing.marks import mark_place

MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: text of ordinary size
MIN_POINTS = 8.0  # issue 4: the smallest type that a person is asked to sign for
FREE_BELOW_MM = 30.0  # facts/domain.md §7(a): signing services print their own lines there
_POINTS_PER_MM = 72 / 25.4
_ROUNDING = 0.05  # points, and steps of contrast
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
    seen = tuple(zip(places, measure(rendered.pdf, places), strict=True))
    faults = [fault for demand in rendered.demands for fault in _unmet(demand, seen, rendered.pages)]
    faults += [_fault("template_lacks", name, 0) for name in rendered.left_open if name not in _fields_by_id(rendered)]
    faults += [_fault("template_field_low", field.name, field.page) for field in rendered.fields if _is_low(field)]
    return tuple({(fault.code, str(fault.params)): fault for fault in faults}.values())


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
    elif seen.contrast < MIN_CONTRAST - _ROUNDING:
        yield _fault("template_too_faint", demand.id, place.page, ratio=round(seen.contrast, 1), least=MIN_CONTRAST)


def _inside(seen: Legibility) -> bool:
    """On the page, above the signing services' zone, and beside the QR code's."""
    (left, bottom, right, top), (width, height) = seen.within, seen.page_size
    mark = mark_place(width, height, quiet=True)
    on_page = left >= 0 and right <= width and top <= height and bottom >= FREE_BELOW_MM * _POINTS_PER_MM
    return on_page and not (right > mark.x0 and top > mark.y0)


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
