#!/usr/bin/env python3
"""Makes the fonts in renderers/fonts from Debian's packages fonts-inter-variable and fonts-noto-mono.

    apt-get install fonts-inter-variable fonts-noto-mono
    .venv/bin/python tools/make_fonts.py

Run only when a letter is missing or the families change: the template version follows from these files. Each font is
fixed at one weight, cut down to the Latin letters (Sámi, Polish, Romanian and Vietnamese names included) with the usual
punctuation, and given a name of its own, so that a font of the same name on the machine can never take its place.
Both sources are under the SIL Open Font License 1.1 without reserved font names: see renderers/fonts/OFL.txt.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

SOURCES = Path("/usr/share/fonts/truetype")
TARGET = Path(__file__).resolve().parent.parent / "renderers" / "fonts"

LATIN = {
    *range(0x20, 0x7F),
    *range(0xA0, 0x250),  # Latin-1, Extended-A and -B: æøå, Sámi, Polish, Romanian …
    *range(0x1E00, 0x1F00),  # Extended Additional: Vietnamese names
    *(0x2B9, 0x2BC),  # marks that are letters of Skolt Sámi
    *range(0x300, 0x30D),  # combining accents, for what has no letter of its own
    *range(0x2009, 0x2016),  # thin space, hyphens and dashes
    0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2020, 0x2022, 0x2026, 0x202F, 0x2030, 0x2032, 0x2033, 0x2039,
    0x203A, 0x20AC, 0x2116, 0x2122, 0x2190, 0x2192, 0x2212, 0x2260, 0x2264, 0x2265, 0x2713,
}  # fmt: skip
ASCII = {*range(0x20, 0x7F), 0xA0, *range(0xC0, 0x100), 0x2010, 0x2011, 0x2013, 0x2026}
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "case"]  # no ligatures: print must read back as it was

FONTS = (
    ("AvtaleSans-Regular.ttf", "Avtale Sans", "Regular", "inter-vf/Inter-roman.var.ttf", 400, LATIN),
    ("AvtaleSans-SemiBold.ttf", "Avtale Sans", "SemiBold", "inter-vf/Inter-roman.var.ttf", 600, LATIN),
    ("AvtaleDisplay-SemiBold.ttf", "Avtale Display", "SemiBold", "inter-vf/InterDisplay-roman.var.ttf", 600, LATIN),
    ("AvtaleMono-Regular.ttf", "Avtale Mono", "Regular", "noto/NotoSansMono-Regular.ttf", None, ASCII),
)


def main() -> int:
    """Write every font; prints each file's size."""
    for file_name, family, style, source, weight, letters in FONTS:
        font = TTFont(SOURCES / source, recalcTimestamp=False)
        if weight is not None:
            font = instantiateVariableFont(font, {"wght": weight})
            font["OS/2"].usWeightClass = weight
        _subset(font, letters)
        _rename(font, family, style)
        font.save(TARGET / file_name)
        sys.stdout.write(f"{file_name}: {(TARGET / file_name).stat().st_size:,} bytes\n")
    return 0


def _subset(font: TTFont, letters: set[int]) -> None:
    options = Options()
    options.layout_features = FEATURES
    options.hinting = False
    options.name_IDs = [0, 13, 14]
    options.notdef_outline = True
    options.glyph_names = False
    options.drop_tables += ["DSIG", "STAT", "MVAR", "meta"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)


def _rename(font: TTFont, family: str, style: str) -> None:
    regular = style == "Regular"
    names = {
        1: family if regular else f"{family} {style}",
        2: "Regular",
        3: f"avtalemottak:{family} {style}",
        4: f"{family} {style}",
        5: "Version 1.0",
        6: f"{family.replace(' ', '')}-{style}",
        16: family,
        17: style,
    }
    for name_id, value in names.items():
        font["name"].setName(value, name_id, 3, 1, 0x409)
    # Upright and not "bold" by the old flags: the weight class alone tells.
    font["OS/2"].fsSelection = font["OS/2"].fsSelection & ~0b100001 | 0b1000000
    font["head"].macStyle = 0


if __name__ == "__main__":
    raise SystemExit(main())
