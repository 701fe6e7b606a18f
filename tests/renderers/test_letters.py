"""The letter that forwards an approved agreement to Digipost."""

from dataclasses import replace
from datetime import date

import pytest

from agreements.language import Language
from renderers.letters import ForwardLetter, render_forward
from tests.renderers.samples import KARI, MUCH, OLA, REQUIRED, VENDOR, sample

LETTER = ForwardLetter(
    case_number="DA-2026-000042-J",
    agreement_number="DA-2026-000042-J.1",
    values=sample().values,
    vendor=VENDOR,
    document_sha256="ab" * 32,
    approved_by="Kari Koordinator",
    approved_on=date(2026, 11, 23),
    manual=False,
    audit_head="cd" * 32,
)


@pytest.mark.parametrize("language", list(Language))
def test_the_letter_says_who_what_and_by_which_verdict(language: Language) -> None:
    subject, body = render_forward(LETTER, language)
    assert subject.endswith("[DA-2026-000042-J]")
    assert "Blåbær & Sønn AS (310 987 654)" in subject
    for part in (
        "DA-2026-000042-J.1",
        "8541208",
        "no.digipost.feature.delivery.digipost",
        "ab" * 32,
        "cd" * 32,
        "Siv Hætta",
    ):
        assert part in body
    assert len(body.splitlines()) <= 40
    assert "{" not in body


def test_an_automatic_approval_names_the_machine_and_no_person() -> None:
    _, body = render_forward(LETTER, Language.NB)
    assert "Signaturkontroll: ingen funn. Avtalen er godkjent av avtalemottak 23. november 2026." in body
    assert "Kari Koordinator" not in body


def test_a_persons_approval_says_so_and_claims_no_clean_check() -> None:
    _, body = render_forward(replace(LETTER, manual=True), Language.NB)
    assert "manuelt godkjent av Kari Koordinator 23. november 2026" in body
    assert "ingen funn" not in body


def test_the_ordered_services_and_their_rights_are_listed() -> None:
    _, body = render_forward(replace(LETTER, values=sample(MUCH).values), Language.NN)
    assert "Utskrift når mottakaren ikkje har Digipost" in body
    assert "no.digipost.feature.batch.masseutsendelse" in body
    assert "no.digipost.feature.delivery.direct-to-print" in body


def test_no_personal_identity_data_leaves_in_the_letter() -> None:
    subject, body = render_forward(replace(LETTER, values=sample(MUCH, signers=(KARI, OLA)).values), Language.NB)
    for written in ("1980", "1975", OLA.name):
        assert written not in subject + body


def test_the_subject_is_one_line_whatever_the_name_holds() -> None:
    values = {**LETTER.values, "customer.name": "Blåbær\r\nBcc: alle@example.org"}
    subject, body = render_forward(replace(LETTER, values=values), Language.NB)
    assert len(subject.splitlines()) == 1
    assert "\nBcc" not in body


def test_the_prefix_stands_first() -> None:
    subject, _ = render_forward(replace(LETTER, subject_prefix="[DEMO]"), Language.NB)
    assert subject.startswith("[DEMO] Signert avtale om bruk av Digipost")


def test_markup_is_left_as_it_was_typed_for_this_is_plain_text() -> None:
    values = {**REQUIRED, "customer.name": "A & B <AS>"}
    _, body = render_forward(replace(LETTER, values=sample(values).values), Language.NB)
    assert "A & B <AS>" in body
