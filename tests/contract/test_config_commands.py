"""`avtale config set` and `show`: what they answer, their exit codes, and that every no is a sentence."""

from pathlib import Path

import pytest

from agreements.language import Language
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import KARI, Installation, synthetic_org_number

REASON = ("--reason", "Oppgitt av Digipost")


@pytest.fixture
def number(installation: Installation) -> str:
    return str(installation.template.by_one.agreement.number.case)


def test_what_was_set_and_what_it_was_before_is_answered(avtale: CommandLine, number: str) -> None:
    first = avtale.json("config", "set", number, "setup.sender_id=497013", "vendor.partner_id=P-1", *REASON).data
    assert first == {
        "case": number,
        "set": [
            {"field": "setup.sender_id", "before": None, "value": 497013},
            {"field": "vendor.partner_id", "before": None, "value": "P-1"},
        ],
        "deviations": [],
        "letter": None,
    }
    second = avtale("config", "set", number, "setup.sender_id=497014", *REASON)
    assert second.exit_code == 0
    assert "497013" in second.out
    assert "497014" in second.out
    shown = avtale.json("config", "show", number).data
    assert [one["value"] for one in shown["history"]] == [497013, "P-1", 497014]
    values = {one["field"]: one for one in shown["set_up"]["digipost"]}
    assert values["setup.sender_id"]["set"]["reason"] == "Oppgitt av Digipost"


def test_a_deviation_stands_first_whatever_the_language(avtale: CommandLine, number: str) -> None:
    done = avtale.json("config", "set", number, "vendor.broker_id=8541209", *REASON).data
    assert done["deviations"] == [{"field": "vendor.broker_id", "signed": 8541208, "value": 8541209}]
    for language, word in (("nb", "AVVIK"), ("nn", "AVVIK"), ("en", "DEVIATIONS")):
        shown = avtale("--lang", language, "config", "show", number).out
        assert shown.startswith(word)


def test_exit_codes(avtale: CommandLine, installation: Installation, number: str) -> None:
    sets = ("config", "set")
    assert avtale.json(*sets, number, "service.digital=nei", *REASON, exit_code=2).codes[0] == "values_refused"
    assert avtale.json(*sets, number, "setup.sender_id", *REASON, exit_code=2).codes == ["assignment_form"]
    assert avtale.json(*sets, number, "setup.sender_id=1", "--reason", " ", exit_code=2).codes == ["reason_empty"]
    not_issued = str(installation.enquire(KARI).number)
    refused = avtale.json(*sets, not_issued, "setup.sender_id=497013", *REASON, exit_code=7)
    assert refused.codes == ["configuration_refused", "agreement_not_issued"]
    avtale.json(*sets, "DA-2020-000001-H", "setup.sender_id=497013", *REASON, exit_code=2)
    assert avtale("config", "set", number, "setup.sender_id=497013").exit_code == 2  # without a reason
    assert avtale.json("config", "show", number).data["history"] == []


@pytest.mark.parametrize("language", list(Language))
def test_every_no_is_a_sentence_of_its_own(
    avtale: CommandLine, installation: Installation, number: str, tmp_path: Path, language: Language
) -> None:
    case = installation.case(installation.template.by_one)
    (tmp_path / "nokkel.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "tekst.pem").write_bytes(b"tekst")
    wrong = [
        "service.channel=portal",
        "customer.name=Andre AS",
        "setup.expected_features=x",
        "finnes.ikke=1",
        "setup.sftp_key=SHA256:" + "a" * 43,
        "vendor.partner_id=",
        *(
            f"setup.sender_id={one}"
            for one in (case.org_number, synthetic_org_number(0), "984661185", "8541208", "1001", "0")
        ),
        f"setup.certificate={tmp_path / 'nokkel.pem'}",
        f"setup.certificate={tmp_path / 'tekst.pem'}",
        f"setup.certificate={tmp_path / 'borte.pem'}",
        f"setup.sftp_key={tmp_path / 'tekst.pem'}",
    ]
    sentences = set()
    for assignment in wrong:
        reply = avtale.json("--lang", language.value, "config", "set", number, assignment, *REASON, exit_code=2)
        [told] = [error for error in reply.json["errors"] if error["code"] != "values_refused"]
        assert told["hint"] == assignment.partition("=")[0]
        sentences.add(told["message"])
        assert str(tmp_path) not in told["message"]
    assert len(sentences) == len(wrong) - 1  # another vendor's two numbers are told by one sentence
