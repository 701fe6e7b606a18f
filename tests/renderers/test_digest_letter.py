"""The weekly letter to Digipost: one line for each agreement, whatever names there are, and an end to the list."""

from dataclasses import replace

import pytest

from agreements.language import Language
from renderers.letters import MAX_SUBJECT, render_digest
from renderers.letters.digest import MAX_LISTED
from tests.renderers.letter_samples import AGREEMENT, Names, digest
from tests.renderers.samples import LONG_NAME


def listed(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith(f"- {AGREEMENT}")]


@pytest.mark.parametrize("language", list(Language))
def test_each_agreement_has_its_line_with_organisation_and_day(language: Language) -> None:
    subject, body = render_digest(digest(Names()), language)
    assert "48" in subject
    assert listed(body) == [listed(body)[0]] * 2
    assert listed(body)[0].startswith(f"- {AGREEMENT}: Blåbær & Sønn AS (")
    assert "2026" in listed(body)[0]
    assert body.endswith("\n")
    assert "\n\n\n" not in body
    assert not any(mark in subject + body for mark in ("{", "}", "None", "`"))


def test_a_long_list_ends_and_says_how_many_more_there_are() -> None:
    body = render_digest(digest(Names(), count=MAX_LISTED + 7), Language.NB)[1]
    assert len(listed(body)) == MAX_LISTED
    assert "I tillegg venter 7 avtaler" in body
    assert "I tillegg" not in render_digest(digest(Names(), count=MAX_LISTED), Language.NB)[1]


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: alle@example.org\r\n\r\nHei", "A\u2028\u202eB", "- A", "{customer} {% raw %}", LONG_NAME * 2]
)
def test_a_name_stays_on_its_line(name: str) -> None:
    names = replace(Names.all(name), prefix="[DEMO]")
    subject, body = render_digest(digest(names), Language.NB)
    assert len(listed(body)) == 2
    assert subject.isprintable()
    assert subject.startswith("[DEMO] ")
    assert len(subject) <= MAX_SUBJECT
    assert "\nBcc:" not in body
