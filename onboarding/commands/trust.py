"""`avtale trust …`: whom signatures are trusted from, and the trusted lists."""

from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command

group = TextGroup(
    "trust",
    {"list": "onboarding.commands.trust:list_", "update": "onboarding.commands.trust:update"},
    name="trust",
)


@command("trust.list")
def list_(call: Call) -> Answer:
    """Show anchors, lists, profiles and the age of revocation data."""
    from onboarding.trust_view import trust_answer

    return trust_answer(call.settings, call.lang, now=call.clock())


@command("trust.update", argument("paths", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path)))
def update(call: Call, paths: tuple[Path, ...]) -> Answer:
    """Take in trusted lists from files."""
    from onboarding.trust_view import update_answer
    from onboarding.trusted_lists import update_lists

    now = call.clock()
    return update_answer(update_lists(call.settings, paths, now=now), call.lang, now=now)
