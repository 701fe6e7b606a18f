"""What is seen in the place of each form field."""

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.pages import Box
from intake.reading.pages import read_pages
from tests.signatures.papers import append, field_named, fill, make_agreement, name, numbers

FORM = make_agreement(value_field=True)
PLACE = (72.0, 200.0, 300.0, 220.0)


def test_an_empty_field_has_no_text() -> None:
    assert read_pages(FORM).pages[0].boxes == ()


def test_a_filled_field_shows_what_its_appearance_writes() -> None:
    assert read_pages(fill(FORM, "Per Hansen")).pages[0].boxes == (Box(rectangle=PLACE, text="Per Hansen"),)


def test_what_runs_out_of_the_place_is_not_seen_in_it() -> None:
    long = "Per Hansen og alle de andre som står på listen over kontakter i virksomheten"
    seen = read_pages(fill(FORM, long)).pages[0].boxes[0].text
    assert long.startswith(seen)
    assert len(seen) < len(long)


def test_a_hidden_field_shows_nothing() -> None:
    def hide(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "kontakt")
        node["/F"] = numbers(2)[0]
        writer.update_container(node)

    assert read_pages(append(fill(FORM, "Per Hansen"), hide)).pages[0].boxes == ()


def test_an_annotation_that_is_no_field_is_no_place() -> None:
    def note(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "kontakt")
        node["/Subtype"] = name("/FreeText")
        writer.update_container(node)

    assert read_pages(append(fill(FORM, "Per Hansen"), note)).pages[0].boxes == ()
