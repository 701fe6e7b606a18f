"""The record: every change with who and when, chained by hashes, append only.

Each event's hash covers the one before, so that an event altered, removed from the middle or slipped in later is found
by `verify_chain`. Residual risk: the last events cut off, or everything written anew from some point, is seen only by
comparing with a hash kept elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from agreements.canonical import JsonValue, canonical_json, sha256_of
from agreements.parties import Actor
from agreements.times import format_utc, parse_utc
from onboarding.store.locks import Lock, take_lock
from onboarding.store.tables import attestations, cases, events
from onboarding.store.words import digests_in, put_words, with_words

GENESIS = "0" * 64
"""What the first event names as the hash before it."""


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """Something that happened, before it has its place in the record."""

    kind: str
    """What happened, as `noun.verb`: `case.created`."""
    actor: Actor
    at: datetime
    case_number: str | None = None
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    """The particulars. They can never be removed again, but for what people wrote (`words.WORDS`): no personal data."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event as recorded."""

    seq: int
    """Its place, from 1, without gaps."""
    at: datetime
    case_number: str | None
    kind: str
    actor: Actor
    data: str
    """Canonical JSON, with what people wrote, or a mark where that was erased."""
    hash: str


def append_event(connection: sa.Connection, event: NewEvent) -> int:
    """Add an event to the end of the record and return its number."""
    take_lock(connection, Lock.EVENTS)
    last = connection.execute(sa.select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    row: dict[str, str | int | None] = {
        "seq": last.seq + 1 if last else 1,
        "at": format_utc(event.at),
        "case_number": event.case_number,
        "kind": event.kind,
        "actor": event.actor.user,
        "os_user": event.actor.os_user,
        "data": canonical_json(put_words(connection, event.data)),
        "prev_hash": last.hash if last else GENESIS,
    }
    seq: int = connection.execute(events.insert().values(**row, hash=_hash(row)).returning(events.c.seq)).scalar_one()
    return seq


def last_seq(connection: sa.Connection) -> int:
    """The number of the last event; 0 if there is none."""
    last: int | None = connection.execute(sa.select(sa.func.max(events.c.seq))).scalar_one()
    return last or 0


def head_hash(connection: sa.Connection) -> str:
    """The hash of the last event: whoever holds it can tell later whether the record before it was changed."""
    last: str | None = connection.execute(sa.select(events.c.hash).order_by(events.c.seq.desc()).limit(1)).scalar()
    return last or GENESIS


def count_events(connection: sa.Connection) -> int:
    """How many events the record holds."""
    count: int = connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one()
    return count


def list_events(connection: sa.Connection, case_number: str | None = None) -> tuple[Event, ...]:
    """The events of a case, oldest first; all events without a case number."""
    query = sa.select(events).order_by(events.c.seq)
    if case_number is not None:
        query = query.where(events.c.case_number == case_number)
    rows = connection.execute(query).mappings().all()
    told = with_words(connection, (row["data"] for row in rows))
    return tuple(_event(row, data) for row, data in zip(rows, told, strict=True))


def hash_of(connection: sa.Connection, seq: int) -> str | None:
    """The hash of the event at this place, or None."""
    found: str | None = connection.execute(sa.select(events.c.hash).where(events.c.seq == seq)).scalar_one_or_none()
    return found


def find_hash(connection: sa.Connection, value: str) -> int | None:
    """Where in the record this hash stands, or None."""
    found: int | None = connection.execute(sa.select(events.c.seq).where(events.c.hash == value)).scalars().first()
    return found


def recorded_digests(connection: sa.Connection) -> set[str]:
    """Every digest of words that the record names."""
    query = sa.select(events.c.data).where(events.c.data.contains('{"digest":"', autoescape=True))
    return {digest for data in connection.execute(query).scalars() for digest in digests_in(json.loads(data)).values()}


def case_digests(connection: sa.Connection, case_number: str) -> set[str]:
    """Every digest of words that a case's events name."""
    query = sa.select(events.c.data).where(events.c.case_number == case_number)
    return {digest for data in connection.execute(query).scalars() for digest in digests_in(json.loads(data)).values()}


def find_unrecorded(connection: sa.Connection) -> str | None:
    """A case that is launched, or an attestation of it, without the event that says so; None if there is none.

    The program writes both in one transaction: what has no event was written by something else.
    """
    told = sa.select(events.c.case_number).where(events.c.kind == "launch.approved")
    launched = sa.select(cases.c.case_number).where(
        cases.c.launched_sha256.is_not(None), cases.c.case_number.not_in(told)
    )
    unlike = sa.select(attestations.c.case_number, attestations.c.evidence_sha256, events.c.data).join(
        events, events.c.seq == attestations.c.event_seq
    )
    for row in connection.execute(unlike):
        if json.loads(row.data).get("evidence") != row.evidence_sha256:
            return str(row.case_number)
    found: str | None = connection.execute(launched.limit(1)).scalar_one_or_none()
    return found


def verify_chain(connection: sa.Connection) -> int | None:
    """The number of the first event that is missing, altered or out of its chain; None if the record holds."""
    expected, previous = 1, GENESIS
    query = sa.select(events).order_by(events.c.seq).execution_options(yield_per=1000)  # bounded memory
    with connection.execute(query) as rows:
        for row in rows.mappings():
            if row["seq"] != expected or row["prev_hash"] != previous or row["hash"] != _hash(row):
                return expected
            expected, previous = expected + 1, row["hash"]
    return None


def _hash(row: Mapping[str, str | int | None] | sa.RowMapping) -> str:
    names = ("seq", "at", "case_number", "kind", "actor", "os_user", "data", "prev_hash")
    return sha256_of({name: row[name] for name in names})


def _event(row: sa.RowMapping, data: str) -> Event:
    return Event(
        seq=row["seq"],
        at=parse_utc(row["at"]),
        case_number=row["case_number"],
        kind=row["kind"],
        actor=Actor(user=row["actor"], os_user=row["os_user"]),
        data=data,
        hash=row["hash"],
    )
