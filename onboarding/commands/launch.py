"""`avtale launch …`: step 6. What is missing is told; nothing gets around it."""

from datetime import datetime

import click

from agreements.calendar import norwegian_day
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_CASE = argument("case_number", metavar="CASE")

group = TextGroup(
    "launch",
    {
        "check": "onboarding.commands.launch:check",
        "approve": "onboarding.commands.launch:approve",
        "pilot": "onboarding.commands.launch:pilot",
    },
    name="launch",
)


@command("launch.check", _CASE)
def check(call: Call, case_number: str) -> Answer:
    """Tell what is missing before a case can be launched."""
    from onboarding.launch_view import check_answer
    from onboarding.launching import check_launch

    return check_answer(call.workspace, check_launch(call.workspace, case_number), call.lang)


@command("launch.approve", _CASE, option("--by"))
def approve(call: Call, case_number: str, by: str | None) -> Answer:
    """Launch a case, and write its clear signal."""
    from onboarding.launch_view import launched_answer
    from onboarding.launching import approve_launch

    case, path = approve_launch(call.workspace, case_number, lambda: call.actor)
    return launched_answer(case, path, call.lang)


@command(
    "launch.pilot",
    _CASE,
    option("--group", "pilot_group", required=True, metavar="WORDS"),
    option("--on", "begins_on", metavar="DATE", type=click.DateTime(["%Y-%m-%d"])),
    option("--reason", required=True),
)
def pilot(call: Call, case_number: str, pilot_group: str, begins_on: datetime | None, reason: str) -> Answer:
    """Record a pilot, or controlled letters, before the launch."""
    from onboarding.launch_view import pilot_answer
    from onboarding.launching import record_pilot

    on = norwegian_day(call.clock()) if begins_on is None else begins_on.date()
    return pilot_answer(
        record_pilot(call.workspace, case_number, group=pilot_group, on=on, reason=reason, actor=call.actor), call.lang
    )
