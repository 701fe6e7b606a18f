"""Values, names and reasons as people read them in the summary."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue, canonical_json
from agreements.catalogue import FieldType, load_catalogue
from agreements.characters import spelled_out
from agreements.configuration import Setting
from agreements.errors import AvtaleError
from agreements.language import Language
from agreements.machine_readable import is_birth_date
from agreements.parameters import Source
from agreements.summary import ConfigurationEntry, EntrySource, OpenItem, OpenReason, public_value
from agreements.values import format_date
from renderers.agreement_view import value_text
from renderers.templates import Words, words

_IN_PARTS: Final = frozenset({FieldType.CERTIFICATE, FieldType.FILE})
_FOLLOWS_FROM: Final[Mapping[str, str]] = {
    "setup.expected_features": "derived_services",
    "setup.environment": "derived_environment",
}


def label_of(field_id: str, language: Language) -> str:
    """The field's name."""
    return load_catalogue().field(field_id).label(language)


def value_lines(field_id: str, value: JsonValue, language: Language) -> tuple[str, ...]:
    """A value as people read it, a line for each part that needs one. Of a birth date the year alone."""
    say, one = words(language), load_catalogue().field(field_id)
    value = _spelled_out(public_value(field_id, value))
    if value in (None, "", []):
        return (say("summary.no_value"),)
    if is_birth_date(one):
        return (f"xx.xx.{value}",)
    if one.type in _IN_PARTS and isinstance(value, Mapping):
        return tuple(f"{say(f'summary.value_parts.{name}')}: {part}" for name, part in value.items())
    return tuple(_text(field_id, value, language).split("\n"))


def where(entry: ConfigurationEntry, language: Language) -> str:
    """Where the value stands in the agreement and how it was read; or who set it, or what it follows from."""
    say = words(language)
    if entry.setting is not None:
        key = "set" if entry.source is EntrySource.SETUP else "transcribed"
        return say(f"summary.where.{key}", **set_by(entry.setting, language))
    if entry.source is EntrySource.DERIVED:
        return say(f"summary.where.{_FOLLOWS_FROM.get(entry.field_id, 'derived')}")
    return say("summary.where.agreement") if entry.proof is None else _place(entry.proof, say)


def set_by(setting: Setting, language: Language) -> dict[str, str]:
    """Who, when (Norwegian day) and why, for a sentence."""
    return {
        "by": spelled_out(setting.by),
        "date": format_date(norwegian_day(setting.at), language),
        "reason": spelled_out(setting.reason),
    }


def owner_text(owner: str, say: Words) -> str:
    """A party's name in a sentence of its own."""
    return say(f"summary.owners.{owner}")


def due_text(item: OpenItem, language: Language, say: Words) -> str:
    """The day an open item is due; it has none before the agreement is approved."""
    return say("summary.due_unknown") if item.due is None else format_date(item.due, language)


def open_note(item: OpenItem, say: Words) -> str:
    """What more there is to say of an open item than that it is lacking; empty if nothing."""
    return "" if item.reason is OpenReason.MISSING else say(f"summary.open_notes.{item.reason.value}")


def lacking_text(item: OpenItem, language: Language) -> str:
    """Of a value that is lacking: who fills it in, by when, and what is wrong with what was given."""
    say = words(language)
    who = say("summary.lacking", owner=owner_text(item.owner.value, say), due=due_text(item, language, say))
    note = open_note(item, say)
    return f"{who} {note}" if note else who


def _place(proof: Source, say: Words) -> str:
    return say(f"summary.where.{proof.method.value}", page=proof.page)


def _text(field_id: str, value: JsonValue, language: Language) -> str:
    catalogue = load_catalogue()
    try:
        return value_text(catalogue, catalogue.field(field_id), value, language)
    except (AvtaleError, KeyError, TypeError, ValueError):  # of another form than the catalogue's: shown as it is
        return value if isinstance(value, str) else canonical_json(value)


def _spelled_out(value: JsonValue) -> Any:
    if isinstance(value, str):
        return spelled_out(value, lines=True)
    if isinstance(value, Mapping):
        return {name: _spelled_out(part) for name, part in value.items()}
    return [_spelled_out(part) for part in value] if isinstance(value, Sequence) else value
