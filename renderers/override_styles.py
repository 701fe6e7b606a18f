"""A vendor's stylesheet: a closed list of what it may set, so that it changes looks and never what is said.

Parsed as WeasyPrint parses it, by the same library. No at-rules (the page, its margins, header and footer are ours), no
generated text, nothing that moves, hides, turns or clips; what is left is proved on the finished pages
(`renderers.visibility`).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import tinycss2  # type: ignore[import-untyped]

_PROPERTIES: Final = frozenset(
    {
        *("color", "background", "background-color", "background-image", "background-position", "background-repeat"),
        *("background-size", "font", "font-family", "font-size", "font-style", "font-weight", "letter-spacing"),
        *("word-spacing", "line-height", "text-align", "vertical-align", "width", "max-width", "min-width", "height"),
        *("min-height", "table-layout", "object-fit", "object-position", "break-before", "break-after"),
        *("break-inside", "orphans", "widows"),
    }
)
_FAMILIES: Final = re.compile(r"(border|margin|padding)(-[a-z]+)*")
_NOT_IN_FAMILIES: Final = frozenset({"border-image", "border-image-source"})
_FUNCTIONS: Final = frozenset({"rgb", "rgba", "hsl", "hsla"})
_MAY_BE_NEGATIVE: Final = "letter-spacing"  # large headings look better set close; letters on letters are found
_PSEUDO_ELEMENT: Final = re.compile(r"::|:(before|after|first-letter|first-line)", re.IGNORECASE)
_OWN_PICTURE: Final = re.compile(r"res:logo\.(svg|png)")


def refused_styles(source: str) -> Iterator[tuple[int, str]]:
    """Line and words of everything in a stylesheet that is not on the list; nothing if it may be used."""
    try:
        yield from _refused_rules(source)
    except RecursionError:  # brackets within brackets, by the thousand
        yield 0, "((("


def _refused_rules(source: str) -> Iterator[tuple[int, str]]:
    for rule in tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            yield rule.source_line, _named(rule)
        elif pseudo := _PSEUDO_ELEMENT.search(tinycss2.serialize(rule.prelude)):
            yield rule.source_line, pseudo[0]
        else:
            yield from _refused_declarations(rule.content)


def _refused_declarations(content: list[Any]) -> Iterator[tuple[int, str]]:
    for item in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if item.type != "declaration" or not _is_looks(item.lower_name):
            yield item.source_line, _named(item)
        else:
            yield from _refused_values(item.value, may_be_negative=item.lower_name == _MAY_BE_NEGATIVE)


def _is_looks(name: str) -> bool:
    in_family = _FAMILIES.fullmatch(name) is not None and name not in _NOT_IN_FAMILIES
    return in_family or name in _PROPERTIES


def _refused_values(value: list[Any], *, may_be_negative: bool) -> Iterator[tuple[int, str]]:
    for token in value:
        if token.type == "function" and token.lower_name not in _FUNCTIONS | {"url"}:
            yield token.source_line, f"{token.name}()"
        elif token.type == "function" and token.lower_name == "url":
            addresses = [part.value for part in token.arguments if part.type == "string"]
            yield from ((token.source_line, "url()") for address in addresses if not _OWN_PICTURE.fullmatch(address))
        elif token.type == "url" and not _OWN_PICTURE.fullmatch(token.value):
            yield token.source_line, "url()"
        elif token.type in {"number", "dimension", "percentage"} and token.value < 0 and not may_be_negative:
            yield token.source_line, token.serialize()
        elif token.type.endswith("block") or token.type == "error":
            yield token.source_line, _named(token)


def _named(item: Any) -> str:
    """What a designer finds again in the file."""
    match item.type:
        case "at-rule":
            return f"@{item.at_keyword}"
        case "declaration":
            return str(item.name)
        case "qualified-rule":
            return str(tinycss2.serialize(item.prelude)).strip()
        case _:
            return str(getattr(item, "message", item.type))
