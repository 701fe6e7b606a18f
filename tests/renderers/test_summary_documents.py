"""The configuration summary in its five formats: the same facts in each, and where each of them stands."""

import csv
import json
import re
from contextlib import closing
from io import StringIO
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
import yaml
from jsonschema import Draft202012Validator

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.configuration_schema import configuration_schema
from agreements.language import Language
from agreements.summary import ConfigurationSummary, TaskKey, as_json, who_sets_up
from renderers.summary import SummaryFormat, render_summary
from renderers.summary.api_names import api_tree
from renderers.summary.environment import variable
from renderers.summary.row import columns
from tests.renderers.samples import MUCH, REQUIRED, TERMS, summary
from tests.renderers.summary_samples import CERTIFICATE, DIFFERENCE, FITTING, SETTINGS, set_up_summary

CATALOGUE = load_catalogue()
VALIDATOR = Draft202012Validator(configuration_schema(CATALOGUE))
UNREAD = ("invoice.endpoint", "admin.name", "admin.birth_date")
ORG_NUMBER_AS_SENDER_ID: dict[str, JsonValue] = {"setup.sender_id": int(str(REQUIRED["customer.orgnr"]))}
SUMMARIES = {
    "required": summary(),
    "not approved": summary(approved=False),
    "by hand": summary(FITTING, manual=True),
    "set up": set_up_summary(),
    "change": set_up_summary(kind="change", difference=DIFFERENCE),
    "termination": set_up_summary(kind="termination", difference=DIFFERENCE),
    "unread": set_up_summary(
        REQUIRED, settings={"setup.sender_id": int(str(REQUIRED["customer.orgnr"]))}, unread=UNREAD
    ),
}
EVERY = pytest.mark.parametrize("made", SUMMARIES.values(), ids=SUMMARIES)
IN_EVERY_LANGUAGE = pytest.mark.parametrize("language", list(Language))


def pdf_text(pdf: bytes) -> tuple[int, str]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    return len(texts), re.sub(r"\s+", " ", " ".join(texts))


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def row(made: ConfigurationSummary) -> dict[str, str]:
    header, cells = rows(render_summary(made, Language.NB, SummaryFormat.CSV))
    return dict(zip(header, cells, strict=True))


def yaml_of(made: ConfigurationSummary, language: Language = Language.NB) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(render_summary(made, language, SummaryFormat.YAML))
    return loaded


def said(made: ConfigurationSummary, language: Language = Language.NB) -> str:
    """The page's words without their markup."""
    html = render_summary(made, language, SummaryFormat.HTML).decode()
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


# --- for programs -----------------------------------------------------------------------------------------------------


@EVERY
@IN_EVERY_LANGUAGE
def test_json_and_yaml_hold_the_canonical_structure_and_obey_the_published_schema(
    made: ConfigurationSummary, language: Language
) -> None:
    document = json.loads(render_summary(made, language, SummaryFormat.JSON))
    assert document == json.loads(json.dumps(as_json(made)))
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    loaded = yaml_of(made, language)
    assert list(loaded)[:4] == ["schema", "deviations", "api", "environment"]
    assert {name: value for name, value in loaded.items() if name not in {"api", "environment"}} == document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "avtale/config/v2"),
        (("signed_sha256",), "abc"),
        (("private_key",), "-----BEGIN"),
        (("customer", "org_number"), "12"),
        (("set_up", "vendor", 0, "value"), "not nine digits"),
        (("set_up", "vendor", 0, "field"), "setup.expected_features"),
        (("set_up", "vendor", 0, "proof", "page"), 0),
        (("open_items", 0, "reason"), "forgotten"),
    ],
)
def test_the_schema_refuses_what_is_no_summary(path: tuple[str | int, ...], value: JsonValue) -> None:
    made = set_up_summary(settings={})
    document = json.loads(render_summary(made, Language.NB, SummaryFormat.JSON))
    assert VALIDATOR.is_valid(document)
    *above, name = path
    place = document
    for part in above:
        place = place[part]
    place[name] = value
    assert not VALIDATOR.is_valid(document)


