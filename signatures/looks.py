"""How far the appearance of a field reaches (ISO 32000-1, 12.5.5 and 8.10.2), and what a filled field may draw.

A viewer lays an appearance stream into its field's rectangle by its box, and clips it there. A stream without a proper
box is not clipped: it paints over the page. So the box decides whether an appearance is confined to its field.

What a signer draws inside the signature field itself stays the signer's: it is not read, and it proves nothing.
"""

import re
from collections.abc import Iterator
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, PdfValue, key_of, raw
from signatures.fields import is_visible, numbers_of
from signatures.pairs import Pairs

MAX_CORNER: Final = 100_000.0  # pages end at 14,400 units (ISO 32000-1, annex C.2); viewers count in 32-bit floats
MIN_SIDE: Final = 0.01  # the same: the box is scaled to the rectangle, so a tiny one would make numbers overflow
MAX_SCALE: Final = 1_000.0  # the same, of the matrix
MAX_NESTED: Final = 20  # forms inside a form that paints nothing; signing software nests three
MAX_LOOK: Final = 1_048_576  # bytes of a stream that is read for what it draws; honest ones have a few hundred
MAX_RECTANGLES: Final = 6  # border, background, clip, highlights; more of them could draw letters

_STATES: Final = frozenset({"/N", "/R", "/D"})  # table 168
_FORM_KEYS: Final = frozenset(
    {
        "/Type", "/Subtype", "/FormType", "/BBox", "/Matrix", "/Resources", "/Group", "/Name", "/LastModified",
        "/PieceInfo", "/Length", "/Filter", "/DecodeParms", "/DL",
    }
)  # fmt: skip
"""Tables 5 and 95 without what leads out of the file or the box: `/F`, `/Ref`, `/OC`, `/OPI`; and without tags."""

_TOKEN: Final = re.compile(
    rb"%[^\r\n]*|(?P<text>\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]*>)|(?P<name>/[^\s()<>\[\]{}/%]*)"
    rb"|(?P<number>[+-]?(?>\d+\.?\d*|\.\d+)(?![^\s()<>\[\]{}/%]))|[\[\]]|(?P<operator>[^\s()<>\[\]{}/%]+)|(?P<other>\S)",
    re.DOTALL,
)
_PAINTS_NOTHING: Final = frozenset(b"q Q cm BMC EMC re W W* n Do".split())
_WRITES: Final = frozenset(
    b"q Q cm BMC EMC BT ET Tf Td TD Tm T* Tj TJ ' \" Tc Tw TL Ts w d g G rg RG k K re W W* n f F f* S s B b".split()
)
"""Text, its colour, and a frame. No pictures, forms, patterns, curves, changes of space or ways of drawing letters."""
_STANDARD_FONTS: Final = frozenset(
    {
        "/Courier", "/Courier-Bold", "/Courier-Oblique", "/Courier-BoldOblique",
        "/Helvetica", "/Helvetica-Bold", "/Helvetica-Oblique", "/Helvetica-BoldOblique",
        "/Times-Roman", "/Times-Bold", "/Times-Italic", "/Times-BoldItalic",
    }
)  # fmt: skip
"""Of ISO 32000-1, 9.6.2.2, those that write letters."""
_STANDARD_FONT_KEYS: Final = frozenset({"/Type", "/Subtype", "/BaseFont", "/Encoding", "/Name"})
_STANDARD_ENCODINGS: Final = frozenset({None, "/WinAnsiEncoding", "/MacRomanEncoding", "/StandardEncoding"})


def is_confined(document: Document, widget: PdfValue, revision: int) -> bool:
    """Nothing the widget draws lies outside its rectangle. One without area may draw nothing at all."""
    streams = _streams(document, widget, revision)
    if streams is None:
        return False
    if not is_visible(document, widget, revision):
        return all(paints_nothing(document, stream, revision) for stream in streams)
    return all(_is_clipped(document, s, revision) or paints_nothing(document, s, revision) for s in streams)


def draws_nothing(document: Document, widget: PdfValue, revision: int) -> bool:
    """No appearance, or only empty ones."""
    streams = _streams(document, widget, revision)
    return streams is not None and all(paints_nothing(document, stream, revision) for stream in streams)


def _streams(document: Document, widget: PdfValue, revision: int) -> list[PdfValue] | None:
    """Every appearance stream, of all states; None where the dictionary holds anything else."""
    looks = document.get(widget, "/AP", revision)
    if looks is None:
        return []
    if not isinstance(looks, generic.DictionaryObject) or isinstance(looks, generic.StreamObject):
        return None
    if not set(looks) <= _STATES:
        return None
    found: list[PdfValue] = []
    for key in looks:
        look = document.get(looks, key, revision)
        states = [look]
        if isinstance(look, generic.DictionaryObject) and not isinstance(look, generic.StreamObject):
            states = [document.get(look, state, revision) for state in look]
        found.extend(state for state in states if state is not None)
    return found if all(isinstance(look, generic.StreamObject) for look in found) else None


