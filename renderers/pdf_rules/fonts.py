"""Fonts: whole, embedded, and readable by machines."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from renderers.pdf_rules.subject import Operation, Rule, Subject, rule

RULES: list[Rule] = []
_SUBTYPES = frozenset({"/Type0", "/Type1", "/MMType1", "/TrueType", "/Type3"})
_FILES = ("/FontFile", "/FontFile2", "/FontFile3")
_FILE_SUBTYPES = frozenset({"/Type1C", "/CIDFontType0C", "/OpenType"})
_MAPPED = re.compile(rb"<[0-9a-fA-F]+>\s*<([0-9a-fA-F]+)>")
_FORBIDDEN = frozenset({"0000", "feff", "fffe"})
_TOLERANCE = 1.0  # thousandths of an em: widths are written rounded


@rule(RULES, "ISO 19005-3 6.2.11.2-1")
def fonts_are_fonts(file: Subject) -> Iterator[str]:
    """Every font dictionary says that it is one."""
    yield from (name for name, font in file.fonts if font.get("/Type") != Name.Font)


@rule(RULES, "ISO 19005-3 6.2.11.2-2")
def fonts_are_of_a_known_kind(file: Subject) -> Iterator[str]:
    """Every font is of a kind the standard knows."""
    yield from (name for name, font in file.fonts if str(font.get("/Subtype", "")) not in _SUBTYPES)


@rule(RULES, "ISO 19005-3 6.2.11.2-3")
def fonts_are_named(file: Subject) -> Iterator[str]:
    """Every font has its PostScript name."""
    yield from (name for name, font in file.fonts if font.get("/Subtype") != Name.Type3 and "/BaseFont" not in font)


@rule(RULES, "ISO 19005-3 6.2.11.2-6")
def simple_fonts_have_all_widths(file: Subject) -> Iterator[str]:
    """A simple font has a width for every character from its first to its last."""
    for name, font in file.fonts:
        if font.get("/Subtype") == Name.Type0 or _is_standard(font):
            continue
        count = int(font.get("/LastChar", -1)) - int(font.get("/FirstChar", 0)) + 1
        if count <= 0 or len(font.get("/Widths", Array())) != count:
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.2-7")
def font_programs_are_of_a_known_kind(file: Subject) -> Iterator[str]:
    """An embedded font program is of a kind the standard knows."""
    for name, descriptor in _descriptors(file):
        kind = str(descriptor.get("/FontFile3", Dictionary()).get("/Subtype", "/OpenType"))
        if kind not in _FILE_SUBTYPES:
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.3-1")
def composite_fonts_are_read_as_they_stand(file: Subject) -> Iterator[str]:
    """A composite font has the encoding Identity, or one for the same collection of characters."""
    for name, font in file.fonts:
        encoding = font.get("/Encoding")
        if font.get("/Subtype") != Name.Type0 or encoding in {Name("/Identity-H"), Name("/Identity-V")}:
            continue
        of_font, of_map = _descendant(font).CIDSystemInfo, _collection(encoding)
        if of_map is None or any(of_font.get(key) != of_map.get(key) for key in ("/Registry", "/Ordering")):
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.3-2")
def glyphs_are_numbered(file: Subject) -> Iterator[str]:
    """A composite TrueType font says which glyph each number is."""
    for name, font in _composite(file):
        if _descendant(font).get("/Subtype") == Name.CIDFontType2 and "/CIDToGIDMap" not in _descendant(font):
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.4-1")
def fonts_are_embedded(file: Subject) -> Iterator[str]:
    """Every font's program is in the file."""
    embedded = {name for name, descriptor in _descriptors(file) if any(key in descriptor for key in _FILES)}
    yield from (name for name, font in file.fonts if font.get("/Subtype") != Name.Type3 and name not in embedded)


