"""Scans of agreements: what is seen of each value, through the sandbox and tesseract; and never seen wrongly."""

import io
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from agreements.agreement import SigningRoute
from agreements.canonical import JsonValue
from agreements.fieldmap import FieldKind, FieldMap, FormField, PrintedValue, Rectangle
from agreements.marking import PageMark, qr_payload
from agreements.parameters import MIN_CONFIDENCE, Method, Sighting
from intake.reading.ocr import read_words
from intake.reading.scans import SeenMark
from onboarding import scanning
from onboarding.inspection import open_sandbox
from onboarding.ocr import OcrProblem, missing_languages, recognise
from onboarding.sandbox import Sandbox
from onboarding.scanning import ScanReading, known_pages
from renderers.agreement import RenderedAgreement, render_agreement
from tests.onboarding.scans import NUMBER, bare, field_map_of, pictures, plain, read, scan_of
from tests.renderers.samples import MARKING_KEY, REQUIRED, sample, synthetic
from tests.zoo.carriers import print_to_image

DPI = 200


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox() as opened:
        yield opened


@cache
def first_page() -> Image.Image:
    return pictures(plain().pdf, DPI)[0]


def with_values(**values: JsonValue) -> RenderedAgreement:
    return render_agreement(sample(REQUIRED | {name.replace("__", "."): value for name, value in values.items()}))


def first_page_map(issued: RenderedAgreement) -> FieldMap:
    """The places of its first page alone: the others take time."""
    whole = field_map_of(issued)
    return whole.model_copy(update={"values": tuple(value for value in whole.values if value.page == 1)})


def seen_on_first(sandbox: Sandbox, scan: bytes, issued: RenderedAgreement, *, use_marks: bool = True) -> ScanReading:
    return read(sandbox, scan, issued.pdf, first_page_map(issued), use_marks=use_marks)


def sighting(reading: ScanReading, field_id: str) -> Sighting:
    return next(seen for seen in reading.reading.sightings if seen.field_id == field_id)


def wrong_ones(reading: ScanReading, issued: RenderedAgreement) -> list[Sighting]:
    printed = [value for value in issued.values if value.page == 1]
    pairs = zip(printed, reading.reading.sightings, strict=True)
    return [seen for value, seen in pairs if bare(seen.text) != bare(value.text)]


def box(place: Rectangle, image: Image.Image) -> tuple[float, float, float, float]:
    scale = DPI / 72
    return place.x0 * scale, image.height - place.y1 * scale, place.x1 * scale, image.height - place.y0 * scale


def test_a_scan_shows_each_value_where_it_stands(sandbox: Sandbox) -> None:
    issued = plain()
    scan = print_to_image(issued.pdf, 300, 1.0, 8.0)
    reading = seen_on_first(sandbox, scan, issued)
    assert reading.problem is None
    assert reading.reading.lost_pages == ()
    assert all(seen.confidence < MIN_CONFIDENCE for seen in wrong_ones(reading, issued))
    assert len(wrong_ones(reading, issued)) <= 2
    number = sighting(reading, "customer.orgnr")
    place = next(value.rectangle for value in issued.values if value.field_id == "customer.orgnr")
    assert (number.page, number.method, number.field) == (1, Method.OCR, None)
    assert (number.rectangle.x0, number.rectangle.y1) == pytest.approx((place.x0, place.y1), abs=16)


@pytest.mark.parametrize("digit", range(2))
def test_a_digit_that_was_changed_on_paper_is_seen_as_it_is_now(sandbox: Sandbox, digit: int) -> None:
    other = with_values(customer__orgnr=synthetic(("31098755", "31098785")[digit]))
    reading = seen_on_first(sandbox, scan_of(pictures(other.pdf, DPI)[:1], DPI), plain())
    issued = next(value.text for value in plain().values if value.field_id == "customer.orgnr")
    now = next(value.text for value in other.values if value.field_id == "customer.orgnr")
    seen = sighting(reading, "customer.orgnr")
    assert bare(seen.text) == bare(now) != bare(issued)


def test_a_page_upside_down_without_its_mark_is_found_behind_another(sandbox: Sandbox) -> None:
    torn = first_page().copy()
    torn.paste(255, (int(torn.width * 0.75), 0, torn.width, int(torn.height * 0.15)))
    pages = [pictures(plain().pdf, DPI)[1], torn.transpose(Image.Transpose.ROTATE_180)]
    reading = seen_on_first(sandbox, scan_of(pages, DPI), plain())
    assert reading.reading.lost_pages == tuple(range(3, plain().pages + 1))
    assert {seen.page for seen in reading.reading.sightings} == {2}
    assert all(seen.confidence < MIN_CONFIDENCE for seen in wrong_ones(reading, plain()))
    assert len(wrong_ones(reading, plain())) <= 2


