"""Values of the catalogue: from text to canonical value, checks, and the way people read them.

`parse_value` reads what a person typed (command line, CSV). `check_values` looks at a whole set and returns every fault
at once. `format_value` gives what is printed: labels, never codes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, FieldType, Phase, Values
from agreements.characters import find_unfit, tidy
from agreements.language import Language
from agreements.national_id import find_certain
from agreements.orgnumber import OrgNumber, OrgNumberError, find_org_number, parse_org_number
from agreements.texts import text

# RFC 5321 4.5.3.1: local part 64 octets; the whole path at most 254 (erratum 1690). No quoted local parts: nobody has
# one. RFC 5322 3.2.3: full stops stand between other characters. RFC 1035 2.3.1: labels of at most 63.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164: at most fifteen digits
_NORWEGIAN_PHONE = re.compile(r"\+47([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_POSTAL = re.compile(r"([0-9]{4}) +(\S.*)")  # four digits: Brønnøysund `^\d{4}$`
_SSH = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")  # RFC 5280, 4.1.2.2: at most twenty octets
_INT64_MAX = 2**63 - 1  # xsd:long
MAX_TEXT = 2000
"""Longest free text of a field without its own limit; ours, so that an agreement stays a few pages."""
MAX_ADDRESS_LINES = 3
MAX_EMAIL = 254
"""RFC 5321 4.5.3.1.3, erratum 1690."""
MAX_FILE_NAME = 255
"""As long as file systems let a name be."""
_YEAR_ALONE = 4
"""Characters: what is read of a birth date is its year, for that is what a document shows."""
_TRUE = frozenset({"true", "ja", "yes", "1", "x"})
_FALSE = frozenset({"false", "nei", "no", "0", ""})
_EMPTY_OF_ITS_OWN = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.BOOL, FieldType.LIST, FieldType.LIST_INT})
"""Types whose canonical values have an empty one; of any other type, nothing typed is no value (None)."""

_FREE = frozenset(
    {FieldType.STRING, FieldType.TEXT, FieldType.LIST, FieldType.EMAIL, FieldType.ADDRESS, FieldType.SIGNER}
)
"""Types in which a person may write whatever they like, a national identity number too. References to certificates,
keys and files are none: they have long numbers of their own; nor is an address in Peppol, which has nine digits."""
_MADE_BY_PROGRAM = frozenset({"agreement.id", "agreement.template_version", "agreement.terms_version"})
"""Hexadecimal digits may by chance look like anything."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one value. `code` names a text under `faults.`; the value itself is not repeated."""

    field_id: str
    code: str
    params: Mapping[str, str | int]


class ValueFault(Exception):
    """Raised by the parsers; carries the fault's code and parameters."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def parse_value(field: Field, typed: str, *, allow_synthetic: bool) -> JsonValue:
    """The canonical value of what a person typed. Raises ValueFault.

    Lists are separated by commas; an address is `Storgata 1, 0155 Oslo` (the part after the last comma is postal code
    and place); true/false may be written ja/nei; dates are `2026-11-23` or `23.11.2026`. Nothing typed empties the
    value: whether the agreement can do without is told when it is issued. What stands in a file (a certificate) can't
    be typed: `check_value` refuses what this gives back for it.
    """
    lines = field.type is FieldType.TEXT
    typed = tidy(typed, lines=lines)
    _refuse_unfit(typed, lines=lines)
    _refuse_national_id(field, typed)
    if not typed and field.type not in _EMPTY_OF_ITS_OWN:
        return None
    match field.type:
        case FieldType.BOOL:
            return _parse_bool(typed)
        case FieldType.INT | FieldType.INT64:
            return _parse_int(typed)
        case FieldType.LIST:
            return [part.strip() for part in typed.split(",") if part.strip()]
        case FieldType.LIST_INT:
            return [_parse_int(part.strip()) for part in typed.split(",") if part.strip()]
        case FieldType.DATE:
            return _parse_date(typed).isoformat()
        case FieldType.ADDRESS:
            return _parse_address(typed)
        case FieldType.PHONE:
            return _parse_phone(typed)
        case FieldType.ORGNR:
            return _parse_orgnr(typed, allow_synthetic=allow_synthetic)
        case _:
            return typed


def parse_email(typed: str) -> str | None:
    """An e-mail address outside the catalogue; None for nothing. Raises ValueFault."""
    typed = tidy(typed)
    _refuse_unfit(typed)
    refuse_national_id(typed)
    return _require_email(typed) if typed else None


def parse_phone(typed: str) -> str | None:
    """A telephone number outside the catalogue, E.164; None for nothing. Raises ValueFault."""
    typed = tidy(typed)
    _refuse_unfit(typed)
    return _require_phone(_parse_phone(typed)) if typed else None


def check_value(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> Iterator[Fault]:
    """Every rule of one field that its value breaks, given all the other values."""
    try:
        _CHECKS.get(field.type, _check_text)(catalogue, field, value, values)
        for written in _texts(value):
            _refuse_national_id(field, written)
    except ValueFault as fault:
        yield Fault(field_id=field.id, code=fault.code, params=fault.params)


def check_values(catalogue: Catalogue, values: Values) -> tuple[Fault, ...]:
    """All faults of all given values at once; unknown ids too. Says nothing of what is missing."""
    faults: list[Fault] = []
    for field_id, value in values.items():
        field = catalogue.find_field(field_id)
        if field is None:
            faults.append(Fault(field_id=field_id, code="unknown_field", params={}))
        elif value is not None:
            faults += check_value(catalogue, field, value, values)
    return tuple(faults)


def missing_values(catalogue: Catalogue, values: Values, phase: Phase = Phase.AGREEMENT) -> tuple[Field, ...]:
    """Required fields of a phase that are asked for and have no value."""
    return tuple(
        field
        for field in catalogue.of_phase(phase)
        if field.required and catalogue.is_asked(field, values) and values.get(field.id) in (None, "", [])
    )


def with_defaults(catalogue: Catalogue, values: Values) -> dict[str, JsonValue]:
    """The values with the catalogue's defaults where nothing was said."""
    defaults = {field.id: field.default for field in catalogue.fields if field.default is not None}
    return defaults | dict(values)


