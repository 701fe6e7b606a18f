"""Whether a returned page holds all letters of an issued one, in their order and places, and in one piece.

That is how signing services leave a page: scaled, moved, with lines of their own before or behind. It is told by the
text and by where each word begins, in a tenth of the time that looking at every letter takes; that a word's letters
stand apart as they did is for whoever compares what is drawn. What can't be told so is no verdict: every letter is
looked at then.
"""

import re
from dataclasses import dataclass
from typing import Final

from intake.reading.alignment import Transform, find_exact
from intake.reading.letters import OpenPage

_WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True, kw_only=True)
class Verbatim:
    """How the issued page came to lie on the returned one, and which of its characters are not the issued ones."""

    transform: Transform
    extra: tuple[range, range]
    """Those before and those behind."""


def find_verbatim(issued: OpenPage, returned: OpenPage) -> Verbatim | None:
    """None where it takes a look at every letter; always where some text is written to be invisible."""
    ours, theirs = _words(issued.characters), _words(returned.characters)
    first = _find(ours, theirs)
    if first is None:
        return None
    pairs = [
        (issued.origin(own), returned.origin(other)) for (_, own), (_, other) in zip(ours, theirs[first:], strict=False)
    ]
    transform = find_exact(pairs)
    if transform is None:
        return None
    begin, end = theirs[first][1], theirs[first + len(ours) - 1][1] + len(ours[-1][0])
    return Verbatim(transform=transform, extra=(range(begin), range(end, len(returned.characters))))


def _words(text: str) -> list[tuple[str, int]]:
    """With their places in the text."""
    return [(found.group(), found.start()) for found in _WORD.finditer(text)]


def _find(ours: list[tuple[str, int]], theirs: list[tuple[str, int]]) -> int | None:
    """Behind how many words the same ones begin; None where they don't stand together, or there are none."""
    wanted, whole = (f" {' '.join(text for text, _ in words)} " for words in (ours, theirs))
    at = whole.find(wanted) if ours else -1
    return None if at < 0 else whole[:at].count(" ")
