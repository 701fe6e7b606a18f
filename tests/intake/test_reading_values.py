"""What is seen in the places of an agreement's values when it comes back."""

import io
import json
from collections.abc import Callable, Iterator
from functools import cache

import pikepdf
import pytest

from agreements.agreement import SigningRoute
from agreements.fieldmap import FieldKind, FormField, PrintedValue, Rectangle, pdf_field_name
from agreements.pages import solid
from agreements.parameters import Method, Reading, Sighting
from agreements.printed import TICK
from intake.reading.alignment import MIN_SHARE, find_fit
from intake.reading.letters import Word
from intake.reading.opened import MAX_LETTERS, open_both
from intake.reading.pages import EncryptedPdfError, UnreadablePdfError
from intake.reading.values import read_places, read_values
from onboarding.press import Pressed, press
from onboarding.rendering import load_layout
from tests.renderers.samples import KARI, MUCH, OLA, sample
from tests.zoo.carriers import CARRIERS, print_to_image, wrapped
from tests.zoo.filling import filled_by_pypdf, filled_in_browser, typed_over
from tests.zoo.parameter_sets import CATALOGUE, OPEN, random_agreement, reads_back

SETS = 24
ANSWERS: dict[str, str | bool] = {
    "contact-contract-phone": "+47 22 03 00 45",
    "contact-business-name": "Åse Ærlig-Østby",
    "contact-business-email": "aase@example.org",
    "invoice-method": "E-post",
    "launch-first_send_date": "1.2.2027",
    "launch-peaks": "Lønn den 12. i hver måned",
    "dpa-accepted": True,
}


@cache
def agreement() -> Pressed:
    load_layout()
    return press(sample(MUCH, signers=(KARI, OLA)))


@cache
def with_open_values(route: SigningRoute = SigningRoute.OWN_TOOL) -> Pressed:
    load_layout()
    return press(random_agreement(0, route=route))


def read(pdf: bytes, issued: Pressed, *, same_pages: bool = False, signed_end: int | None = None) -> Reading:
    with open_both(issued.pdf, pdf) as both:
        return read_values(both, field_map=issued.field_map, same_pages=same_pages, signed_end=signed_end)


def in_order(issued: Pressed) -> list[PrintedValue]:
    return sorted(issued.field_map.values, key=lambda value: value.page)


def wrong(reading: Reading, issued: Pressed) -> list[tuple[str, str]]:
    """The values that do not read as they were printed."""
    seen = [one for one in reading.sightings if one.field_id not in _open_ids(issued)]
    pairs = zip(seen, in_order(issued), strict=True)
    return [(one.field_id, one.text) for one, value in pairs if solid(one.text) != solid(value.text)]


def _open_ids(issued: Pressed) -> set[str | None]:
    return {item.field_id for item in issued.field_map.fields}


def seen(reading: Reading, field_id: str) -> list[str]:
    return [one.text for one in reading.sightings if one.field_id == field_id]


def filled(reading: Reading) -> dict[str, Sighting]:
    return {one.field_id: one for one in reading.sightings if one.field_id in OPEN}


def place_of(issued: Pressed, field_id: str, *, page: int | None = None) -> PrintedValue:
    places = (value for value in issued.field_map.values if value.field_id == field_id)
    return next(value for value in places if page in (None, value.page))


# --- what was printed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(SETS))
def test_every_printed_value_comes_back_as_it_was_printed(number: int) -> None:
    load_layout()
    document = random_agreement(number)
    issued = press(document)
    for reading in (read(issued.pdf, issued, same_pages=True), read(issued.pdf, issued)):
        assert wrong(reading, issued) == []
        assert reading.lost_pages == ()
        places = [(one.page, one.rectangle) for one in reading.sightings]
        assert [page for page, _ in places] == [value.page for value in in_order(issued)]
        assert not [
            one
            for one in reading.sightings
            if (value := document.values.get(one.field_id)) is not None
            and not reads_back(value, CATALOGUE.field(one.field_id), one.text, document.language)
        ]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_printed_value_survives_the_programs_that_rewrite(carrier: str) -> None:
    reading = read(CARRIERS[carrier](agreement().pdf), agreement())
    assert wrong(reading, agreement()) == []
    assert reading.lost_pages == ()


