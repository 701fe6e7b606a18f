"""The QR code of each page: read back from the page as it looks, in its place, with white around it."""

from contextlib import closing
from io import BytesIO

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from agreements.casenumber import parse_agreement_number
from agreements.errors import ConfigurationError
from agreements.fieldmap import Rectangle
from agreements.language import Language
from agreements.marking import PageMark, qr_payload, read_qr_payload
from renderers.finishing.marks import QR_MM, QR_RIGHT_MM, QR_TOP_MM, draw_mark, mark_pages, mark_place
from renderers.qr import SYMBOL_MODULES, qr_runs
from tests.renderers.pdf_samples import form_page, mark, opened, raster, saved
from tests.renderers.samples import MARKING_KEY, rendered

MM = 72 / 25.4
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # digits would be packed more tightly


def read(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image, formats=QR)]


@pytest.mark.parametrize("dpi", [100, 150, 200])
def test_every_pages_mark_is_read_back_from_its_picture(dpi: int) -> None:
    issued = rendered(Language.NB, full=True)
    number = parse_agreement_number("DA-2026-000042-J.1")
    for page in range(1, issued.pages + 1):
        (payload,) = read(raster(issued.pdf, dpi=dpi, page=page))
        assert payload == qr_payload(MARKING_KEY, PageMark(number=number, page=page))
        assert read_qr_payload(MARKING_KEY, payload) == PageMark(number=number, page=page)


def test_the_symbol_has_quality_q_and_stands_in_its_place() -> None:
    image = raster(form_page(), dpi=254)  # ten pixels to the millimetre
    (code,) = zxingcpp.read_barcodes(image, formats=QR)
    assert code.ec_level == "Q"
    inner = QR_MM * 2 / (SYMBOL_MODULES + 4)  # millimetres of white within the mark, on each side
    corners = (code.position.top_left, code.position.bottom_right)
    found = [coordinate / 10 for corner in corners for coordinate in (corner.x, corner.y)]
    right, top = 210 - QR_RIGHT_MM, QR_TOP_MM
    expected = [right - QR_MM + inner, top + inner, right - inner, top + QR_MM - inner]
    assert found == pytest.approx(expected, abs=0.3)


def test_nothing_is_printed_where_the_mark_must_have_white_around_it() -> None:
    for language in Language:
        issued = rendered(language, full=True)
        with closing(pypdfium2.PdfDocument(issued.pdf)) as document:
            for page in document:
                zone = mark_place(*page.get_size(), quiet=True)
                text = page.get_textpage()
                for index in range(text.count_chars()):
                    left, bottom, right, top = text.get_charbox(index)
                    outside = left >= zone.x1 or right <= zone.x0 or bottom >= zone.y1 or top <= zone.y0
                    assert outside or right <= left or top <= bottom


def test_the_zone_holds_the_mark_and_four_modules_of_white() -> None:
    inner, zone = mark_place(595, 842), mark_place(595, 842, quiet=True)
    module = (inner.x1 - inner.x0) / (SYMBOL_MODULES + 4)
    assert inner.x1 - inner.x0 == pytest.approx(QR_MM * MM)
    assert inner.y1 == pytest.approx(842 - QR_TOP_MM * MM)
    assert inner.x1 == pytest.approx(595 - QR_RIGHT_MM * MM)
    assert inner.x0 - zone.x0 == pytest.approx(2 * module)


def test_a_mark_can_stand_elsewhere_on_any_pdf_even_one_that_leaves_its_page_turned_around() -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(400, 400))
    pdf.pages[0].contents_add(b"1 0 0 -1 0 400 cm 0 0 1 rg 0 0 400 400 re f")
    draw_mark(pdf, pdf.pages[0], mark(1), Rectangle(x0=20, y0=300, x1=80, y1=360))
    image = raster(saved(pdf), dpi=144)
    (code,) = zxingcpp.read_barcodes(image)
    assert code.text == mark(1)
    assert (code.position.top_left.x / 2, code.position.top_left.y / 2) == pytest.approx((23.6, 43.6), abs=1)


def test_pages_that_share_their_resources_keep_each_its_own_mark() -> None:
    with opened(form_page()) as pdf:
        pdf.pages.append(pdf.pages[0])
        for page in pdf.pages:
            page.Contents = pikepdf.Stream(pdf, b"")
        mark_pages(pdf, lambda page: mark(page + 1))
        both = saved(pdf)
    assert [read(raster(both, page=page)) for page in (1, 2)] == [[mark(2)], [mark(3)]]


def test_the_same_marks_give_the_same_bytes() -> None:
    def once() -> bytes:
        with opened(form_page()) as pdf:
            mark_pages(pdf, mark)
            out = BytesIO()
            pdf.save(out, deterministic_id=True)
            return out.getvalue()

    assert once() == once()


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=LETTERS, min_size=33, max_size=47))
def test_the_runs_are_the_symbols_dark_modules(payload: str) -> None:
    image = Image.new("L", ((SYMBOL_MODULES + 8) * 4,) * 2, 255)
    for column, row, length in qr_runs(payload):
        left, top = (column + 4) * 4, (SYMBOL_MODULES - 1 - row + 4) * 4
        image.paste(0, (left, top, left + 4 * length, top + 4))
    assert read(image) == [payload]


@pytest.mark.parametrize("payload", ["A", "X" * 48])
def test_a_payload_for_another_size_of_symbol_fails_the_rendering(payload: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        qr_runs(payload)
    assert failed.value.code == "render_failed"
