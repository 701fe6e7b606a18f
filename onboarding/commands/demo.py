"""`avtale demo`: the main job on this machine alone."""

import tempfile
from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import command, option, talk


@command("demo", option("--keep", type=click.Path(path_type=Path, file_okay=False)))
def demo(call: Call, keep: Path | None) -> Answer:
    """Show the whole way from enquiry to forwarded mail."""
    from onboarding.demo.show import show_demo

    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="avtale-demo-"))
    return show_demo(folder, call.clock, call.lang, lambda line: talk(call, line))
