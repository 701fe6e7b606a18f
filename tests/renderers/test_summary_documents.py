"""The configuration summary in its five formats."""

import csv
import json
import re
from contextlib import closing
from io import StringIO

import pypdfium2  # type: ignore[import-untyped]
import pytest
import yaml

from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.summary import TaskKey, as_json
from renderers.summary import SummaryFormat, render_summary
from tests.renderers.samples import MUCH, REQUIRED, summary


def pdf_text(pdf: bytes) -> tuple[int, str]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    return len(texts), re.sub(r"\s+", " ", " ".join(texts))


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.parametrize("language", list(Language))
def test_json_and_yaml_hold_the_canonical_structure(language: Language) -> None:
    made = summary(MUCH)
    assert json.loads(render_summary(made, language, SummaryFormat.JSON)) == as_json(made)
    assert yaml.safe_load(render_summary(made, language, SummaryFormat.YAML)) == as_json(made)
    assert "Øystre" in render_summary(made, language, SummaryFormat.YAML).decode()


def test_the_csv_has_one_row_per_entry_open_item_and_task() -> None:
    made = summary()
    rows = table(render_summary(made, Language.NB, SummaryFormat.CSV))
    assert len(rows) == sum(
        len(part) for part in (made.digipost, made.vendor, made.customer, made.open_items, made.customer_tasks)
    )
    level = next(row for row in rows if row["Felt"] == "defaults.authentication_level")
    assert level["Verdi"] == "Passord"
    assert level["Verdi i API-et"] == "PASSWORD"
    sender_id = next(row for row in rows if row["Felt"] == "setup.sender_id")
    assert (sender_id["Hvem setter opp"], sender_id["Status"], sender_id["Frist"]) == (
        "Digipost",
        "mangler",
        "2026-12-01",
    )


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+47", "-1", "@x", "\uff1d1"])
def test_no_cell_of_the_csv_begins_as_a_formula(name: str) -> None:
    rows = table(render_summary(summary({**REQUIRED, "customer.name": name}), Language.NB, SummaryFormat.CSV))
    cells = [cell for row in rows for cell in row.values()]
    assert f"'{name}" in cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)


@pytest.mark.parametrize("language", list(Language))
def test_the_pdf_is_one_or_two_pages_with_every_value_and_task(language: Language) -> None:
    made = summary()
    pages, text = pdf_text(render_summary(made, language, SummaryFormat.PDF))
    assert pages <= 2
    catalogue = load_catalogue()
    shown = [
        *(entry.field_id for entry in (*made.digipost, *made.vendor)),
        *(item.field_id for item in made.open_items),
    ]
    assert [field_id for field_id in shown if catalogue.field(field_id).label(language) not in text] == []
    assert len(made.customer_tasks) < len(TaskKey)
    assert "no.digipost.feature.delivery.digipost" in text
    assert made.subject.signed_sha256 is not None
    assert made.subject.signed_sha256 in text.replace(" ", "")


def test_an_awkward_summary_is_laid_out_in_every_language() -> None:
    made = summary(MUCH, manual=True, setup={"setup.sender_id": int(str(REQUIRED["customer.orgnr"]))})
    for language in Language:
        pages, text = pdf_text(render_summary(made, language, SummaryFormat.PDF))
        assert pages <= 3
        assert "Kari Koordinator" in text
        assert "sender-id" in text


def test_before_approval_the_summary_says_so() -> None:
    _, text = pdf_text(render_summary(summary(approved=False), Language.NB, SummaryFormat.PDF))
    assert "Ikke godkjent ennå" in text
    assert "når avtalen er godkjent" in text


def test_the_pdf_is_the_same_each_time() -> None:
    first, second = (render_summary(summary(), Language.NB, SummaryFormat.PDF) for _ in range(2))
    assert first == second


def test_the_html_stands_alone_and_obeys_no_markup_in_values() -> None:
    made = summary({**REQUIRED, "customer.name": "<script>alert(1)</script>"})
    html = render_summary(made, Language.NN, SummaryFormat.HTML).decode()
    assert '<html lang="nn">' in html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert "Verksemda må gjere" in html
