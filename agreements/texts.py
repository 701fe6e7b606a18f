"""Texts for people, in bokmål, nynorsk and English, from `texts/{nb,nn,en}.yaml`.

Keys are dotted (`findings.SIG-001.message`); places are `{name}`. A missing key is a fault of ours and raises KeyError;
tests hold that the three files have the same keys and the same places.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from agreements.language import Language
from agreements.yaml_data import load_package_yaml

if TYPE_CHECKING:  # findings are pydantic models: loading those would triple the time that `avtale --help` takes
    from agreements.findings import Finding


@cache
def _texts(language: Language) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = load_package_yaml("texts", f"{language.value}.yaml")
    return loaded


def flat_texts(language: Language) -> dict[str, str]:
    """Every text of a language by its dotted key."""
    return dict(_flatten("", _texts(language)))


def _flatten(prefix: str, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in node.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        pairs += _flatten(name, value) if isinstance(value, Mapping) else [(name, str(value))]
    return pairs


@cache
def _flat(language: Language) -> Mapping[str, str]:
    return flat_texts(language)


def text(key: str, language: Language, /, **params: object) -> str:
    """The text for a key with its places filled. Raises KeyError for an unknown key or a missing place.

    Parameters that are codes (`what="page-content"`, `limit="memory"`) are said in words where `terms.<name>.<code>`
    has them; a broken rule by its text under `faults`, and the catalogue's fields by their labels.
    """
    return _flat(language)[key].format_map(spoken(params, language))


def spoken(params: Mapping[str, object], language: Language) -> dict[str, object]:
    """The parameters as a text says them: codes in words, fields by their labels, a rule by its fault's own text."""
    said = {name: _spoken(name, value, language) for name, value in params.items()}
    fault = _flat(language).get(f"faults.{params.get('rule')}")
    return said if fault is None else {**said, "rule": fault.format_map(said)}


_WORDS = {
    "languages": "terms.language",
    "agreement_from": "states.agreement",
    "agreement_to": "states.agreement",
    "message_state": "states.message",
    "message_states": "states.message",
}
"""Parameters whose words stand elsewhere than under `terms.<name>`."""

_FIELDS = frozenset({"entry", "entries"})
"""Parameters that name fields of the catalogue by their ids."""


def _labels(ids: str, language: Language) -> str:
    """The fields' names as people read them, each between quotation marks: some hold a comma."""
    from agreements.catalogue import load_catalogue  # with it, `avtale --help` would read the whole catalogue

    fields = [(field_id, load_catalogue().find_field(field_id)) for field_id in ids.split(", ")]
    opening, closing = ("\u201c", "\u201d") if language is Language.EN else ("\u00ab", "\u00bb")
    return ", ".join(f"{opening}{field.label(language) if field else name}{closing}" for name, field in fields)


def _spoken(name: str, value: object, language: Language) -> object:
    if not isinstance(value, str):
        return value
    if name in _FIELDS:
        return _labels(value, language)
    words, section = _flat(language), _WORDS.get(name, f"terms.{name}")
    return ", ".join(words.get(f"{section}.{code}", code) for code in value.split(", "))


def unfilled_text(key: str, language: Language) -> str:
    """The text with its places left open, as `{field}`: for lists of all texts. Raises KeyError for an unknown key."""
    return _flat(language)[key]


def has_text(key: str) -> bool:
    """True if the key exists (in bokmål; a test holds the languages together)."""
    return key in _flat(Language.NB)


def capitalised(phrase: str) -> str:
    """A phrase that stands alone, begun like a sentence."""
    return phrase[:1].upper() + phrase[1:]


def finding_message(finding: "Finding", language: Language) -> str:
    """What happened, for a person."""
    return text(f"findings.{finding.code}.message", language, **finding.params)


def finding_action(finding: "Finding", language: Language) -> str:
    """What to do about it, for a person."""
    return text(f"findings.{finding.code}.action", language, **finding.params)
