"""A vendor's stylesheet: a closed list of what it may set, so that it changes looks and never what is said.

Parsed as WeasyPrint parses it, by the same library. No at-rules (the page, its margins, header and footer are ours), no
generated text, no pictures, nothing that moves, hides, turns or clips, and no number that a page has no use for: the
layout counts with them, and with some it never ends or falls over. What is left is proved on the finished pages
(`renderers.visibility`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import tinycss2  # type: ignore[import-untyped]

from renderers.override_numbers import refused_number

FAMILIES: Final = ("Avtale Display", "Avtale Sans", "Avtale Mono")
"""Our own typefaces (`renderers/fonts`). With any other name the page would be set in one of them without a word."""
REFUSED: Final = "template_style_refused"
FOREIGN_FONT: Final = "template_style_font"
UNREADABLE: Final = "template_style_unreadable"
UNFIT_NUMBER: Final = "template_style_number"

_PROPERTIES: Final = frozenset(
    {
        *("color", "background", "background-color", "font", "font-family", "font-size", "font-style", "font-weight"),
        *("letter-spacing", "word-spacing", "line-height", "text-align", "vertical-align", "width", "max-width"),
        *("min-width", "height", "min-height", "table-layout", "break-before", "break-after", "break-inside"),
        *("orphans", "widows"),
    }
)
_FAMILIES: Final = re.compile(r"(border|margin|padding)(-[a-z]+)*")
_PICTURES: Final = "border-image"
_COLOURS: Final = frozenset({"rgb", "rgba", "hsl", "hsla"})
_PSEUDO_ELEMENT: Final = re.compile(r"::|:(before|after|first-letter|first-line)", re.IGNORECASE)
_NUMBERS: Final = frozenset({"number", "dimension", "percentage"})


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Something in a stylesheet that may not stand there."""

    line: int
    """Counted from 1; 0 where no line can be named."""
    what: str
    """As it stands in the file; of what is unreadable, what the parser says of it, in English."""
    code: str = REFUSED
    """Of the error that tells it."""
    allowed: str = ""
    """The numbers that may stand there, with their unit."""


def refused_styles(source: str) -> Iterator[Refusal]:
    """Everything in a stylesheet that is not on the list; nothing if it may be used."""
    try:
        yield from _refused_rules(source)
        yield from _open_comment(source)
    except RecursionError:  # brackets within brackets, by the thousand
        yield Refusal(line=0, what="(((")


def _refused_rules(source: str) -> Iterator[Refusal]:
    for rule in tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            yield _named(rule)
        elif errors := [token for token in _all_tokens(rule.prelude) if token.type == "error"]:
            yield _named(errors[0])
        elif pseudo := _PSEUDO_ELEMENT.search(tinycss2.serialize(rule.prelude)):
            yield Refusal(line=rule.source_line, what=pseudo[0])
        else:
            yield from _refused_declarations(rule.content)


def _refused_declarations(content: list[Any]) -> Iterator[Refusal]:
    for item in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if item.type != "declaration" or not _is_looks(item.lower_name):
            yield _named(item)
        elif refusals := [*_refused_tokens(item.value)]:
            yield from refusals
        else:
            yield from _refused_numbers(item.lower_name, item.value)
            yield from _foreign_fonts(item.lower_name, item.value)


def _is_looks(name: str) -> bool:
    in_family = _FAMILIES.fullmatch(name) is not None and not name.startswith(_PICTURES)
    return in_family or name in _PROPERTIES


def _refused_tokens(value: list[Any]) -> Iterator[Refusal]:
    for token in value:
        if token.type == "url":
            yield Refusal(line=token.source_line, what="url()")
        elif token.type == "function" and token.lower_name not in _COLOURS:
            yield Refusal(line=token.source_line, what=f"{token.name}()")
        elif token.type == "function":
            yield from _refused_tokens(token.arguments)
        elif token.type.endswith("block") or token.type == "error":
            yield _named(token)


def _refused_numbers(name: str, value: list[Any]) -> Iterator[Refusal]:
    for kind, token in _kinds(name, value):
        if token.type in _NUMBERS and (allowed := refused_number(kind, token)):
            yield Refusal(line=token.source_line, what=token.serialize(), code=UNFIT_NUMBER, allowed=allowed)


def _kinds(name: str, value: list[Any]) -> Iterator[tuple[str, Any]]:
    """Each token with the property that it sets: `font` sets weight, size and, after a slash, the line's height."""
    slash = next((at for at, part in enumerate(value) if part == "/"), len(value))
    for at, outer in enumerate(value):
        for token in _all_tokens([outer]):
            if name != "font":
                yield name, token
            elif at > slash:
                yield "line-height", token
            else:
                yield "font-weight" if token.type == "number" else "font-size", token


def _foreign_fonts(name: str, value: list[Any]) -> Iterator[Refusal]:
    """Families that are not ours; in `font` they follow the last number."""
    if name == "font":
        last = max((at for at, token in enumerate(value) if token.type in _NUMBERS), default=-1)
        value = value[last + 1 :]
    elif name != "font-family":
        return
    for family in "".join(_spelled(token) for token in value).split(","):
        spelled = " ".join(family.split())
        if spelled.casefold() not in {"inherit", *map(str.casefold, FAMILIES)}:
            yield Refusal(line=value[0].source_line if value else 0, what=spelled, code=FOREIGN_FONT)


def _spelled(token: Any) -> str:
    return str(token.value) if token.type == "string" else str(token.serialize())


def _open_comment(source: str) -> Iterator[Refusal]:
    """A comment without an end, which swallows the rest of the file without a word."""
    tokens = tinycss2.parse_component_value_list(source, skip_comments=False)
    last = next(reversed([*_all_tokens(tokens)]), None)
    if last is not None and last.type == "comment" and not source.endswith(f"/*{last.value}*/"):
        yield Refusal(line=last.source_line, what="/*", code=UNREADABLE)


def _all_tokens(tokens: list[Any]) -> Iterator[Any]:
    """The tokens and those within their brackets, in the order of the file."""
    for token in tokens:
        yield token
        yield from _all_tokens(getattr(token, "arguments", None) or getattr(token, "content", None) or [])


def _named(item: Any) -> Refusal:
    """What a designer finds again in the file."""
    line: int = item.source_line
    match item.type:
        case "at-rule":
            return Refusal(line=line, what=f"@{item.at_keyword}")
        case "declaration":
            return Refusal(line=line, what=str(item.name))
        case "qualified-rule":
            return Refusal(line=line, what=str(tinycss2.serialize(item.prelude)).strip())
        case "error":
            return Refusal(line=line, what=str(item.message), code=UNREADABLE)
        case _:
            return Refusal(line=line, what=str(item.type))
