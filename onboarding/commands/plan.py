"""`avtale plan …`: step 3, scope and launch plan."""

from datetime import datetime
from pathlib import Path

import click

from agreements.calendar import norwegian_day
from agreements.case import LaunchPlan
from agreements.errors import UsageError
from agreements.turn import Party
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_CASE = argument("case_number", metavar="CASE")
_DAY = click.DateTime(["%Y-%m-%d"])

group = TextGroup(
    "plan",
    {"show": "onboarding.commands.plan:show", "decide": "onboarding.commands.plan:decide"},
    name="plan",
)


@command("plan.show", _CASE, option("--out", "out", type=click.Path(path_type=Path, file_okay=False)))
def show(call: Call, case_number: str, out: Path | None) -> Answer:
    """Show the launch plan, and write it as files."""
    from onboarding.out_folder import require_free_place
    from onboarding.plan_view import plan_answer
    from onboarding.steps.plan import read_plan, write_plan

    plan = read_plan(call.workspace, case_number)
    if out is None:
        return plan_answer(plan, (), call.lang)
    require_free_place(out, call.settings)
    return plan_answer(plan, write_plan(plan, out, call.lang), call.lang)


@command(
    "plan.decide",
    _CASE,
    option("--direct", is_flag=True),
    option("--planned", is_flag=True),
    option("--vendor-by", default=""),
    option("--digipost-by", default=""),
    option("--customer-by", default=""),
    option("--on", "decided_on", metavar="DATE", type=_DAY),
    option("--start", metavar="DATE", type=_DAY),
    option("--recruitment", multiple=True),
    option("--no-recruitment", is_flag=True),
    option("--note"),
    option("--schedule", type=click.Path(path_type=Path, dir_okay=False)),
)
def decide(
    call: Call,
    case_number: str,
    direct: bool,
    planned: bool,
    decided_on: datetime | None,
    start: datetime | None,
    **said: object,
) -> Answer:
    """Say what the vendor and Digipost have decided."""
    from onboarding.plan_file import read_schedule
    from onboarding.plan_view import decided_answer
    from onboarding.steps.plan import decide_plan, parse_decision

    if direct == planned:
        raise UsageError("plan_choice")
    decision = parse_decision(
        LaunchPlan.DIRECT if direct else LaunchPlan.PLANNED,
        {party: str(said[f"{party.value}_by"]) for party in (Party.VENDOR, Party.DIGIPOST, Party.CUSTOMER)},
        on=norwegian_day(call.clock()) if decided_on is None else decided_on.date(),
        starts_on=None if start is None else start.date(),
        recruitment=_recruitment(said["recruitment"], said["no_recruitment"]),
        note=str(said["note"] or ""),
    )
    schedule = said["schedule"]
    read = read_schedule(schedule) if isinstance(schedule, Path) else None
    return decided_answer(decide_plan(call.workspace, case_number, decision, read, call.actor), call.lang)


def _recruitment(measures: object, none_wanted: object) -> tuple[str, ...] | None:
    """The measures; none if the organisation wants none; None if nobody has asked it."""
    assert isinstance(measures, tuple)
    if measures and none_wanted:
        raise UsageError("plan_recruitment_choice")
    return measures if measures or none_wanted else None
