"""From due rows to the mail server and back: claim, send, record.

    1. claim     one transaction: queued -> sending            durable: "it may be under way"
    2. send      no transaction open                           durable at the server, if it says so
    3. record    one transaction: sending -> what became of it, and the caller's own follow-up

A crash between 1 and 3 leaves `sending`. The next pass turns that into `unknown` before it sends anything, and
`unknown` is settled by evidence (`settling`): nothing is sent twice blindly. One message at a time, over one connection
for a pass. After an attempt that says something of the server and not of the message, the queue stands still for a
while (`standstill`), whoever asks.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from agreements.errors import IntegrityError, NotFoundError, TemporaryError
from agreements.ports import Blobs, Clock
from outbox.attempts import claim, next_due, put_off, record_outcome, recover_interrupted
from outbox.history import History, list_latest
from outbox.messages import Begin, Connection, Message, withdraw
from outbox.outcome import Outcome, Phase, Reason, Result, stops_the_queue
from outbox.pace import MAX_PER_MINUTE, WINDOW, Pace
from outbox.smtp import Envelope, Session, SmtpServer
from outbox.standstill import LOOK_BACK, Standstill, find_standstill

logger = logging.getLogger(__name__)

PUT_OFF_AT_LEAST = timedelta(minutes=1)  # so that a permit that names the past does not make a loop
AT_MOST = 100  # messages in one pass, so that the caller is asked now and then whether to go on
RECORD_TRIES = 3  # the caller's follow-up may lose a compare-and-set against a person at the same case

OnOutcome: TypeAlias = Callable[[Connection, Message, Outcome], None]
"""Called in the transaction that records an outcome, with the message as it stands after it."""


class Leave(StrEnum):
    """Whether a message that is due may leave now."""

    GO = "go"
    WAIT = "wait"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Permit:
    """The caller's word on a message that is due. `reason`: a code, for what does not go."""

    leave: Leave = Leave.GO
    until: datetime | None = None
    """With `WAIT`: when it is due again."""
    reason: str = ""

    @classmethod
    def wait(cls, until: datetime, reason: str) -> "Permit":
        """Not now, but `until` then."""
        return cls(leave=Leave.WAIT, until=until, reason=reason)

    @classmethod
    def withdraw(cls, reason: str) -> "Permit":
        """Not at all: it is no longer wanted."""
        return cls(leave=Leave.WITHDRAW, reason=reason)


GO: Final = Permit()
AskPermit: TypeAlias = Callable[[Connection, Message, datetime], Permit]
"""Asked in the transaction that would claim the message; what it writes is committed with the claim."""


def always_go(_conn: Connection, _message: Message, _now: datetime) -> Permit:
    """The permit of those who have no rules of their own."""
    return GO


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What one pass did."""

    attempted: int
    """Messages claimed and tried."""
    resume_at: datetime | None
    """When to come again because the pace or a standstill says wait; None: neither does."""
    stopped: str | None = None
    """Why the server takes nothing from us, by the last attempt: one of `Reason`. None: it does, or nobody asked."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Everything a pass needs. One pass at a time for each database: the caller holds the lock that says so."""

    begin: Begin
    blobs: Blobs
    server: SmtpServer
    clock: Clock
    on_outcome: OnOutcome
    permit: AskPermit = always_go
    pace: Pace = field(default_factory=Pace)


def deliver_due(sender: Sender, *, at_most: int = AT_MOST, go_on: Callable[[], bool] = lambda: True) -> Pass:
    """Send what is due, oldest first, until nothing is, the pace is used up, or the server is not to be had.

    `go_on` is asked before every message.

    Interrupted attempts of an earlier process become `unknown` first. Raises what the store or `on_outcome` raises,
    after the outcome is written as far as it can be.
    """
    still = _begin_pass(sender)
    if still is not None and sender.clock() < still.until:
        return Pass(attempted=0, resume_at=still.until, stopped=still.reason)
    with Session(sender.server) as session:
        for attempted in range(at_most):
            now = sender.clock()
            free_at = sender.pace.free_at(now)
            message = _claim(sender, now) if go_on() and free_at <= now else None
            if message is None:
                return _pass(attempted, still, resume_at=free_at if free_at > now else None)
            sender.pace.use(now)
            outcome = _attempt(sender, session, message)
            _record(sender, message, outcome)
            if outcome.phase is not Phase.PREPARE:  # else nobody was asked
                still = _still_after(sender, outcome)
            if still is not None and now < still.until:
                return _pass(attempted + 1, still, resume_at=still.until)
    return _pass(at_most, still, resume_at=None)


def _pass(attempted: int, still: Standstill | None, *, resume_at: datetime | None) -> Pass:
    return Pass(attempted=attempted, resume_at=resume_at, stopped=None if still is None else still.reason)


