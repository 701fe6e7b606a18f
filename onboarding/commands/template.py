"""`avtale template …`: the templates and their versions."""

from onboarding.answers import Answer, table
from onboarding.call import Call
from onboarding.command import TextGroup, command

group = TextGroup("template", {"list": "onboarding.commands.template:list_"}, name="template")


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
