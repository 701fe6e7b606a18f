"""`avtale template …`: the templates and their versions."""

from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

group = TextGroup(
    "template",
    {
        "list": "onboarding.commands.template:list_",
        "lint": "onboarding.commands.template:lint",
        "import": "onboarding.commands.template:import_",
    },
    name="template",
)


@command("template.list")
def list_(call: Call) -> Answer:
    """List the templates."""
    from onboarding.rendering import private_fonts
    from onboarding.template_view import templates_answer

    private_fonts()
    return templates_answer(call.settings, call.lang)


@command("template.lint", argument("name", required=False))
def lint(call: Call, name: str | None) -> Answer:
    """Try the templates, and prove that all they must say can be read."""
    from onboarding.template_lint import find_templates, lint_template
    from onboarding.template_view import lint_answer

    templates = find_templates(call.settings, name)
    return lint_answer([(template, lint_template(template)) for template in templates], call.lang)


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
