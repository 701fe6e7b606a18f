"""The states of a message and the moves between them.

(new)   ─> queued | held | draft
queued  ─> sending              claimed
sending ─> sent                 the server said so
        ─> queued               did not leave: later again
        ─> gave_up              did not leave in five days
        ─> blocked              did not leave: a person must change something
        ─> unknown              may have left: a person settles
unknown ─> sent | queued        a person says "it left" or "send again"
held, blocked, gave_up ─> queued    a person says "now"
draft   ─> nowhere              written and kept; nothing sends it (docs/adr/0021)
"""

from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a message stands. `delivered` and `failed_later` await delivery reports: nothing moves there yet."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_LATER = "failed_later"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    HELD = "held"
    GAVE_UP = "gave_up"
    DRAFT = "draft"
    """Of the letters to organisations, which are not sent yet: to be read, and sent by hand."""


WAITING_FOR_A_PERSON = frozenset({State.UNKNOWN, State.BLOCKED, State.HELD, State.GAVE_UP})

MOVES = MappingProxyType(
    {
        State.QUEUED: frozenset({State.SENDING}),
        State.SENDING: frozenset({State.SENT, State.QUEUED, State.BLOCKED, State.GAVE_UP, State.UNKNOWN}),
        State.UNKNOWN: frozenset({State.SENT, State.QUEUED}),
        State.BLOCKED: frozenset({State.QUEUED}),
        State.HELD: frozenset({State.QUEUED}),
        State.GAVE_UP: frozenset({State.QUEUED}),
        State.SENT: frozenset[State](),
        State.DELIVERED: frozenset[State](),
        State.FAILED_LATER: frozenset[State](),
        State.DRAFT: frozenset[State](),
    }
)
"""Every allowed move. Nothing leads out of `sent`: what a server took is never queued again."""
