"""From what a document shows back to the value: the inverse of `renderers.agreement_view.value_text`.

It also reads what a person typed or wrote in an open place, as `parse_value` does. Where the print does not say it all,
so does this: a list whose items hold commas, an address whose lines do, and text with line breaks come back as they
read, and must be compared by what they print (`solid` of `format_value`). Of a birth date the year alone is printed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, FieldType
from agreements.characters import tidy
from agreements.language import Language
from agreements.machine_readable import is_birth_date
from agreements.pages import solid
from agreements.texts import text as text_of
from agreements.values import ValueFault, parse_value

TICK: Final = "x"
"""What is seen of a box that is ticked (`agreements.parameters.Sighting.text`)."""
_WITHOUT_SPACES: Final = frozenset({FieldType.EMAIL, FieldType.INT64, FieldType.SSH_FINGERPRINT, FieldType.FILE})
"""Types whose values have no spaces."""
_BIRTH_YEAR: Final = re.compile(r"(?:[xX]{2}\.[xX]{2}\.)?([0-9]{4})")
_DATE_IN_WORDS: Final = re.compile(r"([0-9]{1,2})\.? ?([^\W\d_]+) ?([0-9]{4})")
_THOUSANDS: Final = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+")
_ADDRESS: Final = re.compile(r"(?:(?P<lines>.*), ?)?(?P<postal>[0-9]{4}) (?P<city>.+)")


def parse_printed(
    catalogue: Catalogue, field: Field, text: str, language: Language, *, allow_synthetic: bool
) -> JsonValue:
    """The canonical value of what stands in a field's place; None if nothing does. White space may be folded anyhow.

    Raises ValueFault. The rules of the catalogue are `check_values`'s. Certificates are on no agreement and not read.
    """
    shown = " ".join(text.split())
    if not shown:
        return None
    if is_birth_date(field):
        return _birth_year(field, shown, language)
    if (parse := _PARSERS.get(field.type)) is not None:
        found = parse(catalogue, field, shown, language)
        if found is not None:
            return found
    return parse_value(field, _without_breaks(field, shown), allow_synthetic=allow_synthetic)


def _without_breaks(field: Field, shown: str) -> str:
    """The text with no spaces where none can be: a line was broken there."""
    fits = field.type not in _WITHOUT_SPACES and (field.pattern is None or re.fullmatch(field.pattern, shown))
    return shown if fits else solid(shown)


def _enum(catalogue: Catalogue, field: Field, shown: str, language: Language) -> JsonValue:
    return _code(catalogue, field, shown, language)


def _bool(_catalogue: Catalogue, _field: Field, shown: str, language: Language) -> JsonValue:
    """None for what is neither of the document's own words: others are typed."""
    word = _folded(shown)
    if word == TICK or word == _folded(text_of("values.yes", language)):
        return True
    return False if word == _folded(text_of("values.no", language)) else None


def _int(_catalogue: Catalogue, _field: Field, shown: str, language: Language) -> JsonValue:
    number = solid(shown)
    return int(number.replace(",", "")) if language is Language.EN and _THOUSANDS.fullmatch(number) else None


def _list(catalogue: Catalogue, field: Field, shown: str, language: Language) -> JsonValue:
    """Items of a closed list by their labels; None for free ones."""
    if not field.values:
        return None
    return [_code(catalogue, field, part, language) for part in shown.split(",") if part.strip()]


def _date(_catalogue: Catalogue, _field: Field, shown: str, language: Language) -> JsonValue:
    return _day_in_words(shown, language)


def _day_in_words(shown: str, language: Language) -> str | None:
    match = _DATE_IN_WORDS.fullmatch(tidy(shown))
    if match is None:
        return None
    month = next((n for n in range(1, 13) if _folded(text_of(f"dates.months.{n}", language)) == _folded(match[2])), 0)
    try:
        return date(int(match[3]), month, int(match[1])).isoformat()
    except ValueError:
        raise ValueFault("not_a_date") from None


def _signer(catalogue: Catalogue, _field: Field, shown: str, language: Language) -> JsonValue:
    """`Ola Nordmann (Prokura)`."""
    for role in catalogue.field("signer.role").values:
        ending = f"({tidy(catalogue.value_label('signer.role', role, language))})"
        if shown.endswith(ending) and (name := shown.removesuffix(ending).strip()):
            return {"name": name, "role": role}
    raise ValueFault("signer_form")


def _address(_catalogue: Catalogue, _field: Field, shown: str, _language: Language) -> JsonValue:
    """`Storgata 1, 0155 Oslo`; None for what has no postal code, which `parse_value` tells of."""
    match = _ADDRESS.fullmatch(tidy(shown))
    if match is None:
        return None
    lines: list[JsonValue] = [line.strip() for line in (match["lines"] or "").split(",") if line.strip()]
    return {"lines": lines, "postal_code": match["postal"], "city": match["city"].strip()}


_Parser = Callable[[Catalogue, Field, str, Language], JsonValue]
_PARSERS: Final[Mapping[FieldType, _Parser]] = {
    FieldType.ENUM: _enum,
    FieldType.BOOL: _bool,
    FieldType.INT: _int,
    FieldType.LIST: _list,
    FieldType.DATE: _date,
    FieldType.SIGNER: _signer,
    FieldType.ADDRESS: _address,
}
"""None from one of them: what stands there was not printed like this; then it is read as typed."""


def _birth_year(field: Field, shown: str, language: Language) -> JsonValue:
    if match := _BIRTH_YEAR.fullmatch(solid(shown)):
        return match[1]
    day = _day_in_words(shown, language) or str(parse_value(field, shown, allow_synthetic=False))
    return day[:4]


def _code(catalogue: Catalogue, field: Field, shown: str, language: Language) -> str:
    """The code whose label this is, or that it is itself. Raises ValueFault where it is none's, or two's."""
    wanted = _folded(shown)
    labels = [code for code in field.values if _folded(catalogue.value_label(field.id, code, language)) == wanted]
    codes = labels or [code for code in field.values if _folded(code) == wanted]
    if len(codes) != 1:
        raise ValueFault("not_in_list", allowed=", ".join(field.values))
    return codes[0]


def _folded(shown: str) -> str:
    """Without white space and case."""
    return solid(shown).casefold()
