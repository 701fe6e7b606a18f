"""What holds for every letter: three languages, one line of subject, nothing left open, nobody's words but ours."""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreements.agreement import SigningRoute
from agreements.findings import FindingCode, Severity, all_codes
from agreements.language import Language
from renderers import templates
from renderers.letters import (
    MAX_SUBJECT,
    RejectionLetter,
    SigningLetter,
    finding_in_words,
    render_digest,
    render_forward,
    render_overdue,
    render_rejection,
    render_signing,
    render_signing_file,
)
from renderers.letters.digest import MAX_LISTED
from renderers.letters.heading import MAX_INLINE, inline, subject_line
from renderers.letters.reasons import OTHER, REASONS
from renderers.templates import flat_words, words
from tests.renderers.letter_samples import ABOUT, CASE, FORWARD, KINDS, Names, digest, every_letter, overdue, task
from tests.renderers.samples import KARI, LONG_NAME, OLA

LETTERS = dict(every_letter())
SECTIONS = ("letters.", "forward.", "signing_order.", "plan.", "verification.")
FNR = "01010012356"  # synthetic: the check digits fit, nobody has it
BIDI = "\u202e\u2066\u200f\u061c"


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def sentences(language: Language) -> dict[str, str]:
    return {key: said for key, said in flat_words(language).items() if key.startswith(SECTIONS)}


def letters_of(names: Names) -> Iterator[tuple[str, str, str]]:
    """Name, subject and body of every letter in every language."""
    for name, render in every_letter(names):
        for language in Language:
            yield (f"{name} {language}", *render(language))


def lines_of_ours(body: str) -> int:
    """Lines that are not set in as somebody's own words."""
    return sum(not line.startswith("> ") for line in body.splitlines())


# --- the sentences ---


@pytest.mark.parametrize("language", [Language.NN, Language.EN])
def test_the_languages_have_the_same_sentences_with_the_same_places(language: Language) -> None:
    ours, theirs = sentences(Language.NB), sentences(language)
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if places(ours[key]) != places(theirs[key])] == []


@pytest.mark.parametrize("language", list(Language))
def test_every_sentence_is_text_on_one_line(language: Language) -> None:
    assert [
        key for key, said in sentences(language).items() if not said.strip() or said != " ".join(said.split())
    ] == []


def test_no_sentence_is_left_that_no_letter_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()

    def listen(known: Mapping[str, str], key: str, **params: object) -> str:
        said.add(key)
        return known[key].format_map(params)

    monkeypatch.setattr(templates, "_say", listen)
    for _ in letters_of(Names()):
        pass
    for code in all_codes():
        rejected(code)
        if code.severity is Severity.REVIEW:
            finding_in_words(code(), Language.NB)
    render_forward(replace(FORWARD, findings=tuple(code() for code in all_codes())), Language.NB)
    render_forward(replace(FORWARD, adopted=True), Language.NB)
    render_digest(digest(Names(), count=MAX_LISTED + 1), Language.NB)
    render_overdue(overdue(Names(), more=1), Language.NB)
    render_signing_file(SigningLetter(about=ABOUT, task=task(SigningRoute.PAPER), kind="new"), Language.NB)
    assert {key for key in sentences(Language.NB) if key.startswith(("letters.", "forward."))} - said == set()


def test_virksomheten_is_virksomheten_and_nynorsk_is_nynorsk() -> None:
    foreign = {
        Language.NB: {"kunden", "kunder", "foretaket", "verksemda", "ikkje", "frå", "kva", "kven", "berre"},
        Language.NN: {
            "kunden",
            "foretaket",
            "virksomheten",
            "ikke",
            "fra",
            "hva",
            "hvem",
            "bare",
            "dere",
            "ble",
            "jeg",
        },
        Language.EN: {"customer", "customers"},
    }
    for language, banned in foreign.items():
        for key, said in sentences(language).items():
            used = set(re.findall(r"\w+", re.sub(r"\{\w+\}|[\w-]+\.[\w.]+", "", said).casefold()))
            assert not used & banned, key


# --- every letter ---


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", sorted(LETTERS))
def test_a_letter_is_whole(name: str, language: Language) -> None:
    subject, body = LETTERS[name](language)
    assert subject.endswith(f" [{CASE}]")
    assert len(subject) <= MAX_SUBJECT
    assert subject.isprintable()
    assert not re.search(r"[{}]|None|\bTrue\b|\bFalse\b", subject + body)
    assert body.endswith("\n")
    assert "\n\n\n" not in body
    assert all(line == line.rstrip() for line in body.splitlines())
    assert "`" not in body  # no command of ours: they speak to people outside
    greeting, closing = words(language)("letters.greeting"), words(language)("letters.closing")
    assert body.startswith(f"{greeting}\n")
    assert f"\n{closing}\n" in body