def test_what_was_written_right_after_a_value_in_ink_is_seen(sandbox: Sandbox) -> None:
    written = first_page().copy()
    value = next(value for value in plain().values if value.field_id == "customer.orgnr" and value.page == 1)
    left, top, right, _ = box(value.rectangle, written)
    ImageDraw.Draw(written).text((right + 4, top), "7", font=ImageFont.load_default(size=38), fill=0)
    reading = seen_on_first(sandbox, scan_of([written], DPI), plain())
    assert bare(sighting(reading, "customer.orgnr").text) != bare(value.text)
    assert left < right


def test_a_value_that_was_painted_over_is_not_seen(sandbox: Sandbox) -> None:
    place = next(value.rectangle for value in plain().values if value.field_id == "customer.orgnr")
    painted = first_page().copy()
    ImageDraw.Draw(painted).rectangle(box(place, painted), fill=255)
    seen = sighting(seen_on_first(sandbox, scan_of([painted], DPI), plain()), "customer.orgnr")
    assert (seen.text, seen.confidence) == ("", 0.0)


def test_letters_that_tesseract_does_not_know_are_never_surely_wrong(sandbox: Sandbox) -> None:
    issued = with_values(contact__contract__name="Čáppa Guđbrandsen", admin__name="Ŋiillas Ŧoaŧže")
    reading = seen_on_first(sandbox, scan_of(pictures(issued.pdf, 300)[:1], 300), issued)
    wrong = wrong_ones(reading, issued)
    assert {"contact.contract.name", "admin.name"} <= {seen.field_id for seen in wrong}
    assert all(seen.confidence < MIN_CONFIDENCE for seen in wrong)


@pytest.mark.parametrize("shade", [0, 255])
def test_of_a_page_with_nothing_on_it_nothing_is_read(sandbox: Sandbox, shade: int) -> None:
    reading = seen_on_first(sandbox, scan_of([Image.new("L", first_page().size, shade)], DPI), plain())
    assert reading.reading.sightings == ()
    assert reading.reading.lost_pages == tuple(range(1, plain().pages + 1))


def test_a_page_that_wears_anothers_mark_is_lost(sandbox: Sandbox) -> None:
    mixed = first_page().copy()
    second = pictures(plain().pdf, DPI)[1]
    corner = (int(mixed.width * 0.75), 0, mixed.width, int(mixed.height * 0.15))
    second.paste(mixed.crop(corner), corner)
    reading = seen_on_first(sandbox, scan_of([second], DPI), plain())
    assert 1 in reading.reading.lost_pages
    assert reading.reading.sightings == ()


