"""The configuration file as plain data, remembering on which line every key stands.

YAML is read by PyYAML's safe types only. What PyYAML lets pass and a person would not want is refused: a key written
twice (the last one would win silently), tags of other languages, dates that are none.
"""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from onboarding.settings.faults import Fault, KeyPath, SettingsError, spell

MAX_BYTES = 2**20
"""A configuration of a thousand vendors has 400 kB; more is another file by mistake."""
MAX_NODES = 100_000
"""Bounds aliases of aliases: a few lines of YAML can stand for billions of values."""
MAX_DEPTH = 32

_MERGE = "tag:yaml.org,2002:merge"
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"


@dataclass(frozen=True, kw_only=True)
class Document:
    """Plain data (dict, list, text, number, date, true/false, None), with the line of each key path."""

    data: object
    lines: dict[KeyPath, int]
    faults: tuple[Fault, ...]

    def line_of(self, path: KeyPath) -> int:
        """The line of a key; of the nearest key around it when it is not written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def value_of(self, path: KeyPath) -> object:
        """What stands at a key; None where nothing does."""
        value = self.data
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            else:
                value = value[part] if isinstance(value, list) and isinstance(part, int) else None
        return value


def read_document(path: Path, content: bytes) -> Document:
    """Parse the file's content. Raises ConfigurationError where it is no YAML at all."""
    if len(content) > MAX_BYTES:
        raise SettingsError(path, [Fault(line=1, key="", code="setting_file_too_large", detail={"limit": MAX_BYTES})])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(path, [Fault(line=line, key="", code="setting_not_utf8")]) from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise SettingsError(path, [_syntax_fault(error, text)]) from error
    except RecursionError as error:
        raise SettingsError(path, [Fault(line=1, key="", code="setting_too_much")]) from error
    reader = _Reader()
    data = reader.read(node, ()) if node is not None else {}
    return Document(data=data, lines=reader.lines, faults=tuple(reader.faults))


def _syntax_fault(error: yaml.YAMLError, text: str) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        detail: dict[str, str | int] = {"problem": error.problem or "", "column": error.problem_mark.column + 1}
        return Fault(line=error.problem_mark.line + 1, key="", code="setting_not_yaml", detail=detail)
    position = error.position if isinstance(error, yaml.reader.ReaderError) else 0
    return Fault(line=text.count("\n", 0, position) + 1, key="", code="setting_control_character")


@dataclass
class _Reader:
    """Walks the parsed nodes once; faults are collected, and what is faulty reads as None."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    nodes: int = 0
    depth: int = 0

    def read(self, node: yaml.Node, path: KeyPath) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        self.nodes += 1
        if self.nodes > MAX_NODES or self.depth > MAX_DEPTH:
            if not any(fault.code == "setting_too_much" for fault in self.faults):
                self._refuse(node, path, "setting_too_much")
            return None
        self.depth += 1
        value = self._value(node, path)
        self.depth -= 1
        return value

    def _value(self, node: yaml.Node, path: KeyPath) -> object:
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
            return self._merged(node, path) | self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        own: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in own:
                self._refuse(key_node, (*path, key), "setting_duplicate_key", first=self.lines[(*path, key)])
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            own[key] = self.read(value_node, (*path, key))
        return own

    def _merged(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        """What `<<: *defaults` brings in; keys written beside it win, and of several the first."""
        values = [value for key, value in node.value if key.tag == _MERGE]
        sources = [item for value in values for item in (value.value if value.tag == _SEQUENCE else [value])]
        merged: dict[str, object] = {}
        for source in sources:
            read = self.read(source, path)
            if isinstance(read, dict):
                merged = read | merged
            else:
                self._refuse(source, path, "setting_bad_merge")
        return merged

    def _scalar(self, node: yaml.Node, path: KeyPath) -> object:
        constructor = yaml.constructor.SafeConstructor()
        try:
            value: object = constructor.construct_object(node)
        except yaml.YAMLError:
            self._refuse(node, path, "setting_unknown_tag", tag=node.tag)
        except ValueError:  # `2026-13-45` looks like a date and is none
            self._refuse(node, path, "setting_bad_value")
        else:
            return value
        return None

    def _refuse(self, node: yaml.Node, path: KeyPath, code: str, **detail: str | int) -> None:
        self.faults.append(Fault(line=node.start_mark.line + 1, key=spell(path), code=code, detail=detail))
