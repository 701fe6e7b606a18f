"""`avtale agreement …`: step 2, the agreement is made."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agreements.canonical import JsonValue
from agreements.errors import AvtaleError, UsageError
from onboarding.answers import Answer, error_entries, error_lines
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option, talk

if TYPE_CHECKING:
    from agreements.parties import Actor

_CASE = argument("case_number", metavar="CASE")
_OUT = option("--out", type=click.Path(path_type=Path, file_okay=False))

group = TextGroup(
    "agreement",
    {
        "issue": "onboarding.commands.agreement:issue",
        "preview": "onboarding.commands.agreement:preview",
        "void": "onboarding.commands.agreement:void",
    },
    name="agreement",
)


@command(
    "agreement.issue",
    argument("case_numbers", nargs=-1, metavar="CASE…"),
    option("--all", "every", is_flag=True),
    _OUT,
)
def issue(call: Call, case_numbers: tuple[str, ...], every: bool, out: Path | None) -> Answer:
    """Issue agreements; one that can't be issued does not stop the others."""
    from onboarding.steps.agreement import issuable_cases

    if bool(case_numbers) == every:
        raise UsageError("cases_or_all")
    actor = call.actor
    numbers = issuable_cases(call.workspace) if every else case_numbers
    data: list[JsonValue] = []
    lines: list[str] = []
    failed: list[AvtaleError] = []
    for number in numbers:
        try:
            entry = _issue(call, number, out, actor)
        except AvtaleError as error:
            if len(numbers) == 1:
                raise
            failed.append(error)
            first, *rest = error_lines(error, call.lang)
            talk(call, f"{number}: {first}", *rest)
        else:
            data.append(entry)
            lines.append(f"{entry['agreement']}  {entry['file']}")
    errors = [entry for error in failed for entry in error_entries(error, call.lang)]
    return Answer(
        data=data, lines=lines, exit_code=max((error.exit_code for error in failed), default=0), errors=errors
    )


def _issue(call: Call, number: str, out: Path | None, actor: "Actor") -> dict[str, JsonValue]:
    from onboarding.files import make_folder
    from onboarding.steps.agreement import issue_agreement, save_issue

    folder = out or call.settings.data_dir / "issued"
    make_folder(folder)  # before anything is issued: a wrong `--out` costs no version
    issued = issue_agreement(call.workspace, number, actor)
    agreement = issued.agreement
    path = save_issue(issued, folder)
    return {
        "case": str(agreement.number.case),
        "agreement": str(agreement.number),
        "file": str(path),
        "sha256": agreement.sha256,
        "template_version": agreement.template_version,
        "language": agreement.language.value,
        "pages": agreement.pages,
    }


@command("agreement.preview", _CASE, _OUT)
def preview(call: Call, case_number: str, out: Path | None) -> Answer:
    """Write the agreement as it would be issued."""
    from onboarding.files import write_file
    from onboarding.steps.agreement import preview_agreement

    path = (out or Path()) / f"forhandsvisning-{case_number.strip().upper()}.pdf"
    pdf = preview_agreement(call.workspace, case_number)
    write_file(path, pdf)
    return Answer(data={"case": case_number, "file": str(path)}, lines=[str(path)])


@command("agreement.void", _CASE, option("--reason", required=True))
def void(call: Call, case_number: str, reason: str) -> Answer:
    """Make the version in force void."""
    from agreements.casenumber import parse_case_number
    from onboarding.steps.agreement import void_agreement_in_force

    voided = void_agreement_in_force(call.workspace, parse_case_number(case_number), reason, call.actor)
    return Answer(data={"agreement": str(voided), "state": "void"}, lines=[str(voided)])
