"""`avtale init` and `avtale doctor`: getting ready."""

from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import argument, command


@command("init", argument("folder", metavar="DIR", type=click.Path(path_type=Path)))
def init(call: Call, folder: Path) -> Answer:
    """Write a configuration that works, with keys, folders and database."""
    from agreements.texts import text
    from onboarding.initialise import initialise
    from onboarding.settings import current_os_user, full_name

    made = initialise(folder, os_user=current_os_user(), user_name=full_name(), now=call.clock())
    data = {"folder": str(made.folder), "config": str(made.config), "user": made.user_id}
    key = "talk.init_done" if made.example else "talk.init_completed"
    lines = text(key, call.lang, **data, example=made.example).splitlines()
    return Answer(data={**data, "example": str(made.example) if made.example else None}, lines=lines)


@command("doctor")
def doctor(call: Call) -> Answer:
    """Check that everything the program needs is there."""
    from onboarding.doctor_view import doctor_answer

    return doctor_answer(call.settings, call.clock(), call.lang)
