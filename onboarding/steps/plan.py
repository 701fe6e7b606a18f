"""Step 3: direct or planned, decided by the vendor and Digipost, the customer consulted. There is no default.

It may be decided beside step 2, and anew until launch. The record holds the choice, never a name: names stand in the
plan's own row.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case, LaunchPlan, Step, with_clock, with_plan
from agreements.catalogue import load_catalogue
from agreements.characters import tidy
from agreements.errors import UsageError
from agreements.language import Language
from agreements.parties import Actor, Customer
from agreements.plan import Plan, PlanDecision, PlanVoice, Schedule, decision_faults, reasons_for_plan
from agreements.turn import Party
from agreements.values import Fault
from onboarding.files import write_file
from onboarding.plan_file import find_text_fault, write_schedule
from onboarding.record import EventKind
from onboarding.rendering import private_fonts
from onboarding.steps.enquiry import read_case
from onboarding.steps.setup import begin_setup
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent
from onboarding.store.issued import find_agreement
from onboarding.store.plans import StoredPlan, find_plan, insert_plan
from onboarding.workspace import Workspace

FILES: Final = ("pdf", "ics", "yaml")
"""What a plan is written as: to print, for people's calendars, and to change and give back."""


def parse_decision(
    plan: LaunchPlan,
    names: Mapping[Party, str],
    *,
    on: date,
    starts_on: date | None,
    recruitment: tuple[str, ...] | None,
    note: str,
) -> PlanDecision:
    """A decision as a person typed it; an empty name is nobody. Raises UsageError `values_refused` for its texts."""
    typed = [(f"plan.{party.value}", name, False) for party, name in names.items()]
    typed += [("plan.recruitment", measure, False) for measure in recruitment or ()]
    typed.append(("plan.note", note, True))
    found = [(field_id, find_text_fault(text, lines=lines)) for field_id, text, lines in typed]
    if faults := [Fault(field_id=field_id, code=one.code, params=one.params) for field_id, one in found if one]:
        raise _refused(faults)
    voices = ((party, tidy(name)) for party, name in names.items())
    return PlanDecision(
        plan=plan,
        voices=tuple(PlanVoice(party=party, name=name, on=on) for party, name in voices if name),
        starts_on=starts_on,
        recruitment=None if recruitment is None else tuple(tidy(measure) for measure in recruitment),
        note=tidy(note, lines=True),
    )


def decide_plan(
    workspace: Workspace, number: str, decision: PlanDecision, schedule: Schedule | None, actor: Actor
) -> Case:
    """Record what was decided. `schedule` None: what was planned before stands; of a direct launch there is none.

    Raises UsageError (`values_refused` with everything that is missing, `plan_direct_has_file`), NotFoundError,
    GateError (held, launched or closed), TemporaryError if somebody else changed the case.
    """
    now = workspace.clock()
    if faults := list(decision_faults(decision, today=norwegian_day(now))):
        raise _refused(faults)
    if decision.plan is LaunchPlan.DIRECT and schedule is not None:
        raise UsageError("plan_direct_has_file")
    case = read_case(workspace, number)
    data: dict[str, JsonValue] = {
        "plan": decision.plan.value,
        "milestones": len(schedule.milestones) if schedule else 0,
    }
    event = NewEvent(kind=EventKind.PLAN_DECIDED, actor=actor, at=now, data=data)
    with workspace.store.begin() as connection:
        before = find_plan(connection, case.number)
        kept = before.schedule if before is not None and decision.plan is LaunchPlan.PLANNED else Schedule()
        decided = with_plan(case, decision.plan, now=now)
        if decided.step is Step.SETUP:
            decided = with_clock(decided, decision.starts_on, now=now)
        moved = move_case(connection, decided, event=event)
        stored = StoredPlan(decision=decision, schedule=schedule or kept, decided_by=actor.user, decided_at=now)
        insert_plan(connection, case.number, stored, actor=actor)
        return begin_setup(connection, moved, actor=actor, now=now)


def read_plan(workspace: Workspace, number: str) -> Plan:
    """The plan as it stands, with what the agreement's values say for one. Raises UsageError or NotFoundError."""
    case = read_case(workspace, number)
    vendor, now = workspace.vendor(case.vendor_id), workspace.clock()
    with workspace.store.read() as connection:
        stored = find_plan(connection, case.number)
        agreement = None if case.in_force is None else find_agreement(connection, case.in_force)
    values = {**vendor.service_profile, **case.values} if agreement is None else agreement.values
    first, volume = values.get("launch.first_send_date"), values.get("launch.monthly_volume")
    return Plan(
        case_number=str(case.number),
        agreement_number=None if case.in_force is None else str(case.in_force),
        customer=Customer(org_number=case.org_number, name=case.customer_name),
        vendor=vendor.party(),
        made_on=norwegian_day(now if stored is None else stored.decided_at),
        decision=PlanDecision(plan=LaunchPlan.OPEN) if stored is None else stored.decision,
        schedule=Schedule() if stored is None else stored.schedule,
        reasons=reasons_for_plan(load_catalogue(), values),
        first_send_date=None if first is None else date.fromisoformat(str(first)),
        monthly_volume=volume if isinstance(volume, int) else None,
        peaks=str(values.get("launch.peaks") or ""),
    )


def write_plan(plan: Plan, folder: Path, language: Language) -> tuple[Path, ...]:
    """Write the plan into a folder, as each of `FILES`, replacing earlier ones; returns their paths."""
    private_fonts()
    from renderers.calendar import render_calendar
    from renderers.plan import render_plan

    made = {
        "pdf": render_plan(plan, language),
        "ics": render_calendar(plan, language),
        "yaml": write_schedule(plan.schedule).encode(),
    }
    paths: list[Path] = []
    for ending in FILES:
        path = folder / f"Lanseringsplan-{plan.case_number}.{ending}"
        write_file(path, made[ending])
        paths.append(path)
    return tuple(paths)


def _refused(faults: list[Fault]) -> UsageError:
    return UsageError("values_refused", count=len(faults), faults=tuple(faults))
