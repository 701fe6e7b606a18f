"""`avtale config …`: step 4, the configuration summary."""

from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option
from onboarding.commands.case import pairs

_CASE = argument("case_number", metavar="CASE")

group = TextGroup(
    "config",
    {
        "show": "onboarding.commands.configuration:show",
        "set": "onboarding.commands.configuration:set_",
        "export": "onboarding.commands.configuration:export",
    },
    name="config",
)


@command("config.show", _CASE)
def show(call: Call, case_number: str) -> Answer:
    """Show what Digipost, the vendor and the customer must do."""
    from onboarding.configuration_view import summary_answer

    return summary_answer(call.workspace, case_number, call.lang)


@command(
    "config.set",
    _CASE,
    argument("assignments", nargs=-1, required=True, metavar="FIELD=VALUE…"),
    option("--reason", required=True),
)
def set_(call: Call, case_number: str, assignments: tuple[str, ...], reason: str) -> Answer:
    """Set what the vendor or Digipost has decided."""
    from onboarding.configuration_view import set_answer
    from onboarding.configuring import set_configuration

    configured = set_configuration(call.workspace, case_number, pairs(assignments), reason=reason, actor=call.actor)
    return set_answer(call.workspace, configured, call.lang)


@command(
    "config.export",
    _CASE,
    option("--out", type=click.Path(path_type=Path, file_okay=False), required=True),
    option("--format", "formats", metavar="json|yaml|pdf|html|csv|NAME", multiple=True),
)
def export(call: Call, case_number: str, out: Path, formats: tuple[str, ...]) -> Answer:
    """Write the summary as files: JSON, YAML and PDF unless a format is named."""
    from onboarding.out_folder import require_free_place
    from onboarding.steps.configuration import export_summary

    require_free_place(out, call.settings)
    written = export_summary(call.workspace, case_number, out, formats or ("json", "yaml", "pdf"), call.lang)
    paths = [str(path) for path in written]
    return Answer(data={"case": case_number, "files": list(paths)}, lines=paths)
