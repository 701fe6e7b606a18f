"""Cases in the store. A case is written by two functions only, and both write the event beside it."""

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from agreements.agreement import SigningRoute
from agreements.case import AgreementState, Case, Closing, LaunchPlan, Step
from agreements.casenumber import CaseNumber, parse_case_number
from agreements.duties import hand_over
from agreements.errors import TemporaryError, UsageError
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.times import format_utc, parse_utc
from agreements.turn import Party
from onboarding.store.columns import (
    clock_text,
    read_clock,
    read_signers,
    read_turn,
    read_values,
    signers_text,
    turn_columns,
    values_text,
)
from onboarding.store.events import NewEvent, append_event
from onboarding.store.locks import Lock, take_lock
from onboarding.store.tables import OPEN_STEPS, cases


def next_case_number(connection: sa.Connection, year: int) -> CaseNumber:
    """The next free number of a year. Nobody else gets it while this transaction lasts."""
    take_lock(connection, Lock.SERIALS)
    query = sa.select(sa.func.max(cases.c.serial)).where(cases.c.year == year)
    last: int | None = connection.execute(query).scalar_one()
    return CaseNumber(year, (last or 0) + 1)


def insert_case(connection: sa.Connection, case: Case, *, event: NewEvent) -> Case:
    """Store a new case (its number from `next_case_number`) with whose turn it is and its first event.

    Raises UsageError("case_exists") if the vendor already has an open case for the organisation,
    TemporaryError("case_changed") if somebody else made one at the same moment.
    """
    existing = find_open_case(connection, case.vendor_id, case.org_number) if case.open else None
    if existing is not None:
        raise UsageError("case_exists", case=str(existing.number))
    made = hand_over(case)
    try:
        connection.execute(cases.insert().values(**case_columns(made)))
    except sa.exc.IntegrityError as error:
        raise TemporaryError("case_changed", case=str(case.number)) from error
    _append(connection, made, event)
    return made


def move_case(connection: sa.Connection, case: Case, *, event: NewEvent) -> Case:
    """Write a changed case, whose turn it is now, and its event, if nobody has changed it since it was read
    (`case.revision`).

    Returns the case with its new revision. Raises TemporaryError("case_changed") if somebody has: read again and
    decide again.
    """
    moved = replace(hand_over(case), revision=case.revision + 1)
    written = connection.execute(
        cases.update()
        .where(cases.c.case_number == str(case.number), cases.c.revision == case.revision)
        .values(revision=moved.revision, **_changing_columns(moved))
        .returning(cases.c.revision)
    ).scalar_one_or_none()
    if written is None:
        raise TemporaryError("case_changed", case=str(case.number))
    _append(connection, moved, event)
    return moved


def find_case(connection: sa.Connection, number: CaseNumber) -> Case | None:
    """The case with this number, or None."""
    row = connection.execute(sa.select(cases).where(cases.c.case_number == str(number))).mappings().one_or_none()
    return None if row is None else _case(row)


def find_case_of(connection: sa.Connection, written: str | None) -> Case | None:
    """The case whose number a room wrote down, as a text; None for no number, or one that no case has."""
    return None if written is None else find_case(connection, parse_case_number(written))


def find_open_case(connection: sa.Connection, vendor_id: str, org_number: OrgNumber) -> Case | None:
    """The one case of a vendor for an organisation that is neither launched nor closed, or None."""
    query = sa.select(cases).where(cases.c.vendor_id == vendor_id, cases.c.org_number == org_number.digits, OPEN_STEPS)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _case(row)


def open_cases_of(connection: sa.Connection, org_number: OrgNumber) -> tuple[CaseNumber, ...]:
    """The numbers of an organisation's open cases, with every vendor: what came by the wrong channel must be seen."""
    query = sa.select(cases.c.year, cases.c.serial).where(cases.c.org_number == org_number.digits, OPEN_STEPS)
    return tuple(CaseNumber(row.year, row.serial) for row in connection.execute(query))


