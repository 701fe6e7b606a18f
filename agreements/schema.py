"""The JSON schema (2020-12) of the machine-readable agreement, generated from the catalogue.

`make docs` writes it to `docs/schemas/agreement-v1.schema.json`. A rule that depends on other values (`when:`) is not
said here: what the schema refuses is wrong, what it lets pass may still be incomplete.
"""

from collections.abc import Callable, Mapping
from typing import Final

from agreements.agreement import SIGNATURE_FIELDS, SigningRoute
from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, FieldType
from agreements.language import Language
from agreements.machine_readable import ALWAYS_PRINTED, SCHEMA_NAME, is_birth_date, value_fields
from agreements.open_values import may_be_open
from agreements.parties import SigningBasis
from agreements.values import MAX_ADDRESS_LINES, MAX_TEXT

Schema = dict[str, JsonValue]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_INT64_MAX: Final = 2**63 - 1  # xsd:long
DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""A date, as a pattern."""
SHA256: Final = "^[0-9a-f]{64}$"
_CASE: Final = r"DA-[0-9]{4}-[0-9]{6}-[0-9A-Z*]"
AGREEMENT_NUMBER: Final = rf"^{_CASE}\.[1-9][0-9]*$"
CASE_NUMBER: Final = rf"^{_CASE}$"


def agreement_schema(catalogue: Catalogue) -> Schema:
    """The schema of `agreements.machine_readable.agreement_json`'s documents."""
    kinds = catalogue.field("agreement.kind").values
    properties: dict[str, JsonValue] = {
        "schema": {"const": SCHEMA_NAME},
        "agreement": text_schema("The agreement's number: the case's, and its version.", AGREEMENT_NUMBER),
        "case": text_schema("The case's number.", CASE_NUMBER),
        "version": {"type": "integer", "minimum": 1},
        "kind": {"enum": list(kinds)},
        "template_version": text_schema(
            "Name and hash of what decides how the pages look.", r"^[a-z0-9-]+ [0-9a-f]{12}$"
        ),
        "language": {"enum": [language.value for language in Language]},
        "issued_on": text_schema("Norwegian day.", DAY),
        "route": {"enum": [route.value for route in SigningRoute], "description": "How the customer signs."},
        "example": {"type": "boolean", "description": "Made without the operator's terms: binds nobody."},
        "values": _values(catalogue),
        "signers": {"type": "array", "minItems": 1, "maxItems": len(SIGNATURE_FIELDS), "items": _signer()},
        "terms": {"type": "array", "items": _terms()},
        "open": {
            "type": "array",
            "uniqueItems": True,
            "items": {"enum": [field.id for field in value_fields(catalogue) if may_be_open(catalogue, field)]},
            "description": "Values that the customer fills in on the pages; they are not under `values`.",
        },
    }
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_NAME,
        "title": "Agreement on the use of Digipost, as data",
        "description": "Attached to the PDF as avtale.json. The pages are what was signed; this is for machines.",
        **object_schema(properties),
    }


def _values(catalogue: Catalogue) -> Schema:
    """Required is what every agreement prints: a form of the operator's own has no place for most of the rest."""
    return object_schema(
        {field.id: value_schema(catalogue, field) for field in value_fields(catalogue)}, list(ALWAYS_PRINTED)
    )


def value_schema(catalogue: Catalogue, field: Field) -> Schema:
    """What a field's value may be, by its rules in the catalogue; of a birth date the year alone."""
    named: Schema = {"title": field.label(Language.EN)}
    if field.api:
        named["$comment"] = f"Digipost: {field.api}"
    if not field.binding:
        named["description"] = "For planning, not binding."
    if is_birth_date(field):
        return named | text_schema("The year alone.", r"^[0-9]{4}$")
    return named | _TYPES[field.type](field)


def _string(field: Field) -> Schema:
    length: Schema = {"type": "string", "minLength": 1, "maxLength": field.max or MAX_TEXT}
    return length | {"pattern": field.pattern} if field.pattern else length


