"""Mutants of signed agreements: a plain seeded mutator that knows what PDF and DER are made of.

The same number makes the same change to the same seed. What once went wrong is kept as a file in `corpus/`, for the
seeds are signed with other keys in every run.
"""

import io
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pikepdf

from signatures.throwaway import ThrowawayPki, sign
from tests.signatures.papers import NOW, append, append_objects, fill, make_agreement, overlay, update_root

CORPUS: Final = Path(__file__).parent / "corpus"
TOKENS: Final = (
    b"/ByteRange [0 1 2 3]",
    b"/Contents <3080>",
    b"/Prev 0",
    b"/Prev 99999999999",
    b"/XRefStm 15",
    b"startxref\n0\n%%EOF",
    b"/Kids [1 0 R 1 0 R]",
    b"/Parent 1 0 R",
    b"/V 1 0 R",
    b"1 0 R",
    b"0 0 R",
    b"<<",
    b">>",
    b"[",
    b"]",
    b"(",
    b")",
    b"<",
    b">",
    b"stream\n",
    b"endstream",
    b"endobj",
    b"obj",
    b"xref\n0 1\n",
    b"trailer",
    b"/Length 99999999",
    b"/Filter /FlateDecode",
    b"/Filter [/ASCIIHexDecode /LZWDecode]",
    b"/W [0 0 0]",
    b"/Index [0 1000000000]",
    b"/Size 1000000000",
    b"/Type /ObjStm",
    b"/Type /XRef",
    b"/SubFilter /adbe.pkcs7.sha1",
    b"/SubFilter /ETSI.RFC3161",
    b"/Encrypt 1 0 R",
    b"/#42yteRange",
    b"null",
    b"\x00",
    b"\xff\xfe",
    b"%",
    b"\r",
    b"-1",
    b"1e99",
    b"99999999999999999999",
)

Mutator = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def seeds(pki: ThrowawayPki) -> tuple[bytes, ...]:
    """One signed agreement of each build: levels, signers, form, object streams, tags, later revisions."""
    kari, ola = pki.person("Kari Nordmann"), pki.person("Ola Nordmann")
    paper, form = make_agreement(tagged=True), make_agreement(value_field=True)
    packed = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        pdf.save(packed, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    basic = sign(paper, kari, field="Signatur1", now=NOW)
    return (
        basic,
        sign(paper, kari, field="Signatur1", level="B-LTA", now=NOW),
        sign(sign(paper, kari, field="Signatur1", level="B-LT", now=NOW), ola, field="Signatur2", now=NOW),
        sign(fill(form, "Per"), kari, field="Signatur1", level="CMS", now=NOW),
        sign(packed.getvalue(), pki.seal("Fjord AS", "310028142"), field="Signatur1", level="B-T", now=NOW),
        overlay(basic),
        append(basic, update_root),
    )


def mutant(number: int, sources: Sequence[bytes]) -> bytes:
    """The mutant of that number: one to four changes to one of the sources."""
    chance = random.Random(number)
    data = sources[number % len(sources)]
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(MUTATORS)(chance, data, sources)
    return data


def _place(chance: random.Random, data: bytes) -> int:
    """Anywhere, or where structure is: half of all bytes lie in the signature's hexadecimal gap."""
    marks = [match.start() for match in re.finditer(rb"/[A-Z]|\bobj\b|xref", data)]
    return (
        chance.choice(marks) + chance.randrange(12)
        if marks and chance.random() < 0.6
        else chance.randrange(len(data) + 1)
    )


def _flip(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(data or b"x")
    for _turn in range(chance.choice((1, 1, 2, 8, 64))):
        changed[min(_place(chance, data), len(changed) - 1)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _token(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A word of the language written over what stands there: every offset still fits."""
    at, word = _place(chance, data), chance.choice(TOKENS)
    return data[:at] + word + data[at + len(word) :]


def _insert(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + b" " + chance.choice(TOKENS) + b" " + data[at:]


def _digits(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Another number of the same length: references, offsets, places, ranges."""
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    match = chance.choice(found)
    new = bytes(chance.choice(b"0123456789") for _ in match[0])
    return data[: match.start()] + new + data[match.end() :]


def _revise(chance: random.Random, data: bytes, sources: Sequence[bytes]) -> bytes:
    """A well-made revision that writes one object anew, a little changed or as another one: what attackers send."""
    objects = re.findall(rb"\n(\d+) 0 obj\n(.{1,3000}?)\nendobj", data, re.DOTALL)
    if not objects or not all(
        re.search(word, data) for word in (rb"startxref\s+\d", rb"/Root\s+\d+ \d+ R", rb"/Size\s+\d")
    ):
        return data
    number, body = chance.choice(objects)
    body = chance.choice((body, chance.choice(objects)[1]))
    return append_objects(data, {int(number[:6]): chance.choice((_token, _digits, _insert))(chance, body, sources)})


def _number(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    match = chance.choice(found)
    new = chance.choice((b"0", b"-1", b"1", b"65536", b"2147483648", b"9" * 15, str(int(match[0][:9]) + 1).encode()))
    return data[: match.start()] + new + data[match.end() :]


def _remove(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 5, 50, 500, 5000)) :]


def _repeat(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at : at + chance.choice((5, 50, 500))] * chance.choice((2, 3, 40)) + data[at:]


def _splice(chance: random.Random, data: bytes, sources: Sequence[bytes]) -> bytes:
    other = chance.choice(sources)
    return data[: _place(chance, data)] + other[_place(chance, other) :]


def _truncate(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: _place(chance, data)]


def _message(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A byte of a CMS message: tags and lengths of DER."""
    gaps = list(re.finditer(rb"<([0-9a-fA-F]{1000,})>", data))
    if not gaps:
        return data
    gap = chance.choice(gaps)
    length = len(gap[1].rstrip(b"0")) // 2
    at = gap.start(1) + 2 * chance.randrange(max(1, length))
    new = chance.choice((b"30", b"80", b"ff", b"00", b"02", b"84", b"a0", b"31", b"%02x" % chance.randrange(256)))
    return data[:at] + new + data[at + 2 :]


MUTATORS: Final[tuple[Mutator, ...]] = (
    *(_flip, _token, _token, _digits, _digits, _revise, _revise, _revise, _message, _message),
    *(_insert, _number, _remove, _repeat, _splice, _truncate),
)
