"""The states of a message and the moves between them.

(new)        ─> queued | held
queued       ─> sending              claimed
sending      ─> sent                 the server said so
             ─> queued               did not leave: later again
             ─> gave_up              did not leave in five days
             ─> blocked              did not leave: a person must change something
             ─> unknown              may have left: settled by evidence, or by a person
unknown      ─> sent | queued        it left, or it is to be sent again
unknown      ─> delivered | failed_later   a mail system reported what became of it
sent         ─> delivered | failed_later   a mail system reported
delivered    ─> failed_later         handed on, and refused further on
queued, held, blocked, gave_up, failed_later ─> queued   a person says "now"
failed_later ─> sent                 a person says that the recipient has it all the same
queued, held, blocked, gave_up       ─> withdrawn     no longer wanted, and never left
failed_later ─> withdrawn            no longer wanted, and did not arrive
"""

from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_LATER = "failed_later"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    HELD = "held"
    GAVE_UP = "gave_up"
    WITHDRAWN = "withdrawn"
    """No longer wanted before it left: a reminder after the return has come."""


WAITING_FOR_A_PERSON = frozenset({State.UNKNOWN, State.BLOCKED, State.HELD, State.GAVE_UP, State.FAILED_LATER})
LEFT = frozenset({State.SENT, State.DELIVERED})
"""The server took it, as far as anybody knows."""
WITHDRAWABLE = (State.QUEUED, State.HELD, State.BLOCKED, State.GAVE_UP)
"""Certainly not left, and not under way."""

MOVES = MappingProxyType(
    {
        State.QUEUED: frozenset({State.SENDING, State.QUEUED, State.WITHDRAWN}),
        State.SENDING: frozenset({State.SENT, State.QUEUED, State.BLOCKED, State.GAVE_UP, State.UNKNOWN}),
        State.UNKNOWN: frozenset({State.SENT, State.QUEUED, State.DELIVERED, State.FAILED_LATER}),
        State.BLOCKED: frozenset({State.QUEUED, State.WITHDRAWN}),
        State.HELD: frozenset({State.QUEUED, State.WITHDRAWN}),
        State.GAVE_UP: frozenset({State.QUEUED, State.WITHDRAWN}),
        State.SENT: frozenset({State.DELIVERED, State.FAILED_LATER}),
        State.DELIVERED: frozenset({State.FAILED_LATER}),
        State.FAILED_LATER: frozenset({State.QUEUED, State.SENT, State.WITHDRAWN}),
        State.WITHDRAWN: frozenset[State](),
    }
)
"""Every allowed move. Nothing leads from `sent` to the queue but a mail system that says it was never delivered."""