def test_long_names_give_way_in_the_subject_and_the_case_number_never() -> None:
    names = replace(Names.all(LONG_NAME * 2), prefix="[DEMO]")
    for name, subject, body in letters_of(names):
        assert len(subject) <= MAX_SUBJECT, name
        assert subject.endswith(f"[{CASE}]"), name
        assert subject.startswith("[DEMO] "), name
        assert max(map(len, body.splitlines())) < 12 * MAX_INLINE, name


def test_a_short_subject_is_left_whole() -> None:
    subject = subject_line(
        words(Language.NB),
        "letters.termination.subject",
        {"customer": "A", "org_number": "1", "system": "B", "number": "C"},
    )
    assert subject == "Avslutning av Digipost via B – A (1) [C]"


@pytest.mark.parametrize(
    "name",
    [
        "Blåbær\r\nBcc: alle@example.org\r\n\r\nHei",
        f"Blåbær {BIDI}SA moc.live",
        "Blåbær\u2028\u2029\x85\x0b\x0cAS",
        "Blåbær\x00\x1b[2JAS",
        "{customer} {0} {{ 7*7 }} {% raw %}",
        "Blåbær \ud800 AS",
        "[DA-2026-000001-Z] Blåbær",
    ],
)
def test_a_name_stays_where_it_is_put(name: str) -> None:
    plain = {letter: body for letter, _, body in letters_of(Names.all("Blåbær AS"))}
    for letter, subject, body in letters_of(Names.all(name)):
        assert subject.isprintable(), letter
        assert subject.count("[") == 1, letter
        assert lines_of_ours(body) == lines_of_ours(plain[letter]), letter
        assert not set(body) & set(BIDI + "\r\u2028\u2029\x85\x0b\x0c\x00\x1b"), letter
        assert not re.search(r"(?m)^\s*Bcc:", body), letter
        (subject + body).encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.sampled_from(list(Language)))
def test_whatever_a_name_holds_the_subject_is_one_line_and_the_value_too(name: str, language: Language) -> None:
    said = inline(name)
    assert len(said) <= MAX_INLINE
    assert len(said.splitlines()) <= 1
    subject, body = render_signing(
        SigningLetter(about=Names.all(name).about(), task=task(SigningRoute.SERVICE), kind="new"), language
    )
    assert len(subject.splitlines()) == 1
    assert len(subject) <= MAX_SUBJECT
    assert "\r" not in body


def test_no_birth_date_and_no_identity_number_stands_in_any_letter() -> None:
    names = replace(Names.all(f"Kari {FNR}"), second=f"Ola {FNR[:6]} {FNR[6:]}")
    for letter, subject, body in letters_of(names):
        assert FNR not in subject + body, letter
        assert FNR[6:] not in subject + body, letter
        assert "1980" not in body, letter
        assert "1975" not in body, letter


# --- signing ---


@pytest.mark.parametrize("language", list(Language))
def test_the_steps_follow_from_the_route(language: Language) -> None:
    say = words(language)
    bodies = {
        route: render_signing(SigningLetter(about=ABOUT, task=task(route), kind="new"), language)[1]
        for route in SigningRoute
    }
    for route, body in bodies.items():
        for other in SigningRoute:
            first = {"service": "log_in", "own_tool": "open", "paper": "print"}[other]
            assert (say(f"letters.signing.steps.{other.value}.{first}") in body) is (route is other)
    assert "avtaler@fjordsystem.example.org" not in bodies[SigningRoute.SERVICE]
    assert "avtaler@fjordsystem.example.org" in bodies[SigningRoute.OWN_TOOL]
    assert "avtaler@fjordsystem.example.org" in bodies[SigningRoute.PAPER]


def test_two_signers_are_named_in_their_order_and_told_who_is_first() -> None:
    for route in SigningRoute:
        body = render_signing(
            SigningLetter(about=ABOUT, task=task(route, signers=(KARI, OLA)), kind="new"), Language.NB
        )[1]
        assert "1. Kari Nordmann, signaturrett\n2. Ola Bjørn Ærlig-Østby, prokura\n" in body
    assert (
        "Kari Nordmann signerer først, lagrer, og sender filen videre til Ola Bjørn Ærlig-Østby"
        in render_signing(
            SigningLetter(about=ABOUT, task=task(SigningRoute.OWN_TOOL, signers=(KARI, OLA)), kind="new"), Language.NB
        )[1]
    )