def format_value(catalogue: Catalogue, field: Field, value: JsonValue, language: Language) -> str:
    """What people read: labels for codes, grouped organisation numbers, dates as they are written."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return text("values.yes" if value else "values.no", language)
    if isinstance(value, list):
        return ", ".join(_format_item(catalogue, field, item, language) for item in value)
    if isinstance(value, dict):
        return _format_mapping(catalogue, field, value, language)
    return _format_item(catalogue, field, value, language)


def format_address(address: Mapping[str, JsonValue]) -> str:
    """`Storgata 1, 0155 Oslo`."""
    lines = address.get("lines")
    parts = [str(line) for line in lines] if isinstance(lines, list) else []
    return ", ".join([*parts, f"{address.get('postal_code')} {address.get('city')}"])


def format_date(day: date, language: Language) -> str:
    """`23. november 2026` (nb, nn), `23 November 2026` (en)."""
    month = text(f"dates.months.{day.month}", language)
    return f"{day.day} {month} {day.year}" if language is Language.EN else f"{day.day}. {month} {day.year}"


def format_time(at: datetime, language: Language) -> str:
    """`14.05` (nb, nn), `14:05` (en): the clock that `at` shows, so give it in the time that people are to read."""
    return at.strftime("%H:%M" if language is Language.EN else "%H.%M")


def format_phone(number: str) -> str:
    """`+47 22 03 00 45`, as eight digits are read in Norway; other countries' numbers as they are."""
    match = _NORWEGIAN_PHONE.fullmatch(number)
    return number if match is None else "\u00a0".join(("+47", *match.groups()))


def format_number(number: int, language: Language) -> str:
    """Thousands apart: by a no-break space in Norwegian, by a comma in English."""
    return f"{number:,}" if language is Language.EN else f"{number:,}".replace(",", "\u00a0")


def _format_mapping(catalogue: Catalogue, field: Field, value: Mapping[str, JsonValue], language: Language) -> str:
    match field.type:
        case FieldType.SIGNER:
            return _format_signer(catalogue, value, language)
        case FieldType.CERTIFICATE:
            expires = format_date(date.fromisoformat(str(value["not_after"])), language)
            return text("values.certificate", language, **{**value, "expires": expires})
        case FieldType.FILE:
            return text("values.file", language, **value)
        case _:
            return format_address(value)


def _format_signer(catalogue: Catalogue, signer: Mapping[str, JsonValue], language: Language) -> str:
    return f"{signer['name']} ({catalogue.value_label('signer.role', str(signer['role']), language)})"


def _format_item(catalogue: Catalogue, field: Field, value: JsonValue, language: Language) -> str:
    if field.type is FieldType.DATE and len(str(value)) == _YEAR_ALONE:
        return str(value)
    if field.type is FieldType.DATE:
        return format_date(date.fromisoformat(str(value)), language)
    if field.type is FieldType.ORGNR:
        return OrgNumber(str(value)).grouped
    if field.type is FieldType.INT:
        return format_number(int(str(value)), language)
    if field.type is FieldType.PHONE:
        return format_phone(str(value))
    return catalogue.value_label(field.id, str(value), language)