@rule(RULES, "ISO 19005-3 6.2.11.4-2")
def glyphs_shown_are_in_the_font(file: Subject) -> Iterator[str]:
    """Every glyph that is shown is in the embedded program."""
    for name, program, codes in _shown(file):
        if any(code >= program["maxp"].numGlyphs for code in codes):
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.5-1")
def widths_agree_with_the_font(file: Subject) -> Iterator[str]:
    """The widths in the file are those of the embedded program."""
    for name, program, codes in _shown(file):
        font = next(font for known, font in file.fonts if known == name)
        widths, scale = _widths(_descendant(font)), 1000 / program["head"].unitsPerEm
        order, metrics = program.getGlyphOrder(), program["hmtx"]
        present = [code for code in codes if code < len(order)]
        if any(abs(widths.get(code, 1000.0) - metrics[order[code]][0] * scale) > _TOLERANCE for code in present):
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.7-1")
def text_can_be_read_by_machines(file: Subject) -> Iterator[str]:
    """Every composite font maps its glyphs to Unicode."""
    yield from (name for name, font in _composite(file) if not isinstance(font.get("/ToUnicode"), Stream))


@rule(RULES, "ISO 19005-3 6.2.11.7-2")
def text_is_made_of_characters(file: Subject) -> Iterator[str]:
    """No glyph is mapped to zero or to a byte order mark."""
    for name, font in _composite(file):
        mapping = font.get("/ToUnicode")
        found = _MAPPED.findall(mapping.read_bytes()) if isinstance(mapping, Stream) else []
        units = {text[start : start + 4] for text in (item.decode().lower() for item in found) for start in (0, 4, 8)}
        if units & _FORBIDDEN:
            yield name


@rule(RULES, "ISO 19005-3 6.2.11.8-1")
def no_letter_is_missing(file: Subject) -> Iterator[str]:
    """No text shows the glyph for a missing letter (.notdef)."""
    yield from (name for name, _, codes in _shown(file) if 0 in codes)


def _is_standard(font: Object) -> bool:
    return font.get("/Subtype") == Name.Type1 and "/FontDescriptor" not in font


def _composite(file: Subject) -> list[tuple[str, Object]]:
    return [(name, font) for name, font in file.fonts if font.get("/Subtype") == Name.Type0]


def _descendant(font: Object) -> Object:
    return font.DescendantFonts[0]


def _descriptors(file: Subject) -> Iterator[tuple[str, Object]]:
    for name, font in file.fonts:
        holder = _descendant(font) if font.get("/Subtype") == Name.Type0 else font
        if "/FontDescriptor" in holder:
            yield name, holder.FontDescriptor


def _collection(encoding: Object | None) -> Object | None:
    return encoding.get("/CIDSystemInfo") if isinstance(encoding, Stream) else None


def _shown(file: Subject) -> Iterator[tuple[str, Any, set[int]]]:
    """Of each embedded composite TrueType font: its name, its program, and the glyphs that text shows of it."""
    shown: dict[str, set[int]] = {}
    font = ""
    for operation in file.operations:
        if operation.operator == "Tf":
            font = _font_name(operation)
        elif operation.operator in {"Tj", "TJ", "'", '"'}:
            shown.setdefault(font, set()).update(_codes(operation))
    for name, composite in _composite(file):
        program = _descendant(composite).get("/FontDescriptor", Dictionary()).get("/FontFile2")
        if name in shown and isinstance(program, Stream):
            yield name, TTFont(BytesIO(program.read_bytes()), lazy=True), shown[name]


def _font_name(operation: Operation) -> str:
    font = operation.resources.get("/Font", Dictionary()).get(str(operation.operands[0]), Dictionary())
    return str(font.get("/BaseFont", "/?")).lstrip("/")


def _codes(operation: Operation) -> Iterator[int]:
    shown = operation.operands[-1]
    for part in shown if isinstance(shown, Array) else (shown,):
        if isinstance(part, String):
            written = bytes(part)
            yield from (int.from_bytes(written[start : start + 2]) for start in range(0, len(written), 2))


def _widths(descendant: Object) -> dict[int, float]:
    """The widths of a composite font by glyph (ISO 32000-1 9.7.4.3), in thousandths of an em."""
    found: dict[int, float] = {}
    entries = list(descendant.get("/W", Array()))
    while entries:
        first, second = int(entries.pop(0)), entries.pop(0)
        if isinstance(second, Array):
            found.update({first + offset: float(width) for offset, width in enumerate(second)})
        else:
            width = float(entries.pop(0))
            found.update(dict.fromkeys(range(first, int(second) + 1), width))
    return found
