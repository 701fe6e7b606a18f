"""When nobody knows whether a message left: what is done about it, and when. Pure.

    looked for at once, after 1, 5 and 10 minutes, then hourly
    found                                   it left: `sent`, by that evidence
    not found for `COPY_WAIT`, although
    every place could be looked into        by the policy: ask a person, send the same bytes again, or wait
    a place could not be looked into        nobody may conclude anything: it stays `unknown`

Residual risk of `resend`: the copy comes later than `COPY_WAIT`, or there is no place to look at all; then the message
is doubled, byte for byte the same (same Message-ID and Date).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from outbox.evidence import Evidence

COPY_WAIT: Final = timedelta(seconds=600)  # as long as a server may take for its last reply (RFC 5321 4.5.3.2.6)
LOOKS: Final = (timedelta(), timedelta(minutes=1), timedelta(minutes=5), COPY_WAIT)
THEN_EVERY: Final = timedelta(hours=1)
WAIT_AT_MOST: Final = timedelta(days=5)  # as long as a mail system may keep trying (RFC 5321 4.5.4.1)


class Policy(StrEnum):
    """`forward.when_unknown`: what happens when no evidence comes in time."""

    ASK = "ask"
    RESEND = "resend"
    WAIT = "wait"


class Step(StrEnum):
    """What to do with an unknown message now."""

    SENT = "sent"
    RESEND = "resend"
    WAIT = "wait"
    """Look again later; nobody needs to do anything yet."""
    ASK = "ask"
    """Look again later, and tell a person."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look for the message came to."""

    found: Evidence | None = None
    unreached: str | None = None
    """Why a place could not be looked into, as a code; None: all could, or there is none."""
    where: str = ""
    """Each place with what came of it: `avtaler: not_found; avtaler/Sent Items: mailbox_unreachable`."""


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What to do now, and when to look the next time (None: not again)."""

    step: Step
    next_look: datetime | None = None


def decide_unknown(looked: Looked, policy: Policy, *, unknown_at: datetime, now: datetime) -> Settlement:
    """What to do with a message of which nobody has known since `unknown_at` whether it left."""
    if looked.found is not None:
        return Settlement(step=Step.SENT)
    next_look = _next_look(unknown_at, now)
    if now - unknown_at < COPY_WAIT:
        return Settlement(step=Step.WAIT, next_look=next_look)
    if looked.unreached is not None:
        return Settlement(step=Step.ASK, next_look=next_look)
    if policy is Policy.RESEND:
        return Settlement(step=Step.RESEND)
    waits = policy is Policy.WAIT and now - unknown_at < WAIT_AT_MOST
    return Settlement(step=Step.WAIT if waits else Step.ASK, next_look=next_look)


def _next_look(unknown_at: datetime, now: datetime) -> datetime:
    coming = (unknown_at + after for after in LOOKS)
    return next((look for look in coming if look > now), now + THEN_EVERY)
