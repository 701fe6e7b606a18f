"""`avtale authority`: its exit codes, and that no birth date leaves it."""

import pytest

from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation, synthetic_org_number
from tests.registers.brreg import KARI, PER, Brreg, authority, entity, says

NUMBER = synthetic_org_number(301)
WITH_DATE, WITHOUT = "Kari Nordmann;1980-02-29", "Kari Nordmann"


@pytest.fixture
def avtale(office: Installation, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(config=office.config, capsys=capsys)


def test_exit_codes(avtale: CommandLine, brreg: Brreg) -> None:
    ask = ("authority", NUMBER)
    assert avtale.json(*ask, exit_code=4).data["stop"] == "unknown"
    brreg.knows(NUMBER, says(authority([KARI])))
    assert avtale.json(*ask).data["verdict"] is None
    assert avtale.json(*ask, "--signer", WITH_DATE).data["verdict"] == "confirmed"
    assert avtale.json(*ask, "--signer", WITHOUT, exit_code=6).data["reason"] == "no_birth_date"
    assert avtale.json(*ask, "--signer", "Per \u00d8ye;1975-03-14", exit_code=5).data["verdict"] == "refuted"
    brreg.knows(NUMBER, says(authority([KARI])), organisation=says(entity(NUMBER, konkurs=True)))
    assert avtale.json(*ask, "--signer", WITH_DATE, exit_code=5).data["stop"] == "bankrupt"
    brreg.knows(NUMBER, says(b"", 500), organisation=says(b"", 500))
    assert avtale.json(*ask, "--signer", WITH_DATE, exit_code=8).data["outcome"] == "unavailable"
    assert avtale.json("authority", "123456789", exit_code=2).codes
    assert avtale.json(*ask, "--signer", "Kari;igår", exit_code=2).codes == ["signer_named"]


def test_a_day_back_in_time_is_told_by_what_was_kept(avtale: CommandLine, office: Installation, brreg: Brreg) -> None:
    brreg.knows(NUMBER, says(authority([KARI])))
    assert avtale.json("authority", NUMBER).data["name"] == "FJELL OG FJORD AS"
    brreg.answers.clear()
    today = office.workspace.clock().date().isoformat()
    kept = avtale.json("authority", NUMBER, "--signer", WITH_DATE, "--at", today)
    assert kept.data["verdict"] == "confirmed"
    assert avtale.json("authority", NUMBER, "--at", "2020-01-01", exit_code=3).codes == ["registers_off"]


def test_a_case_shows_what_is_known_and_since_when(avtale: CommandLine, office: Installation, brreg: Brreg) -> None:
    case = office.enquire("Kari Nordmann")
    assert "Signaturrett per" not in avtale("case", "show", str(case.number)).out
    of = case.org_number.digits
    brreg.knows(of, says(authority([PER])), organisation=says(entity(of, konkurs=True)))
    assert avtale.json("authority", of, exit_code=5).data["address"] == "Storgata 1, 0155 OSLO"
    shown = avtale("case", "show", str(case.number)).out
    assert "Signaturrett per" in shown
    assert "konkurs" in shown


def test_people_read_names_and_no_birth_dates(avtale: CommandLine, brreg: Brreg) -> None:
    brreg.knows(NUMBER, says(authority([KARI, PER])))
    for language, together in (("nb", " og "), ("nn", " og "), ("en", " and ")):
        out = avtale("--lang", language, "authority", NUMBER).out
        assert f"KARI NORDMANN{together}PER \u00d8YE" in out
        assert "1980" not in out
    assert "02-29" not in avtale("authority", NUMBER, "--json").out
