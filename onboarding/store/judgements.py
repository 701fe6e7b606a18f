"""Judgements of returned documents, one per content, and what people decided about them.

A judgement that needs a person stays `open` until exactly one decision closes it; approvals before that (a scan takes
two users) are rows of their own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agreements.canonical import canonical_json
from agreements.casenumber import AgreementNumber, CaseNumber, parse_case_number
from agreements.decision import Decision, Verdict
from agreements.errors import GateError
from agreements.findings import Finding
from agreements.orgnumber import OrgNumber
from agreements.parameters import Parameters, parameters_text, read_parameters
from agreements.parties import Actor
from agreements.signature_report import SignatureReport
from agreements.times import format_utc, parse_utc
from onboarding.store.tables import approvals, cases, judgements


class JudgementStatus(StrEnum):
    """`open` waits for a person; `closed` needs no decision any more (a later return took its place, say)."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class NewJudgement:
    """What the machine found out about a document."""

    sha256: str
    case: CaseNumber | None
    version: int | None
    """Which version of the case's agreement it is held to be; None with a case alone, or with nothing."""
    decision: Decision
    report: SignatureReport | None
    """None where the document could not be opened at all."""
    status: JudgementStatus
    judged_at: datetime
    parameters: Parameters | None = None
    """What could be read of the values in it, each with its proof; None where nothing was."""


@dataclass(frozen=True, kw_only=True)
class Judgement(NewJudgement):
    """A stored judgement, with what a person decided (all None until then)."""

    id: int
    decided_at: datetime | None
    decided_by: Actor | None
    reason: str | None

    @property
    def approved_at(self) -> datetime:
        """When it was decided: by a person, or by the machine as soon as it had judged."""
        return self.decided_at or self.judged_at

    @property
    def agreement(self) -> AgreementNumber | None:
        """The agreement it is held to be, or None."""
        return None if self.case is None or self.version is None else AgreementNumber(self.case, self.version)


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A person's word on a judgement."""

    by: Actor
    at: datetime
    reason: str


def insert_judgement(connection: sa.Connection, judgement: NewJudgement) -> int | None:
    """Store a judgement and return its id; None if this content has been judged already (nothing is changed then)."""
    row = {"sha256": judgement.sha256, **_columns(judgement)}
    insert = _insert_new(connection, judgements, row, key=["sha256"]).returning(judgements.c.id)
    identity: int | None = connection.execute(insert).scalar_one_or_none()
    return identity


def _columns(judgement: NewJudgement) -> dict[str, str | int | None]:
    return {
        "case_number": None if judgement.case is None else str(judgement.case),
        "version": judgement.version,
        "verdict": judgement.decision.verdict.value,
        "findings": canonical_json([finding.model_dump(mode="json") for finding in judgement.decision.findings]),
        "report": None if judgement.report is None else canonical_json(judgement.report.model_dump(mode="json")),
        "status": judgement.status.value,
        "judged_at": format_utc(judgement.judged_at),
        "parameters": None if judgement.parameters is None else parameters_text(judgement.parameters),
    }


def save_judgement(connection: sa.Connection, judgement: NewJudgement) -> int | None:
    """Store a judgement; one of the same content that is still open is replaced, and approvals given on it fall.

    Returns its id, or None where a person or the machine has decided this content already (nothing is changed then).
    """
    earlier = find_judgement_of(connection, judgement.sha256)
    if earlier is None:
        return insert_judgement(connection, judgement)
    replaced: int | None = connection.execute(
        judgements.update()
        .where(judgements.c.id == earlier.id, judgements.c.status == JudgementStatus.OPEN.value)
        .values(**_columns(judgement))
        .returning(judgements.c.id)
    ).scalar_one_or_none()
    if replaced is not None:
        connection.execute(approvals.delete().where(approvals.c.judgement_id == replaced))
    return replaced


def find_judgement(connection: sa.Connection, identity: int) -> Judgement | None:
    """The judgement with this id, or None."""
    return _one(connection, judgements.c.id == identity)


def find_judgement_of(connection: sa.Connection, sha256: str) -> Judgement | None:
    """The judgement of the document with this hash, or None."""
    return _one(connection, judgements.c.sha256 == sha256)


