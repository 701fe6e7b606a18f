"""Which page of a returned document an issued page is, and where on it its places came to lie.

Found by the words that stand on both: labels and prose, not the values. A page that was scaled, shifted, turned by
right angles, framed by a footer or set behind a front page is found; one that was turned a little, or stretched, is
not (scans are aligned elsewhere). Nothing is guessed: too few common words, or words that do not fit, and the page is
lost.
"""

import cmath
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agreements.fieldmap import Rectangle
from intake.reading.letters import Letter, Word

MIN_ANCHORS: Final = 8  # ours: the footer alone has about as many words, and is on every page
MIN_SHARE: Final = 0.6  # of an issued page's words that stand once on it: they must be where they should be
_NEAR: Final = 1.5  # points of the issued page; carriers round by under a tenth
_APART: Final = 60.0  # points between two words by which scale and turn are measured
_TURN: Final = math.radians(0.3)  # off a right angle; beyond it is skew
_SMALLEST, _LARGEST = 0.5, 2.0  # scales: two pages on a sheet are 0.7; a copy too small to be read is no page


@dataclass(frozen=True, kw_only=True)
class Transform:
    """From the issued page to the returned one: p becomes `factor` times p, plus `shift`, as complex numbers."""

    factor: complex = 1 + 0j
    shift: complex = 0j

    def rectangle(self, place: Rectangle) -> Rectangle:
        """Where a place of the issued page lies on the returned one."""
        one, other = (self.factor * complex(x, y) + self.shift for x, y in ((place.x0, place.y0), (place.x1, place.y1)))
        xs, ys = sorted((one.real, other.real)), sorted((one.imag, other.imag))
        return Rectangle(x0=round(xs[0], 2), y0=round(ys[0], 2), x1=round(xs[1], 2), y1=round(ys[1], 2))

    def letter(self, letter: Letter) -> Letter:
        """A letter of the returned page, where it would stand on the issued one."""
        left, bottom, right, top = letter.box
        at = (complex(letter.x, letter.y) - self.shift) / self.factor
        one, other = ((complex(*corner) - self.shift) / self.factor for corner in ((left, bottom), (right, top)))
        box = (
            *(min(one.real, other.real), min(one.imag, other.imag)),
            *(max(one.real, other.real), max(one.imag, other.imag)),
        )
        return Letter(letter.text, at.real, at.imag, box, letter.after_space)


IDENTITY: Final = Transform()


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a page is another one: `share` is that of the issued page's words which stand where they should."""

    transform: Transform
    share: float


def find_fit(issued: Sequence[Word], returned: Sequence[Word]) -> Fit | None:
    """How the words of an issued page came to stand on a returned one, or None if they did not."""
    anchors = _once(issued)
    there = _once(returned)
    pairs = sorted(
        ((at, there[text]) for text, at in anchors.items() if text in there),
        key=lambda pair: (pair[0].imag, pair[0].real),
    )
    if len(pairs) < max(MIN_ANCHORS, MIN_SHARE * len(anchors)):
        return None
    rough = _measure(pairs)
    fitting = [pair for pair in pairs if rough is not None and _misses(rough, pair) < 2 * _NEAR]
    exact = _least_squares(fitting) if len(fitting) >= MIN_ANCHORS else None
    if exact is None or not _is_upright(exact.factor):
        return None
    hits = sum(_misses(exact, pair) < _NEAR for pair in pairs)
    if hits < max(MIN_ANCHORS, MIN_SHARE * len(anchors)):
        return None
    return Fit(transform=exact, share=hits / len(anchors))


def find_exact(pairs: Sequence[tuple[complex, complex]]) -> Transform | None:
    """How places of an issued page came to lie on a returned one, if every one of them did; None if not."""
    transform = _least_squares(pairs) if len(pairs) >= MIN_ANCHORS else None
    if transform is None or not _is_upright(transform.factor):
        return None
    return transform if all(_misses(transform, pair) < _NEAR for pair in pairs) else None


def common_words(issued: Counter[str], returned: Counter[str]) -> int:
    """A cheap measure of how likely two pages are the same."""
    return (issued & returned).total()


def _once(words: Sequence[Word]) -> dict[str, complex]:
    """The words that stand once, with their places: they can't be taken for one another."""
    count = Counter(word.text for word in words)
    return {word.text: word.at for word in words if count[word.text] == 1}


def _measure(pairs: Sequence[tuple[complex, complex]]) -> Transform | None:
    """Scale and turn by the median over pairs of words that stand apart: wrong ones do not move it."""
    half = len(pairs) // 2
    factors = [
        (there - other_there) / (here - other)
        for step in (half, max(1, half // 2), max(1, half * 3 // 2))
        for (here, there), (other, other_there) in zip(pairs, [*pairs[step:], *pairs[:step]], strict=True)
        if abs(here - other) > _APART
    ]
    if len(factors) < MIN_ANCHORS:
        return None
    factor = _median(factors)
    if not _SMALLEST <= abs(factor) <= _LARGEST:
        return None
    return Transform(factor=factor, shift=_median([there - factor * here for here, there in pairs]))


def _least_squares(pairs: Sequence[tuple[complex, complex]]) -> Transform | None:
    mean = sum(here for here, _ in pairs) / len(pairs)
    there_mean = sum(there for _, there in pairs) / len(pairs)
    spread = sum(abs(here - mean) ** 2 for here, _ in pairs)
    if spread < len(pairs) * _APART**2 / 4:
        return None  # all in one corner: the rest of the page can't be told from them
    factor = sum((there - there_mean) * (here - mean).conjugate() for here, there in pairs) / spread
    if not _SMALLEST <= abs(factor) <= _LARGEST:
        return None
    return Transform(factor=factor, shift=there_mean - factor * mean)


def _misses(transform: Transform, pair: tuple[complex, complex]) -> float:
    """By how many points of the issued page a word misses its place."""
    return abs((pair[1] - transform.shift) / transform.factor - pair[0])


def _is_upright(factor: complex) -> bool:
    """Turned by nothing but right angles."""
    angle = cmath.phase(factor) % (math.pi / 2)
    return min(angle, math.pi / 2 - angle) < _TURN


def _median(values: Sequence[complex]) -> complex:
    return complex(statistics.median(value.real for value in values), statistics.median(value.imag for value in values))
