"""The visible text of a page: what a screen shows, fields and notes included; and what can't be read says why."""

import io
import logging

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Object, Pdf, String

from agreements.pages import normal_lines
from intake.reading.pages import (
    MAX_CHARACTERS_PER_PAGE,
    MAX_PAGES,
    EncryptedPdfError,
    PagesFault,
    UnreadablePdfError,
    read_pages,
)

LINE = b"BT /F1 12 Tf 72 700 Td (Avtale DA-2026-000042-J.2) Tj ET"


class Made:
    """A document in the making: text on its pages, and what is laid upon them."""

    def __init__(self, *contents: bytes) -> None:
        self.pdf = Pdf.new()
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        self.fonts = Dictionary(Font=Dictionary(F1=self.pdf.make_indirect(font)))
        for content in contents or (LINE,):
            page = self.pdf.add_blank_page(page_size=(595, 842))
            page.obj.Contents = self.pdf.make_stream(content)
            page.obj.Resources = self.fonts

    def appearance(self, text: bytes) -> Dictionary:
        stream = self.pdf.make_stream(b"BT /F1 12 Tf 2 5 Td (" + text + b") Tj ET")
        stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, 228, 20])
        stream.Resources = self.fonts
        return Dictionary(N=stream)

    def annotate(self, **entries: object) -> Object:
        fixed: dict[str, object] = {"/Type": Name.Annot, "/Rect": Array([72, 600, 300, 620]), "/F": 4}
        entries = {f"/{key}": value for key, value in entries.items()}
        annotation = self.pdf.make_indirect(Dictionary(fixed | entries))
        self.pdf.pages[0].obj.Annots = Array([annotation])
        return annotation

    def field(self, value: str, **entries: object) -> None:
        field = self.annotate(
            Subtype=Name.Widget, FT=Name.Tx, T=String("felt"), V=String(value), DA=String("/F1 12 Tf 0 g"), **entries
        )
        self.pdf.Root.AcroForm = Dictionary(Fields=Array([field]), DR=self.fonts, DA=String("/F1 12 Tf 0 g"))

    def save(self, encryption: pikepdf.Encryption | None = None) -> bytes:
        file = io.BytesIO()
        self.pdf.save(file, encryption=encryption or False)
        return file.getvalue()


def lines(data: bytes) -> tuple[str, ...]:
    return normal_lines(read_pages(data).text)


def fault(data: bytes) -> PagesFault:
    with pytest.raises(UnreadablePdfError) as raised:
        read_pages(data)
    return raised.value.fault


def test_every_page_has_its_size_and_its_text() -> None:
    pages = read_pages(Made(LINE, b"BT /F1 12 Tf 72 700 Td (\xe6\xf8\xe5 side 2) Tj 0 -20 Td (ny linje) Tj ET").save())
    assert [(page.width, page.height) for page in pages.pages] == [(595, 842), (595, 842)]
    assert [page.text for page in pages.pages] == ["Avtale DA-2026-000042-J.2", "æøå side 2\nny linje"]
    assert pages.has_text


def test_a_page_without_text_is_a_page() -> None:
    pages = read_pages(Made(b"").save())
    assert (len(pages.pages), pages.has_text) == (1, False)


def test_a_field_counts_with_what_it_shows() -> None:
    made = Made()
    made.field("skjult verdi", AP=made.appearance(b"Synlig verdi"))
    assert lines(made.save()) == ("Avtale DA-2026-000042-J.2", "Synlig verdi")


def test_a_field_without_an_appearance_shows_its_value() -> None:
    made = Made()
    made.field("Kari Nordmann")
    assert lines(made.save()) == ("Avtale DA-2026-000042-J.2", "Kari Nordmann")


def test_a_note_laid_upon_the_page_is_visible_text() -> None:
    made = Made()
    made.annotate(Subtype=Name.FreeText, AP=made.appearance(b"Lapp"), Contents=String("annet"))
    assert lines(made.save()) == ("Avtale DA-2026-000042-J.2", "Lapp")


@pytest.mark.parametrize("flags", [2, 4 | 2, 4 | 32])
def test_what_is_hidden_or_only_printed_is_not_visible(flags: int) -> None:
    made = Made()
    made.annotate(Subtype=Name.FreeText, AP=made.appearance(b"Lapp"), F=flags, Contents=String("annet"))
    assert lines(made.save()) == ("Avtale DA-2026-000042-J.2",)


def test_text_beside_the_page_is_not_visible() -> None:
    beside = b"BT /F1 12 Tf 72 700 Td (paa siden) Tj 0 300 Td (utenfor) Tj ET"
    assert lines(Made(beside).save()) == ("paa siden",)
    cropped = Made(b"BT /F1 12 Tf 72 700 Td (inni) Tj 0 -600 Td (klippet bort) Tj ET")
    cropped.pdf.pages[0].obj.CropBox = Array([0, 400, 595, 842])
    assert lines(cropped.save()) == ("inni",)


def test_reading_leaves_the_bytes_as_they_are_and_gives_the_same_again() -> None:
    made = Made()
    made.field("x", AP=made.appearance(b"Synlig"))
    data = made.save()
    copy = bytes(bytearray(data))
    assert read_pages(data) == read_pages(copy)
    assert data == copy


def test_a_document_that_takes_a_password_is_encrypted() -> None:
    with pytest.raises(EncryptedPdfError):
        read_pages(Made().save(pikepdf.Encryption(owner="eier", user="bruker")))


def test_a_document_that_opens_without_a_password_can_be_read() -> None:
    assert lines(Made().save(pikepdf.Encryption(owner="eier", user=""))) == ("Avtale DA-2026-000042-J.2",)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"%PDF-1.7 og noe annet", bytes(5000), Made().save()[:200]])
def test_what_is_no_document_is_broken(data: bytes) -> None:
    assert fault(data) is PagesFault.BROKEN


def test_too_many_pages_are_refused() -> None:
    assert len(read_pages(Made(*[LINE] * MAX_PAGES).save()).pages) == MAX_PAGES
    assert fault(Made(*[LINE] * (MAX_PAGES + 1)).save()) is PagesFault.TOO_MANY_PAGES


def test_too_much_text_is_refused() -> None:
    many = MAX_CHARACTERS_PER_PAGE // 10 + 1
    crowded = b"BT /F1 1 Tf 72 700 Td " + b"(abcdefghij) Tj " * many + b" ET"
    assert fault(Made(crowded).save()) is PagesFault.TOO_MUCH_TEXT
    full = b"BT /F1 1 Tf 72 700 Td " + b"(abcdefghij) Tj 0 -1 Td " * 600 + b" ET"
    assert fault(Made(*[full] * 80).save()) is PagesFault.TOO_MUCH_TEXT


def test_an_xfa_form_is_read_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    made = Made()
    made.field("x", AP=made.appearance(b"Synlig"))
    made.pdf.Root.AcroForm.XFA = made.pdf.make_stream(b"<xdp/>")
    with caplog.at_level(logging.WARNING):
        assert "Synlig" in lines(made.save())
    assert caplog.records == []


MUTABLE = Made(LINE, LINE).save()


@settings(max_examples=150, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, len(MUTABLE) - 1), st.binary(max_size=4)), min_size=1, max_size=6))
def test_damaged_bytes_give_pages_or_a_fault_and_nothing_else(cuts: list[tuple[int, bytes]]) -> None:
    data = bytearray(MUTABLE)
    for place, replacement in cuts:
        data[place : place + len(replacement)] = replacement
    try:
        read_pages(bytes(data))
    except (UnreadablePdfError, EncryptedPdfError):
        return
