"""G4, G5: a sender killed, or cut off, at every phase of a thousand messages: none is lost; none doubled with the copy
check, and without it exactly those that were killed between the server's taking them and our writing it down.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import pytest

from outbox.messages import Begin, Message, enqueue, list_messages, metadata
from outbox.states import State
from tests.crash.dropping_relay import Act, Point, Relay, Trap
from tests.outbox.outbox_kit import NOON, RECIPIENT, FolderBlobs, beginning, frozen, sqlite_engine

KILLS = int(os.environ.get("AVTALE_OUTBOX_KILLS", "170"))
"""In each of the two storms; `make crash-long`: 1500."""
DROPS = KILLS // 4
SEED = 6
COPY_BOX = "kopi@example.org"
IN_STOCK = 4
"""Messages that are due at the beginning of each life, at least."""
COMMITS = 6
"""Transactions of a life among which one is chosen to be killed at: a life has about so many."""


@dataclass(kw_only=True)
class Storm:
    """One database, one relay, and a process that forks the lives."""

    begin: Begin
    blobs: FolderBlobs
    relay: Relay
    lives: subprocess.Popen[str]
    copies: bool
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    life: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    window: Counter[str] = field(default_factory=Counter)
    """Message-ID -> how often it was taken without our having written it down."""

    def messages(self) -> tuple[Message, ...]:
        with self.begin() as conn:
            return list_messages(conn)

    def stock(self) -> None:
        """Put as many new messages into the outbox as it takes to have some that are due."""
        with self.begin() as conn:
            queued = len(list_messages(conn, State.QUEUED))
        for number in range(IN_STOCK - queued):
            message, _ = frozen(self.blobs, f"forward:{self.life}-{number}")
            with self.begin() as conn:
                enqueue(conn, replace(message, copy_to=COPY_BOX if self.copies else None), now=NOON)

    def live(self, *, trap: Trap | None = None, commit: int = 0, after: bool = False, at_most: int = 2) -> int:
        """One life; how it ended."""
        self.relay.trap = trap
        taken = len(self.relay.taken)
        order = {
            "life": self.life,
            "commit": commit,
            "after": after,
            "at_most": at_most,
            "copies": self.copies,
        }
        self.life += 1
        assert self.lives.stdin is not None
        assert self.lives.stdout is not None
        self.lives.stdin.write(json.dumps(order) + "\n")
        self.lives.stdin.flush()
        ended = int(self.lives.stdout.readline())
        assert ended in {0, -signal.SIGKILL}
        self.relay.trap = None
        just_taken = {message.message_id for message in self.relay.taken[taken:]}
        if just_taken:
            self.window.update(just_taken & self._not_written_down())
        return ended

    def _not_written_down(self) -> set[str]:
        with self.begin() as conn:
            return {
                message.message_id for state in (State.SENDING, State.UNKNOWN) for message in list_messages(conn, state)
            }

    def rage(self) -> None:
        """Kill and cut off until there were enough of both."""
        points = list(Point)
        while self.killed.total() < KILLS or self.relay.drops < DROPS:
            self.stock()
            if self.killed.total() < KILLS and self.chance.random() < 0.25:
                after = self.chance.random() < 0.5
                commit = self.chance.randint(1, COMMITS)
                if self.live(commit=commit, after=after) == -9:
                    self.killed[f"{'after' if after else 'before'} commit"] += 1
                continue
            act = Act.KILL if self.killed.total() < KILLS and self.chance.random() < 0.75 else Act.DROP
            trap = Trap(point=self.chance.choice(points), act=act, passes=self.chance.choice((0, 0, 1)))
            point = trap.point.value
            if self.live(trap=trap) == -9:
                self.killed[point] += 1

    def calm_down(self) -> None:
        """Live undisturbed until everything has left; how the last ones ended tells of faults of our own."""
        for _ in range(200):
            if all(message.state is State.SENT for message in self.messages()):
                return
            assert self.live(at_most=100) == 0
        raise AssertionError(Counter(message.state for message in self.messages()))


@pytest.fixture(params=[True, False], ids=["with the copy check", "without it"])
def storm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storm]:
    engine = sqlite_engine(tmp_path / "outbox.sqlite")
    metadata.create_all(engine)
    (tmp_path / "blobs").mkdir()
    with Relay(folder=tmp_path) as relay, (tmp_path / "errors").open("w") as errors:
        program = [sys.executable, "-m", "tests.crash.outbox_lives", str(tmp_path / "outbox.sqlite")]
        arguments = [str(tmp_path / "blobs"), str(tmp_path), str(relay.port)]
        with subprocess.Popen(
            [*program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as lives:
            yield Storm(
                begin=beginning(engine),
                blobs=FolderBlobs(tmp_path / "blobs"),
                relay=relay,
                lives=lives,
                copies=request.param,
            )
            assert lives.stdin is not None
            lives.stdin.close()
    engine.dispose()
    assert (tmp_path / "errors").read_text() == ""


@pytest.mark.crash
def test_killed_and_cut_off_at_every_phase_no_message_is_lost_and_none_doubled_but_in_the_window_without_a_copy(
    storm: Storm, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    storm.rage()
    storm.calm_down()
    messages = storm.messages()
    taken = Counter(message.message_id for message in storm.relay.taken if RECIPIENT in message.recipients)
    doubled = {message_id: count - 1 for message_id, count in taken.items() if count > 1}
    assert taken.keys() == {message.message_id for message in messages}
    assert {message.message_id: message.sha256 for message in messages} == {
        message.message_id: message.sha256 for message in storm.relay.taken
    }
    assert doubled == ({} if storm.copies else storm.window)
    assert storm.window  # or nothing was tried
    assert {point.value for point in Point} <= storm.killed.keys()
    tell(capsys, storm, len(messages), doubled, time.monotonic() - began)


def tell(
    capsys: pytest.CaptureFixture[str], storm: Storm, messages: int, doubled: dict[str, Any], seconds: float
) -> None:
    with capsys.disabled():
        out: IO[str] = sys.stdout
        out.write(
            f"\noutbox {'with' if storm.copies else 'without'} the copy check: {storm.killed.total()} kills and "
            f"{storm.relay.drops} dropped connections in {seconds:.0f} s ({len(storm.killed)} kinds of kills), "
            f"{messages} messages, 0 lost, {sum(storm.window.values())} stopped in the window, "
            f"{sum(doubled.values())} doubled\n"
        )