def test_a_value_is_told_where_it_stands_on_the_returned_page() -> None:
    reading = read(wrapped(agreement().pdf), agreement())
    place = place_of(agreement(), "customer.orgnr")
    found = next(one for one in reading.sightings if one.field_id == "customer.orgnr")
    assert found.page == place.page + 1  # after the service's front page
    assert found.rectangle.y0 == pytest.approx(place.rectangle.y0 * 0.9 + 42, abs=0.5)
    assert found.rectangle.x1 - found.rectangle.x0 == pytest.approx(
        (place.rectangle.x1 - place.rectangle.x0) * 0.9, abs=0.5
    )
    assert (found.method, found.confidence, found.field) == (Method.PRINTED, 1.0, None)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_read_as_it_is_shown(degrees: int) -> None:
    def turn(pdf: pikepdf.Pdf) -> None:
        for page in pdf.pages:
            page.rotate(degrees, relative=True)

    assert wrong(read(_changed(agreement().pdf, turn), agreement()), agreement()) == []


def test_a_page_cut_from_a_larger_sheet_is_read() -> None:
    def cut(pdf: pikepdf.Pdf) -> None:
        for page in pdf.pages:
            page.mediabox = pikepdf.Array([-50, -70, 700, 1000])
            page.cropbox = pikepdf.Array([-20, -30, 595, 841])

    reading = read(_changed(agreement().pdf, cut), agreement())
    assert wrong(reading, agreement()) == []
    place = place_of(agreement(), "customer.orgnr").rectangle
    found = next(one.rectangle for one in reading.sightings if one.field_id == "customer.orgnr")
    assert (found.x0, found.y0) == pytest.approx(
        (place.x0 + 20, place.y0 + 30), abs=0.1
    )  # what is visible begins there


def test_pages_in_another_order_are_found() -> None:
    def turn_round(pdf: pikepdf.Pdf) -> None:
        pdf.pages.reverse()

    assert wrong(read(_changed(agreement().pdf, turn_round), agreement()), agreement()) == []


def test_a_page_that_is_not_there_is_lost_and_nothing_is_seen_of_it() -> None:
    def drop(pdf: pikepdf.Pdf) -> None:
        del pdf.pages[3]

    reading = read(_changed(agreement().pdf, drop), agreement())
    assert reading.lost_pages == (4,)
    on_page_four = {value.field_id for value in agreement().field_map.values if value.page == 4}
    elsewhere = {value.field_id for value in agreement().field_map.values if value.page != 4}
    assert not {one.field_id for one in reading.sightings} & (on_page_four - elsewhere)


def test_another_agreement_on_the_same_template_shows_its_own_values() -> None:
    """Its labels are where ours are: the pages are found, and what is seen is what stands there."""
    load_layout()
    other = press(sample(MUCH | {"invoice.reference": "KST 4711 / Ressurs 0816"}, signers=(KARI, OLA)))
    assert set(seen(read(other.pdf, agreement()), "invoice.reference")) == {"KST 4711 / Ressurs 0816"}


def test_a_scan_has_no_sightings_and_every_page_is_lost() -> None:
    reading = read(print_to_image(agreement().pdf, 72), agreement())
    assert reading.sightings == ()
    assert reading.lost_pages == tuple(sorted({value.page for value in agreement().field_map.values}))


@pytest.mark.parametrize("mode", [b"3 Tr", b"7 Tr"])
def test_text_that_is_written_to_be_invisible_is_not_read(mode: bytes) -> None:
    """As scanners put what they recognised under the picture of a page."""

    def hide(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].contents_add(mode, prepend=True)

    hidden = _changed(agreement().pdf, hide)
    assert read(hidden, agreement()).lost_pages == (1,)
    assert read(wrapped(hidden), agreement()).lost_pages == (1,)
    in_place = read(hidden, agreement(), same_pages=True)
    assert {one.text for one in in_place.sightings if one.page == 1} == {""}


@pytest.mark.parametrize("copies", [1, 5])
def test_a_page_that_stands_several_times_is_read_each_time(copies: int) -> None:
    once = seen(read(agreement().pdf, agreement()), "invoice.reference")
    reading = read(_changed(agreement().pdf, _front_page_again(copies)), agreement())
    assert len(seen(reading, "invoice.reference")) == len(once) + copies


