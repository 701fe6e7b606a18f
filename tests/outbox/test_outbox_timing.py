"""When to try again, when to give up, and how many a minute."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.backoff import GIVE_UP_AFTER, next_attempt
from outbox.pace import WINDOW, Pace
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