@pytest.mark.parametrize("route", [SigningRoute.OWN_TOOL, SigningRoute.PAPER])
def test_open_fields_are_filled_in_before_anybody_signs(route: SigningRoute) -> None:
    step = words(Language.NN)(f"letters.signing.steps.{route.value}.fill")
    for has_open_fields in (False, True):
        work = task(route, has_open_fields=has_open_fields)
        _, body = render_signing(SigningLetter(about=ABOUT, task=work, kind="new"), Language.NN)
        assert (f"2. {step}\n" in body) is has_open_fields


@pytest.mark.parametrize("kind", KINDS)
def test_the_request_says_what_is_asked_when_and_what_happens_to_personal_data(kind: str) -> None:
    _, body = render_signing(SigningLetter(about=ABOUT, task=task(SigningRoute.SERVICE), kind=kind), Language.NB)
    for said in (
        "Frist: 23. desember 2026",
        "Brønnøysundregistrene",
        "Posten Bring AS",
        "onboarding@fjordsystem.example.org",
    ):
        assert said in body
    assert ("slutte å bruke Digipost" in body) is (kind == "termination")


def test_the_letter_as_a_file_has_its_subject_first() -> None:
    letter = SigningLetter(about=ABOUT, task=task(SigningRoute.PAPER), kind="new")
    subject, body = render_signing(letter, Language.NB)
    assert render_signing_file(letter, Language.NB).decode() == f"Emne: {subject}\n\n{body}"


# --- turning down ---


def rejected(*codes: FindingCode, route: SigningRoute = SigningRoute.SERVICE, comment: str = "") -> str:
    params: dict[str, str | int] = {
        "signer": "Kari",
        "organisation": "Vidda AS",
        "page": 3,
        "line": "Linje",
        "in_force": f"{CASE}.2",
        "entry": "invoice.email",
        "entries": "invoice.email, invoice.reference",
        "seen": "a@example.org",
        "issued": "b@example.org",
        "rule": "not_an_email",
    }
    letter = RejectionLetter(
        about=ABOUT,
        received_on=task(route).deadline,
        findings=tuple(code(**params) for code in codes),
        comment=comment,
        task=task(route),
    )
    return render_rejection(letter, Language.NB)[1]


VENDORS_OWN = {"INT-006", "INT-013"}
"""Reject, but nothing an organisation could have done: what lies in a folder is no file, or a file is not there."""


def test_every_finding_that_rejects_has_a_reason_for_those_who_signed() -> None:
    rejecting = {code.code for code in all_codes() if code.severity is Severity.REJECT}
    assert rejecting - REASONS.keys() - VENDORS_OWN == set()
    assert REASONS.keys() <= {code.code for code in all_codes()}


def test_every_reason_is_given_for_some_finding() -> None:
    told = {key.split(".")[3] for key in sentences(Language.NB) if key.startswith("letters.rejection.reasons.")}
    assert told == {*REASONS.values(), OTHER}


@pytest.mark.parametrize("code", all_codes(), ids=lambda code: code.code)
def test_a_reason_fills_its_places_from_what_its_finding_tells(code: FindingCode) -> None:
    reason = words(Language.NB)(
        f"letters.rejection.reasons.{REASONS.get(code.code, OTHER)}.do",
        signer="Kari",
        in_force=f"{CASE}.2",
    )
    told = code.severity is not Severity.INFO and code.code in REASONS
    other = words(Language.NB)(f"letters.rejection.reasons.{OTHER}.do")
    assert f"Gjør slik: {reason if told else other}\n" in rejected(code)


def test_findings_with_the_same_remedy_are_told_once_and_the_weightiest_first() -> None:
    by_code = {code.code: code for code in all_codes()}
    body = rejected(by_code["WHO-003"], by_code["SIG-002"], by_code["SIG-003"], by_code["SIG-012"])
    assert body.index("1. Signaturen stemmer ikke med innholdet") < body.index("2. Signaturen til Kari mangler.")
    assert "\n3. " not in body.partition("Skal signeres av")[0]


def test_on_paper_a_scan_is_no_fault() -> None:
    scan = next(code for code in all_codes() if code.code == "PRV-005")
    assert "bilde av papir" in rejected(scan)
    assert "bilde av papir" not in rejected(scan, route=SigningRoute.PAPER)


def test_what_a_person_adds_is_set_in_and_can_not_pass_for_our_words() -> None:
    body = rejected(comment="Se side 3.\r\n\r\nVennlig hilsen\nFalsk Avsender")
    assert "Saksbehandleren vår legger til:\n> Se side 3.\n> Vennlig hilsen\n> Falsk Avsender\n\n" in body


def test_without_a_version_in_force_nobody_is_asked_to_sign_anything() -> None:
    letter = RejectionLetter(about=ABOUT, received_on=task(SigningRoute.PAPER).deadline, findings=(), task=None)
    _, body = render_rejection(letter, Language.NB)
    assert "Vent med å signere" in body
    assert "Slik signerer dere" not in body
