"""Which scanned page is which issued page, and how it lies there: turned, crooked, shifted, shrunk. Pillow alone.

The QR code gives a first guess; without one, the page's dark rows and columns do. The guess is made better by finding
pieces of the issued page in the scan, with ever more dots to the inch. How well the pieces are found again says
whether it is that page at all.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul
from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageOps

Point = tuple[float, float]
MIN_FIT: Final = 0.6  # share of the pieces found in their place; docs/scans.md says what was measured
_LOW: Final = 36.0  # dots to the inch for rows and columns: a line of text is some five dots
_STEPS: Final = ((50.0, 7), (100.0, 4), (150.0, 3))  # dots to the inch; how many dots a piece may lie off
ISSUED_DOTS: Final = _STEPS[-1][0]
"""How finely an issued page is drawn to be looked for."""
_HOPELESS: Final = 0.2  # of the pieces at the first step: another page
_PIECE: Final = (60.0, 22.0)  # points: a few words
_MAX_PIECES: Final = 36
_MIN_INK: Final = 0.03  # of a piece
_ROUNDS: Final = 4  # of dropping pieces that lie off
_SAME: Final = 0.55  # correlation of a piece with the scan
_MAX_SKEW: Final = 4.0  # degrees; a sheet fed more crookedly is read by a person
_SKEW_STEP: Final = 0.25
_SCALES: Final = tuple(0.90 + 0.01 * step for step in range(15))


@dataclass(frozen=True, kw_only=True)
class Affine:
    """`x' = a x + b y + c`, `y' = d x + e y + f`."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def at(self, x: float, y: float) -> Point:
        """Where a point goes."""
        return self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f

    def then(self, other: "Affine") -> "Affine":
        """First along one way, then along the other."""
        c, f = other.at(self.c, self.f)
        return Affine(
            a=other.a * self.a + other.b * self.d, b=other.a * self.b + other.b * self.e, c=c,
            d=other.d * self.a + other.e * self.d, e=other.d * self.b + other.e * self.e, f=f,
        )  # fmt: skip

    @property
    def is_paperlike(self) -> bool:
        """Whether a sheet may come to lie so: neither mirrored nor pulled, and not far from its size."""
        across, down = math.hypot(self.a, self.d), math.hypot(self.b, self.e)
        area = self.a * self.e - self.b * self.d
        return area > 0 and abs(across / down - 1) < 0.03 and area > 0.97 * across * down


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How an issued page lies in a scan: both in points from the upper left."""

    way: Affine
    quality: float
    """0 to 1: the share of the issued page's pieces that are found in their place."""


def scaled(factor: float) -> Affine:
    """Larger by a factor."""
    return Affine(a=factor, b=0, c=0, d=0, e=factor, f=0)


def warp(scan: Image.Image, scan_dots: float, way: Affine, size: tuple[int, int], dots: float) -> Image.Image:
    """The scan as the issued page lies: `size` in dots at `dots` to the inch; what is off the scan is white."""
    to_scan = scaled(72 / dots).then(way).then(scaled(scan_dots / 72))
    data = (to_scan.a, to_scan.b, to_scan.c, to_scan.d, to_scan.e, to_scan.f)
    return scan.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR, fillcolor=255)


def way_between(pairs: Sequence[tuple[Point, Point]]) -> Affine | None:
    """The affine way that takes each first point nearest to its second (least squares); None if they lie in a line."""
    count = len(pairs)
    if count < 3:
        return None
    mx, my = sum(p[0][0] for p in pairs) / count, sum(p[0][1] for p in pairs) / count
    xx = sum((p[0][0] - mx) ** 2 for p in pairs)
    yy = sum((p[0][1] - my) ** 2 for p in pairs)
    xy = sum((p[0][0] - mx) * (p[0][1] - my) for p in pairs)
    determinant = xx * yy - xy * xy
    if determinant < 1e-3 * max(xx, yy, 1e-9) ** 2:
        return None
    rows: list[float] = []
    for axis in (0, 1):
        mean = sum(p[1][axis] for p in pairs) / count
        sx = sum((p[0][0] - mx) * (p[1][axis] - mean) for p in pairs)
        sy = sum((p[0][1] - my) * (p[1][axis] - mean) for p in pairs)
        one, other = (sx * yy - sy * xy) / determinant, (sy * xx - sx * xy) / determinant
        rows += [one, other, mean - one * mx - other * my]
    return Affine(a=rows[0], b=rows[1], c=rows[2], d=rows[3], e=rows[4], f=rows[5])


def similar(pairs: Sequence[tuple[Point, Point]]) -> Affine:
    """The turned, scaled and shifted way through point pairs (least squares): for points that lie near each other."""
    count = len(pairs)
    one = [complex(*p[0]) for p in pairs]
    other = [complex(*p[1]) for p in pairs]
    middle, target = sum(one) / count, sum(other) / count
    norm = sum(abs(z - middle) ** 2 for z in one) or 1.0
    turn = sum((w - target) * (z - middle).conjugate() for z, w in zip(one, other, strict=True)) / norm
    shift = target - turn * middle
    return Affine(a=turn.real, b=-turn.imag, c=shift.real, d=turn.imag, e=turn.real, f=shift.imag)


