"""A loop that dies or hangs never leaves a process behind that looks well."""

import logging
import threading
import time
from collections.abc import Callable

import pytest

from agreements.errors import AvtaleError
from onboarding.jobs import supervising
from onboarding.jobs.supervising import GoOn, Loop, Watched, supervise

PATIENCE = 20.0


class Pulled(BaseException):
    """What no `except Exception` catches."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "LOOK_SECONDS", 0.02)


def loop(name: str, work: Callable[[GoOn], None], wake: threading.Event | None = None, silent: float = 60) -> Loop:
    return Loop(name=name, work=work, wake=(wake or threading.Event()).set, silent_seconds=silent)


def honest(go_on: GoOn) -> None:
    while go_on():
        time.sleep(0.005)


class Stopping:
    """Sets the event once what was awaited has been seen."""

    def __init__(self, *awaited: Watched) -> None:
        self.stop = threading.Event()
        self.seen: list[Watched] = []
        self._awaited = list(awaited)
        self._deadline = time.monotonic() + PATIENCE

    def attend(self, watched: Watched) -> None:
        assert time.monotonic() < self._deadline, self.seen
        if not self.seen or self.seen[-1] != watched:
            self.seen.append(watched)
        if self._awaited and watched == self._awaited[0]:
            self._awaited.pop(0)
        if not self._awaited:
            self.stop.set()


def dying(fault: BaseException) -> Callable[[GoOn], None]:
    def work(go_on: GoOn) -> None:
        go_on()
        raise fault

    return work


@pytest.mark.parametrize("fault", [Pulled(), SystemExit(0), MemoryError(), AvtaleError("disk_full")])
def test_a_loop_that_dies_ends_the_others_and_is_told(fault: BaseException) -> None:
    told: list[Watched] = []
    ended = threading.Event()

    def other(go_on: GoOn) -> None:
        honest(go_on)
        ended.set()

    with pytest.raises(AvtaleError) as raised:
        supervise([loop("intake", other), loop("outbox", dying(fault))], threading.Event(), told.append)
    assert (raised.value.code, raised.value.exit_code) == ("loop_died", 1)
    assert raised.value.params == {"part": "outbox", "error": type(fault).__name__}
    assert told[-1] == Watched(dead=("outbox",))
    assert ended.is_set()


def test_a_loop_that_ends_unasked_counts_as_dead() -> None:
    with pytest.raises(AvtaleError, match="loop_died"):
        supervise([loop("intake", lambda _: None)], threading.Event(), lambda _: None)


def test_a_loop_that_is_told_to_stop_is_not_dead() -> None:
    watch = Stopping(Watched())
    supervise([loop("intake", honest), loop("outbox", honest)], watch.stop, watch.attend)
    assert watch.seen == [Watched()]


def test_a_silent_loop_is_seen_and_so_is_its_answer() -> None:
    hanging = threading.Event()

    def work(go_on: GoOn) -> None:
        go_on()
        hanging.wait(PATIENCE)
        honest(go_on)

    watch = Stopping(Watched(silent=("intake",)), Watched())
    attend = watch.attend

    def release(watched: Watched) -> None:
        attend(watched)
        if watched.silent:
            hanging.set()

    supervise([loop("intake", work, silent=0.2), loop("outbox", honest)], watch.stop, release)
    assert watch.seen[-2:] == [Watched(silent=("intake",)), Watched()]


def test_a_waiting_loop_is_woken_to_end_at_once() -> None:
    rung = threading.Event()

    def work(go_on: GoOn) -> None:
        while go_on():
            rung.wait(PATIENCE)

    watch = Stopping(Watched())
    began = time.monotonic()
    supervise([loop("intake", work, rung)], watch.stop, watch.attend)
    assert time.monotonic() - began < PATIENCE / 2


def test_a_loop_that_hangs_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.2)
    hanging = threading.Event()
    watch = Stopping(Watched())
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        supervise([loop("outbox", lambda _: assert_waits(hanging))], watch.stop, watch.attend)
    hanging.set()
    assert time.monotonic() - began < PATIENCE / 2
    assert [record.getMessage() for record in caplog.records] == ["a loop was left behind"]


def assert_waits(event: threading.Event) -> None:
    assert event.wait(PATIENCE)
