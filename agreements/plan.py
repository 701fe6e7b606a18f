"""The launch plan (lanseringsplan, step 3): how an organisation starts, decided by all parties involved.

Values only: what was decided, by whom, and what is to happen when. "Direct" needs the same decision as "planned"; there
is no default (seed, step 3). The contents are those of facts/domain.md §7 c.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from agreements.case import LaunchPlan
from agreements.catalogue import Catalogue, Values
from agreements.parties import Customer, Vendor
from agreements.turn import Party
from agreements.values import Fault

DECIDERS = (Party.VENDOR, Party.DIGIPOST)
"""Who decides; the customer is consulted ("av alle parter involvert")."""


class PlanReason(StrEnum):
    """What makes a launch plan advisable (facts/domain.md §7 c). A person decides all the same."""

    PUBLIC = "public"
    PRINT = "print"
    BATCH = "batch"
    VOLUME = "volume"
    PEAKS = "peaks"
    SPECIAL_CATEGORIES = "special_categories"
    RECRUITMENT = "recruitment"


_CONDITIONS = {
    PlanReason.PUBLIC: "public",
    PlanReason.PRINT: "print",
    PlanReason.BATCH: "batch_sftp",
    PlanReason.VOLUME: "high_volume",
}
"""The catalogue's condition for each reason that has one."""
_VALUES = {
    PlanReason.PEAKS: "launch.peaks",
    PlanReason.SPECIAL_CATEGORIES: "dpa.special_categories",
    PlanReason.RECRUITMENT: "launch.recruitment",
}


def reasons_for_plan(catalogue: Catalogue, values: Values) -> tuple[PlanReason, ...]:
    """What of the agreement's values speaks for a launch plan."""
    by_condition = {reason for reason, name in _CONDITIONS.items() if catalogue.conditions[name].holds(values)}
    by_value = {reason for reason, field_id in _VALUES.items() if values.get(field_id)}
    return tuple(reason for reason in PlanReason if reason in by_condition | by_value)


MAX_MILESTONES: Final = 50  # ours: four times what any launch has needed; all of them stand on the printed plan
MAX_DECISION_YEARS: Final = 2
"""How far ahead set-up may be planned to start; ours: later than that a year is mistyped."""
_Count = Annotated[int, Field(strict=True, ge=1)]


class _Part(BaseModel):
    """Read from a person's file and from the store alike: a key that is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlanVoice(_Part):
    """A named person's part in the decision: a decider of the vendor or of Digipost, or the customer consulted."""

    party: Party
    name: str
    on: date


class PlanDecision(_Part):
    """Direct or planned, or not decided yet."""

    plan: LaunchPlan
    voices: tuple[PlanVoice, ...] = ()
    starts_on: date | None = None
    """The day set-up is to begin; only of a planned launch. A direct one begins when Digipost has the agreement."""
    recruitment: tuple[str, ...] | None = None
    """Measures to make recipients users of Digipost. Empty: none is wanted. None: nobody has asked yet."""
    note: str = ""
    """Why, in the deciders' own words."""


class Milestone(_Part):
    """Something to be done on the way to launch, and who does it."""

    title: str
    owner: Party
    due: date | None = None
    done_on: date | None = None
    done_by: str = ""


class PilotGroup(_Part):
    """Who receives mail first."""

    recipients: str
    """In words: `the personnel department`."""
    size: _Count | None = None
    starts_on: date | None = None


class RampStep(_Part):
    """From this day on, so many letters a month at most."""

    starts_on: date
    monthly_letters: _Count


class PlanContact(_Part):
    """Whom to call if sending must stop. Contacts at work only."""

    name: str
    phone: str = ""
    email: str = ""


class Schedule(_Part):
    """What is to happen when: the contents of a plan, written by people in a file (docs/operations.md)."""

    milestones: Annotated[tuple[Milestone, ...], Field(max_length=MAX_MILESTONES)] = ()
    pilot: PilotGroup | None = None
    ramp: tuple[RampStep, ...] = ()
    communication: str = ""
    rollback: PlanContact | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The launch plan of one case, ready to be rendered."""

    case_number: str
    agreement_number: str | None
    customer: Customer
    vendor: Vendor
    made_on: date
    decision: PlanDecision
    schedule: Schedule = field(default_factory=Schedule)
    reasons: tuple[PlanReason, ...] = ()
    """What speaks for a plan; empty: nothing does."""
    first_send_date: date | None = None
    monthly_volume: int | None = None
    peaks: str = ""


def silent_parties(decision: PlanDecision) -> tuple[Party, ...]:
    """The parties nobody has named a person for yet; while there is one, the decision is not all parties' own."""
    heard = {voice.party for voice in decision.voices}
    return tuple(party for party in (*DECIDERS, Party.CUSTOMER) if party not in heard)


def decision_faults(decision: PlanDecision, *, today: date) -> Iterator[Fault]:
    """What a decision lacks, or says of an impossible day. Source: seed, step 3: by all parties, and asked of each."""
    for party in silent_parties(decision):
        yield Fault(field_id=f"plan.{party.value}", code="missing", params={})
    if decision.recruitment is None:
        yield Fault(field_id="plan.recruitment", code="missing", params={})
    if any(voice.on > today for voice in decision.voices):
        yield Fault(field_id="plan.decided_on", code="decided_in_future", params={})
    yield from _start_faults(decision, today=today)


def _start_faults(decision: PlanDecision, *, today: date) -> Iterator[Fault]:
    planned, start = decision.plan is LaunchPlan.PLANNED, decision.starts_on
    if planned and start is None:
        yield Fault(field_id="plan.start", code="missing", params={})
    if not planned and start is not None:
        yield Fault(field_id="plan.start", code="direct_has_no_start", params={})
    if start is not None and start.year > today.year + MAX_DECISION_YEARS:
        yield Fault(field_id="plan.start", code="day_too_far_ahead", params={"limit": MAX_DECISION_YEARS})
