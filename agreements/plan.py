"""The launch plan (lanseringsplan, step 3): how an organisation starts, decided by all parties involved.

Values only: what was decided, by whom, and what is to happen when. "Direct" needs the same decision as "planned"; there
is no default (seed, step 3). The contents are those of facts/domain.md §7 c.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from agreements.case import LaunchPlan, Party
from agreements.catalogue import Catalogue, Values
from agreements.parties import Customer, Vendor

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


@dataclass(frozen=True, kw_only=True)
class PlanVoice:
    """A named person's part in the decision: a decider of the vendor or of Digipost, or the customer consulted."""

    party: Party
    name: str
    on: date


@dataclass(frozen=True, kw_only=True)
class PlanDecision:
    """Direct or planned, or not decided yet."""

    plan: LaunchPlan
    voices: tuple[PlanVoice, ...] = ()
    note: str = ""
    """Why, in the deciders' own words."""


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """Something to be done on the way to launch, and who does it."""

    title: str
    owner: Party
    due: date | None
    done_on: date | None = None
    done_by: str = ""


@dataclass(frozen=True, kw_only=True)
class PilotGroup:
    """Who receives mail first."""

    recipients: str
    """In words: `the personnel department`."""
    size: int | None = None
    starts_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class RampStep:
    """From this day on, so many letters a month at most."""

    starts_on: date
    monthly_letters: int


@dataclass(frozen=True, kw_only=True)
class PlanContact:
    """Whom to call if sending must stop. Contacts at work only."""

    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The launch plan of one case, ready to be rendered."""

    case_number: str
    agreement_number: str | None
    customer: Customer
    vendor: Vendor
    made_on: date
    decision: PlanDecision
    reasons: tuple[PlanReason, ...] = ()
    """What speaks for a plan; empty: nothing does."""
    first_send_date: date | None = None
    monthly_volume: int | None = None
    peaks: str = ""
    milestones: tuple[Milestone, ...] = ()
    pilot: PilotGroup | None = None
    ramp: tuple[RampStep, ...] = ()
    recruitment: tuple[str, ...] | None = None
    """Measures to make recipients users of Digipost. Empty: none is wanted. None: nobody has asked yet."""
    communication: str = ""
    rollback: PlanContact | None = None


def silent_parties(decision: PlanDecision) -> tuple[Party, ...]:
    """The parties nobody has named a person for yet; while there is one, the decision is not all parties' own."""
    heard = {voice.party for voice in decision.voices}
    return tuple(party for party in (*DECIDERS, Party.CUSTOMER) if party not in heard)
