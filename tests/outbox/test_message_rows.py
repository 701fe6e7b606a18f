"""The rows: written once for each intent, moved only as the table of moves says."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreements.errors import AvtaleError, GateError, NotFoundError, UsageError
from outbox.attempts import claim_due, record_outcome, recover_interrupted
from outbox.evidence import Action, Evidence, Report, record_copy_seen, record_report
from outbox.history import list_history
from outbox.messages import (
    Begin,
    Connection,
    Message,
    NewMessage,
    enqueue,
    find,
    list_messages,
    metadata,
    release,
    retry,
    settle,
    withdraw,
)
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.states import MOVES, State
from tests.outbox.outbox_kit import NOON, RECIPIENT, SENDER, beginning, new_message, sqlite_engine

SENT = Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply="250 2.0.0 Ok: queued as 1")
RETRY = Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.CONNECT_FAILED)
BLOCKED = Outcome(
    result=Result.BLOCKED, phase=Phase.BEFORE_DATA, reason=Reason.RECIPIENT_REFUSED, reply="550 5.1.1 no such user"
)
UNKNOWN = Outcome(result=Result.UNKNOWN, phase=Phase.AFTER_DOT, reason=Reason.NO_FINAL_REPLY)
LATER = NOON + timedelta(minutes=10)


def put(begin: Begin, key: str = "forward:A", *, hold: str | None = None, now: datetime = NOON) -> int:
    with begin() as conn:
        row = enqueue(conn, new_message(key, hold=hold), now=now)
    assert row is not None
    return row


def claim(begin: Begin, now: datetime = NOON) -> Message:
    with begin() as conn:
        message = claim_due(conn, now)
    assert message is not None
    return message


def attempt(begin: Begin, outcome: Outcome, now: datetime = NOON) -> Message:
    message = claim(begin, now)
    with begin() as conn:
        return record_outcome(conn, message, outcome, now=now)


def current(begin: Begin, row: int) -> Message:
    with begin() as conn:
        message = find(conn, row)
    assert message is not None
    return message


def test_an_enqueued_message_is_due_at_once_and_carries_everything(begin: Begin) -> None:
    row = put(begin)
    message = current(begin, row)
    assert (message.id, message.state, message.attempts, message.next_attempt_at) == (row, State.QUEUED, 0, NOON)
    assert (message.purpose, message.case_number, message.agreement) == (
        "forward",
        "DA-2026-000042-J",
        "DA-2026-000042-J.1",
    )
    assert (message.sender, message.recipient) == (SENDER, RECIPIENT)
    assert message.message_id == new_message("forward:A").message_id
    assert message.sha256 == new_message("forward:A").sha256
    assert len(message.envelope_id) == 32
    assert message.created_at == message.queued_at == message.updated_at == NOON
    assert (message.phase, message.reply, message.reason, message.sent_at) == (None, None, None, None)


def test_a_second_enqueue_with_the_same_key_is_nothing(begin: Begin) -> None:
    row = put(begin)
    with begin() as conn:
        other = NewMessage(
            purpose="other",
            idempotency_key="forward:A",
            message_id="<other@example.org>",
            sender=SENDER,
            recipient=RECIPIENT,
            sha256="0",
            size=1,
        )
        assert enqueue(conn, other, now=LATER) is None
        assert [message.id for message in list_messages(conn)] == [row]
    assert current(begin, row).purpose == "forward"


def test_another_message_under_a_taken_message_id_is_refused_and_not_lost_in_silence(begin: Begin) -> None:
    put(begin)
    with begin() as conn, pytest.raises(UsageError) as refused:
        enqueue(conn, replace(new_message("forward:A"), idempotency_key="forward:B"), now=NOON)
    assert refused.value.code == "message_id_taken"


def test_a_message_that_was_sent_is_not_enqueued_again(begin: Begin) -> None:
    put(begin)
    attempt(begin, SENT)
    with begin() as conn:
        assert enqueue(conn, new_message("forward:A"), now=LATER) is None
        assert claim_due(conn, LATER) is None


def test_many_at_once_enqueue_the_same_intent_once(begin: Begin) -> None:
    def once(_: int) -> int | None:
        with begin() as conn:
            return enqueue(conn, new_message("forward:A"), now=NOON)

    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(once, range(16)))
    assert len([row for row in rows if row is not None]) == 1


def test_what_the_caller_rolls_back_was_never_enqueued(begin: Begin) -> None:
    def fail() -> None:
        with begin() as conn:
            enqueue(conn, new_message(), now=NOON)
            raise OSError("the caller failed")

    with pytest.raises(OSError, match="the caller failed"):
        fail()
    with begin() as conn:
        assert list_messages(conn) == ()


@pytest.mark.parametrize("address", ["", "a@b\r\nRCPT TO:<c@d>", "Kari <kari@example.org>"])
def test_a_message_to_or_from_what_is_no_address_is_never_enqueued(address: str) -> None:
    for place in ("sender", "recipient"):
        addresses: dict[str, Any] = {"sender": SENDER, "recipient": RECIPIENT, place: address}
        with pytest.raises(UsageError):
            NewMessage(purpose="x", idempotency_key="x", message_id="<x@y>", sha256="0", size=1, **addresses)


def test_the_message_due_longest_is_claimed_first_and_future_ones_wait(begin: Begin) -> None:
    late, early = put(begin, "late", now=LATER), put(begin, "early")
    assert claim(begin).id == early
    with begin() as conn:
        assert claim_due(conn, NOON) is None
    assert claim(begin, LATER).id == late


def test_no_message_is_claimed_by_two(begin: Begin) -> None:
    for number in range(10):
        put(begin, f"forward:{number}")

    def take(_: int) -> int | None:
        with begin() as conn:
            message = claim_due(conn, NOON)
        return message.id if message else None

    with ThreadPoolExecutor(8) as pool:
        taken = [row for row in pool.map(take, range(30)) if row is not None]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 10


def test_a_sent_message_keeps_the_servers_reply_and_its_time(begin: Begin) -> None:
    put(begin)
    message = attempt(begin, SENT, LATER)
    assert (message.state, message.reply, message.phase, message.sent_at, message.attempts) == (
        State.SENT,
        "250 2.0.0 Ok: queued as 1",
        Phase.AFTER_DOT,
        LATER,
        1,
    )


def test_a_message_that_did_not_leave_waits_longer_each_time(begin: Begin) -> None:
    put(begin)
    first = attempt(begin, RETRY)
    assert (first.state, first.backoff_step, first.reason) == (State.QUEUED, 1, Reason.CONNECT_FAILED)
    assert timedelta(minutes=0.8) <= first.next_attempt_at - NOON <= timedelta(minutes=1.2)
    with begin() as conn:
        assert claim_due(conn, NOON) is None
    second = attempt(begin, RETRY, LATER)
    assert timedelta(minutes=1.6) <= second.next_attempt_at - LATER <= timedelta(minutes=2.4)
    assert second.attempts == 2


def test_a_message_is_given_up_after_five_days_and_gets_five_new_ones_from_a_person(begin: Begin) -> None:
    row = put(begin)
    much_later = NOON + timedelta(days=4, hours=23, minutes=59, seconds=30)
    assert attempt(begin, RETRY, much_later).state is State.GAVE_UP
    with begin() as conn:
        again = retry(conn, row, now=much_later)
    assert (again.state, again.next_attempt_at, again.backoff_step, again.attempts) == (
        State.QUEUED,
        much_later,
        0,
        1,
    )
    assert attempt(begin, RETRY, much_later).state is State.QUEUED


def test_a_blocked_message_waits_for_a_person_with_its_reason(begin: Begin) -> None:
    row = put(begin)
    blocked = attempt(begin, BLOCKED)
    assert (blocked.state, blocked.reason, blocked.reply) == (
        State.BLOCKED,
        Reason.RECIPIENT_REFUSED,
        "550 5.1.1 no such user",
    )
    with begin() as conn:
        assert claim_due(conn, NOON + timedelta(days=30)) is None
        retry(conn, row, now=LATER)
    assert attempt(begin, SENT, LATER).state is State.SENT


def test_a_held_message_is_not_sent_until_it_is_released(begin: Begin) -> None:
    row = put(begin, hold="national_id")
    held = current(begin, row)
    assert (held.state, held.reason) == (State.HELD, "national_id")
    with begin() as conn:
        assert claim_due(conn, NOON + timedelta(days=30)) is None
        release(conn, row, now=LATER)
    assert claim(begin, LATER).id == row


def test_what_was_being_sent_when_the_program_stopped_is_unknown_and_waits(begin: Begin) -> None:
    row, other = put(begin, "A"), put(begin, "B")
    claim(begin)
    with begin() as conn:
        (recovered,) = recover_interrupted(conn, LATER)
        assert recover_interrupted(conn, LATER) == ()
    assert (recovered.id, recovered.state, recovered.reason) == (row, State.UNKNOWN, Reason.INTERRUPTED)
    assert current(begin, other).state is State.QUEUED
    assert claim(begin, LATER).id == other


def test_an_unknown_message_that_left_is_sent_and_never_queued_again(begin: Begin) -> None:
    row = put(begin)
    attempt(begin, UNKNOWN)
    with begin() as conn:
        settled = settle(conn, row, sent=True, now=LATER)
        assert (settled.state, settled.sent_at, settled.evidence) == (State.SENT, LATER, Evidence.PERSON)
        with pytest.raises(GateError):
            settle(conn, row, sent=False, now=LATER)
        assert claim_due(conn, LATER) is None


def test_an_unknown_message_is_sent_again_only_when_a_person_says_so(begin: Begin) -> None:
    row = put(begin)
    attempt(begin, UNKNOWN)
    with begin() as conn:
        assert claim_due(conn, NOON + timedelta(days=30)) is None
        settle(conn, row, sent=False, now=LATER)
    assert claim(begin, LATER).attempts == 2


def test_an_outcome_of_an_earlier_attempt_changes_nothing(begin: Begin) -> None:
    row = put(begin)
    first = claim(begin)
    with begin() as conn:
        recover_interrupted(conn, NOON)
        settle(conn, row, sent=False, now=NOON)
    second = claim(begin)
    with begin() as conn:
        with pytest.raises(GateError) as refused:
            record_outcome(conn, first, SENT, now=LATER)
        assert refused.value.code == "message_state"
        assert record_outcome(conn, second, RETRY, now=LATER).state is State.QUEUED


def test_a_message_that_does_not_exist_is_not_found(begin: Begin) -> None:
    with begin() as conn:
        assert find(conn, 4711) is None
        with pytest.raises(NotFoundError) as missing:
            retry(conn, 4711, now=NOON)
    assert missing.value.code == "message_not_found"


def test_messages_are_listed_by_state_and_by_case(begin: Begin) -> None:
    first, second = put(begin, "A"), put(begin, "B", hold="national_id")
    with begin() as conn:
        assert [message.id for message in list_messages(conn)] == [first, second]
        assert [message.id for message in list_messages(conn, State.HELD)] == [second]
        assert len(list_messages(conn, case_number="DA-2026-000042-J")) == 2
        assert list_messages(conn, State.HELD, case_number="DA-2026-000043-H") == ()


# --- the table of moves, said a second time ---------------------------------------------------------------------------

ALLOWED = {
    ("queued", "sending"),
    ("sending", "sent"),
    ("sending", "queued"),
    ("sending", "gave_up"),
    ("sending", "blocked"),
    ("sending", "unknown"),
    ("unknown", "sent"),
    ("unknown", "queued"),
    ("held", "queued"),
    ("blocked", "queued"),
    ("gave_up", "queued"),
    ("unknown", "delivered"),
    ("unknown", "failed_later"),
    ("sent", "delivered"),
    ("sent", "failed_later"),
    ("delivered", "failed_later"),
    ("failed_later", "queued"),
    ("failed_later", "sent"),
    ("queued", "queued"),
    ("queued", "withdrawn"),
    ("failed_later", "withdrawn"),
    ("held", "withdrawn"),
    ("blocked", "withdrawn"),
    ("gave_up", "withdrawn"),
}


def test_the_table_of_moves_is_the_one_that_was_agreed() -> None:
    assert {(before.value, after.value) for before, afters in MOVES.items() for after in afters} == ALLOWED
    assert set(MOVES) == set(State)


DELIVERED = Report(action=Action.DELIVERED, text="2.0.0")
DELAYED = Report(action=Action.DELAYED, text="4.4.1")
FAILED = Report(action=Action.FAILED, text="5.1.1 550 no such user")
Act = Callable[[Connection, Message, datetime], object]
ACTS: dict[str, Act] = {
    "enqueue again": lambda conn, message, now: enqueue(conn, new_message(message.idempotency_key), now=now),
    "claim": lambda conn, message, now: claim_due(conn, now),
    "sent": lambda conn, message, now: record_outcome(conn, message, SENT, now=now),
    "retry later": lambda conn, message, now: record_outcome(conn, message, RETRY, now=now),
    "blocked": lambda conn, message, now: record_outcome(conn, message, BLOCKED, now=now),
    "unknown": lambda conn, message, now: record_outcome(conn, message, UNKNOWN, now=now),
    "recover": lambda conn, message, now: recover_interrupted(conn, now),
    "settle sent": lambda conn, message, now: settle(conn, message.id, sent=True, now=now),
    "settle resend": lambda conn, message, now: settle(conn, message.id, sent=False, now=now),
    "release": lambda conn, message, now: release(conn, message.id, now=now),
    "retry": lambda conn, message, now: retry(conn, message.id, now=now),
    "withdraw": lambda conn, message, now: withdraw(conn, message.id, reason="returned", now=now),
    "copy": lambda conn, message, now: record_copy_seen(conn, message.id, now=now),
    "delivered": lambda conn, message, now: record_report(conn, message.id, DELIVERED, now=now),
    "delayed": lambda conn, message, now: record_report(conn, message.id, DELAYED, now=now),
    "failed": lambda conn, message, now: record_report(conn, message.id, FAILED, now=now),
}


@settings(max_examples=60)
@given(hold=st.booleans(), acts=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 60)), max_size=25))
def test_whatever_is_done_in_whatever_order_only_allowed_moves_happen(hold: bool, acts: list[tuple[str, int]]) -> None:
    with memory() as conn:
        row = enqueue(conn, new_message(hold="national_id" if hold else None), now=NOON)
        assert row is not None
        message, now, sendings, entries = find(conn, row), NOON, 0, 1
        assert message is not None
        for act, hours in acts:
            now += timedelta(hours=hours)
            refusal = try_to(act, conn, message, now)
            after = find(conn, row)
            assert after is not None
            assert refusal in {None, "message_state"}
            if refusal:
                assert after == message
            told = [message.state, *(entry.state for entry in list_history(conn, row)[entries:])]
            entries += len(told) - 1
            assert all(move in ALLOWED for move in pairwise(map(str, told)) if len(set(move)) == 2)
            assert (told[-1], act) in {(after.state, act), (State.QUEUED, "claim")}  # a claim is told by its outcome
            sendings += after.state is State.SENDING and message.state is not State.SENDING
            assert after.attempts == sendings
            assert (after.sent_at is not None) == (after.state in {State.SENT, State.DELIVERED, State.FAILED_LATER})
            message = after


def try_to(act: str, conn: Connection, message: Message, now: datetime) -> str | None:
    try:
        ACTS[act](conn, message, now)
    except AvtaleError as refused:
        return refused.code
    return None


@contextmanager
def memory() -> Iterator[Connection]:
    engine = sqlite_engine(":memory:")
    metadata.create_all(engine)
    with beginning(engine)() as conn:
        yield conn
    engine.dispose()
