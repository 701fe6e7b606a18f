"""A preview can't be taken for an agreement: marked on every page in the case's language, and nowhere to sign."""

from contextlib import closing
from dataclasses import replace
from io import BytesIO

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest

from agreements.agreement import SigningRoute
from agreements.language import Language
from intake.reading.legible import measure_legibility
from renderers.form_agreement import render
from renderers.templates import words
from renderers.visibility import find_hidden
from tests.renderers.form_samples import form
from tests.renderers.samples import KARI, OLA, sample
from tests.renderers.test_template_overrides import own


def pages_of(pdf: bytes) -> list[str]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        return ["".join(page.get_textpage().get_text_bounded().split()) for page in document]


def mark(language: Language) -> tuple[str, str]:
    say = words(language)
    return "".join(say("agreement.preview").split()), "".join(say("agreement.preview_reason").split())


def holds_nothing_to_sign(pdf: bytes) -> bool:
    with pikepdf.open(BytesIO(pdf)) as opened:
        fields = opened.Root.get("/AcroForm", pikepdf.Dictionary()).get("/Fields", pikepdf.Array())
        return not any(field.get("/FT") == "/Sig" for field in fields) and not opened.attachments


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("route", [SigningRoute.SERVICE, SigningRoute.PAPER])
def test_every_page_of_a_preview_says_so(language: Language, route: SigningRoute) -> None:
    document = replace(sample(signers=(KARI, OLA), language=language, route=route), preview=True)
    made = render(document)
    assert made.pages <= 6
    for text in pages_of(made.pdf):
        assert all(part in text for part in mark(language))
    assert holds_nothing_to_sign(made.pdf)
    assert b"AvtaleQR" not in made.pdf
    assert made.fields == ()


@pytest.mark.parametrize("language", [Language.NB, Language.NN])
def test_every_page_of_a_previewed_form_says_so(language: Language) -> None:
    document = replace(sample(signers=(KARI, OLA), language=language, terms=()), form=form())
    made, issued = render(replace(document, preview=True)), render(document)
    for text in pages_of(made.pdf):
        assert all(part in text for part in mark(language))
    assert not any(mark(language)[0] in text for text in pages_of(issued.pdf))
    assert holds_nothing_to_sign(made.pdf)
    assert not holds_nothing_to_sign(issued.pdf)
    assert made.fields == ()


def test_an_issued_agreement_is_not_marked_as_a_preview() -> None:
    assert not any(mark(Language.NB)[0] in text for text in pages_of(render(sample()).pdf))


def test_a_stylesheet_that_hides_the_preview_mark_is_found() -> None:
    document = sample(overrides=own(agreement__css=".preview span { color: #fff }"))
    faults = find_hidden(render(replace(document, preview=True)), measure_legibility)
    assert {(fault.code, fault.params["what"]) for fault in faults} == {("template_too_faint", "statement.page")}
