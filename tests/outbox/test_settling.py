"""What becomes of a message of which nobody knows whether it left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.attempts import claim_due, record_outcome
from outbox.evidence import Action, Evidence, Report, record_report
from outbox.history import History, list_history
from outbox.messages import Begin, Connection, Message, enqueue, list_messages, retry, settle
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.settle_pass import EARLIER_COPY, Settler, settle_due
from outbox.settling import COPY_WAIT, LOOKS, WAIT_AT_MOST, Looked, Policy, Settlement, Step, decide_unknown
from outbox.states import State
from tests.outbox.outbox_kit import NOON, Hands, new_message

UNKNOWN = Outcome(result=Result.UNKNOWN, phase=Phase.AFTER_DOT, reason=Reason.NO_FINAL_REPLY)
FOUND, MISSING = Looked(found=Evidence.COPY), Looked()
UNREACHED = Looked(unreached="mailbox_unavailable")

AGES = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30))
LOOKED = st.sampled_from([FOUND, MISSING, UNREACHED, Looked(found=Evidence.SENT_FOLDER, unreached="x")])


def decide(looked: Looked, policy: Policy, age: timedelta) -> Settlement:
    return decide_unknown(looked, policy, unknown_at=NOON, now=NOON + age)


@given(policy=st.sampled_from(Policy), looked=LOOKED, age=AGES)
def test_it_is_sent_if_and_only_if_it_was_found_and_else_looked_for_again(
    policy: Policy, looked: Looked, age: timedelta
) -> None:
    settlement = decide(looked, policy, age)
    assert (settlement.step is Step.SENT) == (looked.found is not None)
    if settlement.step in (Step.WAIT, Step.ASK):
        assert settlement.next_look is not None
        assert settlement.next_look > NOON + age
    else:
        assert settlement.next_look is None


@given(policy=st.sampled_from(Policy), looked=LOOKED, age=AGES)
def test_it_is_sent_again_only_by_policy_after_the_wait_and_when_every_place_was_looked_into(
    policy: Policy, looked: Looked, age: timedelta
) -> None:
    again = policy is Policy.RESEND and age >= COPY_WAIT and looked == MISSING
    assert (decide(looked, policy, age).step is Step.RESEND) == again


@pytest.mark.parametrize("policy", list(Policy))
def test_a_place_that_cannot_be_reached_lets_nobody_conclude_anything(policy: Policy) -> None:
    assert decide(UNREACHED, policy, COPY_WAIT).step is Step.ASK


def test_one_who_waits_asks_a_person_after_five_days() -> None:
    assert decide(MISSING, Policy.WAIT, WAIT_AT_MOST - timedelta(seconds=1)).step is Step.WAIT
    assert decide(MISSING, Policy.WAIT, WAIT_AT_MOST).step is Step.ASK


def test_looks_come_at_once_after_one_five_and_ten_minutes_and_then_hourly() -> None:
    at, looks = NOON, list[timedelta]()
    for _ in range(6):
        looks.append(at - NOON)
        at = decide(MISSING, Policy.ASK, at - NOON).next_look or at
    assert looks == [*LOOKS, COPY_WAIT + timedelta(hours=1), COPY_WAIT + timedelta(hours=2)]


# --- the pass ---------------------------------------------------------------------------------------------------------


@dataclass
class Place:
    """Stands for the mailbox in which copies lie."""

    answer: Looked = MISSING
    asked: int = 0

    def __call__(self, message: Message) -> Looked:
        assert message.state is State.UNKNOWN
        self.asked += 1
        return self.answer


@dataclass
class Told:
    """Stands for the roof."""

    steps: list[tuple[Step, State]] = field(default_factory=list)

    def __call__(self, conn: Connection, message: Message, settlement: Settlement) -> None:
        self.steps.append((settlement.step, message.state))


def unknown(begin: Begin, key: str = "forward:A") -> Message:
    with begin() as conn:
        enqueue(conn, new_message(key), now=NOON)
        claimed = claim_due(conn, NOON)
        assert claimed is not None
        return record_outcome(conn, claimed, UNKNOWN, now=NOON)


def settler(begin: Begin, place: Place, told: Told, clock: Hands, policy: Policy = Policy.ASK) -> Settler:
    return Settler(begin=begin, clock=clock, policy=policy, look=place, on_settled=told)


def states(begin: Begin) -> list[State]:
    with begin() as conn:
        return [message.state for message in list_messages(conn)]


def test_what_is_found_is_sent_with_the_roof_told_in_the_same_transaction(begin: Begin) -> None:
    unknown(begin)
    told = Told()
    assert settle_due(settler(begin, Place(FOUND), told, Hands())) == 1
    assert (states(begin), told.steps) == ([State.SENT], [(Step.SENT, State.SENT)])


def test_nothing_is_looked_for_before_its_time(begin: Begin) -> None:
    unknown(begin)
    place, clock = Place(), Hands()
    for minutes, asked in ((0, 1), (0, 1), (1, 2), (3, 2), (5, 3), (9, 3), (10, 4), (60, 4), (70, 5)):
        clock.now = NOON + timedelta(minutes=minutes)
        settle_due(settler(begin, place, Told(), clock))
        assert place.asked == asked
    assert states(begin) == [State.UNKNOWN]


def test_what_is_missing_after_the_wait_is_queued_again_and_its_history_says_why(begin: Begin) -> None:
    message = unknown(begin)
    told, clock = Told(), Hands(now=NOON + COPY_WAIT)
    assert settle_due(settler(begin, Place(), told, clock, Policy.RESEND)) == 1
    assert (states(begin), told.steps) == ([State.QUEUED], [(Step.RESEND, State.QUEUED)])
    with begin() as conn:
        last = list_history(conn, message.id)[-1]
        (row,) = list_messages(conn)
    assert (last.kind, last.reason) == (History.SETTLED, Evidence.ABSENCE)
    assert (row.message_id, row.sha256) == (message.message_id, message.sha256)


def test_where_an_earlier_attempt_left_its_copy_is_never_taken_for_the_last_ones(begin: Begin) -> None:
    message = unknown(begin)
    with begin() as conn:
        record_report(conn, message.id, Report(action=Action.FAILED, text="5.1.1"), now=NOON)
        retry(conn, message.id, now=NOON)
        claimed = claim_due(conn, NOON)
        assert claimed is not None
        record_outcome(conn, claimed, UNKNOWN, now=NOON)
    place = Place(FOUND)
    assert settle_due(settler(begin, place, Told(), Hands(now=NOON + COPY_WAIT), Policy.RESEND)) == 0
    assert (states(begin), place.asked) == ([State.UNKNOWN], 0)
    with begin() as conn:
        assert list_history(conn, message.id)[-1].reason == EARLIER_COPY


def test_a_person_who_settles_while_we_look_was_first_and_the_others_are_settled_all_the_same(begin: Begin) -> None:
    first, _second = unknown(begin, "A"), unknown(begin, "B")

    class Busy(Place):
        def __call__(self, message: Message) -> Looked:
            if message.id == first.id:
                with begin() as conn:
                    settle(conn, first.id, sent=False, now=NOON)
            return super().__call__(message)

    told = Told()
    assert settle_due(settler(begin, Busy(FOUND), told, Hands())) == 1
    assert (states(begin), len(told.steps)) == ([State.QUEUED, State.SENT], 1)


def test_no_transaction_is_open_while_it_is_looked_for(begin: Begin) -> None:
    unknown(begin)
    open_now = list[int]()

    @contextmanager
    def counting() -> Iterator[Connection]:
        open_now.append(1)
        with begin() as conn:
            yield conn
        open_now.pop()

    class Watching(Place):
        def __call__(self, message: Message) -> Looked:
            assert not open_now
            return super().__call__(message)

    place = Watching(FOUND)
    assert settle_due(settler(counting, place, Told(), Hands())) == 1
    assert place.asked == 1


def test_a_roof_that_fails_settles_nothing(begin: Begin) -> None:
    unknown(begin)

    def fails(_conn: Connection, _message: Message, _settlement: Settlement) -> None:
        raise RuntimeError

    broken = Settler(begin=begin, clock=Hands(), policy=Policy.ASK, look=Place(FOUND), on_settled=fails)
    with pytest.raises(RuntimeError):
        settle_due(broken)
    assert states(begin) == [State.UNKNOWN]