def refine(issued: Image.Image, scan: Image.Image, scan_dots: float, guess: Affine) -> Fit:
    """A better way than the guess, and how good it is. `issued`: drawn at the last of the steps' dots to the inch."""
    way, quality, full = guess, 0.0, _STEPS[-1][0]
    for dots, reach in _STEPS:
        size = (round(issued.width * dots / full), round(issued.height * dots / full))
        ours = _ink(issued.resize(size, Image.Resampling.BOX) if dots != full else issued)
        for _turn in range(2):
            seen = _ink(warp(scan, scan_dots, way, size, dots))
            pieces = list(_pieces(ours, dots))
            found = [(piece, _find(ours, seen, piece, reach)) for piece in pieces]
            pairs = [(piece, spot) for piece, (spot, likeness) in found if likeness >= _SAME]
            correction = _robust(pairs, dots)
            if correction is None:
                return Fit(way=way, quality=0.0)
            step, kept = correction
            quality = kept / max(len(pieces), 1)
            if quality < _HOPELESS:
                return Fit(way=way, quality=0.0)
            way = scaled(dots / 72).then(step).then(scaled(72 / dots)).then(way)
    return Fit(way=way, quality=quality if way.is_paperlike else 0.0)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A scanned page by its dark rows and columns, upright and upside down, to be compared with issued pages."""

    upright: Affine
    """From the page as it reads (or its back to front) to the scan as it came, in dots."""
    size: Point
    profiles: tuple[tuple[float, list[float], list[float]], ...]
    """Degrees it was turned by, rows, columns."""


def look_at(scan: Image.Image, scan_dots: float, *, lies_down: bool) -> Look:
    """`lies_down`: whether the issued pages are wider than high."""
    flat = _at(scan, scan_dots)
    upright = Affine(a=1, b=0, c=0, d=0, e=1, f=0)
    if (flat.width > flat.height) != lies_down:
        upright = Affine(a=0, b=-1, c=flat.width, d=1, e=0, f=0)
        flat = flat.transpose(Image.Transpose.ROTATE_90)
    ink = _ink(flat)
    skew = _skew(ink)
    turned = ((angle, ink.rotate(angle, Image.Resampling.BILINEAR)) for angle in (skew, skew + 180))
    return Look(
        upright=upright,
        size=(ink.width, ink.height),
        profiles=tuple((angle, _rows(image), _columns(image)) for angle, image in turned),
    )


def guesses(issued: Image.Image, issued_dots: float, look: Look) -> list[tuple[float, Affine]]:
    """Ways that a page's dark rows and columns allow, upright and upside down, each with its likeness."""
    ours = _ink(_at(issued, issued_dots))
    own = _rows(ours), _columns(ours)
    found: list[tuple[float, Affine]] = []
    for angle, rows, columns in look.profiles:
        scale, down, rows_like = _best_shift(own[0], rows, _SCALES)
        _same, across, columns_like = _best_shift(own[1], columns, (scale,))
        flat = Affine(a=scale, b=0, c=across, d=0, e=scale, f=down)
        way = (
            scaled(_LOW / 72).then(flat).then(_turned_back(angle, look.size)).then(look.upright).then(scaled(72 / _LOW))
        )
        found.append((rows_like * columns_like, way))
    return sorted(found, key=lambda entry: -entry[0])


def _at(image: Image.Image, dots: float) -> Image.Image:
    size = (max(1, round(image.width * _LOW / dots)), max(1, round(image.height * _LOW / dots)))
    return image.resize(size, Image.Resampling.BOX)


