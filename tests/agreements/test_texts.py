"""Every code has its words, in three languages with the same places; whoever makes the code fills every place."""

import ast
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements import findings as finding_codes
from agreements.agreement import IssuedState
from agreements.case import AgreementState, LaunchPlan, Step
from agreements.catalogue import load_catalogue
from agreements.decision import Verdict
from agreements.findings import FindingCode, Severity, all_codes
from agreements.language import Language
from agreements.parties import SigningBasis
from agreements.signature_report import ChangesAfter, Indication, Revocation, Shape, SignatureKind
from agreements.signers import SignerCheck
from agreements.texts import finding_action, finding_message, flat_texts, has_text, text, unfilled_text
from agreements.turn import Party
from signatures.kinds import ChangeKind
from tests.architecture.tree import modules, parsed, where

TEXTS = {language: flat_texts(language) for language in Language}


def places(template: str) -> set[str]:
    """The names of the places to be filled."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@dataclass(frozen=True, kw_only=True)
class Raised:
    """A code that some line of the program makes, with the parameters it gives; None where that can't be read off."""

    code: str
    params: frozenset[str] | None
    place: str


@cache
def error_classes() -> frozenset[str]:
    """Names of AvtaleError and every class under it, wherever it is defined."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
    }
    known = {"AvtaleError"}
    while more := {name for name, parents in bases.items() if parents & known} - known:
        known |= more
    return frozenset(known)


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The bare name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def given_params(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else frozenset(name for name in names if name is not None)


def raised(names: frozenset[str]) -> Iterator[Raised]:
    """Every call of one of these names with a literal code."""
    for path in modules():
        for call in calls(path):
            match call.args:
                case [ast.Constant(value=str(code)), *_] if called(call) in names:
                    yield Raised(code=code, params=given_params(call), place=where(path, call.lineno))


def found() -> Iterator[tuple[FindingCode, ast.Call, str]]:
    """Every call of a finding code by its name."""
    for path in modules():
        for call in calls(path):
            code = getattr(finding_codes, called(call), None)
            if isinstance(code, FindingCode):
                yield code, call, where(path, call.lineno)


def unmet_gates() -> Iterator[tuple[str, str]]:
    """Every literal in what is collected as `unmet`."""
    for path in modules():
        for node in ast.walk(parsed(path)):
            match node:
                case ast.AugAssign(target=ast.Name(id="unmet"), value=value):
                    sources = [value]
                case ast.keyword(arg="unmet", value=value):
                    sources = [value]
                case ast.Call(func=ast.Attribute(value=ast.Name(id="unmet"), attr="append"), args=args):
                    sources = list(args)
                case ast.FunctionDef(name=name) if name.startswith(("_guard_", "_not_moving", "_no_such_step")):
                    sources = [part for part in ast.walk(node) if isinstance(part, ast.Tuple)]
                case _:
                    continue
            for source in sources:
                for part in ast.walk(source):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                        yield part.value, where(path, part.lineno)


# --- the catalogues ---


def test_the_three_languages_have_the_same_keys() -> None:
    assert TEXTS[Language.NB].keys() == TEXTS[Language.NN].keys() == TEXTS[Language.EN].keys()


@pytest.mark.parametrize("language", [Language.NN, Language.EN])
def test_a_text_has_the_same_places_in_every_language(language: Language) -> None:
    different = [key for key, words in TEXTS[Language.NB].items() if places(words) != places(TEXTS[language][key])]
    assert different == []


@pytest.mark.parametrize("language", list(Language))
def test_no_text_is_empty_and_no_place_is_more_than_a_name(language: Language) -> None:
    for key, words in TEXTS[language].items():
        assert words.strip() or key.endswith(".hint"), key
        for _, name, form, conversion in string.Formatter().parse(words):
            assert name is None or (name.isidentifier() and not form and not conversion), key


def uses(language: Language, words: set[str], *sections: str) -> list[str]:
    """Keys of the texts (of some sections) that use one of these words."""
    told = {
        key: re.sub(r"[\w-]+\.[\w.]+|`[^`]*`", "", said)  # names of files, fields and commands are no prose
        for key, said in TEXTS[language].items()
        if not sections or key.startswith(sections)
    }
    return [key for key, said in told.items() if words & set(re.findall(r"\w+", said.casefold()))]


def test_the_organisation_is_virksomheten_or_verksemda_and_nothing_else() -> None:
    assert uses(Language.NB, {"kunden", "kunder", "foretaket", "verksemda"}) == []
    assert uses(Language.NN, {"kunden", "kundar", "føretaket", "virksomheten"}) == []
    assert uses(Language.EN, {"customer", "customers"}, "findings.", "errors.", "gates.") == []


def test_nynorsk_is_nynorsk_and_bokmal_is_bokmal() -> None:
    assert uses(Language.NN, {"ikke", "hvem", "hva", "fra", "noen", "bare", "filen", "uten"}) == []
    assert uses(Language.NB, {"ikkje", "kven", "kva", "frå", "nokon", "berre", "fila", "utan"}) == []


def test_a_signature_is_confirmed_or_not_and_never_just_valid() -> None:
    sections = ("findings.", "states.", "events.", "demo.", "mail.")
    assert uses(Language.NB, {"gyldig", "ugyldig"}, *sections) == []
    assert uses(Language.NN, {"gyldig", "ugyldig"}, *sections) == []
    assert uses(Language.EN, {"valid", "invalid"}, *sections) == []


def test_engine_words_never_reach_people() -> None:
    for language in Language:
        for key, said in TEXTS[language].items():
            assert "INDETERMINATE" not in said, key
            assert "TOTAL-" not in said, key


# --- every code has its words ---


@pytest.mark.parametrize("code", all_codes(), ids=lambda code: code.code)
def test_every_finding_says_what_happened_and_what_to_do(code: FindingCode) -> None:
    for language in Language:
        assert TEXTS[language][f"findings.{code.code}.message"]
        assert TEXTS[language][f"findings.{code.code}.action"]


def test_no_text_is_left_of_a_finding_that_is_not_there() -> None:
    told = {key.split(".")[1] for key in TEXTS[Language.NB] if key.startswith("findings.")}
    assert told == {code.code for code in all_codes()}


def test_every_place_in_a_findings_texts_is_filled_where_it_is_made() -> None:
    unfilled = []
    for code, call, place in found():
        params = given_params(call)
        wanted = places(text_of(f"findings.{code.code}.message")) | places(text_of(f"findings.{code.code}.action"))
        if params is not None and not wanted <= params:
            unfilled.append(f"{place} {code.code} lacks {sorted(wanted - params)}")
    assert unfilled == []


def test_every_error_in_the_program_has_its_message_and_its_hint() -> None:
    made = list(raised(error_classes()))
    assert len(made) > 10
    wordless = {
        f"{error.place} {error.code}"
        for error in made
        if not (has_text(f"errors.{error.code}.message") and has_text(f"errors.{error.code}.hint"))
    }
    assert sorted(wordless) == []


def test_every_place_in_an_errors_texts_is_filled_where_it_is_raised() -> None:
    unfilled = []
    for error in raised(error_classes()):
        if error.params is None or not has_text(f"errors.{error.code}.message"):
            continue
        wanted = places(text_of(f"errors.{error.code}.message")) | places(text_of(f"errors.{error.code}.hint"))
        if not wanted <= error.params:
            unfilled.append(f"{error.place} {error.code} lacks {sorted(wanted - error.params)}")
    assert unfilled == []


def test_every_gate_that_can_be_unmet_has_its_clause() -> None:
    gates = list(unmet_gates())
    assert {"case_held", "signer_missing", "vendor_not_attested", "no_such_step"} <= {code for code, _ in gates}
    assert [f"{place} {code}" for code, place in gates if not has_text(f"gates.{code}")] == []
    for key, words in TEXTS[Language.NB].items():
        assert not (key.startswith("gates.") and places(words)), key


def test_every_fault_of_a_value_has_its_words_and_its_places_are_filled() -> None:
    for fault in raised(frozenset({"ValueFault", "OrgNumberError"})):
        words = text_of(f"faults.{fault.code}")
        assert fault.params is not None
        assert places(words) <= fault.params, fault.place
    assert has_text("faults.unknown_field")


@pytest.mark.parametrize(
    ("section", "states"),
    [
        ("states.step", Step),
        ("states.agreement", AgreementState),
        ("states.plan", LaunchPlan),
        ("states.party", Party),
        ("states.severity", Severity),
        ("states.verdict", Verdict),
        ("states.basis", SigningBasis),
        ("states.shape", Shape),
        ("states.indication", Indication),
        ("states.issued", IssuedState),
        ("states.signer_check", SignerCheck),
        ("states.kind", SignatureKind),
        ("states.revocation", Revocation),
        ("states.changes", ChangesAfter),
    ],
)
def test_every_state_has_a_name_that_people_read(section: str, states: type[StrEnum]) -> None:
    keys = {key for key in TEXTS[Language.NB] if key.startswith(f"{section}.")}
    assert keys == {f"{section}.{state.value}" for state in states}


def test_every_condition_of_the_catalogue_can_be_said() -> None:
    assert all(has_text(f"terms.condition.{name}") for name in load_catalogue().conditions)


def test_codes_given_as_parameters_of_findings_can_be_said() -> None:
    """`kind`, `limit`, `what` and `fault` are shown to people: a literal code there needs its words."""
    wordless = [
        f"{place} {keyword.arg}={keyword.value.value}"
        for _, call, place in found()
        for keyword in call.keywords
        if keyword.arg in {"kind", "limit", "what", "fault"}
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
        and not has_text(f"terms.{keyword.arg}.{keyword.value.value}")
    ]
    assert wordless == []


def test_what_signatures_tells_in_codes_can_be_said() -> None:
    """Kinds of change, faults of the byte guard, exceeded bounds and unreadable signatures reach people in findings."""
    spoken = {"TooManyError": "what", "CmsError": "detail"}
    told = [(f"terms.{spoken[name]}.{one.code}", one.place) for name in spoken for one in raised(frozenset({name}))]
    told += [(f"terms.what.{kind.value}", "ChangeKind") for kind in ChangeKind]
    told += [
        (f"terms.fault.{ast.literal_eval(keyword.value)!s}", where(path, call.lineno))
        for path in modules("signatures")
        for call in calls(path)
        for keyword in call.keywords
        if keyword.arg == "fault" and isinstance(keyword.value, ast.Constant) and keyword.value.value
    ]
    assert len(told) > 30
    assert [f"{place} {key}" for key, place in told if not has_text(key)] == []


def text_of(key: str) -> str:
    """The template itself, or an empty one (its absence is told by another test)."""
    return TEXTS[Language.NB].get(key, "")


# --- filling the places ---


@pytest.mark.parametrize("code", all_codes(), ids=lambda code: code.code)
@pytest.mark.parametrize("language", list(Language))
def test_a_finding_is_told_with_all_of_its_places_filled(code: FindingCode, language: Language) -> None:
    wanted = places(text_of(f"findings.{code.code}.message")) | places(text_of(f"findings.{code.code}.action"))
    finding = code(**dict.fromkeys(wanted, "Signatur1"))
    said = finding_message(finding, language) + finding_action(finding, language)
    assert "{" not in said
    assert not wanted or "Signatur1" in said


def test_a_code_among_the_parameters_is_said_in_words() -> None:
    params: Mapping[str, str] = {"field": "Signatur1", "what": "page-content, annotation, teapot"}
    finding = finding_codes.SIG_CHANGED_AFTER(**params, where="Root", revision=3)
    said = finding_message(finding, Language.EN)
    assert "the content of a page was changed, an annotation was added or changed, teapot" in said
    refused = text(
        "errors.case_move_refused.message", Language.NN, case="X", agreement_from="void", agreement_to="approved"
    )
    assert "«trekt tilbake»" in refused
    assert "«godkjend»" in refused


@pytest.mark.parametrize("params", [{}, {"other": 1}])
def test_a_missing_place_or_key_is_our_fault_and_is_not_printed(params: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        text("faults.too_long", Language.NB, **params)
    with pytest.raises(KeyError):
        text("no.such.key", Language.NB)
    assert not has_text("no.such.key")


def test_a_list_of_all_texts_shows_their_places_left_open() -> None:
    assert "{limit}" in unfilled_text("faults.too_long", Language.NB)


@given(st.text())
def test_what_stands_in_a_place_is_never_read_as_a_place(value: str) -> None:
    assert text("errors.case_number_form.message", Language.EN, text=value) == f"“{value}” is not a case number."
    assert text("errors.case_number_form.message", Language.EN, text="{key}") == "“{key}” is not a case number."