def test_a_picture_without_end_costs_no_more_than_its_limit(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "SCAN_LIMITS", replace(scanning.SCAN_LIMITS, cpu_seconds=4, wall_seconds=6.0))
    side = 20_000
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(14_400, 14_400))
    bomb = pikepdf.Stream(pdf, b"")
    bomb.write(zlib.compress(bytes(side) * (side // 8)), filter=pikepdf.Name.FlateDecode)
    bomb.Type, bomb.Subtype, bomb.Width, bomb.Height = pikepdf.Name.XObject, pikepdf.Name.Image, side, side
    bomb.ColorSpace, bomb.BitsPerComponent = pikepdf.Name.DeviceGray, 1
    pdf.pages[0].add_resource(bomb, pikepdf.Name.XObject, pikepdf.Name.Im)
    pdf.pages[0].contents_add(b"14400 0 0 14400 0 0 cm /Im Do")
    data = io.BytesIO()
    pdf.save(data)
    reading = read(sandbox, data.getvalue(), plain().pdf, first_page_map(plain()))
    assert reading.reading.sightings == ()
    assert reading.problem is OcrProblem.OVER_LIMIT or 1 in reading.reading.lost_pages


# --- what is filled in on paper -----------------------------------------------------------------------------------


@cache
def on_paper() -> tuple[RenderedAgreement, FormField]:
    document = sample(route=SigningRoute.PAPER, open_fields=("contact.contract.name",))
    issued = render_agreement(replace(document, values={
        name: value for name, value in document.values.items() if name != "contact.contract.name"
    }))  # fmt: skip
    return issued, next(field for field in issued.fields if field.field_id == "contact.contract.name")


def only(issued: RenderedAgreement, *fields: FormField) -> FieldMap:
    return field_map_of(issued).model_copy(update={"values": (), "fields": fields})


def test_a_ruled_line_with_nothing_on_it_is_surely_empty(sandbox: Sandbox) -> None:
    issued, line = on_paper()
    pages = pictures(issued.pdf, DPI)
    seen = sighting(read(sandbox, scan_of(pages, DPI), issued.pdf, only(issued, line)), "contact.contract.name")
    assert (seen.field, seen.text, seen.confidence) == (line.name, "", 1.0)


def test_what_was_typed_on_a_ruled_line_is_read_without_the_line(sandbox: Sandbox) -> None:
    issued, line = on_paper()
    pages = pictures(issued.pdf, DPI)
    left, top, _right, bottom = box(line.rectangle, pages[line.page - 1])
    draw = ImageDraw.Draw(pages[line.page - 1])
    draw.text((left + 8, (top + bottom) / 2 - 14), "Per Nordmann", fill=20, font_size=28)
    seen = sighting(read(sandbox, scan_of(pages, DPI), issued.pdf, only(issued, line)), "contact.contract.name")
    assert bare(seen.text) == "PerNordmann"


def test_a_ticked_box_shows_a_cross_and_another_nothing(sandbox: Sandbox) -> None:
    pages = [first_page().copy()]
    places = [Rectangle(x0=100 + 60 * turn, y0=140, x1=114 + 60 * turn, y1=154) for turn in range(2)]
    left, top, right, bottom = box(places[0], pages[0])
    ImageDraw.Draw(pages[0]).line((left + 6, top + 6, right - 6, bottom - 6), fill=0, width=4)
    ImageDraw.Draw(pages[0]).line((left + 6, bottom - 6, right - 6, top + 6), fill=0, width=4)
    boxes = tuple(
        FormField(name=f"box{turn}", field_id=f"service.{turn}", kind=FieldKind.CHECKBOX, page=1, rectangle=place)
        for turn, place in enumerate(places)
    )
    reading = read(sandbox, scan_of(pages, DPI), plain().pdf, only(plain(), *boxes))
    assert [(seen.text, seen.confidence) for seen in reading.reading.sightings] == [("x", 1.0), ("", 1.0)]


def test_a_place_of_a_foreign_form_is_read_without_anything_issued_in_it(sandbox: Sandbox) -> None:
    issued, line = on_paper()
    pages = pictures(issued.pdf, DPI)
    left, top, _right, _bottom = box(line.rectangle, pages[line.page - 1])
    ImageDraw.Draw(pages[line.page - 1]).text((left + 8, top + 4), "4711", fill=0, font_size=28)
    value = PrintedValue(field_id="invoice.reference", page=line.page, rectangle=line.rectangle, text="", label="")
    places = field_map_of(issued).model_copy(update={"values": (value,), "fields": ()})
    assert sighting(read(sandbox, scan_of(pages, DPI), issued.pdf, places), "invoice.reference").text == "4711"


# --- marks, and a machine without tesseract -----------------------------------------------------------------------


def seen_mark(returned: int, page: int, *, key: bytes = MARKING_KEY) -> SeenMark:
    payload = qr_payload(key, PageMark(number=NUMBER, page=page))
    return SeenMark(page=returned, payload=payload, corners=((0, 1), (1, 1), (1, 0), (0, 0)))


def test_only_marks_under_our_key_that_contradict_nothing_name_a_page() -> None:
    assert known_pages(MARKING_KEY, NUMBER, [seen_mark(1, 2), seen_mark(2, 1)]) == {1: 2, 2: 1}
    assert known_pages(MARKING_KEY, NUMBER, [seen_mark(1, 2, key=bytes(32))]) == {}
    assert known_pages(MARKING_KEY, NUMBER, [seen_mark(1, 2), seen_mark(1, 3), seen_mark(2, 4)]) == {2: 4}
    assert known_pages(MARKING_KEY, NUMBER, [seen_mark(1, 2), seen_mark(3, 2)]) == {}
    assert known_pages(MARKING_KEY, replace(NUMBER, version=2), [seen_mark(1, 2)]) == {}


def test_without_tesseract_the_places_are_found_and_nothing_is_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", tempfile.gettempdir())
    reading = seen_on_first(sandbox, scan_of([first_page()], DPI), plain())
    assert reading.problem is OcrProblem.NO_OCR
    assert len(reading.reading.sightings) == len(first_page_map(plain()).values)
    assert {(seen.text, seen.confidence) for seen in reading.reading.sightings} == {("", 0.0)}
    assert missing_languages() == ("nor", "eng")


def test_recognition_that_takes_too_long_is_ended() -> None:
    with tempfile.TemporaryFile() as sheet:
        first_page().save(sheet, "TIFF")
        assert recognise(sheet.fileno(), wall_seconds=0.05).problem is OcrProblem.OVER_LIMIT


def test_what_is_no_picture_has_no_words() -> None:
    with tempfile.TemporaryFile() as sheet:
        sheet.write(b"II*\x00 no picture at all")
        sheet.flush()
        assert read_words(recognise(sheet.fileno()).table) == {}
