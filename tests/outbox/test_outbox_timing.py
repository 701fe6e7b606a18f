"""When to try again, when to give up, and how many a minute."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.backoff import GIVE_UP_AFTER, STEPS, next_attempt, server_pause
from outbox.history import History, HistoryEntry
from outbox.outcome import Phase, Reason, stops_the_queue
from outbox.pace import WINDOW, Pace
from outbox.standstill import LOOK_BACK, Standstill, find_standstill
from outbox.states import State
from tests.outbox.outbox_kit import NOON

MINUTES = [1, 2, 5, 15, 30, 60, 60, 60]


@pytest.mark.parametrize("step", range(8))
def test_each_wait_is_as_published_within_a_fifth(step: int) -> None:
    due = next_attempt(message_id="<a@example.org>", step=step, queued_at=NOON, now=NOON)
    assert due is not None
    assert timedelta(minutes=MINUTES[step] * 0.8) <= due - NOON <= timedelta(minutes=MINUTES[step] * 1.2)


def test_the_jitter_is_fixed_for_a_message_and_differs_between_messages() -> None:
    times = [next_attempt(message_id=f"<{n}@example.org>", step=5, queued_at=NOON, now=NOON) for n in range(50)]
    again = [next_attempt(message_id=f"<{n}@example.org>", step=5, queued_at=NOON, now=NOON) for n in range(50)]
    assert times == again
    assert len(set(times)) == 50


def test_a_server_that_stays_away_is_tried_about_120_times_in_five_days_and_then_given_up() -> None:
    now, step = NOON, 0
    while (due := next_attempt(message_id="<a@example.org>", step=step, queued_at=NOON, now=now)) is not None:
        assert due > now
        now, step = due, step + 1
    assert now <= NOON + GIVE_UP_AFTER
    assert now > NOON + GIVE_UP_AFTER - timedelta(hours=1.2)
    assert 100 < step < 150


@given(per_minute=st.integers(1, 5), pauses=st.lists(st.integers(0, 40), max_size=60))
def test_no_sixty_seconds_ever_see_more_than_the_pace(per_minute: int, pauses: list[int]) -> None:
    pace, now, left = Pace(per_minute), NOON, []
    for pause in pauses:
        now = max(now + timedelta(seconds=pause), pace.free_at(now + timedelta(seconds=pause)))
        pace.use(now)
        left.append(now)
    for moment in left:
        assert sum(moment <= other < moment + WINDOW for other in left) <= per_minute


def test_a_pace_that_is_not_used_up_is_free_at_once() -> None:
    pace = Pace(2)
    pace.use(NOON)
    assert pace.free_at(NOON) == NOON
    pace.use(NOON)
    assert pace.free_at(NOON) == NOON + WINDOW


def test_no_pace_is_no_limit() -> None:
    pace = Pace(None)
    for _ in range(100):
        pace.use(NOON)
    assert pace.free_at(NOON) == NOON


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Pace(0)


@given(per_minute=st.integers(1, 5), before=st.lists(st.integers(0, 59), max_size=12))
def test_whatever_an_earlier_process_sent_no_sixty_seconds_see_more(per_minute: int, before: list[int]) -> None:
    left = sorted(NOON - timedelta(seconds=seconds) for seconds in before)
    pace = Pace(per_minute, before=reversed(left))
    free = pace.free_at(NOON)
    inside = sum(moment + WINDOW > free for moment in left)
    assert inside < per_minute
    assert free == NOON or sum(moment + WINDOW >= free for moment in left) >= per_minute  # and no later than needed


# --- the server as a whole ------------------------------------------------------------------------------------------


def entry(reason: Reason | None, *, minutes: int = 0, phase: Phase = Phase.CONNECT) -> HistoryEntry:
    return HistoryEntry(
        at=NOON - timedelta(minutes=minutes),
        kind=History.ATTEMPT,
        attempt=1,
        state=State.QUEUED,
        phase=phase,
        reply=None,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("reason", "minutes"),
    [
        (Reason.AUTH_REFUSED, [1, 2, 5, 15, 30, 60, 60]),
        (Reason.TOKEN_FAILED, [1, 2, 5, 15, 30, 60, 60]),
        (Reason.THROTTLED, [1, 2, 5, 5, 5, 5, 5]),
        (Reason.CONNECT_FAILED, [1, 2, 5, 5, 5, 5, 5]),
    ],
)
def test_the_pauses_of_a_server_are_as_published(reason: Reason, minutes: list[int]) -> None:
    assert [server_pause(reason, times) for times in range(1, 8)] == [timedelta(minutes=m) for m in minutes]


def test_the_look_back_is_long_enough_for_the_longest_pause() -> None:
    entries = [entry(Reason.AUTH_REFUSED, minutes=60 * n) for n in range(LOOK_BACK)]
    assert find_standstill(entries) == Standstill(reason="auth_refused", until=NOON + STEPS[-1])


@pytest.mark.parametrize("ends", [entry(None, phase=Phase.AFTER_DOT), entry(Reason.BUSY, phase=Phase.BEFORE_DATA)])
def test_a_word_on_a_message_ends_a_streak(ends: HistoryEntry) -> None:
    refused = entry(Reason.AUTH_REFUSED)
    assert find_standstill([ends, refused]) is None
    assert find_standstill([refused, ends, refused]) == Standstill(reason="auth_refused", until=NOON + STEPS[0])
    assert find_standstill([]) is None


def test_every_fault_of_the_connection_stops_the_queue_and_success_never_does() -> None:
    assert all(stops_the_queue(Phase.CONNECT, reason) for reason in Reason)
    assert not any(stops_the_queue(phase, None) for phase in Phase)
    of_the_message = {Reason.RECIPIENT_REFUSED, Reason.COPY_REFUSED, Reason.CONTENT_REFUSED, Reason.TOO_LARGE}
    assert not any(stops_the_queue(Phase.AFTER_DOT, reason) for reason in of_the_message)
