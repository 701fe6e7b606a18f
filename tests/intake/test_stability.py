"""When a file is taken: after its quiet time, or sooner if it was closed and ends as a PDF does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.stability import (
    FAST_QUIET_SECONDS,
    MAX_WAIT_SECONDS,
    RESERVED_BYTES,
    TAIL_BYTES,
    FileState,
    Observation,
    Readiness,
    is_complete_tail,
    is_reserved_tail,
    observe,
    readiness,
    seconds_to_wait,
)

STATES = st.builds(
    FileState, size=st.integers(0, 3), mtime_ns=st.integers(0, 2), inode=st.integers(1, 2)
)  # few values, so that states repeat
LOOKS = st.lists(st.tuples(st.floats(0, 3), STATES, st.booleans()), min_size=1, max_size=20)
QUIET = 2.0


def watch(looks: list[tuple[float, FileState, bool]]) -> tuple[Observation, float]:
    """What is known after looks that lie these many seconds apart."""
    observation, now = None, 100.0
    for gap, state, closed in looks:
        now += gap
        observation = observe(observation, state, now=now, closed=closed)
    assert observation is not None
    return observation, now


@given(looks=LOOKS, quiet=st.floats(0.5, 5))
def test_nothing_is_taken_that_changed_within_the_quiet_time_unless_it_was_closed(
    looks: list[tuple[float, FileState, bool]], quiet: float
) -> None:
    observation, now = watch(looks)
    last = looks[-1][1]
    same_since, moment = now, now
    for gap, state, _ in reversed(looks):
        if state != last:
            break
        same_since = moment
        moment -= gap
    decision = readiness(observation, now=now, quiet=quiet)
    if decision in (Readiness.TAKE, Readiness.TAKE_UNLESS_RESERVED):
        assert now - same_since >= quiet - 1e-6
    if decision is Readiness.TAKE_IF_COMPLETE:
        assert looks[-1][2]
        assert last.size > 0
        assert now - same_since >= FAST_QUIET_SECONDS - 1e-6


@given(looks=LOOKS, quiet=st.floats(0, 5))
def test_whatever_stops_changing_is_taken_after_the_quiet_time(
    looks: list[tuple[float, FileState, bool]], quiet: float
) -> None:
    observation, now = watch(looks)
    later, latest = now + quiet + 0.001, now + MAX_WAIT_SECONDS + 0.001
    observation = observe(observation, looks[-1][1], now=later, closed=False)
    assert readiness(observation, now=later, quiet=quiet) is Readiness.TAKE_UNLESS_RESERVED
    assert readiness(observation, now=latest, quiet=quiet) is Readiness.TAKE


@given(looks=LOOKS, quiet=st.floats(0.5, 5))
def test_looking_again_when_told_to_is_never_too_late_and_always_gets_further(
    looks: list[tuple[float, FileState, bool]], quiet: float
) -> None:
    observation, now = watch(looks)
    wait = seconds_to_wait(observation, now=now, quiet=quiet)
    assert 0 <= wait <= MAX_WAIT_SECONDS
    if readiness(observation, now=now, quiet=quiet) is Readiness.WAIT:
        assert 0 < wait <= quiet
        assert readiness(observation, now=now + wait + 1e-6, quiet=quiet) is not Readiness.WAIT
        assert readiness(observation, now=now + wait * 0.99, quiet=quiet) is Readiness.WAIT


@given(looks=LOOKS)
def test_the_first_sight_is_remembered_through_all_changes(looks: list[tuple[float, FileState, bool]]) -> None:
    assert watch(looks)[0].first_seen == 100.0 + looks[0][0]


def test_a_file_that_is_written_to_again_is_not_closed_any_more() -> None:
    small, large = (FileState(size=size, mtime_ns=size, inode=1) for size in (1, 2))
    closed = observe(None, small, now=0.0, closed=True)
    assert readiness(closed, now=0.3, quiet=QUIET) is Readiness.TAKE_IF_COMPLETE
    grown = observe(closed, large, now=0.3, closed=False)
    assert readiness(grown, now=1.0, quiet=QUIET) is Readiness.WAIT
    reopened = observe(closed, small, now=0.2, closed=False)
    assert readiness(reopened, now=0.3, quiet=QUIET) is Readiness.WAIT


def test_a_file_that_nobody_closed_has_no_fast_way() -> None:
    seen = observe(None, FileState(size=1, mtime_ns=1, inode=1), now=0.0, closed=False)
    assert readiness(seen, now=1.9, quiet=QUIET) is Readiness.WAIT


def test_an_empty_file_has_no_fast_way() -> None:
    empty = observe(None, FileState(size=0, mtime_ns=1, inode=1), now=0.0, closed=True)
    assert readiness(empty, now=1.9, quiet=QUIET) is Readiness.WAIT
    assert readiness(empty, now=2.0, quiet=QUIET) is Readiness.TAKE_UNLESS_RESERVED


@pytest.mark.parametrize(
    "tail", [b"startxref\n9\n%%EOF", b"x startxref\r\n123\r\n%%EOF\r\n", b"startxref 0 %%EOF \n\n"]
)
def test_the_end_of_a_pdf_is_known(tail: bytes) -> None:
    assert is_complete_tail(tail)


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"startxref\n9\n",
        b"%%EOF\n",
        b"startxref\n9\n%%EOF\n4 0 obj",
        b"startxref\n9\n%%EOF\n" + bytes(100),
        b"startxref\n9\n%%EOF\0",
        bytes(TAIL_BYTES),
        b"startxref\n\n%%EOF\n",
    ],
)
def test_an_end_that_is_cut_off_or_filled_up_with_zeros_is_not_one(tail: bytes) -> None:
    assert not is_complete_tail(tail)


def test_zeros_at_the_end_are_reserved_space_and_a_few_of_them_are_not() -> None:
    assert is_reserved_tail(bytes(TAIL_BYTES))
    assert is_reserved_tail(b"%%EOF" + bytes(RESERVED_BYTES))
    assert not is_reserved_tail(b"%%EOF" + bytes(RESERVED_BYTES - 1))
    assert not is_reserved_tail(b"")


@given(data=st.binary(max_size=TAIL_BYTES))
def test_any_bytes_may_be_a_tail(data: bytes) -> None:
    assert is_complete_tail(data) in {True, False}
