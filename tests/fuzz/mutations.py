"""Random damage to signed PDFs: what noise, bad copies and attackers without a plan do."""

import re
from collections.abc import Callable
from random import Random

_NUMBER = re.compile(rb"\d+")
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[[^\]]*\]")
_TOKENS = tuple(b"/Contents /ByteRange /Type /Kids /Prev /Root /V /AP endobj xref %%EOF".split())
_NEW_TOKENS = (*b"/AA /OpenAction /XFA obj stream << >> ] null % 9999999999".split(), b"\n")
_EOF = b"%%EOF"
Mutation = Callable[[bytes, Random, tuple[bytes, ...]], bytes]


def flip_bits(pdf: bytes, random: Random, _others: tuple[bytes, ...]) -> bytes:
    """One to eight bits the other way round."""
    damaged = bytearray(pdf)
    for _ in range(random.randint(1, 8)):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def flip_a_bit_behind(pdf: bytes, random: Random, _others: tuple[bytes, ...]) -> bytes:
    """One bit in the last revisions, where the signatures are."""
    start = max(pdf.find(_EOF), 0)
    at = random.randrange(start, len(pdf))
    return pdf[:at] + bytes([pdf[at] ^ 1 << random.randrange(8)]) + pdf[at + 1 :]


def cut(pdf: bytes, random: Random, _others: tuple[bytes, ...]) -> bytes:
    """Cut short, at the end of a revision as often as anywhere."""
    ends = [match.end() for match in re.finditer(_EOF + rb"\r?\n?", pdf)][:-1]
    return pdf[: random.choice(ends) if ends and random.random() < 0.5 else random.randrange(len(pdf))]


def remove(pdf: bytes, random: Random, _others: tuple[bytes, ...]) -> bytes:
    """A piece taken out."""
    at = random.randrange(len(pdf))
    return pdf[:at] + pdf[at + random.randint(1, 2000) :]


def splice(pdf: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    """A piece of another return put in, or in the place of what was there."""
    other = random.choice(others)
    start = random.randrange(len(other))
    piece = other[start : start + random.randint(1, 5000)]
    at = random.randrange(len(pdf))
    return pdf[:at] + piece + pdf[at + (len(piece) if random.random() < 0.5 else 0) :]


def double_a_revision(pdf: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    """A revision, of this return or of another, appended once more."""
    source = random.choice([source for source in (pdf, *others) if _EOF in source])
    ends = [0, *(match.end() for match in re.finditer(_EOF + rb"\r?\n?", source))]
    index = random.randrange(len(ends) - 1)
    return pdf + source[ends[index] : ends[index + 1]]


def swap_byte_ranges(pdf: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    """A /ByteRange in another's place, of the same length, so that nothing else moves."""
    found = list(_BYTE_RANGE.finditer(pdf))
    source = [match[0] for other in (pdf, *others) for match in _BYTE_RANGE.finditer(other)]
    if not found:
        return flip_bits(pdf, random, others)
    target, new = random.choice(found), random.choice(source)
    new = new[: len(target[0])].ljust(len(target[0]))
    return pdf[: target.start()] + new + pdf[target.end() :]


def change_numbers(pdf: bytes, random: Random, _others: tuple[bytes, ...]) -> bytes:
    """A few numbers made others of the same width: offsets, lengths, object numbers."""
    numbers = list(_NUMBER.finditer(pdf, pdf.find(_EOF) if random.random() < 0.7 else 0))
    for match in random.sample(numbers, min(len(numbers), random.randint(1, 3))):
        new = b"%0*d" % (len(match[0]), random.randrange(10 ** min(len(match[0]), 12)))
        pdf = pdf[: match.start()] + new[: len(match[0])] + pdf[match.end() :]
    return pdf


def change_tokens(pdf: bytes, random: Random, _others: tuple[bytes, ...]) -> bytes:
    """A word of the syntax put in the place of another."""
    old = random.choice(_TOKENS)
    places = [match.start() for match in re.finditer(re.escape(old), pdf)]
    if not places:
        return pdf[:-1]
    at, new = random.choice(places), random.choice(_NEW_TOKENS + _TOKENS)
    return pdf[:at] + new.ljust(len(old)) + pdf[at + len(old) :]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_a_bit_behind,
    cut,
    remove,
    splice,
    double_a_revision,
    swap_byte_ranges,
    change_numbers,
    change_tokens,
)


def mutate(pdf: bytes, random: Random, others: tuple[bytes, ...]) -> tuple[bytes, str]:
    """One mutation, sometimes two; returns what was done as well."""
    done = []
    for _ in range(1 if random.random() < 0.8 else 2):
        if len(pdf) < 100:
            break
        mutation = random.choice(MUTATIONS)
        pdf = mutation(pdf, random, others)
        done.append(mutation.__name__)
    return pdf, " + ".join(done)


# --- what may differ without harm -------------------------------------------------------------------------------------


def same_but_for_values(mutant: bytes, honest: bytes, *, until: int) -> bool:
    """Whether two returns are alike up to `until`, less what stands in /Contents.

    No signature covers its own value: the filling behind it may be anything, and so may copies of certificates in it
    that also stand elsewhere. What counts of a value, the engine has verified.
    """
    return len(mutant) >= until and _without_values(mutant[:until], honest) == _without_values(honest[:until], honest)


def signed_ends(honest: bytes) -> list[int]:
    """Where each signature of the return ends what it covers.

    What follows may be cut off, and is a whole return again; or damaged, where it is revocation data that nobody signs.
    """
    ranges = [[int(number) for number in _NUMBER.findall(match[0])] for match in _BYTE_RANGE.finditer(honest)]
    return [numbers[2] + numbers[3] for numbers in ranges]


def _without_values(data: bytes, honest: bytes) -> bytes:
    blank = bytearray(data)
    for match in _BYTE_RANGE.finditer(honest):
        _, start, end, _ = (int(number) for number in _NUMBER.findall(match[0]))
        blank[start:end] = bytes(max(0, min(end, len(blank)) - start))
    return bytes(blank)
