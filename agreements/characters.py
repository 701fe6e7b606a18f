"""Which characters a value may have: those that a reader sees, and that the documents' own fonts can show.

What can't be seen makes two values look alike, and lets a page say something else than the data attached to it
(UTS #39, 5.2; UAX #9, 2.1-2.4). What the fonts lack would stand on the page as an empty box.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, format characters, lone surrogates (a command line that was no UTF-8), private use, what is not assigned
(noncharacters too), line and paragraph separators. By the Unicode version of this Python; what a later one assigns is
in no font of ours."""
_INVISIBLE_OTHERS: Final = frozenset(
    {
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    }
)
"""Default_Ignorable_Code_Point of other categories (Unicode, DerivedCoreProperties.txt): joiners, fillers and variation
selectors; and the empty Braille pattern."""
_SHOWN: Final = (
    *((0x20, 0x7E), (0xA0, 0x148), (0x14A, 0x1C3), (0x1C5, 0x24F), (0x2B9, 0x2B9), (0x2BC, 0x2BC)),
    *((0x300, 0x30C), (0x1E00, 0x1EFF), (0x2010, 0x2015)),
    *((0x2018, 0x201A), (0x201C, 0x201E), (0x2020, 0x2020), (0x2022, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030)),
    *((0x2032, 0x2033), (0x2039, 0x203A), (0x20AC, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x2190)),
    *((0x2192, 0x2192), (0x2212, 0x2212), (0x2260, 0x2260), (0x2264, 0x2265), (0x2713, 0x2713)),
)
"""First and last of each run of characters that the text fonts of `renderers/fonts` have; a test holds it to them."""
_SHOWN_POINTS: Final = frozenset(point for first, last in _SHOWN for point in range(first, last + 1))
_BLANKS: Final = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")  # category Zs
_LINE_BREAK: Final = re.compile(r" *(?:\r\n|\n) *")


@dataclass(frozen=True, kw_only=True)
class UnfitCharacter:
    """A character that no value may have. `code` names a text under `faults.`."""

    code: str
    character: str
    place: int
    """Counted from 1, in characters of the composed text."""

    @property
    def params(self) -> Mapping[str, str | int]:
        """What the text has places for; an invisible character itself is not repeated."""
        named: dict[str, str | int] = {"code_point": f"U+{ord(self.character):04X}", "place": self.place}
        return named if self.code == INVISIBLE else named | {"character": self.character}


INVISIBLE: Final = "invisible_character"
NOT_IN_FONTS: Final = "character_not_in_fonts"


def tidy(text: str, *, lines: bool = False) -> str:
    """The text as it is kept: composed (NFC), every run of blanks one space, none at the ends, as a page shows it.

    `lines`: line breaks may stand, written LF; else they are left for `find_unfit` to refuse.
    """
    composed = _BLANKS.sub(" ", unicodedata.normalize("NFC", text))
    return (_LINE_BREAK.sub("\n", composed) if lines else composed).strip()


def find_unfit(text: str, *, lines: bool = False) -> UnfitCharacter | None:
    """The first character that can't be seen, else the first that the fonts lack. `lines`: LF may stand."""
    composed = unicodedata.normalize("NFC", text)
    places = [(place, one) for place, one in enumerate(composed, start=1) if not (lines and one == "\n")]
    for code, fits in ((INVISIBLE, is_visible), (NOT_IN_FONTS, _is_shown)):
        unfit = next(((place, one) for place, one in places if not fits(one)), None)
        if unfit is not None:
            return UnfitCharacter(code=code, character=unfit[1], place=unfit[0])
    return None


def find_invisible(text: str) -> UnfitCharacter | None:
    """The first character that can't be seen, in a text that no document prints."""
    found = find_unfit(text)
    return found if found is not None and found.code == INVISIBLE else None


def spelled_out(text: str, *, lines: bool = False) -> str:
    """The composed text as it can be shown anywhere: what can't be seen, or what the fonts lack, as `[U+202E]`.

    For places that show values which have passed `find_unfit`: one that has not is seen for what it is, and does no
    harm. `lines`: LF may stand.
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        one if (lines and one == "\n") or (is_visible(one) and _is_shown(one)) else f"[U+{ord(one):04X}]"
        for one in composed
    )


def is_visible(character: str) -> bool:
    """False for one character that a reader can't see."""
    return unicodedata.category(character) not in _INVISIBLE_CATEGORIES and ord(character) not in _INVISIBLE_OTHERS


def _is_shown(character: str) -> bool:
    return ord(character) in _SHOWN_POINTS or _BLANKS.fullmatch(character) is not None