def _ink(image: Image.Image) -> Image.Image:
    """Dark becomes light; what is grey all over (paper, tinted boxes, shadows) becomes nothing."""
    ink = ImageOps.invert(image)
    ground = ink.filter(ImageFilter.BoxBlur(max(3, image.height // 60)))
    return ImageChops.subtract(ink, ground).point(lambda step: min(255, step * 2)).filter(ImageFilter.GaussianBlur(0.7))


def _pieces(ink: Image.Image, dots: float) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of the issued page with something in them, spread over it."""
    width, height = round(_PIECE[0] * dots / 72), round(_PIECE[1] * dots / 72)
    columns, rows = ink.width // width, ink.height // height
    grid = ink.crop((0, 0, columns * width, rows * height)).resize((columns, rows), Image.Resampling.BOX)
    weights = grid.tobytes()
    filled = [cell for cell in range(columns * rows) if weights[cell] >= _MIN_INK * 255]
    every = max(1.0, len(filled) / _MAX_PIECES)
    for turn in range(min(len(filled), _MAX_PIECES)):
        cell = filled[int(turn * every)]
        left, top = cell % columns * width, cell // columns * height
        yield left, top, left + width, top + height


def _find(ours: Image.Image, seen: Image.Image, piece: tuple[int, int, int, int], reach: int) -> tuple[Point, float]:
    """How far a piece lies off in the other picture, and how like it is there (normed correlation)."""
    left, top, right, bottom = piece
    patch = ours.crop(piece)
    own = _energy(patch)
    window = seen.crop((left - reach, top - reach, right + reach, bottom + reach))
    scores: dict[Point, float] = {}
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = reach + dx, reach + dy
            part = window.crop((x, y, x + patch.width, y + patch.height))
            scores[dx, dy] = _weight(ImageChops.multiply(patch, part))
    best = max(scores, key=lambda spot: scores[spot])
    x, y = reach + int(best[0]), reach + int(best[1])
    there = _energy(window.crop((x, y, x + patch.width, y + patch.height)))
    likeness = scores[best] / math.sqrt(own * there) if own > 0 and there > 0 else 0.0
    return (best[0] + _peak(scores, best, (1, 0)), best[1] + _peak(scores, best, (0, 1))), likeness


def _peak(scores: dict[Point, float], best: Point, way: tuple[int, int]) -> float:
    """Where between the dots the top lies (a parabola through three of them)."""
    before = scores.get((best[0] - way[0], best[1] - way[1]))
    after = scores.get((best[0] + way[0], best[1] + way[1]))
    if before is None or after is None:
        return 0.0
    bend = before - 2 * scores[best] + after
    return 0.0 if bend >= 0 else (before - after) / (2 * bend)


def _weight(image: Image.Image) -> float:
    return float(sum(map(mul, range(256), image.histogram())))


def _energy(image: Image.Image) -> float:
    return _weight(ImageChops.multiply(image, image))


def _robust(found: Sequence[tuple[tuple[int, int, int, int], Point]], dots: float) -> tuple[Affine, int] | None:
    """The way most pieces agree on, and how many do. Those that lie off by more than half a millimetre are dropped."""
    pairs = [
        (((x0 + x1) / 2, (y0 + y1) / 2), ((x0 + x1) / 2 + off[0], (y0 + y1) / 2 + off[1]))
        for (x0, y0, x1, y1), off in found
    ]
    within = max(1.2, 0.5 * dots / 25.4)
    way = None
    for _round in range(_ROUNDS):
        way = way_between(pairs)
        if way is None:
            return None
        errors = [math.dist(way.at(*one), other) for one, other in pairs]
        bound = max(within, sorted(errors)[len(errors) // 2] * 2)
        kept = [pair for pair, error in zip(pairs, errors, strict=True) if error <= bound]
        if len(kept) == len(pairs):
            return way, sum(error <= within for error in errors)
        pairs = kept
    return None if way is None else (way, len(pairs))


def _skew(ink: Image.Image) -> float:
    """How many degrees the rows of a page lean: turned back, they stand out most."""
    steps = int(_MAX_SKEW / _SKEW_STEP)

    def sharpness(angle: float) -> float:
        rows = _rows(ink.rotate(angle, Image.Resampling.BILINEAR))
        return float(sum((one - other) ** 2 for one, other in pairwise(rows)))

    return max((step * _SKEW_STEP for step in range(-steps, steps + 1)), key=sharpness)


def _rows(ink: Image.Image) -> list[float]:
    return _floats(ink.convert("F").resize((1, ink.height), Image.Resampling.BOX))


def _columns(ink: Image.Image) -> list[float]:
    return _floats(ink.convert("F").resize((ink.width, 1), Image.Resampling.BOX))


def _floats(image: Image.Image) -> list[float]:
    return list(memoryview(image.tobytes()).cast("f"))


def _turned_back(angle: float, size: Point) -> Affine:
    """Where a dot of a turned picture came from: Pillow turns anticlockwise about the middle."""
    radians, cx, cy = math.radians(angle), size[0] / 2, size[1] / 2
    cosine, sine = math.cos(radians), math.sin(radians)
    return Affine(a=cosine, b=-sine, c=cx - cosine * cx + sine * cy, d=sine, e=cosine, f=cy - sine * cx - cosine * cy)


def _best_shift(ours: Sequence[float], theirs: Sequence[float], scales: Sequence[float]) -> tuple[float, float, float]:
    """Scale, shift and likeness under which `theirs[scale * i + shift]` is most like `ours[i]`."""
    reach = round(len(ours) * 0.12)
    best = (1.0, 0.0, -1.0)
    padded = [0.0] * reach + list(theirs) + [0.0] * (reach + len(ours))
    norm = math.sqrt(sum(map(mul, theirs, theirs))) or 1.0
    for scale in scales:
        length = int(len(ours) * scale)
        stretched = [ours[min(len(ours) - 1, int(spot / scale))] for spot in range(length)]
        own = math.sqrt(sum(map(mul, stretched, stretched))) or 1.0
        for shift in range(-reach, reach + round(len(ours) * max(0.0, 1 - scale)) + 1):
            like = sum(map(mul, stretched, padded[reach + shift :])) / (own * norm)
            if like > best[2]:
                best = (scale, float(shift), like)
    return best
