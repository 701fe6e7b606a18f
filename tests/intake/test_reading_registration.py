"""How a scanned page lies: measured on pages that were laid so."""

import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import renderers
from agreements.language import Language
from intake.reading.raster import open_drawing
from intake.reading.registration import (
    ISSUED_DOTS,
    MIN_FIT,
    Affine,
    Fit,
    guesses,
    look_at,
    refine,
    scaled,
    similar,
    warp,
    way_between,
)
from tests.renderers.samples import rendered

os.environ["FONTCONFIG_FILE"] = str(renderers.fontconfig_file())
CORNERS = ((60.0, 60.0), (530.0, 60.0), (530.0, 780.0), (60.0, 780.0))
MILLIMETRE = 72 / 25.4
NUMBERS = st.floats(-100, 100)


@pytest.fixture(scope="module")
def pages() -> list[Image.Image]:
    with open_drawing(rendered(Language.NB).pdf) as drawing:
        return [drawing.draw(number, ISSUED_DOTS)[0] for number in (1, 2)]


def laid(page: Image.Image, way: Affine) -> Image.Image:
    """The page as a scanner would see it that finds the point (x, y) of the page at `way.at(x, y)`."""
    area = way.a * way.e - way.b * way.d
    a, b, d, e = way.e / area, -way.b / area, -way.d / area, way.a / area
    back = Affine(a=a, b=b, c=-a * way.c - b * way.f, d=d, e=e, f=-d * way.c - e * way.f)
    return warp(page, ISSUED_DOTS, back, page.size, ISSUED_DOTS)


def turned(degrees: float, *, scale: float = 1.0, across: float = 0.0, down: float = 0.0) -> Affine:
    cosine, sine = (scale * function(math.radians(degrees)) for function in (math.cos, math.sin))
    return Affine(a=cosine, b=-sine, c=across, d=sine, e=cosine, f=down)


def found(page: Image.Image, scan: Image.Image) -> Fit:
    look = look_at(scan, ISSUED_DOTS, lies_down=False)
    return refine(page, scan, ISSUED_DOTS, guesses(page, ISSUED_DOTS, look)[0][1])


@pytest.mark.parametrize(
    "way",
    [
        turned(0),
        turned(2.5, across=14),
        turned(-2.5, down=12),
        turned(0.6, scale=0.94, across=18, down=24),
        Affine(a=1, b=0.004, c=3, d=-0.004, e=1.004, f=-2),
    ],
)
def test_a_page_is_found_as_it_was_laid_within_a_third_of_a_millimetre(pages: list[Image.Image], way: Affine) -> None:
    fit = found(pages[0], laid(pages[0], way))
    assert fit.quality >= MIN_FIT
    for corner in CORNERS:
        assert math.dist(fit.way.at(*corner), way.at(*corner)) < MILLIMETRE / 3


def test_a_page_upside_down_is_found(pages: list[Image.Image]) -> None:
    fit = found(pages[0], pages[0].transpose(Image.Transpose.ROTATE_180))
    width, height = (side * 72 / ISSUED_DOTS for side in pages[0].size)
    assert fit.quality >= MIN_FIT
    for x, y in CORNERS:
        assert math.dist(fit.way.at(x, y), (width - x, height - y)) < MILLIMETRE / 3


def test_another_page_is_not_taken_for_it(pages: list[Image.Image]) -> None:
    assert found(pages[0], pages[1]).quality < MIN_FIT / 2
    assert found(pages[1], pages[0]).quality < MIN_FIT / 2


def test_a_blank_and_a_black_page_are_nothing(pages: list[Image.Image]) -> None:
    for shade in (0, 255):
        assert found(pages[0], Image.new("L", pages[0].size, shade)).quality == 0


def test_a_page_shown_in_a_mirror_is_no_page(pages: list[Image.Image]) -> None:
    assert found(pages[0], pages[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT)).quality < MIN_FIT


@given(st.tuples(*[NUMBERS] * 6), st.tuples(NUMBERS, NUMBERS))
def test_one_way_after_the_other_is_both(numbers: tuple[float, ...], point: tuple[float, float]) -> None:
    one = Affine(**dict(zip("abcdef", numbers, strict=True)))
    other = scaled(0.5)
    assert one.then(other).at(*point) == pytest.approx(other.at(*one.at(*point)))


@given(st.floats(-180, 180), st.floats(0.5, 2), NUMBERS, NUMBERS)
def test_the_way_between_points_is_the_one_they_went(angle: float, scale: float, across: float, down: float) -> None:
    way = turned(angle, scale=scale, across=across, down=down)
    pairs = [(corner, way.at(*corner)) for corner in CORNERS]
    straight = way_between(pairs)
    assert straight is not None
    for corner in CORNERS:
        assert straight.at(*corner) == pytest.approx(way.at(*corner), abs=1e-6)
        assert similar(pairs).at(*corner) == pytest.approx(way.at(*corner), abs=1e-6)


def test_points_in_a_line_show_no_way() -> None:
    line = [((float(x), 2.0 * x), (float(x), 2.0 * x)) for x in range(5)]
    assert way_between(line) is None