def list_judgements(
    connection: sa.Connection, *, status: JudgementStatus | None = None, case: CaseNumber | None = None
) -> tuple[Judgement, ...]:
    """Judgements, oldest first: all, or those of one status or case."""
    query = sa.select(judgements).order_by(judgements.c.id)
    if status is not None:
        query = query.where(judgements.c.status == status.value)
    if case is not None:
        query = query.where(judgements.c.case_number == str(case))
    return tuple(_judgement(row) for row in connection.execute(query).mappings())


def list_approved(connection: sa.Connection, vendor_id: str, org_number: OrgNumber) -> tuple[Judgement, ...]:
    """Every approved return of a vendor's cases for an organisation, oldest first."""
    query = (
        sa.select(judgements)
        .join(cases, cases.c.case_number == judgements.c.case_number)
        .where(
            cases.c.vendor_id == vendor_id,
            cases.c.org_number == org_number.digits,
            judgements.c.status == JudgementStatus.APPROVED.value,
        )
        .order_by(judgements.c.id)
    )
    return tuple(_judgement(row) for row in connection.execute(query).mappings())


def decide_judgement(connection: sa.Connection, identity: int, to: JudgementStatus, ruling: Ruling) -> None:
    """Close an open judgement. Raises GateError("judgement_not_open") if it is not open: the first decision stands.

    Whether it may be approved (no `reject` finding, enough approvers) is the caller's rule.
    """
    decided = connection.execute(
        judgements.update()
        .where(judgements.c.id == identity, judgements.c.status == JudgementStatus.OPEN.value)
        .values(
            status=to.value,
            decided_at=format_utc(ruling.at),
            decided_by=ruling.by.user,
            os_user=ruling.by.os_user,
            reason=ruling.reason,
        )
        .returning(judgements.c.id)
    ).scalar_one_or_none()
    if decided is None:
        raise GateError("judgement_not_open", unmet=("judgement_not_open",), judgement=identity)


def add_approval(connection: sa.Connection, identity: int, ruling: Ruling) -> tuple[Ruling, ...]:
    """Record that a user approves, and return all approvals so far. The same user again changes nothing."""
    row = {
        "judgement_id": identity,
        "approver": ruling.by.user,
        "os_user": ruling.by.os_user,
        "at": format_utc(ruling.at),
        "reason": ruling.reason,
    }
    connection.execute(_insert_new(connection, approvals, row, key=["judgement_id", "approver"]))
    return list_approvals(connection, identity)


def list_approvals(connection: sa.Connection, identity: int) -> tuple[Ruling, ...]:
    """Who has approved a judgement so far, oldest first."""
    mine = approvals.c.judgement_id == identity
    query = sa.select(approvals).where(mine).order_by(approvals.c.at, approvals.c.approver)
    return tuple(
        Ruling(by=Actor(user=row.approver, os_user=row.os_user), at=parse_utc(row.at), reason=row.reason)
        for row in connection.execute(query)
    )


def _insert_new(
    connection: sa.Connection, table: sa.Table, row: Mapping[str, object], *, key: list[str]
) -> sqlite.Insert | postgresql.Insert:
    """An insert that does nothing where a row with this key exists, also one another process is writing right now."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).values(**row).on_conflict_do_nothing(index_elements=key)
    return postgresql.insert(table).values(**row).on_conflict_do_nothing(index_elements=key)


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Judgement | None:
    row = connection.execute(sa.select(judgements).where(condition)).mappings().one_or_none()
    return None if row is None else _judgement(row)


def _judgement(row: sa.RowMapping) -> Judgement:
    findings = tuple(Finding.model_validate(entry) for entry in json.loads(row["findings"]))
    decided = row["decided_by"] is not None
    return Judgement(
        id=row["id"],
        sha256=row["sha256"],
        case=None if row["case_number"] is None else parse_case_number(row["case_number"]),
        version=row["version"],
        decision=Decision(verdict=Verdict(row["verdict"]), findings=findings),
        report=None if row["report"] is None else SignatureReport.model_validate_json(row["report"]),
        status=JudgementStatus(row["status"]),
        judged_at=parse_utc(row["judged_at"]),
        parameters=None if row["parameters"] is None else read_parameters(row["parameters"]),
        decided_at=parse_utc(row["decided_at"]) if decided else None,
        decided_by=Actor(user=row["decided_by"], os_user=row["os_user"]) if decided else None,
        reason=row["reason"],
    )
