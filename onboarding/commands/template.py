"""`avtale template …`: the templates and their versions."""

from pathlib import Path

import click

from onboarding.answers import Answer, table
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

group = TextGroup(
    "template",
    {
        "list": "onboarding.commands.template:list_",
        "import": "onboarding.commands.template:import_",
    },
    name="template",
)


@command("template.list")
def list_(call: Call) -> Answer:
    """List the templates."""
    from onboarding.rendering import private_fonts

    private_fonts()
    from renderers.agreement import template_version

    version = template_version()
    name = version.partition(" ")[0]
    return Answer(
        data=[{"name": name, "version": version}], lines=table(("template", "version"), [[name, version]], call.lang)
    )


@command(
    "template.import",
    argument("file", metavar="FILE.pdf", type=click.Path(path_type=Path)),
    option("--map", "map_file", required=True, type=click.Path(path_type=Path)),
    option("--name"),
)
def import_(call: Call, file: Path, map_file: Path, name: str | None) -> Answer:
    """Import a form that Digipost supplies, with the map that says what stands where."""
    from onboarding.forms.importing import import_form
    from onboarding.forms.view import imported_answer

    imported = import_form(call.workspace, file, map_file, name=name, actor=call.actor)
    return imported_answer(imported, call.lang)
