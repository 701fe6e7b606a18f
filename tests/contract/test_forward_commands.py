"""`avtale forward …`: what a person says of Digipost's answer, and what programs read of it."""

from agreements.case import AgreementState
from agreements.turn import Party
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation


def forwarded(installation: Installation) -> str:
    installation.receive(installation.template.honest)
    return str(installation.template.by_one.agreement.number.case)


def test_forward_returned_takes_the_case_back_and_says_what_comes_next(
    avtale: CommandLine, installation: Installation
) -> None:
    number = forwarded(installation)
    data = avtale.json("forward", "returned", number, "--reason", "feil skjema").data
    assert data["agreement_state"] == AgreementState.RETURNED_BY_DIGIPOST
    assert (data["returned"], data["items"]) == (f"{number}.1", [])
    assert (data["withdrawn"], data["may_arrive"]) == ([], [])
    assert data["waiting_for"] == Party.VENDOR
    again = avtale.json("forward", "returned", number, "--reason", "feil skjema", exit_code=7)
    assert again.codes == ["forward_not_returned", "agreement_not_forwarded"]
    timeline = avtale("case", "timeline", number).out
    assert "Digipost har sendt avtalen tilbake" in timeline
    assert "feil skjema" in timeline


def test_with_items_the_case_is_on_hold_and_told_how_it_goes_on(
    avtale: CommandLine, installation: Installation
) -> None:
    number = forwarded(installation)
    said = avtale("forward", "returned", number, "--reason", "mangler", "--item", "Ny fullmakt", "--item", "Logo")
    assert said.exit_code == 0
    assert f"avtale case resume {number}" in said.out
    shown = avtale.json("case", "show", number).data
    assert (shown["held"], shown["agreement_state"]) == (True, AgreementState.FORWARDED)
    assert [item["item"] for item in shown["digipost"]["items"]] == ["Ny fullmakt", "Logo"]
    assert number in [case["case"] for case in avtale.json("case", "list", "--waiting-for", "vendor").data]
    assert "Digipost vil ha: Ny fullmakt" in avtale("case", "show", number).out
    assert avtale("case", "resume", number, "--reason", "alt er sendt").exit_code == 0
    assert "Digipost vil ha" not in avtale("case", "show", number).out


def test_nothing_forwarded_is_a_gate_that_is_not_met(avtale: CommandLine, installation: Installation) -> None:
    number = str(installation.template.by_two.agreement.number.case)
    for arguments in (("--reason", "nei"), ("--reason", "mer", "--item", "fullmakt")):
        refused = avtale.json("forward", "returned", number, *arguments, exit_code=7)
        assert refused.codes == ["forward_not_returned", "agreement_not_forwarded"]
    refused = avtale.json("forward", "answered", number, "--reason", "ringte", exit_code=7)
    assert refused.codes == ["question_not_open", "nothing_asked"]


def test_a_reason_is_needed_and_the_case_must_be_one(avtale: CommandLine, installation: Installation) -> None:
    number = forwarded(installation)
    for command in ("returned", "answered"):
        assert avtale("forward", command, number).exit_code == 2
        assert avtale.json("forward", command, "DA-2026-000042-J", "--reason", "x", exit_code=4).codes == [
            "case_not_found"
        ]
        assert avtale("forward", command, "tull", "--reason", "x").exit_code == 2
    assert avtale("--by", "ukjent", "forward", "returned", number, "--reason", "x").exit_code == 3


def test_the_commands_speak_the_language_they_are_asked_in(avtale: CommandLine, installation: Installation) -> None:
    number = forwarded(installation)
    english = avtale("--lang", "en", "forward", "returned", number, "--reason", "wrong form").out
    assert "Digipost has sent" in english
    helped = {language: avtale("--lang", language, "forward", "--help").out for language in ("nb", "nn", "en")}
    assert len(set(helped.values())) == 3
