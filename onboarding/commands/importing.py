"""`avtale import`: many enquiries from one file."""

from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import argument, command, option


@command("import", argument("file", type=click.Path(path_type=Path)), option("--dry-run", is_flag=True))
def import_(call: Call, file: Path, dry_run: bool) -> Answer:
    """Make a case of every row; what is wrong with a row is told beside its line number."""
    from onboarding.bulk import import_answer

    return import_answer(call.workspace, file, actor=call.actor, dry_run=dry_run, language=call.lang)