def _still_after(sender: Sender, outcome: Outcome) -> Standstill | None:
    if not stops_the_queue(outcome.phase, outcome.reason):
        return None
    with sender.begin() as conn:
        return _read_standstill(conn)


def _read_standstill(conn: Connection) -> Standstill | None:
    return find_standstill(list_latest(conn, (History.ATTEMPT, History.REQUEUED), at_most=LOOK_BACK))


def read_pace(conn: Connection, per_minute: int, *, now: datetime) -> Pace:
    """A pace that knows what left in the last minute: an earlier process may have used it up."""
    lately = list_latest(conn, (History.ATTEMPT, History.INTERRUPTED), at_most=MAX_PER_MINUTE)
    return Pace(per_minute, before=[entry.at for entry in lately if entry.at + WINDOW > now])


def _claim(sender: Sender, now: datetime) -> Message | None:
    """The next message that is due and may leave; what may not is put off or withdrawn on the way."""
    while True:
        with sender.begin() as conn:
            due = next_due(conn, now)
            if due is None:
                return None
            permit = sender.permit(conn, due, now)
            if permit.leave is Leave.GO:
                return claim(conn, due, now)
            if permit.leave is Leave.WITHDRAW:
                withdraw(conn, due.id, reason=permit.reason, now=now)
            else:
                until = max(permit.until or now, now + PUT_OFF_AT_LEAST)
                put_off(conn, due, until=until, reason=permit.reason, now=now)


def _begin_pass(sender: Sender) -> Standstill | None:
    """Report what an earlier process left under way; whether the queue stands still."""
    outcome = Outcome(result=Result.UNKNOWN, phase=Phase.AFTER_DOT, reason=Reason.INTERRUPTED)
    with sender.begin() as conn:
        for message in recover_interrupted(conn, sender.clock()):
            logger.warning("interrupted message is unknown", extra={"message_row": message.id})
            sender.on_outcome(conn, message, outcome)
        return _read_standstill(conn)


def _attempt(sender: Sender, session: Session, message: Message) -> Outcome:
    try:
        data = sender.blobs.read(message.sha256)
    except IntegrityError:
        return _unprepared(Result.BLOCKED, Reason.BYTES_DAMAGED)
    except NotFoundError:
        return _unprepared(Result.BLOCKED, Reason.BYTES_MISSING)
    except (OSError, TemporaryError):
        return _unprepared(Result.RETRY, Reason.BYTES_UNREADABLE)
    envelope = Envelope(
        sender=message.sender,
        recipient=message.recipient,
        copy_to=message.copy_to,
        envelope_id=message.envelope_id,
    )
    try:
        return session.deliver(envelope, data)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not leave the row as `sending`
        fields = {"message_row": message.id, "error": type(error).__name__}
        logger.error("delivery failed in our own code", extra=fields)  # noqa: TRY400 - a traceback may quote the mail
        result = Result.UNKNOWN if session.phase is Phase.AFTER_DOT else Result.RETRY
        return Outcome(result=result, phase=session.phase, reason=Reason.INTERNAL)


def _unprepared(result: Result, reason: Reason) -> Outcome:
    return Outcome(result=result, phase=Phase.PREPARE, reason=reason)


def _record(sender: Sender, message: Message, outcome: Outcome) -> None:
    for tries_left in reversed(range(RECORD_TRIES)):
        try:
            with sender.begin() as conn:
                after = record_outcome(conn, message, outcome, now=sender.clock())
                sender.on_outcome(conn, after, outcome)
        except Exception as error:
            fields = {"message_row": message.id, "error": type(error).__name__}
            logger.error("outcome not recorded", extra=fields)  # noqa: TRY400 - a traceback may quote the case
            if not tries_left:
                _record_alone(sender, message, outcome)
                raise
        else:
            _log(after, outcome)
            return


def _record_alone(sender: Sender, message: Message, outcome: Outcome) -> None:
    """Without the caller's follow-up, which failed.

    "Sent" would then be true of the row and unknown to the case: a person settles it, with the reply at hand.
    """
    if outcome.result is Result.SENT:
        outcome = replace(outcome, result=Result.UNKNOWN, reason=Reason.NOT_RECORDED)
    with sender.begin() as conn:
        record_outcome(conn, message, outcome, now=sender.clock())


def _log(message: Message, outcome: Outcome) -> None:
    fields = {"message_row": message.id, "state": message.state.value, "attempt": message.attempts}
    if outcome.result is Result.SENT:
        logger.info("message sent", extra=fields)
    else:
        logger.warning("message not sent", extra=fields | {"phase": outcome.phase.value, "reason": outcome.reason})
