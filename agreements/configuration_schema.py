"""The JSON schema (2020-12) of the configuration summary, `avtale/config/v1`, generated from the catalogue.

`make docs` writes it to `docs/schemas/config-v1.schema.json`. What a field may hold is said once, under `$defs`, by the
field's id.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, Owner, Phase
from agreements.parameters import Method as ReadingMethod
from agreements.schema import (
    AGREEMENT_NUMBER,
    CASE_NUMBER,
    DAY,
    DIALECT,
    SHA256,
    Schema,
    object_schema,
    text_schema,
    value_schema,
)
from agreements.summary import SCHEMA, EntrySource, OpenReason, TaskKey, who_sets_up
from agreements.turn import Party
from agreements.verification import Method

_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"
_PARTIES: Final = (Party.DIGIPOST, Party.VENDOR, Party.CUSTOMER)
_ANYTHING_SAID: Final[Schema] = {"type": "string", "minLength": 1}
_ORG_NUMBER: Final[Schema] = {"type": "string", "pattern": "^[0-9]{9}$"}


def configuration_schema(catalogue: Catalogue) -> Schema:
    """The schema of `agreements.summary.as_json`'s documents."""
    signed = catalogue.of_phase(Phase.AGREEMENT)
    shown = [field for field in catalogue.fields if who_sets_up(field.id)]
    properties: dict[str, JsonValue] = {
        "schema": {"const": SCHEMA},
        "deviations": _array(_for_each(signed, _deviation), "What is in force though something else was signed."),
        "case": text_schema("The case's number.", CASE_NUMBER),
        "agreement": _or_null(text_schema("The agreement's number.", AGREEMENT_NUMBER)),
        "kind": {"enum": list(catalogue.field("agreement.kind").values)},
        "signed_sha256": _or_null(text_schema("Of the signed document; null while none is approved.", SHA256)),
        "approval": _or_null({"$ref": "#/$defs/approval"}),
        "customer": object_schema({"org_number": _ORG_NUMBER, "name": _ANYTHING_SAID}),
        "vendor": _vendor(),
        "set_up": object_schema({party.value: _entries(shown, party) for party in _PARTIES}),
        "open_items": _array(object_schema(_open_item(catalogue)), "What is needed and lacking."),
        "configuration_sha256": text_schema("Of the values in force that a verification is about.", SHA256),
        "verification": _array({"enum": [method.value for method in Method]}, "Methods the services call for."),
        "difference": _or_null({"$ref": "#/$defs/difference"}),
        "customer_tasks": _array(object_schema(_task()), "What the organisation does itself."),
    }
    return {
        "$schema": DIALECT,
        "$id": SCHEMA,
        "title": "Configuration summary",
        "description": "What Digipost, the vendor and the organisation set up after a signed agreement (step 4).",
        **object_schema(properties),
        "$defs": {
            "approval": object_schema(_approval()),
            "difference": object_schema(_difference(signed)),
            "set": object_schema({"by": _ANYTHING_SAID, "at": _time(), "reason": _ANYTHING_SAID}),
            "proof": object_schema(_proof()),
            **{field.id: value_schema(catalogue, field) for field in catalogue.fields},
        },
    }


def _entries(shown: Iterable[Field], party: Party) -> Schema:
    own = [field for field in shown if party in who_sets_up(field.id)]
    return _array(_for_each(own, _entry), f"The values that {party.value} needs to do its part.")


def _entry(field: Field) -> dict[str, JsonValue]:
    return {
        "value": _ref(field),
        "api": {"const": field.api},
        "owner": {"const": field.owner.value},
        "source": {"enum": [source.value for source in EntrySource]},
        "proof": _or_null({"$ref": "#/$defs/proof"}),
        "set": _or_null({"$ref": "#/$defs/set"}),
    }


def _deviation(field: Field) -> dict[str, JsonValue]:
    return {"signed": _ref(field), "value": _ref(field), "set": {"$ref": "#/$defs/set"}}


def _change(field: Field) -> dict[str, JsonValue]:
    return {"before": _or_null(_or_empty(field)), "after": _or_null(_or_empty(field))}


def _difference(signed: Iterable[Field]) -> dict[str, JsonValue]:
    return {
        "agreement": text_schema("The number of the agreement approved before.", AGREEMENT_NUMBER),
        "approved_at": _time(),
        "changes": _array(_for_each(signed, _change), "Fields whose values differ; null: none."),
    }


def _open_item(catalogue: Catalogue) -> dict[str, JsonValue]:
    return {
        "field": {"enum": [field.id for field in catalogue.fields]},
        "api": {"type": ["string", "null"]},
        "owner": {"enum": [owner.value for owner in Owner]},
        "due": _or_null({"type": "string", "pattern": DAY}),
        "reason": {"enum": [reason.value for reason in OpenReason]},
    }


def _approval() -> dict[str, JsonValue]:
    manual: Schema = {"type": "boolean", "description": "True where a person decided."}
    return {"verdict": {"const": "approved"}, "by": _ANYTHING_SAID, "at": _time(), "manual": manual}


def _proof() -> dict[str, JsonValue]:
    corner: Schema = {"type": "number"}
    return {
        "document": text_schema("Of the signed document.", SHA256),
        "page": {"type": "integer", "minimum": 1},
        "rectangle": object_schema(dict.fromkeys(("x0", "y0", "x1", "y1"), corner)),
        "field": {"type": ["string", "null"], "description": "The PDF field's name; null for a printed value."},
        "method": {"enum": [method.value for method in ReadingMethod]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }


def _vendor() -> Schema:
    return object_schema(
        {
            "id": _ANYTHING_SAID,
            "org_number": _ORG_NUMBER,
            "name": _ANYTHING_SAID,
            "system_name": _ANYTHING_SAID,
            "broker_id": {"type": "integer", "minimum": 1},
        }
    )


def _task() -> dict[str, JsonValue]:
    params: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"task": {"enum": [key.value for key in TaskKey]}, "params": params}


def _for_each(fields: Iterable[Field], described: Callable[[Field], dict[str, JsonValue]]) -> Schema:
    """One of the fields, with what goes with it."""
    return {"oneOf": [object_schema({"field": {"const": field.id}, **described(field)}) for field in fields]}


def _array(items: Mapping[str, JsonValue], description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _ref(field: Field) -> Schema:
    return {"$ref": f"#/$defs/{field.id}"}


def _or_empty(field: Field) -> Schema:
    """An agreement may say that a list or a text is empty."""
    return {"anyOf": [_ref(field), {"enum": ["", []]}]}


def _or_null(schema: Mapping[str, JsonValue]) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _time() -> Schema:
    return text_schema("UTC.", _TIME)
