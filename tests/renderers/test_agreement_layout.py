"""How the agreement is laid out: what stands where, what is marked, and what keeps clear of what."""

import re
from dataclasses import replace

import pytest

from agreements.agreement import SigningRoute
from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.language import Language
from intake.reading.legible import measure_legibility
from renderers.agreement import RenderedAgreement, render_agreement
from renderers.lint_samples import SAMPLES, lint_documents
from renderers.overrides import Overrides
from renderers.visibility import find_hidden
from tests.renderers.samples import KARI, LONG_NAME, MARKING_KEY, MUCH, OLA, REQUIRED, rendered, sample
from tests.renderers.test_agreement_text import boxes, folded, page_texts, text_of

MM = 72 / 25.4
_SIGNERS = {"signer.name", "signer.role", "signer2"}  # beside the front page, they stand in the signature boxes


@pytest.fixture(scope="module", params=list(Language))
def full(request: pytest.FixtureRequest) -> RenderedAgreement:
    return rendered(request.param, full=True)


def test_everything_an_agreement_must_say_can_be_read_on_its_pages(full: RenderedAgreement) -> None:
    assert len(full.demands) > 80
    assert find_hidden(full, measure_legibility) == ()


def test_no_sample_of_the_lint_takes_more_than_six_pages_or_leaves_the_front_page() -> None:
    documents = tuple(lint_documents(Overrides(name="n" * 16, files=(("agreement.css", b""),))))
    assert len(documents) == SAMPLES
    for document in documents[:3]:
        made = render_agreement(document)
        assert 3 <= made.pages <= 6
        opening = {place.page for place in made.values if place.field_id == "agreement.template_version"}
        assert opening == {2}
        assert min(bottom for _, bottom, *_ in boxes(made.pdf)) >= 30 * MM  # the footer, with the longest name


def test_at_most_eighteen_entries_stand_on_the_front_page(full: RenderedAgreement) -> None:
    on_front = {place.field_id for place in full.values if place.page == 1}
    assert len(on_front) <= 18 + 2  # the date of issue and the second signer are ours beside the catalogue's
    catalogue = load_catalogue()
    assert {id_ for id_ in on_front if not catalogue.field(id_).front} <= {"agreement.issued_at", "signer2"}


def test_every_printed_value_is_marked_with_its_label_once_or_more(full: RenderedAgreement) -> None:
    asked = {demand.id for demand in full.demands if not demand.id.startswith("statement.")}
    assert {place.field_id for place in full.values} - _SIGNERS == asked
    catalogue = load_catalogue()
    labels = {place.field_id: place.label for place in full.values if place.label}
    assert labels.keys() - _SIGNERS == asked
    assert all(label in catalogue.field(id_).labels.values() for id_, label in labels.items())


def test_the_powers_of_attorney_and_the_terms_are_marked(full: RenderedAgreement) -> None:
    marked = {place.field_id.removeprefix("statement.") for place in full.statements}
    expected = {"power.vendor", "power.also", "power.also.1", "power.also.2", "power.limit", "power.admin"}
    expected |= {"signature.confirm", "signature.joint", "terms.1.name", "terms.1.date", "terms.2.checksum"}
    assert expected <= marked


def test_a_power_that_is_not_given_is_not_printed() -> None:
    text = text_of(rendered().pdf)
    assert "Fullmakten omfatter også" not in text
    assert "Fullmakten gjelder bare det som står i dette punktet" in text


def test_nothing_but_the_code_stands_where_the_qr_code_is(full: RenderedAgreement) -> None:
    for place in (*full.values, *full.statements):
        assert not (place.rectangle.x1 > (210 - 29.2) * MM and place.rectangle.y1 > (297 - 27.2) * MM), place.field_id


def test_the_control_code_stands_on_every_page_and_follows_key_and_values() -> None:
    made = rendered()
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", made.control_code)
    for page in page_texts(made.pdf):
        assert f"Kontrollkode {made.control_code}" in folded(page)
    altered = render_agreement(sample({**REQUIRED, "launch.monthly_volume": 1201}))
    assert altered.control_code != made.control_code
    assert str(MARKING_KEY) not in repr(sample())


def test_what_is_for_information_is_marked_so_and_nothing_else_is() -> None:
    catalogue, text = load_catalogue(), text_of(rendered(full=True).pdf)
    shown = sum(1 for id_ in MUCH if not catalogue.field(id_).binding)
    assert text.count("Til orientering") == shown + 1  # and the sentence that says what it means


@pytest.mark.parametrize("language", list(Language))
def test_the_privacy_paragraph_says_who_why_look_up_how_long_and_whom_to_ask(language: Language) -> None:
    text = text_of(rendered(language).pdf)
    for said in ("Fjordsystem AS", "onboarding@fjordsystem.example.org", "Brønnøysund", "Datatilsynet"):
        assert said in text


ALL_LONG = ("customer.name", "admin.name", "contact.contract.name", "contact.business.name")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("values", [REQUIRED, MUCH], ids=["little", "much"])
@pytest.mark.parametrize("route", [SigningRoute.SERVICE, SigningRoute.PAPER])
def test_names_of_130_letters_everywhere_wrap_and_take_no_more_than_six_pages(
    language: Language, values: dict[str, JsonValue], route: SigningRoute
) -> None:
    name = f"{LONG_NAME}, og enda noen ord"[:130]
    signers = tuple(replace(signer, name=name) for signer in (KARI, OLA))
    given = {**values, **dict.fromkeys(ALL_LONG, name)}
    made = render_agreement(sample(given, signers=signers, language=language, route=route))
    assert 3 <= made.pages <= 6
    front = {place.page for place in made.values if place.field_id == "signer2"}
    assert front == {1}


@pytest.mark.parametrize("language", Language)
def test_the_longest_names_addresses_and_reference_there_can_be_leave_the_front_page_one_page(
    language: Language,
) -> None:
    name = f"{LONG_NAME}, og enda noen ord"[:130]
    email = f"{'a' * 60}@{('b' * 60 + '.') * 3}example"[:250]
    given = {**MUCH, **dict.fromkeys(ALL_LONG, name), "invoice.reference": ("KST 4711 / Ressurs 0815 " * 5)[:100]}
    given |= {"contact.contract.email": email, "admin.email": email}
    signers = tuple(replace(signer, name=name) for signer in (KARI, OLA))
    made = render_agreement(sample(given, signers=signers, language=language))
    assert {place.page for place in made.values if place.field_id == "signer2"} >= {1}
    assert {place.page for place in made.values if place.field_id == "agreement.template_version"} == {2}
    assert find_hidden(made, measure_legibility) == ()
