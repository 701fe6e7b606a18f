"""The references in an object, read off its bytes without parsing it.

Comparing revisions means following every reference from the catalogue on, and most objects on the way (the elements
of a tagged document's structure above all) are the very same bytes in both revisions: only what they lead to matters.
Parsing them takes ten times as long as matching one expression against them.

Why this is no weaker than parsing: the expression is a grammar of whole objects, anchored at the object's first byte
and at `endobj` after its last. It has no comments, no escapes in names, no nested or oddly escaped strings, no number
or reference the engine would read otherwise, and nothing deeper than MAX_DEPTH. Of a stream only the dictionary is
looked at, as there are no references in the data, and only if its length leads to its end. An object it matches
is divided into the same tokens by the engine's parser; what it does not match (or what says it is another object, or
is longer than MAX_PLAIN_BYTES) is parsed. In matched bytes with the strings taken out, a reference is a reference:
`N G R` can stand nowhere else, since `R` is no token of its own. So the result is exactly what parsing finds, and
tests/signatures/test_plain.py holds one against the other. Of a dictionary with a key written twice, which the engine
does not read, both values are followed: more is compared then, never less.
"""

import re
from typing import Final

MAX_PLAIN_BYTES: Final = 65_536  # an object longer than this is parsed; arrays of a large structure have some 10,000
MAX_DEPTH: Final = 3  # arrays and dictionaries inside each other, as structure elements have; doubles per level

_BLANKS = r"[ \n\r\t\f\x00]*+"
_ENDS = r"(?=[ \n\r\t\f\x00/\[\]<>(])"
_NAME = r"/[!\"$&'*-.0-;=?-Z\\^-z|~]*+"
_REFERENCE = rf"[1-9]\d{{0,7}} \d{{1,5}} R{_ENDS}"
_NUMBER = rf"[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++){_ENDS}"
_WORD = rf"(?:true|false|null){_ENDS}"
_STRING = r"\((?:[^()\\]++|\\[()\\nrtbf]|\\[0-3][0-7][0-7])*+\)"
_HEX_STRING = r"<[0-9A-Fa-f \n\r\t\f\x00]*+>"


def _grammar(depth: int) -> str:
    """The expression for a value with at most so many arrays and dictionaries inside each other."""
    scalar = f"{_REFERENCE}|{_NAME}|{_NUMBER}|{_WORD}|{_STRING}|{_HEX_STRING}"
    if depth == 0:
        return f"(?>{scalar})"
    inner = _grammar(depth - 1)
    array = rf"\[(?:{_BLANKS}{inner})*+{_BLANKS}\]"
    dictionary = rf"<<(?:{_BLANKS}{_NAME}{_BLANKS}{inner})*+{_BLANKS}>>"
    return f"(?>{scalar}|{array}|{dictionary})"


_HEADER = r"(?P<number>[1-9]\d{0,9}) (?P<made>\d{1,5}) obj"
_OBJECT: Final = re.compile(
    rf"{_HEADER}{_BLANKS}(?P<value>{_grammar(MAX_DEPTH)}){_BLANKS}(?:endobj|(?P<stream>stream\r?\n))".encode()
)
_LENGTHS: Final = re.compile(rf"/Length(?![!\"$&'*-.0-;=?-Z\\^-z|~#])(?: (\d{{1,9}}){_ENDS})?".encode())
_STREAM_END: Final = re.compile(rf"{_BLANKS}endstream{_BLANKS}endobj".encode())
_ANY_STRING: Final = re.compile(_STRING.encode())
_ANY_REFERENCE: Final = re.compile(rf"(?<!\d)([1-9]\d{{0,7}}) (\d{{1,5}}) R{_ENDS}".encode())


def _stream_ends(pdf: bytes, found: re.Match[bytes]) -> bool:
    """True if a stream's one stated length, which is no reference, leads to its end."""
    lengths = _LENGTHS.findall(found["value"])
    return len(lengths) == 1 and lengths[0] != b"" and bool(_STREAM_END.match(pdf, found.end() + int(lengths[0])))


def plain_references(pdf: bytes, offset: int, key: tuple[int, int]) -> tuple[tuple[int, int], ...] | None:
    """The keys (number, generation) to which the object at this offset refers.

    None where it is not plain, or not the object of this key.
    """
    found = _OBJECT.match(pdf, offset, offset + MAX_PLAIN_BYTES)
    if found is None or (int(found["number"]), int(found["made"])) != key:
        return None
    if found["stream"] and not _stream_ends(pdf, found):
        return None
    value = found["value"] + b" "  # a reference may be the whole of it
    if b"(" in value:
        value = _ANY_STRING.sub(b" ", value)
    return tuple((int(number), int(made)) for number, made in _ANY_REFERENCE.findall(value))
