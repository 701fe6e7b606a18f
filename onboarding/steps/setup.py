"""The way into step 4: set-up begins by itself when Digipost has the agreement and the launch plan is decided."""

from datetime import datetime

from agreements.case import Attestations, Case, Step, move_step, ready_for_setup, with_clock
from agreements.parties import Actor
from onboarding.record import EventKind
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent
from onboarding.store.plans import find_plan
from outbox.messages import Connection


def begin_setup(connection: Connection, case: Case, *, actor: Actor, now: datetime) -> Case:
    """The case in set-up, its clock started, if nothing is missing for it; else as it was.

    Called in the transaction of whatever may have been the last thing missing: the forward that left, the plan that
    was decided, the case that was taken up again.
    """
    if not ready_for_setup(case):
        return case
    stored = find_plan(connection, case.number)
    planned = None if stored is None else stored.decision.starts_on
    moved = with_clock(move_step(case, Step.SETUP, now=now, attestations=Attestations()), planned, now=now)
    return move_case(connection, moved, event=NewEvent(kind=EventKind.SETUP_BEGUN, actor=actor, at=now, data={}))
