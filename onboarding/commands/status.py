"""`avtale status`: the whole picture."""

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import command


@command("status")
def status(call: Call) -> Answer:
    """Show how things stand."""
    from onboarding.status import status_answer

    return status_answer(call.workspace, call.lang)
