"""A call that makes no sense is told in the caller's language, with the parameter's name and what it takes."""

import re

import pytest

from tests.contract.command_line import CommandLine

CALLS = {
    ("finnes-ikke",): "finnes-ikke",
    ("case", "finnes-ikke"): "finnes-ikke",
    ("case", "list", "--stp", "x"): "--step",  # what was meant
    ("case", "show"): "CASE",
    ("case", "new"): "--org-number",
    ("case", "list", "--step", "x"): "enquiry, agreement, setup",
    ("case", "signer", "X", "--name", "A"): "signature_right, prokura, power_of_attorney",
    ("case", "signer", "X", "--name", "A", "--basis", "prokura", "--birth-date", "3"): "--birth-date",
    ("case", "list", "en", "to"): "en to",
    ("case", "list", "--json=3"): "--json",
    ("intake", "show", "abc"): "ID",
    ("review", "show", "1", "--html", "."): "--html",
    ("config", "export", "X", "--out", __file__): "--out",
    ("validate", "x.pdf", "--jobs", "99"): "64",
    ("agreement", "issue"): "--all",
    ("outbox", "settle", "1", "--sent", "--resend"): "--resend",
}
OF_CLICK = re.compile(
    r"No such|Missing|Invalid|Got unexpected|requires an arg|does not take|is not one of|Did you mean|OPTIONS|ARGS"
)


@pytest.mark.parametrize(("arguments", "told"), CALLS.items(), ids=[" ".join(call) for call in CALLS])
def test_a_usage_error_is_told_in_the_language_asked_for(
    reading: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    said = {}
    for language in ("nb", "nn", "en"):
        people = reading("--lang", language, *arguments)
        [first, *_] = reading.json("--lang", language, *arguments, exit_code=2).json["errors"]
        assert (people.exit_code, people.out) == (2, "")
        assert first["message"] in people.err
        assert told in people.err
        said[language] = people.err
    assert len(set(said.values())) == 3
    assert OF_CLICK.findall(said["nb"] + said["nn"]) == []


def test_a_flag_with_a_value_and_an_option_without_one_are_told_apart(reading: CommandLine) -> None:
    assert "takes no value" in reading("--lang", "en", "case", "list", "--json=3").err
    assert "must have a value" in reading("--lang", "en", "review", "reject", "1", "--reason").err
    assert "må ha ein verdi" in reading("--lang", "nn", "review", "reject", "1", "--reason").err
    assert "Ein kommando manglar" in reading("--lang", "nn").err


def test_a_language_asked_for_after_the_fault_is_heard(reading: CommandLine) -> None:
    for asked in (("--lang", "en"), ("--lang=en",)):
        assert "There is no option" in reading("case", "list", "--stp", *asked).err


def test_the_usage_line_is_in_the_language_asked_for(reading: CommandLine) -> None:
    assert "avtale case [VALG] KOMMANDO [ARGUMENTER]..." in reading("--lang", "nb", "case", "--help").out
    assert "avtale case list [VAL]" in reading("--lang", "nn", "case", "list", "--help").out
    assert "avtale case [OPTIONS] COMMAND [ARGS]..." in reading("--lang", "en", "case", "--help").out