def test_a_page_that_stands_too_often_is_lost() -> None:
    assert read(_changed(agreement().pdf, _front_page_again(20)), agreement()).lost_pages == (1,)


def _front_page_again(times: int) -> Callable[[pikepdf.Pdf], None]:
    def add(pdf: pikepdf.Pdf) -> None:
        for _ in range(times):
            pdf.pages.append(pdf.pages[0])

    return add


def test_too_few_words_or_words_elsewhere_are_no_fit() -> None:
    words = [Word(f"ord{n}", complex(50 + n % 7 * 70, 60 + n * 13)) for n in range(50)]
    assert find_fit(words, words) is not None
    assert find_fit(words, words[: int(MIN_SHARE * 50) - 1]) is None
    assert find_fit(words[:7], words[:7]) is None
    shuffled = [Word(word.text, complex((n * 37) % 500, (n * 91) % 700)) for n, word in enumerate(words)]
    assert find_fit(words, shuffled) is None
    skewed = [Word(word.text, word.at * complex(1, 0.02)) for word in words]
    assert find_fit(words, skewed) is None
    stretched = [Word(word.text, complex(word.at.real, word.at.imag * 1.1)) for word in words]
    assert find_fit(words, stretched) is None


# --- what was changed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carry", [lambda pdf: pdf, wrapped], ids=["as it is", "wrapped"])
@pytest.mark.parametrize(("offset", "letter"), [(0.5, "0"), (4.0, "x"), (-14.0, "1")])
def test_a_letter_slipped_in_beside_a_value_is_seen(
    offset: float, letter: str, carry: Callable[[bytes], bytes]
) -> None:
    place = place_of(agreement(), "launch.monthly_volume")
    beside = Rectangle(
        x0=place.rectangle.x1 + offset if offset > 0 else place.rectangle.x0 + offset + 4,
        y0=place.rectangle.y0,
        x1=place.rectangle.x1 + 20,
        y1=place.rectangle.y1,
    )
    forged = typed_over(agreement().pdf, place.page, beside, letter)
    reading = read(carry(forged), agreement())
    assert [field_id for field_id, _ in wrong(reading, agreement())] == ["launch.monthly_volume"]
    assert letter in seen(reading, "launch.monthly_volume")[0]


@pytest.mark.parametrize("same_pages", [True, False])
def test_a_letter_laid_over_a_value_is_seen(same_pages: bool) -> None:
    place = place_of(agreement(), "customer.orgnr", page=2)
    forged = typed_over(agreement().pdf, 2, place.rectangle, "9")
    reading = read(forged, agreement(), same_pages=same_pages)
    assert [field_id for field_id, _ in wrong(reading, agreement())] == ["customer.orgnr"]


def test_one_altered_digit_on_a_page_made_anew_is_seen_as_it_stands() -> None:
    load_layout()
    other = press(sample(MUCH | {"launch.monthly_volume": 125001}, signers=(KARI, OLA)))
    for carrier in ("Ghostscript pdfwrite", "PDFium save", "front page, shrink and footer"):
        reading = read(CARRIERS[carrier](other.pdf), agreement())
        volume = [text for field_id, text in wrong(reading, agreement()) if field_id == "launch.monthly_volume"]
        assert [solid(text) for text in volume] == ["125001"]


def test_what_was_moved_away_is_not_in_its_place() -> None:
    def move(pdf: pikepdf.Pdf) -> None:
        content = b"".join(stream.read_bytes() for stream in _streams(pdf.pages[4]))
        pdf.pages[4].Contents = pdf.make_stream(content.replace(b"BT", b"q 1 0 0 1 0 25 cm BT").replace(b"ET", b"ET Q"))

    reading = read(_changed(agreement().pdf, move), agreement(), same_pages=True)
    on_page_five = {value.field_id for value in agreement().field_map.values if value.page == 5}
    assert {field_id for field_id, _ in wrong(reading, agreement())} == on_page_five


def test_a_page_that_is_not_where_it_was_issued_is_lost() -> None:
    def keep_one(pdf: pikepdf.Pdf) -> None:
        del pdf.pages[1:]

    cut = _changed(agreement().pdf, keep_one)
    with_values = {value.page for value in agreement().field_map.values}
    assert set(read(cut, agreement(), same_pages=True).lost_pages) == with_values - {1}


