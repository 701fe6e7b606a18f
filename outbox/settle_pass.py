"""One pass over the messages whose fate nobody knows: look for each that is due, then settle it, or put the look off.

    1. look      no transaction open: where a copy would lie, by what the caller knows of such places
    2. settle    one transaction: `unknown` -> `sent` or `queued`, or the next look, and the caller's own follow-up

Killed between the two, the next pass looks again. A person who settles the same message meanwhile was first, and stays
right.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa

from agreements.errors import GateError
from agreements.ports import Clock
from agreements.times import format_utc
from outbox.evidence import Evidence, left_before, look_again
from outbox.messages import Begin, Connection, Message, settle
from outbox.outcome import Reason
from outbox.rows import as_message, messages
from outbox.settling import Looked, Policy, Settlement, Step, decide_unknown
from outbox.states import State

logger = logging.getLogger(__name__)

EARLIER_COPY = "earlier_copy"
"""An earlier attempt left, and its copy lies where this one's would: no place tells them apart."""

Look: TypeAlias = Callable[[Message], Looked]
"""Looks for a message in every place there is. Raises nothing for a place that can't be reached: that is its answer."""
OnSettled: TypeAlias = Callable[[Connection, Message, Settlement], None]
"""Called in the transaction that settles a message or puts the look off, with the message as it stands after it."""


@dataclass(frozen=True, kw_only=True)
class Settler:
    """Everything a pass needs. The caller holds the lock that says there is one at a time."""

    begin: Begin
    clock: Clock
    policy: Policy
    look: Look
    on_settled: OnSettled


def settle_due(settler: Settler, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Look for every `unknown` message whose look is due; returns how many were settled."""
    with settler.begin() as conn:
        due = _due(conn, settler.clock())
    settled = 0
    for message in due:
        if not go_on():
            break
        settled += _settle(settler, message)
    return settled


def _due(conn: Connection, now: datetime) -> tuple[Message, ...]:
    query = sa.select(messages).where(
        messages.c.state == State.UNKNOWN.value, messages.c.next_attempt_at <= format_utc(now)
    )
    return tuple(as_message(row) for row in conn.execute(query.order_by(messages.c.next_attempt_at, messages.c.id)))


def _settle(settler: Settler, message: Message) -> bool:
    looked = _look(settler, message)
    now = settler.clock()
    unknown_at = message.unknown_at or message.updated_at
    settlement = decide_unknown(looked, settler.policy, unknown_at=unknown_at, now=now)
    try:
        with settler.begin() as conn:
            after = _apply(conn, message, looked, settlement, now)
            settler.on_settled(conn, after, settlement)
    except GateError:
        logger.info("unknown message was settled meanwhile", extra={"message_row": message.id})
        return False
    logger.info("unknown message looked for", extra={"message_row": message.id, "step": settlement.step.value})
    return settlement.step in (Step.SENT, Step.RESEND)


def _look(settler: Settler, message: Message) -> Looked:
    if message.reason == Reason.NOT_RECORDED.value:  # it left: only what the caller had to write with it was missing
        return Looked(found=Evidence.REPLY)
    with settler.begin() as conn:
        again = left_before(conn, message)
    return Looked(unreached=EARLIER_COPY) if again else settler.look(message)


def _apply(conn: Connection, message: Message, looked: Looked, settlement: Settlement, now: datetime) -> Message:
    if settlement.step is Step.SENT:
        return settle(conn, message.id, sent=True, now=now, evidence=looked.found or Evidence.COPY)
    if settlement.step is Step.RESEND:
        return settle(conn, message.id, sent=False, now=now, evidence=Evidence.ABSENCE)
    assert settlement.next_look is not None
    look_again(conn, message, at=settlement.next_look, unreached=looked.unreached, where=looked.where, now=now)
    return message
