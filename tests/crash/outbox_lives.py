"""Many short lives of a sender: DATABASE BLOBS FOLDER PORT. Each line on stdin is an order for one life, as JSON; each
ends with a line on stdout that says how it ended.

A life is forked from a process that has imported everything, knows its SQL by heart and has no file open: a thousand of
them take half a minute.
"""

import gc
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from outbox.attempts import claim_due, record_outcome, recover_interrupted
from outbox.evidence import Evidence
from outbox.messages import Begin, Connection, Message, enqueue, metadata, settle
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.pace import Pace
from outbox.sending import Sender, deliver_due
from outbox.settle_pass import Settler, settle_due
from outbox.settling import Looked, Policy, Settlement
from outbox.smtp import SmtpServer
from outbox.states import State
from tests.outbox.mail_servers import QUICK
from tests.outbox.outbox_kit import NOON, FolderBlobs, Hands, beginning, new_message, prepared

BETWEEN_LIVES = timedelta(minutes=11)
"""By the lives' own clock: longer than a copy is waited for."""


@dataclass(kw_only=True)
class Commits:
    """Kills its own process before or after one of its transactions is committed."""

    begin: Begin
    at: int
    """Which one, counted from 1; 0: none."""
    after: bool
    seen: int = 0

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        self.seen += 1
        with self.begin() as conn:
            yield conn
            if self.seen == self.at and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all lives have in common."""

    begin: Begin
    blobs: Path
    folder: Path
    port: int


def live(order: dict[str, Any], stage: Stage) -> None:
    (stage.folder / "pid").write_text(str(os.getpid()))
    commits = Commits(begin=stage.begin, at=order["commit"], after=order["after"])
    clock = Hands(now=NOON + order["life"] * BETWEEN_LIVES)
    copies = stage.folder / "copies" if order["copies"] else None
    settler = Settler(
        begin=commits,
        clock=clock,
        policy=Policy.RESEND,
        look=lambda message: look(message, copies),
        on_settled=nothing_settled,
    )
    sender = Sender(
        begin=commits,
        blobs=FolderBlobs(stage.blobs),
        server=SmtpServer(host="127.0.0.1", port=stage.port, tls="none", timeouts=QUICK),
        clock=clock,
        on_outcome=nothing_sent,
        pace=Pace(None),
    )
    settle_due(settler)
    deliver_due(sender, at_most=order["at_most"])


def look(message: Message, copies: Path | None) -> Looked:
    """In the box of copies, if there is one; without one there is nowhere to look."""
    found = copies is not None and message.message_id in copies.read_text().split()
    return Looked(found=Evidence.COPY if found else None)


def nothing_settled(_conn: Connection, _message: Message, _settlement: Settlement) -> None:
    """No case follows here."""


def nothing_sent(_conn: Connection, _message: Message, _outcome: Outcome) -> None:
    """No case follows here."""


def rehearse(engine: sa.Engine) -> None:
    """Have every statement of a life compiled once, on a database that is thrown away."""
    begin, message = beginning(engine), new_message(data=b"-")
    with begin() as conn:
        metadata.create_all(conn)
        row = enqueue(conn, message, now=NOON)
        assert row is not None
    for outcome in (
        Outcome(result=Result.RETRY, phase=Phase.CONNECT, reason=Reason.CONNECT_FAILED),
        Outcome(result=Result.UNKNOWN, phase=Phase.AFTER_DOT, reason=Reason.NO_FINAL_REPLY),
        Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply="250 ok"),
    ):
        with begin() as conn:
            claimed = claim_due(conn, NOON + timedelta(hours=1))
            assert claimed is not None
            after = record_outcome(conn, claimed, outcome, now=NOON)
            if after.state is State.UNKNOWN:
                settle(conn, row, sent=False, now=NOON, evidence=Evidence.ABSENCE)
    with begin() as conn:
        recover_interrupted(conn, NOON)
    settler = Settler(
        begin=begin,
        clock=Hands(),
        policy=Policy.RESEND,
        look=lambda message: look(message, None),
        on_settled=nothing_settled,
    )
    settle_due(settler)


def main(database: str, blobs: str, folder: str, port: str) -> None:
    logging.disable()  # what is on stderr is a fault
    place = [str(Path(folder) / "rehearsal.sqlite")]
    engine = prepared(sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(place[0], timeout=30)))
    rehearse(engine)
    engine.dispose()
    place[0] = database
    stage = Stage(begin=beginning(engine), blobs=Path(blobs), folder=Path(folder), port=int(port))
    gc.disable()  # a collection would write to every page that a life shares with this process
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live(json.loads(line), stage)
            except BaseException as error:  # noqa: BLE001 - told on stderr, whatever it is
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
