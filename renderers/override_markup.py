"""The page that a vendor's parts made, as it will be laid out: a closed list of elements and attributes.

The files alone don't show it, for a part may put its tags together from pieces. Here is the tree that WeasyPrint's own
parser made of the whole page, so that nothing can be read in two ways.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from agreements.errors import ConfigurationError

_ELEMENTS: Final = frozenset(
    {
        *("h1", "h2", "h3", "p", "div", "section", "span", "strong", "b", "em", "i", "br", "wbr", "ul", "li"),
        *("table", "thead", "tbody", "tr", "th", "td"),
        *("img", "input", "select", "option", "textarea"),  # the logo and the fields, whose names must be ours
    }
)
_ATTRIBUTES: Final = frozenset(
    {
        *("class", "lang", "title", "alt", "src", "scope", "colspan", "rowspan"),
        *("data-field", "data-label", "data-ruled", "name", "type", "value", "maxlength", "required"),
    }
)
_ROOT: Final = frozenset({"html", "body"})
_NOT_PRINTED: Final = frozenset({"option", "textarea"})
_RUNNING: Final = ("first-header", "header", "footer")
_NO_LETTERS: Final = str.maketrans("", "", "-\u00ad\u2010\u2011\ufffe\u0002•◦▪˅")
"""Bullets, the arrow of a list to choose from, and what a line's end does to a hyphen.

U+FFFE and U+0002 are how PDFium tells of one.
"""


@dataclass(frozen=True, kw_only=True)
class PrintedLetters:
    """Every letter that the pages must show between them, and how often."""

    must: Counter[str]
    may: Counter[str]
    """Those, and the headings of tables once more on each page, for a table that is broken is headed anew."""


def refuse_foreign_markup(root: Any) -> None:
    """Raise ConfigurationError `template_markup_refused` for the first element or attribute that is not on the list."""
    found = next(_foreign(root), None)
    if found is not None:
        raise ConfigurationError("template_markup_refused", what=found[:60])


def printed_letters(root: Any, pages: int) -> PrintedLetters:
    """What the tree of the whole page comes to on so many pages, with header, footer and page numbers on each."""
    times = {"first-header": 1, "header": pages - 1, "footer": pages}
    must = count_letters("".join(f"{number}{pages}" for number in range(1, pages + 1)))
    headings: Counter[str] = Counter()
    for element, text in _texts(root.find("body"), ()):
        found = count_letters(text)
        running = [name for name in _RUNNING if any(name in _classes(around) for around in element)]
        for letter, count in found.items():
            must[letter] += count * (times[running[0]] if running else 1)
        if any(around.tag == "thead" for around in element):
            headings += found
    return PrintedLetters(must=must, may=must + Counter({letter: n * pages for letter, n in headings.items()}))


def count_letters(text: str) -> Counter[str]:
    """The letters by themselves: no blanks, hyphens or bullets, and composed, however they were written."""
    return Counter("".join(unicodedata.normalize("NFKC", text).split()).translate(_NO_LETTERS))


def _foreign(root: Any) -> Iterator[str]:
    for element in (root, *root.iterfind("body"), *root.iterfind("body//*")):
        if not isinstance(element.tag, str):  # a comment
            continue
        if element.tag not in _ELEMENTS | _ROOT:
            yield f"<{element.tag}>"
        yield from (f"{name}=" for name in element.attrib if name not in _ATTRIBUTES)


def _texts(element: Any, around: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Each piece of text with the elements around it."""
    if not isinstance(element.tag, str) or element.tag in _NOT_PRINTED:
        return
    around = (*around, element)
    yield around, element.text or ""
    for child in element:
        yield from _texts(child, around)
        yield around, child.tail or ""


def _classes(element: Any) -> list[str]:
    return str(element.get("class", "")).split()