def refuse_national_id(text: str) -> None:
    """Raises ValueFault `national_id`, with the number masked: the agreement says that it holds none (GDPR art. 87,
    personopplysningsloven § 12: only where it is needed to tell people apart).
    """
    if (masked := find_certain(text)) is not None:
        raise ValueFault("national_id", masked=masked)


def _refuse_national_id(field: Field, text: str) -> None:
    if field.type in _FREE and field.id not in _MADE_BY_PROGRAM:
        refuse_national_id(text)


def _texts(value: JsonValue) -> Iterator[str]:
    """Every text in a value: its own, a list's, an address's, a signer's."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)


def _refuse_unfit(text: str, *, lines: bool = False) -> None:
    """Raises ValueFault for a character that no value may have."""
    if (unfit := find_unfit(text, lines=lines)) is not None:
        raise ValueFault(unfit.code, **unfit.params)


# --- parsing ----------------------------------------------------------------------------------------------------------


def _parse_bool(typed: str) -> bool:
    word = typed.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueFault("not_yes_or_no")


def _parse_int(typed: str) -> int:
    digits = re.sub(r"(?<=\d)[ \u00a0](?=\d{3}\b)", "", typed)
    if not re.fullmatch(r"-?\d{1,19}", digits, re.ASCII):
        raise ValueFault("not_a_number")
    return int(digits)


def _parse_date(typed: str) -> date:
    norwegian = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", typed, re.ASCII)
    try:
        if norwegian:
            return date(int(norwegian[3]), int(norwegian[2]), int(norwegian[1]))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", typed, re.ASCII):
            return date.fromisoformat(typed)
    except ValueError:
        pass
    raise ValueFault("not_a_date")


def _parse_address(typed: str) -> JsonValue:
    *lines, last = (part.strip() for part in typed.split(","))
    postal = _POSTAL.fullmatch(last)
    if postal is None:
        raise ValueFault("address_form")
    return {"lines": [line for line in lines if line], "postal_code": postal[1], "city": postal[2].strip()}


def _parse_phone(typed: str) -> str:
    digits = re.sub(r"[\s\u00a0().-]", "", typed)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    return f"+47{digits}" if re.fullmatch(r"\d{8}", digits, re.ASCII) else digits


def _parse_orgnr(typed: str, *, allow_synthetic: bool) -> str:
    try:
        return parse_org_number(typed, allow_synthetic=allow_synthetic).digits
    except OrgNumberError as error:
        raise ValueFault(error.code) from error


# --- checks -----------------------------------------------------------------------------------------------------------


def _check_text(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, str):
        raise ValueFault("not_text")
    _refuse_unfit(value, lines=field.type is FieldType.TEXT)
    limits = [limit for name, limit in field.max_when.items() if catalogue.conditions[name].holds(values)]
    limit = min([field.max or MAX_TEXT, *limits])
    if len(value) > limit:
        raise ValueFault("too_long", limit=limit)
    if field.pattern and not re.fullmatch(field.pattern, value):
        raise ValueFault("pattern")
    if field.check == "peppol_orgnr" and find_org_number(value.partition(":")[2]) is None:
        raise ValueFault("orgnr_check_digit")


def _check_enum(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if value not in field.values:
        raise ValueFault("not_in_list", allowed=", ".join(field.values))
    for name, codes in field.only_when.items():
        if value in codes and not catalogue.conditions[name].holds(values):
            raise ValueFault("not_allowed_here", condition=name)


def _check_bool(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, bool):
        raise ValueFault("not_yes_or_no")
    if field.must_be is not None and value != field.must_be:
        raise ValueFault("must_be_yes")
    # A `when:` on a service switch means it can't be ordered at all otherwise (DPI is for the public sector only).
    if value and not catalogue.is_asked(field, values):
        raise ValueFault("not_allowed_here", condition=field.when or "")


def _check_int(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueFault("not_a_number")
    if field.min is not None and value < field.min:
        raise ValueFault("too_small", limit=field.min)
    if value > (field.max or _INT64_MAX):
        raise ValueFault("too_large", limit=field.max or _INT64_MAX)


def _check_list(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueFault("not_a_list")
    for item in value:
        if field.values and item not in field.values:
            raise ValueFault("not_in_list", allowed=", ".join(field.values))
        if field.item_pattern and not re.fullmatch(field.item_pattern, str(item)):
            raise ValueFault("pattern")
        _check_text(catalogue, field, item, values)


def _check_list_int(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, list):
        raise ValueFault("not_a_list")
    for item in value:
        _check_int(catalogue, field, item, values)


def _check_date(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueFault("not_a_date")
    _parse_date(value)


def _check_email(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    _check_text(catalogue, field, value, values)
    _require_email(str(value))


def _check_phone(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    _require_phone(value)


def _require_email(value: str) -> str:
    if len(value) > MAX_EMAIL:
        raise ValueFault("too_long", limit=MAX_EMAIL)
    if not _EMAIL.fullmatch(value):
        raise ValueFault("not_an_email")
    return value


def _require_phone(value: JsonValue) -> str:
    if not isinstance(value, str) or not _PHONE.fullmatch(value):
        raise ValueFault("not_a_phone_number")
    return value


def _check_orgnr(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{9}", value):
        raise ValueFault("orgnr_not_nine_digits")
    if find_org_number(value) is None:
        raise ValueFault("orgnr_check_digit")


def _check_address(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, dict) or set(value) != {"lines", "postal_code", "city"}:
        raise ValueFault("address_form")
    lines, postal_code, city = value["lines"], value["postal_code"], value["city"]
    if not isinstance(lines, list) or not isinstance(city, str) or not city:
        raise ValueFault("address_form")
    if len(lines) > MAX_ADDRESS_LINES:
        raise ValueFault("address_lines", limit=MAX_ADDRESS_LINES)
    if not isinstance(postal_code, str) or not re.fullmatch(r"[0-9]{4}", postal_code):
        raise ValueFault("postal_code")
    for line in lines:
        _check_part(line, field.max_line)
    _check_part(city, field.max_city)


def _check_part(part: JsonValue, limit: int | None) -> None:
    """One line of an address."""
    if not isinstance(part, str):
        raise ValueFault("address_form")
    _refuse_unfit(part)
    if len(part) > (limit or MAX_TEXT):
        raise ValueFault("too_long", limit=limit or MAX_TEXT)


def _check_signer(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, dict) or set(value) != {"name", "role"}:
        raise ValueFault("signer_form")
    name, role = value["name"], value["role"]
    if not isinstance(name, str) or not name.strip():
        raise ValueFault("signer_form")
    _refuse_unfit(name)
    if role not in catalogue.field("signer.role").values:
        raise ValueFault("signer_form")


def _check_ssh(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    if not isinstance(value, str) or not _SSH.fullmatch(value):
        raise ValueFault("ssh_fingerprint")


def _check_certificate(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    """What is said of a certificate, and no more: never a key (facts/domain.md §7(b))."""
    parts = _parts_of(value, {"subject", "issuer", "serial", "not_after", "sha256"}, fault="certificate_form")
    for name in (parts["subject"], parts["issuer"]):
        _refuse_unfit(name)
        refuse_national_id(name)
        if len(name) > MAX_TEXT:
            raise ValueFault("too_long", limit=MAX_TEXT)
    if not _SERIAL.fullmatch(parts["serial"]) or not _SHA256.fullmatch(parts["sha256"]):
        raise ValueFault("certificate_form")
    _check_date(catalogue, field, parts["not_after"], values)


def _check_file(catalogue: Catalogue, field: Field, value: JsonValue, values: Values) -> None:
    parts = _parts_of(value, {"name", "sha256"}, fault="file_form")
    _refuse_unfit(parts["name"])
    refuse_national_id(parts["name"])
    if not 0 < len(parts["name"]) <= MAX_FILE_NAME or not _SHA256.fullmatch(parts["sha256"]):
        raise ValueFault("file_form")


def _parts_of(value: JsonValue, names: set[str], *, fault: str) -> dict[str, str]:
    """A mapping of exactly these texts."""
    if not isinstance(value, dict) or set(value) != names:
        raise ValueFault(fault)
    parts = {name: part for name, part in value.items() if isinstance(part, str)}
    if len(parts) != len(names):
        raise ValueFault(fault)
    return parts


_CHECKS = {
    FieldType.ENUM: _check_enum,
    FieldType.BOOL: _check_bool,
    FieldType.INT: _check_int,
    FieldType.INT64: _check_int,
    FieldType.LIST: _check_list,
    FieldType.LIST_INT: _check_list_int,
    FieldType.DATE: _check_date,
    FieldType.EMAIL: _check_email,
    FieldType.PHONE: _check_phone,
    FieldType.ORGNR: _check_orgnr,
    FieldType.ADDRESS: _check_address,
    FieldType.SSH_FINGERPRINT: _check_ssh,
    FieldType.CERTIFICATE: _check_certificate,
    FieldType.FILE: _check_file,
    FieldType.SIGNER: _check_signer,
}
