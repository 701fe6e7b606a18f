"""How the pages of what was written anew compare with the issued ones, told quickly and told letter by letter."""

import io
from collections.abc import Callable
from itertools import pairwise

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from agreements.likeness import Likeness
from intake.reading import ink, opened
from intake.reading.likeness import compare_pages
from intake.reading.opened import open_both
from tests.zoo import carriers
from tests.zoo.keeper import issued

Change = Callable[[bytes], bytes]


def drawn(content: bytes, page: int = 1) -> Change:
    """Something written onto a page, over what stands there."""

    def change(pdf: bytes) -> bytes:
        output = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf)) as document:
            document.pages[page].contents_add(b"q " + content + b" Q")
            document.save(output)
        return output.getvalue()

    return change


def replaced(old: bytes, new: bytes) -> Change:
    """An operator of the first page's contents exchanged."""

    def change(pdf: bytes) -> bytes:
        output = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf)) as document:
            page = document.pages[1]
            page.contents_coalesce()
            contents = page.Contents.read_bytes()
            assert old in contents
            page.Contents = document.make_stream(contents.replace(old, new, 1))
            document.save(output)
        return output.getvalue()

    return change


def compared(returned: bytes) -> Likeness:
    with open_both(issued(), returned) as both:
        return compare_pages(both)


HONEST: dict[str, Change] = {
    "wrapped": carriers.wrapped,
    "ghostscript": carriers.ghostscript,
    "linearized": carriers.qpdf_linearized,
    "pages": carriers.qpdf_pages,
    "pdfium": carriers.pdfium_saved,
}


@pytest.mark.parametrize("name", HONEST)
def test_nothing_is_lost_by_honest_carriers_and_only_footers_are_added(name: str) -> None:
    found = compared(HONEST[name](issued()))
    assert [pair.issued for pair in found.pairs] == [1, 2, 3, 4, 5]
    assert found.lost == ()
    assert all(item.text for item in found.added)  # lines of text, never ink alone
    assert bool(found.added) == bool(found.others) == (name == "wrapped")


CHANGES: dict[str, Change] = {
    "a dot": drawn(b"0 g 300 500 2 2 re f"),
    "a stroke through a figure": drawn(b"0 G 1 w 100 500 m 108 500 l S"),
    "a white cover": drawn(b"1 g 60 450 250 60 re f"),
    "a word": drawn(b"BT /Helv 10 Tf 60 20 Td (og mer) Tj ET"),
    "letters drawn apart": replaced(b"BT", b"BT 3 Tc "),
    "letters made invisible": replaced(b"BT", b"BT 3 Tr "),
    "letters in white": replaced(b"BT", b"1 g BT "),
    "moved by three points": replaced(b"BT", b"1 0 0 1 3 3 cm BT "),
}


@pytest.mark.parametrize("name", sorted(set(CHANGES) - {"a word"}))
def test_what_is_changed_to_the_eye_is_told(name: str) -> None:
    found = compared(carriers.wrapped(CHANGES[name](issued())))
    honest = compared(carriers.wrapped(issued()))
    assert found.lost or len(found.added) > len(honest.added)


@pytest.mark.parametrize("name", [*HONEST, *(f"changed: {name}" for name in CHANGES)])
def test_the_quick_way_tells_nothing_that_a_look_at_every_letter_does_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the other way round: the ink apart, which both ways compare alike."""
    change = HONEST[name] if name in HONEST else CHANGES[name.removeprefix("changed: ")]
    returned = change(issued()) if name in HONEST else carriers.wrapped(change(issued()))
    quick = compared(returned)
    monkeypatch.setattr(opened, "find_verbatim", lambda issued, returned: None)
    slow = compared(returned)
    assert (quick.pairs, quick.others) == (slow.pairs, slow.others)
    assert bool(quick.lost) == bool(slow.lost)
    assert [(item.page, item.text) for item in quick.added] == [(item.page, item.text) for item in slow.added]


def test_the_usual_return_takes_the_quick_way() -> None:
    with open_both(issued(), carriers.wrapped(issued())) as both:
        found = [both.verbatim(page, page + 1) for page in range(5)]
        assert None not in found
        extra = [range_ for one in found if one is not None for range_ in one.extra]
    assert any(len(part) > 0 for part in extra)  # the footer


@pytest.mark.parametrize(
    "change", [drawn(b"BT 3 Tr /F1 8 Tf 60 20 Td (skjult) Tj ET"), replaced(b"BT", b"BT 3 Tr ")], ids=["more", "less"]
)
def test_text_written_to_be_invisible_never_takes_the_quick_way(change: Change) -> None:
    with open_both(issued(), carriers.wrapped(change(issued()))) as both:
        assert both.verbatim(1, 2) is None


# --- the ink ----------------------------------------------------------------------------------------------------------

SIDE = st.integers(0, 199)
BOXES = st.lists(st.tuples(SIDE, SIDE, st.integers(2, 30), st.integers(2, 30)), max_size=6)


def picture(boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    made = Image.new("L", (200, 200), 255)
    for x, y, width, height in boxes:
        ImageDraw.Draw(made).rectangle((x, y, x + width, y + height), fill=0)
    return made


@pytest.mark.hypothesis
@given(BOXES, BOXES)
def test_every_differing_dot_lies_in_a_part_that_is_looked_at(
    ours: list[tuple[int, int, int, int]], theirs: list[tuple[int, int, int, int]]
) -> None:
    one, other = picture(ours), picture(theirs)
    parts = list(ink._differing(one, other))
    for row in range(200):
        strip = (0, row, 200, row + 1)
        if one.crop(strip).tobytes() != other.crop(strip).tobytes():
            assert any(top <= row < bottom for top, bottom in parts)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(parts))