def test_of_a_birth_date_no_rendering_says_more_than_the_year() -> None:
    made = set_up_summary(kind="change", difference=DIFFERENCE)
    for form in SummaryFormat:
        data = render_summary(made, Language.NB, form)
        text = pdf_text(data)[1] if form is SummaryFormat.PDF else data.decode()
        assert "1981" in text
        assert not re.search(r"05-17|01-02|17\.|2\. januar|1980-|1981-", text.replace("2027-01-01", ""))


def test_of_a_certificate_nothing_is_told_but_its_reference() -> None:
    leaky = {**CERTIFICATE, "key": "-----BEGIN PRIVATE KEY-----", "password": "hemmelig"}
    made = set_up_summary(settings={**SETTINGS, "setup.certificate": leaky})
    for form in SummaryFormat:
        data = render_summary(made, Language.NB, form)
        text = pdf_text(data)[1] if form is SummaryFormat.PDF else data.decode()
        assert "Buypass Class 3" in text
        assert "PRIVATE KEY" not in text
        assert "hemmelig" not in text


def test_the_yaml_gives_the_vendor_digiposts_own_names_nested_as_in_the_api() -> None:
    api = yaml_of(set_up_summary())["api"]
    assert api["sender-id"] == 1234567
    assert api["X-Digipost-UserId"] == 999
    assert api["base URL"] == "https://api.test.digipost.no"
    assert api["authentication-level"] == "PASSWORD"
    assert api["sms-notification"] == {"after-hours": [24, 72]}
    assert api["print-details"] == {
        "return-address": {
            "name": FITTING["print.return_name"],
            "norwegian-address": {"addressline1": "Gudbrandsdalsvegen 1234", "zip-code": "2670", "city": "Otta"},
        },
        "color": "MONOCHROME",
        "nondeliverable-handling": "RETURN_TO_SENDER",
    }
    assert "no.digipost.feature.delivery.direct-to-print" in api["sender-information"]["supported-features"]
    assert not [name for name in api if name.startswith("no.digipost.feature.")]


def test_the_sender_organisation_and_its_part_stand_side_by_side() -> None:
    made = set_up_summary(settings={**SETTINGS, "setup.sender_organization": "nordre"})
    assert yaml_of(made)["api"]["sender-organization"] == {"part-id": "lonn-og-arkiv", "organization-id": "nordre"}


@IN_EVERY_LANGUAGE
def test_a_value_that_is_lacking_is_null_with_a_comment_that_says_who_fills_it_in(language: Language) -> None:
    data = render_summary(summary(), language, SummaryFormat.YAML).decode()
    assert yaml.safe_load(data)["api"]["sender-id"] is None
    above = data.splitlines()[data.splitlines().index("  sender-id: null") - 1]
    assert above.lstrip().startswith("# ")
    assert "Digipost" in above
    assert re.search(r"\b1\.? \w+ 2026", above)
    assert "# DIGIPOST_SENDER_ID, " in yaml.safe_load(data)["environment"]


def test_no_name_of_the_api_is_the_beginning_of_another_and_no_two_fields_share_one() -> None:
    tree = api_tree(set_up_summary(settings={**SETTINGS, "setup.sender_organization": "nordre"}))
    assert tree
    fields = [field for field in CATALOGUE.fields if who_sets_up(field.id)]
    names = [variable(field.id) for field in fields]
    assert len(set(names)) == len(fields)


