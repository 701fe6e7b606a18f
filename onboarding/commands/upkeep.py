"""`avtale replay` and `avtale retention`: stored returns judged again, and what is due for erasure."""

from datetime import datetime

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import command, option


@command("replay", option("--since", metavar="DATE", type=click.DateTime(["%Y-%m-%d"])))
def replay(call: Call, since: datetime | None) -> Answer:
    """Judge stored returns again, and show the verdicts that differ."""
    from onboarding.replaying import replay as replay_returns
    from onboarding.replaying import replay_answer

    day = None if since is None else since.date()
    return replay_answer(list(replay_returns(call.workspace, since=day)), call.lang)


@command("retention", option("--apply", "apply", is_flag=True))
def retention(call: Call, apply: bool) -> Answer:
    """Show what is due for erasure, and erase it."""
    from onboarding.retention import erase_due, find_due
    from onboarding.retention_view import retention_answer

    if not apply:
        return retention_answer(find_due(call.workspace), None, call.lang)
    actor = call.actor
    due, proof = erase_due(call.workspace, actor)
    return retention_answer(due, proof, call.lang)