def _is_clipped(document: Document, stream: PdfValue, revision: int) -> bool:
    """The box and the matrix are what a viewer needs to clip."""
    if not set(stream) <= _FORM_KEYS or document.get(stream, "/Subtype", revision) != "/Form":
        return False
    box = numbers_of(document, document.get(stream, "/BBox", revision), revision)
    if box is None or len(box) != 4 or max(map(abs, box)) > MAX_CORNER:
        return False
    if abs(box[2] - box[0]) < MIN_SIDE or abs(box[3] - box[1]) < MIN_SIDE:
        return False
    given = document.get(stream, "/Matrix", revision)
    return given is None or _is_sound(numbers_of(document, given, revision))


def _is_sound(matrix: tuple[float, ...] | None) -> bool:
    """Six numbers that turn, scale and move; not ones that flatten everything into a line."""
    if matrix is None or len(matrix) != 6 or max(map(abs, matrix)) > MAX_CORNER:
        return False
    a, b, c, d = matrix[:4]
    return 1 / MAX_SCALE**2 <= abs(a * d - b * c) <= MAX_SCALE**2


# --- what a stream paints ---------------------------------------------------------------------------------------------


def paints_nothing(document: Document, stream: PdfValue, revision: int) -> bool:
    """Only operators that leave no mark, and forms of which the same is true. What can't be read may paint."""
    todo, steps = [stream], 0
    while todo:
        steps += 1
        form = todo.pop()
        if steps > MAX_NESTED or not isinstance(form, generic.StreamObject) or "/F" in form:
            return False
        words = list(_tokens(form))
        operators = {word for kind, word in words if kind not in ("name", "number")}
        if not operators <= _PAINTS_NOTHING:
            return False
        if b"Do" in operators:
            shown = document.get(document.get(form, "/Resources", revision), "/XObject", revision)
            names = {word.decode("latin-1") for kind, word in words if kind == "name"}
            todo.extend(document.get(shown, name, revision) for name in names)  # one that is not there is no stream
    return True


def writes_plainly(pairs: Pairs, widget: PdfValue) -> bool:
    """The appearance of a filled text or choice: text in a frame, in fonts that cannot lie.

    The program reads by the fonts' own tables which letters stand there. A font that came with the filling could show
    others; so could lines and pictures. Those fonts that were issued, and the standard ones, are what they were.
    """
    streams = _streams(pairs.document, widget, pairs.new)
    return bool(streams) and all(_writes_plainly(pairs, stream) for stream in streams or ())


def _writes_plainly(pairs: Pairs, stream: PdfValue) -> bool:
    words = list(_tokens(stream))
    operators = [word for kind, word in words if kind not in ("name", "number", "text", "bracket")]
    if not set(operators) <= _WRITES or operators.count(b"re") > MAX_RECTANGLES:
        return False
    resources = pairs.document.get(stream, "/Resources", pairs.new)
    fonts = pairs.document.get(resources, "/Font", pairs.new)
    if fonts is None:
        return b"Tf" not in operators
    return isinstance(fonts, generic.DictionaryObject) and all(_is_known(pairs, raw(fonts, key)) for key in fonts)


def _is_known(pairs: Pairs, font: PdfValue) -> bool:
    key = key_of(font)
    if key is not None and pairs.document.marker(key, pairs.old) is not None and pairs.is_same(font, font):
        return True
    value = pairs.document.resolve(font, pairs.new)
    return (
        isinstance(value, generic.DictionaryObject)
        and set(value) <= _STANDARD_FONT_KEYS
        and pairs.document.get(value, "/Subtype", pairs.new) == "/Type1"
        and pairs.document.get(value, "/BaseFont", pairs.new) in _STANDARD_FONTS
        and pairs.document.get(value, "/Encoding", pairs.new) in _STANDARD_ENCODINGS
    )


def _tokens(stream: PdfValue) -> Iterator[tuple[str, bytes]]:
    """The words of a content stream (ISO 32000-1, 7.8.2) with their kinds, comments left out.

    A stream that cannot be decoded is one word that nobody knows.
    """
    try:
        data = bytes(stream.data)
    except Exception:  # noqa: BLE001 - the filters of a hostile stream raise anything
        data = b"?"
    if len(data) > MAX_LOOK:
        data = b"?"
    for match in _TOKEN.finditer(data):
        if match[0][:1] in b"[]" and match.lastgroup is None:
            yield "bracket", match[0]
        elif match.lastgroup is not None:
            yield match.lastgroup, match[0]