def test_the_lines_for_an_env_file_name_every_value_of_the_vendors() -> None:
    made = set_up_summary()
    lines = yaml_of(made)["environment"].splitlines()
    assert "DIGIPOST_SENDER_ID=1234567" in lines
    assert "DIGIPOST_DEFAULTS_EMAIL_NOTIFICATION=true" in lines
    assert "DIGIPOST_DEFAULTS_SMS_AFTER_HOURS=24,72" in lines
    assert "DIGIPOST_PRINT_RETURN_ADDRESS_LINE_1='Gudbrandsdalsvegen 1234'" in lines
    assert "DIGIPOST_CERTIFICATE_NOT_AFTER=2027-01-01" in lines
    for entry in made.vendor:
        assert any(line.startswith(variable(entry.field_id)) for line in lines), entry.field_id


# --- for a list of many ---------------------------------------------------------------------------------------------


@EVERY
@IN_EVERY_LANGUAGE
def test_the_csv_is_one_row_of_the_same_columns_in_every_language(
    made: ConfigurationSummary, language: Language
) -> None:
    header, cells = rows(render_summary(made, language, SummaryFormat.CSV))
    assert tuple(header) == columns()
    assert (len(cells), header[:2]) == (len(header), ["deviations", "case"])
    assert render_summary(made, language, SummaryFormat.CSV) == render_summary(made, Language.NB, SummaryFormat.CSV)


def test_the_row_holds_every_value_and_says_what_deviates_is_lacking_and_has_changed() -> None:
    cells = row(set_up_summary(kind="change", difference=DIFFERENCE))
    assert cells["deviations"] == "vendor.broker_id: 8541208 -> 999"
    assert cells["setup.sender_id"] == "1234567"
    assert cells["defaults.authentication_level"] == "PASSWORD"
    assert cells["print.return_address"] == "Gudbrandsdalsvegen 1234, 2670 Otta"
    assert cells["changes"].startswith("admin.birth_date: 1980 -> 1981; service.print_fallback: false -> true")
    assert cells["verification"] == "V1; V4; V5; V6"
    open_ones = row(summary())["open_items"].split("; ")
    assert open_ones[0] == "setup.sender_id 2026-12-01"


# --- for people -------------------------------------------------------------------------------------------------------


@IN_EVERY_LANGUAGE
def test_the_pdf_has_every_value_and_task_and_the_checksum(language: Language) -> None:
    made = summary()
    pages, text = pdf_text(render_summary(made, language, SummaryFormat.PDF))
    assert pages <= 2
    shown = [
        *(entry.field_id for entry in (*made.digipost, *made.vendor)),
        *(item.field_id for item in made.open_items),
    ]
    assert [field_id for field_id in shown if CATALOGUE.field(field_id).label(language) not in text] == []
    assert len(made.customer_tasks) < len(TaskKey)
    assert "no.digipost.feature.delivery.digipost" in text
    assert TERMS[0].sha256 in text.replace(" ", "")


@pytest.mark.parametrize(("name", "language"), list(zip(SUMMARIES, [*Language] * 3, strict=False)))
def test_whatever_there_is_to_say_it_is_laid_out(name: str, language: Language) -> None:
    made = SUMMARIES[name]
    pages, text = pdf_text(render_summary(made, language, SummaryFormat.PDF))
    assert pages <= 4
    assert "organisation-number" in text


@pytest.mark.parametrize(
    ("field_id", "where"),
    [
        ("customer.orgnr", "side 2"),
        ("setup.sender_id", "satt av kari 24. november 2026: avtalt med Digipost"),
        ("setup.expected_features", "følger av tjenestene som er bestilt"),
        ("setup.environment", "følger av miljøet avtalemottak er satt opp for"),
    ],
)
def test_each_line_says_where_its_value_comes_from(field_id: str, where: str) -> None:
    made = set_up_summary(REQUIRED)
    html = render_summary(made, Language.NB, SummaryFormat.HTML).decode()
    label = CATALOGUE.field(field_id).label(Language.NB)
    lines = re.findall(rf'<tr><th scope="row">{re.escape(label)}</th>.*?<td class="where">(.*?)</td>', html)
    assert lines
    place = next(entry.proof for entry in (*made.digipost, *made.vendor) if entry.field_id == field_id)
    expected = where if place is None else f"side {place.page}"
    assert all(line == expected or line.startswith(f"{expected}, ") for line in lines), lines