def launched_before(connection: sa.Connection, case: Case) -> tuple[CaseNumber, ...]:
    """The other launched cases of the same vendor and organisation."""
    query = sa.select(cases.c.year, cases.c.serial).where(
        cases.c.vendor_id == case.vendor_id,
        cases.c.org_number == case.org_number.digits,
        cases.c.step == Step.LAUNCHED.value,
        cases.c.case_number != str(case.number),
    )
    return tuple(CaseNumber(row.year, row.serial) for row in connection.execute(query))


def read_cases(connection: sa.Connection, query: sa.Select[Any]) -> tuple[Case, ...]:
    """The cases that a query over whole rows finds, in its order."""
    return tuple(_case(row) for row in connection.execute(query).mappings())


def list_cases(connection: sa.Connection) -> tuple[Case, ...]:
    """Every case, oldest number first."""
    return read_cases(connection, sa.select(cases).order_by(cases.c.year, cases.c.serial))


def _append(connection: sa.Connection, case: Case, event: NewEvent) -> None:
    data = {**event.data, "revision": case.revision}
    append_event(connection, replace(event, case_number=str(case.number), data=data))


def case_columns(case: Case) -> dict[str, str | int | None]:
    """A whole row."""
    return {
        "case_number": str(case.number),
        "year": case.number.year,
        "serial": case.number.serial,
        "vendor_id": case.vendor_id,
        "org_number": case.org_number.digits,
        "revision": case.revision,
        "created_at": format_utc(case.created_at),
        **_changing_columns(case),
    }


def _changing_columns(case: Case) -> dict[str, str | int | None]:
    return {
        "customer_name": case.customer_name,
        "language": case.language.value,
        "step": case.step.value,
        "held": int(case.held),
        "unconfirmed": int(case.unconfirmed),
        "asked": int(case.asked),
        "asking": int(case.asking),
        "plan": case.plan.value,
        "agreement_version": case.agreement_version,
        "agreement_state": case.agreement_state.value,
        "issued_on": None if case.issued_on is None else case.issued_on.isoformat(),
        "setup_ball": None if case.setup_ball is None else case.setup_ball.value,
        "clock": clock_text(case.clock),
        "launched_sha256": case.launched_sha256,
        "closing": None if case.closing is None else case.closing.value,
        **turn_columns(case.turn),
        "field_values": values_text(case.values),
        "signers": signers_text(case.signers),
        "signing": None if case.signing is None else case.signing.value,
        "updated_at": format_utc(case.updated_at),
    }


def _case(row: sa.RowMapping) -> Case:
    return Case(
        number=CaseNumber(row["year"], row["serial"]),
        vendor_id=row["vendor_id"],
        org_number=OrgNumber(row["org_number"]),
        customer_name=row["customer_name"],
        language=Language(row["language"]),
        values=read_values(row["field_values"]),
        signers=read_signers(row["signers"]),
        signing=None if row["signing"] is None else SigningRoute(row["signing"]),
        step=Step(row["step"]),
        held=bool(row["held"]),
        unconfirmed=bool(row["unconfirmed"]),
        asked=bool(row["asked"]),
        asking=bool(row["asking"]),
        plan=LaunchPlan(row["plan"]),
        agreement_version=row["agreement_version"],
        agreement_state=AgreementState(row["agreement_state"]),
        issued_on=None if row["issued_on"] is None else date.fromisoformat(row["issued_on"]),
        setup_ball=None if row["setup_ball"] is None else Party(row["setup_ball"]),
        clock=read_clock(row["clock"]),
        turn=read_turn(row),
        launched_sha256=row["launched_sha256"],
        closing=None if row["closing"] is None else Closing(row["closing"]),
        revision=row["revision"],
        created_at=parse_utc(row["created_at"]),
        updated_at=parse_utc(row["updated_at"]),
    )
