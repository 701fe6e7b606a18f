"""What the sandbox does with a supplied PDF: two looks, each in a child of its own.

1. `examine`: what it holds that no form may, what it offers, and its pages alone (`renderers.forms`)
2. `look`: whether every letter of those pages can be seen, and whether the map's places are free (`intake.reading`)
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from agreements.agreement import SIGNATURE_FIELDS
from agreements.canonical import JsonValue
from agreements.fieldmap import Rectangle
from onboarding.sandbox import Limit, Limits, Sandbox, SandboxResult
from onboarding.settings.model import Limits as ConfiguredLimits
from renderers.forms.model import MAX_FORM_BYTES, FormFault, FormLayout, Outline, Spot, Widget

PDF, ORIGINAL = "pdf", "original"
_ANSWER_BYTES: Final = MAX_FORM_BYTES * 4 // 3 + 2**20
"""The normalised file in base 64 beside the usual answer: a child may write no file of its own."""
_SECONDS: Final = 60
"""For twenty pages drawn twice; a form is imported by a person, once."""


@dataclass(frozen=True, kw_only=True)
class ExaminedForm:
    """What the first look found; `outline` is None if there are faults."""

    faults: tuple[FormFault, ...]
    outline: Outline | None
    base: bytes


def examine(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: rules, outline and normalised pages."""
    from renderers.forms.examining import examine as examine_pdf

    examined = examine_pdf(files[PDF])
    return {
        "faults": _as_json(examined.faults),
        "outline": None if examined.outline is None else examined.outline.model_dump(mode="json"),
        "base": b64encode(examined.base).decode("ascii"),
    }


def look(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: faults of the normalised pages. `arguments`: as `look_at_pages` sends."""
    from intake.reading.visible import Sight, pages_that_differ

    asked = _Look.model_validate(arguments)
    boxes = [(widget.page, widget.rectangle) for widget in asked.widgets]
    faults = [
        FormFault(code="form_looks_different", params={"page": page})
        for page in pages_that_differ(files[ORIGINAL], files[PDF], boxes)
    ]
    sight = Sight(files[PDF])
    faults += [
        FormFault(code="form_hidden_text", params={"page": found.page, "letters": found.letters})
        for found in sight.hidden_text()
    ]
    for place in asked.places:
        taken = sight.has_text if place.may_be_drawn_on else sight.has_anything
        if taken(place.page, place.rectangle):
            faults.append(FormFault(code="form_place_taken", params={"key": place.key, "page": place.page}))
    return _as_json(faults)


class _Place(BaseModel):
    """A place of the map, for the second look."""

    model_config = ConfigDict(frozen=True)

    key: str
    page: int
    rectangle: Rectangle
    may_be_drawn_on: bool
    """Lines and colour are fine there; only text is in the way."""


class _Look(BaseModel):
    """What the second look is to look at."""

    model_config = ConfigDict(frozen=True)

    places: tuple[_Place, ...]
    widgets: tuple[Widget, ...]
    """The fields that were taken away, boxes and all."""


def _as_json(faults: Sequence[FormFault]) -> list[JsonValue]:
    return [{"code": fault.code, "params": dict(fault.params)} for fault in faults]


# --- the program's side -----------------------------------------------------------------------------------------------


def examine_form(sandbox: Sandbox, path: Path, limits: ConfiguredLimits) -> ExaminedForm:
    """The first look at the file a person named. Raises OSError where it can't be opened."""
    result = sandbox.run("onboarding.forms.examining:examine", files={PDF: path}, limits=_limits(limits))
    if not result.ok:
        return ExaminedForm(faults=(_failed(result),), outline=None, base=b"")
    value = result.value
    assert isinstance(value, dict)
    outline = None if value["outline"] is None else Outline.model_validate(value["outline"])
    return ExaminedForm(faults=_faults(value["faults"]), outline=outline, base=b64decode(str(value["base"])))


def look_at_pages(
    sandbox: Sandbox, files: Mapping[str, Path], outline: Outline, layout: FormLayout, limits: ConfiguredLimits
) -> tuple[FormFault, ...]:
    """The second look, at the normalised pages (`PDF`) and those they were made of (`ORIGINAL`)."""
    asked = _Look(places=tuple(_places(layout)), widgets=outline.widgets).model_dump(mode="json")
    result = sandbox.run("onboarding.forms.examining:look", files=files, arguments=asked, limits=_limits(limits))
    return _faults(result.value) if result.ok else (_failed(result),)


def _places(layout: FormLayout) -> Iterator[_Place]:
    for value in layout.values:
        yield _place(f"values.{value.field_id}", value)
    for mark in layout.marks:
        yield _place(f"marks.{mark.field_id}.{mark.code}", mark)
    for name, signature in zip(SIGNATURE_FIELDS, layout.signatures, strict=False):
        yield _place(f"signatures.{name}", signature)
    for number in layout.numbers:
        yield _place("number", number)
    for key, spots in (("qr", layout.codes), ("footer", layout.footers)):
        yield from (_place(key, spot, may_be_drawn_on=False) for spot in spots)


def _place(key: str, spot: Spot, *, may_be_drawn_on: bool = True) -> _Place:
    return _Place(key=key, page=spot.page, rectangle=spot.rectangle, may_be_drawn_on=may_be_drawn_on)


def _limits(limits: ConfiguredLimits) -> Limits:
    return Limits(
        memory_bytes=limits.validation_bytes,
        cpu_seconds=max(limits.validation_seconds, _SECONDS),
        wall_seconds=max(limits.validation_seconds, _SECONDS),
        output_bytes=_ANSWER_BYTES,
    )


def _failed(result: SandboxResult) -> FormFault:
    """The child did not finish: a limit, or the reader failed on the file, or ended with it."""
    if result.limit not in {None, Limit.CRASH}:
        return FormFault(code="form_over_limit", params={"limit": result.limit.value})
    return FormFault(code="form_unreadable")


def _faults(value: JsonValue) -> tuple[FormFault, ...]:
    assert isinstance(value, list)
    return tuple(TypeAdapter(list[FormFault]).validate_python(value))