# --- what was filled in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", [filled_in_browser, filled_by_pypdf])
def test_what_was_filled_in_is_seen_on_the_page_and_in_the_field(fill: Callable[..., bytes]) -> None:
    pdf = fill(with_open_values().pdf, ANSWERS)
    reading = read(pdf, with_open_values(), same_pages=fill is filled_by_pypdf)
    found = filled(reading)
    for field_id in OPEN:
        answer = ANSWERS[pdf_field_name(field_id)]
        assert solid(found[field_id].text) == solid(TICK if answer is True else str(answer))
        assert found[field_id].field_value == ("email" if field_id == "invoice.method" else answer)
        assert (found[field_id].method, found[field_id].field) == (Method.FORM_FIELD, pdf_field_name(field_id))
    assert wrong(reading, with_open_values()) == []


def test_what_was_left_empty_is_seen_as_empty() -> None:
    for reading in (read(with_open_values().pdf, with_open_values(), same_pages=same) for same in (True, False)):
        assert {one.text for one in filled(reading).values()} == {""}
        values = {one.field_value for field_id, one in filled(reading).items() if field_id != "dpa.accepted"}
        assert values == {None}
        assert filled(reading)["dpa.accepted"].field_value is False


@pytest.mark.parametrize("carrier", ["Ghostscript pdfwrite", "front page, shrink and footer"])
def test_without_the_form_only_what_the_page_shows_is_left(carrier: str) -> None:
    pdf = CARRIERS[carrier](filled_in_browser(with_open_values().pdf, ANSWERS))
    reading = read(pdf, with_open_values())
    for field_id, one in filled(reading).items():
        assert (one.field, one.field_value, one.method) == (None, None, Method.PRINTED)
        shown = ANSWERS[pdf_field_name(field_id)]
        assert solid(one.text) in {"", solid(TICK if shown is True else str(shown))}


def test_a_field_filled_after_signing_is_not_used() -> None:
    signed = filled_by_pypdf(with_open_values().pdf, {"contact-business-name": "Kari Nordmann"})
    later = filled_by_pypdf(signed, {"contact-business-name": "Ola Nordmann"})
    found = filled(read(later, with_open_values(), same_pages=True, signed_end=len(signed)))["contact.business.name"]
    assert found.field_value == "Kari Nordmann"
    assert found.text == "Ola Nordmann"  # what the page shows now: they disagree


def test_a_field_that_says_another_thing_than_the_page_is_told_as_both() -> None:
    def lie(pdf: pikepdf.Pdf) -> None:
        for field in pdf.Root.AcroForm.Fields:
            if str(field.T) == "contact-business-name":
                field.V = pikepdf.String("Ola Nordmann")

    pdf = _changed(filled_in_browser(with_open_values().pdf, ANSWERS), lie)
    found = filled(read(pdf, with_open_values()))["contact.business.name"]
    assert (found.text, found.field_value) == ("Åse Ærlig-Østby", "Ola Nordmann")


def test_on_paper_what_was_typed_on_the_line_is_seen_without_the_label() -> None:
    issued = with_open_values(SigningRoute.PAPER)
    line = _field(issued, "contact.business.name")
    assert line.kind is FieldKind.RULED
    reading = read(typed_over(issued.pdf, line.page, line.rectangle, "Per Ås"), issued)
    found = filled(reading)
    assert found["contact.business.name"].text == "Per Ås"
    assert {one.text for field_id, one in found.items() if field_id != "contact.business.name"} == {""}
    assert wrong(reading, issued) == []


def _field(issued: Pressed, field_id: str) -> FormField:
    return next(item for item in issued.field_map.fields if item.field_id == field_id)


# --- the attached data ------------------------------------------------------------------------------------------------


