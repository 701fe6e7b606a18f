"""The catalogue: the one list of fields that everything else is generated from (`catalogue.yaml`).

Sections of the agreement, validation of input, the configuration summary, the import's columns and the documentation
all read this. Adding a parameter is one entry in the YAML file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.yaml_data import load_package_yaml

Values = Mapping[str, JsonValue]
"""Canonical values by field id: text, number, true/false, list, or an address as a mapping. Dates are ISO 8601 text."""


class Owner(StrEnum):
    """Whose value a field is."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    DIGIPOST = "digipost"
    PIPELINE = "pipeline"


class Phase(StrEnum):
    """On the signed agreement, or set up in step 4."""

    AGREEMENT = "agreement"
    SETUP = "setup"
    VERIFICATION = "verification"


class FieldType(StrEnum):
    """The form of a value."""

    STRING = "string"
    TEXT = "text"
    ENUM = "enum"
    BOOL = "bool"
    INT = "int"
    INT64 = "int64"
    DATE = "date"
    LIST = "list"
    LIST_INT = "list_int"
    ORGNR = "orgnr"
    EMAIL = "email"
    PHONE = "phone_no"
    ADDRESS = "address_no"
    SIGNER = "signer"
    CERTIFICATE = "cert_ref"
    SSH_FINGERPRINT = "ssh_fingerprint"
    FILE = "file_ref"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """When a field is asked for: all, or any, of its parts hold; or a number is at least so large."""

    all: tuple[tuple[str, JsonValue], ...] = ()
    any: tuple[tuple[str, JsonValue], ...] = ()
    at_least: tuple[tuple[str, int], ...] = ()

    def holds(self, values: Values) -> bool:
        """True if the values satisfy the condition; an empty condition never holds."""
        if self.all and not all(values.get(name) == value for name, value in self.all):
            return False
        if self.any and not any(values.get(name) == value for name, value in self.any):
            return False
        if not all(_at_least(values.get(name), limit) for name, limit in self.at_least):
            return False
        return bool(self.all or self.any or self.at_least)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One parameter of the agreement or the set-up. Names follow `catalogue.yaml`."""

    id: str
    section: int | None
    owner: Owner
    phase: Phase
    filled_by: str
    type: FieldType
    required: bool
    labels: Mapping[Language, str]
    source: str
    """Where the fact comes from."""
    front: bool = False
    binding: bool = True
    affects_verification: bool = False
    when: str | None = None
    default: JsonValue = None
    values: tuple[str, ...] = ()
    """The closed list of an enum or list, if it has one."""
    only_when: Mapping[str, tuple[str, ...]]
    """Values that are allowed only if the condition holds."""
    pattern: str | None = None
    item_pattern: str | None = None
    min: int | None = None
    max: int | None = None
    """Greatest length of a text (characters) or greatest number."""
    max_when: Mapping[str, int]
    must_be: JsonValue = None
    check: str | None = None
    max_line: int | None = None
    max_city: int | None = None
    api: str | None = None
    """The exact name at Digipost."""

    def label(self, language: Language) -> str:
        """The field's name as people read it."""
        return self.labels[language]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All fields, in order, with conditions, sections and value labels."""

    version: int
    fields: tuple[Field, ...]
    conditions: Mapping[str, Condition]
    sections: Mapping[int, Mapping[Language, str]]
    value_labels: Mapping[str, Mapping[str, Mapping[Language, str]]]

    @cached_property
    def _by_id(self) -> Mapping[str, Field]:
        return {field.id: field for field in self.fields}

    def field(self, field_id: str) -> Field:
        """The field with this id. Raises KeyError."""
        return self._by_id[field_id]

    def find_field(self, field_id: str) -> Field | None:
        """The field with this id, or None."""
        return self._by_id.get(field_id)

    def is_asked(self, field: Field, values: Values) -> bool:
        """True if the field belongs in an agreement with these values (its `when:` holds, or it has none)."""
        return field.when is None or self.conditions[field.when].holds(values)

    def of_phase(self, phase: Phase) -> tuple[Field, ...]:
        """The fields of one phase, in order."""
        return tuple(field for field in self.fields if field.phase is phase)

    def value_label(self, field_id: str, code: str, language: Language) -> str:
        """The label of a closed list's value; the code itself where the catalogue gives none."""
        labels = self.value_labels.get(field_id, {}).get(code)
        return labels[language] if labels else code


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that is shipped with the program."""
    return parse_catalogue(load_package_yaml("catalogue.yaml"))


def parse_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """Typed catalogue from the parsed YAML. Raises KeyError or ValueError where an entry is not understood."""
    catalogue = Catalogue(
        version=document["version"],
        fields=tuple(_field(entry) for entry in document["fields"]),
        conditions={name: _condition(parts) for name, parts in document["conditions"].items()},
        sections={number: _labels(labels) for number, labels in document["sections"].items()},
        value_labels={
            field_id: {str(code): _labels(labels) for code, labels in codes.items()}
            for field_id, codes in document["values"].items()
        },
    )
    _check_references(catalogue)
    return catalogue


_KNOWN = frozenset(Field.__dataclass_fields__) - {"labels"} | {"label", "note"}


def _field(entry: Mapping[str, Any]) -> Field:
    if unknown := entry.keys() - _KNOWN:
        raise ValueError(f"unknown keys in {entry['id']}: {sorted(unknown)}")
    plain = {key: value for key, value in entry.items() if key not in {"label", "note"}}
    typed = {
        "owner": Owner(entry["owner"]),
        "phase": Phase(entry["phase"]),
        "type": FieldType(entry["type"]),
        "section": entry.get("section"),
        "values": tuple(str(value) for value in entry.get("values", ())),
        "only_when": {name: tuple(codes) for name, codes in entry.get("only_when", {}).items()},
        "max_when": dict(entry.get("max_when", {})),
        "labels": _labels(entry["label"]),
    }
    return Field(**(plain | typed))


def _condition(parts: Mapping[str, Any]) -> Condition:
    if unknown := parts.keys() - Condition.__dataclass_fields__.keys():
        raise ValueError(f"unknown keys in a condition: {sorted(unknown)}")
    return Condition(
        all=tuple(pair for part in parts.get("all", ()) for pair in part.items()),
        any=tuple(pair for part in parts.get("any", ()) for pair in part.items()),
        at_least=tuple(parts.get("at_least", {}).items()),
    )


def _labels(labels: Mapping[str, str]) -> dict[Language, str]:
    return {language: labels[language.value] for language in Language}


def _check_references(catalogue: Catalogue) -> None:
    """Conditions and value labels must name fields that exist: a typing error there would hide a question."""
    known = {field.id for field in catalogue.fields}
    if len(known) != len(catalogue.fields):
        raise ValueError("a field id stands twice")
    for condition in catalogue.conditions.values():
        for name, _ in (*condition.all, *condition.any, *condition.at_least):
            if name not in known:
                raise ValueError(f"condition on an unknown field: {name}")
    for field in catalogue.fields:
        for name in filter(None, (field.when, *field.only_when, *field.max_when)):
            if name not in catalogue.conditions:
                raise ValueError(f"{field.id} names an unknown condition: {name}")
    if unknown := catalogue.value_labels.keys() - known:
        raise ValueError(f"value labels for unknown fields: {sorted(unknown)}")


def _at_least(value: JsonValue, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= limit
