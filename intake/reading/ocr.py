"""What tesseract says of a sheet of pictures: its table of words, as text and confidence of each picture."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_ROWS: Final = 20_000  # an agreement with everything gives some 800
MAX_CHARACTERS: Final = 1_000  # of one place; the longest value has 500
_COLUMNS: Final = 12
_NEVER_PRINTED: Final = "|"  # a capital I or a small l, and tesseract is sure of it (docs/scans.md)
_WORD: Final = "5"  # the level of a word (tesseract's manual, TSV output)


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """What stands in one picture, words joined by one space."""

    text: str
    confidence: float
    """That of its least sure word, 0 to 1."""


def read_words(table: bytes) -> Mapping[int, Recognised]:
    """By picture, from 1. What is no word's row is passed over; pictures without a word are left out."""
    words: dict[int, list[tuple[str, float]]] = defaultdict(list)
    for line in table.decode("utf-8", "replace").split("\n", MAX_ROWS)[:MAX_ROWS]:
        columns = line.split("\t", _COLUMNS - 1)
        if len(columns) == _COLUMNS and columns[0] == _WORD and columns[1].isdecimal():
            text = _printable(columns[11])
            confidence = 0.0 if _NEVER_PRINTED in text else _confidence(columns[10])
            if text:
                words[int(columns[1][:6])].append((text, confidence))
    return {
        picture: Recognised(
            text=" ".join(text for text, _confidence in found)[:MAX_CHARACTERS],
            confidence=min(confidence for _text, confidence in found),
        )
        for picture, found in words.items()
    }


def _printable(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.category(letter)[0] not in "CZ")


def _confidence(column: str) -> float:
    try:
        percent = float(column)
    except ValueError:
        return 0.0
    return min(max(percent, 0.0), 100.0) / 100 if percent == percent else 0.0  # noqa: PLR0124 - not a number