def test_the_attached_values_are_told_as_they_are_and_change_nothing_of_what_is_seen() -> None:
    def swap(pdf: pikepdf.Pdf) -> None:
        data = json.loads(pdf.attachments["avtale.json"].get_file().read_bytes())
        data["values"]["customer.orgnr"] = "999999999"
        _attach(pdf, json.dumps(data).encode())

    honest = read(agreement().pdf, agreement())
    forged = read(_changed(agreement().pdf, swap), agreement())
    assert json.loads(honest.attached or "")["customer.orgnr"] != "999999999"
    assert json.loads(forged.attached or "")["customer.orgnr"] == "999999999"
    assert forged.sightings == honest.sightings


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'{"values": []}', b'{"values": {"a": "\\ud800"}}', b"[" * 200_000, b'{"values": {"a": NaN}}'],
)
def test_attached_data_that_is_none_is_none(data: bytes) -> None:
    def swap(pdf: pikepdf.Pdf) -> None:
        _attach(pdf, data)

    assert read(_changed(agreement().pdf, swap), agreement()).attached is None


def test_two_attachments_of_the_name_are_none() -> None:
    def twice(pdf: pikepdf.Pdf) -> None:
        _attach(pdf, b'{"values": {}}', key="other")

    assert read(_changed(agreement().pdf, twice), agreement()).attached is None


# --- somebody else's form ---------------------------------------------------------------------------------------------


def test_what_was_written_on_a_foreign_form_is_seen_less_its_own_words() -> None:
    """The form: a page of ours, whose labels and values stand for a stranger's print."""
    form = agreement().pdf
    label = place_of(agreement(), "customer.orgnr", page=2).rectangle
    place = Rectangle(x0=label.x0 - 150, y0=label.y0 - 2, x1=label.x1 + 100, y1=label.y1 + 2)
    written = Rectangle(x0=label.x1 + 20, y0=label.y0, x1=label.x1 + 90, y1=label.y1)
    returned = wrapped(typed_over(form, 2, written, "Blåbær AS", size=9))
    reading = read_places(returned, template=form, places=[("customer.name", 2, place), ("admin.name", 99, place)])
    assert [(one.field_id, one.page, one.text) for one in reading.sightings] == [("customer.name", 3, "Blåbær AS")]
    assert reading.lost_pages == (99,)


# --- hostile input ----------------------------------------------------------------------------------------------------


def test_what_is_no_pdf_or_needs_a_password_is_told_as_such() -> None:
    with pytest.raises(UnreadablePdfError):
        read(b"%PDF-1.7 nothing", agreement())
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(agreement().pdf)) as pdf:
        pdf.save(output, encryption=pikepdf.Encryption(owner="eier", user="bruker"))
    with pytest.raises(EncryptedPdfError):
        read(output.getvalue(), agreement())


@pytest.mark.parametrize("step", [7, 991])
def test_broken_bytes_raise_nothing_else(step: int) -> None:
    issued = with_open_values()
    filled_in = bytearray(filled_in_browser(issued.pdf, ANSWERS))
    for at in range(len(filled_in) // 3, len(filled_in), len(filled_in) // step):
        filled_in[at] ^= 0x55
    for same_pages in (True, False):
        try:
            reading = read(bytes(filled_in), issued, same_pages=same_pages)
        except (UnreadablePdfError, EncryptedPdfError):
            continue
        assert reading.model_dump_json()


def test_a_place_is_never_read_in_part() -> None:
    """Thousands of letters over a value, and the one that counts after them."""
    place = place_of(agreement(), "launch.monthly_volume")
    heaped = typed_over(agreement().pdf, place.page, place.rectangle, "1" * (MAX_LETTERS + 1), size=0.001)
    with pytest.raises(UnreadablePdfError):
        read(heaped, agreement())


def test_fields_that_hold_each_other_end() -> None:
    def knot(pdf: pikepdf.Pdf) -> None:
        fields = pdf.Root.AcroForm.Fields
        fields[0].Kids = pikepdf.Array([fields[1], fields[0]])
        fields[1].Kids = pikepdf.Array([fields[0]])

    pdf = _changed(with_open_values().pdf, knot)
    assert read(pdf, with_open_values()).lost_pages == ()


def _changed(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(output)
    return output.getvalue()


def _attach(pdf: pikepdf.Pdf, data: bytes, *, key: str = "avtale.json") -> None:
    options = {"description": "", "mime_type": "", "creation_date": "", "mod_date": ""}
    pdf.attachments[key] = pikepdf.AttachedFileSpec(pdf, data, filename="avtale.json", **options)


def _streams(page: pikepdf.Page) -> Iterator[pikepdf.Object]:
    contents = page.obj.Contents
    yield from contents if isinstance(contents, pikepdf.Array) else [contents]
