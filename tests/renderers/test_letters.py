"""The letter that forwards an approved agreement to Digipost."""

from dataclasses import replace

import pytest

from agreements.case import LaunchPlan
from agreements.findings import (
    CAS_EXAMPLE_TERMS,
    CAS_OPEN_VALUES,
    PRV_SCAN,
    SIG_REVOCATION_UNKNOWN,
    WHO_MISSING,
    WHO_RIGHT_UNCONFIRMED,
    WHO_UNEXPECTED,
    Finding,
    FindingCode,
    Severity,
    all_codes,
)
from agreements.language import Language
from agreements.signers import SigningRight
from renderers.letters import finding_in_words, render_forward
from renderers.letters.forward import MAX_FINDINGS
from tests.renderers.letter_samples import FORWARD, KINDS
from tests.renderers.samples import KARI, MUCH, OLA, REQUIRED, sample

MAX_LINES = 20  # facts/product.md §5 d
BY_HAND = replace(FORWARD, manual=True, approved_by=("Kari Koordinator",))


def verdict(body: str) -> str:
    (line,) = (line for line in body.splitlines() if line.startswith("Signaturkontroll"))
    return line


@pytest.mark.parametrize("language", list(Language))
def test_the_letter_says_who_what_and_by_which_verdict(language: Language) -> None:
    subject, body = render_forward(FORWARD, language)
    assert subject.endswith("[DA-2026-000042-J]")
    assert "Blåbær & Sønn AS (310 987 654)" in subject
    for part in (
        "DA-2026-000042-J.1",
        "8541208",
        "no.digipost.feature.delivery.digipost",
        FORWARD.document_sha256,
        FORWARD.audit_head,
        "Siv Hætta",
    ):
        assert part in body
    assert "{" not in body


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", KINDS)
def test_the_letter_has_twenty_lines_at_most_whatever_was_ordered_and_found(kind: str, language: Language) -> None:
    values = {**sample(MUCH).values, "agreement.kind": kind}
    found = tuple(code() for code in all_codes())
    _, body = render_forward(replace(BY_HAND, values=values, findings=found), language)
    assert len([line for line in body.splitlines() if line]) <= MAX_LINES


def test_the_subject_is_the_one_that_the_desk_sorts_by() -> None:
    subject, _ = render_forward(FORWARD, Language.NB)
    assert subject == (
        "Signert avtale om bruk av Digipost – Blåbær & Sønn AS (310 987 654) – via Fjord HR [DA-2026-000042-J]"
    )


# --- the line of verdict ----------------------------------------------------------------------------------------------


def test_an_automatic_approval_names_the_machine_and_no_person() -> None:
    _, body = render_forward(FORWARD, Language.NB)
    assert verdict(body) == (
        "Signaturkontroll: ingen funn. Signaturrett: bekreftet. Avtalen er godkjent av avtalemottak 23. november 2026."
    )


def test_a_scan_says_that_nothing_could_be_checked_and_who_approved_by_hand() -> None:
    letter = replace(
        BY_HAND,
        approved_by=("Kari Koordinator", "Ola Nordmann"),
        findings=(PRV_SCAN(),),
        right=SigningRight.UNSETTLED,
    )
    assert verdict(render_forward(letter, Language.NB)[1]) == (
        "Signaturkontroll: ikke mulig, skannet underskrift. Signaturrett: uavklart. "
        "Avtalen er manuelt godkjent av Kari Koordinator, Ola Nordmann 23. november 2026."
    )


def test_what_a_person_approved_in_spite_of_is_counted_and_told_in_words_that_name_nobody() -> None:
    found = (SIG_REVOCATION_UNKNOWN(field="Signatur1"), WHO_RIGHT_UNCONFIRMED(signer="Nils Bråten"))
    letter = replace(BY_HAND, findings=found, right=SigningRight.DECLARED)
    _, body = render_forward(letter, Language.NB)
    assert verdict(body) == (
        "Signaturkontroll: 2 funn (SIG-013 uvisst om sertifikatet er tilbakekalt; "
        "WHO-004 signaturretten er ikke bekreftet). Signaturrett: oppgitt, men ikke bekreftet. "
        "Avtalen er manuelt godkjent av Kari Koordinator 23. november 2026."
    )
    assert "Nils" not in body


def test_a_scan_with_more_to_it_tells_that_too() -> None:
    letter = replace(BY_HAND, findings=(PRV_SCAN(), CAS_OPEN_VALUES(fields="invoice.reference")))
    said = verdict(render_forward(letter, Language.NB)[1])
    assert "skannet underskrift, og 1 andre funn (CAS-010 verdier fylt ut for hånd)" in said


def test_what_changes_nothing_is_no_finding_in_the_letter() -> None:
    letter = replace(FORWARD, findings=(CAS_EXAMPLE_TERMS(),))
    assert "Signaturkontroll: ingen funn." in verdict(render_forward(letter, Language.NB)[1])


def test_the_same_finding_of_two_signers_is_counted_twice_and_told_once() -> None:
    found: tuple[Finding, ...] = (WHO_MISSING(signer="Kari"), WHO_MISSING(signer="Ola"))
    assert "2 funn (WHO-003 en signatur mangler)" in verdict(
        render_forward(replace(BY_HAND, findings=found), Language.NB)[1]
    )


