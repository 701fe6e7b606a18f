"""The values the customer fills in: form fields for a PDF program, ruled lines and boxes to tick on paper."""

from dataclasses import dataclass

from agreements.agreement import SigningRoute
from agreements.catalogue import Catalogue, Field, FieldType, Values
from agreements.fieldmap import FieldKind, pdf_field_name
from agreements.language import Language
from agreements.texts import capitalised, text
from agreements.values import MAX_TEXT

_KINDS = {FieldType.ENUM: FieldKind.CHOICE, FieldType.BOOL: FieldKind.CHECKBOX}
_SEVERAL_LINES = frozenset({FieldType.TEXT, FieldType.ADDRESS, FieldType.LIST})
_HELP = frozenset({FieldType.ADDRESS, FieldType.DATE, FieldType.LIST, FieldType.ORGNR, FieldType.PHONE})
_LENGTHS = {FieldType.DATE: 10, FieldType.ORGNR: 11, FieldType.PHONE: 20, FieldType.INT: 20}
"""Characters a person may need, with the blanks that people write between groups."""


@dataclass(frozen=True, kw_only=True)
class Blank:
    """An open value, as its row shows it."""

    name: str
    """The PDF field's name."""
    kind: FieldKind
    """`ruled` on paper, whatever is asked."""
    several_lines: bool
    max_length: int
    """Characters."""
    required: bool
    choices: tuple[tuple[str, str], ...]
    """Code and label of each choice; empty for free text. Yes or no has `true` alone: the box is ticked, or not."""
    help: str
    """The key of the sentence that says how to fill it in; empty where the label says it all."""


def blank(catalogue: Catalogue, field: Field, values: Values, language: Language, route: SigningRoute) -> Blank:
    """The place to fill in for one field on this route."""
    limits = [limit for name, limit in field.max_when.items() if catalogue.conditions[name].holds(values)]
    kind = _KINDS.get(field.type, FieldKind.TEXT)
    return Blank(
        name=pdf_field_name(field.id),
        kind=FieldKind.RULED if route is SigningRoute.PAPER else kind,
        several_lines=field.type in _SEVERAL_LINES,
        max_length=min([_LENGTHS.get(field.type) or _text_limit(field), *limits]),
        required=field.required,
        choices=_choices(catalogue, field, language),
        help=f"agreement.help.{field.type.value}" if field.type in _HELP else "",
    )


def _text_limit(field: Field) -> int:
    return field.max if field.max and field.type is not FieldType.INT else MAX_TEXT


def _choices(catalogue: Catalogue, field: Field, language: Language) -> tuple[tuple[str, str], ...]:
    if field.type is FieldType.BOOL:
        return (("true", capitalised(text("values.yes", language))),)
    if field.type is FieldType.ENUM:
        return tuple((code, catalogue.value_label(field.id, code, language)) for code in field.values)
    return ()
