"""The map: what a person writes about a form. Keys are explained in docs/forms.md.

Only the form of the map is checked here; `placing` holds it against the PDF and the catalogue.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from agreements.characters import find_unfit, tidy
from agreements.language import Language
from renderers.forms.model import LARGEST_TYPE, MAX_FORM_PAGES, SMALLEST_TYPE, Align, Part

RESERVED_NAMES: Final = frozenset({"standard", "shared"})
"""The template that comes with the program, and the name of own files that all vendors share (docs/templates.md)."""
MAX_TITLE: Final = 58  # with the agreement's number the strictest signing service's 80 (facts/domain.md §5)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")  # the catalogue's pattern of a template version, and a folder's name
_LENGTH = Annotated[StrictFloat | StrictInt, Field(ge=0, le=2000)]  # mm or points: A0 is 1189 mm


def _fault(code: str, **detail: str | int) -> PydanticCustomError:
    # Pydantic wants a message; people get the text of `errors.<code>` instead.
    return PydanticCustomError("setting", "the map is wrong", {"code": code} | detail)


def is_form_name(text: str) -> bool:
    """Whether a form may be named so: small letters, digits and hyphens, and not as the program's own templates."""
    return _NAME.fullmatch(text) is not None and text not in RESERVED_NAMES


def _check_name(value: object) -> object:
    if isinstance(value, str) and not is_form_name(value):
        raise _fault("form_bad_name")
    return value


def _check_title(value: object) -> object:
    """The title stands on documents and in lists, so it is held to what any printed value may have."""
    if not isinstance(value, str):
        return value
    title = tidy(value)
    if not 0 < len(title) <= MAX_TITLE or "\n" in title:
        raise _fault("form_bad_title", limit=MAX_TITLE)
    if (unfit := find_unfit(title)) is not None:
        raise _fault(f"setting_{unfit.code}", **unfit.params)
    return title


def _listed(value: Any) -> Any:
    """A single entry may stand without the list around it."""
    return [value] if isinstance(value, Mapping) else value


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Group):
    """A rectangle on a page, or a form field of the PDF."""

    page: Annotated[StrictInt, Field(ge=1, le=MAX_FORM_PAGES)] | None = None
    at: tuple[_LENGTH, _LENGTH, _LENGTH, _LENGTH] | None = None
    """x, y, width, height, in the map's unit from the map's corner."""
    field: StrictStr | None = None
    option: StrictStr | None = None
    part: Part | None = None
    size: Annotated[StrictFloat | StrictInt, Field(ge=SMALLEST_TYPE, le=LARGEST_TYPE)] = 10
    align: Align | None = None
    lines: Literal["one", "many"] | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.at is None) == (self.field is None):
            raise _fault("form_place_how")
        if (self.at is None) != (self.page is None):
            raise _fault("form_place_page")
        return self


class CodePlace(_Group):
    """Where the QR code stands: on one page, or on all that are not named."""

    page: Annotated[StrictInt, Field(ge=1, le=MAX_FORM_PAGES)] | None = None
    at: tuple[_LENGTH, _LENGTH]
    """x and y; its size is fixed."""


class FooterPlace(_Group):
    """Where the line with number, control code and page stands: on one page, or on all that are not named."""

    page: Annotated[StrictInt, Field(ge=1, le=MAX_FORM_PAGES)] | None = None
    at: tuple[_LENGTH, _LENGTH, _LENGTH, _LENGTH]
    align: Align = "left"


Places = Annotated[tuple[Place, ...], BeforeValidator(_listed)]


class FormMap(_Group):
    """The whole map."""

    name: Annotated[StrictStr, BeforeValidator(_check_name)] | None = None
    title: Annotated[StrictStr, BeforeValidator(_check_title)]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    corner: Literal["top-left", "bottom-left"] = "top-left"
    unit: Literal["mm", "pt"] = "mm"
    values: Mapping[str, Places]
    marks: Mapping[str, Mapping[str, Places]] = {}
    signatures: Mapping[str, Place]
    number: Places = ()
    qr: Annotated[tuple[CodePlace, ...], BeforeValidator(_listed)]
    footer: Annotated[tuple[FooterPlace, ...], BeforeValidator(_listed)]
    leave_empty: tuple[StrictStr, ...] = ()