def test_each_way_of_reading_is_told_in_words() -> None:
    text = said(set_up_summary(REQUIRED))
    for words in ("side 3, fylt ut av virksomheten", "side 4, lest av et bilde av siden", "side 5, lest av en person"):
        assert words in text


def test_no_value_of_step_four_is_said_to_stand_in_the_agreement() -> None:
    made = set_up_summary()
    found = [one for one in (*made.digipost, *made.vendor, *made.customer) if one.field_id.startswith("setup.")]
    assert {one.source.value for one in found} == {"setup", "derived"}


@pytest.mark.parametrize("form", list(SummaryFormat))
def test_deviations_stand_before_every_other_value(form: SummaryFormat) -> None:
    data = render_summary(set_up_summary(), Language.NB, form)
    text = pdf_text(data)[1] if form is SummaryFormat.PDF else data.decode("utf-8-sig")
    first = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert first.index("8541208") < first.index("DA-2026-000042-J.1")
    assert re.search(r"\b999\b", first).start() < first.index("DA-2026-000042-J.1")  # type: ignore[union-attr]
    if form in {SummaryFormat.PDF, SummaryFormat.HTML}:
        assert first.index("Avvik fra den signerte avtalen") < first.index("8541208")
        assert "satt av kari 24. november 2026: avtalt med Digipost" in first


def test_before_approval_the_summary_says_so() -> None:
    _, text = pdf_text(render_summary(summary(approved=False), Language.NB, SummaryFormat.PDF))
    assert "Ikke godkjent ennå" in text
    assert "når avtalen er godkjent" in text


def test_a_change_shows_what_has_changed_and_what_it_was() -> None:
    text = said(set_up_summary(kind="change", difference=DIFFERENCE))
    assert "Endret siden avtale DA-2026-000012-K.1" in text
    assert re.search(r"Returadresse\s+ikke oppgitt\s+Gudbrandsdalsvegen 1234, 2670 Otta", text)
    assert re.search(r"xx\.xx\.1980\s+xx\.xx\.1981", text)
    alone = said(set_up_summary(kind="change"))
    assert "Dette er en endring. Den tidligere avtalen er ikke godkjent her" in alone


def test_a_termination_says_what_ends_and_asks_for_nothing_to_be_set_up() -> None:
    made = set_up_summary(REQUIRED, kind="termination", settings={})
    text = said(made)
    assert "Dette er et opphør" in text
    assert "Digipost avslutter" in text
    for words in ("setter opp", "må gjøre", "Gjenstår", "verifiseres"):
        assert words not in text
    assert (made.open_items, made.customer_tasks, made.verification) == ((), (), ())
    loaded = yaml_of(made)
    assert (loaded["api"], loaded["environment"]) == ({}, "")


def test_what_nobody_could_read_is_to_be_read_in_the_agreement() -> None:
    made = SUMMARIES["unread"]
    text = said(made)
    assert text.count("Les det i den signerte avtalen.") == len(UNREAD)
    assert "Tallet som er oppgitt, er et organisasjonsnummer." in text
    assert "Administratoren som står i avtalen, får e-post" in text
    assert "EHF på adressen som står i avtalen" in text


def test_the_methods_the_services_call_for_are_named_in_words() -> None:
    text = said(set_up_summary())
    assert "V5: Ett brev på papir til egen adresse" in text
    assert "V2: " not in text


def test_the_pdf_is_the_same_each_time() -> None:
    first, second = (render_summary(summary(), Language.NB, SummaryFormat.PDF) for _ in range(2))
    assert first == second


def test_the_html_stands_alone() -> None:
    html = render_summary(summary(MUCH), Language.NN, SummaryFormat.HTML).decode()
    assert '<html lang="nn">' in html
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert "Verksemda må gjere" in html
