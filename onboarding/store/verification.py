"""Step 5 in the store: configurations to be verified, agreed methods, results, attestations. Rows that are only added.

The database refuses every other change, and a launch without both parties' attestations (`onboarding.store.triggers`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from agreements.case import Case
from agreements.casenumber import CaseNumber
from agreements.parties import Actor
from agreements.times import format_utc, parse_utc
from agreements.turn import Party
from agreements.verification import Attestation, Channel, Method, MethodResult, MethodState
from onboarding.store.tables import agreed_methods, attestations, configurations, method_results


@dataclass(frozen=True, kw_only=True)
class StoredConfiguration:
    """A configuration that is to be verified, or was."""

    id: int
    version: int
    """Of the agreement it rests on."""
    sha256: str
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class AgreedMethods:
    """How vendor and Digipost have agreed to verify."""

    methods: tuple[Method, ...]
    vendor_by: str
    digipost_by: str
    evidence_sha256: str
    agreed_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredAttestation:
    """An attestation with who entered it, and what it rests on."""

    attestation: Attestation
    configuration_id: int
    recorded_by: str
    """The user of `users:` who entered or confirmed it."""
    os_user: str
    event_seq: int
    """The event that tells of it."""
    mail_id: str | None = None
    proof: str | None = None
    """The key record by which the mail's signature was verified, as canonical JSON."""


def find_configuration(connection: sa.Connection, case: CaseNumber) -> StoredConfiguration | None:
    """The configuration of a case that is to be verified: the last one; None before step 5."""
    query = sa.select(configurations).where(configurations.c.case_number == str(case))
    row = connection.execute(query.order_by(configurations.c.id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    return StoredConfiguration(
        id=row["id"], version=row["version"], sha256=row["sha256"], made_at=parse_utc(row["made_at"])
    )


def put_configuration(connection: sa.Connection, case: Case, sha256: str, *, now: datetime) -> StoredConfiguration:
    """The configuration in force of a case in step 5. A changed one is a new row, and so is one that is changed back:
    what was attested before counts no more.
    """
    last = find_configuration(connection, case.number)
    if last is not None and (last.version, last.sha256) == (case.agreement_version, sha256):
        return last
    row = {
        "case_number": str(case.number),
        "version": case.agreement_version,
        "sha256": sha256,
        "made_at": format_utc(now),
    }
    made: int = connection.execute(configurations.insert().values(**row).returning(configurations.c.id)).scalar_one()
    return StoredConfiguration(id=made, version=case.agreement_version, sha256=sha256, made_at=now)


def insert_agreed_methods(connection: sa.Connection, case: CaseNumber, agreed: AgreedMethods, *, actor: Actor) -> None:
    """Add what was agreed on; it takes the place of what was agreed before."""
    row = {
        "case_number": str(case),
        "methods": " ".join(agreed.methods),
        "vendor_by": agreed.vendor_by,
        "digipost_by": agreed.digipost_by,
        "evidence_sha256": agreed.evidence_sha256,
        "agreed_by": actor.user,
        "os_user": actor.os_user,
        "agreed_at": format_utc(agreed.agreed_at),
    }
    connection.execute(agreed_methods.insert().values(**row))


def find_agreed_methods(connection: sa.Connection, case: CaseNumber) -> AgreedMethods | None:
    """What is agreed on now, or None."""
    query = sa.select(agreed_methods).where(agreed_methods.c.case_number == str(case))
    row = connection.execute(query.order_by(agreed_methods.c.id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    return AgreedMethods(
        methods=tuple(map(Method, row["methods"].split())),
        vendor_by=row["vendor_by"],
        digipost_by=row["digipost_by"],
        evidence_sha256=row["evidence_sha256"],
        agreed_at=parse_utc(row["agreed_at"]),
    )


def insert_result(
    connection: sa.Connection,
    case: CaseNumber,
    result: MethodResult,
    *,
    configuration: StoredConfiguration,
    actor: Actor,
    now: datetime,
) -> None:
    """Add what came of a method; the last one counts. `result`: with party and day."""
    assert result.party is not None
    assert result.on is not None
    row = {
        "case_number": str(case),
        "configuration_id": configuration.id,
        "method": result.method.value,
        "result": result.state.value,
        "party": result.party.value,
        "tried_by": result.by,
        "tried_on": result.on.isoformat(),
        "evidence": result.evidence,
        "evidence_sha256": result.evidence_sha256,
        "recorded_by": actor.user,
        "os_user": actor.os_user,
        "recorded_at": format_utc(now),
    }
    connection.execute(method_results.insert().values(**row))


def list_results(connection: sa.Connection, case: CaseNumber, agreed: Collection[Method]) -> dict[Method, MethodResult]:
    """The last result of each method that was tried."""
    query = sa.select(method_results).where(method_results.c.case_number == str(case)).order_by(method_results.c.id)
    found: dict[Method, MethodResult] = {}
    for row in connection.execute(query).mappings():
        method = Method(row["method"])
        found[method] = MethodResult(
            method=method,
            agreed=method in agreed,
            state=MethodState(row["result"]),
            party=Party(row["party"]),
            by=row["tried_by"],
            on=date.fromisoformat(row["tried_on"]),
            evidence=row["evidence"],
            evidence_sha256=row["evidence_sha256"],
        )
    return found


def insert_attestation(
    connection: sa.Connection, case: CaseNumber, stored: StoredAttestation, *, actor: Actor, now: datetime
) -> None:
    """Add a party's word for the configuration in force. Its event is there already, in the same transaction."""
    given = stored.attestation
    row = {
        "case_number": str(case),
        "configuration_id": stored.configuration_id,
        "party": given.party.value,
        "name": given.name,
        "channel": given.channel.value,
        "accepted": int(given.accepted),
        "given_at": format_utc(given.at),
        "evidence_sha256": given.evidence_sha256,
        "mail_id": stored.mail_id,
        "proof": stored.proof,
        "recorded_by": actor.user,
        "os_user": actor.os_user,
        "recorded_at": format_utc(now),
        "event_seq": stored.event_seq,
    }
    connection.execute(attestations.insert().values(**row))


def list_attestations(connection: sa.Connection, case: CaseNumber) -> tuple[StoredAttestation, ...]:
    """Everything that was ever attested in a case, oldest first."""
    last = find_configuration(connection, case)
    query = (
        sa.select(attestations, configurations.c.sha256)
        .join(configurations, configurations.c.id == attestations.c.configuration_id)
        .where(attestations.c.case_number == str(case))
        .order_by(attestations.c.id)
    )
    return tuple(_attestation(row, last) for row in connection.execute(query).mappings())


def is_mail_used(connection: sa.Connection, mail_id: str) -> bool:
    """Whether this mail has attested something already, in any case."""
    query = sa.select(attestations.c.id).where(attestations.c.mail_id == mail_id).limit(1)
    return connection.execute(query).first() is not None


def _attestation(row: sa.RowMapping, last: StoredConfiguration | None) -> StoredAttestation:
    given = Attestation(
        party=Party(row["party"]),
        name=row["name"],
        at=parse_utc(row["given_at"]),
        configuration_sha256=row["sha256"],
        channel=Channel(row["channel"]),
        evidence_sha256=row["evidence_sha256"],
        accepted=bool(row["accepted"]),
        superseded=last is None or row["configuration_id"] != last.id,
    )
    return StoredAttestation(
        attestation=given,
        configuration_id=row["configuration_id"],
        recorded_by=row["recorded_by"],
        os_user=row["os_user"],
        event_seq=row["event_seq"],
        mail_id=row["mail_id"],
        proof=row["proof"],
    )
