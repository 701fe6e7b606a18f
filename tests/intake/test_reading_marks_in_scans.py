"""QR codes of scanned pages: read where there is no text, and where they stand."""

import os
import random

import pytest
import zxingcpp
from PIL import Image, ImageChops

import renderers
from agreements.marking import PageMark, read_qr_payload
from intake.reading.qr import MAX_PAGES, read_marks
from renderers.finishing.marks import mark_place
from tests.onboarding.scans import NUMBER, pictures, plain, scan_of, scanned
from tests.renderers.samples import MARKING_KEY
from tests.zoo.carriers import print_to_image

os.environ["FONTCONFIG_FILE"] = str(renderers.fontconfig_file())


def pages_said(pdf: bytes) -> list[tuple[int, PageMark | None]]:
    return [(mark.page, read_qr_payload(MARKING_KEY, mark.payload)) for mark in read_marks(pdf)]


@pytest.mark.parametrize(("dpi", "skew", "noise"), [(300, 0.0, 0.0), (200, 2.5, 16.0), (150, 1.0, 12.0)])
def test_every_scanned_pages_mark_is_read(dpi: int, skew: float, noise: float) -> None:
    document = print_to_image(plain().pdf, dpi, skew, noise)
    assert pages_said(document) == [(page, PageMark(number=NUMBER, page=page)) for page in range(1, plain().pages + 1)]


def test_the_corners_are_the_symbols() -> None:
    mark = read_marks(scan_of(pictures(plain().pdf, 200)[:1]))[0]
    place = mark_place(595.3, 841.9)
    inner = (place.x1 - place.x0) * 2 / 33
    upper_left, _right, lower_right, _left = mark.corners
    assert upper_left == pytest.approx((place.x0 + inner, place.y1 - inner), abs=1)
    assert lower_right == pytest.approx((place.x1 - inner, place.y0 + inner), abs=1)


def test_a_page_full_of_specks_is_read_all_the_same() -> None:
    def specked(page: int, image: Image.Image) -> Image.Image:
        drawn = Image.frombytes("L", image.size, random.Random(page).randbytes(image.width * image.height))
        return ImageChops.subtract(image, drawn.point(lambda step: 255 if step < 45 else 0))

    document = scanned(plain().pdf, specked)
    plainly = [zxingcpp.read_barcodes(image) for image in pictures(document, 200)]
    assert plainly == [[]] * plain().pages
    said = pages_said(document)
    assert len(said) >= plain().pages - 1  # a page without its mark is found by how it looks
    assert all(mark is not None and mark.page == page for page, mark in said)


def test_a_page_with_text_is_not_looked_at() -> None:
    assert read_marks(plain().pdf) == ()


def test_what_is_no_document_and_what_has_no_code_has_no_marks() -> None:
    assert read_marks(b"%PDF-1.7 no") == ()
    assert read_marks(scan_of([Image.new("L", (800, 1100), shade) for shade in (0, 128, 255)])) == ()


def test_only_so_many_pages_are_looked_at() -> None:
    page = pictures(plain().pdf, 100)[0]
    assert len(read_marks(scan_of([page] * (MAX_PAGES + 3), 100))) == MAX_PAGES