def test_of_many_findings_the_first_are_told_and_the_rest_counted() -> None:
    codes = [code for code in all_codes() if code.severity is Severity.REVIEW and code is not PRV_SCAN]
    said = verdict(render_forward(replace(BY_HAND, findings=tuple(code() for code in codes)), Language.NB)[1])
    assert f"{len(codes)} funn (" in said
    assert said.count(";") == MAX_FINDINGS
    assert f"og {len(codes) - MAX_FINDINGS} til)" in said


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", [code for code in all_codes() if code.severity is Severity.REVIEW], ids=repr)
def test_every_finding_that_a_person_can_approve_has_words_for_digipost(code: FindingCode, language: Language) -> None:
    said = finding_in_words(code(), language)
    assert said != code.code
    assert "{" not in said


def test_a_finding_without_words_is_told_by_its_code() -> None:
    unknown = Finding(code="CAS-999", severity=Severity.REVIEW)
    assert finding_in_words(unknown, Language.NB) == "CAS-999"
    assert "1 funn (CAS-999 CAS-999)" not in verdict(
        render_forward(replace(BY_HAND, findings=(unknown,)), Language.NB)[1]
    )


def test_the_three_words_are_never_mixed() -> None:
    for findings in ((), (PRV_SCAN(),), (WHO_UNEXPECTED(signer="Nils"),)):
        said = verdict(render_forward(replace(BY_HAND, findings=findings), Language.NB)[1])
        check, right, approval = said.split(". ", 2)
        assert check.startswith("Signaturkontroll: ")
        assert right.startswith("Signaturrett: ")
        assert approval.startswith("Avtalen er manuelt godkjent av ")
        assert "godkjent" not in check
        assert "verifi" not in said


# --- what Digipost is asked to do -------------------------------------------------------------------------------------


def test_the_ordered_services_and_their_rights_are_listed() -> None:
    _, body = render_forward(replace(FORWARD, values=sample(MUCH).values), Language.NN)
    assert "Utskrift når mottakaren ikkje har Digipost" in body
    assert "no.digipost.feature.batch.masseutsendelse" in body
    assert "no.digipost.feature.delivery.direct-to-print" in body


@pytest.mark.parametrize(
    ("kind", "asked", "not_asked"),
    [
        ("new", "Opprett virksomhetskontoen", "Trekk tilbake"),
        ("change", "Endre oppsettet", "Opprett virksomhetskontoen"),
        ("termination", "Trekk tilbake retten behandler-ID 8541208", "avsenderrettighetene"),
    ],
)
def test_what_digipost_is_asked_to_do_follows_from_the_kind_of_agreement(kind: str, asked: str, not_asked: str) -> None:
    _, body = render_forward(replace(FORWARD, values={**FORWARD.values, "agreement.kind": kind}), Language.NB)
    assert asked in body
    assert not_asked not in body
    assert ("Lanseringsplan" in body) == (kind != "termination")


def test_the_launch_plan_is_told_as_it_stands_and_what_speaks_for_one() -> None:
    much = replace(FORWARD, values=sample(MUCH).values)
    _, body = render_forward(much, Language.NB)
    assert "Lanseringsplan: ikke avgjort ennå. Dette taler for en plan: " in body
    assert "det er bestilt utskrift" in body
    _, body = render_forward(replace(much, plan=LaunchPlan.DIRECT), Language.NB)
    assert "Lanseringsplan: direkte oppstart, uten egen plan." in body
    assert "taler for" not in body


# --- what must not be in it -------------------------------------------------------------------------------------------


def test_no_personal_identity_data_leaves_in_the_letter() -> None:
    subject, body = render_forward(replace(FORWARD, values=sample(MUCH, signers=(KARI, OLA)).values), Language.NB)
    for written in ("1980", "1975", OLA.name):
        assert written not in subject + body


def test_the_subject_is_one_line_whatever_the_name_holds() -> None:
    values = {**FORWARD.values, "customer.name": "Blåbær\r\nBcc: alle@example.org"}
    subject, body = render_forward(replace(FORWARD, values=values), Language.NB)
    assert len(subject.splitlines()) == 1
    assert "\nBcc" not in body


def test_the_prefix_stands_first() -> None:
    subject, _ = render_forward(replace(FORWARD, subject_prefix="[DEMO]"), Language.NB)
    assert subject.startswith("[DEMO] Signert avtale om bruk av Digipost")


def test_markup_is_left_as_it_was_typed_for_this_is_plain_text() -> None:
    values = {**REQUIRED, "customer.name": "A & B <AS>"}
    _, body = render_forward(replace(FORWARD, values=sample(values).values), Language.NB)
    assert "A & B <AS>" in body


@pytest.mark.parametrize("language", list(Language))
def test_our_own_letter_asks_nothing_so_that_an_answer_that_quotes_it_does_not_either(language: Language) -> None:
    for manual in (FORWARD, BY_HAND):
        assert "?" not in "".join(render_forward(manual, language))
