"""The launch plan and the verification record as printed: what is there, and what is missing, in three languages."""

import re
from contextlib import closing
from dataclasses import replace
from io import BytesIO

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest

from agreements.case import LaunchPlan
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.plan import Plan, PlanDecision, PlanReason
from agreements.verification import Channel, Lack, VerificationRecord, lacks
from renderers.pdf_rules import check_pdf
from renderers.plan import render_plan
from renderers.summary import SummaryFormat, render_summary
from renderers.templates import words
from renderers.verification import render_verification
from tests.renderers.records import (
    AWKWARD_RECORD,
    CONFIGURATION,
    DIGIPOST_WORD,
    DIRECT_PLAN,
    EMPTY_PLAN,
    EMPTY_RECORD,
    FULL_PLAN,
    RECORD,
    VENDOR_WORD,
)
from tests.renderers.samples import MUCH, REQUIRED, summary

PLANS = {"empty": EMPTY_PLAN, "direct": DIRECT_PLAN, "full": FULL_PLAN}
RECORDS = {"empty": EMPTY_RECORD, "verified": RECORD, "awkward": AWKWARD_RECORD}


def read(pdf: bytes) -> tuple[int, str]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    return len(texts), re.sub(r"\s+", " ", " ".join(texts))


def unbroken(text: str) -> str:
    """Without what a line may be broken at: PDFium reads a hyphen at a line's end as a mark of its own."""
    return re.sub(r"[\s\ufffe\x02-]+", "", text)


def said(plan: Plan, language: Language = Language.NB) -> str:
    return read(render_plan(plan, language))[1]


def recorded(record: VerificationRecord, language: Language = Language.NB) -> str:
    return read(render_verification(record, language))[1]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_plan_is_one_or_two_pages_and_says_the_decision(name: str, language: Language) -> None:
    plan, say = PLANS[name], words(language)
    pages, text = read(render_plan(plan, language))
    assert pages <= 2
    assert say(f"plan.decided.{plan.decision.plan.value}") in text
    assert (say("plan.open_note") in text) is (plan.decision.plan is LaunchPlan.OPEN)
    assert plan.customer.name in text
    assert "{" not in text


@pytest.mark.parametrize("language", list(Language))
def test_everything_in_a_plan_is_printed(language: Language) -> None:
    text = said(FULL_PLAN, language)
    written = (
        *(voice.name for voice in FULL_PLAN.decision.voices),
        *(milestone.title for milestone in FULL_PLAN.schedule.milestones),
        *(FULL_PLAN.decision.recruitment or ()),
        *(words(language)(f"plan.reason.{reason.value}") for reason in PlanReason),
        *("Personalavdelinga i Otta", "Driftsvakta", "+47 90 00 00 00", "drift@blaabaer.example.org"),
        *("Mykje post i mars og september.", "Spørsmål går til servicetorget.", "Lønn den 12. i kvar månad."),
    )
    assert [line for line in written if unbroken(line) not in unbroken(text)] == []


@pytest.mark.parametrize("language", list(Language))
def test_a_plan_says_what_nobody_has_decided_or_asked(language: Language) -> None:
    say, text = words(language), said(EMPTY_PLAN, language)
    assert text.count(say("plan.nobody")) == 3
    missing = ("no_reasons", "no_scope", "no_milestones", "no_pilot", "no_ramp", "recruitment_not_asked", "no_rollback")
    for key in missing:
        assert say(f"plan.{key}") in text, key
    asked = said(replace(EMPTY_PLAN, decision=PlanDecision(plan=LaunchPlan.OPEN, recruitment=())), language)
    assert say("plan.no_recruitment") in asked
    assert say("plan.recruitment_not_asked") not in asked


def test_a_decision_without_all_parties_does_not_look_settled() -> None:
    note = words(Language.NB)("plan.unheard_note")
    assert note in said(FULL_PLAN)
    assert note not in said(DIRECT_PLAN)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_says_whether_the_set_up_is_verified_and_what_is_lacking(name: str, language: Language) -> None:
    record, say = RECORDS[name], words(language)
    pages, text = read(render_verification(record, language))
    assert pages <= 2
    assert (say("verification.verified") in text) is (not lacks(record))
    assert (say("verification.not_verified") in text) is bool(lacks(record))
    assert {lack for lack in Lack if say(f"verification.lacks.{lack.value}") in text} == set(lacks(record))
    assert CONFIGURATION in text.replace(" ", "")


@pytest.mark.parametrize("language", list(Language))
def test_an_attestation_shows_who_when_how_and_whether_it_counts(language: Language) -> None:
    say, text = words(language), recorded(AWKWARD_RECORD, language)
    for key in ("channels.program", "channels.vendor_testimony", "counts_no_other", "counts_no_testimony"):
        assert say(f"verification.{key}") in text, key
    assert "Åse Tjønneland" in text
    assert ("14:03" if language is Language.EN else "14.03") in text  # 13.03 UTC, by Norwegian clocks
    both = (VENDOR_WORD, replace(DIGIPOST_WORD, channel=Channel.PROGRAM))
    counted = recorded(replace(RECORD, attestations=both), language)
    assert counted.count(f" {say('verification.counts_yes')} ") == 2
    assert recorded(EMPTY_RECORD, language).count(say("verification.not_attested")) == 2


def test_what_was_tried_is_printed_with_its_evidence() -> None:
    text = recorded(AWKWARD_RECORD)
    seen = ("VALID_SENDER, med alle bestilte rettigheter.", "Feil logo i brevet.", "(ikke avtalt)", "ikke bestått")
    for written in seen:
        assert written in text
    assert "ab" * 32 in text.replace(" ", "")


def test_markup_and_direction_marks_in_names_stay_text() -> None:
    hostile = replace(DIRECT_PLAN.customer, name="<b>Fet</b> & \u202eSA\u2066 <img src=x>")
    text = said(replace(DIRECT_PLAN, customer=hostile))
    assert "<b>Fet</b> & SA <img src=x>" in re.sub(r" +", " ", text)


def test_a_letter_that_no_font_has_fails_the_rendering() -> None:
    strange = replace(DIRECT_PLAN.customer, name="Blåbær \u4e2d AS")
    with pytest.raises(ConfigurationError, match="render_failed"):
        render_plan(replace(DIRECT_PLAN, customer=strange), Language.NB)


def test_the_same_values_make_the_same_bytes_with_title_and_language() -> None:
    pdf = render_plan(DIRECT_PLAN, Language.NN)
    assert pdf == render_plan(DIRECT_PLAN, Language.NN)
    with pikepdf.open(BytesIO(pdf)) as document:
        assert str(document.Root.Lang) == "nn"
        assert str(document.docinfo.Title) == "Lanseringsplan – DA-2026-000042-J"


@pytest.mark.parametrize("language", list(Language))
def test_plans_records_and_summaries_keep_every_rule_for_archivable_and_accessible_documents(
    language: Language,
) -> None:
    made = [
        *(render_plan(plan, language) for plan in PLANS.values()),
        *(render_verification(record, language) for record in RECORDS.values()),
        *(render_summary(summary(values), language, SummaryFormat.PDF) for values in (REQUIRED, MUCH)),
    ]
    assert [breach for pdf in made for breach in check_pdf(pdf)] == []
