"""What stands on the agreement's pages, read back from the file as PDFium reads it."""

import re
from collections.abc import Iterator
from contextlib import closing

import pypdfium2  # type: ignore[import-untyped]
import pytest

from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from agreements.values import format_value
from renderers.agreement import render_agreement
from renderers.templates import flat_words
from renderers.versions import template_version
from tests.renderers.samples import KARI, LONG_NAME, MUCH, OLA, REQUIRED, TERMS, rendered, sample

MM = 72 / 25.4
_NOT_PRINTED_AS_THEY_ARE = {"admin.birth_date", "signer.birth_date", "signer.joint"}


def page_texts(pdf: bytes) -> list[str]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\ufffe", ""))


def text_of(pdf: bytes) -> str:
    return folded(" ".join(page_texts(pdf)))


@pytest.fixture(scope="module", params=list(Language))
def language(request: pytest.FixtureRequest) -> Language:
    chosen: Language = request.param
    return chosen


@pytest.fixture(scope="module")
def full(language: Language) -> bytes:
    return rendered(language, full=True).pdf


def test_every_value_is_printed_as_people_read_it(full: bytes, language: Language) -> None:
    catalogue, values, text = load_catalogue(), sample(MUCH, signers=(KARI, OLA)).values, text_of(full).casefold()
    for field_id, value in values.items():
        field = catalogue.field(field_id)
        if (
            field.phase == "agreement"
            and catalogue.is_asked(field, values)
            and field_id not in _NOT_PRINTED_AS_THEY_ARE
        ):
            shown = folded(format_value(catalogue, field, value, language)).casefold()
            assert shown in text, field_id
            if field_id not in {"signer.name", "signer.role", "signer2"} or field.front:
                assert folded(field.label(language)).casefold() in text, field_id


def test_codes_are_not_printed(full: bytes) -> None:
    text = text_of(full)
    for code in (
        "PASSWORD",
        "MONOCHROME",
        "RETURN_TO_SENDER",
        "batch_sftp",
        "signature_right",
        "None",
        "True",
        "False",
    ):
        assert code not in text


def test_the_sections_come_in_order_and_numbered_without_gaps(full: bytes, language: Language) -> None:
    titles = [labels[language] for labels in load_catalogue().sections.values()]
    text = text_of(full)
    places = [text.index(f"{number} {title}") for number, title in enumerate(titles, start=1)]
    assert places == sorted(places)


def test_every_page_says_which_agreement_and_template_it_is_and_its_number(full: bytes, language: Language) -> None:
    words = flat_words(language)
    pages = page_texts(full)
    for number, page in enumerate(pages, start=1):
        text = folded(page)
        assert "DA-2026-000042-J.1" in text
        assert template_version() in text
        assert f"{words['agreement.page']} {number} {words['agreement.of']} {len(pages)}" in text


def boxes(pdf: bytes) -> Iterator[tuple[float, float, float, float]]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        for page in document:
            text = page.get_textpage()
            for index in range(text.count_chars()):
                left, bottom, right, top = text.get_charbox(index)
                if right > left and top > bottom:
                    yield left, bottom, right, top


def test_the_margins_are_free_for_signing_services(full: bytes) -> None:
    seen = list(boxes(full))
    assert min(left for left, *_ in seen) >= 20 * MM
    assert min(bottom for _, bottom, *_ in seen) >= 30 * MM
    assert max(right for *_, right, _ in seen) <= (210 - 15) * MM


def test_letters_markup_and_line_breaks_in_values_are_printed_as_text() -> None:
    signer = Signer(name="Øyvind Ærlig Åsen Čađđi Ŋŋ", basis=SigningBasis.PROKURA)
    organisation, administrator = '<script>alert("x")</script> & <img src=x>', "Siv\r\nHætta"
    values = {**REQUIRED, "customer.name": organisation, "admin.name": administrator}
    text = text_of(render_agreement(sample(values, signers=(signer,))).pdf)
    for printed in (signer.name, organisation, "Siv Hætta"):
        assert printed in text


def test_a_name_of_130_characters_is_printed_whole(full: bytes) -> None:
    assert len(LONG_NAME) >= 130
    assert LONG_NAME in text_of(full)


def test_what_is_not_asked_for_leaves_no_trace(language: Language) -> None:
    catalogue, text = load_catalogue(), text_of(rendered(language).pdf)
    for section in (6, 8):
        assert catalogue.sections[section][language] not in text
    for field_id in ("print.return_name", "dpi.avsenderidentifikator", "customer.part_id", "launch.peaks"):
        assert folded(catalogue.field(field_id).label(language)) not in text


def test_the_parties_the_authorisation_and_the_terms_are_written_out(full: bytes) -> None:
    text = text_of(full)
    for part in ("Posten Bring AS", "984 661 185", "Fjordsystem AS", "8541208", "Siv Hætta"):
        assert part in text
    for file in TERMS:
        assert file.name in text
        assert file.sha256 in text.replace(" ", "")


def test_birth_dates_are_cut_down_to_the_year(full: bytes) -> None:
    text = text_of(full)
    assert "xx.xx.1975" in text
    assert "xx.xx.1980" in text
    for written in ("1975-03-12", "12.03.1975", "1980-05-17", "17. mai 1980", "17 May 1980"):
        assert written not in text


def test_an_example_is_marked_on_every_page_and_names_no_terms(language: Language) -> None:
    words = flat_words(language)
    for page in page_texts(rendered(language, example=True).pdf):
        assert words["agreement.example"] in page
        assert words["agreement.example_reason"] in folded(page)


def test_a_real_agreement_bears_no_example_mark(full: bytes, language: Language) -> None:
    assert flat_words(language)["agreement.example_reason"] not in text_of(full)


@pytest.mark.parametrize("kind", ["new", "change", "termination"])
def test_every_kind_of_agreement_says_what_it_does(kind: str) -> None:
    text = text_of(render_agreement(sample({**REQUIRED, "agreement.kind": kind})).pdf)
    sentence = flat_words(Language.NB)[f"agreement.purpose.{kind}"].partition("{")[0].strip()
    assert sentence in text


def places(sentence: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", sentence))


def test_the_three_languages_have_the_same_sentences_and_places() -> None:
    bokmal = flat_words(Language.NB)
    for other in (Language.NN, Language.EN):
        sentences = flat_words(other)
        assert sentences.keys() == bokmal.keys()
        assert {key: places(text) for key, text in sentences.items()} == {
            key: places(text) for key, text in bokmal.items()
        }


@pytest.mark.parametrize(
    ("language", "addresses"), [(Language.NB, "du|deg|din|dere|deres"), (Language.NN, "du|deg|din|de|dykk|dykkar")]
)
def test_the_agreement_addresses_nobody(language: Language, addresses: str) -> None:
    for key, sentence in flat_words(language).items():
        if key.startswith("agreement."):
            assert not re.search(rf"\b({addresses})\b", sentence, re.IGNORECASE), key
