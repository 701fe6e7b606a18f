"""Text that can't be seen, however it was hidden; and places that are taken."""

from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Pdf

from agreements.fieldmap import Rectangle
from intake.reading.visible import Sight, pages_that_differ

SEEN = b"BT /F 12 Tf 72 700 Td (Seen) Tj ET\n"
HERE = Rectangle(x0=60, y0=580, x1=300, y1=620)


def page(content: bytes) -> bytes:
    with pikepdf.new() as pdf:
        made = pdf.add_blank_page(page_size=(595, 842))
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        made.obj.Resources = Dictionary(Font=Dictionary(F=font))
        made.obj.Contents = pdf.make_stream(SEEN + content)
        return _saved(pdf)


def _saved(pdf: Pdf) -> bytes:
    out = BytesIO()
    pdf.save(out)
    return out.getvalue()


def nested(content: bytes) -> bytes:
    """The same, drawn from within a drawing within a drawing."""
    with pikepdf.open(BytesIO(page(content))) as pdf:
        made = pdf.pages[0]
        inner = pdf.make_stream(made.obj.Contents.read_bytes())
        for _ in range(2):
            inner.Type, inner.Subtype, inner.BBox = Name.XObject, Name.Form, made.mediabox
            inner.Resources = made.obj.Resources
            made.obj.Resources = Dictionary(XObject=Dictionary(X=inner))
            inner = pdf.make_stream(b"/X Do")
        made.obj.Contents = inner
        return _saved(pdf)


def text(how: str, at: str = "72 600 Td") -> bytes:
    return f"q BT {how} {at} (Hidden) Tj ET Q\n".encode()


PICTURE = b"q 240 0 0 30 60 590 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xee EI Q\n"
HIDDEN = {
    "rendering mode 3": text("/F 12 Tf 3 Tr"),
    "white on white": text("/F 12 Tf 1 g"),
    "nearly white": text("/F 12 Tf 0.95 g"),
    "paler than a person reads": text("/F 12 Tf 0.75 g"),
    "just paler than a person reads": text("/F 12 Tf 0.49 g"),
    "yellow on white": text("/F 12 Tf 1 1 0 rg"),
    "red on white": text("/F 12 Tf 1 0.1 0.1 rg"),
    "behind a picture": text("/F 12 Tf") + PICTURE,
    "seen through": text("/F 12 Tf 1 Tr 1 G"),
    "left of the page": text("/F 12 Tf", "-200 600 Td"),
    "one point": text("/F 1 Tf"),
    "two points by the matrix": b"q 0.1 0 0 0.1 0 0 cm BT /F 20 Tf 720 6000 Td (Hidden) Tj ET Q\n",
    "off the page": text("/F 12 Tf", "72 900 Td"),
    "covered": text("/F 12 Tf") + b"q 0.9 g 60 590 200 30 re f Q\n",
    "in the colour of what lies under it": b"q 0.2 g 60 590 200 30 re f Q\n" + text("/F 12 Tf 0.2 g"),
    "clipped away": b"q 0 0 10 10 re W n " + text("/F 12 Tf") + b"Q\n",
}
SHOWN = {
    "plain": text("/F 12 Tf"),
    "small print": text("/F 5 Tf"),
    "grey": text("/F 12 Tf 0.45 g"),
    "grey small print": text("/F 6 Tf 0.3 g"),
    "blue": text("/F 9 Tf 0 0 0.8 rg"),
    "red on black": b"q 0 g 60 590 200 30 re f Q\n" + text("/F 12 Tf 1 0.2 0.2 rg"),
    "over a picture": PICTURE + text("/F 12 Tf"),
    "white on dark": b"q 0.2 g 60 590 200 30 re f Q\n" + text("/F 12 Tf 1 g"),
    "outlined": text("/F 12 Tf 1 Tr"),
    "upright along the edge": b"q BT 0 1 -1 0 72 600 Tm /F 9 Tf (Hidden) Tj ET Q\n",
}


@pytest.mark.parametrize("made", [page, nested])
@pytest.mark.parametrize("name", HIDDEN)
def test_text_that_cannot_be_seen_is_found(name: str, made: Callable[[bytes], bytes]) -> None:
    (found,) = Sight(made(HIDDEN[name])).hidden_text()
    assert (found.page, found.letters, found.excerpt) == (1, 6, "Hidden")


@pytest.mark.parametrize("made", [page, nested])
@pytest.mark.parametrize("name", SHOWN)
def test_text_that_can_be_seen_is_let_be(name: str, made: Callable[[bytes], bytes]) -> None:
    assert Sight(made(SHOWN[name])).hidden_text() == ()


def test_one_hidden_letter_in_a_visible_word_is_found() -> None:
    (found,) = Sight(page(b"BT /F 12 Tf 72 600 Td (in) Tj 3 Tr (v) Tj 0 Tr (alid) Tj ET\n")).hidden_text()
    assert found.excerpt == "v"


def test_a_place_knows_text_from_lines_to_write_on() -> None:
    assert Sight(page(text("/F 12 Tf"))).has_text(1, HERE)
    sight = Sight(page(b"BT /F 12 Tf 72 600 Td (......____) Tj ET q 60 598 m 300 598 l S Q\n"))
    assert not sight.has_text(1, HERE)
    assert sight.has_anything(1, HERE)


@pytest.mark.parametrize(("content", "taken"), [(b"", False), (b"q 0.9 g 0 0 595 842 re f Q\n", False)])
def test_a_place_without_anything_is_free(content: bytes, *, taken: bool) -> None:
    assert Sight(page(content)).has_anything(1, HERE) is taken


@pytest.mark.parametrize("content", [b"q 0.1 g 0 0 595 842 re f Q\n", b"q 100 600 5 5 re f Q\n"])
def test_a_dark_place_or_one_with_a_speck_is_taken(content: bytes) -> None:
    assert Sight(page(content)).has_anything(1, HERE)


def test_the_same_pages_look_alike_whichever_way_they_are_written() -> None:
    assert pages_that_differ(page(SHOWN["white on dark"]), nested(SHOWN["white on dark"])) == ()


@pytest.mark.parametrize("content", [text("/F 12 Tf"), b"q 0.5 g 60 590 20 20 re f Q\n"])
def test_a_page_that_looks_different_is_told_unless_it_is_only_so_where_that_does_not_matter(content: bytes) -> None:
    assert pages_that_differ(page(b""), page(content)) == (1,)
    assert pages_that_differ(page(b""), page(content), [(1, HERE)]) == ()
    assert pages_that_differ(page(b""), page(content), [(2, HERE)]) == (1,)


def test_another_size_or_number_of_pages_looks_different() -> None:
    def longer(pdf: Pdf) -> None:
        pdf.add_blank_page(page_size=(595, 842))

    def wider(pdf: Pdf) -> None:
        pdf.pages[0].mediabox = [0, 0, 600, 842]  # type: ignore[assignment]

    for change, expected in ((longer, (1, 2)), (wider, (1,))):
        with pikepdf.open(BytesIO(page(b""))) as pdf:
            change(pdf)
            assert pages_that_differ(page(b""), _saved(pdf)) == expected
