"""Launch plans: rows that are only ever added; the last one of a case is in force."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agreements.canonical import canonical_json
from agreements.casenumber import CaseNumber
from agreements.parties import Actor
from agreements.plan import PlanDecision, Schedule
from agreements.times import format_utc, parse_utc
from onboarding.store.tables import plans


@dataclass(frozen=True, kw_only=True)
class StoredPlan:
    """What was decided, and who entered it when."""

    decision: PlanDecision
    schedule: Schedule
    decided_by: str
    """The user of `users:` who entered it."""
    decided_at: datetime


def insert_plan(connection: sa.Connection, case: CaseNumber, plan: StoredPlan, *, actor: Actor) -> None:
    """Add a plan in the caller's transaction."""
    row = {
        "case_number": str(case),
        "decision": canonical_json(plan.decision.model_dump(mode="json")),
        "schedule": canonical_json(plan.schedule.model_dump(mode="json")),
        "decided_by": actor.user,
        "os_user": actor.os_user,
        "decided_at": format_utc(plan.decided_at),
    }
    connection.execute(plans.insert().values(**row))


def find_plan(connection: sa.Connection, case: CaseNumber) -> StoredPlan | None:
    """The plan in force, or None while nothing has been decided."""
    query = sa.select(plans).where(plans.c.case_number == str(case)).order_by(plans.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return StoredPlan(
        decision=PlanDecision.model_validate_json(row["decision"]),
        schedule=Schedule.model_validate_json(row["schedule"]),
        decided_by=row["decided_by"],
        decided_at=parse_utc(row["decided_at"]),
    )
