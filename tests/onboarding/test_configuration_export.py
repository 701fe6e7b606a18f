"""Step 4: the configuration summary, as data and as documents."""

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from agreements.errors import GateError
from agreements.language import Language
from onboarding.configuration_view import summary_answer
from onboarding.steps.configuration import export_summary, read_summary
from tests.onboarding.installation import KARI, Installation, sha256_of

FORMATS = ("json", "yaml", "pdf", "html", "csv")


@pytest.mark.parametrize("language", list(Language))
def test_the_summary_is_written_in_every_format_and_says_the_same(
    installation: Installation, tmp_path: Path, language: Language
) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    paths = export_summary(installation.workspace, number, tmp_path / "ut", FORMATS, language)
    assert [path.suffix[1:] for path in paths] == list(FORMATS)
    content = {path.suffix[1:]: path.read_bytes() for path in paths}
    loaded = yaml.safe_load(content["yaml"])
    assert json.loads(content["json"]).items() <= loaded.items()
    assert "DIGIPOST_VENDOR_BROKER_ID=8541208" in loaded["environment"].splitlines()
    assert content["pdf"].startswith(b"%PDF-")
    page = content["html"].decode()
    rows = list(csv.reader(io.StringIO(content["csv"].decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [len(row) for row in rows] == [len(rows[0])] * 2
    for shown in (page, content["csv"].decode("utf-8-sig"), content["json"].decode()):
        assert "Fjordsystem AS" in shown or "8541208" in shown
    again = export_summary(installation.workspace, number, tmp_path / "ut", FORMATS, language)
    assert {path.suffix[1:]: path.read_bytes() for path in again if path.suffix != ".pdf"}.items() <= content.items()


def test_nothing_is_summarised_before_an_agreement_is_issued(installation: Installation) -> None:
    with pytest.raises(GateError) as refused:
        read_summary(installation.workspace, str(installation.enquire(KARI).number))
    assert refused.value.unmet == ("agreement_not_issued",)


def test_once_approved_the_summary_names_the_signed_document_and_who_approved_it(installation: Installation) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    before = read_summary(installation.workspace, number)
    assert (before.subject.signed_sha256, before.subject.approval) == (None, None)
    installation.receive(installation.template.honest)
    after = read_summary(installation.workspace, number).subject
    assert after.signed_sha256 == sha256_of(installation.template.honest)
    assert after.approval is not None
    assert (after.approval.by, after.approval.manual) == ("avtalemottak", False)


def test_the_shown_summary_is_split_by_who_acts(installation: Installation) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    answer = summary_answer(installation.workspace, number, Language.EN)
    assert isinstance(answer.data, dict)
    set_up = answer.data["set_up"]
    assert isinstance(set_up, dict)
    assert set_up.keys() == {"digipost", "vendor", "customer"}
    json.dumps(answer.data)
