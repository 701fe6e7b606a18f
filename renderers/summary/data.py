"""The summary for programs: the canonical JSON, and YAML with Digipost's own names and lines for an `.env` file.

Every text is quoted and what can't be seen in it is escaped: it reads the same by every parser, and hides nothing from
whoever looks at the file.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from agreements.canonical import JsonValue
from agreements.characters import is_visible
from agreements.language import Language
from agreements.summary import TERMINATION, ConfigurationSummary, OpenItem, as_json
from renderers.summary.api_names import ApiTree, api_tree
from renderers.summary.environment import environment_lines
from renderers.summary.values import label_of, lacking_text
from renderers.templates import words

_FIRST: Final = ("schema", "deviations")
_INDENT: Final = "  "
_ONE_LINE: Final = 2**31
"""Wider than any value: what is broken over lines is hard to compare and to search."""


def render_json(summary: ConfigurationSummary, language: Language) -> bytes:
    """The canonical structure, schema `avtale/config/v1`."""
    text = json.dumps(as_json(summary), ensure_ascii=False, indent=2)
    return (_escaped(text, _json_escape) + "\n").encode()


def render_yaml(summary: ConfigurationSummary, language: Language) -> bytes:
    """The canonical structure; after its deviations `api` and `environment`, with a comment wherever one is lacking.

    Both are empty where the agreement ends: there is nothing to program.
    """
    say, document = words(language), as_json(summary)
    ends = summary.kind == TERMINATION
    api = "" if ends else "".join(_api_lines(api_tree(summary), _INDENT, language))
    variables = [] if ends else environment_lines(summary, language)
    parts = [
        _dumped({name: document[name] for name in _FIRST}),
        _comment(say("summary.termination" if ends else "summary.yaml.api")),
        f"api:\n{api}" if api else "api: {}\n",
        _comment(say("summary.yaml.environment")),
        "environment: |\n" + "".join(f"{_INDENT}{line}\n" for line in variables),
        _comment(say("summary.yaml.rest")),
        _dumped({name: value for name, value in document.items() if name not in _FIRST}),
    ]
    return "".join(parts).encode()


def _api_lines(tree: ApiTree, indent: str, language: Language) -> Iterator[str]:
    for name, node in tree.items():
        if isinstance(node, OpenItem):
            yield indent + _comment(f"{label_of(node.field_id, language)}: {lacking_text(node, language)}")
            yield f"{indent}{name}: null\n"
        elif isinstance(node, dict):
            yield f"{indent}{name}:\n"
            yield from _api_lines(node, indent + _INDENT, language)
        else:
            yield textwrap.indent(_dumped({name: node}), indent)


def _comment(text: str) -> str:
    return f"# {text}\n"


class _Quoted(str):
    """A text that is a value, never a key."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Quotes every value that is text: no parser takes `no`, `0155` or `1e3` for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: what stands in two places is written twice."""
        return True


_Dumper.add_representer(_Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _dumped(value: Mapping[str, JsonValue]) -> str:
    text: str = yaml.dump(_quoted(value), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_ONE_LINE)
    return _escaped(text, _yaml_escape)


def _quoted(value: JsonValue) -> Any:
    if isinstance(value, str):
        return _Quoted(value)
    if isinstance(value, Mapping):
        return {name: _quoted(part) for name, part in value.items()}
    return [_quoted(part) for part in value] if isinstance(value, Sequence) else value


def _escaped(text: str, escape: Any) -> str:
    """Invisible characters of a dumped text by their escapes: they stand within quotes, but for the line breaks."""
    return "".join(one if one == "\n" or is_visible(one) else escape(one) for one in text)


def _json_escape(character: str) -> str:
    return json.dumps(character).strip('"') if ord(character) > 0x7F else f"\\u{ord(character):04x}"


def _yaml_escape(character: str) -> str:
    """YAML 1.2 §5.7; other than in JSON, characters beyond the first plane have an escape of their own."""
    return f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\U{ord(character):08X}"
