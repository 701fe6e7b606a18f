"""What may be typed is what the fonts have: no letter that the pages lack, none refused that they could show."""

import sys
from functools import cache
from importlib.resources import files

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from agreements.characters import find_invisible, find_unfit, tidy
from renderers.agreement_view import plain

TEXT_FONTS = ("AvtaleSans-Regular.ttf", "AvtaleSans-SemiBold.ttf", "AvtaleDisplay-SemiBold.ttf")


@cache
def taken() -> frozenset[str]:
    """Every character that a value may have."""
    kept = (one for one in map(chr, range(sys.maxunicode + 1)) if tidy(one) == one)  # the others become these
    return frozenset(one for one in kept if find_unfit(one) is None)


@pytest.mark.parametrize("name", TEXT_FONTS)
def test_the_characters_of_values_are_those_of_the_fonts(name: str) -> None:
    with files("renderers").joinpath("fonts", name).open("rb") as stream:
        shown = {chr(point) for point in TTFont(stream).getBestCmap()}
    refused = {one for one in shown if find_invisible(one) is None and find_unfit(one) is not None}
    assert (set(taken() - shown), refused) == (set(), set())


@given(st.text(max_size=40))
def test_a_page_shows_a_value_as_it_is_kept(typed: str) -> None:
    kept = tidy(typed)
    if find_unfit(kept) is None:
        assert plain(kept) == kept