def _integer(field: Field) -> Schema:
    least: Schema = {} if field.min is None else {"minimum": field.min}
    return {"type": "integer", **least, "maximum": field.max or _INT64_MAX}


def _bool(field: Field) -> Schema:
    return {"type": "boolean"} if field.must_be is None else {"const": field.must_be}


def _enum(field: Field) -> Schema:
    return {"enum": list(field.values)}


def _list(field: Field) -> Schema:
    item = _enum(field) if field.values else _string(field)
    return {"type": "array", "minItems": 1, "items": item}


def _certificate(field: Field) -> Schema:
    """What is said of a certificate, and nothing else (facts/domain.md §7(b))."""
    known: Schema = {name: {"type": "string", "minLength": 1} for name in ("subject", "issuer", "serial")}
    return object_schema({**known, "not_after": {"type": "string", "pattern": DAY}, "sha256": _sha256()})


def _file(field: Field) -> Schema:
    return object_schema({"name": {"type": "string", "minLength": 1}, "sha256": _sha256()})


def _signer_value(field: Field) -> Schema:
    roles: list[JsonValue] = [basis.value for basis in SigningBasis]
    return object_schema({"name": {"type": "string", "minLength": 1}, "role": {"enum": roles}})


def _sha256() -> Schema:
    return {"type": "string", "pattern": SHA256}


def _integers(field: Field) -> Schema:
    return {"type": "array", "minItems": 1, "items": _integer(field)}


def _address(field: Field) -> Schema:
    line: Schema = {"type": "string", "maxLength": field.max_line or MAX_TEXT}
    return object_schema(
        {
            "lines": {"type": "array", "maxItems": MAX_ADDRESS_LINES, "items": line},
            "postal_code": {"type": "string", "pattern": "^[0-9]{4}$"},
            "city": {"type": "string", "minLength": 1, "maxLength": field.max_city or MAX_TEXT},
        }
    )


_TYPES: Final[Mapping[FieldType, Callable[[Field], Schema]]] = {
    FieldType.STRING: _string,
    FieldType.TEXT: _string,
    FieldType.ENUM: _enum,
    FieldType.BOOL: _bool,
    FieldType.INT: _integer,
    FieldType.INT64: _integer,
    FieldType.LIST: _list,
    FieldType.LIST_INT: _integers,
    FieldType.ADDRESS: _address,
    FieldType.DATE: lambda _: {"type": "string", "pattern": DAY},
    FieldType.ORGNR: lambda _: {"type": "string", "pattern": "^[0-9]{9}$"},
    FieldType.PHONE: lambda _: {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"},  # E.164, as agreements.values
    FieldType.EMAIL: lambda field: _string(field) | {"format": "email"},
    FieldType.SIGNER: _signer_value,
    FieldType.CERTIFICATE: _certificate,
    FieldType.SSH_FINGERPRINT: lambda _: {"type": "string", "pattern": "^SHA256:[A-Za-z0-9+/]{43}$"},
    FieldType.FILE: _file,
}


def _signer() -> Schema:
    return object_schema(
        {
            "field": {"enum": list(SIGNATURE_FIELDS), "description": "The signature field's name in the PDF."},
            "name": {"type": "string", "minLength": 1},
            "basis": {"enum": [basis.value for basis in SigningBasis]},
            "birth_year": {"type": ["integer", "null"]},
        }
    )


def _terms() -> Schema:
    return object_schema(
        {
            "name": {"type": "string", "minLength": 1},
            "date": {"type": "string", "pattern": DAY},
            "sha256": text_schema("Of the file's bytes, which are attached to the PDF.", SHA256),
        }
    )


def text_schema(description: str, pattern: str) -> Schema:
    """A text of one form."""
    return {"type": "string", "pattern": pattern, "description": description}


def object_schema(properties: Mapping[str, JsonValue], required: list[str] | None = None) -> Schema:
    """An object that holds these and nothing else; all of them unless said otherwise."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else list(required),
        "additionalProperties": False,
    }
